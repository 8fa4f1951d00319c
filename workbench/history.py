"""One export against another: days that Amazon restated, exports that shrank, one report saved under several names.

The books take each day from its newest export. That is right when the newest is whole; here is told where it may not be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from workbench import specs
from workbench.books import Books
from workbench.overlaps import Rivals

SETTLING = 3  # days: an export's last days may still change, later ones should not
SHRUNK = 0.5  # a newer export with fewer than this share of the rows for the same days is suspect
LASTING = ("reimbursement_id", "order_id")  # what a later export of the same days still has
STRANGE = 5  # distinct SKUs in each of two exports that share none: hardly one seller's
FEWEST = 4  # rows; fewer say nothing about a shrinking file
CHANGING = ("title", "units_reconciled", "units_unreconciled", "line")  # may change without the event changing


def compared(books: Books) -> list[tuple]:
    """Rows per table whose exports overlap, as (check, report, outcome, count, of, detail).

    `restated`: days that a newer export tells otherwise than an older one, though they had settled (reports whose rows
    are final, `final = true` in their spec). `shrunk`: newer exports with less than half of the rows, or of the orders, for
    common days. `copies`: exports that say the same of the same days, like a regional report saved under several
    marketplaces; they count once. `one_seller`: exports of the same days that share no SKU; the newest owns the days, so
    that the other's rows count nowhere.
    """
    found = []
    for table, spec in {spec.table: spec for spec in specs.reports().values() if spec.owner is None and spec.day}.items():
        pairs = books.rivals(table)
        if not pairs:
            continue
        shrunk, strange = ([text for pair in pairs for text in told(pair)] for told in (_shrunk, _strangers))
        changed, copies, days = [], [], 0
        for newer, older, first, last, new, old in pairs:
            differ, seen = different_days(new, old, spec.day, first, last - dt.timedelta(days=SETTLING))
            days += seen
            if spec.final:
                changed += [(f"{span} in {newer} and {older}", count) for span, count in runs(differ)]
            if len(new) == len(old) and not different_days(new, old, spec.day, first, last)[0]:
                copies.append(f"{newer} = {older}")
        if spec.final:
            told = [text for text, _ in changed]
            found.append(_row("restated", table, told, days, failed=bool(told), count=sum(n for _, n in changed)))
        found.append(_row("shrunk", table, shrunk, len(pairs), failed=bool(shrunk)))
        if strange:
            found.append(_row("one_seller", table, strange, len(pairs), failed=True))
        if copies:
            found.append(_row("copies", table, copies, len(pairs), failed=False))
    return found


def different_days(new: pd.DataFrame, old: pd.DataFrame, day: str, first: dt.date,
                   last: dt.date) -> tuple[list[dt.date], int]:
    """The days from `first` to `last` on which two exports of one report hold different rows, and how many either has.

    Rows are compared as a bag: their order says nothing, their number does. A column that one export lacks is left out.

    >>> a = pd.DataFrame({"on": pd.to_datetime(["2026-05-01", "2026-05-02"]), "units": [1, 2]})
    >>> b = a.assign(units=[1, 3])
    >>> different_days(b, a, "on", dt.date(2026, 5, 1), dt.date(2026, 5, 2))
    ([datetime.date(2026, 5, 2)], 2)
    """
    columns = [name for name in old if name in new and name not in CHANGING and _says(new[name]) and _says(old[name])]
    bags = []
    for rows in (new, old):
        inside = rows[rows[day].between(pd.Timestamp(first), pd.Timestamp(last))]
        plain = inside[columns].apply(lambda column: column.astype("str") if isinstance(column.dtype, pd.CategoricalDtype)
                                      else column)
        marks = pd.util.hash_pandas_object(plain, index=False).to_numpy()
        bags.append(pd.Series(marks, index=inside[day].to_numpy()).groupby(level=0).agg(["sum", "size"]))
    new, old = bags[0].align(bags[1])
    differ = ~(new.eq(old).all(axis=1))
    return [stamp.date() for stamp in new.index[differ]], len(new)


def _shrunk(pair: Rivals) -> Iterator[str]:
    """Why the newer export may lack rows of the older one: it has far fewer, or far fewer of its orders."""
    newer, older, first, last, new, old = pair
    if len(old) >= FEWEST and len(new) < SHRUNK * len(old):
        yield f"{newer} has {len(new)} rows for {first}..{last}, {older} has {len(old)}"
    key, ours, theirs = _words(new, old, LASTING)
    if len(theirs) >= STRANGE and len(ours & theirs) < SHRUNK * len(theirs):
        yield (f"{newer} has {len(ours & theirs)} of the {len(theirs)} {key} of {older} for {first}..{last}: the others "
               "count nowhere. Export all marketplaces in one file")


def _strangers(pair: Rivals) -> Iterator[str]:
    """Why the two exports may be of two sellers: they share no SKU."""
    newer, older, first, last, new, old = pair
    key, ours, theirs = _words(new, old, ("fnsku", "msku"))
    if min(len(ours), len(theirs)) >= STRANGE and not ours & theirs:
        yield (f"{newer} and {older} share no {key} for {first}..{last}: two sellers in one folder? Keep each in a folder "
               "of their own")


def _words(new: pd.DataFrame, old: pd.DataFrame, columns: tuple[str, ...]) -> tuple[str, set[str], set[str]]:
    """The first of the columns that both exports have, and the words each has in it."""
    key = next((name for name in columns if name in new and name in old), "")
    ours, theirs = (set(rows[key].unique()) - {""} if key else set() for rows in (new, old))
    return key, ours, theirs


def _says(column: pd.Series) -> bool:
    """Whether the column holds anything."""
    return bool((column.notna() & (column.astype("str") != "")).any())


def runs(days: list[dt.date]) -> list[tuple[str, int]]:
    """Consecutive days as spans, each with how many days it has.

    >>> runs([dt.date(2026, 5, 1), dt.date(2026, 5, 2), dt.date(2026, 5, 4)])
    [('2026-05-01..2026-05-02', 2), ('2026-05-04', 1)]
    """
    spans: list[list[dt.date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == dt.timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    return [(f"{span[0]}..{span[-1]}" if len(span) > 1 else f"{span[0]}", len(span)) for span in spans]


def _row(check: str, table: str, found: list[str], of: int, *, failed: bool, count: int | None = None) -> tuple:
    outcome = "failed" if failed else "passed" if of else "unknown"
    return check, table, outcome, len(found) if count is None else count, of, "; ".join(found[:20])
