"""The seller's own operating incidents: which Amazon pays for by the article's rule, which are the seller's own, and what
they cost; and beside them stock-outs, removals and how much the revenue swings.

These are counts and costs to watch an SOP by. None is a causal estimate: that is `impact`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded, currencies
from workbench.coverage import uncovered

SALES_DAYS = 56  # over which a SKU's own sales are taken for its safety stock
MONTH = 30.4  # days
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
    found["cost"] = currencies.rounded(found["cost"], found["currency"])
    return found.sort_values(["side", "incidents", "kind"], ascending=[True, False, True], ignore_index=True)


def stock_outs(ledger: pd.DataFrame, summary: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """One row per SKU and month: days without sellable stock, and days below the safety stock, of the days known.

    Days before a SKU's first row, and days that the ledger does not cover, are not known. From the start, and anew after
    every gap, balances are anchored to the ledger summary's first closing balances since (`summary`: event_date, msku,
    disposition, units_end) where it has the SKU; else to the lowest level that keeps every later balance at zero or above,
    so days out of stock are then counted at most (`start_known` False). The safety stock is SAFETY_DAYS of the SKU's own
    sales over the last 56 days.
    """
    table = ledger[(ledger["event_date"] <= pd.Timestamp(as_of))]
    sellable = table[(table["disposition"] == "SELLABLE").to_numpy()]
    columns = ["month", "msku", "days_known", "days_out", "days_below", "start_known"]
    if sellable.empty:
        return pd.DataFrame({name: pd.Series(dtype="str" if name in ("month", "msku") else float) for name in columns})
    skus = coded.alphabetical(sellable["msku"])
    names, sku = skus.categories.to_numpy(), skus.codes.astype(np.int64)
    day = sellable["event_date"].to_numpy("datetime64[D]").astype(np.int64)
    first, last = int(day.min()), int((np.datetime64(as_of, "D") - np.datetime64(0, "D")).astype(int))
    shape = (len(names), last - first + 1)

    def daily(values: np.ndarray) -> np.ndarray:
        return np.bincount(sku * shape[1] + day - first, values, shape[0] * shape[1]).reshape(shape)

    units = sellable["units"].to_numpy(float)
    told = _told(table["event_date"], first, last)
    begun = np.cumsum(daily(np.ones(len(units))), axis=1) > 0
    balance, anchored = _balances(daily(units), told, summary, names, first)
    sold = np.cumsum(daily(np.where(sellable["event_type"] == "Shipments", -units, 0.0)), axis=1)
    recent, over = (total - np.pad(total, ((0, 0), (SALES_DAYS, 0)))[:, :shape[1]] for total in (
        sold, np.cumsum(told)[None, :]))
    known = begun & told
    months, month = np.unique((np.arange(shape[1]) + first).astype("datetime64[D]").astype("datetime64[M]"),
                              return_inverse=True)

    def monthly(which: np.ndarray) -> np.ndarray:
        return np.add.reduceat(which.astype(int), np.flatnonzero(np.r_[True, np.diff(month) > 0]), axis=1).ravel()

    out = pd.DataFrame({
        "month": np.tile(months.astype("str"), shape[0]), "msku": np.repeat(names, len(months)),
        "days_known": monthly(known), "days_out": monthly(known & (balance <= 0)),
        "days_below": monthly(known & (balance < recent / np.maximum(over, 1) * SAFETY_DAYS)),
        "start_known": monthly(known & ~anchored) == 0})
    return out[out["days_known"] > 0].reset_index(drop=True)


def _told(dates: pd.Series, first: int, last: int) -> np.ndarray:
    """Whether a report with rows on `dates` covers each day from `first` to `last` (days since 1970)."""
    days = np.unique(dates.dropna().to_numpy("datetime64[D]"))
    begin, end = (np.datetime64(day, "D").item() for day in (first, last))
    told = np.ones(last - first + 1, bool)
    for start, stop in uncovered(days, begin, end):
        told[(start - begin).days:(stop - begin).days + 1] = False
    return told


def _balances(moved: np.ndarray, told: np.ndarray, summary: pd.DataFrame, names: np.ndarray,
              first: int) -> tuple[np.ndarray, np.ndarray]:
    """Sellable units at each day's end, per SKU and day, and whether a summary says where they began; each run of days
    that are `told` by itself."""
    balance, anchored = np.zeros(moved.shape), np.zeros(moved.shape, bool)
    turns = np.flatnonzero(np.diff(np.r_[False, told, False]))
    for start, stop in zip(turns[::2], turns[1::2], strict=True):
        run = np.cumsum(moved[:, start:stop], axis=1)
        opening = _opening(summary, names, first + start, run)
        known = ~np.isnan(opening)
        least = np.maximum(-run.min(axis=1), 0)
        balance[:, start:stop] = run + np.where(known, np.nan_to_num(opening), least)[:, None]
        anchored[:, start:stop] = known[:, None]
    return balance, anchored


def _opening(summary: pd.DataFrame, names: np.ndarray, first: int, moved: np.ndarray) -> np.ndarray:
    """Sellable units before the day `first` per SKU: a ledger summary's earliest closing balance within the days of
    `moved` (the detail's running sums) less what had moved by then; NaN where the summary does not say."""
    held = summary[(summary["disposition"] == "SELLABLE").to_numpy()].dropna(subset=["event_date"])
    at = held["event_date"].to_numpy("datetime64[D]").astype(np.int64) - first
    held, at = held[(at >= 0) & (at < moved.shape[1])], at[(at >= 0) & (at < moved.shape[1])]
    if held.empty:
        return np.full(len(names), np.nan)
    closing = held[at == at.min()].assign(msku=lambda rows: rows["msku"].astype("str")).groupby("msku")["units_end"].sum()
    return pd.Series(names).map(closing).to_numpy(float) - moved[:, at.min()]


def removals(ledger: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """One row per month: units that left as removals or were disposed of, and whether that is out of the ordinary.

    Removed = VendorReturns and the adjustments D and G; NaN in a month that the ledger does not wholly cover. `limit`: the
    median of all months and three times their typical distance from it (scaled median absolute deviation, at least the
    chance of a count). `is_abnormal`: more than that; both NaN with fewer than six months to compare with.
    """
    table = ledger[ledger["event_date"] <= pd.Timestamp(as_of)]
    if table.empty:
        return pd.DataFrame({"month": [], "units_removed": [], "limit": [], "is_abnormal": []})
    kind = table["event_type"]
    gone = table[((kind == "VendorReturns") | ((kind == "Adjustments") & table["reason"].isin(["D", "G"]))).to_numpy()]
    left = -gone["units"].groupby(gone["event_date"].dt.strftime("%Y-%m").to_numpy()).sum().astype(float)
    whole = _whole_months(table["event_date"], as_of)
    left = left.reindex(whole.index, fill_value=0.0).where(whole)
    found = left.rename_axis("month").reset_index(name="units_removed")
    known = found["units_removed"].dropna()
    middle = known.median()
    spread = np.maximum(1.4826 * (known - middle).abs().median(), np.sqrt(max(middle, 1)))
    limit = middle + 3 * spread if len(known) >= 6 else np.nan
    strange = (found["units_removed"] > limit).astype("object")
    return found.assign(limit=limit, is_abnormal=strange.where(found["units_removed"].notna() & pd.notna(limit), np.nan))


def _whole_months(dates: pd.Series, until: dt.date) -> pd.Series:
    """Every month from the first of `dates` to `until`: whether a report with rows on them covers all its days."""
    begin = np.datetime64(dates.min().strftime("%Y-%m"), "D")
    days = np.arange(begin, np.datetime64(until, "D") + 1)
    told = _told(dates, *(int(day) for day in days[[0, -1]].astype(np.int64)))
    return pd.Series(told).groupby(days.astype("datetime64[M]").astype("str")).all()


def revenue(orders: pd.DataFrame, month: str) -> pd.DataFrame:
    """One row per currency and month up to `month`: what was ordered of items, cancelled orders left out; only months
    that the orders report covers wholly, since a part of one would look like a fall."""
    dated = orders[orders["purchased_on"].notna()]
    columns = ["currency", "month", "amount"]
    if dated.empty:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "amount" else "str") for name in columns})
    whole = _whole_months(dated["purchased_on"], pd.Period(month, "M").end_time.date())
    table = dated[(dated["order_status"].astype("str") != "Cancelled") & dated["item_price"].notna()]
    months = table["purchased_on"].dt.strftime("%Y-%m").rename("month")
    sums = table["item_price"].groupby([table["currency"].astype("str"), months]).sum()
    found = sums.rename("amount").reset_index()
    found["amount"] = currencies.rounded(found["amount"], found["currency"])
    return found[found["month"].isin(whole.index[whole]) & (found["currency"] != "")].reset_index(drop=True)


class Volatility(NamedTuple):
    """How much monthly revenue swings: the standard deviation of month-to-month changes of its logarithm."""

    before: float  # NaN with fewer than three changes
    after: float
    months: tuple[int, int]  # changes on each side
    ratio: float  # after over before
    low: float  # 95 %, were changes normal and independent
    high: float


def volatility(revenue: pd.DataFrame, since: dt.date | None) -> Volatility:
    """How much monthly revenue swings, before and after `since`.

    `revenue`: one row per month (month, amount, one currency); a change is known between two months that follow each
    other. The interval is the F interval of two variances. It says nothing of causes: a season swings revenue too.
    """
    from scipy.stats import f

    months = revenue.sort_values("month", ignore_index=True)
    place = pd.PeriodIndex(months["month"], freq="M").asi8
    change = np.log(months["amount"].where(months["amount"] > 0)).diff().where(np.r_[False, np.diff(place) == 1])
    after = months["month"] >= (since.strftime("%Y-%m") if since else "9999-12")
    spans = [change[~after].dropna(), change[after].dropna()]
    n0, n1 = (len(span) for span in spans)
    before, later = (float(span.std()) if len(span) >= 3 else np.nan for span in spans)
    ratio = later / before if before > 0 else np.nan
    low, high = (np.nan if np.isnan(ratio) else ratio / np.sqrt(f.ppf(tail, n1 - 1, n0 - 1)) for tail in (0.975, 0.025))
    return Volatility(before, later, (n0, n1), float(ratio), float(low), float(high))


class Count(NamedTuple):
    """Incidents, and the months they are of."""

    incidents: int
    months: float


def before_and_after(triaged: pd.DataFrame, since: dt.date | None, as_of: dt.date) -> tuple[Count, Count] | None:
    """The seller's own incidents before and from `since` on, per month; None where nothing was adopted between the
    sheet's first entry and `as_of`. A count, and no effect: nobody knows how diligently a sheet was kept."""
    own = triaged.loc[triaged["side"] == "own", "date"]
    if since is None or triaged.empty or not triaged["date"].min().date() < since <= as_of:
        return None
    early = own < pd.Timestamp(since)
    spans = (since - triaged["date"].min().date()).days, (as_of - since).days + 1
    return Count(int(early.sum()), spans[0] / MONTH), Count(int((~early).sum()), spans[1] / MONTH)
