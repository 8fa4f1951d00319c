"""Pictures for judging whether something changed: control chart, funnel plot, event study, two groups over time."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from workbench.charts import ACCENT, HEIGHT, MUTED, WARN, WIDTH, day_axis, day_tip, drawn, month_axis, name
from workbench.display import Chart
from workbench.words import Text, form, say

GROUPS = ("adopters", "others")
EDGES = (0.1, 10)


def control_chart(rows: pd.DataFrame, description: Text, rate: str = "incident_rate", count: str = "incidents") -> Chart:
    """Rates in time with each phase's centre line and limits; points outside are marked.

    Rows: day, rate, center, low, high, outside, phase, incidents, units_handled. `rate`, `count`: what they are called.
    """
    top = max(float(rows["rate"].max()), float(rows["center"].max())) * 1.6
    shown = rows[["day", "rate", "center", "low", "high", "outside", "phase", "incidents", "units_handled"]]
    return drawn(_control_chart, {"rows": shown.assign(high=rows["high"].clip(upper=top))}, description, rate, count)


def _control_chart(language: str, rate: str, count: str) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("rows")).encode(day_axis("day", language))
    y = alt.Y("rate:Q", title=name(rate, language), axis=alt.Axis(format=".2%", tickCount=5))
    band = base.mark_area(opacity=0.14, color=MUTED, interpolate="step-after").encode(
        alt.Y("low:Q", title=name(rate, language)), alt.Y2("high"))
    middle = base.mark_line(color=MUTED, strokeDash=[5, 4], interpolate="step-after").encode(
        alt.Y("center:Q"), alt.Detail("phase:N"))
    line = base.mark_line(color=ACCENT, strokeWidth=1, opacity=0.6).encode(y)
    points = base.mark_point(filled=True, size=55, opacity=1).encode(
        y, color=alt.condition("datum.outside", alt.value(WARN), alt.value(ACCENT)),
        tooltip=[day_tip("day", name("day", language)),
                 alt.Tooltip("rate:Q", format=".3%", title=name(rate, language)),
                 alt.Tooltip("incidents:Q", format=",", title=name(count, language)),
                 alt.Tooltip("units_handled:Q", format=",.0f", title=name("units_handled", language))])
    return alt.layer(band, middle, line, points).properties(width=WIDTH, height=HEIGHT)


def funnel_plot(rows: pd.DataFrame, by: str, limits: pd.DataFrame, description: Text) -> Chart:
    """Loss rates over the units handled, with the limits that chance alone keeps; what is flagged is named.

    Rows: `by`, units_handled, loss_rate, units_lost, flagged. `limits`: units_handled, baseline, low95, high95, low998,
    high998; cut where they reach far beyond the rates.
    """
    top = float(np.nanmax([rows["loss_rate"].max() * 1.15, limits["high95"].min() * 2]))
    cut = limits.assign(**{column: limits[column].clip(upper=top) for column in ("high95", "high998")})
    shown = rows[[by, "units_handled", "loss_rate", "units_lost", "flagged"]]
    return drawn(_funnel_plot, {"rows": shown, "limits": cut}, description, by)


def _funnel_plot(language: str, by: str) -> alt.LayerChart:
    x = alt.X("units_handled:Q", scale=alt.Scale(type="log", nice=False), title=name("units_handled", language),
              axis=alt.Axis(format=",f", tickCount=6, labelOverlap="greedy", labelSeparation=6))
    y = {"scale": alt.Scale(nice=False, zero=True), "title": name("loss_rate", language),
         "axis": alt.Axis(format=".2%", tickCount=6)}
    within = alt.Chart(alt.NamedData("limits"))
    bands = [within.mark_area(opacity=opacity, color=MUTED).encode(x, alt.Y(f"low{level}:Q", **y), alt.Y2(f"high{level}"))
             for level, opacity in (("998", 0.13), ("95", 0.18))]
    middle = within.mark_line(color=MUTED, strokeDash=[5, 4]).encode(x, alt.Y("baseline:Q", **y))
    base = alt.Chart(alt.NamedData("rows")).encode(x, alt.Y("loss_rate:Q", **y))
    points = base.mark_point(filled=True, size=60, opacity=0.9).encode(
        color=alt.condition("datum.flagged", alt.value(WARN), alt.value(ACCENT)),
        tooltip=[alt.Tooltip(f"{by}:N", title=name(by, language)),
                 alt.Tooltip("loss_rate:Q", format=".3%", title=name("loss_rate", language)),
                 alt.Tooltip("units_lost:Q", format=",", title=name("units_lost", language)),
                 alt.Tooltip("units_handled:Q", format=",", title=name("units_handled", language))])
    labels = base.transform_filter("datum.flagged").mark_text(align="left", dx=8).encode(alt.Text(f"{by}:N"))
    return alt.layer(*bands, middle, points, labels).properties(width=WIDTH, height=HEIGHT)


def event_study(rows: pd.DataFrame, description: Text) -> Chart:
    """The ratio of incidents seen over expected, per 28 days before and after adoption, with intervals; 1 is dashed.

    Rows: months (0 is the first after), ratio, low, high, seen, expected. The scale is a logarithm; what lies beyond a
    tenth or ten times is drawn at its edge and told in full.
    """
    known = rows[rows["expected"] > 0]
    drawn_at = {f"{column}_at": known[column].clip(*EDGES) for column in ("ratio", "low", "high")}
    shown = known.assign(**drawn_at, after=known["months"] >= 0, from_day=known["months"] * 28)

    def told(language: str) -> pd.DataFrame:
        low, high = ([form(value, "number").in_(language) if np.isfinite(value) else say("impact.no_limit").in_(language)
                      for value in known[side]] for side in ("low", "high"))
        return shown.drop(columns=["low", "high"]).assign(interval=[f"{a} – {b}" for a, b in zip(low, high, strict=True)])

    return drawn(_event_study, {"rows": told, "one": pd.DataFrame({"one": [1.0]})}, description)


def _event_study(language: str) -> alt.LayerChart:
    axis = alt.Axis(labelAngle=0, labelExpr="replace(datum.label, '-', '−')")
    base = alt.Chart(alt.NamedData("rows")).encode(
        alt.X("from_day:O", title=name("days_from_adoption", language), axis=axis))
    y = {"scale": alt.Scale(type="log", domain=EDGES), "title": name("ratio", language),
         "axis": alt.Axis(values=[0.1, 0.2, 0.5, 1, 2, 5, 10], format="~g")}
    color = alt.condition("datum.after", alt.value(ACCENT), alt.value(MUTED))
    bars = base.mark_rule(strokeWidth=8, opacity=0.3).encode(alt.Y("low_at:Q", **y), alt.Y2("high_at"), color=color)
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        alt.Y("ratio_at:Q", **y), color=color,
        tooltip=[alt.Tooltip("from_day:O", title=name("days_from_adoption", language)),
                 alt.Tooltip("ratio:Q", format=".2f", title=name("ratio", language)),
                 alt.Tooltip("interval:N", title=name("interval_95", language)),
                 alt.Tooltip("seen:Q", format=",.0f", title=name("incidents", language)),
                 alt.Tooltip("expected:Q", format=",.1f", title=name("expected", language))])
    one = alt.Chart(alt.NamedData("one")).mark_rule(strokeDash=[5, 4], color=WARN).encode(alt.Y("one:Q", **y))
    return alt.layer(bars, one, points).properties(width=WIDTH, height=HEIGHT)


def two_groups(rows: pd.DataFrame, marks: pd.DataFrame, description: Text) -> Chart:
    """Incident rates per month of adopters and others, with the days that matter: first and last adoption, rule changes.

    Rows: month, group, rate, incidents, units_handled. `marks`: month, `mark` (a word of [mark]), the height `at` which it
    is written and `is_late`, whether it stands in the later half, where there is room before its line only.
    """
    def kinds(language: str) -> pd.DataFrame:
        shown = rows[["month", "rate", "incidents", "units_handled"]]
        return shown.assign(kind=[say(f"group.{word}").in_(language) for word in rows["group"]])

    def labels(language: str) -> pd.DataFrame:
        return marks[["month", "at", "is_late"]].assign(label=[say(f"mark.{word}").in_(language) for word in marks["mark"]])

    return drawn(_two_groups, {"rows": kinds, "marks": labels}, description)


def _two_groups(language: str) -> alt.LayerChart:
    order = [say(f"group.{word}").in_(language) for word in GROUPS]
    base = alt.Chart(alt.NamedData("rows")).encode(
        month_axis(language), alt.Y("rate:Q", title=name("incident_rate", language),
                                    axis=alt.Axis(format=".2%", tickCount=5)),
        alt.Color("kind:N", title=None, sort=order, scale=alt.Scale(domain=order, range=[ACCENT, MUTED])))
    lines = base.mark_line(strokeWidth=2, point=True).encode(tooltip=[
        alt.Tooltip("month:O", title=name("month", language)), alt.Tooltip("kind:N", title=name("group", language)),
        alt.Tooltip("rate:Q", format=".3%", title=name("incident_rate", language)),
        alt.Tooltip("incidents:Q", format=",", title=name("incidents", language)),
        alt.Tooltip("units_handled:Q", format=",", title=name("units_handled", language))])
    named = alt.Chart(alt.NamedData("marks")).encode(month_axis(language))
    rules = named.mark_rule(strokeDash=[3, 3], color=WARN).encode(
        tooltip=[alt.Tooltip("label:N", title=name("mark", language))])
    labels = [named.transform_filter(f"datum.is_late == {late}").mark_text(
        align=align, dx=dx, dy=-4, baseline="top", fontSize=11).encode(alt.Y("at:Q"), alt.Text("label:N"))
        for late, align, dx in (("false", "left", 4), ("true", "right", -4))]
    return alt.layer(rules, lines, *labels).properties(width=WIDTH, height=HEIGHT)
