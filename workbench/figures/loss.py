"""The loss-rate page: the month in short, the rate over time, where the loss sits, and which events it is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import charts, loss
from workbench.books import Books
from workbench.display import Card, Chart, Figures, Note, Page, Table
from workbench.figures import watching
from workbench.figures.shared import columns
from workbench.figures.trust import covered_months, not_covered
from workbench.months import months_back
from workbench.rates import Clusters, control, funnel
from workbench.words import Money, Text, change, form, is_unknown, named, say

SHOWN = 12  # centres or SKUs in a chart
LARGEST = 25  # events of a month in a table
TRAIL, MONTHS = 12, 24  # months behind a key figure; months of a chart
WORDS = {"reason": "reason", "disposition": "disposition"}  # the words' rooms of a table's codes


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
    known = covered_months(books, months_back(month, TRAIL - 1), month)
    trails = rates.set_index("month")[["loss_rate", "units_lost", "units_damaged", "amount_lost"]]
    trails = trails.reindex(known[known].index).reindex(known.index).astype("float64")
    earlier = bool(known.get(before.period, default=False))

    def against(column: str, kind: str) -> dict:
        """The card's change on last month, and the way to it."""
        value, was = getattr(now, column), getattr(before, column)
        way = {"raw": value, "better": "low", "trail": tuple(trails[column])}
        written = form(Money(was, now.currency) if kind == "money" else was, kind)
        return way | {"before": was, "change": change(value, was, written, before.period)} if earlier else way

    cards = (
        Card("rate", say("loss.rate"), form(now.loss_rate, "percent"),
             say("loss.rate_note", low=now.low, high=now.high), **against("loss_rate", "percent"),
             tone={"above": "bad", "below": "good"}.get(now.verdict, "")),
        Card("units", say("loss.units"), form(now.units_lost, "units"),
             say("loss.units_note", gross=now.units_lost_gross, found=now.units_lost_gross - now.units_lost,
                 handled=now.units_handled), **against("units_lost", "units")),
        Card("damaged", say("loss.damaged"), form(now.units_damaged, "units"), say("loss.damaged_note"),
             **against("units_damaged", "units")),
        Card("amount", say("loss.amount"), form(Money(now.amount_lost, now.currency), "money"), _valued(now),
             **({} if is_unknown(now.amount_lost) else against("amount_lost", "money"))),
    )
    told = Note(say(f"loss.{now.verdict}", month=month, lost=now.units_lost, handled=now.units_handled,
                    rate=now.loss_rate, low=now.low, high=now.high, baseline=baseline, why=say("loss.why_no_month")))
    blocks = [Figures(cards), told]
    if not now.is_mature:
        blocks.append(Note(say("loss.immature", month=month, days=loss.MATURE_DAYS), "warn"))
    return Page((*blocks, Note(say("loss.baseline", baseline=baseline), "quiet")))


def _valued(now: loss.Headline) -> Text:
    if is_unknown(now.amount_lost):
        return say("loss.amount_note_none")
    return say("loss.amount_note_part", unvalued=now.units_unvalued) if now.units_unvalued else say("loss.amount_note")


def _up_to(month: str, rates: pd.DataFrame) -> pd.DataFrame:
    """The rows of the MONTHS up to `month`."""
    return rates[(rates["month"] <= month) & (rates["month"] > months_back(month, MONTHS))]


def year_up_to(rates: pd.DataFrame, month: str) -> tuple[str, str]:
    """The first and the last of the twelve months up to `month`, from the first that the ledger holds. `rates`:
    `loss_rates(by=["month"])`."""
    first = months_back(month, 11)
    return (max(first, str(rates["month"].min())) if len(rates) else first), month


def rate_over_time(rates: pd.DataFrame, month: str, baseline: float) -> Page:
    """The loss rate of the months up to `month`, as a chart and as a table. `rates`: `loss_rates(by=["month"])`."""
    rows = _up_to(month, rates).reset_index(drop=True)
    if rows.empty:
        return Page((Note(say("loss.no_months"), "warn"),))
    chart = charts.over_months(rows, baseline, say("loss.over_time", baseline=baseline))
    table = Table(rows.iloc[::-1], columns(
        "month", "units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "loss_rate",
        "loss_rate_low", "loss_rate_high", "verdict", "amount_lost", "is_mature"),
        name="loss-rate-by-month", labels={"verdict": "verdict", "is_mature": "yes"})
    return Page((chart, table))


def kinds_over_time(rates: pd.DataFrame, month: str) -> Chart | Note:
    """Units still missing, found again and damaged, per month of the loss. `rates`: `loss_rates(by=["month"])`."""
    rows = _up_to(month, rates)
    if rows.empty:
        return Note(say("loss.no_months"), "warn")
    long = rows.rename(columns={"units_lost": "missing", "units_found": "found", "units_damaged": "damaged"}).melt(
        "month", ["missing", "found", "damaged"], "kind", "units")
    return charts.stacked_months(long, "units", "kind", "kind", say("loss.kinds_over_time"),
                                 ("missing", "damaged", "found"))


def where(rates: pd.DataFrame, by: str, since: str, baseline: float) -> Page:
    """Where the loss sits: one row per centre or SKU, most lost first, and which lie above the baseline for sure.

    `rates`: `loss_rates(by=[by], months=(since, …))`.
    """
    if rates.empty:
        return Page((Note(say("loss.no_months"), "warn"),))
    rows = loss.shares(rates)
    lost = int(rows["units_lost"].sum())
    if not lost:
        return Page((Note(say("loss.where_none", since=since)),))
    top = rows.head(SHOWN)
    top = top[top["units_lost"] > 0]
    if by == "fulfillment_center":
        first = top.iloc[0]
        text = say("loss.where_center", first=first[by], share=first["share_lost"], handled=first["share_handled"],
                   since=since, n=len(top))
    else:
        half = int((rows["share_so_far"] < 0.5).sum()) + 1
        text = say("loss.where_sku" if half > 1 else "loss.where_one", n=half, of=len(rows), lost=lost, since=since,
                   first=top[by].iloc[0], share=top["share_lost"].iloc[0])
    chart = charts.intervals(top, by, baseline, text)
    sure = rows.loc[rows["verdict"] == "above", by].astype("str").tolist()
    note = say("loss.above_list", names=", ".join(sure[:20])) if sure else say("loss.above_none")
    table = Table(rows, columns(
        by, "units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "share_lost",
        "share_handled", "concentration", "loss_rate", "loss_rate_low", "loss_rate_high", "verdict", "amount_lost"),
        name=f"loss-by-{by}".replace("_", "-"), labels={"verdict": "verdict"})
    return Page((chart, Note(note), table))


def chance(rates: pd.DataFrame, by: str, baseline: float, clusters: Clusters) -> Page:
    """Which centres or SKUs differ by more than chance: funnel plot, shrunken rates, flags.

    `rates`: `loss_rates(by=[by], months=…)`; `clusters`: `loss.clusters_of(…, by)`.
    """
    known = rates[rates["units_handled"] > 0]
    if not known["units_lost"].sum():
        return Page((Note(say("loss.no_months"), "warn"),))
    rows = loss.standing(known, clusters=clusters, baseline=baseline)
    mean = float(rows["units_lost"].sum() / rows["units_handled"].sum())
    reach = np.geomspace(rows["units_handled"].min() * 0.8, rows["units_handled"].max() * 1.25, 40)
    limits = pd.DataFrame({"units_handled": reach, "baseline": mean})
    for level, share in (("95", 0.95), ("998", 0.998)):
        limits[f"low{level}"], limits[f"high{level}"] = funnel(reach, mean, dispersion=clusters.over(reach), level=share)
    names = rows.loc[rows["is_flagged"], by].astype("str").tolist()
    told = say("loss.standing" if names else "loss.standing_none", sure=int((rows["p_above"] >= 0.95).sum()), n=len(rows),
               baseline=baseline, names=", ".join(names[:20]))
    shown = columns(by, "units_handled", "units_lost", "loss_rate", "loss_rate_shrunk", "p_above", "is_flagged")
    table = Table(rows, shown,
                  name=f"standing-by-{by}".replace("_", "-"), labels={"is_flagged": "abnormal"})
    chart = watching.funnel_plot(rows.rename(columns={"is_flagged": "flagged"}), by, limits,
                                 say("loss.funnel", one=named("one", by), mean=mean))
    return Page((chart, Note(told), table))


def watched(rates: pd.DataFrame, month: str) -> Chart | Note:
    """The control chart of the months up to `month` that are settled. `rates`: `loss_rates(by=["month"])`."""
    rows = _up_to(month, rates[rates["units_handled"] > 0])
    limits = control(rows["units_lost"].to_numpy(), rows["units_handled"].to_numpy())
    if np.isnan(limits.center).all():
        return Note(say("loss.control_short"))
    shown = pd.DataFrame({"day": pd.to_datetime(rows["month"] + "-01"), "rate": rows["loss_rate"], "phase": 0,
                          "center": limits.center, "low": limits.low, "high": limits.high, "outside": limits.outside,
                          "incidents": rows["units_lost"], "units_handled": rows["units_handled"]})
    return watching.control_chart(shown, say("loss.control"), "loss_rate", "units_lost")


def by_reason(rates: pd.DataFrame) -> Table | Note:
    """Units lost by reason code and disposition. `rates`: `loss_rates(by=["reason", "disposition"], …)`."""
    if rates.empty:
        return Note(say("loss.no_months"), "warn")
    rows = rates[(rates["units_lost_gross"] > 0) | (rates["units_damaged"] > 0)]
    rows = rows.sort_values(["units_lost", "units_damaged"], ascending=False)
    return Table(rows, columns("reason", "disposition", "units_lost_gross", "units_found", "units_lost",
                                "units_damaged", "amount_lost"),
                 say("loss.by_reason"), name="loss-by-reason", labels=WORDS)


def largest(losses: pd.DataFrame, month: str, books: Books | None = None) -> Page:
    """The month's largest losses with the file lines that say so, and that some are unknown where the ledger of `books`
    does not cover the month. `losses`: `loss.losses(…)`."""
    why = not_covered(books, month) if books else None
    unknown = [Note(say("loss.events_unknown", month=month, why=why), "warn")] if why else []
    rows = losses[losses["month"] == month].sort_values(["units_lost", "units_lost_gross"], ascending=False).head(LARGEST)
    if rows.empty:
        return Page(tuple(unknown or [Note(say("loss.events_none", month=month))]))
    table = Table(rows, columns("event_date", "msku", "fnsku", "fulfillment_center", "disposition", "reason",
                                "reference_id", "units_lost_gross", "units_found", "units_lost", "sources"),
                  say("loss.events", month=month), name=f"losses-{month}", labels=WORDS)
    return Page((*unknown, table))
