"""Which days a report covers, judged by its own rhythm: a quiet spell is no gap, a hole in a busy report is one."""

from __future__ import annotations

import datetime as dt

import numpy as np

SURPRISE = 0.01  # a run of empty days is a gap when the report's own rhythm makes it rarer than this
SPARSE_SILENCE = 45  # days without a row that say nothing of a report whose rows come in bursts
FEWEST = 8  # active days from which a rhythm can be told from a hole in it
REGULAR = 5  # steps of one length that make a rhythm
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
    usual = int(np.median(steps))
    if usual in CALENDAR and len(steps) >= REGULAR and np.mean(steps == usual) >= 0.8:
        return usual
    active, empty = len(days), int((steps - 1).sum())
    if active >= FEWEST:
        empty -= int(steps.max()) - 1
    more = np.arange(1000)
    chance = np.cumsum(np.log((empty + 1 + more) / (active + empty + 2 + more)))  # of 1, 2, 3 … more empty days
    silence = int(np.searchsorted(-chance, -np.log(SURPRISE / (active + empty))))
    return max(silence, SPARSE_SILENCE if active < empty else 2)


def gaps(days: np.ndarray) -> list[tuple[dt.date, dt.date]]:
    """Runs of empty days too long to be chance: (first, last) empty day of each. `days`: with a row, sorted, each once.

    >>> june = np.arange("2026-06-01", "2026-07-01", dtype="datetime64[D]")
    >>> gaps(june[(june < np.datetime64("2026-06-10")) | (june > np.datetime64("2026-06-20"))])
    [(datetime.date(2026, 6, 10), datetime.date(2026, 6, 20))]
    """
    steps = np.diff(days).astype(int) - 1
    one = np.timedelta64(1, "D")
    return [((days[i] + one).item(), (days[i + 1] - one).item())
            for i in np.flatnonzero(steps > longest_silence(days))]


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
