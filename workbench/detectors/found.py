"""What a detector hands over: the events owed with what has settled them, and the lines of the files that say both."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded
from workbench.detectors.account import lines
from workbench.detectors.papers import Papers

TEXTS = ("fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center")
COLUMNS = (*TEXTS, "event_date", "valued_on", "units_owed", "units_settled", "unit_value", "currency", "stage", "ambiguous",
           "note")
WITNESS = ("claim", "role", "units", "file", "line")


class Found(NamedTuple):
    """`claims`: one row per event owed, COLUMNS; unit_value is NaN where the policy values the unit (by `stage`:
    "before_order" or "after_order", at the rules of `valued_on`). `sources`: one row per line of a file that bears
    witness: claim (row of `claims`), role ("event", "found", "paid", …), units, file, line."""

    claims: pd.DataFrame
    sources: pd.DataFrame


class Needs(NamedTuple):
    """A detector and the tables without which it can say nothing."""

    detect: Callable[[Papers], Found]
    tables: tuple[str, ...]


@functools.cache
def nothing() -> Found:
    """No event at all."""
    claims = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    claims = claims.astype({"event_date": "datetime64[s]", "valued_on": "datetime64[s]", "units_owed": "int64",
                            "units_settled": "int64", "unit_value": "float64"})
    sources = pd.DataFrame({name: pd.Series(dtype="str") for name in WITNESS})
    return Found(claims, sources.astype({"claim": "int64", "units": "int64", "line": "int64"}))


def found(events: pd.DataFrame, settled: np.ndarray, sources: Sequence[pd.DataFrame], *, stage: str,
          ambiguous: pd.Categorical | str = "", note: pd.Categorical | str = "",
          unit_value: np.ndarray | float = np.nan) -> Found:
    """One claim per event: `events` have day, units, of TEXTS what they know, and maybe currency, valued_on (else the day),
    file and line (then the event's own row is its first source).

    `settled`: units of each event that something settled; `sources`: of `lines`, what says so; `ambiguous`: why the files
    cannot settle it; `note`: worth knowing, not a doubt; `unit_value`: where it is not for the policy to say.
    """
    size = len(events)
    if not size:
        return nothing()
    claims = pd.DataFrame({name: coded.coded(events[name]) if name in events else coded.of("", size) for name in TEXTS})
    claims["event_date"] = events["day"].to_numpy("datetime64[s]")
    claims["valued_on"] = events["valued_on" if "valued_on" in events else "day"].to_numpy("datetime64[s]")
    claims["units_owed"] = events["units"].to_numpy(np.int64)
    claims["units_settled"] = np.asarray(settled, np.int64)
    claims["unit_value"] = unit_value
    claims["stage"] = coded.of(stage, size)
    claims["currency"] = coded.coded(events["currency"]) if "currency" in events else coded.of("", size)
    for name, words in (("ambiguous", ambiguous), ("note", note)):
        claims[name] = coded.of(words, size) if isinstance(words, str) else words
    own = [lines(np.arange(size), events, "event")] if "file" in events else []
    return Found(claims, coded.stacked([nothing().sources, *own, *sources]))


def first_of(*reasons: pd.Categorical) -> pd.Categorical:
    """Per row the first reason that is given.

    >>> first_of(pd.Categorical(["", "too new"]), pd.Categorical(["no price", "no price"])).tolist()
    ['no price', 'too new']
    """
    every = coded.united(reasons)
    codes = every.codes.reshape(len(reasons), len(reasons[0]))
    given = codes != every.categories.get_indexer([""])
    return pd.Categorical.from_codes(codes[given.argmax(axis=0), np.arange(len(reasons[0]))], every.categories)
