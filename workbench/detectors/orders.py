"""Customer orders: refunds whose goods never came back, and goods that came back broken or never reached the shelf."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import coded, coverage
from workbench.detectors.account import EVER, Account, settle_near, sources_of
from workbench.detectors.found import Found, first_of, found
from workbench.detectors.papers import Papers, key, paid_for
from workbench.detectors.reach import HORIZON, uncovered
from workbench.detectors.sales import LINE, has_money, net_price, returned, sales, witnesses

AMAZON_DAMAGED = ("CARRIER_DAMAGED", "WAREHOUSE_DAMAGED", "DAMAGED")
RESTOCKED_WITHIN = (7, 14)  # days around a return in which the ledger books it
NAMELESS = "a returned unit of the SKU names no order"
REPLACED = "a unit of the SKU came back on an order that no report knows: perhaps that of a replacement"
SOLD_WITHIN = 60  # days before its return in which a unit was sold or, at the latest, refunded
SALES = {"settlements": "posted_on", "transactions": "posted_on", "orders": "purchased_on", "shipment_sales": "shipped_on",
         "fulfilled_shipments": "shipped_on"}


def refund_not_returned(papers: Papers) -> Found:
    """FBA units refunded in full, less returned on any day, less reimbursed; one row per order and SKU, dated by its
    first refund.

    A refund counts as many units as it pays back whole prices: goodwill counts none, two halves count one. Returns and
    payments booked on a SKU that the order never had (a regraded or relabelled unit) count too. A payment taken back is
    judged as a reversal. A unit of the SKU that came back on no order, or, where no report tells the orders of
    replacements, on an order that nobody knows, leaves the oldest claim it may belong to in doubt.
    """
    owed = _refunded(papers)
    account, _ = papers.once(refund_account)
    nameless = paid_for(papers, "order")
    nameless = nameless[nameless["order_id"] == ""].reset_index(drop=True)
    maybe = coded.chosen([account.would_settle(nameless, ["msku"])],
                         ["a payment for a returned unit of the SKU names no order"])
    doubt = first_of(coded.coded(owed["doubt"]), maybe, *(uncovered(papers, table, owed["day"])
                                                          for table in ("returns", "reimbursements")))
    doubt = first_of(doubt, _maybe_elsewhere(papers, owed, account.open * (doubt == "")))
    return found(owed, account.settled, [witnesses(papers, owed, "refund"), *account.sources,
                                         witnesses(papers, owed, "price", "promotion", "fee", "referral")],
                 stage="after_order", ambiguous=doubt, unit_value=net_price(owed))


def returned_damaged(papers: Papers) -> Found:
    """Units that customers sent back and Amazon or its carrier broke, less those reimbursed; one row per return row."""
    back = papers.once(returned)
    owed = back[back["disposition"].isin(AMAZON_DAMAGED)].reset_index(drop=True)
    account = Account(owed)
    paid = paid_for(papers, "order") if not has_money(papers) else papers.once(refund_account)[1]
    for by in (LINE, ["order_id"]):
        paid = account.settle(paid.assign(day=EVER), by, "paid")
    said = owed["return_status"].str.casefold().str.startswith("reimburs")
    doubt = first_of(coded.chosen([said], ["the return says it was reimbursed"]),
                     uncovered(papers, "reimbursements", owed["day"]))
    sources = [*account.sources, _prices(papers, owed)]
    owed, values = _valued(papers, owed)
    return found(owed, account.settled, sources, stage="after_order", unit_value=values, ambiguous=doubt)


def returned_not_restocked(papers: Papers) -> Found:
    """Units that the returns report says went back to sellable stock, less the ledger's customer returns of the label
    from 7 days before to 14 days after, less those reimbursed; one row per return row.

    Whatever the disposition the ledger books: a unit that came back worse is in stock all the same.
    """
    back = papers.once(returned)
    said = back["return_status"].str.casefold().str.contains("returned to inventory")
    stocked = (said & (back["disposition"] == "SELLABLE")).to_numpy()
    owed = back[stocked].reset_index(drop=True)
    booked = papers.books.table("ledger_detail", ["event_date", "fnsku", "msku", "units"],
                                where=("event_type", ("CustomerReturns",)))
    booked = booked[(booked["units"] > 0).to_numpy()].reset_index(drop=True)
    booked = booked.assign(key=key(papers, booked), day=booked["event_date"], file=booked["file"].astype("str"))
    account = Account(back)  # every returned unit has its row in the ledger, also those that are not sellable
    account.settle(booked, ["key"], "restocked", near=RESTOCKED_WITHIN)
    mine = Account(owed)
    mine.open = account.open[stocked]
    paid = paid_for(papers, "order")
    mine.settle(paid.assign(day=EVER), LINE, "paid")
    last = papers.books.last_day("ledger_detail")
    soon = owed["day"] > pd.Timestamp(last or papers.as_of) - pd.Timedelta(days=RESTOCKED_WITHIN[1])
    doubt = first_of(coded.chosen([soon], ["the ledger may still book it"]),
                     uncovered(papers, "ledger_detail", owed["day"]), uncovered(papers, "reimbursements", owed["day"]),
                     coded.of("the ledger holds no customer return at all" if booked.empty else "", len(owed)))
    sources = [*sources_of(stocked, account.sources), *mine.sources, _prices(papers, owed)]
    owed, values = _valued(papers, owed)
    return found(owed, mine.settled, sources, stage="after_order", unit_value=values, ambiguous=doubt)


# ---------------------------------------------------------------------------------------------------- inside

def _refunded(papers: Papers) -> pd.DataFrame:
    order_lines = papers.once(sales)
    owed = order_lines[order_lines["units_refunded"] > 0].reset_index(drop=True)
    return owed.assign(units=owed["units_refunded"].astype("int64"), day=owed["refunded_on"])


def refund_account(papers: Papers) -> tuple[Account, pd.DataFrame]:
    """The refunded units with what settled them, and the payments for orders with the units they have left."""
    account = Account(_refunded(papers))
    supplies = [(_on_the_original(papers, papers.once(returned)), "returned"), (paid_for(papers, "order"), "paid")]
    supplies = [(_of_order(papers, supply), role) for supply, role in supplies]
    for by in (LINE, ["order_id"]):
        for at, (supply, role) in enumerate(supplies):
            own = np.ones(len(supply), bool) if by is LINE else supply["is_foreign"].to_numpy()
            left = account.settle(supply[own].reset_index(drop=True), by, role)["units"].to_numpy()
            units = supply["units"].to_numpy(np.int64).copy()
            units[own] = left
            supplies[at] = supply.assign(units=units), role
    return account, supplies[1][0]


def _on_the_original(papers: Papers, back: pd.DataFrame) -> pd.DataFrame:
    """Returns of a replacement's order as returns of the order that was replaced."""
    if papers.books.is_absent("replacements"):
        return back
    table = papers.books.table("replacements", ["order_id", "replacement_order_id"]).astype("str")
    first = table.drop_duplicates("replacement_order_id").set_index("replacement_order_id")["order_id"]
    return back.assign(order_id=back["order_id"].map(first).astype("object").fillna(back["order_id"]).astype("str"))


def _maybe_elsewhere(papers: Papers, owed: pd.DataFrame, still: np.ndarray) -> pd.Categorical:
    """Why the units `still` open may have come back after all: on no order, or on that of a replacement, whose report is
    absent. "" where no returned unit of the SKU says so."""
    if not still.any():
        return coded.of("", len(owed))
    sold = owed["sold_on"].fillna(owed["day"] - pd.Timedelta(days=SOLD_WITHIN))
    owed, back = owed.assign(day=sold), _of_nobody(papers)
    nameless = (back["order_id"] == "").to_numpy()
    doubted = []
    for rows in (nameless, ~nameless & papers.books.is_absent("replacements")):
        maybe = settle_near(owed, back[rows].reset_index(drop=True), ["msku"], 0, SOLD_WITHIN + HORIZON, open_units=still)
        doubted.append(maybe.units > 0)
        still = still * ~doubted[-1]
    return coded.chosen(doubted, [NAMELESS, REPLACED])


def _of_nobody(papers: Papers) -> pd.DataFrame:
    """Returned units on no order, or on one without a row in any report of sales or payments, though these reach back far
    enough: one that was sold and refunded before they begin is not among them."""
    back, books = papers.once(returned), papers.books
    nameless = (back["order_id"] == "").to_numpy()
    back = back[(nameless | ~coded.among(back["order_id"], papers.once(sales)["order_id"])) & back["day"].notna()]
    if back.empty:  # as mostly: then the orders of all reports, which are many, need not be looked at
        return back
    parts = [books.table(name, ["order_id", day]).rename(columns={day: "on"}) for name, day in SALES.items()
             if not books.is_absent(name)]
    named = [part["order_id"][coded.among(part["order_id"], back["order_id"])].astype("str") for part in parts]
    known = coded.among(back["order_id"], pd.concat(named)) & (back["order_id"] != "")
    back = back[~known].reset_index(drop=True)
    days = np.unique(np.concatenate([part["on"].dropna().to_numpy("datetime64[D]") for part in parts]))
    if back.empty or not len(days):
        return back
    day = back["day"].to_numpy("datetime64[D]")
    sold = day - np.timedelta64(SOLD_WITHIN, "D")
    seen = np.ones(len(back), bool)
    for start, end in coverage.uncovered(days, sold.min().item(), day.max().item()):
        seen &= (day < np.datetime64(start)) | (sold > np.datetime64(end))
    return back[seen].reset_index(drop=True)


def _of_order(papers: Papers, supply: pd.DataFrame) -> pd.DataFrame:
    """Whenever it came; `is_foreign`: on a SKU that the order never had."""
    had = pd.MultiIndex.from_frame(papers.once(sales)[LINE])
    return supply.assign(day=EVER, is_foreign=~pd.MultiIndex.from_frame(supply[LINE]).isin(had)).reset_index(drop=True)


def _valued(papers: Papers, owed: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The returned units with the currency of their order line, and its net price; "", NaN where it is not in the files."""
    if not has_money(papers):
        return owed.assign(currency=""), np.full(len(owed), np.nan)
    prices = papers.once(sales).drop_duplicates(LINE)[[*LINE, "unit_price", "unit_fees", "currency"]]
    sale = owed[LINE].merge(prices, on=LINE, how="left", validate="many_to_one")
    return owed.assign(currency=sale["currency"].fillna("").to_numpy()), net_price(sale)


def _prices(papers: Papers, owed: pd.DataFrame) -> pd.DataFrame:
    """The settlement lines that give each returned unit its value."""
    if not has_money(papers) or owed.empty:
        return pd.DataFrame({"claim": [], "role": [], "units": [], "file": [], "line": []})
    first = owed.drop_duplicates(LINE)
    told = witnesses(papers, first, "price", "promotion", "fee", "referral")
    told = told.assign(claim=first.index.to_numpy()[told["claim"]])
    group = owed.groupby(LINE, sort=False).ngroup()
    several = told.assign(group=group.to_numpy()[told["claim"]]).drop(columns="claim").merge(
        pd.DataFrame({"group": group, "claim": np.arange(len(owed))}), on="group", how="inner", validate="many_to_many")
    return several[["claim", "role", "units", "file", "line"]]
