"""How far a page can be trusted: what it stands on, what is missing, which checks failed, which rules were used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from workbench import __version__
from workbench.books import Books
from workbench.checks import Checks, checks
from workbench.coverage import uncovered
from workbench.display import Note, Page, Record, Table
from workbench.figures.shared import columns, reasons, rules_named, titled
from workbench.months import first_day, last_day
from workbench.words import Text, form, joined, listed, named, reason, same, say

RULES = {"loss": ("definition", "interval", "baseline"), "claims": ("claims", "expected"), "files": ("reading",),
         "impact": ("outcome", "effect"), "closing": ("definition", "claims")}  # what a page is about -> its definitions
OUTCOMES = ("failed", "unknown", "passed")  # of checks, what matters first


def not_covered(books: Books, month: str) -> Text | None:
    """Why the month's figures of the ledger are unknown; None when the ledger covers the month."""
    if books.is_absent("ledger_detail"):
        return say("loss.why_no_ledger")
    days, first = _ledger_days(books), first_day(month)
    missing = uncovered(days, first, min(last_day(month), books.through))
    if len(days) and first > books.through:
        return say("loss.why_no_month")
    if not missing:
        return None
    spans = ", ".join(f"{a}..{b}" for a, b in missing)
    return say("loss.why_gap", days=spans)


def covered_months(books: Books, since: str, month: str) -> pd.Series:
    """Whether the ledger covers the whole of each month from `since` to `month`; indexed by month."""
    months = np.arange(np.datetime64(since), np.datetime64(month) + 1)
    known = pd.Series(not books.is_absent("ledger_detail"), index=months.astype("str"))
    if books.is_absent("ledger_detail"):
        return known
    for first, last in uncovered(_ledger_days(books), first_day(since), min(last_day(month), books.through)):
        known[str(first)[:7]:str(last)[:7]] = False
    return known


def _ledger_days(books: Books) -> np.ndarray:
    """The days on which the ledger has a row, in their order."""
    return np.unique(books.table("ledger_detail", ["event_date"])["event_date"].to_numpy("datetime64[D]"))


def trust(books: Books, month: str, *, as_of: str, policy: str, needs: Sequence[str] = ("ledger_detail",),
          about: str = "loss") -> Page:
    """The last section of every page: checks, what was not read, files, rules; and the record of the run.

    `needs`: the tables this page's figures stand on; what is absent of them is named. `about`: whose rules stand on the
    page, a name of RULES.
    """
    found = checks(books)
    read = books.files[books.files["report"] != ""]
    blocks: list = [*_verdicts(books, found, month, needs)]
    table = found.table.iloc[found.table["outcome"].map(OUTCOMES.index).argsort(kind="stable")]
    newest = table["check"].eq("up_to_date")  # counts days, of none
    table = table.assign(report=table["report"].astype("str"),
                         exceptions=table["count"].astype("object").mask(newest, same("")),
                         checked=table["of"].astype("object").mask(newest, same("")),
                         detail=[_newest(row) if row.check == "up_to_date" else _told(row.detail)
                                 for row in table.itertuples()])
    sources = read.assign(report=[titled(name) for name in read["report"]])
    blocks += [
        Table(table, columns("check", "report", "outcome", "exceptions", "checked", "detail"), say("trust.checks"),
              name="checks", labels={"check": "check", "outcome": "outcome", "report": "table"}),
        _aside(books),
        Table(sources, columns("file", "report", "rows", "rows_used", "rows_replaced", "rows_set_aside", "first_day",
                            "last_day", "encoding", "sha256"), say("trust.files"), name="files"),
        _rules(books, as_of, policy, about)]
    failed = bool(found.failed) or not_covered(books, month) is not None
    absent = [name for name in needs if books.is_absent(name)]
    facts = {"seller": books.seller.name, "month": month, "as_of": as_of, "policy": policy,
             "policy_title": asdict(rules_named(policy)), "absent": absent,
             "checks_failed": found.failed, "failed": found.table.loc[found.table["outcome"] == "failed", "check"].tolist(),
             "version": __version__,
             "files": read[["file", "report", "rows", "sha256"]].assign(
                 first_day=_iso(read["first_day"]), last_day=_iso(read["last_day"])).to_dict("records")}
    return Page((*blocks, Record(facts, incomplete=failed or bool(absent))))


def _newest(row) -> Text:
    """The newest day of a report, and how long before the day looked at it is."""
    day = form(dt.date.fromisoformat(row.detail), "date")
    return say("trust.newest", day=day, days=row.count) if row.count else day


def _told(detail: str) -> Text:
    """What a check found, each part in both languages."""
    return joined((reason(part) for part in detail.split("; ")), "; ", "；")


def _iso(days: pd.Series) -> list[str]:
    """Days as ISO text, "" where a file has none."""
    return ["" if pd.isna(day) else str(day)[:10] for day in days]


def _verdicts(books: Books, found: Checks, month: str, needs: Sequence[str]) -> list[Note]:
    table = found.table
    notes = []
    absent = [name for name in needs if books.is_absent(name)]
    if absent:
        notes.append(Note(say("trust.absent", names=listed(named("table", name) for name in absent)), "warn"))
    why = not_covered(books, month)
    if why is not None and "ledger_detail" not in absent:
        notes.append(Note(say("loss.unknown", month=month, why=why), "warn"))
    first, last = books.first_day("ledger_detail"), books.last_day("ledger_detail")
    if first:
        notes.append(Note(say("trust.covered", first=first, last=last)))
    failed, unknown = (table[table["outcome"] == outcome] for outcome in ("failed", "unknown"))
    if len(failed):
        notes.append(Note(say("trust.failed", failed=len(failed), of=len(table), names=_checks(failed)), "warn"))
    elif not absent:
        notes.append(Note(say("trust.sound", files=int((books.files["status"] == "read").sum()),
                              rows=int(books.files["rows"].sum()), checks=int((table["outcome"] == "passed").sum()))))
    if len(unknown):
        notes.append(Note(say("trust.unknown", unknown=len(unknown), names=_checks(unknown))))
    aside = int(books.files["rows_set_aside"].sum())
    return [*notes, *([Note(say("trust.aside", rows=aside), "warn")] if aside else [])]


def _checks(rows: pd.DataFrame) -> Text:
    """The checks' names and reports in a row, each once."""
    parts = []
    for row in rows[["check", "report"]].drop_duplicates().itertuples():
        check, report = say(f"check.{row.check}"), named("table", row.report)
        parts.append(Text(f"{check.en} ({report.en})", f"{check.zh}（{report.zh}）") if row.report else check)
    return joined(parts, "; ", "；")


def _aside(books: Books) -> Table | Note:
    rows = books.problems[books.problems["kind"] != "note"]
    if rows.empty:
        return Note(say("trust.no_problems"))
    rows = rows.assign(why=reasons(rows["why"]), line=[line or same("") for line in rows["line"]])  # 0 is a whole file
    return Table(rows, columns("file", "line", "column", "value", "why"), say("trust.problems"), name="problems")


def _rules(books: Books, as_of: str, policy: str, about: str) -> Table:
    """What the figures were made with: the definitions of what the page is about, and the settings of all pages."""
    costs = say("trust.rule_costs_none") if books.is_absent("costs") else say("trust.rule_costs_some",
                                                                              n=len(books["costs"]))
    rules = say("trust.rule_policy_text", title=rules_named(policy), name=same(policy))
    told = {"baseline": form(books.seller.baseline, "percent"), "outcome": say("impact.outcome")}
    rows = [*((name, told[name] if name in told else say(f"trust.rule_{name}_text")) for name in RULES[about]),
            ("costs", costs), ("policy", rules),
            ("as_of", form(dt.date.fromisoformat(as_of), "date")), ("calendar", same(books.seller.time_zone)),
            ("version", same(__version__))]
    frame = pd.DataFrame({"rule": [say(f"trust.rule_{name}") for name, _ in rows], "setting": [text for _, text in rows]})
    return Table(frame, columns("rule", "setting"), say("trust.rules"), name="rules")
