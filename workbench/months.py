"""Months as text ("2026-06"): their last days, and the months before and after."""

from __future__ import annotations

import datetime as dt


def months_back(month: str, count: int) -> str:
    """The month `count` months before; after it where `count` is negative.

    >>> months_back("2026-02", 3), months_back("2026-12", -1)
    ('2025-11', '2027-01')
    """
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - count, 12)
    return f"{year:04}-{number + 1:02}"


def first_day(month: str) -> dt.date:
    """The first day of a month."""
    return dt.date.fromisoformat(f"{month}-01")


def last_day(month: str) -> dt.date:
    """The last day of a month.

    >>> last_day("2028-02").isoformat()
    '2028-02-29'
    """
    return first_day(months_back(month, -1)) - dt.timedelta(days=1)
