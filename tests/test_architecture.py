"""Who may import whom. The list is short, and ARCHITECTURE.md names every room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ARROWS = {
    "currencies": set(),
    "specs": {"currencies"},
    "numerals": {"currencies", "specs"},
    "dates": {"specs"},
    "values": {"cells", "currencies", "dates", "numerals", "specs"},
    "encoding": set(),
    "cells": set(),
    "lines": {"cells"},
    "flatfile": {"cells", "encoding", "lines", "specs"},
    "doubts": {"cells", "flatfile", "specs"},
    "denomination": {"cells", "currencies", "flatfile", "specs"},
    "files": set(),
    "records": {"files", "flatfile", "specs"},
    "reports": {"cells", "currencies", "dates", "denomination", "doubts", "files", "flatfile", "numerals", "records",
                "seller", "specs", "values"},
    "cache": {"cells", "currencies", "dates", "denomination", "doubts", "encoding", "files", "flatfile", "lines",
              "numerals", "records", "reports", "seller", "specs", "values"},
    "seller": set(),
    "overlaps": {"cache", "reports", "specs"},
    "books": {"cache", "cells", "encoding", "files", "lines", "overlaps", "reports", "seller", "specs"},
    "history": {"books", "overlaps", "specs"},
    "findings": {"books"},
    "story": {"books", "checks", "findings", "specs"},
    "months": set(),
    "coverage": set(),
    "checks": {"books", "coverage", "currencies", "history", "specs", "values"},
    "coded": set(),
    "radix": set(),
    "matching": {"radix"},
    "rates": set(),
    "loss": {"coded", "currencies", "matching", "rates"},
    "cube": {"coded", "currencies", "loss", "rates"},
    "policy": set(),
    "detectors": {"books", "coded", "coverage", "matching", "radix", "specs"},
    "worth": {"coded", "currencies", "detectors", "policy", "radix"},
    "claims": {"books", "coded", "currencies", "detectors", "policy", "radix", "worth"},
    "narrative": {"books", "claims", "policy", "specs", "words"},
    "recovery": {"claims", "coded", "currencies"},
    "approval": set(),
    "filing": {"currencies"},
    "evidence": {"books"},
    "packet": {"evidence", "words"},
    "impact": {"coded", "matching", "rates", "words"},
    "incidents": {"coded", "coverage", "currencies"},
    "words": set(),
    "display": {"words"},
    "charts": {"display", "words"},
    "figures": {
        "approval",
        "books",
        "charts",
        "checks",
        "coverage",
        "currencies",
        "detectors",
        "display",
        "evidence",
        "filing",
        "findings",
        "impact",
        "incidents",
        "loss",
        "months",
        "narrative",
        "packet",
        "rates",
        "policy",
        "recovery",
        "specs",
        "words",
    },
    "pictures": set(),
    "page": {"cache", "display", "export", "months", "pictures", "words"},
    "explore": {
        "approval",
        "books",
        "claims",
        "cube",
        "display",
        "evidence",
        "export",
        "figures",
        "impact",
        "loss",
        "narrative",
        "packet",
        "page",
        "policy",
        "recovery",
        "sheets",
        "words",
    },
    "kernel": {"charts", "policy", "specs", "words"},
    "engine": {"kernel"},
    "restatement": {"books", "claims", "coverage", "loss", "months", "policy"},
    "runs": {"export", "files"},
    "grid": {"books", "evidence", "months", "policy", "runs"},
    "crew": {"engine", "grid", "kernel"},
    "publish": {
        "books",
        "crew",
        "engine",
        "export",
        "grid",
        "kernel",
        "page",
        "pictures",
        "policy",
        "restatement",
        "runs",
        "words",
    },
    "lab": {"cache", "export", "grid", "kernel", "words"},
    "export": set(),
    "sheets": {"books", "export", "reports", "specs"},
    "simulate": set(),
    "cli": {
        "books",
        "checks",
        "claims",
        "crew",
        "display",
        "evidence",
        "export",
        "impact",
        "lab",
        "loss",
        "months",
        "narrative",
        "packet",
        "policy",
        "publish",
        "sheets",
        "simulate",
        "story",
    },
    "__main__": {"cli"},
    "__init__": set(),
}
FILES = sorted((ROOT / "workbench").rglob("*.py"))


def room(path):
    parts = path.relative_to(ROOT / "workbench").parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "workbench":
            rest = node.module.split(".")[1:]
            yield from [rest[0]] if rest else [name.name for name in node.names if name.name != "__version__"]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("workbench."))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_follow_the_arrows(path):
    assert room(path) in ARROWS, "a new room needs its arrows here and a line in ARCHITECTURE.md"
    assert set(imported(path)) <= ARROWS[room(path)] | {room(path)}


def test_no_arrow_is_left_of_what_nobody_imports_any_more():
    used = {name: {other for path in FILES if room(path) == name for other in imported(path)} for name in ARROWS}
    assert not {name: arrows - used[name] for name, arrows in ARROWS.items() if arrows - used[name]}


def test_every_room_is_named_in_architecture():
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert not [room(path) for path in FILES if f"`{room(path)}`" not in text and room(path) != "__init__"]
