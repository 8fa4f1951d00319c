"""Which days a report covers, judged by its own rhythm: a quiet spell is no gap, a hole in a busy report is one."""

from __future__ import annotations

import datetime as dt

import numpy as np

SURPRISE = 0.01  # a run of empty days is a gap when the report's own rhythm makes it rarer than this
SPARSE_SILENCE = 45  # days without a row that say nothing of a report whose rows come in bursts
FEWEST = 8  # active days from which a rhythm can be told from a hole in it
FEW_SILENCE = 125  # days without a row that say nothing where fewer days have one: no claim window opens and closes in them
REGULAR = 5  # steps of one length that make a rhythm
NEAR = 60  # active days on one side of a run whose rhythm it is judged by
CALENDAR = (7, 14, 28, 29, 30, 31)  # days between reports made once a week, a fortnight, a month


def longest_silence(days: np.ndarray) -> int:
    """How many empty days in a row the report's own rhythm explains. `days`: the distinct days with a row.

    The chance of g more empty days is the beta-binomial one, from as many active and empty days as there were: few days say
    little, whatever their share. Beyond a few, the longest run of empty days is left out, for it is what is being judged. A
    run rarer than SURPRISE among all days is a gap. Reports that are made once a week or month keep to that step; those
    with rows on fewer than half of their days (reimbursements, removals) come in bursts, so less than SPARSE_SILENCE says
    nothing.

    >>> longest_silence(np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]"))
    2
    >>> longest_silence(np.arange("2026-01-04", "2026-04-04", 7, dtype="datetime64[D]"))
    7
    """
    steps = np.diff(days).astype(int)
    if not len(steps):
        return SPARSE_SILENCE
    if regular := _regular(steps):
        return regular
    active, empty = len(days), int((steps - 1).sum())
    if active >= FEWEST:
        empty -= int(steps.max()) - 1
    more = np.arange(1000)
    chance = np.cumsum(np.log((empty + 1 + more) / (active + empty + 2 + more)))  # of 1, 2, 3 … more empty days
    silence = int(np.searchsorted(-chance, -np.log(SURPRISE / (active + empty))))
    return max(silence, SPARSE_SILENCE if active < empty else 2)


def _regular(steps: np.ndarray) -> int:
    """The days between reports that are made once a week or month; 0 for others."""
    usual = int(np.median(steps))
    return usual if usual in CALENDAR and len(steps) >= REGULAR and np.mean(steps == usual) >= 0.8 else 0


def gaps(days: np.ndarray) -> list[tuple[dt.date, dt.date]]:
    """Runs of empty days too long to be chance: (first, last) empty day of each. `days`: with a row, sorted, each once.

    Trade grows and has its seasons, so a run must be a surprise among all days and also by the rhythm of those before it
    and of those after it, NEAR on each side.

    >>> june = np.arange("2026-06-01", "2026-07-01", dtype="datetime64[D]")
    >>> gaps(june[(june < np.datetime64("2026-06-10")) | (june > np.datetime64("2026-06-20"))])
    [(datetime.date(2026, 6, 10), datetime.date(2026, 6, 20))]
    """
    empty = np.diff(days).astype(int) - 1
    long = np.flatnonzero(empty > longest_silence(days))
    if len(long) and not _regular(empty + 1):
        is_sparse = len(days) < empty.sum()
        sides = [(days[max(i + 1 - NEAR, 0):i + 1], days[i + 1:i + 1 + NEAR]) for i in long]
        quiet = [max(FEW_SILENCE if is_sparse and len(side) < FEWEST else longest_silence(side) for side in pair)
                 for pair in sides]
        long = long[empty[long] > quiet]
    one = np.timedelta64(1, "D")
    return [((days[i] + one).item(), (days[i + 1] - one).item()) for i in long]


def uncovered(days: np.ndarray, first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """The spans between `first` and `last` that a report with rows on `days` does not cover: gaps, a late start, an
    early end. A quiet spell that the report's own rhythm explains counts as covered.

    >>> june = np.arange("2026-06-01", "2026-06-21", dtype="datetime64[D]")
    >>> uncovered(june, dt.date(2026, 6, 1), dt.date(2026, 6, 30))
    [(datetime.date(2026, 6, 21), datetime.date(2026, 6, 30))]
    """
    if not len(days):
        return [(first, last)]
    one, quiet = dt.timedelta(days=1), longest_silence(days)
    start, end = days[0].item(), days[-1].item()
    spans = gaps(days)
    spans += [(first, start - one)] if (start - first).days > quiet else []
    spans += [(end + one, last)] if (last - end).days > quiet else []
    return sorted((max(a, first), min(b, last)) for a, b in spans if a <= last and b >= first)
