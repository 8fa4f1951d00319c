"""A ledger and an SOP sheet as counts per SKU and period, without and with the SOP.

Incidents are ledger rows, not units: sixteen units missing in one row are one incident. A SKU is one merchant SKU; it has
adopted from its own day on, to the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench import coded
from workbench.impact.estimate import Cells
from workbench.matching import Stream, fifo

OUTCOMES = {"incidents": ("M", "5", "E"), "losses": ("M", "5"), "damages": ("E",)}
NEEDED = ("event_date", "fnsku", "msku", "event_type", "fulfillment_center", "reason", "units")
LENGTHS = (7, 14, 28)  # days of a period
A_PERIOD = 5  # untreated incidents a period should hold on average
PRE_PERIODS = 8
CONTROLS = 3  # SKUs without the SOP that a period needs
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Rows:
    """One row per SKU and day (or event): codes of SKUs and centres, days since 1970, incidents, units handled."""

    skus: np.ndarray  # names, by code
    sku: np.ndarray
    day: np.ndarray
    incidents: np.ndarray
    handled: np.ndarray
    center: np.ndarray
    net: np.ndarray | None = None  # incidents, those left out whose units were all found again; None: not known
    prior: float = float("inf")  # what centres were told apart by (`centres.standardised`); inf: they were not

    def only(self, kept: np.ndarray) -> Rows:
        """The rows where `kept`; every SKU keeps its code."""
        return replace(self, sku=self.sku[kept], day=self.day[kept], incidents=self.incidents[kept],
                       handled=self.handled[kept], center=self.center[kept],
                       net=None if self.net is None else self.net[kept])

    @property
    def span(self) -> tuple[int, int]:
        """First and last day; (0, -1) when there is no row."""
        return (int(self.day.min()), int(self.day.max())) if len(self.day) else (0, -1)


def rows(ledger: pd.DataFrame, as_of: dt.date, outcome: str = "incidents") -> Rows:
    """What happened up to `as_of`: one row per counted ledger row. `ledger`: the detailed inventory ledger (NEEDED).

    `outcome`: "incidents" (rows of M, 5 and E that leave stock, per unit handled), "losses" (M and 5), "damages" (E) or
    "returns" (rows of customer returns per unit shipped: something no warehouse procedure touches).
    """
    table = ledger[ledger["event_date"] <= pd.Timestamp(as_of)]
    kind, units = table["event_type"], table["units"].to_numpy(np.int64)
    shipped = coded.is_one_of(kind, ("Shipments",))
    if outcome == "returns":
        counted, handled = coded.is_one_of(kind, ("CustomerReturns",)), shipped
    else:
        left = coded.is_one_of(kind, ("Adjustments",)) & (units < 0)
        counted = left & coded.is_one_of(table["reason"], OUTCOMES[outcome])
        handled = coded.is_one_of(kind, ("Receipts", "Shipments", "CustomerReturns"))
    named = (table["msku"].notna() & (table["msku"] != "")).to_numpy()  # else it tells of no adopter and of no control
    kept = (counted | handled) & named
    lasting = counted.copy()
    lasting[_found_again(table)] = False
    exposure = np.where(handled, np.where(shipped, -units, units), 0)
    sku, center = (coded.alphabetical(table[name][kept]) for name in ("msku", "fulfillment_center"))
    return Rows(sku.categories.to_numpy(), sku.codes.astype(np.int64),
                table["event_date"].to_numpy("datetime64[D]").astype(np.int64)[kept],
                counted[kept].astype(float), exposure[kept].astype(float), center.codes.astype(np.int64),
                lasting[kept].astype(float))


def _found_again(table: pd.DataFrame) -> np.ndarray:
    """The rows of losses whose every unit was found later: first in, first out by FNSKU, across centres."""
    rows = np.flatnonzero(coded.is_one_of(table["event_type"], ("Adjustments",))
                          & coded.is_one_of(table["reason"], (*OUTCOMES["losses"], "F")))
    moved = table.iloc[rows]
    units, product = moved["units"].to_numpy(np.int64), coded.alphabetical(moved["fnsku"]).codes
    day = moved["event_date"].to_numpy("datetime64[D]").astype(np.int64)
    lost, found = np.flatnonzero(units < 0), np.flatnonzero(units > 0)
    open_units = fifo(*(Stream(product[at], day[at], np.abs(units[at])) for at in (lost, found))).open
    return rows[lost[open_units == 0]]


def dates(sops: pd.DataFrame, sop: str, groups: Mapping[str, Sequence[str]] | None = None) -> pd.Series:
    """The day each SKU adopted `sop`, by SKU; a SKU without a date is not in it.

    A row without a SKU stands for every SKU of its `sku_group`: those the sheet lists in that group, and those in
    `groups` (name -> SKUs); a group nobody knows stands under its own name. Of several dates the first counts.
    """
    listed = pd.DataFrame({name: sops[name].astype("str").str.strip().to_numpy() for name in ("sop", "sku_group", "msku")})
    listed["day"] = sops["adopted_on"].to_numpy("datetime64[D]")
    mine = listed[(listed["sop"] == sop) & listed["day"].notna()]
    members = listed.loc[(listed["msku"] != "") & (listed["sku_group"] != ""), ["sku_group", "msku"]]
    known = pd.DataFrame([(group, sku) for group, names in (groups or {}).items() for sku in names],
                         columns=["sku_group", "msku"], dtype="str")
    members = pd.concat([members, known], ignore_index=True).drop_duplicates()
    whole = mine.loc[mine["msku"] == "", ["sku_group", "day"]].merge(members, on="sku_group", how="left",
                                                                     validate="many_to_many")
    whole = whole.assign(msku=whole["msku"].fillna(whole["sku_group"]))
    dated = pd.concat([mine[["msku", "day"]], whole[["msku", "day"]]])
    return dated[dated["msku"] != ""].groupby("msku")["day"].min()


def adoption(sops: pd.DataFrame, sop: str, skus: Sequence[str],
             groups: Mapping[str, Sequence[str]] | None = None) -> np.ndarray:
    """The day (since 1970) each of `skus` adopted `sop` by its `dates`; NEVER for a SKU that did not."""
    days = dates(sops, sop, groups).reindex(skus).to_numpy("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))


def undisturbed(found: Rows, adopted: np.ndarray, others: Sequence[np.ndarray]) -> Rows:
    """The rows in which no other SOP begins to act: adopters from the last one before their day to the next after it,
    never-adopters up to their first. `others`: each other SOP's adoption days."""
    start, stop = np.full(len(adopted), -NEVER), np.full(len(adopted), NEVER)
    never = adopted >= NEVER
    for days in others:
        begun = ~never & (days < adopted)
        start = np.where(begun, np.maximum(start, days), start)
        stop = np.where(~begun & (days < NEVER) & (never | (days != adopted)), np.minimum(stop, days), stop)
    return found.only((found.day >= start[found.sku]) & (found.day < stop[found.sku]))


def cells(found: Rows, adopted: np.ndarray, length: int, start: int | None = None) -> Cells:
    """Counts per SKU and period of `length` days, from the first row's day (or `start`) on.

    Periods in which fewer than CONTROLS SKUs stay without the SOP to the end have no cells with the SOP: nothing there
    says what would have been.
    """
    first, last = found.span
    first = first if start is None else start
    shape = (len(found.skus), max((last - first) // length + 1, 1))
    period, on = (found.day - first) // length, found.day >= adopted[found.sku]

    def table(values: np.ndarray, which: np.ndarray) -> np.ndarray:
        at = found.sku[which] * shape[1] + period[which]
        return np.bincount(at, values[which], shape[0] * shape[1]).reshape(shape)

    without, handled_without, with_sop, handled_with = (
        np.maximum(table(values, which), 0.0) for which in (~on, on) for values in (found.incidents, found.handled))
    ends = first + length * np.arange(1, shape[1] + 1)
    controls = ((handled_without > 0) & (adopted[:, None] >= ends)).sum(axis=0)
    told = controls >= CONTROLS
    return Cells(without, handled_without, with_sop * told, handled_with * told)


def period_days(found: Rows, adopted: np.ndarray) -> int:
    """Days of a period: the shortest of LENGTHS with A_PERIOD untreated incidents in each on average; one step shorter
    where the median adopter would else have fewer than PRE_PERIODS before its day."""
    first, last = found.span
    dated = adopted[adopted < NEVER]
    before = (np.median(dated) if len(dated) else last + 1) - first
    untreated = found.incidents[found.day < adopted[found.sku]].sum()
    enough = [days for days in LENGTHS if untreated * days >= A_PERIOD * (last - first + 1)]
    at = LENGTHS.index(enough[0]) if enough else len(LENGTHS) - 1
    return LENGTHS[at - 1] if at and before < PRE_PERIODS * LENGTHS[at] else LENGTHS[at]
