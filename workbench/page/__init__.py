"""A recorded notebook as one HTML page: opens from disk, asks the network for nothing, runs no script but its own.

nbconvert fills the template in `report/`; blocks of `display` are drawn from their data, everything else a cell printed
appears as plain text. Charts stand in the page as SVG with real text, and come alive where scripts run, from one Vega
bundle. The Content-Security-Policy names the hashes of the page's own scripts and style and forbids everything else.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from workbench import display, pictures, words
from workbench.display import MIME
from workbench.page import drawing
from workbench.page.overview import overview
from workbench.words import Text, same, say

__all__ = ["Recorded", "charts", "html", "overview", "recorded"]

PARAMETERS = {"parameters", "injected-parameters"}  # cells with these tags are not shown


@dataclass(frozen=True)
class Recorded:
    """What a run left behind besides its page: the figures other pages compare, and whether its inputs were whole."""

    figures: list[dict]  # the cards: name, label, value, raw …
    record: dict  # of `display.Record`: seller, month, files, checks …; {} when the notebook did not reach its end


@dataclass
class Section:
    """One section of a page: its heading, what its cells showed, and their code."""

    id: str
    title: Text
    shown: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


def recorded(notebook: dict) -> Recorded:
    """The key figures and the closing record of an executed notebook."""
    blocks = [block for cell in notebook.cells for block in _blocks(cell)]
    cards = [card for block in blocks if block["kind"] == "figures" for card in block["cards"]]
    records = [block for block in blocks if block["kind"] == "record"]
    return Recorded(cards, records[-1] if records else {})


def charts(cell: dict, languages: Sequence[str]) -> list[dict]:
    """The specifications of the charts that a cell showed, as its page draws them."""
    return [block["specs"][name] for block in _blocks(cell) if block["kind"] == "chart" for name in languages]


def html(notebook: dict, *, title: Text, seller: str, month: str, as_of: str, languages: Sequence[str] = words.LANGUAGES,
         script: bool = True, draw: Callable[[dict], str] = pictures.drawn) -> str:
    """The page of an executed notebook. The same notebook gives the same bytes. `draw`: a chart as SVG."""
    from nbconvert import TemplateExporter
    from nbformat.v4 import new_notebook

    def shown(text: Text) -> str:
        return display.span(text, languages)

    told, body = recorded(notebook), _Drawing(tuple(languages), draw)
    sections = body.sections(notebook)
    scripts = [*([drawing.bundle()] if body.charts else []), drawing.script()] if script else []
    style, day = drawing.style(), words.form(dt.date.fromisoformat(as_of), "date")
    page = {
        "languages": [(name, drawing.TAGS[name]) for name in languages], "title": title, "seller": seller,
        "month": words.form(month, "month"), "as_of": day, "lead": body.lead, "sections": sections,
        "titles": drawing.held({name: f"{title.in_(name)} · {seller} · {words.form(month, 'month').in_(name)}"
                                for name in languages}),
        "words": drawing.script_words(languages),
        "state": _state(told.record), "foot": _foot(told.record, seller, month, day), "say": lambda key: shown(say(key)),
        "span": shown, "style": style, "scripts": scripts, "policy": drawing.security_policy(scripts, [style]),
    }
    # everything is in `page`: nbconvert need not copy the notebook. HTMLExporter would parse the page once more, to give
    # pictures the alternative texts that ours have
    return TemplateExporter.from_notebook_node(_exporter(), new_notebook(), resources={"page": page})[0]


# ---------------------------------------------------------------------------------------------------- inside

@functools.cache
def _exporter():
    """nbconvert with our template, which it reads and compiles once."""
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="report", extra_template_basedirs=[str(drawing.FOLDER)])


def _state(record: dict) -> tuple[str, Text] | None:
    """Whether the page stands on whole inputs and sound checks, for its head; None when the notebook does not say."""
    if not record:
        return None
    failed = record["facts"].get("checks_failed", 0)
    if failed:
        return "failed", say("page.state_failed", n=failed)
    if record["incomplete"]:
        return "incomplete", say("page.incomplete")
    return "ok", say("page.state_ok")


def _foot(record: dict, seller: str, month: str, day: Text) -> list[tuple[Text, Text]]:
    """What the page was made from, enough to make it again: a name and a value each."""
    facts = record.get("facts", {})
    lines = [(say("page.seller"), same(seller)), (say("page.month"), words.form(month, "month")),
             (say("page.made_from"), day)]
    if "policy" in facts:
        lines.append((say("page.policy"), Text(**facts["policy_title"]) if "policy_title" in facts else
                      same(facts["policy"])))
    if "files" in facts:
        files = facts["files"]
        days = sorted(day for file in files for day in (file.get("first_day"), file.get("last_day")) if day)
        ends = [dt.date.fromisoformat(day) for day in (days[0], days[-1])] if days else [None, None]
        lines.append((say("page.files"), say("page.files_read", files=len(files), first=ends[0], last=ends[1],
                                             rows=sum(file["rows"] for file in files)) if files else say("page.none")))
    if "checks_failed" in facts:
        lines.append((say("page.checks_failed"), _listed("check", facts.get("failed", [])) if facts["checks_failed"]
                      else say("page.none")))
    if facts.get("absent"):
        lines.append((say("page.absent"), _listed("table", facts["absent"])))
    if "version" in facts:
        lines.append((say("page.version"), same(facts["version"])))
    return lines


def _listed(room: str, names: Sequence[str]) -> Text:
    """Names of one of the words' rooms in a row, each once."""
    return words.listed(words.named(room, name) for name in dict.fromkeys(names))


class _Drawing:
    """Draws a notebook section by section; remembers what it has drawn so that no two parts share a name."""

    def __init__(self, languages: tuple[str, ...], draw: Callable[[dict], str]) -> None:
        self.languages, self.draw = languages, draw
        self.lead = ""  # what stands under the notebook's title
        self.charts = 0
        self.names = Counter({"content": 1, "titles": 1, "words": 1})

    def sections(self, notebook: dict) -> list[Section]:
        """One per heading of the second level; code above the first belongs to the first."""
        found, before = [], Section("", same(""))
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                for paragraph in re.split(r"\n\s*\n", cell.source.strip()):
                    marks, heading = re.match(r"(#*)\s*(.*)", paragraph, re.DOTALL).groups()
                    if len(marks) == 2:
                        found.append(Section(self._name(heading, "section"), words.translated(heading)))
                    elif len(marks) != 1:  # the page's own title stands in its head
                        (found[-1] if found else before).shown.append(self._prose(heading, len(marks)))
            elif cell.cell_type == "code" and not PARAMETERS & set(cell.metadata.get("tags", [])):
                place = found[-1] if found else before
                place.shown += [self._output(output) for output in cell.outputs]
                place.code.append(cell.source)
        if not found:
            return [before]
        self.lead = "".join(before.shown)
        found[0].code[:0] = before.code
        return found

    def _prose(self, text: str, level: int) -> str:
        """A paragraph or a smaller heading in every language."""
        from nbconvert.filters.markdown_mistune import markdown2html_mistune

        told = words.translated(text)
        if level:
            return f'<h{level} id="{self._name(text, "part")}">{display.span(told, self.languages)}</h{level}>'
        if len(self.languages) == 1 or told.en == told.zh:
            return f'<div class="prose">{markdown2html_mistune(told.in_(self.languages[0]))}</div>'
        return "".join(f'<div class="prose" lang="{name}">{markdown2html_mistune(told.in_(name))}</div>'
                       for name in self.languages)

    def _name(self, text: str, otherwise: str) -> str:
        """A name for an anchor or a download, the same for the same page and never twice on it."""
        name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or otherwise
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name}-{self.names[name]}"

    def _output(self, output: dict) -> str:
        if output.output_type == "stream":
            return f'<pre class="said">{escape(output.text)}</pre>' if output.name == "stdout" else ""
        data = output.get("data", {})
        if MIME in data:
            return self._block(data[MIME])
        return f'<pre class="said">{escape(data["text/plain"])}</pre>' if data.get("text/plain") else ""

    def _block(self, block: dict) -> str:
        if block["kind"] == "page":
            return "".join(self._block(part) for part in block["blocks"])
        if block["kind"] == "table":
            return display.html({**block, "name": self._name(block["name"], "table")}, self.languages)
        return self._chart(block) if block["kind"] == "chart" else display.html(block, self.languages)

    def _chart(self, block: dict) -> str:
        """The sentence, then per language the SVG and the specification it comes from."""
        self.charts += 1
        pieces = []
        for language in self.languages:
            spec, name = block["specs"][language], f"chart-{self.charts}-{language}"
            alive = drawing.held({key: value for key, value in spec.items() if key not in ("$schema", "description")})
            picture = drawing.svg(self.draw(spec), name)
            pieces.append(f'<div class="drawn" lang="{language}" role="img" data-chart="{name}" '
                          f'aria-label="{escape(block["description"][language])}">{picture}</div>'
                          f'<script type="application/json" id="{name}">{alive}</script>')
        caption = f"<figcaption>{display.span(block['description'], self.languages)}</figcaption>"
        return f'<figure class="chart">{caption}{"".join(pieces)}</figure>'


def _blocks(cell: dict) -> Iterator[dict]:
    """The blocks a code cell showed, those inside a `display.Page` one by one."""
    todo = [output["data"][MIME] for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    while todo:
        block = todo.pop(0)
        if block["kind"] == "page":
            todo[:0] = block["blocks"]
        else:
            yield block
