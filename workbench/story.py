"""What `workbench check` says: what was read, from when to when, what was not, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from workbench import findings, specs
from workbench.books import Books
from workbench.checks import Checks

SHOWN = 20  # groups of one kind
TITLES = {"row": "Rows set aside", "doubt": "Read, but doubtful", "empty": "Empty reports", "note": "Worth knowing"}
# Why a check cannot tell: the tables it stands on, beside the one it is about.
STANDS_ON = {"detail_summary": ("ledger_summary", "ledger_detail")}


def story(books: Books, found: Checks) -> str:
    """The whole story as lines for a terminal."""
    return "\n".join([*_head(books), *_reports(books), *_others(books), *_found(books), *_checks(books, found)])


def short(books: Books, found: Checks) -> str:
    """Why the files are not fit to be trusted blindly, in one line; "" when nothing speaks against them."""
    if books.files.empty or not (books.files["report"] != "").any():
        return "no report was found in the folder"
    failed = found.table[found.table["outcome"] == "failed"]
    said = [_named(row) for row in failed.itertuples()]
    doubts = int((books.problems["kind"] == "doubt").sum())
    said = [f"failed: {', '.join(said)}"] if said else []
    return "; ".join(said + ([f"{doubts} doubt{'s' * (doubts > 1)} about what was read"] if doubts else []))


def _head(books: Books) -> Iterator[str]:
    seller, status = books.seller, books.files["status"]
    dated = books.files["last_day"].notna().any()
    yield (f"{seller.name}  region {seller.region or 'unknown'}  calendar {seller.time_zone}"
           + (f"  through {books.through}" if dated else ""))
    copies = int(status.str.startswith("identical").sum())
    counts = [(int((status == "read").sum()), "read"), (copies, "the same as another"),
              (int((status == "not read").sum()), "not read"), (int((status == "not an export").sum()), "no exports")]
    yield f"{len(books.files)} files: " + ", ".join(f"{count} {what}" for count, what in counts if count) if len(
        books.files) else "The folder holds no file. Put the exports of Seller Central into it."


def _reports(books: Books) -> Iterator[str]:
    read = books.files[books.files["status"] == "read"]
    if read.empty:
        return
    yield ""
    yield f"{'Reports':24}{'files':>6}{'rows':>12}  {'first and last day':24}{'replaced':>10}{'set aside':>11}"
    for report, group in read.groupby("report", sort=True):
        first, last = group["first_day"].min(), group["last_day"].max()
        days = "no dates" if pd.isna(last) else f"{first:%Y-%m-%d}..{last:%Y-%m-%d}"
        yield (f"  {report:22}{len(group):6}{group['rows'].sum():12,}  {days:24}"
               f"{group['rows_replaced'].sum():10,}{group['rows_set_aside'].sum():11,}")


def _others(books: Books) -> Iterator[str]:
    """The files that gave no rows: refused ones with the reason, copies and other files by name."""
    reasons = books.problems[books.problems["kind"] == "file"]
    if len(reasons):
        yield from ("", "Files not read")
        yield from (f"  {row.file}: {row.why}" for row in reasons.head(SHOWN).itertuples())
        yield from _more(len(reasons))
    copies = books.files[books.files["status"].str.startswith("identical")]
    if len(copies):
        yield from ("", "The same as another file, counted once")
        yield from (f"  {row.file}: {row.status}" for row in copies.head(SHOWN).itertuples())
        yield from _more(len(copies))
    passed = books.files.loc[books.files["status"] == "not an export", "file"]
    if len(passed):
        yield from ("", "No exports, passed over", f"  {', '.join(passed.head(SHOWN))}", *_more(len(passed)))


def _found(books: Books) -> Iterator[str]:
    table = findings.grouped(books)
    for kind, title in TITLES.items():
        groups = table[table["kind"] == kind]
        if len(groups):
            yield from ("", title)
            yield from (_group(row) for row in groups.head(SHOWN).itertuples())
            yield from _more(len(groups), " --notes" if kind == "note" else "")


def _group(row) -> str:
    said = f"{row.column} - {row.why}" if row.column else row.why
    if row.count == 1:
        return f"  {row.places}: {said}"
    where = f"in {row.files} files, first " if row.files > 1 else "first "
    return f"  {row.count:,} × {said}  ({where}{row.places})"


def _checks(books: Books, found: Checks) -> Iterator[str]:
    """Failed ones first, then those that cannot tell and why, then those that passed."""
    table = found.table
    counts = table["outcome"].value_counts()
    yield from ("", f"Checks: {counts.get('passed', 0)} passed, {counts.get('failed', 0)} failed, "
                    f"{counts.get('unknown', 0)} could not tell")
    for row in table[table["outcome"] == "failed"].itertuples():
        yield f"  failed    {_named(row)}: {said(row)}".rstrip(": ")
        broken = found.breaks[found.breaks["check"] == row.check] if not row.detail else found.breaks.head(0)
        yield from (f"              {_broken(each)}" for each in broken.head(3).itertuples())
        if len(broken) > 3:
            yield f"              … and {len(broken) - 3} more"
    unsure = table[table["outcome"] == "unknown"]
    whys = pd.Series([_lacking(books, row) for row in unsure.itertuples()], unsure.index, dtype="str")
    for why, rows in unsure.groupby(whys, sort=False):
        yield f"  unknown   {', '.join(_named(row) for row in rows.itertuples())}: {why}"
    for row in table[table["outcome"] == "passed"].itertuples():
        yield f"  passed    {_named(row)}{f' of {row.of:,}' if row.of else ''}{f': {row.detail}' if row.detail else ''}"


def _named(row) -> str:
    return " ".join(filter(None, (row.report, row.check)))


def said(row) -> str:
    """What a failed check found (`row` of `Checks.table`): "nothing after 2026-06-30, 20 days …", "2 of 50 ledger.txt"."""
    if row.check == "up_to_date":
        return f"nothing after {row.detail}, {row.count} days before the last day looked at"
    return f"{row.count:,} of {row.of:,} {row.detail}"


def _broken(row) -> str:
    """One row of `breaks`: where, what was expected, what was found."""
    day = f"{row.day:%Y-%m-%d}" if isinstance(row.day, pd.Timestamp) else ""  # NaT is none
    what = " ".join(str(word) for word in (row.fnsku, row.disposition, row.place, day) if word and pd.notna(word))
    where = f"{row.file}:{row.line}: " if row.file else ""
    return f"{where}{what}: expected {row.expected:,.10g}, found {row.found:,.10g}"


def _lacking(books: Books, row) -> str:
    """Why a check cannot tell: the report it lacks and where to get it, or that nothing in it can be compared."""
    if row.detail:
        return row.detail
    lacking = [table for table in STANDS_ON.get(row.check, (row.report,)) if table and books.is_absent(table)]
    if not lacking:
        return "nothing in the files can be compared"
    spec = [spec for spec in specs.reports().values() if spec.table == lacking[0]][-1]
    return f"no {spec.title['en']} in the folder ({spec.menu['en']})"


def _more(count: int, option: str = "") -> Iterator[str]:
    if count > SHOWN:
        yield f"  … and {count - SHOWN} more; --out FILE.csv{option} writes them all"
