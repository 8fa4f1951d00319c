"""What the rows of the detailed inventory ledger mean for the loss rate, and which finds cover which losses.

Reason codes are those of the Inventory Ledger (Seller Central help G4FKT5KQWFFJ7LDN).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench import coded, rates
from workbench.matching import Matched, Stream, fifo

LOST = ("M", "5")
FOUND = ("F",)
DAMAGED = ("E", "6", "7", "H", "K", "U")


class Events:
    """The ledger's rows by what they mean for the loss rate, and which finds cover which losses."""

    def __init__(self, ledger: pd.DataFrame, as_of: dt.date, months: tuple[str, str] | None = None) -> None:
        late = ledger["event_date"] > pd.Timestamp(as_of)
        self.table = ledger[~late].reset_index(drop=True) if late.any() else ledger.reset_index(drop=True)
        units = self.table["units"].to_numpy(np.int64)
        kind, reason = self.table["event_type"], self.table["reason"]
        adjusted = coded.is_one_of(kind, ("Adjustments",))
        moved = adjusted & coded.is_one_of(reason, (*LOST, *FOUND))
        self.lost = np.flatnonzero(moved & (units < 0))
        self.found = np.flatnonzero(moved & (units > 0))
        self.damaged = np.flatnonzero(adjusted & coded.is_one_of(reason, DAMAGED))
        self.handled = np.flatnonzero(coded.is_one_of(kind, ("Receipts", "Shipments", "CustomerReturns")))
        shipped = coded.is_one_of(kind, ("Shipments",))[self.handled]
        self.units_handled = np.where(shipped, -units[self.handled], units[self.handled])
        self.units_lost = -units[self.lost]
        self.units_damaged = -units[self.damaged]
        self.fnsku = coded.coded(self.table["fnsku"]).codes.astype(np.int64)
        self.day = self.table["event_date"].to_numpy("datetime64[D]").astype(np.int64)
        self.month = _months(self.day)
        self.matched: Matched = fifo(Stream(self.fnsku[self.lost], self.day[self.lost], self.units_lost),
                                     Stream(self.fnsku[self.found], self.day[self.found], units[self.found]))
        self.open = self.matched.open
        self.at = np.arange(len(self.lost))  # each loss's place in `matched`
        self.known = (self.lost, self.open), (self.handled, self.units_handled)  # of all months
        if months:
            self._only(*months)

    def _only(self, first: str, last: str) -> None:
        """Keeps the losses, damages and handled units of these months; matching has seen all finds before."""
        first, last = (np.datetime64(month, "M").astype(np.int64) for month in (first, last))
        counts = (self.month >= first) & (self.month <= last)
        kept = counts[self.lost]
        self.lost, self.units_lost, self.open, self.at = (values[kept] for values in (
            self.lost, self.units_lost, self.open, self.at))
        kept = counts[self.damaged]
        self.damaged, self.units_damaged = self.damaged[kept], self.units_damaged[kept]
        kept = counts[self.handled]
        self.handled, self.units_handled = self.handled[kept], self.units_handled[kept]

    def keys(self, by: Sequence[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Integer codes of every row and their labels, per `by` column."""
        codes, labels = [], []
        for name in by:
            if name == "month":
                first = int(self.month.min()) if len(self.month) else 0
                last = int(self.month.max()) if len(self.month) else -1
                codes.append(self.month - first)
                labels.append(np.arange(first, last + 1).astype("datetime64[M]").astype("str"))
            else:
                column = coded.coded(self.table[name])
                codes.append(column.codes.astype(np.int64))
                labels.append(column.categories.to_numpy().astype("str"))
        return codes, labels

    def clusters(self, by: str | None = None) -> rates.Clusters:
        """Net units lost of each FNSKU in each week: what happens to one product in a week hangs together. And what the
        months of the account, or of each value of `by`, vary beyond that. All months tell, whichever are in question."""
        lost, units = self.known[0]
        week = (self.day[lost] + 3) // 7  # weeks begin on Monday
        weekly = pd.DataFrame({"fnsku": self.fnsku[lost], "week": week, "units": units})
        found = rates.cluster_moments(weekly.groupby(["fnsku", "week"])["units"].sum().to_numpy())
        codes, labels = self.keys(["month", by] if by else ["month"])
        shape = (len(labels[0]), len(labels[1]) if by else 1)
        cell = codes[0] * shape[1] + (codes[1] if by else 0)
        found = rates.restless(found, *(np.bincount(cell[rows], values, shape[0] * shape[1]).reshape(shape)
                                        for rows, values in self.known))
        return found._replace(months=max(np.count_nonzero(np.bincount(codes[0][self.handled])), 1))


def _months(days: np.ndarray) -> np.ndarray:
    """The month (since 1970) of each day (since 1970): looked up, for many rows have few days."""
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, -1)
    return np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)[days - first]
