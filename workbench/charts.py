"""How charts look: one theme that reads on white and on dark, real text, and the Vega-Lite of each kind of chart.

A chart's form is made once per language and kept: `drawn(form, rows, description)` calls `form("en")` and `form("zh")`
the first time and afterwards only puts in the rows. Rows must be few (aggregated); nothing here reads files or the
network. Text and axes are drawn in `currentColor`, so the page decides whether they are dark or light.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import altair as alt
import numpy as np
import pandas as pd
from altair.utils import schemapi

from workbench import words
from workbench.display import Chart
from workbench.words import Text

ACCENT, WARN, MUTED, GOOD = "#2f76bd", "#cf6526", "#8b95a1", "#2f8f6b"  # told apart by any eye, 3:1 on white and on dark
FONT = ("system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'PingFang SC', 'Hiragino Sans GB', "
        "'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif")
WIDTH, HEIGHT = 860, 260  # of every picture, axes and all; where scripts run the page makes it as wide as its column
_AXIS = {"labelColor": "currentColor", "titleColor": "currentColor", "titleFontWeight": "normal", "labelFontSize": 12,
         "titleFontSize": 12, "domainColor": "currentColor", "domainOpacity": 0.35, "tickColor": "currentColor",
         "tickOpacity": 0.35, "gridColor": "currentColor", "gridOpacity": 0.12, "labelLimit": 220, "labelPadding": 6,
         "titlePadding": 10}
CONFIG = {"background": "transparent", "font": FONT, "aria": False, "view": {"stroke": None}, "axis": _AXIS,
          "autosize": {"type": "fit-x", "contains": "padding"}, "padding": {"left": 1, "right": 5, "top": 5, "bottom": 5},
          "axisYQuantitative": {"domain": False, "ticks": False, "titleAngle": 0, "titleAlign": "left",
                                "titleAnchor": "end", "titleX": 0, "titleY": -8, "titleBaseline": "bottom"},
          "axisYDiscrete": {"domain": False, "ticks": False}, "axisXDiscrete": {"ticks": False},
          "axisXQuantitative": {"domain": False, "ticks": False},
          "bar": {"discreteBandSize": {"band": 0.72}},
          "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "titleFontWeight": "normal",
                     "labelFontSize": 12, "titleFontSize": 12, "orient": "top", "offset": 30, "symbolSize": 90},
          "text": {"color": "currentColor", "fontSize": 12}, "range": {"category": [ACCENT, WARN, MUTED, GOOD]}}


def drawn(form: Callable[..., alt.TopLevelMixin], rows: Mapping[str, pd.DataFrame | Callable[[str], pd.DataFrame]],
          description: Text, *settings: object) -> Chart:
    """The chart `form(language, *settings)` over `rows` in both languages, with the sentence that says what it shows.

    `form` names its data (`alt.NamedData("rows")`) and the types of its fields; `rows` gives them under those names, or a
    function of the language where the rows hold words. `settings` must be hashable.
    """
    specs, plain = {}, {name: records(frame) for name, frame in rows.items() if not callable(frame)}
    for language in words.LANGUAGES:
        data = {name: plain[name] if name in plain else records(frame(language)) for name, frame in rows.items()}
        specs[language] = _sized({**_form(form, language, settings), "description": description.in_(language),
                                  "datasets": data})
    return Chart(specs, description)


@functools.cache
def _form(form: Callable[..., alt.TopLevelMixin], language: str, settings: tuple) -> dict:
    """Not checked against the schema of Vega-Lite, which takes longer than all the rest: the tests do that."""
    with schemapi.debug_mode(False):
        return spec(form(language, *settings))


def _sized(spec: dict) -> dict:
    """A height given as a step per row in points: Vega-Lite fits a picture into a width only when it knows its height."""
    height = spec.get("height")
    if not isinstance(height, dict):
        return spec
    encodings = [spec.get("encoding", {}), *(layer.get("encoding", {}) for layer in spec.get("layer", []))]
    field = next(encoding["y"]["field"] for encoding in encodings if "y" in encoding)
    lines = {row[field] for rows in spec["datasets"].values() for row in rows if field in row}
    return {**spec, "height": height["step"] * max(len(lines), 1)}


def records(frame: pd.DataFrame) -> list[dict]:
    """A frame's rows as JSON values: null for what is unknown, ISO text for days."""
    columns = {}
    for name, column in frame.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            column = column.dt.strftime("%Y-%m-%d")
        values = column.tolist()
        if column.hasnans:
            values = [None if gone else value for value, gone in zip(values, column.isna(), strict=True)]
        columns[name] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def spec(chart: alt.TopLevelMixin) -> dict:
    """The chart's Vega-Lite specification in this theme."""
    found = chart.configure(**CONFIG).to_dict(validate=schemapi.DEBUG_MODE)
    found.pop("usermeta", None)
    return found


def brush() -> alt.Parameter:
    """Drag over months: the page's tables then show those months only."""
    return alt.selection_interval(name="months", encodings=["x"])


def click(field: str) -> alt.Parameter:
    """Click a mark: the page's tables then show its centre, SKU … only; with Shift more than one."""
    return alt.selection_point(name=f"{field}_picked", fields=[field])


def zoom() -> alt.Parameter:
    """Drag to move along the numbers, Shift and the wheel to zoom, double-click to return."""
    return alt.selection_interval(name="zoom", bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]")


def name(key: str, language: str) -> str:
    """A word on a chart: an axis title, a legend entry."""
    return words.say(f"chart.{key}").in_(language)


def month_axis(language: str) -> alt.X:
    """Months under the bars or points; the year stands under the first one and under every January, short if narrow."""
    month = "timeFormat(toDate(datum.value + '-01T00:00:00'), '%b')" if language == "en" else \
        "(+slice(datum.value, 5)) + '月'"
    year = "(width < 480 ? '’' + slice(datum.value, 2, 4) : slice(datum.value, 0, 4))" if language == "en" else \
        "(width < 480 ? slice(datum.value, 2, 4) : slice(datum.value, 0, 4)) + '年'"
    text = f"datum.index == 0 || slice(datum.value, 5) == '01' ? [{month}, {year}] : {month}"
    return alt.X("month:O", title=None, axis=alt.Axis(labelExpr=text, labelAngle=0, labelOverlap="greedy",
                                                      labelSeparation=5))


def day_axis(field: str, language: str) -> alt.X:
    """Days on a line, a tick at each month's begin, named as by `month_axis`."""
    month = "utcFormat(datum.value, '%b')" if language == "en" else "(utcmonth(datum.value) + 1) + '月'"
    year = "utcFormat(datum.value, '%Y')" + ("" if language == "en" else " + '年'")
    text = f"datum.index == 0 || utcmonth(datum.value) == 0 ? [{month}, {year}] : {month}"
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(
        labelExpr=text, tickCount=alt.TimeIntervalStep(interval="month", step=1), labelOverlap="greedy",
        labelSeparation=5))


def day_tip(field: str, title: str) -> alt.Tooltip:
    """A day in a tooltip, the same wherever the reader is."""
    return alt.Tooltip(f"utcyearmonthdate({field}):T", format="%Y-%m-%d", title=title)


def over_months(rates: pd.DataFrame, baseline: float, description: Text) -> Chart:
    """The loss rate per month with its 95 % interval, the baseline dashed; months still open are hollow.

    `rates`: rows of `loss.loss_rates(by=("month",))`.
    """
    rows = rates[["month", "loss_rate", "loss_rate_low", "loss_rate_high", "units_lost", "units_handled", "is_mature"]]
    return drawn(_over_months, {"rows": rows, "baseline": pd.DataFrame({"baseline": [baseline]})}, description)


def _over_months(language: str) -> alt.LayerChart:
    percent = alt.Axis(format=".2%", tickCount=5)
    base = alt.Chart(alt.NamedData("rows")).encode(month_axis(language))
    bars = base.mark_rule(strokeWidth=8, opacity=0.32, color=ACCENT, clip=True).encode(
        alt.Y("loss_rate_low:Q", axis=percent, title=name("loss_rate", language)), alt.Y2("loss_rate_high"))
    line = base.mark_line(color=ACCENT, strokeWidth=1.5).encode(alt.Y("loss_rate:Q"))
    points = base.mark_point(size=80, strokeWidth=2, color=ACCENT, filled=False).encode(
        alt.Y("loss_rate:Q"), tooltip=_rate_tips("month:O", language),
        fillOpacity=alt.condition("datum.is_mature", alt.value(1), alt.value(0)), fill=alt.value(ACCENT)
    ).add_params(brush())
    return alt.layer(bars, line, _baseline(alt.Y("baseline:Q"), language), points).properties(width=WIDTH, height=HEIGHT)


def intervals(rates: pd.DataFrame, by: str, baseline: float, description: Text) -> Chart:
    """The loss rate and its interval per FC, SKU …: one line each, in the order given, the baseline dashed.

    An interval that reaches far beyond the largest rate and most other intervals is cut there and ends in an arrow, which
    the description then explains; its limits stand in the tooltip.
    """
    rows = rates[[by, "loss_rate", "loss_rate_low", "loss_rate_high", "units_lost", "units_handled"]]
    top = np.nanmax([0, baseline * 2, rows["loss_rate"].max() * 1.6, rows["loss_rate_high"].median() * 1.25])
    rows = rows.assign(loss_rate_shown=np.fmin(rows["loss_rate_high"], top))
    if (rows["loss_rate_high"] > top).any():
        description += words.say("chart.cut")
    return drawn(_intervals, {"rows": rows, "baseline": pd.DataFrame({"baseline": [baseline]})}, description, by)


def _intervals(language: str, by: str) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("rows")).encode(alt.Y(f"{by}:N", sort=None, title=None))
    spans = base.mark_rule(strokeWidth=8, opacity=0.32, color=ACCENT, clip=True).encode(
        alt.X("loss_rate_low:Q", axis=alt.Axis(format=".2%", tickCount=6), title=name("loss_rate", language)),
        alt.X2("loss_rate_shown"))
    picked = click(by)
    cut = base.transform_filter("datum.loss_rate_high > datum.loss_rate_shown").mark_point(
        shape="triangle-right", size=70, filled=True, color=ACCENT, opacity=0.9, xOffset=-4).encode(
        alt.X("loss_rate_shown:Q"), tooltip=_rate_tips(f"{by}:N", language))
    points = base.mark_point(size=80, filled=True, color=ACCENT).encode(
        alt.X("loss_rate:Q"), tooltip=_rate_tips(f"{by}:N", language),
        opacity=alt.condition(picked, alt.value(1), alt.value(0.3))).add_params(picked, zoom())
    return alt.layer(spans, _baseline(alt.X("baseline:Q"), language), points, cut).properties(
        width=WIDTH, height=alt.Step(24))


def _baseline(where: alt.X | alt.Y, language: str) -> alt.Chart:
    return alt.Chart(alt.NamedData("baseline")).mark_rule(strokeDash=[5, 4], color=WARN).encode(
        where, tooltip=[alt.Tooltip("baseline:Q", format=".2%", title=name("baseline", language))])


def _rate_tips(first: str, language: str) -> list[alt.Tooltip]:
    """What stands behind a rate: of what, the rate, its limits, its counts."""
    rates = [alt.Tooltip(f"{field}:Q", format=".3%", title=name(word, language)) for field, word in (
        ("loss_rate", "loss_rate"), ("loss_rate_low", "low"), ("loss_rate_high", "high"))]
    units = [alt.Tooltip(f"{field}:Q", format=",", title=name(field, language))
             for field in ("units_lost", "units_handled")]
    return [alt.Tooltip(first, title=name(first.split(":")[0], language)), *rates, *units]


def stacked_months(rows: pd.DataFrame, value: str, kind: str, room: str, description: Text,
                   order: tuple[str, ...] = ()) -> Chart:
    """Bars per month, split by `kind`, whose values are named in the words' `room`. One row per month and kind."""
    def worded(language: str) -> pd.DataFrame:
        return rows[["month", value]].assign(kind=rows[kind].map(lambda word: _word(room, word, language)),
                                             rank=rows[kind].map({word: at for at, word in enumerate(order)}))

    top = rows.groupby("month")[value].sum().max() if len(rows) else 0
    few = tuple(range(int(top) + 1)) if top <= 5 else ()  # Vega would put a half between one and two
    return drawn(_stacked_months, {"rows": worded}, description, value, kind, room, order, few)


def _stacked_months(language: str, value: str, kind: str, room: str, order: tuple[str, ...],
                    few: tuple[int, ...]) -> alt.Chart:
    color = alt.Color("kind:N", title=None, sort=[_word(room, word, language) for word in order] or None)
    kinds = alt.selection_point(name="kinds", fields=["kind"], bind="legend")
    return alt.Chart(alt.NamedData("rows")).mark_bar().encode(
        month_axis(language), color,
        alt.Y(f"{value}:Q", title=name(value, language), axis=alt.Axis(
            **({"values": list(few)} if few else {"tickCount": 5, "tickMinStep": 1}))),
        alt.Order("rank:Q"), opacity=alt.condition(kinds, alt.value(1), alt.value(0.15)), tooltip=[
            alt.Tooltip("month:O", title=name("month", language)), alt.Tooltip("kind:N", title=name(kind, language)),
            alt.Tooltip(f"{value}:Q", format=",", title=name(value, language))],
    ).add_params(brush(), kinds).properties(width=WIDTH, height=HEIGHT)


# ---------------------------------------------------------------------------------------------------- claims

WEEKS, LATER = 16, "later"  # weeks ahead that have a bar of their own; what closes later shares the last one
ROOM = 100  # pixels beside the longest bar of a waterfall, for its amount
STEP_COLORS = {"owed": MUTED, "settled_alone": GOOD, "settled_filed": GOOD, "approved": ACCENT, "pending": ACCENT,
               "denied": WARN, "rest": MUTED, "open": ACCENT, "wait": ACCENT, "expired": WARN, "ambiguous": MUTED}
CLAIM_COLORS = {"refund_not_returned": "#368af6", "inbound_shortage": "#3c9c90", "lost_warehouse": "#9c5430",
                "fee_overcharge": "#c08400", "damaged_warehouse": "#a84860", "removal_lost": "#009ce4",
                "disposed_unrequested": "#3c60c0", "underpaid": "#9c6000", "wrong_reversal": "#78549c",
                "returned_damaged": "#9090c0", "removal_short": "#a89060",
                "returned_not_restocked": "#3c48fc"}  # the commonest are the farthest apart


def by_week(claims: pd.DataFrame, today: pd.Timestamp, description: Text) -> Chart:
    """What can be claimed, by the week in which its window closes, split by kind. Claims with deadline and amount_open, of
    one currency."""
    monday = today.normalize() - pd.Timedelta(days=today.day_of_week)
    ahead = ((claims["deadline"] - monday).dt.days // 7).clip(upper=WEEKS)
    weeks = (*(f"{monday + pd.Timedelta(days=7 * at):%m-%d}" for at in range(WEEKS)), LATER)
    rows = claims.assign(week=ahead.map(dict(enumerate(weeks))), amount=claims["amount_open"])
    return _by_claim_type(rows, "week", weeks, description)


def by_month(rows: pd.DataFrame, description: Text) -> Chart:
    """Amounts of one currency per month, split by kind of claim; a month without any stands empty. Rows: month,
    claim_type, amount."""
    months = pd.period_range(rows["month"].min(), rows["month"].max(), freq="M").astype("str")
    return _by_claim_type(rows, "month", tuple(months), description)


def _by_claim_type(rows: pd.DataFrame, when: str, domain: tuple[str, ...], description: Text) -> Chart:
    """Bars split by kind of claim, the largest at the bottom and first in the legend; each kind has its own colour."""
    sums = rows.groupby([when, "claim_type"], as_index=False)["amount"].sum()
    order = tuple(sums.groupby("claim_type")["amount"].sum().sort_values(ascending=False).index)
    sums = sums.assign(rank=sums["claim_type"].map({word: at for at, word in enumerate(order)}),
                       amount=sums["amount"].round(2))

    def worded(language: str) -> pd.DataFrame:
        return sums.assign(kind=[_word("claim_type", word, language) for word in sums["claim_type"]]).drop(
            columns="claim_type")

    return drawn(_claim_bars, {"rows": worded}, description, when, domain, order)


def _claim_bars(language: str, when: str, domain: tuple[str, ...], order: tuple[str, ...]) -> alt.Chart:
    kinds = [_word("claim_type", word, language) for word in order]
    month, number = "+slice(datum.value, 0, 2)", "+slice(datum.value, 3)"
    day = f"timeFormat(datetime(2000, {month} - 1, {number}), '%b %-d')" if language == "en" else \
        f"({month}) + '月' + ({number}) + '日'"
    later = f"datum.value == '{LATER}' ? '{name(LATER, language)}' : {day}"
    axis = month_axis(language) if when == "month" else alt.X(
        "week:O", title=name("week", language), axis=alt.Axis(labelExpr=later, labelAngle=0, labelOverlap="greedy",
                                                              labelSeparation=4))
    return alt.Chart(alt.NamedData("rows")).mark_bar().encode(
        axis.scale(domain=domain),
        alt.Y("amount:Q", title=name("amount", language), axis=alt.Axis(tickCount=5, format=",f")),
        alt.Color("kind:N", title=None, sort=kinds, legend=alt.Legend(columns=4), scale=alt.Scale(
            domain=kinds, range=[CLAIM_COLORS[word] for word in order])), alt.Order("rank:Q"),
        tooltip=[alt.Tooltip(f"{when}:O", title=name(when, language)),
                 alt.Tooltip("kind:N", title=name("claim_type", language)),
                 alt.Tooltip("amount:Q", format=",.2f", title=name("amount", language))],
    ).properties(width=WIDTH, height=HEIGHT - 40)


def waterfall(steps: pd.DataFrame, currency: str, description: Text) -> Chart:
    """A sum, and below it its parts, each beginning where the one before ends. Rows: step, amount, units; the first row is
    the sum of the others."""
    first = np.arange(len(steps)) == 0
    part = steps["amount"].where(~first, 0)
    ends = part.cumsum()
    rows = pd.DataFrame({"units": steps["units"].to_numpy(), "start": (ends - part).to_numpy(),
                         "end": np.where(first, steps["amount"], ends), "color": steps["step"].map(STEP_COLORS).to_numpy()})

    def worded(language: str) -> pd.DataFrame:
        return rows.assign(
            step=[_word("step", word, language) for word in steps["step"]],
            label=[words.form(words.Money(amount, currency), "money").in_(language) for amount in steps["amount"]])

    return drawn(_waterfall, {"rows": worded}, description)


def _waterfall(language: str) -> alt.LayerChart:
    y = alt.Y("step:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, minExtent=150))
    base = alt.Chart(alt.NamedData("rows")).encode(y)
    bars = base.mark_bar(height=16).encode(
        alt.X("start:Q", scale=alt.Scale(range=[0, alt.ExprRef(f"width - {ROOM}")]), title=None,
              axis=alt.Axis(tickCount=5, format=",f", labelOverlap=True)), alt.X2("end"),
        alt.Color("color:N", scale=None),
        tooltip=[alt.Tooltip("step:N", title=name("step", language)),
                 alt.Tooltip("label:N", title=name("amount", language)),
                 alt.Tooltip("units:Q", format=",", title=name("units", language))])
    text = base.mark_text(align="left", dx=5).encode(alt.X("end:Q"), alt.Text("label:N"))
    return alt.layer(bars, text).properties(width=WIDTH, height=alt.Step(26))


def shares(rates: pd.DataFrame, by: str, room: str, description: Text) -> Chart:
    """A rate from 0 to 1 and its interval per kind, one line each. Rows: `by`, rate, rate_low, rate_high, decided."""
    def worded(language: str) -> pd.DataFrame:
        return rates[["rate", "rate_low", "rate_high", "decided"]].assign(
            kind=[_word(room, word, language) for word in rates[by]])

    return drawn(_shares, {"rows": worded}, description, by)


def _shares(language: str, by: str) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("rows")).encode(alt.Y("kind:N", sort=None, title=None))
    scale = alt.Scale(domain=[0, 1])
    tips = [alt.Tooltip("kind:N", title=name(by, language)),
            alt.Tooltip("rate:Q", format=".0%", title=name("rate", language)),
            alt.Tooltip("rate_low:Q", format=".0%", title=name("low", language)),
            alt.Tooltip("rate_high:Q", format=".0%", title=name("high", language)),
            alt.Tooltip("decided:Q", format=",", title=name("cases", language))]
    spans = base.mark_rule(strokeWidth=6, opacity=0.28, color=ACCENT).encode(
        alt.X("rate_low:Q", scale=scale, axis=alt.Axis(format=".0%", tickCount=6), title=name("rate", language)),
        alt.X2("rate_high"))
    points = base.mark_point(size=60, filled=True, opacity=1, color=ACCENT).encode(alt.X("rate:Q"), tooltip=tips)
    return alt.layer(spans, points).properties(width=WIDTH, height=alt.Step(24))


def _word(room: str, word: str, language: str) -> str:
    return words.named(room, word).in_(language)


def spans(rows: pd.DataFrame, kind: str, room: str, description: Text) -> Chart:
    """One bar per row from first_day to `end`, a line per `kind`, whose values are named in the words' `room`."""
    def worded(language: str) -> pd.DataFrame:
        return rows[["first_day", "last_day", "end"]].assign(kind=rows[kind].map(lambda word: _word(room, word, language)))

    return drawn(_spans, {"rows": worded}, description)


def _spans(language: str) -> alt.Chart:
    days = [day_tip(field, words.say(f"column.{field}").in_(language)) for field in ("first_day", "last_day")]
    return alt.Chart(alt.NamedData("rows")).mark_bar(color=ACCENT, height=10).encode(
        day_axis("first_day", language), alt.X2("end"),
        alt.Y("kind:N", sort=None, title=None),
        tooltip=[alt.Tooltip("kind:N", title=words.say("column.title").in_(language)), *days],
    ).properties(width=WIDTH, height=alt.Step(22))
