"""The SOP-impact page: the verdict and its reasons, what could have fooled it, the pictures, and what else to watch.

Every sentence is made from the `Impact` whose numbers stand beside it. Outcomes are incidents and units, not reimbursed
money: the basis of reimbursements changed on the days in BREAKS.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench import incidents
from workbench.books import Books
from workbench.display import Card, Chart, Column, Figures, Note, Page, Table
from workbench.figures import watching
from workbench.figures.shared import columns, reasons
from workbench.impact import Impact, sentences
from workbench.impact.estimate import Estimate
from workbench.words import Money, Text, form, is_unknown, same, say

BREAKS = {"2024-10": "windows", "2024-11": "automatic", "2025-03": "valuation"}  # 2024-10-23, 2024-11-01, 2025-03-31


def verdict(found: Impact) -> Page:
    """Key figures, the verdict as one sentence, and its reasons."""
    known = not is_unknown(found.ratio)
    cards = (
        Card("verdict", say("impact.card"), say(f"impact.card_{_word(found)}"),
             say("impact.card_note", sop=found.sop) if found.sop else Text("", ""),
             tone={"effect_fell": "good", "effect_rose": "bad"}.get(_word(found), ""), raw=found.verdict),
        _ratio(found),
        *_naive(found),
        Card("seen", say("impact.seen"), form(found.estimate.seen if known else None, "units"),
             say("impact.seen_note", expected=found.estimate.expected) if known else Text("", ""),
             raw=found.estimate.seen),
        Card("fall", say("impact.fall"), form(found.fall_seen, "share"),
             Text("", "") if is_unknown(found.fall_seen) else say("impact.fall_note"), raw=found.fall_seen),
        _adopters(found))
    told = Note(sentences.verdict(found), "" if found.verdict != "cannot_say" else "warn")
    notes = [Note(sentences.reason(each)) for each in found.reasons]
    method = Note(say(f"impact.method_{found.method}", days=found.period_days) + say("impact.outcome"), "quiet")
    return Page((Figures(cards), told, *notes, method))


def _adopters(found: Impact) -> Card:
    """How many SKUs adopted and how many never did; unknown where the ledger knows none of either."""
    some = found.adopters or found.controls
    return Card("skus", say("impact.skus"), form(found.adopters if some else None, "units"),
                say("impact.skus_note", controls=found.controls) if some else Text("", ""),
                raw=found.adopters if some else None)


def _word(found: Impact) -> str:
    """The verdict in one word, an effect with its direction."""
    return f"effect_{'fell' if found.ratio < 1 else 'rose'}" if found.verdict == "effect" else found.verdict


def _ratio(found: Impact) -> Card:
    """The answer with its interval; where there are too few incidents, the interval alone, and no number to compare."""
    label, limits = say("impact.ratio"), {"low": sentences.limit(found.low), "high": sentences.limit(found.high)}
    if is_unknown(found.ratio):
        return Card("ratio", label, form(found.ratio, "number"), raw=found.ratio)
    if any(each.name == "events" and each.outcome == "failed" for each in found.checks):
        return Card("ratio", label, say("impact.ratio_span", **limits), say("impact.ratio_few"))
    return Card("ratio", label, form(found.ratio, "number"), say("impact.ratio_note", **limits),
                tone={"effect": "good" if found.ratio < 1 else "bad"}.get(found.verdict, ""), raw=found.ratio)


def _naive(found: Impact) -> tuple[Card, ...]:
    """The plain before/after figure, beside the answer that it may be mistaken for."""
    naive = found.methods.get("before_after")
    if naive is None or is_unknown(naive.ratio) or found.method == "rate_ratio":
        return ()
    return (Card("naive", say("impact.naive_card"), form(naive.ratio, "number"), say("impact.naive_card_note"),
                 raw=naive.ratio),)


def checks(found: Impact) -> Table:
    """What could have fooled the answer, one row per check, with what was found."""
    frame = pd.DataFrame({"check": [each.name for each in found.checks], "outcome": [each.outcome for each in found.checks],
                          "found": [sentences.check(each) for each in found.checks]})
    return Table(frame, columns("check", "outcome", "found"), say("impact.checks"), name="impact-checks",
                 labels={"check": "impact_check", "outcome": "outcome"})


def methods(found: Impact) -> Page:
    """Every method's own ratio, the naive one last, with why it misleads."""
    if not found.methods:
        return Page((Note(say("impact.no_methods")),))
    order = [name for name in ("imputation", "never_adopters", "two_way", "no_centres", "interrupted_time_series",
                               "before_after") if name in found.methods]
    rows = [found.methods[name] for name in order]
    frame = pd.DataFrame({"method": [say(f"impact_method.{name}") for name in order], "ratio": [row.ratio for row in rows],
                          "low": [_limit(row, "low") for row in rows], "high": [_limit(row, "high") for row in rows],
                          "use": [say(f"impact_method.{name}_use") for name in order]})
    table = Table(frame, (Column("method", say("column.method")), Column("ratio", say("column.ratio"), "number"),
                          Column("low", say("column.loss_rate_low"), "number"),
                          Column("high", say("column.loss_rate_high"), "number"), Column("use", say("column.use"))),
                  say("impact.methods"), name="impact-methods")
    naive = found.methods.get("before_after")
    if naive is None or is_unknown(naive.ratio):
        return Page((table,))
    word = "naive_alone" if found.method == "rate_ratio" else "naive"
    return Page((table, Note(say(f"impact.{word}", naive=naive.ratio, ratio=found.ratio))))


def _limit(row: Estimate, side: str) -> Text | float:
    value = getattr(row, side)
    return sentences.limit(value) if np.isinf(value) else value


def over_time(found: Impact) -> Chart | Note:
    """Incident rates of adopters and others per month, with first and last adoption and Amazon's rule changes."""
    rows = found.series
    if rows.empty:
        return Note(say("impact.no_series"), "warn")
    months = rows["month"]
    marks = {day.strftime("%Y-%m"): mark for day, mark in ((found.last_adoption, "last"), (found.first_adoption, "first"))
             if day is not None}
    if len(marks) == 1 and found.first_adoption != found.last_adoption:
        marks = dict.fromkeys(marks, "both")
    marks |= {month: mark for month, mark in BREAKS.items() if months.min() <= month <= months.max()}
    top = float(rows["rate"].max())
    frame = pd.DataFrame({"month": list(marks), "mark": list(marks.values())}).sort_values("month", ignore_index=True)
    frame = frame.assign(at=top * (1 - 0.09 * (np.arange(len(frame)) % 3)),
                         is_late=frame["month"].astype("str") > months.sort_values().iloc[len(months) // 2])
    return watching.two_groups(rows, frame, say("impact.over_time"))


def before_and_after(found: Impact) -> Chart | Note:
    """The event study: the ratio per 28 days before and after adoption."""
    if not (found.event_study["expected"] > 0).any():
        return Note(say("impact.no_event_study"))
    return watching.event_study(found.event_study, say("impact.event_study"))


def watch(found: Impact) -> Page:
    """The control chart of the adopters, and which periods lie outside its limits."""
    rows = found.watch
    if rows.empty or rows["center"].isna().all():
        return Page((Note(say("impact.no_watch")),))
    outside = rows.loc[rows["outside"], "day"]
    text = say("impact.watch_outside", n=len(outside), days=", ".join(outside.dt.strftime("%Y-%m-%d"))) if len(outside) \
        else say("impact.watch_inside", n=len(rows))
    return Page((watching.control_chart(rows, say("impact.watch", days=found.period_days)), Note(text)))


def register(books: Books, triaged: pd.DataFrame, found: Impact) -> Page:
    """The seller's own incidents: whose they are by the article's rule, what they cost, and how many since adoption."""
    if books.is_absent("incidents"):
        return Page((Note(say("incidents.absent"), "warn"),))
    if triaged.empty:
        return Page((Note(say("incidents.none")),))
    own, amazon, unclear = (int((triaged["side"] == side).sum()) for side in ("own", "amazon", "unclear"))
    kinds = incidents.register(triaged).rename(columns={"cost": "amount", "incidents": "count"})
    shown = triaged.sort_values("date", ascending=False).rename(columns={"date": "event_date", "estimated_loss": "amount"})
    places = shown["file"].astype("str") + ":" + shown["line"].astype("str")
    shown = shown.assign(source=reasons(shown["rule"]), sources=places)
    side, since = {"side": "incident_side"}, incidents.before_and_after(triaged, found.first_adoption, found.as_of)
    counted = () if since is None else (Note(say(
        "incidents.since", sop=found.sop, before=since[0].incidents, months=since[0].months,
        each=since[0].incidents / since[0].months, after=since[1].incidents, since=found.first_adoption,
        later=since[1].incidents / since[1].months)),)
    return Page((
        Note(say("incidents.sides", own=own, amazon=amazon, unclear=unclear)), *counted,
        Table(kinds, columns("side", "kind", "count", "amount", "first_day", "last_day"), say("incidents.register"),
              name="incident-register", labels=side),
        Table(shown, columns("event_date", "kind", "msku", "amount", "side", "source", "sources"), say("incidents.each"),
              name="incidents", labels=side)))


def stock(outs: pd.DataFrame, month: str) -> Page:
    """Days without stock and below the safety stock: in the month by SKU, most first, and of all SKUs per month."""
    rows = outs[outs["month"] == month].sort_values(["days_out", "days_below", "msku"], ascending=[False, False, True])
    if rows.empty:
        return Page((Note(say("incidents.no_stock", month=month), "warn"),))
    hit = int((rows["days_out"] > 0).sum())
    text = say("incidents.stock", month=month, out=hit, below=int((rows["days_below"] > 0).sum()), skus=len(rows),
               safety=incidents.SAFETY_DAYS)
    blocks = [Note(text)]
    if not rows["start_known"].all():
        blocks.append(Note(say("incidents.start_unknown", skus=int((~rows["start_known"]).sum())), "quiet"))
    short = rows[rows["days_below"] + rows["days_out"] > 0]
    if len(short):
        blocks.append(Table(short, columns("msku", "days_known", "days_out", "days_below", "start_known"),
                            say("incidents.stock_table"), name="stock-outs", labels={"start_known": "known_start"}))
    every = pd.period_range(outs["month"].min(), month, freq="M").astype("str")
    months = outs.groupby("month")[["days_known", "days_out", "days_below"]].sum().reindex(every[::-1]).rename_axis("month")
    months = months.reset_index().rename(columns={"days_known": "sku_days", "days_out": "out", "days_below": "below"})
    shares = months.assign(share_out=months["out"] / months["sku_days"], share_below=months["below"] / months["sku_days"])
    told = [*columns("month"), Column("sku_days", say("column.sku_days"), "units"), *columns("share_out", "share_below")]
    caption = say("incidents.stock_months", safety=incidents.SAFETY_DAYS)
    return Page((*blocks, Table(shares, tuple(told), caption, name="stock-months")))


def removed(rows: pd.DataFrame, month: str) -> Page:
    """Units removed or disposed of per month, and months out of the ordinary."""
    shown = rows[rows["month"].astype("str") <= month].iloc[::-1]
    if shown.empty:
        return Page((Note(say("incidents.no_removals"), "warn"),))
    strange, limit = shown.loc[shown["is_abnormal"].eq(True), "month"].tolist(), shown["limit"].iloc[0]
    if strange:
        text = say("incidents.removals_abnormal", months=", ".join(strange), limit=limit)
    else:
        text = say("incidents.removals_short") if is_unknown(limit) else say("incidents.removals_plain", limit=limit)
    return Page((Note(text), Table(shown, columns("month", "units_removed", "is_abnormal"), say("incidents.removals"),
                                   name="removals", labels={"is_abnormal": "abnormal"})))


def swings(revenue: pd.DataFrame, since: dt.date | None, currency: str) -> Page:
    """Month-to-month revenue volatility before and after adoption, with the article's 63 % beside it, unsourced.

    `revenue`: one row per month and currency (month, currency, amount).
    """
    if revenue.empty:
        return Page((Note(say("incidents.no_revenue"), "warn"),))
    one = revenue[revenue["currency"] == currency] if (revenue["currency"] == currency).any() else \
        revenue[revenue["currency"] == revenue["currency"].iloc[0]]
    told, latest = incidents.volatility(one, since), Money(float(one["amount"].iloc[-1]), str(one["currency"].iloc[0]))
    word = "swings_unknown" if is_unknown(told.before) and is_unknown(told.after) else "swings"
    blocks = [Note(say(f"incidents.{word}", before=told.before, after=told.after, n=told.months[0], m=told.months[1],
                       month=str(one["month"].iloc[-1]), latest=latest))]
    if not is_unknown(told.ratio):
        key = "swings_change" if told.low > 1 or told.high < 1 else "swings_unclear"
        blocks.append(Note(say(f"incidents.{key}", change=told.ratio - 1, low=told.low - 1, high=told.high - 1)))
    return Page((*blocks, Note(say("incidents.article", fall=incidents.ARTICLE_VOLATILITY_FALL), "quiet")))


def sop_register(books: Books, name: str) -> Table | Note:
    """Who adopts what, when: the sops sheet as one row per procedure, group and day."""
    if books.is_absent("sops"):
        return Note(say("impact.no_sheet"), "warn")
    sheet = books["sops"].astype({"sop": "str", "sku_group": "str", "msku": "str"})
    table = sheet.assign(first_day=sheet["adopted_on"]).groupby(["sop", "sku_group", "first_day"], dropna=False,
                                                                as_index=False).agg(count=("msku", "nunique"))
    adopted = [say("impact.never") if is_unknown(day) else form(day, "date") for day in table["first_day"]]
    frame = table.assign(adopted=adopted,
                         judged=[say("impact.this_one") if sop == name else same("") for sop in table["sop"]])
    return Table(frame, columns("sop", "sku_group", "adopted", "count", "judged"), say("impact.register"), name="sops")
