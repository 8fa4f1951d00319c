"""A recorded notebook as one HTML page: opens from disk, asks the network for nothing, runs no script but its own.

nbconvert fills the template in `report/`; blocks of `display` are drawn from their data, everything else a cell printed
appears as plain text. Charts stand in the page as SVG with real text, and come alive where scripts run, from one Vega
bundle. The Content-Security-Policy names the hashes of the page's own scripts and forbids everything else.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from workbench import display, words
from workbench.display import MIME

FOLDER = Path(str(files("workbench") / "page"))


@dataclass(frozen=True)
class Recorded:
    """What a run left behind besides its page: the figures other pages compare, and whether its inputs were whole."""

    figures: list[dict]  # the cards: name, label, value, raw …
    record: dict  # of `display.Record`: seller, month, files, checks …; {} when the notebook did not reach its end


def recorded(notebook: dict) -> Recorded:
    """The key figures and the closing record of an executed notebook."""
    blocks = [block for cell in notebook.cells for block in _blocks(cell)]
    cards = [card for block in blocks if block["kind"] == "figures" for card in block["cards"]]
    records = [block for block in blocks if block["kind"] == "record"]
    return Recorded(cards, records[-1] if records else {})


def html(notebook: dict, *, title: words.Text, seller: str, month: str, as_of: str,
         languages: Sequence[str] = words.LANGUAGES, script: bool = True) -> str:
    """The page of an executed notebook. The same notebook gives the same bytes."""
    from nbconvert import HTMLExporter

    drawing = _Drawing(tuple(languages))
    cells = [drawing.cell(cell) for cell in notebook.cells]
    scripts = []
    if script:
        own = (FOLDER / "page.js").read_text("utf-8")
        scripts = [bundle(), own] if drawing.charts else [own]
    page = {
        "languages": [{"zh": "zh-Hans"}.get(name, name) for name in languages], "title": title,
        "title_html": display.span(title, languages), "seller": seller, "month": month,
        "month_html": display.span(words.form(month, "month"), languages),
        "as_of_html": display.span(words.say("page.as_of", day=dt.date.fromisoformat(as_of)), languages),
        "style": (FOLDER / "style.css").read_text("utf-8"), "scripts": scripts, "policy": security_policy(scripts),
        "cells": [cell for cell in cells if cell], "headings": drawing.headings,
        "words": lambda key: display.span(words.say(key), languages),
    }
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(FOLDER)])
    return exporter.from_notebook_node(notebook, resources={"page": page})[0]


def security_policy(scripts: Sequence[str]) -> str:
    """Only these scripts run, nothing is fetched, sent or framed."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
                      for text in scripts)
    return (f"default-src 'none'; script-src {hashes or chr(39) + 'none' + chr(39)}; style-src 'unsafe-inline'; "
            "img-src data:; base-uri 'none'; form-action 'none'")


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from vl-convert; built once a machine, then read from the cache."""
    import vl_convert

    from workbench import cache

    kept = cache.folder() / f"vega-{vl_convert.get_vega_version()}-{vl_convert.get_vega_embed_version()}.js"
    with contextlib.suppress(OSError, UnicodeError):
        return kept.read_text("utf-8")
    made = vl_convert.javascript_bundle()
    made = "(function(){" + made.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "})();"
    temporary = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):  # a cache that cannot be written is no reason to stop
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(made, "utf-8")
        os.replace(temporary, kept)
    return made


# ---------------------------------------------------------------------------------------------------- inside

class _Drawing:
    """Draws cells one after another; remembers headings and charts."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self.headings: list[dict] = []
        self.charts = 0

    def cell(self, cell: dict) -> dict | None:
        if cell.cell_type == "markdown":
            return {"prose": self._prose(cell.source)}
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "parameters" in tags or "injected-parameters" in tags:
            return None
        return {"shown": "".join(self._output(output) for output in cell.outputs), "code": cell.source}

    def _prose(self, source: str) -> str:
        """A markdown cell in every language: its first heading gets an anchor and a line in the contents."""
        from nbconvert.filters.markdown_mistune import markdown2html_mistune

        parts = []
        for paragraph in re.split(r"\n\s*\n", source.strip()):
            marks, heading = re.match(r"(#*)\s*(.*)", paragraph, re.DOTALL).groups()
            text = words.translated(heading)
            if marks and len(marks) == 1:
                continue  # the page's own title stands in its head
            if marks:
                name = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
                inside = display.span(text, self.languages)
                parts.append(f'<h{len(marks)} id="{escape(name)}">{inside}</h{len(marks)}>')
                if len(marks) == 2:
                    self.headings.append({"id": name, "html": inside})
            elif len(self.languages) == 1 or text.en == text.zh:
                parts.append(markdown2html_mistune(text.in_(self.languages[0])))
            else:
                parts += [f'<div lang="{name}">{markdown2html_mistune(text.in_(name))}</div>'
                          for name in self.languages]
        return f'<div class="prose">{"".join(parts)}</div>' if parts else ""

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
        return self._chart(block) if block["kind"] == "chart" else display.html(block, self.languages)

    def _chart(self, block: dict) -> str:
        """The sentence, then per language the SVG and the specification it comes from."""
        self.charts += 1
        pieces = []
        for language in self.languages:
            spec, name = block["specs"][language], f"chart-{self.charts}-{language}"
            label = escape(block["description"][language])
            held = json.dumps(spec, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
            pieces.append(f'<div lang="{language}" role="img" aria-label="{label}" data-chart="{name}">'
                          f'{svg(spec, name)}</div><script type="application/json" id="{name}">{held}</script>')
        caption = f"<figcaption>{display.span(block['description'], self.languages)}</figcaption>"
        return f'<figure class="chart">{caption}{"".join(pieces)}</figure>'


def svg(spec: dict, name: str) -> str:
    """A Vega-Lite specification as SVG with real text, drawn without a browser.

    Vega numbers its clip paths over the whole process; here they are named after the chart, so that the same chart gives
    the same bytes and two charts of a page do not clip each other.
    """
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(spec, vl_version=_version(spec), allowed_base_urls=[])
    drawn = re.sub(r' (aria-[a-z]+|role)="[^"]*"', "", drawn)
    names = {old: f"{name}-{at}" for at, old in enumerate(dict.fromkeys(re.findall(r'id="([^"]+)"', drawn)))}
    return re.sub(r'(id="|url\(#)([^")]+)', lambda found: found[1] + names.get(found[2], found[2]), drawn)


def _version(spec: dict) -> str:
    """The Vega-Lite version a specification asks for, as vl-convert spells it."""
    found = re.search(r"/v(\d+)\.(\d+)", spec.get("$schema", ""))
    import vl_convert

    known = vl_convert.get_vegalite_versions()
    asked = f"{found[1]}.{found[2]}" if found else ""
    return asked if asked in known else known[-1]


def _blocks(cell: dict) -> list[dict]:
    if cell.cell_type != "code":
        return []
    top = [output["data"][MIME] for output in cell.outputs if MIME in output.get("data", {})]
    return [part for block in top for part in (block["blocks"] if block["kind"] == "page" else [block])]


def overview(runs: Sequence[dict], languages: Sequence[str] = words.LANGUAGES) -> str:
    """The index page over all run records, newest month first."""
    import jinja2

    own = (FOLDER / "page.js").read_text("utf-8")
    rows = [_run_row(run, languages) for run in sorted(runs, key=lambda run: (
        run["seller"], tuple(-int(part) for part in run["month"].split("-")), run["notebook"]))]
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=False)
    return environment.get_template("overview.html.j2").render(
        rows=rows, languages=[{"zh": "zh-Hans"}.get(name, name) for name in languages], scripts=[own],
        policy=security_policy([own]), style=(FOLDER / "style.css").read_text("utf-8"),
        t=lambda key: display.span(words.say(key), languages), words_en=lambda key: words.say(key).en)


def _run_row(run: dict, languages: Sequence[str]) -> dict:
    """One line of the index: what was made, its key figures, and whether it may be trusted."""
    failed = not run["ok"]
    state = "failed" if failed else "incomplete" if run["incomplete"] else "ok"
    told = words.say("page." + (("failed" if run["page"] else "failed_new") if failed else state))
    title = words.say(f"title.{run['notebook']}") if words.known(f"title.{run['notebook']}") \
        else words.same(run["notebook"])
    figures = "" if failed else " · ".join(
        f"{display.span(card['label'], languages)} <strong>{display.span(card['value'], languages)}</strong>"
        for card in run["figures"][:3])
    return {"seller": run["seller"], "month": run["month"], "as_of": run["as_of"], "href": run["page"], "state": state,
            "month_html": display.span(words.form(run["month"], "month"), languages),
            "title_html": display.span(title, languages), "figures_html": figures,
            "state_html": display.span(told, languages)}
