"""How far the reports reach, and so what they cannot tell: tables that are absent, begin too late or end too early."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded, specs
from workbench.books import Books
from workbench.coverage import FEW_SILENCE, longest_silence
from workbench.detectors.account import EVER
from workbench.detectors.found import Needs
from workbench.detectors.papers import Papers

DAY = {"reimbursements": "approved_on", "returns": "returned_on", "removal_shipments": "shipped_on",
       "removal_orders": "requested_on", "settlements": "posted_on"}
FEW = 6  # days with a row; fewer tell no rhythm
LATE_DAYS, HORIZON = 45, 120  # what may be missing at the end of a report, and how late an event may still be settled
LEAST_SILENCE = 10  # days that any report may be silent
STAND_IN = {"settlements": ("transactions",)}  # what orders were sold for, refunded and charged, in another report


class Reach(NamedTuple):
    """From when to when a table can be relied on; `late` is "" where it reaches `as_of`."""

    first: np.datetime64
    last: np.datetime64
    slack: int  # days before its first row that its own rhythm explains
    late: str


def unknown(books: Books, needs: Needs) -> list[str]:
    """The tables that a detector needs and that are absent, or that hold no row and so cover no day."""
    used = books.files.groupby("report")["rows_used"].sum()
    held = {spec.table for name, spec in specs.reports().items() if used.get(name, 0)}
    return [table for table in needs.tables if table not in held and not set(STAND_IN.get(table, ())) & held]


def uncovered(papers: Papers, table: str, days: pd.Series) -> pd.Categorical:
    """Why what settles an event of that day may be missing from `table`; "" where the table reaches far enough."""
    reach = papers.once(_REACHES[table])
    if reach is None:
        return coded.of(f"{table} holds no row", len(days))
    day = days.fillna(EVER).to_numpy("datetime64[D]")
    late = (day > reach.last - np.timedelta64(HORIZON, "D")) & bool(reach.late)
    return coded.chosen([late, day < reach.first - np.timedelta64(reach.slack, "D")],
                        [reach.late, f"{table} begins only on {reach.first}"])


def _reach(table: str) -> Callable[[Papers], Reach | None]:
    """How far a table reaches. It ends too early when its silence up to `as_of`, or up to the last day of the folder's
    other reports, is longer than its own rhythm explains."""
    def made(papers: Papers) -> Reach | None:
        books = papers.books
        first, last = books.first_day(table), books.last_day(table)
        if first is None or last is None:
            return None
        if table in DAY:
            days = np.unique(books.table(table, [DAY[table]])[DAY[table]].dropna().to_numpy("datetime64[D]"))
        else:
            days = np.arange(first, last + dt.timedelta(days=1), dtype="datetime64[D]")  # a ledger has rows every day
        few = len(days) < FEW
        silence = FEW_SILENCE if few else max(longest_silence(days), LEAST_SILENCE, int(np.diff(days).max().astype(int)))
        others = [day for name in (*DAY, "ledger_detail") if (day := books.last_day(name)) and day <= papers.as_of]
        behind = (max(others, default=last) - last).days > silence
        old = (papers.as_of - last).days > max(silence, LATE_DAYS)
        return Reach(np.datetime64(first), np.datetime64(last), 2 * silence,  # before it there may have been nothing
                     f"{table} ends already on {last}" if behind or old else "")
    return made


_REACHES = {table: _reach(table) for table in (*DAY, "ledger_detail")}
