"""The sentences, key figures, charts and tables of the analyses: each function takes their tables and gives one block.

Sentences are made from the same rows as the picture beside them. What cannot be known is said to be unknown, with the
reason; nothing here computes a rate or reads a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench import __version__, charts, loss
from workbench.books import Books
from workbench.checks import Checks, checks, uncovered
from workbench.display import Card, Chart, Column, Figures, Note, Page, Record, Table
from workbench.words import Money, Text, form, known, same, say

SHOWN = 12  # centres or SKUs in a chart


def months_back(month: str, count: int) -> str:
    """The month `count` months before.

    >>> months_back("2026-02", 3)
    '2025-11'
    """
    return str(np.datetime64(month) - count)


def month_in_short(books: Books, rates: pd.DataFrame, month: str) -> Page:
    """The month's loss rate, units and money as key figures with last month's beside them, and what they say.

    `rates`: `loss.loss_rates(by=["month"])`. A month the ledger does not cover is unknown, never zero.
    """
    baseline = books.seller.baseline
    now, before = (loss.headline(rates, name, baseline=baseline) for name in (month, months_back(month, 1)))
    why = not_covered(books, month)
    if why is not None:
        unknown = say("value.unknown")
        cards = tuple(Card(name, say(f"loss.{name}"), unknown) for name in ("rate", "units", "damaged", "amount"))
        return Page((Figures(cards), Note(say("loss.unknown", month=month, why=why), "warn")))
    earlier = not_covered(books, before.period) is None
    cards = (
        Card("rate", say("loss.rate"), form(now.loss_rate, "percent"),
             say("loss.rate_note", low=now.low, high=now.high),
             say("loss.change", before=before.loss_rate, month=before.period) if earlier else Text("", ""),
             {"above": "bad", "below": "good"}.get(now.verdict, ""), now.loss_rate),
        Card("units", say("loss.units"), form(now.units_lost, "units"),
             say("loss.units_note", gross=now.units_lost_gross, found=now.units_lost_gross - now.units_lost,
                 handled=now.units_handled),
             say("loss.change_units", before=before.units_lost, month=before.period) if earlier else Text("", ""),
             raw=now.units_lost),
        Card("damaged", say("loss.damaged"), form(now.units_damaged, "units"), say("loss.damaged_note"),
             say("loss.change_units", before=before.units_damaged, month=before.period) if earlier else Text("", ""),
             raw=now.units_damaged),
        Card("amount", say("loss.amount"), form(Money(now.amount_lost, now.currency), "money"), _valued(now),
             raw=now.amount_lost),
    )
    told = Note(say(f"loss.{now.verdict}", month=month, lost=now.units_lost, handled=now.units_handled,
                    rate=now.loss_rate, low=now.low, high=now.high, baseline=baseline, why=say("loss.why_no_month")))
    blocks = [Figures(cards), told]
    if not now.is_mature:
        blocks.append(Note(say("loss.immature", month=month, days=loss.MATURE_DAYS), "warn"))
    return Page((*blocks, Note(say("loss.baseline", baseline=baseline), "quiet")))


def _valued(now: loss.Headline) -> Text:
    if np.isnan(now.amount_lost):
        return say("loss.amount_note_none")
    return say("loss.amount_note_part", unvalued=now.units_unvalued) if now.units_unvalued else say("loss.amount_note")


def rate_over_time(rates: pd.DataFrame, month: str, baseline: float, count: int = 24) -> Page:
    """The loss rate of the months up to `month`, as a chart and as a table. `rates`: `loss_rates(by=["month"])`."""
    rows = rates[(rates["month"] <= month) & (rates["month"] > months_back(month, count))].reset_index(drop=True)
    if rows.empty:
        return Page((Note(say("loss.no_months"), "warn"),))
    chart = charts.both(lambda language: charts.rate_over_months(rows, baseline, language),
                        say("loss.over_time", baseline=baseline))
    table = Table(rows.iloc[::-1], _columns(
        "month", "units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "loss_rate",
        "loss_rate_low", "loss_rate_high", "verdict", "amount_lost", "is_mature"),
        name="loss-rate-by-month", labels={"verdict": "verdict", "is_mature": "yes"})
    return Page((chart, table))


def kinds_over_time(rates: pd.DataFrame, month: str, count: int = 24) -> Chart | Note:
    """Units still missing, found again and damaged, per month of the loss. `rates`: `loss_rates(by=["month"])`."""
    rows = rates[(rates["month"] <= month) & (rates["month"] > months_back(month, count))]
    if rows.empty:
        return Note(say("loss.no_months"), "warn")
    long = rows.rename(columns={"units_lost": "missing", "units_found": "found", "units_damaged": "damaged"}).melt(
        "month", ["missing", "found", "damaged"], "kind", "units")
    return charts.both(
        lambda language: charts.stacked_months(long, "units", "kind", "kind", language, ("missing", "damaged", "found")),
        say("loss.kinds_over_time"))


def where(rates: pd.DataFrame, by: str, since: str, baseline: float) -> Page:
    """Where the loss sits: one row per centre or SKU, most lost first, and which lie above the baseline for sure.

    `rates`: `loss_rates(by=[by], months=(since, …))`.
    """
    if rates.empty:
        return Page((Note(say("loss.no_months"), "warn"),))
    rows = loss.shares(rates, by)
    lost = int(rows["units_lost"].sum())
    if not lost:
        return Page((Note(say("loss.where_none", since=since)),))
    top = rows[rows["units_lost"] > 0].head(SHOWN)
    if by == "fulfillment_center":
        first = top.iloc[0]
        text = say("loss.where_center", first=first[by], share=first["share_lost"], handled=first["share_handled"],
                   since=since, n=len(top))
    else:
        half = int((rows["share_so_far"] < 0.5).sum()) + 1
        text = say("loss.where_sku", n=half, of=len(rows), lost=lost, since=since)
    chart = charts.both(lambda language: charts.rate_intervals(top, by, baseline, language), text)
    sure = rows.loc[rows["verdict"] == "above", by].astype("str").tolist()
    note = say("loss.above_list", names=", ".join(sure[:20])) if sure else say("loss.above_none")
    table = Table(rows, _columns(
        by, "units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "share_lost",
        "share_handled", "concentration", "loss_rate", "loss_rate_low", "loss_rate_high", "verdict", "amount_lost"),
        name=f"loss-by-{by}".replace("_", "-"), labels={"verdict": "verdict"})
    return Page((chart, Note(note), table))


def by_reason(rates: pd.DataFrame) -> Table:
    """Units lost by reason code and disposition. `rates`: `loss_rates(by=["reason", "disposition"], …)`."""
    rows = rates[(rates["units_lost_gross"] > 0) | (rates["units_damaged"] > 0)]
    rows = rows.sort_values(["units_lost", "units_damaged"], ascending=False)
    return Table(rows, _columns("reason", "disposition", "units_lost_gross", "units_found", "units_lost",
                                "units_damaged", "amount_lost"),
                 say("loss.by_reason"), name="loss-by-reason", labels={"reason": "reason"})


def largest(losses: pd.DataFrame, month: str, count: int = 25) -> Table | Note:
    """The month's largest losses with the file lines that say so. `losses`: `loss.losses(…)`."""
    rows = losses[losses["month"] == month].sort_values(["units_lost", "units_lost_gross"], ascending=False).head(count)
    if rows.empty:
        return Note(say("loss.events_none", month=month))
    return Table(rows, _columns("event_date", "msku", "fnsku", "fulfillment_center", "disposition", "reason",
                                "reference_id", "units_lost_gross", "units_found", "units_lost", "sources"),
                 say("loss.events", month=month), name=f"losses-{month}", labels={"reason": "reason"})


# ---------------------------------------------------------------------------------------------------- trust

def not_covered(books: Books, month: str) -> Text | None:
    """Why the month's figures of the ledger are unknown; None when the ledger covers the month."""
    if books.is_absent("ledger_detail"):
        return say("loss.why_no_ledger")
    days = np.unique(books.table("ledger_detail", ["event_date"])["event_date"].to_numpy("datetime64[D]"))
    first, last = _ends(month)
    missing = uncovered(days, first, min(last, books.through))
    if len(days) and first > books.through:
        return say("loss.why_no_month")
    if not missing:
        return None
    spans = ", ".join(f"{a}..{b}" for a, b in missing)
    return say("loss.why_gap", days=spans)


def _ends(month: str) -> tuple[dt.date, dt.date]:
    first = np.datetime64(month, "D").item()
    return first, (np.datetime64(month) + 1).astype("datetime64[D]").item() - dt.timedelta(days=1)


def trust(books: Books, month: str, *, as_of: str, policy: str, needs: Sequence[str] = ("ledger_detail",)) -> Page:
    """The last section of every page: checks, what was not read, files, rules; and the record of the run.

    `needs`: the tables this page's figures stand on; what is absent of them is named.
    """
    found = checks(books)
    read = books.files[books.files["report"] != ""]
    blocks: list = [*_verdicts(books, found, month, needs)]
    table = found.table.assign(report=found.table["report"].astype("str"))
    blocks += [
        Table(table, _columns("check", "report", "outcome", "count", "of", "detail"), say("trust.checks"), name="checks",
              labels={"check": "check", "outcome": "outcome", "report": "table"}),
        _aside(books),
        Table(read.assign(sha256=read["sha256"].str[:16]),
              _columns("file", "report", "rows", "rows_used", "rows_replaced", "rows_set_aside", "first_day", "last_day",
                       "encoding", "sha256"), say("trust.files"), name="files", labels={"report": "table"}),
        _rules(books, as_of, policy), Note(say("page.footer", version=__version__), "quiet")]
    failed = bool(found.failed) or not_covered(books, month) is not None
    absent = [name for name in needs if books.is_absent(name)]
    facts = {"seller": books.seller.name, "month": month, "as_of": as_of, "policy": policy, "absent": absent,
             "checks_failed": found.failed, "version": __version__,
             "files": read[["file", "report", "rows", "sha256"]].to_dict("records")}
    return Page((*blocks, Record(facts, incomplete=failed or bool(absent))))


def _verdicts(books: Books, found: Checks, month: str, needs: Sequence[str]) -> list[Note]:
    table = found.table
    notes = []
    absent = [name for name in needs if books.is_absent(name)]
    if absent:
        notes.append(Note(say("trust.absent", names=_names(absent)), "warn"))
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
    parts = [(say(f"check.{row.check}"), _table(row.report) if row.report else same(""))
             for row in rows[["check", "report"]].drop_duplicates().itertuples()]
    return Text("; ".join(f"{a.en} ({b.en})" if b.en else a.en for a, b in parts),
                ";".join(f"{a.zh}({b.zh})" if b.zh else a.zh for a, b in parts))


def _names(tables: Sequence[str]) -> Text:
    parts = [_table(name) for name in tables]
    return Text(", ".join(part.en for part in parts), "、".join(part.zh for part in parts))


def _table(name: str) -> Text:
    return say(f"table.{name}") if known(f"table.{name}") else same(name)


def _aside(books: Books) -> Table | Note:
    rows = books.problems[books.problems["kind"] != "note"]
    if rows.empty:
        return Note(say("trust.no_problems"))
    return Table(rows, _columns("file", "line", "column", "value", "why"), say("trust.problems"), name="problems")


def _rules(books: Books, as_of: str, policy: str) -> Table:
    """What the figures were made with: definitions, intervals, settings."""
    costs = say("trust.rule_costs_none") if books.is_absent("costs") else say("trust.rule_costs_some",
                                                                              n=len(books["costs"]))
    rows = [("definition", say("trust.rule_definition_text")), ("interval", say("trust.rule_interval_text")),
            ("baseline", form(books.seller.baseline, "percent")), ("costs", costs), ("policy", same(policy)),
            ("as_of", form(dt.date.fromisoformat(as_of), "date")), ("calendar", same(books.seller.time_zone)),
            ("version", same(__version__))]
    frame = pd.DataFrame({"rule": [say(f"trust.rule_{name}") for name, _ in rows], "setting": [text for _, text in rows]})
    return Table(frame, _columns("rule", "setting"), say("trust.rules"), name="rules")


FORMS = {"units": "units", "loss_rate": "percent", "amount": "money", "share": "share", "rows": "units", "count": "units",
         "of": "units", "line": "units", "concentration": "times"}
DATES = ("event_date", "first_day", "last_day")


def _columns(*names: str) -> tuple[Column, ...]:
    """Columns by their registered names: what they are called and how their values are written."""
    return tuple(Column(name, say(f"column.{name}"), _form(name)) for name in names)


def _form(name: str) -> str:
    if name in DATES:
        return "date"
    if name == "month":
        return "month"
    return FORMS.get(name) or FORMS.get(name.split("_")[0]) or (
        "percent" if name.startswith("loss_rate") else "text")
