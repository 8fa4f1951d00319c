"""The seller's own operating incidents: which Amazon pays for by the article's rule, which are the seller's own, and what
they cost; and beside them stock-outs, removals and how much the revenue swings.

These are counts and costs to watch an SOP by. None is a causal estimate: that is `impact`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

SAFETY_DAYS = 14  # stock below so many days of sales is below the safety stock
ARTICLE_VOLATILITY_FALL = 0.63  # S11 of the article, without a source that could be found: a line to compare with only


def triage(incidents: pd.DataFrame, rules: Sequence[dict]) -> pd.DataFrame:
    """One row per incident of the sheet: its side "amazon" (claimable), "own" or "unclear", and why.

    `rules`: the `triage` rules of a policy, each with kind, side, words and source; the first whose word stands in the
    incident's kind or note decides. Adds `triage_kind` ("" when no rule fits) and `rule` (the source, or what to do).

    >>> sheet = pd.DataFrame({"kind": ["Listing deleted by mistake", "?"], "note": ["", ""]})
    >>> triage(sheet, [{"kind": "x", "side": "own", "words": ["listing deleted"], "source": "S2"}])["side"].tolist()
    ['own', 'unclear']
    """
    text = (incidents["kind"].astype("str") + " " + incidents["note"].astype("str")).str.casefold()
    fits = [text.map(lambda told, words=rule["words"]: any(word.casefold() in told for word in words)) for rule in rules]
    place = np.argmax(np.column_stack([*fits, np.ones(len(text), bool)]), axis=1) if len(text) else np.array([], int)

    def of(name: str, otherwise: str) -> np.ndarray:
        return np.array([*(rule[name] for rule in rules), otherwise], dtype=object)[place].astype("str")

    return incidents.assign(side=of("side", "unclear"), triage_kind=of("kind", ""), rule=of("source", ""))


def register(triaged: pd.DataFrame) -> pd.DataFrame:
    """One row per side, kind and currency: incidents and what they cost by the sheet's own estimates.

    `cost` is NaN where any of them has no estimate: a sum of the known ones would look like a small total.
    """
    table = triaged.assign(currency=triaged["currency"].astype("str"), kind=triaged["kind"].astype("str"))
    found = table.groupby(["side", "kind", "currency"], as_index=False).agg(
        incidents=("date", "size"), cost=("estimated_loss", lambda losses: losses.sum(min_count=len(losses))),
        first_day=("date", "min"), last_day=("date", "max"))
    return found.assign(cost=found["cost"].round(2)).sort_values(["side", "incidents", "kind"],
                                                                 ascending=[True, False, True], ignore_index=True)


def by_month(incidents: pd.DataFrame) -> pd.DataFrame:
    """One row per month and side: incidents. `incidents`: triaged."""
    month = incidents["date"].dt.strftime("%Y-%m")
    return incidents.assign(month=month).groupby(["month", "side"], as_index=False).size().rename(
        columns={"size": "incidents"})


def stock_outs(ledger: pd.DataFrame, summary: pd.DataFrame, as_of: dt.date, *,
               safety_days: int = SAFETY_DAYS) -> pd.DataFrame:
    """One row per SKU and month: days without sellable stock, and days below the safety stock, of the days known.

    Balances are anchored to the ledger summary's first closing balances (`summary`: event_date, msku, disposition,
    units_end) where it has the SKU; else to the lowest level that keeps every later balance at zero or above, so days out
    of stock are then counted at most (`start_known` False). The safety stock is `safety_days` of the SKU's own sales over
    the last 56 days. Days before a SKU's first row are not counted.
    """
    table = ledger[(ledger["event_date"] <= pd.Timestamp(as_of))]
    sellable = table[table["disposition"].astype("str") == "SELLABLE"]
    columns = ["month", "msku", "days_known", "days_out", "days_below", "start_known"]
    if sellable.empty:
        return pd.DataFrame({name: pd.Series(dtype="str" if name in ("month", "msku") else float) for name in columns})
    names, sku = np.unique(sellable["msku"].astype("str").to_numpy(), return_inverse=True)
    day = sellable["event_date"].to_numpy("datetime64[D]").astype(np.int64)
    first, last = int(day.min()), int((np.datetime64(as_of, "D") - np.datetime64(0, "D")).astype(int))
    shape = (len(names), last - first + 1)

    def daily(values: np.ndarray) -> np.ndarray:
        return np.bincount(sku * shape[1] + day - first, values, shape[0] * shape[1]).reshape(shape)

    units = sellable["units"].to_numpy(float)
    balance = np.cumsum(daily(units), axis=1)
    start = np.maximum(-balance.min(axis=1), 0)
    opening = _opening(summary, names, first, balance)
    known = ~np.isnan(opening)
    balance += np.where(known, np.nan_to_num(opening), start)[:, None]
    sold = np.cumsum(daily(np.where(sellable["event_type"].astype("str") == "Shipments", -units, 0.0)), axis=1)
    window = 56
    recent = sold - np.pad(sold, ((0, 0), (window, 0)))[:, :shape[1]]
    over = np.minimum(np.arange(1, shape[1] + 1), window)
    begun = np.cumsum(daily(np.ones(len(units))), axis=1) > 0
    months, month = np.unique((np.arange(shape[1]) + first).astype("datetime64[D]").astype("datetime64[M]"),
                              return_inverse=True)

    def monthly(which: np.ndarray) -> np.ndarray:
        return np.add.reduceat(which, np.flatnonzero(np.r_[True, np.diff(month) > 0]), axis=1).ravel()

    out = pd.DataFrame({
        "month": np.tile(months.astype("str"), shape[0]), "msku": np.repeat(names, len(months)),
        "days_known": monthly(begun.astype(int)), "days_out": monthly((begun & (balance <= 0)).astype(int)),
        "days_below": monthly((begun & (balance < recent / over * safety_days)).astype(int)),
        "start_known": np.repeat(known, len(months))})
    return out[out["days_known"] > 0].reset_index(drop=True)


def _opening(summary: pd.DataFrame, names: np.ndarray, first: int, moved: np.ndarray) -> np.ndarray:
    """Sellable units before the day `first` per SKU: a ledger summary's earliest closing balance within the days of
    `moved` (the detail's running sums) less what had moved by then; NaN where the summary does not say."""
    held = summary[summary["disposition"].astype("str") == "SELLABLE"].dropna(subset=["event_date"])
    at = held["event_date"].to_numpy("datetime64[D]").astype(np.int64) - first
    held, at = held[(at >= 0) & (at < moved.shape[1])], at[(at >= 0) & (at < moved.shape[1])]
    if held.empty:
        return np.full(len(names), np.nan)
    closing = held[at == at.min()].assign(msku=lambda rows: rows["msku"].astype("str")).groupby("msku")["units_end"].sum()
    return pd.Series(names).map(closing).to_numpy(float) - moved[:, at.min()]


def removals(ledger: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """One row per month: units that left as removals or were disposed of, and whether that is out of the ordinary.

    Removed = VendorReturns and the adjustments D and G. `is_abnormal`: more than the median of all months by three times
    their typical distance from it (scaled median absolute deviation, at least the chance of a count); NaN with fewer than
    six months to compare with.
    """
    table = ledger[ledger["event_date"] <= pd.Timestamp(as_of)]
    kind, reason = table["event_type"].astype("str"), table["reason"].astype("str")
    gone = (kind == "VendorReturns") | ((kind == "Adjustments") & reason.isin(["D", "G"]))
    months = table["event_date"].dt.strftime("%Y-%m")
    left = (-table["units"].where(gone, 0)).groupby(months.to_numpy()).sum()
    found = left.rename_axis("month").reset_index(name="units_removed")
    middle = found["units_removed"].median()
    spread = np.maximum(1.4826 * (found["units_removed"] - middle).abs().median(), np.sqrt(max(middle, 1)))
    if len(found) < 6:
        return found.assign(limit=np.nan, is_abnormal=pd.Series(np.nan, index=found.index, dtype="object"))
    limit = middle + 3 * spread
    return found.assign(limit=limit, is_abnormal=found["units_removed"] > limit)


def revenue(orders: pd.DataFrame, month: str) -> pd.DataFrame:
    """One row per currency and month up to `month`: what was ordered of items, cancelled orders left out; whole months
    only, as the first one of a report is usually cut."""
    table = orders[(orders["order_status"].astype("str") != "Cancelled") & orders["item_price"].notna()]
    months = table["purchased_on"].dt.strftime("%Y-%m").rename("month")
    sums = table["item_price"].groupby([table["currency"].astype("str"), months]).sum()
    found = sums.round(2).rename("amount").reset_index()
    found = found[(found["month"] <= month) & (found["currency"] != "")]
    first = orders["purchased_on"].min()
    cut = first.strftime("%Y-%m") if first == first and first.day > 1 else ""
    return found[found["month"] != cut].reset_index(drop=True)


def volatility(revenue: pd.DataFrame, since: dt.date | None) -> pd.DataFrame:
    """How much monthly revenue swings, before and after `since`: one row per span.

    `revenue`: one row per month (month, amount, one currency). Volatility is the standard deviation of the month-to-month
    changes of the log revenue; NaN with fewer than three changes. It says nothing of causes: a season swings revenue too.
    """
    months = revenue.sort_values("month", ignore_index=True)
    change = np.log(months["amount"].where(months["amount"] > 0)).diff()
    after = months["month"] >= (since.strftime("%Y-%m") if since else "9999-12")
    rows = [("before", change[~after]), ("after", change[after])]
    return pd.DataFrame({"span": [name for name, _ in rows], "months": [int(part.notna().sum()) for _, part in rows],
                         "volatility": [float(part.std()) if part.notna().sum() >= 3 else np.nan for _, part in rows]})
