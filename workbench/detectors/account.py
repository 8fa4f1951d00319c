"""Accounts of units: what settles the events owed, supply by supply, and the lines of the files that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded
from workbench.matching import Matched, Stream, fifo, within

Columns = Mapping[str, pd.Series]
GRACE_DAYS = 7  # reports are not in step: a payment may be dated this much before its event
EVER = pd.Timestamp("2200-01-01")  # the day of a supply that settles an event of its key whenever it came


class Settled(NamedTuple):
    """Units settled per owed row, units left of each supply row, and which supply settled which owed row, by how much."""

    units: np.ndarray
    left: np.ndarray
    owed: np.ndarray
    supply: np.ndarray
    shared: np.ndarray


class Account:
    """Events owed and what has settled them so far: supplies are offered in turn, each takes what is still open."""

    def __init__(self, owed: pd.DataFrame) -> None:
        self.owed = owed
        self.open = owed["units"].to_numpy(np.int64).copy()
        self.sources: list[pd.DataFrame] = []

    def settle(self, supply: pd.DataFrame, by: Sequence[str], role: str, *, grace: int = 0,
               near: tuple[int, int] | None = None, only: np.ndarray | None = None) -> pd.DataFrame:
        """The supply with the units it has left. `only`: the owed rows that it may settle; `near`: from so many days
        before to so many after the event; `role` "": that of each row of the supply."""
        part = self._settled_by(supply, by, grace=grace, near=near, only=only)
        self.open = self.open - part.units
        if len(part.owed):
            told = lines(part.owed, supply[["file", "line"]].iloc[part.supply], role, part.shared)
            self.sources.append(told if role else told.assign(role=supply["role"].iloc[part.supply].array))
        return supply.assign(units=part.left)

    def pay(self, paid: pd.DataFrame, *, grace: int = 0, only: np.ndarray | None = None) -> pd.DataFrame:
        """Settles by payments as `settle` does: by those under the event's own label, then by those under another label of
        the SKU, or under none."""
        for by in (["key"], ["msku"]):
            paid = self.settle(paid, by, "paid", grace=grace, only=only)
        return paid

    @property
    def settled(self) -> np.ndarray:
        """Units of each event that are settled so far."""
        return self.owed["units"].to_numpy(np.int64) - self.open

    def would_settle(self, supply: pd.DataFrame, by: Sequence[str], *, only: np.ndarray | None = None) -> np.ndarray:
        """Which events the supply would settle, in whole or in part; nothing is settled."""
        return self._settled_by(supply, by, only=only).units > 0

    def _settled_by(self, supply: pd.DataFrame, by: Sequence[str], *, grace: int = 0,
                    near: tuple[int, int] | None = None, only: np.ndarray | None = None) -> Settled:
        wanted = self.open if only is None else np.where(only, self.open, 0)
        if near is None:
            return settle(self.owed, supply, by, open_units=wanted, grace=grace)
        return settle_near(self.owed, supply, by, *near, open_units=wanted)


def settle(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], *, open_units: np.ndarray | None = None,
           grace: int = 0) -> Settled:
    """First in, first out: each supply settles the oldest open event of its key, dated at most `grace` days after it.

    Both frames: the `by` columns, `day` (datetime) and `units` (0 or more).

    >>> owed = pd.DataFrame({"key": "X1", "day": pd.to_datetime(["2026-05-01", "2026-05-02"]), "units": [2, 2]})
    >>> finds = pd.DataFrame({"key": ["X1"], "day": pd.to_datetime(["2026-05-09"]), "units": [3]})
    >>> settle(owed, finds, ["key"]).units.tolist()
    [2, 1]
    """
    def match(demand: Stream, offer: Stream) -> Matched:
        return fifo(demand._replace(time=demand.time - grace), offer)

    return _settled(owed, supply, by, open_units, match)


def settle_near(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], before: int, after: int, *,
                open_units: np.ndarray | None = None) -> Settled:
    """Oldest first, but only by supplies from `before` days before the event to `after` days after it."""
    return _settled(owed, supply, by, open_units, lambda demand, offer: within(demand, offer, before, after))


def _settled(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], open_units: np.ndarray | None,
             match: Callable[[Stream, Stream], Matched]) -> Settled:
    """`match` of the rows that have units."""
    wanted = owed["units"].to_numpy(np.int64) if open_units is None else open_units
    offered = supply["units"].to_numpy(np.int64)
    at, of = np.flatnonzero(wanted), np.flatnonzero(offered)
    if not len(at) or not len(of):
        return Settled(np.zeros(len(owed), np.int64), offered, at[:0], of[:0], offered[:0])
    one, other = ({name: frame[name].iloc[rows] for name in ("day", *by)} for frame, rows in ((owed, at), (supply, of)))
    left, right = keys(one, other, by)
    matched = match(Stream(left, day_numbers(one["day"]), wanted[at]),
                    Stream(right, day_numbers(other["day"]), offered[of]))
    units, surplus = np.zeros(len(owed), np.int64), np.zeros(len(supply), np.int64)
    units[at], surplus[of] = wanted[at] - matched.open, matched.surplus
    return Settled(units, surplus, at[matched.demand], of[matched.supply], matched.units)


def keys(one: Columns, other: Columns, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The same integer (0 or more, below 2**32) for the same key in two tables; a blank key equals no other row's."""
    size, columns = len(one[by[0]]), [coded.alike(one[name], other[name]) for name in by]
    code = coded.together(*columns)
    blank = np.logical_or.reduce([(column == "").to_numpy() for column in columns])
    code[blank] = code.max(initial=0) + 1 + np.arange(int(blank.sum()))
    return code[:size], code[size:]


def day_numbers(column: pd.Series) -> np.ndarray:
    """Days since 1970; an unknown day is later than every other."""
    return column.fillna(EVER).to_numpy("datetime64[D]").astype(np.int64)


def lines(claim: np.ndarray, rows: pd.DataFrame, role: str, units: np.ndarray | None = None) -> pd.DataFrame:
    """Which claims the rows (with file and line) bear witness to: `Found.sources`. `claim` (row of the events), `rows` and
    `units` (of the claim that a row tells of; by default all of the row's) go side by side."""
    units = rows["units"].to_numpy() if units is None else units
    return pd.DataFrame({"claim": np.asarray(claim, np.int64), "role": coded.of(role, len(rows)),
                         "units": np.asarray(units, np.int64), "file": coded.coded(rows["file"]),
                         "line": rows["line"].to_numpy(np.int64)})


def sources_of(events: np.ndarray, sources: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """What bears witness to the `events` of the mask, numbered among these.

    >>> found = lines(np.array([0, 2]), pd.DataFrame({"file": "l.txt", "line": [7, 9], "units": 1}), "found")
    >>> [piece[["claim", "line"]].to_numpy().tolist() for piece in sources_of(np.array([False, True, True]), [found])]
    [[[1, 9]]]
    """
    place = np.cumsum(events) - 1
    kept = [piece[events[piece["claim"]]] for piece in sources]
    return [piece.assign(claim=place[piece["claim"]]) for piece in kept]
