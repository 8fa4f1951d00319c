"""Incidents over time, for the eye: the event study around adoption, both groups by month, the adopters' control chart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import rates
from workbench.impact import panel
from workbench.impact.estimate import Cells, impute
from workbench.impact.panel import NEVER, Rows

STUDY = ["months", "ratio", "low", "high", "seen", "expected"]
MONTH, REACH = 28, 6  # days of an event study's month; so many months before adoption and after it


def event_study(found: Rows, adopted: np.ndarray, length: int) -> pd.DataFrame:
    """One row per 28 days before and after adoption (STUDY), each imputed from everything without the SOP but itself."""
    away = np.where(adopted[found.sku] < NEVER, (found.day - adopted[found.sku]) // MONTH, -NEVER)
    lines = []
    for month in range(-REACH, REACH):
        here = away == month
        if not found.handled[here].sum() > 0:
            continue
        kept = here | (found.day < adopted[found.sku])
        told = impute(_split(found.only(kept), here[kept], adopted, length))
        lines.append((month, told.ratio, told.low, told.high, told.seen, told.expected))
    return pd.DataFrame(lines, columns=STUDY)


def _split(found: Rows, here: np.ndarray, adopted: np.ndarray, length: int) -> Cells:
    """Cells in which the rows `here` count as with the SOP, all others as without."""
    first = found.span[0]
    rest, aside = (panel.cells(found.only(which), np.full(len(adopted), NEVER), length, first) for which in (~here, here))
    size = max(rest.without.shape[1], aside.without.shape[1])
    a, b, c, d = (np.pad(part, ((0, 0), (0, size - part.shape[1]))) for part in (
        rest.without, rest.handled_without, aside.without, aside.handled_without))
    told = ((b > 0) & (adopted >= NEVER)[:, None]).sum(axis=0) >= panel.CONTROLS
    return Cells(a, b, c * told, d * told)


def series(found: Rows, adopted: np.ndarray) -> pd.DataFrame:
    """One row per month and group ("adopters", at any time, and "others"): incidents, units_handled, and rate: incidents
    per unit handled, NaN where none was."""
    months, month = np.unique(found.day.astype("datetime64[D]").astype("datetime64[M]"), return_inverse=True)
    cell = month * 2 + (adopted[found.sku] >= NEVER)
    incidents, handled = (np.bincount(cell, values, len(months) * 2) for values in (found.incidents, found.handled))
    table = pd.DataFrame({"month": np.repeat(months.astype("str"), 2), "group": ["adopters", "others"] * len(months),
                          "incidents": incidents, "units_handled": handled})
    table = table[(table["incidents"] > 0) | (table["units_handled"] != 0)].reset_index(drop=True)
    return table.assign(rate=table["incidents"] / table["units_handled"].where(table["units_handled"] > 0))


def watch(found: Rows, adopted: np.ndarray, length: int) -> pd.DataFrame:
    """One row per period of the adopters (of everybody where nobody adopted), phases before and after the median day."""
    dated = adopted[adopted < NEVER]
    mine = found.only(adopted[found.sku] < NEVER) if len(dated) else found
    first, turn = found.span[0], np.median(dated) if len(dated) else NEVER
    period = (mine.day - first) // length
    size = int(period.max(initial=-1)) + 1
    incidents, handled = (np.bincount(period, values, size) for values in (mine.incidents, mine.handled))
    day = first + length * np.arange(size)
    phase = (day >= turn).astype(int)
    limits = rates.control(incidents, handled, phase)
    table = pd.DataFrame({"day": day.astype("datetime64[D]").astype("datetime64[s]"), "incidents": incidents,
                          "units_handled": handled, "phase": phase, "center": limits.center, "low": limits.low,
                          "high": limits.high, "outside": limits.outside})
    return table.assign(rate=table["incidents"] / table["units_handled"].where(table["units_handled"] > 0))
