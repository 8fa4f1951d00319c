"""The analyst's sheets in a grid: type or paste, save; a row that cannot be read is named and nothing is saved."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from importlib.resources import files

import pandas as pd

from workbench import books as sellers
from workbench import display, sheets
from workbench.books import Books
from workbench.display import Column, Note, Table
from workbench.words import Text, known, reason, same, say

FORMS = {"date": "date", "count": "units", "money": "money"}  # what a column holds -> how it is written
LABELS = {"claim_type": "claim_type", "outcome": "case_outcome"}  # column of a sheet -> the words' room of its values


def sheet(books: Books, name: str, *, interactive: bool):
    """The sheet `name` (see `sheets.SHEETS`) as a grid that saves to the seller's folder; headless, as a table."""
    table = sheets.rows(books, name)
    if not interactive:
        if table.empty:
            return Note(say("sheet.none", name=same(name)))
        return _table(name, table)
    return _grid(books, name, table)


def _table(name: str, rows: pd.DataFrame) -> Table:
    """The sheet to read: amounts, counts and days in the reader's form, a blank cell blank."""
    forms = {head: FORMS[kind] for head, kind in sheets.kinds(name).items() if kind in FORMS}
    made = {"date": dt.date.fromisoformat, "units": int, "money": float}
    shown = rows.assign(**{head: [made[form](text) if text else same("") for text in rows[head]]
                           for head, form in forms.items()})
    columns = tuple(replace(column, form=forms.get(column.name, column.form)) for column in _titled(name, rows))
    return Table(shown, columns, say(f"table.{name}"), name=name, labels=LABELS)


def _titled(name: str, table: pd.DataFrame) -> tuple[Column, ...]:
    """The sheet's columns as the pages call them; what nobody else names keeps its header, in Chinese the template's."""
    chinese = dict(zip(sheets.headers(name), sheets.headers(name, "zh"), strict=True))
    return tuple(Column(head, say(f"column.{head}") if known(f"column.{head}") else same(head) if head not in chinese else
                        Text("SKU" if head == "sku" else head.replace("_", " ").capitalize(), chinese[head]))
                 for head in table)


def _grid(books: Books, name: str, table):
    import anywidget
    import traitlets

    folder = files("workbench") / "explore"
    tongue = display.language()

    class Grid(anywidget.AnyWidget):
        _esm = (folder / "sheet.js").read_text("utf-8")
        _css = (folder / "view.css").read_text("utf-8")
        words = traitlets.Dict().tag(sync=True)
        heads = traitlets.List().tag(sync=True)
        titles = traitlets.List().tag(sync=True)
        rows = traitlets.List().tag(sync=True)
        wrong = traitlets.List().tag(sync=True)
        said = traitlets.Unicode("").tag(sync=True)
        asked = traitlets.Int(0).tag(sync=True)

    heads, title = list(table), say(f"table.{name}")
    shown = dict(zip(sheets.headers(name), sheets.headers(name, tongue), strict=True))
    texts = {word: say(f"sheet.{word}").in_(tongue) for word in ("add", "save", "remove")}
    grid = Grid(words={**texts, "title": title.in_(tongue)}, heads=heads, titles=[shown.get(head, head) for head in heads],
                rows=table.values.tolist(), said=say("sheet.held", n=len(table)).in_(tongue))

    def save(change: object) -> None:
        typed = pd.DataFrame(grid.rows, columns=heads, dtype="str")
        wrong = sheets.problems(name, typed)
        named = wrong["column"].map(lambda head: shown.get(head, head))
        told = [say("sheet.row", row=row, column=column, why=reason(why)).in_(tongue)
                for row, column, why in zip(wrong["row"], named, wrong["why"], strict=True)]
        grid.wrong = wrong.assign(told=told).to_dict("records")
        if len(wrong):
            told = say("sheet.wrong", n=len(wrong))
        else:
            try:
                path = sheets.save(sellers.open(books.seller.folder), name, typed)
                told = say("sheet.saved", n=len(typed), path=same(path.name))
            except (ValueError, OSError) as error:
                told = same(error)
        grid.said = told.in_(tongue)

    grid.observe(save, "asked")
    return grid
