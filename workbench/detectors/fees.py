"""Fulfilment fees charged above the fee preview."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench import coded
from workbench.detectors.account import lines
from workbench.detectors.found import Found, first_of, found
from workbench.detectors.papers import Papers, paid_for
from workbench.detectors.reach import uncovered
from workbench.detectors.sales import country, sales, witnesses
from workbench.matching import Stream, fifo

CARD_SHARE, CARD_SKUS = 0.5, 3  # a fee that moves on one day for this share, and number, of the SKUs is a new fee card
CARD_DAY = (1, 15)  # Amazon's usual day for a new card, where too few SKUs tell
ACROSS = "the cross-border fee of the preview is allowed for; it has a lower one for a sale within the country"
CROSS_BORDER = ("uk", "de", "fr", "it", "es", "se")  # sites that a European preview has a fee of its own for


def fee_overcharge(papers: Papers) -> Found:
    """Fulfilment fees charged per unit above the fee preview, one row per order and SKU, less fee corrections.

    Each charge is measured against the preview that was in force: the newest taken on or before its day, else the earliest
    after it. A preview shows the fee card of its own day. Where the fees of many SKUs moved on one day, that is a new card:
    what another card charged is measured against the same SKU's fee on that card. Multi-channel orders have another card; a
    sale across a border counts by the higher of the fees that the preview gives for it. Which centre an order came from is
    not looked at, so a cross-border fee that was charged for a sale within the country is not found.
    """
    charges = papers.once(sales)
    charges = charges[(charges["fee_charged"] > 0) & ~charges["is_other_channel"] & (charges["units_sold"] > 0)]
    charges = charges.assign(charged=(charges["fee_charged"] / charges["units_sold"]).round(2))
    charges = _expected(charges, papers.books["fee_preview"]).reset_index(drop=True)
    card, unsure = _card(charges, papers.as_of)
    charges["expected"] = charges["expected"] * card
    excess = (charges["charged"] - charges["expected"]).round(2)
    over = (excess > np.maximum(0.005, charges["expected"] * 0.005)).to_numpy()
    unsure = unsure[over]
    over = charges.assign(excess=excess, day=charges["sold_on"], units=charges["units_sold"])[over].reset_index(drop=True)
    paid = paid_for(papers, "fee")
    settled, sources = _corrected(over, paid[paid["amount"] > 0].reset_index(drop=True))
    preview = over.rename(columns={"preview_file": "file", "preview_line": "line"})[["file", "line"]]
    sources += [witnesses(papers, over, "fee").assign(role="charge"),
                lines(np.arange(len(over)), preview, "fee_preview", np.zeros(len(over)))]
    return found(over, settled, sources, stage="charged", unit_value=over["excess"].to_numpy(float),
                 note=coded.chosen([over["lowest"] < over["expected"] - 0.005], [ACROSS]),
                 ambiguous=first_of(coded.chosen([unsure], ["the fee card of that day is not known"]),
                                    uncovered(papers, "reimbursements", over["day"])))


def _expected(charges: pd.DataFrame, preview: pd.DataFrame) -> pd.DataFrame:
    """The charges whose SKU has a fee in a preview, with the fee of the preview that was in force: for the site of the
    sale, the higher of its fees; where no preview knows the site, the highest in the currency of the sale."""
    base = pd.DataFrame({"msku": preview["msku"].astype("str"), "country": country(preview["marketplace"]),
                         "money": preview["currency"].astype("str"), "expected": preview["fulfillment_fee"],
                         "preview_file": preview["file"].astype("str"), "preview_line": preview["line"],
                         "shown_on": preview["snapshot_on"].astype("datetime64[s]")})
    fees = [base] + [base.assign(country=site, money="", expected=preview[f"fulfillment_fee_{site}"])
                     for site in CROSS_BORDER if f"fulfillment_fee_{site}" in preview]
    fees = pd.concat(fees, ignore_index=True).dropna(subset=["expected"])
    fees = fees[fees["expected"] > 0].sort_values("expected", kind="stable")
    fees["lowest"] = fees.groupby(["msku", "country", "shown_on"], dropna=False)["expected"].transform("min")
    site = _in_force(charges, fees, ["msku", "country"])
    same = (site["money"] == "") | (site["currency"] == "") | (site["money"] == site["currency"])
    fits = site["expected"].notna() & same
    fees = fees.drop(columns="country").rename(columns={"money": "currency"})
    money = _in_force(charges[~fits], fees, ["msku", "currency"])
    return pd.concat([site[fits].drop(columns="money"), money[money["expected"].notna()]])


def _in_force(charges: pd.DataFrame, fees: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The charges with the fee (`fees`, lowest first) that stood for each in the newest preview taken on or before its day,
    else in the earliest after it. A preview without a day may have been in force on any: a higher fee of it counts."""
    fees = fees.drop_duplicates([*by, "shown_on"], keep="last").sort_values("shown_on", kind="stable")
    dated = fees["shown_on"].notna()
    ever = charges.merge(fees[~dated], on=by, how="left", validate="many_to_one").set_axis(charges.index)
    if not dated.any():
        return ever
    turns = charges.rename_axis("row").reset_index().sort_values("sold_on", kind="stable")
    before, after = (pd.merge_asof(turns, fees[dated], left_on="sold_on", right_on="shown_on", by=by, direction=side)
                     .set_index("row").reindex(charges.index)[ever.columns] for side in ("backward", "forward"))
    told = before.where(before["expected"].notna(), after)
    return told.where(ever["expected"].isna() | (told["expected"] >= ever["expected"]), ever)


def _card(charges: pd.DataFrame, as_of: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """What the fee card of each charge's day was, relative to the card of its preview (1 where it is the same), and
    whether too few SKUs were sold to tell.

    A day on which the fees of CARD_SHARE of the SKUs sold on both sides move together begins a new card; each card's
    level is the median over SKUs of their usual fee then over their usual fee on the preview's card.
    """
    same = np.ones(len(charges))
    if charges.empty:
        return same, np.zeros(0, bool)
    item, day = charges["msku"] + "\x1f" + charges["country"], charges["sold_on"]
    shown = charges["shown_on"].fillna(pd.Timestamp(as_of))  # a preview shows what holds when it is downloaded
    if item.nunique() < CARD_SKUS:
        return same, _turned(shown, day)
    unsure = _turned(shown, shown.clip(day.min(), day.max()))  # outside the charges at hand no fee can be seen to move
    charges = charges.assign(item=item)
    usual = charges.groupby(["item", pd.Grouper(key="sold_on", freq="W-MON")])["charged"].median().unstack()
    filled = usual.ffill(axis=1)
    moved = (filled.diff(axis=1).abs() > 0.004) & filled.shift(axis=1).notna()
    share = moved.sum() / filled.shift(axis=1).notna().sum().clip(lower=1)
    starts = share.index[(share >= CARD_SHARE) & (moved.sum() >= CARD_SKUS)]
    if not len(starts):
        return same, unsure
    edges = np.sort(np.array([_edge(charges, filled, week) for week in starts], "datetime64[s]"))
    then, today = (np.searchsorted(edges, days.to_numpy("datetime64[s]"), "right") for days in (day, shown))
    level = charges.assign(card=then).groupby(["item", "card"])["charged"].median().unstack()
    cards = level.columns.to_numpy()
    today = cards[np.minimum(np.searchsorted(cards, today), len(cards) - 1)]
    relative = pd.DataFrame({card: level.div(level[card], axis=0).median() for card in np.unique(today)})
    factor = relative.to_numpy()[np.searchsorted(cards, then), relative.columns.get_indexer(today)]
    return np.where(np.isnan(factor), 1.0, factor), unsure | np.isnan(factor)


def _turned(one: pd.Series, other: pd.Series) -> np.ndarray:
    """Whether Amazon's usual day for a new card lies between two days."""
    month, day = CARD_DAY
    years = [days.dt.year - (days.dt.month * 100 + days.dt.day < month * 100 + day) for days in (one, other)]
    return (years[0] != years[1]).to_numpy()


def _edge(charges: pd.DataFrame, usual: pd.DataFrame, week: pd.Timestamp) -> np.datetime64:
    """The first day of the new card: the day around the week that ends on `week` which best parts the old fees from the
    new ones."""
    days = pd.date_range(week - pd.Timedelta(days=14), week + pd.Timedelta(days=1))
    at = usual.columns.get_loc(week)
    old, new = usual.iloc[:, max(at - 2, 0)], usual.iloc[:, min(at + 1, usual.shape[1] - 1)]
    near = charges[charges["sold_on"].between(days[0], days[-1])]
    to_new, to_old = ((near["charged"] - near["item"].map(level)).abs() for level in (new, old))
    wrong = [int(((to_new < to_old) & (near["sold_on"] < day)).sum() + ((to_old < to_new) & (near["sold_on"] >= day)).sum())
             for day in days]
    return days[int(np.argmin(wrong))].to_datetime64()


def _corrected(over: pd.DataFrame, paid: pd.DataFrame) -> tuple[np.ndarray, list[pd.DataFrame]]:
    """Units whose excess was paid back: corrections are money, of the order they name, else of the SKU's oldest charge."""
    if paid.empty or over.empty:
        return np.zeros(len(over), np.int64), []
    owed = (over["excess"] * over["units"] * 100).round().astype("int64").to_numpy()
    day = [frame["day"].to_numpy("datetime64[D]").astype(np.int64) for frame in (over, paid)]
    left, money, sources = owed, (paid["amount"] * 100).round().astype("int64").to_numpy(), []
    named = paid["order_id"].isin(over["order_id"]).to_numpy()
    for name, offered in (("order_id", named), ("msku", ~named)):
        keys = [frame[name].astype("str") + "\x1f" + frame["currency"].astype("str") for frame in (over, paid)]
        code = pd.factorize(pd.concat(keys, ignore_index=True))[0]
        supply = Stream(code[len(over):], day[1], np.where(offered, money, 0))
        matched = fifo(Stream(code[:len(over)], day[0], left), supply)
        left = matched.open
        sources.append(lines(matched.demand, paid.iloc[matched.supply], "corrected", np.zeros(len(matched.demand))))
    settled = np.floor((owed - left) / np.maximum(over["excess"].to_numpy() * 100, 1) + 0.01).astype(np.int64)
    return settled, sources
