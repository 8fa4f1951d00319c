"""First in, first out with partial quantities, for any number of keys at once and without a Python loop.

Per key, the demanded units laid end to end divide an axis into intervals; the supplied units divide the same axis;
every overlap of the two is a pair. A supply never covers a demand that comes after it, so what finds nothing open is
surplus: with B(t) = supplied - demanded so far, the supply wasted so far is the running maximum of B, as in a queue.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench import radix


class Stream(NamedTuple):
    """Units by key and time. Equal keys and times keep the order of the rows; a demand stands before a supply."""

    key: np.ndarray  # integer codes
    time: np.ndarray  # integers: days or seconds
    units: np.ndarray  # integers, 0 or more


class Matched(NamedTuple):
    """What is left of each demand, what each supply did not use, and which supply covered which demand."""

    open: np.ndarray  # units per demand row
    surplus: np.ndarray  # units per supply row
    demand: np.ndarray  # pairs: row of the demand,
    supply: np.ndarray  # row of the supply,
    units: np.ndarray  # and the units between them


def fifo(demand: Stream, supply: Stream) -> Matched:
    """Each supply covers the oldest open demand of its key that is dated at or before it.

    Raises ValueError for negative units. Time is that of one sort; memory about 200 bytes a row.

    >>> lost = Stream(np.array([7, 7]), np.array([1, 5]), np.array([3, 2]))
    >>> found = Stream(np.array([7]), np.array([6]), np.array([4]))
    >>> fifo(lost, found)[:2]
    (array([0, 1]), array([0]))
    """
    size = len(demand.key)
    key, time, units = (np.concatenate([a, b]).astype(np.int64) for a, b in zip(demand, supply, strict=True))
    if (units < 0).any():
        raise ValueError("matching: units must be 0 or more")
    none = np.empty(0, np.int64)
    if not size or size == len(key):
        return Matched(units[:size], units[size:], none, none, none)
    order = radix.argsort(key, time, np.arange(len(key)) >= size)
    is_supply = order >= size
    key, units = key[order], units[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    length = np.diff(np.r_[first, len(key)])

    def per_key(running: np.ndarray) -> np.ndarray:
        """A running total of all rows, counted from the start of each key."""
        return running - np.repeat(np.r_[0, running[first[1:] - 1]], length)

    surplus = _surplus(per_key(np.cumsum(np.where(is_supply, units, -units))), int(units.sum()), first, length)
    used = np.where(is_supply, units, 0) - surplus
    ends = np.cumsum(np.where(is_supply, 0, units))  # end of each demand's interval on the common axis
    used_so_far = per_key(np.cumsum(used))
    base = np.repeat(np.r_[0, ends[first[1:] - 1]], length)  # where the key's part of the axis begins
    covered = base + np.repeat(used_so_far[first + length - 1], length)  # the supply covers [base, covered)
    rows, edges, sizes = order[~is_supply], ends[~is_supply], units[~is_supply]
    left = np.empty(size, np.int64)
    left[rows] = np.clip(edges - np.maximum(edges - sizes, covered[~is_supply]), 0, None)
    over = np.empty(len(key) - size, np.int64)
    over[order[is_supply] - size] = surplus[is_supply]
    row = np.flatnonzero(used)
    high = (base + used_so_far)[row]
    at, which, shared = _overlaps(edges, sizes, high - used[row], high)
    return Matched(left, over, rows[at], order[row[which]] - size, shared)


def _surplus(balance: np.ndarray, most: int, first: np.ndarray, length: np.ndarray) -> np.ndarray:
    """What each row wastes: by how much it raises the running maximum of its key's balance (at most `most`) above 0."""
    lift = np.repeat(np.arange(len(first)) * (2 * (most + 1)), length)  # one running maximum for all keys
    wasted = np.maximum(np.maximum.accumulate(balance + lift) - lift, 0)
    surplus = np.diff(wasted, prepend=0)
    surplus[first] = wasted[first]
    return surplus


def _overlaps(edges: np.ndarray, sizes: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where the intervals [low, high) of the supplies overlap those of the demands, which end at `edges`: number of the
    demand, number of the supply, and units."""
    start = np.searchsorted(edges, low, "right")
    count = np.searchsorted(edges, high, "left") - start + 1
    which = np.repeat(np.arange(len(low)), count)
    at = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + start[which]
    shared = np.minimum(edges[at], high[which]) - np.maximum(edges[at] - sizes[at], low[which])
    real = shared > 0
    return at[real], which[real], shared[real]


def within(demand: Stream, supply: Stream, before: int, after: int) -> Matched:
    """Each demand, oldest first, is covered by supplies of its key dated from `before` days before to `after` days after
    it, oldest first.

    For the rare events (reversals, disposals) whose settlement has an end as well as a beginning: the pairs in reach are
    few, and are walked one by one.

    >>> taken_back, found = Stream(np.array([7]), np.array([100]), np.array([2])), Stream(
    ...     np.array([7, 7]), np.array([90, 130]), np.array([1, 5]))
    >>> within(taken_back, found, 60, 14)[:2]
    (array([1]), array([0, 5]))
    """
    left, over = demand.units.astype(np.int64).copy(), supply.units.astype(np.int64).copy()
    order = radix.argsort(supply.key, supply.time)
    keys, times = supply.key[order].astype(np.int64), supply.time[order].astype(np.int64)
    low = int(min(times.min(), (demand.time - before).min())) if len(times) and len(left) else 0
    width = int(max(times.max(), (demand.time + after).max())) - low + 2 if len(times) and len(left) else 1
    place = keys * width + (times - low)
    first = np.searchsorted(place, demand.key * width + (demand.time - before - low), "left")
    last = np.searchsorted(place, demand.key * width + (demand.time + after - low), "right")
    pairs = []
    for row in radix.argsort(demand.time):
        for at in order[first[row]:last[row]]:
            units = min(left[row], over[at])
            if units:
                left[row] -= units
                over[at] -= units
                pairs.append((row, at, units))
            if not left[row]:
                break
    which = np.array(pairs, np.int64).reshape(-1, 3)
    return Matched(left, over, which[:, 0], which[:, 1], which[:, 2])
