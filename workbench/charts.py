"""How charts look: one theme that reads on white and on dark, real text, and the Vega-Lite of each kind of chart.

A chart is made once per language from the same rows: `both(draw, description)` calls `draw("en")` and `draw("zh")`. Rows
must be few (aggregated); nothing here reads files or the network. Text and axes are drawn in `currentColor`, so the page
decides whether they are dark or light.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import altair as alt
import pandas as pd

from workbench import words
from workbench.display import Chart
from workbench.words import Text

ACCENT, WARN, MUTED, GOOD = "#3b7fc4", "#d0662a", "#868e99", "#2f8f6b"
FONT = "system-ui, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
WIDTH, HEIGHT = 660, 240
_AXIS = {"labelColor": "currentColor", "titleColor": "currentColor", "titleFontWeight": "normal", "labelFontSize": 12,
         "titleFontSize": 12, "domainColor": "currentColor", "domainOpacity": 0.4, "tickColor": "currentColor",
         "tickOpacity": 0.4, "gridColor": "currentColor", "gridOpacity": 0.12, "labelLimit": 220}
CONFIG = {"background": "transparent", "font": FONT, "view": {"stroke": None}, "axis": _AXIS,
          "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "titleFontWeight": "normal",
                     "labelFontSize": 12, "titleFontSize": 12, "orient": "top"},
          "text": {"color": "currentColor", "fontSize": 12}, "range": {"category": [ACCENT, WARN, GOOD, MUTED]}}


def both(draw: Callable[[str], alt.TopLevelMixin], description: Text) -> Chart:
    """The chart `draw(language)` in both languages, with the sentence that says what it shows."""
    return Chart({language: spec(draw(language), description.in_(language)) for language in words.LANGUAGES},
                 description)


def spec(chart: alt.TopLevelMixin, description: str = "") -> dict:
    """The chart's Vega-Lite specification in this theme, with its rows inside."""
    found = chart.properties(description=description).configure(**CONFIG).to_dict()
    found.pop("usermeta", None)
    return found


def name(key: str, language: str) -> str:
    """A word on a chart: an axis title, a legend entry."""
    return words.say(f"chart.{key}").in_(language)


def month_axis(language: str) -> alt.X:
    """Months under the bars or points; the year stands under the first one and under every January."""
    month = "timeFormat(toDate(datum.value + '-01T00:00:00'), '%b')" if language == "en" else \
        "(+slice(datum.value, 5)) + '月'"
    year = "slice(datum.value, 0, 4)" + ("" if language == "en" else " + '年'")
    text = f"datum.index == 0 || slice(datum.value, 5) == '01' ? [{month}, {year}] : {month}"
    return alt.X("month:O", title=None, axis=alt.Axis(labelExpr=text, labelAngle=0, labelOverlap="greedy"))


def rate_over_months(rates: pd.DataFrame, baseline: float, language: str) -> alt.LayerChart:
    """The loss rate per month with its 95 % interval, the baseline dashed; months still open are hollow.

    `rates`: rows of `loss.loss_rates(by=("month",))`.
    """
    rows = rates[["month", "loss_rate", "loss_rate_low", "loss_rate_high", "units_lost", "units_handled",
                  "is_mature"]]
    percent = alt.Axis(format=".2%", tickCount=5)
    base = alt.Chart(rows).encode(month_axis(language))
    tips = [alt.Tooltip("month:O", title=name("month", language)),
            alt.Tooltip("loss_rate:Q", format=".3%", title=name("loss_rate", language)),
            alt.Tooltip("loss_rate_low:Q", format=".3%", title=name("low", language)),
            alt.Tooltip("loss_rate_high:Q", format=".3%", title=name("high", language)),
            alt.Tooltip("units_lost:Q", format=",", title=name("units_lost", language)),
            alt.Tooltip("units_handled:Q", format=",", title=name("units_handled", language))]
    bars = base.mark_rule(strokeWidth=6, opacity=0.28, color=ACCENT, clip=True).encode(
        alt.Y("loss_rate_low:Q", axis=percent, title=name("loss_rate", language)), alt.Y2("loss_rate_high:Q"))
    line = base.mark_line(color=ACCENT, strokeWidth=1.5).encode(alt.Y("loss_rate:Q"))
    points = base.mark_point(size=70, strokeWidth=2, color=ACCENT, filled=False).encode(
        alt.Y("loss_rate:Q"), tooltip=tips,
        fillOpacity=alt.condition("datum.is_mature", alt.value(1), alt.value(0)), fill=alt.value(ACCENT))
    rule = alt.Chart(pd.DataFrame({"baseline": [baseline]})).mark_rule(strokeDash=[5, 4], color=WARN).encode(
        alt.Y("baseline:Q"), tooltip=[alt.Tooltip("baseline:Q", format=".2%", title=name("baseline", language))])
    return alt.layer(bars, line, rule, points).properties(width=WIDTH, height=HEIGHT)


def rate_intervals(rates: pd.DataFrame, by: str, baseline: float, language: str) -> alt.LayerChart:
    """The loss rate and its interval per FC, SKU …: one line each, in the order given, the baseline dashed."""
    rows = rates[[by, "loss_rate", "loss_rate_low", "loss_rate_high", "units_lost", "units_handled"]]
    longest = float(rows["loss_rate"].max()) if len(rows) else 0.0
    top = max(longest * 1.6, baseline * 2)
    y = alt.Y(f"{by}:N", sort=None, title=None)
    scale = alt.Scale(domain=[0, top], clamp=True)
    base = alt.Chart(rows).encode(y)
    tips = [alt.Tooltip(f"{by}:N", title=name(by, language)),
            alt.Tooltip("loss_rate:Q", format=".3%", title=name("loss_rate", language)),
            alt.Tooltip("loss_rate_low:Q", format=".3%", title=name("low", language)),
            alt.Tooltip("loss_rate_high:Q", format=".3%", title=name("high", language)),
            alt.Tooltip("units_lost:Q", format=",", title=name("units_lost", language)),
            alt.Tooltip("units_handled:Q", format=",", title=name("units_handled", language))]
    spans = base.mark_rule(strokeWidth=6, opacity=0.28, color=ACCENT).encode(
        alt.X("loss_rate_low:Q", scale=scale, axis=alt.Axis(format=".2%", tickCount=6),
              title=name("loss_rate", language)), alt.X2("loss_rate_high:Q"))
    points = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(
        alt.X("loss_rate:Q", scale=scale), tooltip=tips)
    rule = alt.Chart(pd.DataFrame({"baseline": [baseline]})).mark_rule(strokeDash=[5, 4], color=WARN).encode(
        alt.X("baseline:Q", scale=scale))
    return alt.layer(spans, rule, points).properties(width=WIDTH - 80, height=alt.Step(20))


def stacked_months(rows: pd.DataFrame, value: str, kind: str, room: str, language: str,
                   order: Sequence[str] = ()) -> alt.Chart:
    """Bars per month, split by `kind`, whose values are named in the words' `room`. One row per month and kind."""
    labels = rows[kind].map(lambda word: words.say(f"{room}.{word}").in_(language)
                            if words.known(f"{room}.{word}") else str(word))
    shown = rows[["month", value]].assign(kind=labels)
    sort = [words.say(f"{room}.{word}").in_(language) for word in order if words.known(f"{room}.{word}")]
    color = alt.Color("kind:N", title=None, sort=sort or None)
    return alt.Chart(shown).mark_bar().encode(
        month_axis(language), alt.Y(f"{value}:Q", title=name(value, language), axis=alt.Axis(tickCount=5)), color,
        tooltip=[alt.Tooltip("month:O", title=name("month", language)), alt.Tooltip("kind:N", title=name(kind, language)),
                 alt.Tooltip(f"{value}:Q", format=",", title=name(value, language))],
    ).properties(width=WIDTH, height=HEIGHT - 40)
