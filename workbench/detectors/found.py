"""Events owed, what settled them, and the lines of the files that say both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench.books import Books
from workbench.checks import longest_silence
from workbench.matching import Stream, fifo, within

COLUMNS = ("fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center", "event_date",
           "units_owed", "units_settled", "unit_value", "currency", "stage", "ambiguous")
GRACE_DAYS = 7  # reports are not in step: a payment may be dated this much before its event
LATE_DAYS = 45  # a payment or return report that begins or ends this far from an event may miss what settled it


class Found(NamedTuple):
    """`claims`: one row per event owed, COLUMNS; unit_value is NaN where the policy values the unit (by `stage`:
    "before_order" or "after_order"). `sources`: claim (row of `claims`), file, line."""

    claims: pd.DataFrame
    sources: pd.DataFrame


class Papers:
    """A seller's books as the detectors read them on one day; what several of them need is made once."""

    def __init__(self, books: Books, as_of: dt.date) -> None:
        self.books, self.as_of = books, as_of
        self._made: dict[Callable, object] = {}

    def once(self, make: Callable[[Books], object]):
        """`make(books)`, made at the first call."""
        if make not in self._made:
            self._made[make] = make(self.books)
        return self._made[make]


class Needs(NamedTuple):
    """A detector and the tables without which it can say nothing."""

    detect: Callable[[Papers], Found]
    tables: tuple[str, ...]


class Settled(NamedTuple):
    """Units settled per owed row, units left of each supply row, and which supply row settled which owed row."""

    units: np.ndarray
    left: np.ndarray
    owed: np.ndarray
    supply: np.ndarray


def settle(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], *, open_units: np.ndarray | None = None,
           grace: int = 0) -> Settled:
    """First in, first out: each supply settles the oldest open event of its key, dated at most `grace` days after it.

    Both frames: the `by` columns, `day` (datetime) and `units` (0 or more).
    """
    wanted = owed["units"].to_numpy(np.int64) if open_units is None else open_units
    left, right = keys(owed, supply, by)
    matched = fifo(Stream(left, _days(owed["day"]) - grace, wanted),
                   Stream(right, _days(supply["day"]), supply["units"].to_numpy(np.int64)))
    return Settled(wanted - matched.open, matched.surplus, matched.demand, matched.supply)


def settle_near(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], before: int, after: int, *,
                open_units: np.ndarray | None = None) -> Settled:
    """Oldest first, but only by supplies from `before` days before the event to `after` days after it."""
    wanted = owed["units"].to_numpy(np.int64) if open_units is None else open_units
    left, right = keys(owed, supply, by)
    matched = within(Stream(left, _days(owed["day"]), wanted),
                     Stream(right, _days(supply["day"]), supply["units"].to_numpy(np.int64)), before, after)
    return Settled(wanted - matched.open, matched.surplus, matched.demand, matched.supply)


def keys(one: pd.DataFrame, other: pd.DataFrame, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The same integer for the same key in two frames; a blank key equals no other row's."""
    both = pd.concat([one[list(by)].astype("str"), other[list(by)].astype("str")], ignore_index=True)
    code = both.groupby(list(by), sort=False).ngroup().to_numpy(np.int64, copy=True)
    blank = (both == "").any(axis=1).to_numpy()
    code[blank] = len(both) + np.arange(int(blank.sum()))
    return code[:len(one)], code[len(one):]


def _days(column: pd.Series) -> np.ndarray:
    return column.to_numpy("datetime64[D]").astype(np.int64)


def lines(claim: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """Which claims the rows (with file and line) bear witness to; `claim` and `rows` go side by side."""
    return pd.DataFrame({"claim": np.asarray(claim, np.int64), "file": rows["file"].astype("str").to_numpy(),
                         "line": rows["line"].to_numpy(np.int64)})


def nothing() -> Found:
    """No event at all."""
    claims = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    claims = claims.astype({"event_date": "datetime64[s]", "units_owed": "int64", "units_settled": "int64",
                            "unit_value": "float64"})
    return Found(claims, pd.DataFrame({"claim": np.empty(0, np.int64), "file": pd.Series(dtype="str"),
                                       "line": np.empty(0, np.int64)}))


def found(events: pd.DataFrame, settled: np.ndarray, sources: Sequence[pd.DataFrame], *, stage: str,
          ambiguous: np.ndarray | str = "", unit_value: np.ndarray | float = np.nan) -> Found:
    """Events (fnsku, msku, day, units and what else they have) as claims."""
    size = len(events)
    if not size:
        return nothing()
    texts = {name: events[name].astype("str").to_numpy() if name in events else np.full(size, "", "object")
             for name in COLUMNS[:7]}
    claims = pd.DataFrame(texts).astype("str")
    claims["event_date"] = events["day"].to_numpy("datetime64[s]")
    claims["units_owed"] = events["units"].to_numpy(np.int64)
    claims["units_settled"] = np.asarray(settled, np.int64)
    claims["unit_value"] = unit_value
    claims["stage"] = stage
    claims["currency"] = events["currency"].astype("str").to_numpy() if "currency" in events else ""
    claims["ambiguous"] = pd.Series(np.broadcast_to(np.asarray(ambiguous, "object"), size), dtype="str")
    own = [lines(np.arange(size), events)] if "file" in events else []
    return Found(claims, pd.concat([*own, *sources], ignore_index=True))


# ---------------------------------------------------------------------------------------------------- what is not known

def unknown(books: Books, needs: Needs) -> list[str]:
    """The tables that a detector needs and that are absent, or that hold no row and so cover no day."""
    return [table for table in needs.tables if books.is_absent(table) or books[table].empty]


def uncovered(papers: Papers, table: str, days: pd.Series) -> np.ndarray:
    """Why what settles an event of that day may be missing from `table`; "" where the table reaches far enough.

    A table is stale when its silence up to `as_of` is longer than its own rhythm explains.
    """
    column = {"reimbursements": "approved_on", "returns": "returned_on", "removal_shipments": "shipped_on",
              "removal_orders": "requested_on", "ledger_detail": "event_date", "settlements": "posted_on"}[table]
    rows = np.unique(papers.books.table(table, [column])[column].dropna().to_numpy("datetime64[D]"))
    out = np.full(len(days), "", "object")
    if not len(rows):
        out[:] = f"{table} holds no row"
        return out
    first, last = rows[0], rows[-1]
    late = days.to_numpy("datetime64[D]") < first - np.timedelta64(LATE_DAYS, "D")
    out[late] = f"{table} begins only on {first}"
    if (np.datetime64(papers.as_of) - last).astype(int) > max(longest_silence(rows), LATE_DAYS):
        # an event whose settlement would have come after the last row cannot be judged
        out[days.to_numpy("datetime64[D]") > last - np.timedelta64(LATE_DAYS, "D")] = f"{table} ends already on {last}"
    return out


def reimbursements(books: Books) -> pd.DataFrame:
    """The reimbursement rows with `kind` (lost, damaged, inbound, removal, order, fee, reversal, other), `day`, `key`
    (FNSKU, else SKU) and `units` covered: cash and stock; of a reversal what was taken back, 1 or more.

    Reasons are folded (`lost_warehouse` is `Lost_Warehouse`); with an order id the order's, without the warehouse's.
    """
    table = books["reimbursements"].copy()
    word = table["reason"].astype("str").str.casefold().str.replace(r"[^a-z]", "", regex=True)
    removal = set(books["removal_orders"]["order_id"].astype("str")) if not books.is_absent("removal_orders") else set()
    order = table["order_id"].astype("str")
    back = word.eq("reimbursementreversal") | (table["amount"] < 0) & table["original_reimbursement_id"].ne("")
    kind = np.select(
        [back, word.eq("feecorrection"), order.isin(removal) & order.ne(""), word.str.contains("inbound"),
         word.isin(["lostoutbound", "removalorderlost"]) & order.eq(""),
         order.ne("") | word.isin(["customerreturn", "customerserviceissue"]), word.str.contains("damaged"),
         word.str.contains("lost|missing|misplaced", regex=True)],
        ["reversal", "fee", "removal", "inbound", "removal", "order", "damaged", "lost"], "other")
    cash, stock = (table[name].fillna(0).astype("int64") for name in ("units_cash", "units_inventory"))
    total = table["units_total"].fillna(0).astype("int64")
    units = np.where(back, np.maximum(cash.abs(), np.where(cash == 0, total.abs(), 0)),
                     np.where(cash + stock != 0, cash + stock, total))
    table["units"] = np.maximum(units, 0)
    table["kind"], table["day"] = kind, table["approved_on"]
    table["key"] = key(table)
    return table


def key(table: pd.DataFrame) -> pd.Series:
    """FNSKU, else SKU: the label Amazon counts by."""
    fnsku = table["fnsku"].astype("str")
    return fnsku.where(fnsku.ne(""), table["msku"].astype("str"))
