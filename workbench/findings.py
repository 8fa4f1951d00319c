"""What was set aside, refused, doubted or noted, one row per kind of thing: a hundred files say one thing once."""

from __future__ import annotations

import re

import pandas as pd

from workbench.books import Books

KINDS = ("file", "row", "doubt", "empty", "note")
PLACES = 3  # of each group that are named
_OWN = re.compile(r"'[^']*'|\[.*\]|\d[\d.,:/-]*")  # what a reason says of one place only


def grouped(books: Books) -> pd.DataFrame:
    """One row per kind, column and reason: kind, column, why (of the first place), count, files, places.

    Reasons that differ only in what they quote or count are one. `places`: the first few, as file:line. Rows are in the
    order of KINDS, the most frequent first.
    """
    found = books.problems
    place = found["file"].where(found["line"] == 0, found["file"] + ":" + found["line"].astype("str"))
    rows = found.assign(place=place, said=[_OWN.sub("…", why) for why in found["why"]],
                        kind=pd.Categorical(found["kind"], KINDS, ordered=True))
    groups = rows.groupby(["kind", "column", "said"], observed=True, sort=False)
    table = groups.agg(why=("why", "first"), count=("place", "size"), files=("file", "nunique"),
                       places=("place", lambda places: ", ".join(places.unique()[:PLACES])))
    return table.reset_index().drop(columns="said").sort_values(["kind", "count"], ascending=[True, False], kind="stable",
                                                                ignore_index=True)
