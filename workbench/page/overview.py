"""The index over all runs: per seller the latest figures, and a row for every month with its pages."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from html import escape

from workbench import display, words
from workbench.months import months_back
from workbench.page import drawing
from workbench.words import Text, named, say

FIRST = ("claim-recovery", "loss-rate", "sop-impact", "data-health")  # what is owed comes first; others follow
BRIDGE = "restatement"  # stands beside its month; a column of its own only where it failed
HEADLINES = 2  # key figures of a page that the index shows
TRAIL = 12  # months behind a key figure
STATES = ("ok", "incomplete", "failed")


def overview(runs: Sequence[dict], languages: Sequence[str] = words.LANGUAGES) -> str:
    """The index page over all run records: sellers by name, months newest first."""
    import jinja2

    scripts, style = [drawing.script()], drawing.style()
    counts = Counter(_state(run) for run in runs)
    page = {
        "languages": [(name, drawing.TAGS[name]) for name in languages], "title": say("page.index_title"), "seller": "",
        "titles": drawing.held({name: say("page.index_title").in_(name) for name in languages}),
        "words": drawing.script_words(languages), "style": style, "scripts": scripts,
        "policy": drawing.security_policy(scripts, [style]), "pages": len(runs),
        "states": [(state, counts[state], say(f"page.{state}")) for state in STATES if counts[state]],
        "sellers": [_seller([run for run in runs if run["seller"] == name], languages)
                    for name in sorted({run["seller"] for run in runs})],
        "say": lambda key, **values: display.span(say(key, **values), languages),
        "span": lambda text: display.span(text, languages),
    }
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(drawing.FOLDER / "report"), autoescape=False)
    return environment.get_template("overview.html.j2").render(page=page)


def _state(run: dict) -> str:
    return "failed" if not run["ok"] else "incomplete" if run["incomplete"] else "ok"


def _seller(runs: list[dict], languages: Sequence[str]) -> dict:
    """One seller's latest figures and its months."""
    notebooks = sorted({run["notebook"] for run in runs if run["notebook"] != BRIDGE or not run["ok"]},
                       key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    months = sorted({run["month"] for run in runs}, reverse=True)
    found = {(run["month"], run["notebook"]): run for run in runs}
    latest = next((month for month in months if any(_figures(found, month, name) for name in notebooks)), "")
    cards = [_card(found, latest, name, figure, months) for name in notebooks for figure in _figures(found, latest, name)]
    return {
        "name": runs[0]["seller"], "latest": words.form(latest, "month") if latest else None,
        "cards": display.cards_html(cards, languages),
        "notebooks": [named("title", name) for name in notebooks],
        "rows": [_row(found, month, notebooks, languages) for month in months],
    }


def _row(found: dict, month: str, notebooks: Sequence[str], languages: Sequence[str]) -> dict:
    """One month: a cell per notebook, and the worst state among them."""
    runs = [found.get((month, name)) for name in notebooks]
    made = [run for run in runs if run]
    states = {_state(run) for run in made}
    told = {_told(run) for run in made}  # what is true of all pages is said once
    alike = display.span(told.pop(), languages) if len(told) == 1 and states == {"incomplete"} else ""
    look = _look(made[0]) if alike else ""
    return {"month": month, "written": words.form(month, "month"), "alike": alike, "look": look,
            "state": [name for name in STATES if name in states][-1],
            "as_of": [words.form(dt.date.fromisoformat(day), "date") for day in sorted({run["as_of"] for run in made})],
            "locked": any(run.get("locked") for run in made), "restated": next(
                (run["restated"] for run in made if run.get("restated")), ""),
            "cells": [_cell(found, run, languages, bool(alike)) if run else "" for run in runs]}


def _cell(found: dict, run: dict, languages: Sequence[str], told: bool) -> str:
    """A page's first figures and how they moved; its state unless its row has `told` it, and why it failed."""
    state, figures = _state(run), _figures(found, run["month"], run["notebook"])
    shown = [_card(found, run["month"], run["notebook"], figure, ()) for figure in figures]
    lines = [f"{display.span(card['label'], languages)} <strong>{display.span(card['value'], languages)}</strong>"
             for card in shown] or [display.span(named("title", run["notebook"]), languages)]
    if run["page"]:
        lines[0] = f'<a href="{escape(run["page"])}" data-page>{lines[0]}</a>'
    parts = [f"<p>{line} {display.arrow(card)}</p>" for line, card in zip(lines, shown or [{}], strict=True)]
    if state != "ok" and not told:
        parts.append(f'<p class="state {_look(run)}">{display.span(_told(run), languages)}</p>')
    if state == "failed":
        parts.append(f'<p class="why">{escape(run.get("error", ""))}</p>')
    return "".join(parts)


def _look(run: dict) -> str:
    """How a run's state looks: as on its page, where a check that failed is no mere gap."""
    return "failed" if run.get("facts", {}).get("checks_failed", 0) else _state(run)


def _told(run: dict) -> Text:
    """A run's state in words."""
    state, wrong = _state(run), run.get("facts", {}).get("checks_failed", 0)
    if state == "incomplete" and wrong:
        return say("page.state_failed", n=wrong)
    return say(f"page.{state}" if state != "failed" else "page.failed_kept" if run["page"] else "page.failed_new")


def _figures(found: dict, month: str, notebook: str) -> list[dict]:
    """The key figures the index shows of one page; none of a failed run."""
    run = found.get((month, notebook))
    return run["figures"][:HEADLINES] if run and run["ok"] else []


def _card(found: dict, month: str, notebook: str, figure: dict, months: Sequence[str]) -> dict:
    """A key figure as `display.Card` data: with the month before, where there is one, and the way to it. What the page
    itself says of the month before stands where no page of it does; a day is compared with nothing, and keeps its note."""
    month_before = months_back(month, 1)
    before = _same(found, month_before, notebook, figure["name"])
    now = figure.get("raw")
    if before is None or isinstance(now, str):
        change, then = Text(**(figure.get("change") or {"en": "", "zh": ""})), figure.get("before")
    else:
        change, then = words.change(now, before["raw"], Text(**before["value"]), month_before), before["raw"]
    way = [_same(found, name, notebook, figure["name"]) for name in sorted(months) if name <= month][-TRAIL:]
    note = {"en": "", "zh": ""} if change.en else figure.get("note") or {"en": "", "zh": ""}
    return {"label": figure["label"], "value": figure["value"], "note": note, "tone": figure.get("tone", ""),
            "change": {"en": change.en, "zh": change.zh}, "raw": _number(now), "before": then,
            "better": figure.get("better", ""), "trail": [_number(card["raw"]) if card else None for card in way]}


def _number(raw: object) -> float | None:
    """A figure's raw value where it is a number."""
    return None if isinstance(raw, str) else raw


def _same(found: dict, month: str, notebook: str, name: str) -> dict | None:
    """The figure of that name in another month's run."""
    run = found.get((month, notebook))
    return next((card for card in run["figures"] if card["name"] == name), None) if run and run["ok"] else None

