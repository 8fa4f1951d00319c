"""What the pages share: columns by their registered names, and months."""

from __future__ import annotations

import numpy as np

from workbench.display import Column
from workbench.words import say

FORMS = {"units": "units", "loss_rate": "percent", "amount": "money", "share": "share", "rows": "units", "count": "units",
         "of": "units", "line": "units", "concentration": "times", "sha256": "hash",
         # claims, cases, recovery
         "claims": "units", "cases": "units", "payments": "units", "approved": "units", "decided": "units", "days": "units",
         "pending": "units", "waiting": "units", "paid": "money", "taken_back": "money", "unit_value": "money",
         "p_above": "share", "rate": "share", "within": "share", "chance": "share", "forecast": "number", "brier": "number"}
DATES = ("event_date", "first_day", "last_day", "opens_on", "deadline", "filed_on", "decided_on", "file_on")


def months_back(month: str, count: int) -> str:
    """The month `count` months before.

    >>> months_back("2026-02", 3)
    '2025-11'
    """
    return str(np.datetime64(month) - count)


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by their registered names: what they are called and how their values are written."""
    return tuple(Column(name, say(f"column.{name}"), _form(name)) for name in names)


def _form(name: str) -> str:
    if name in DATES:
        return "date"
    if name == "month":
        return "month"
    return FORMS.get(name) or FORMS.get(name.split("_")[0]) or (
        "percent" if name.startswith("loss_rate") else "text")
