"""What a notebook cell may end in: a sentence, key figures, a table, a chart, a note; each in both languages.

Every block is a frozen value. In JupyterLab it shows itself in the language of WORKBENCH_LANG; in a recorded notebook it
stands as data (`application/vnd.workbench+json`), and only that is drawn on a published page: whatever else a cell
prints appears there as plain text. Everything is escaped here, in one place, so text from a file cannot become markup.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import NamedTuple

import pandas as pd

from workbench import words
from workbench.words import Money, Text

MIME = "application/vnd.workbench+json"
LAB_CHART = "application/vnd.vegalite.v5+json"  # the newest Vega-Lite that JupyterLab 4 draws by itself
ROWS_SHOWN = 1000  # a page stays readable and small; the CSV export of a command holds every row
WIDE, WIDER = 105, 135  # characters a table cannot do without; with more it is printed smaller, and across the paper
TALL = 25  # rows; a table with more scrolls in its own box
TRAIL = 120, 28  # pixels, of the small line behind a key figure
LONG_VALUE = 12  # characters; a longer key figure is set smaller
LONG, MIDDLING = 44, 26  # characters; a column with longer texts may break its lines, sooner or when there is no room
PIECE = 32  # characters; a longer one, of a file name or an identifier, may be broken anywhere
DAYS = {"date", "covered", "month"}
_WHOLE = re.compile(r"−[^\s\d<]+[\d,.]*\d|\d{4}-\d\d-\d\d|[A-Z][a-z]{2} \d{1,2}, \d{4}|\d{4}年\d{1,2}月(?:\d{1,2}日)?")
# "−$5.20", "2026-05-01", "May 1, 2026": no line of prose ends within
NUMERIC = {"units", "line", "number", "percent", "share", "money", "times"}


def language() -> str:
    """The language JupyterLab shows: WORKBENCH_LANG, English by default."""
    return "zh" if os.environ.get("WORKBENCH_LANG", "").startswith("zh") else "en"


shown_in_lab: Callable[[_Block], dict] | None = None  # set by `explore`: how JupyterLab shows a block, with its charts


class _Block:
    """Shows itself in a notebook."""

    kind = ""

    def data(self) -> dict:
        """The block as JSON values, from which `html` draws it."""
        return {"kind": self.kind, **asdict(self)}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        if shown_in_lab:
            return shown_in_lab(self)
        data = self.data()
        return {MIME: data, "text/html": html(data, (language(),)), "text/plain": plain(data)}


@dataclass(frozen=True)
class Note(_Block):
    """A paragraph. `tone`: "" a finding, "warn" something to know before trusting, "quiet" small print."""

    text: Text
    tone: str = ""
    kind = "note"


@dataclass(frozen=True)
class Card:
    """One key figure. `name` and `raw` let other pages compare it; `change` is a sentence about the month before.

    `before`: last month's value, for an arrow beside the change; `better`: "low" or "high", which way is good news;
    `trail`: the values of the months up to this one, drawn as a small line, unknown ones left out.
    """

    name: str
    label: Text
    value: Text
    note: Text = Text("", "")
    change: Text = Text("", "")
    tone: str = ""  # "good", "bad" or ""
    raw: float | str | None = None  # of a day, its ISO text
    before: float | None = None
    better: str = ""
    trail: tuple[float | None, ...] = ()

    def data(self) -> dict:
        """The card as JSON values; what is unknown is None, never NaN."""
        return {**asdict(self), "raw": _known(self.raw), "before": _known(self.before),
                "trail": [_known(value) for value in self.trail]}


@dataclass(frozen=True)
class Figures(_Block):
    """Key figures side by side, the first the largest."""

    cards: tuple[Card, ...]
    kind = "figures"

    def data(self) -> dict:
        """The cards' data."""
        return {"kind": self.kind, "cards": [card.data() for card in self.cards]}


@dataclass(frozen=True)
class Column:
    """One column of a table: its name in the frame, its title, and the form of its values (see `words.form`).

    `currency`: the frame's column that holds the currency of a money column.
    """

    name: str
    title: Text
    form: str = "text"
    currency: str = "currency"


@dataclass(frozen=True)
class Table(_Block):
    """Rows of a frame under titles; sorts, filters and saves as CSV on a published page."""

    frame: pd.DataFrame = field(repr=False)
    columns: tuple[Column, ...]
    caption: Text = Text("", "")
    name: str = "table"
    labels: dict[str, str] = field(default_factory=dict)  # column -> the words' room its values are named in
    kind = "table"

    def data(self, most: int = ROWS_SHOWN, languages: Sequence[str] = words.LANGUAGES) -> dict:
        """The first `most` rows; cells as [English, Chinese, raw value], one entry where all three are the same text.

        Where only one of the languages is asked for, both stand for it.
        """
        shown = self.frame.head(most)
        rows = list(zip(*(self._cells(shown, column, languages) for column in self.columns), strict=True))
        heads = [{"name": column.name, "title": asdict(column.title), "numeric": column.form in NUMERIC,
                  "day": column.form in DAYS} for column in self.columns]
        return {"kind": self.kind, "name": self.name, "caption": asdict(self.caption), "heads": heads,
                "rows": [list(row) for row in rows], "left_out": len(self.frame) - len(shown)}

    def _cells(self, frame: pd.DataFrame, column: Column, languages: Sequence[str]) -> list[list[str]]:
        values, kind = frame[column.name].tolist(), column.form
        if kind in ("percent", "share") and not any(isinstance(value, Text) for value in values):
            kind = words.alike(kind, values)
        currencies = frame[column.currency].tolist() if column.form == "money" else [""] * len(values)
        room = self.labels.get(column.name)
        if room:  # few distinct words
            named = {value: _cell(value, kind, "", room, languages) for value in set(values)}
            return [named[value] for value in values]
        return [_cell(value, kind, currency, None, languages)
                for value, currency in zip(values, currencies, strict=True)]


@dataclass(frozen=True)
class Chart(_Block):
    """A Vega-Lite chart per language and the sentence that says what it shows."""

    specs: dict[str, dict] = field(repr=False)  # language -> Vega-Lite specification
    description: Text
    kind = "chart"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        if shown_in_lab:
            return shown_in_lab(self)
        spec = {**self.specs[language()], "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}}}
        return {MIME: self.data(), LAB_CHART: spec, "text/plain": self.description.in_(language())}


@dataclass(frozen=True)
class Lines(_Block):
    """Text as it stands, line by line, to read or to copy: a claim's story with the lines of the files, a case's text.
    A gloss has text in Chinese only, and is shown to no other reader."""

    text: Text
    caption: Text = Text("", "")
    kind = "lines"


@dataclass(frozen=True)
class Page(_Block):
    """Several blocks shown one after another."""

    blocks: tuple[_Block, ...]
    kind = "page"

    def data(self) -> dict:
        """The blocks' data."""
        return {"kind": self.kind, "blocks": [block.data() for block in self.blocks]}


@dataclass(frozen=True)
class Record(_Block):
    """What the page was made from, for the index and for a later run; shows nothing itself.

    `incomplete`: an input is missing, stale or cut off, so some figures of the page are unknown.
    """

    facts: dict
    incomplete: bool
    kind = "record"


# ---------------------------------------------------------------------------------------------------- drawing

def html(data: dict, languages: Sequence[str] = words.LANGUAGES) -> str:
    """One block as HTML in the given languages; the page's style shows one of them. Charts are drawn by `publish`."""
    return _DRAWN[data["kind"]](data, tuple(languages))


def plain(data: dict) -> str:
    """One block as text."""
    if data["kind"] in ("note", "lines"):
        return data["text"][language()]
    if data["kind"] == "figures":
        return "\n".join(f"{card['label'][language()]}: {card['value'][language()]}" for card in data["cards"])
    if data["kind"] == "page":
        return "\n".join(plain(block) for block in data["blocks"])
    if data["kind"] == "table":
        at = words.LANGUAGES.index(language())
        return "\n".join("\t".join(cell[min(at, len(cell) - 1)] for cell in row) for row in data["rows"][:20])
    return data["description"][language()] if data["kind"] == "chart" else ""


def span(text: dict | Text, languages: Sequence[str] = words.LANGUAGES) -> str:
    """A text as HTML; a span per language where they differ."""
    parts = text if isinstance(text, dict) else asdict(text)
    if len(languages) == 1 or parts["en"] == parts["zh"]:
        return escape(parts[languages[0]])
    return "".join(f'<span lang="{name}">{escape(parts[name])}</span>' for name in languages)


def _cell(value: object, form: str, currency: str, room: str | None, languages: Sequence[str]) -> list[str]:
    if room and words.known(f"{room}.{value}"):
        text = words.say(f"{room}.{value}")
        return [*(text.in_(language) for language in (languages[0], languages[-1])), str(value)]
    held = Money(value, currency) if form == "money" and not isinstance(value, Text) else value
    first = words.written(held, form, languages[0])
    other = first if len(languages) == 1 else words.written(held, form, languages[-1])
    raw = _raw(value)
    return [raw] if first == other == raw else [first, other, raw]


def _known(value: float | str | None) -> float | str | None:
    return None if value is None or words.is_unknown(value) else value


def _raw(value: object) -> str:
    """A cell's value as a file would hold it: ISO dates, plain numbers, nothing for the unknown."""
    if words.is_unknown(value):
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, float):
        return repr(round(value, 9)).removesuffix(".0") if math.isfinite(value) else ""
    return str(value)


def _draw_note(data: dict, languages: tuple[str, ...]) -> str:
    return f'<p class="note {escape(data["tone"])}">{_prose(data["text"], languages)}</p>'


def _prose(text: dict, languages: Sequence[str]) -> str:
    """A text as HTML whose amounts and days are not broken over two lines."""
    return _WHOLE.sub(r'<span class="whole">\g<0></span>', span(text, languages))


def _draw_figures(data: dict, languages: tuple[str, ...]) -> str:
    return cards_html(data["cards"], languages)


def cards_html(cards: Sequence[dict], languages: Sequence[str] = words.LANGUAGES) -> str:
    """Key figures side by side, all in one size: a longer one makes all smaller."""
    size = "figures long" if any(len(card["value"]["en"]) > LONG_VALUE for card in cards) else "figures"
    return f'<dl class="{size}">{"".join(card_html(card, languages) for card in cards)}</dl>' if cards else ""


def card_html(card: dict, languages: Sequence[str] = words.LANGUAGES) -> str:
    """One key figure as HTML, from `Card.data()`."""
    lines = [f'<dt>{span(card["label"], languages)}</dt><dd class="value">{span(card["value"], languages)}</dd>']
    if card["change"]["en"]:
        lines.append(f'<dd class="change">{arrow(card)}{_prose(card["change"], languages)}</dd>')
    if card["note"]["en"]:
        lines.append(f'<dd class="note">{_prose(card["note"], languages)}</dd>')
    return f'<div class="card {escape(card["tone"])}">{"".join(lines)}{trail(card.get("trail", ()))}</div>'


def arrow(card: dict) -> str:
    """An arrow up or down from `before` to `raw`, coloured by which way is good news; "" when either is unknown."""
    now, before, better = card.get("raw"), card.get("before"), card.get("better", "")
    if now is None or before is None or now == before:
        return ""
    tone = "" if not better else "good" if (now < before) == (better == "low") else "bad"
    return f'<span class="arrow {tone}" aria-hidden="true">{"▼" if now < before else "▲"}</span> '


def trail(values: Sequence[float | None]) -> str:
    """The way to a key figure as a small line that ends in a dot; "" with fewer than three known values.

    A picture for the eye only: the chart and the table of the page hold the values.
    """
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(known) < 3:
        return ""
    width, height = TRAIL
    low, high = min(value for _, value in known), max(value for _, value in known)
    step, reach = (width - 8) / (len(values) - 1), (high - low) or 1.0
    points = [(4 + at * step, height - 4 - (value - low) / reach * (height - 8)) for at, value in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (f'<dd class="trail" aria-hidden="true"><svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f'<polyline points="{line}"/><circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3"/></svg></dd>')


def _draw_table(data: dict, languages: tuple[str, ...]) -> str:
    """A captioned box that scrolls by itself; the page's script adds sorting, a filter and the download to it."""
    name, heads = escape(data["name"]), data["heads"]
    label = f'id="table-{name}"' if data["caption"]["en"] else f'id="table-{name}" class="hidden"'
    caption = span(data["caption"], languages) if data["caption"]["en"] else name
    titles = "".join(f'<th scope="col"{" class=number" if head["numeric"] else ""} data-name="{escape(head["name"])}">'
                     f'{span(head["title"], languages)}</th>' for head in heads)
    looks = [_look(head, [text for row in data["rows"] for text in row[at][:2]]) for at, head in enumerate(heads)]
    width, tall = sum(look.width for look in looks), len(data["rows"]) > TALL
    size = (" wide wider" if width > WIDER else " wide" if width > WIDE else "") + (" tall" if tall else "")
    rows = "\n".join("<tr>" + "".join(_draw_cell(cell, look, languages) for cell, look in zip(row, looks, strict=True))
                     + "</tr>" for row in data["rows"])
    if not data["rows"]:
        rows = f'<tr><td colspan="{len(heads)}">{span(words.say("page.no_rows"), languages)}</td></tr>'
    more = ""
    if data["left_out"]:
        text = words.say("page.left_out", shown=len(data["rows"]), left=data["left_out"])
        more = f'<p class="note quiet">{span(text, languages)}</p>'
    return (f'<figure class="table{size}" data-name="{name}"><figcaption {label}>{caption}'
            f'</figcaption><div class="scroll" tabindex="0" role="region" aria-labelledby="table-{name}"><table>'
            f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>{more}</figure>")


class _Look(NamedTuple):
    """How a column's cells are set: their class, and the fewest characters that the column needs beside others."""

    style: str
    width: int


def _look(head: dict, texts: list[str]) -> _Look:
    """A column's looks, from its kind and its longest text; numbers, days and short identifiers stay on one line."""
    longest = max(map(len, texts), default=0)
    pieces = re.compile(r"[\s/;!_]+")  # a line may break at these
    piece = max((len(part) for text in {*texts} for part in pieces.split(text)), default=0)
    title = max(map(len, head["title"]["en"].split()), default=0)
    if head["numeric"] or head.get("day"):
        return _Look("number" if head["numeric"] else "whole", max(longest, title) + 2)
    if longest > MIDDLING:
        style = "long" if longest > LONG else "middling"
        return _Look(f"{style} kept" if piece <= PIECE else style, max(min(piece, PIECE), title) + 2)
    whole = not any(" " in text for text in texts)
    return _Look("whole" if whole else "", max(longest if whole else piece, title) + 2)


def _draw_cell(cell: list[str], look: _Look, languages: tuple[str, ...]) -> str:
    """A cell and, where the page could not tell it from what is shown, the value behind it."""
    style = look.style and (f' class="{look.style}"' if " " in look.style else f" class={look.style}")
    if len(cell) == 1:
        return f"<td{style}>{_breaking(cell[0], look)}</td>"
    en, zh, raw = cell
    tell = en != zh or raw != (en.replace(",", "") if look.style == "number" else en)
    held = f' data-raw="{escape(raw)}"' if tell else ""
    return f'<td{style}{held}>{_breaking(en, look) if en == zh else span({"en": en, "zh": zh}, languages)}</td>'


def _breaking(text: str, look: _Look) -> str:
    """A cell's text as HTML; one that may break its lines does so between the parts of a path and between places first."""
    if not look.style.endswith("kept"):
        return escape(text)
    return "<wbr>".join(map(escape, re.split(r"(?<=[/;!_])(?=[^\s/;!_])", text)))


def _draw_chart(data: dict, languages: tuple[str, ...]) -> str:
    return f'<figure class="chart"><figcaption>{span(data["description"], languages)}</figcaption></figure>'


def _draw_lines(data: dict, languages: tuple[str, ...]) -> str:
    """Text as it stands; one that a language lacks, like a gloss, is not there for its readers."""
    texts = {name: data["text"][name] for name in languages if data["text"][name]}
    if not texts:
        return ""
    alone = f' lang="{next(iter(texts))}"' if len(texts) < len(languages) else ""
    parts = [("", *{*texts.values()})] if len({*texts.values()}) == 1 else [
        (f' lang="{name}"', text) for name, text in texts.items()]
    said = "".join(f'<pre class="said" tabindex="0"{lang}>{escape(text)}</pre>' for lang, text in parts)
    return f'<figure class="lines"{alone}><figcaption>{span(data["caption"], languages)}</figcaption>{said}</figure>'


def _draw_page(data: dict, languages: tuple[str, ...]) -> str:
    return "".join(html(block, languages) for block in data["blocks"])


_DRAWN = {"note": _draw_note, "figures": _draw_figures, "table": _draw_table, "chart": _draw_chart, "page": _draw_page,
          "lines": _draw_lines,
          "record": lambda data, languages: ""}
