"""What an SOP did to losses: another SOP of the sheet, known until another day, or as if adopted earlier or later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from workbench import figures, impact
from workbench.books import Books
from workbench.display import Note, Page
from workbench.explore.live import Control, live
from workbench.words import say

SHIFTS = (-84, -56, -28, 0, 28, 56)  # days; a date moved away from the true one should show less


def sop_impact(books: Books, ledger: pd.DataFrame, found: impact.Impact, groups: Mapping[str, Sequence[str]], *,
               interactive: bool) -> object:
    """The verdict on an SOP and its picture; `found` (`impact.impact`) is what is shown first.

    The dates of all adopters can be moved together: as a test, since a procedure cannot work before it begins.
    """
    sops, first = books["sops"], (found.sop, found.as_of, 0)

    def show(sop: str, until: dt.date, shift: int) -> Page:
        here = found
        if (sop, until, shift) != first:
            moved = sops.assign(adopted_on=sops["adopted_on"] + pd.Timedelta(days=shift))
            here = impact.impact(ledger, moved, as_of=until, sop=sop or None, groups=groups)
        moved_note = (Note(say("explore.moved", days=shift), "warn"),) if shift else ()
        return Page((*moved_note, figures.impact.verdict(here), figures.impact.over_time(here)))

    names = impact.names(sops)
    controls = {
        "sop": Control("choice", say("explore.sop"), found.sop, names),
        "until": Control("day", say("explore.until"), found.as_of),
        "shift": Control("choice", say("explore.shift"), 0, SHIFTS),
    }
    return live(show, controls, interactive=interactive and bool(names))  # without an SOP there is nothing to choose
