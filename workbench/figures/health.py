"""The data-health page: what is loaded, what each analysis still needs and where to get it, and what was set aside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import charts, findings, specs
from workbench.books import Books
from workbench.checks import checks
from workbench.coverage import gaps
from workbench.detectors import DETECTORS
from workbench.display import Card, Chart, Figures, Note, Page, Table
from workbench.figures.shared import columns, reasons, titled
from workbench.words import Text, form, listed, named, same, say

OWN = ("cases", "incidents", "removal_receipts")  # the analyst's: a day without a row is no gap
SHOWN = 50  # problem lines that are shown with their raw text
# what can be said -> the tables it needs; the words' room that names it comes first
NEEDS = {("analysis", "loss_rate"): ("ledger_detail",),
         **{("claim_type", name): needs.tables for name, needs in DETECTORS.items()},
         ("analysis", "amounts"): ("costs",), ("analysis", "recovery"): ("cases",),
         ("analysis", "impact"): ("ledger_detail", "sops"), ("analysis", "identity"): ("ledger_summary",)}


def health_in_short(books: Books) -> Page:
    """How much was read, from when to when, and whether anything stands in the way. An empty folder leads by the hand."""
    read = books.files[books.files["status"] == "read"]
    if read.empty:
        return Page((Note(say("health.empty", folder=books.seller.folder.name), "warn"), Note(say("health.first_steps"))))
    aside, other = int(read["rows_set_aside"].sum()), int((books.files["status"] == "not read").sum())
    failed = checks(books).failed
    dated = read["first_day"].notna().any()
    first, last = ((f"{read['first_day'].min():%Y-%m}", f"{read['last_day'].max():%Y-%m}") if dated else ("", ""))
    cards = (
        Card("files", say("health.files"), form(len(read), "units"), say("health.rows", rows=int(read["rows"].sum())),
             raw=len(read)),
        Card("span", say("health.span"), _between(first, last) if dated else say("value.unknown"),
             say("health.through", day=min(read["last_day"].max().date(), books.through)) if dated else Text("", ""),
             raw=f"{first}..{last}" if dated else None),
        Card("aside", say("health.aside"), form(aside, "units"), say("health.not_read", files=other),
             tone="bad" if aside or other else "good", raw=aside),
        Card("checks_failed", say("health.checks_failed"), form(failed, "units"), say("health.checks_note"),
             tone="bad" if failed else "good", raw=failed),
    )
    return Page((Figures(cards),))


def loaded(books: Books) -> Table:
    """One row per report that was read: files, rows, first and last day, rows replaced, rows set aside."""
    read = books.files[books.files["status"] == "read"]
    rows = read.groupby("report", as_index=False).agg(
        files=("file", "size"), rows=("rows", "sum"), rows_used=("rows_used", "sum"),
        rows_replaced=("rows_replaced", "sum"), rows_set_aside=("rows_set_aside", "sum"),
        first_day=("first_day", "min"), last_day=("last_day", "max"))
    rows["title"] = [titled(name) for name in rows["report"]]
    return Table(rows, columns("title", "files", "rows", "rows_used", "rows_replaced", "rows_set_aside", "first_day",
                               "last_day"), say("health.loaded"), name="reports-loaded")


def covered(books: Books) -> Chart | Note:
    """The days each dated report covers, as one bar per run of days without a gap."""
    spans = [(table, first, last) for table in specs.tables() if table not in OWN for first, last in _spans(books, table)]
    if not spans:
        return Note(say("health.no_days"))
    rows = pd.DataFrame(spans, columns=["report", "first_day", "last_day"])
    rows["end"] = rows["last_day"] + pd.Timedelta(days=1)  # the last day itself is covered
    return charts.spans(rows, "report", "table", say("health.coverage"))


def possible(books: Books) -> Page:
    """What can be said with these files, what cannot, and which reports are missing for it."""
    rows = []
    for (room, name), tables in NEEDS.items():
        lacking = [table for table in tables if _lacks(books, table)]
        rows.append((named(room, name), say("health.no") if lacking else say("health.yes"),
                     listed(_lacked(books, table) for table in lacking), not lacking))
    frame = pd.DataFrame(rows, columns=["analysis", "possible", "lacking", "done"]).sort_values("done", kind="stable")
    count = int(frame["done"].sum())
    table = Table(frame, columns("analysis", "possible", "lacking"), say("health.possible"), name="what-is-possible")
    return Page((Note(say("health.possible_count", n=count, of=len(frame))), table))


def to_download(books: Books) -> Table | Note:
    """The reports that are missing, what each would make possible, and where Seller Central keeps it."""
    wanted: dict[str, list[Text]] = {}
    for (room, name), tables in NEEDS.items():
        for table in tables:
            if _lacks(books, table):
                wanted.setdefault(table, []).append(named(room, name))
    if not wanted:
        return Note(say("health.nothing_missing"))
    rows = [(_lacked(books, table), _menu(table), listed(uses)) for table, uses in wanted.items()]
    return Table(pd.DataFrame(rows, columns=["title", "menu", "used_for"]), columns("title", "menu", "used_for"),
                 say("health.to_download"), name="reports-to-download")


def set_aside(books: Books) -> Table | Note:
    """The lines that could not be read, each with its raw text as it stands in the file, and files that were not read."""
    rows = books.problems[books.problems["kind"] != "note"].head(SHOWN)
    if rows.empty:
        return Note(say("trust.no_problems"))
    texts = books.lines(rows["file"].astype("str") + ":" + rows["line"].astype("str"))
    rows = rows.assign(why=reasons(rows["why"]), raw=[text[:300] for text in texts],
                       line=[line or same("") for line in rows["line"]])  # 0 is a whole file
    return Table(rows, columns("file", "line", "column", "value", "why", "raw"), say("trust.problems"), name="set-aside")


def worth_knowing(books: Books) -> Table | Note:
    """What was read all the same but should be known (unknown columns and words, repeated headers, missing line ends): one
    row per kind of thing, with how often it turned up and the first places."""
    rows = findings.grouped(books)
    rows = rows[rows["kind"] == "note"]
    if rows.empty:
        return Note(say("health.no_notes"))
    rows = rows.assign(why=reasons(rows["why"]))
    return Table(rows, columns("column", "why", "count", "files", "places"), say("health.notes"), name="worth-knowing")


# ---------------------------------------------------------------------------------------------------- inside

def _spans(books: Books, table: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last day of each run of days that the table covers; none for a sheet or a snapshot."""
    spec = next((spec for spec in specs.reports().values() if spec.table == table and spec.day and not spec.snapshot), None)
    if spec is None or books.is_absent(table):
        return []
    days = np.unique(books.table(table, [spec.day])[spec.day].dropna().to_numpy().astype("datetime64[D]"))
    if not len(days):
        return []
    holes = gaps(days)
    one = np.timedelta64(1, "D")
    starts = [days[0], *(np.datetime64(last) + one for _, last in holes)]
    ends = [*(np.datetime64(first) - one for first, _ in holes), days[-1]]
    return [(pd.Timestamp(a), pd.Timestamp(b)) for a, b in zip(starts, ends, strict=True)]


def _lacks(books: Books, table: str) -> bool:
    return books.is_absent(table) or books.table(table, []).empty


def _between(first: str, last: str) -> Text:
    a, b = (form(month, "month_short") for month in (first, last))
    return Text(f"{a.en} – {b.en}", f"{a.zh} – {b.zh}")


def _spec(table: str) -> specs.Spec:
    return next(spec for spec in specs.reports().values() if spec.table == table)


def _titled_table(table: str) -> Text:
    """What Seller Central calls the report; a table that several kinds of report fill has the name of the table."""
    kinds = [spec for spec in specs.reports().values() if spec.table == table]
    return titled(kinds[0].name) if len(kinds) == 1 else named("table", table)


def _menu(table: str) -> Text:
    menu = _spec(table).menu
    return Text(menu.get("en", ""), menu.get("zh", menu.get("en", "")))


def _lacked(books: Books, table: str) -> Text:
    """What a report that is missing is called, and that it was found where it only holds no row."""
    title = _titled_table(table)
    return title if books.is_absent(table) else say("health.no_row", title=title)
