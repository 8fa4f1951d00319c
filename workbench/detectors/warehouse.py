"""Units lost, damaged or disposed of inside Amazon's warehouses, from the ledger's adjustments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench.books import Books
from workbench.detectors.found import (
    GRACE_DAYS,
    Found,
    Papers,
    found,
    key,
    lines,
    reimbursements,
    settle,
    settle_near,
    uncovered,
)

LOST, FOUND, DAMAGED = ("M", "5"), ("F",), ("E",)
UNSELLABLE_DAMAGE = ("6", "7", "H", "K", "U")  # damage to units that could not be sold anyway
DISPOSED = ("D", "G")
BACK_BEFORE, BACK_AFTER = 60, 14  # days around a reversal in which the stock comes back
ORDERED_WITHIN = 30  # days around a disposal in which the removal order lies
NEEDED = ["event_date", "fnsku", "msku", "asin", "event_type", "fulfillment_center", "disposition", "reason",
          "reference_id", "units", "units_reconciled", "units_unreconciled"]


class _Stock(NamedTuple):
    """The ledger's adjustments, the payments without an order, and which finds belong to reversals."""

    events: pd.DataFrame
    paid: pd.DataFrame
    finds: pd.DataFrame  # found units that are free to settle losses
    reversals: pd.DataFrame  # of warehouse payments, with `units_back`
    back: pd.DataFrame  # sources: which finds brought the stock of which reversal


def lost_warehouse(papers: Papers) -> Found:
    """Units of ledger adjustments M and 5, less found (F) and paid, oldest first, across centres.

    Finds that Amazon takes back after it has paid (O), and finds that belong to a reversal, settle nothing. N is stock
    given as payment or a transfer: the payment counts, not the row. Units lost from damaged stock are owed as damage.
    """
    stock = papers.once(_read)
    rows = stock.events
    owed = rows[rows["reason"].isin(LOST) & (rows["signed"] < 0)].reset_index(drop=True)
    paid = stock.paid[stock.paid["kind"] == "lost"]
    settled, sources = _settled(owed, pd.concat([stock.finds, paid], ignore_index=True), stock.paid, paid)
    settled = _explained(papers, owed, settled)
    damaged = np.where(owed["disposition"].isin(["WAREHOUSE_DAMAGED"]), "the units were damaged before: owed as damage", "")
    return found(owed, settled, sources, stage="before_order",
                 ambiguous=_or(damaged, uncovered(papers, "reimbursements", owed["day"])))


def damaged_warehouse(papers: Papers) -> Found:
    """Units Amazon damaged (E), less those regraded out of WAREHOUSE_DAMAGED (Q) and paid, oldest first.

    6, 7, H, K and U hit units that were unsellable already; whether anything is owed for them cannot be told.
    """
    stock = papers.once(_read)
    rows = stock.events
    owed = rows[rows["reason"].isin((*DAMAGED, *UNSELLABLE_DAMAGE)) & (rows["signed"] < 0)].reset_index(drop=True)
    sellable = owed["reason"].isin(DAMAGED).to_numpy()
    regraded = rows[(rows["reason"] == "Q") & (rows["disposition"] == "WAREHOUSE_DAMAGED") & (rows["signed"] < 0)]
    paid = stock.paid[stock.paid["kind"] == "damaged"]
    good = owed[sellable].reset_index(drop=True)
    part, sources = _settled(good, pd.concat([regraded, paid], ignore_index=True), stock.paid, paid)
    at = np.flatnonzero(sellable)
    settled = np.zeros(len(owed), np.int64)
    settled[at] = part
    sources = [piece.assign(claim=at[piece["claim"]]) for piece in sources]
    doubt = np.where(sellable, "", "the unit was unsellable already")
    return found(owed, settled, sources, stage="before_order",
                 ambiguous=_or(doubt, uncovered(papers, "reimbursements", owed["day"])))


def disposed_unrequested(papers: Papers) -> Found:
    """Sellable units disposed of (D) or donated (G), less what removal orders asked to dispose within 30 days.

    Removal orders are named in the ledger's reference or matched by FNSKU.
    """
    stock = papers.once(_read)
    rows = stock.events
    owed = rows[rows["reason"].isin(DISPOSED) & (rows["disposition"] == "SELLABLE")
                & (rows["signed"] < 0)].reset_index(drop=True)
    asked = papers.books["removal_orders"]
    asked = asked[asked["units_disposed"].fillna(0).astype("int64") > 0]
    asked = asked[~asked["disposition"].astype("str").isin(["UNSELLABLE", "DEFECTIVE", "CUSTOMER_DAMAGED"])]
    asked = pd.DataFrame({"key": key(asked), "reference_id": asked["order_id"].astype("str"), "day": asked["requested_on"],
                          "units": asked["units_disposed"].astype("int64"), "file": asked["file"].astype("str"),
                          "line": asked["line"]}).reset_index(drop=True)
    if owed.empty:
        return found(owed, np.empty(0), [], stage="before_order")
    early = asked.assign(day=pd.Timestamp.max.floor("D").as_unit("s"))  # the reference itself says which order it was
    named = settle(owed, early, ["key", "reference_id"])
    by_key = settle_near(owed, asked.assign(units=named.left), ["key"], ORDERED_WITHIN, ORDERED_WITHIN,
                         open_units=owed["units"].to_numpy(np.int64) - named.units)
    settled = named.units + by_key.units
    witnesses = [lines(pair.owed, asked.iloc[pair.supply]) for pair in (named, by_key)]
    paid = stock.paid[stock.paid["kind"] == "other"]
    more = settle(owed, paid.reset_index(drop=True), ["key"], open_units=owed["units"].to_numpy(np.int64) - settled)
    witnesses.append(lines(more.owed, paid.iloc[more.supply]))
    doubt = _or(uncovered(papers, "removal_orders", owed["day"]),
                uncovered(papers, "reimbursements", owed["day"]))
    return found(owed, settled + more.units, witnesses, stage="before_order", ambiguous=doubt)


def stock_back(papers: Papers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reversals of warehouse payments with `units_back`, the units of stock that came back for them, and the finds'
    lines (claim is the reversal's row)."""
    stock = papers.once(_read)
    return stock.reversals, stock.back


# ---------------------------------------------------------------------------------------------------- inside

def _read(books: Books) -> _Stock:
    table = books.table("ledger_detail", NEEDED)
    table = table[(table["event_type"] == "Adjustments").to_numpy()].reset_index(drop=True)
    events = table.assign(key=key(table), day=table["event_date"], signed=table["units"], units=table["units"].abs(),
                          reason=table["reason"].astype("str"), disposition=table["disposition"].astype("str"),
                          file=table["file"].astype("str"))
    payments = reimbursements(books)
    paid = payments[payments["kind"].isin(["lost", "damaged", "other"])].reset_index(drop=True)
    paid = paid.assign(file=paid["file"].astype("str"))
    finds = _without_taken(events)
    reversals = payments[(payments["kind"] == "reversal") & (payments["order_id"] == "")].reset_index(drop=True)
    finds, back, units_back = _given_back(events, finds, paid, reversals)
    return _Stock(events, paid, finds, reversals.assign(units_back=units_back), back)


def _without_taken(events: pd.DataFrame) -> pd.DataFrame:
    """Found units, less those that Amazon took as its own afterwards (O that no N gives back)."""
    finds = events[events["reason"].isin(FOUND) & (events["signed"] > 0)].reset_index(drop=True)
    taken = events[(events["reason"] == "O") & (events["signed"] < 0)].reset_index(drop=True)
    if taken.empty or finds.empty:
        return finds
    backwards = taken.assign(day=_mirror(taken["day"]))
    latest = settle(backwards, finds.assign(day=_mirror(finds["day"])), ["key"])
    return finds.assign(units=latest.left)


def _mirror(days: pd.Series) -> pd.Series:
    """Days counted backwards, so that first in, first out takes the latest find before."""
    zero = pd.Timestamp("2000-01-01")
    return zero - (days - zero)


def _given_back(events: pd.DataFrame, finds: pd.DataFrame, paid: pd.DataFrame,
                reversals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Finds that brought back the stock of reversed payments, those first that no open loss was waiting for."""
    nobody = pd.DataFrame({"claim": [], "file": [], "line": []})
    if reversals.empty:
        return finds, nobody, np.empty(0, np.int64)
    losses = events[events["reason"].isin(LOST) & (events["signed"] < 0)].reset_index(drop=True)
    both = pd.concat([finds, paid[paid["kind"] == "lost"]], ignore_index=True)
    spare = settle(losses, both, ["key"], grace=GRACE_DAYS).left[:len(finds)]
    units, left, witnesses = np.zeros(len(reversals), np.int64), finds["units"].to_numpy(np.int64).copy(), []
    for offered in (spare, None):  # first what was spare, then any find
        supply = finds.assign(units=np.minimum(spare, left) if offered is not None else left)
        taken = settle_near(reversals, supply, ["key"], BACK_BEFORE, BACK_AFTER,
                            open_units=reversals["units"].to_numpy(np.int64) - units)
        units += taken.units
        left -= supply["units"].to_numpy(np.int64) - taken.left
        witnesses.append(lines(taken.owed, finds.iloc[taken.supply]))
    return finds.assign(units=left), pd.concat(witnesses, ignore_index=True), units


def _settled(owed: pd.DataFrame, supply: pd.DataFrame, every: pd.DataFrame,
             own: pd.DataFrame) -> tuple[np.ndarray, list[pd.DataFrame]]:
    """Units settled by what comes after the event; then by payments a few days early; then by payments of no stated
    kind. `own` are the payments in `supply`, its last rows."""
    wanted = owed["units"].to_numpy(np.int64)
    first = settle(owed, supply, ["key"])
    sources = [lines(first.owed, supply.iloc[first.supply])]
    own = own.reset_index(drop=True).assign(units=first.left[len(supply) - len(own):])
    early = settle(owed, own, ["key"], open_units=wanted - first.units, grace=GRACE_DAYS)
    sources.append(lines(early.owed, own.iloc[early.supply]))
    vague = every[every["kind"] == "other"].reset_index(drop=True)
    last = settle(owed, vague, ["key"], open_units=wanted - first.units - early.units)
    sources.append(lines(last.owed, vague.iloc[last.supply]))
    return first.units + early.units + last.units, sources


def _explained(papers: Papers, owed: pd.DataFrame, settled: np.ndarray) -> np.ndarray:
    """Where Amazon's own open balance of a product is smaller than ours (found under another SKU), Amazon's counts.

    Its Unreconciled Quantity is used only where it and Reconciled Quantity add up to the event, for every event of the
    product, and where nothing later is known than `as_of`.
    """
    if owed.empty or papers.books.through > papers.as_of:
        return settled
    rest, done = (owed[name].astype("Float64") for name in ("units_unreconciled", "units_reconciled"))
    valid = ((rest.abs() + done.abs()) == owed["units"]).fillna(False).to_numpy(bool)
    still = owed["units"].to_numpy(np.int64) - settled
    product = pd.factorize(owed["key"])[0]
    usable = np.bincount(product, ~valid) == 0
    theirs = np.where(valid, rest.abs().fillna(0).to_numpy(float), 0).astype(np.int64)
    excess = np.where(usable, np.bincount(product, still) - np.bincount(product, theirs), 0).clip(0).astype(np.int64)
    spare = np.maximum(still - theirs, 0)
    order = np.lexsort((owed["day"].to_numpy(), product))
    before = np.cumsum(spare[order]) - spare[order]
    first = np.r_[True, product[order][1:] != product[order][:-1]]
    before -= np.repeat(before[first], np.diff(np.r_[np.flatnonzero(first), len(order)]))
    cut = np.zeros(len(owed), np.int64)
    cut[order] = np.clip(excess[product[order]] - before, 0, spare[order])
    return settled + cut


def _or(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The first reason that is given."""
    one = np.asarray(one, "object")
    return np.where(one == "", other, one)
