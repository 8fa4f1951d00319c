"""The analyst's own sheets: templates, checked edits, saved whole with the version before kept.

A sheet is read by the same door as every export, so what is wrong with a row is said in the same words as in
`workbench check`. Sheets are saved as .xlsx: Excel then shows every cell as text and runs none of it. The version before
goes to the hidden folder `.old/` beside the sheet, under a running number, and is never read.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from workbench import export, reports, specs
from workbench.books import Books

SHEETS = ("costs", "cases", "sops", "incidents", "removal_receipts")
OLD = ".old"


class SheetError(ValueError):
    """A sheet with rows that cannot be read; the message names row, column and value."""


def headers(sheet: str, language: str = "en") -> list[str]:
    """The columns of a sheet as it is written: the contract's names, or the Chinese ones.

    >>> headers("costs")[:3], headers("costs", "zh")[:3]
    (['sku', 'unit_cost', 'freight_per_unit'], ['SKU', '采购成本', '头程运费'])
    """
    return [_header(column, language) for column in _spec(sheet).columns]


def kinds(sheet: str) -> dict[str, str]:
    """What each column of a sheet holds, by its header: "text", "id", "date", "money", "count" …

    >>> kinds("costs")["unit_cost"]
    'money'
    """
    return {_header(column, "en"): specs.registry()[column.name]["type"] for column in _spec(sheet).columns}


def templates(folder: Path, language: str = "en") -> list[Path]:
    """An empty sheet for each of SHEETS that the folder does not hold yet, as .xlsx with the header; the paths made.

    Also makes `evidence/`, where proofs of delivery and invoices go.
    """
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    made = []
    for sheet in SHEETS:
        path = folder / f"{sheet}.xlsx"
        if any((folder / f"{sheet}{ending}").exists() for ending in (".xlsx", ".csv")):
            continue
        export.write(pd.DataFrame({header: pd.Series(dtype="str") for header in headers(sheet, language)}), path)
        made.append(path)
    return made


def rows(books: Books, sheet: str) -> pd.DataFrame:
    """The sheet's rows as text under the contract's headers, as they would be typed; columns nobody knows are kept."""
    table = books.table(sheet, cut=False) if not books.is_absent(sheet) else books[sheet]
    columns = _spec(sheet).columns
    named = {_header(column, "en"): _text(table[column.name]) for column in columns}
    own = [name for name in table.columns if name not in {column.name for column in specs.tables()[sheet]}
           and name not in specs.OWN]
    return pd.DataFrame({**named, **{name: _text(table[name]) for name in own}}).reset_index(drop=True)


def problems(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
    """What stands against the rows: row (from 1), column, value, why; empty when all can be read. Where day and month could
    be either way round, every date that does not begin with its year is one to write anew.

    >>> problems("costs", pd.DataFrame({"sku": ["A", "B"], "unit_cost": ["9.5", "x"]}))[["row", "column"]].values.tolist()
    [[2, 'unit_cost']]
    """
    written = _filled(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{sheet}.xlsx"
        export.write(written, path)
        try:
            read = reports.read(path)
        except reports.Ambiguous:
            return _undated(written, kinds(sheet))
    if read.spec.name != sheet:
        raise SheetError(f"{sheet}: these columns are those of {read.spec.name}. Keep the header line as it is.")
    shown = {column.name: _header(column, "en") for column in _spec(sheet).columns}
    found = read.problems[read.problems["kind"] == "row"]
    return pd.DataFrame({"row": found["line"] - 1, "column": found["column"].map(shown).fillna(found["column"]),
                         "value": found["value"], "why": found["why"]}).reset_index(drop=True)


def save(books: Books, sheet: str, table: pd.DataFrame) -> Path:
    """Write the sheet as `<seller>/<sheet>.xlsx`, the files that held it before kept in `.old/`; the path written.

    Raises SheetError, and writes nothing, when a row cannot be read or the sheet lies inside an archive.
    """
    wrong = problems(sheet, table)
    if len(wrong):
        told = [f"row {row.row}: {row.column} - {row.why}" for row in wrong.head(5).itertuples()]
        raise SheetError(f"{sheet}: {len(wrong)} rows cannot be read: {'; '.join(told)}. Nothing was saved.")
    folder = books.seller.folder
    held = books.files.loc[(books.files["report"] == sheet) & (books.files["status"] == "read"), "file"].tolist()
    packed = [file for file in held if "!" in file]
    if packed:
        raise SheetError(f"{sheet}: {packed[0]} lies inside an archive. Unpack it first. Nothing was saved.")
    path = folder / f"{sheet}.xlsx"
    fresh = folder / f".{sheet}.new.xlsx"
    export.write(_filled(table), fresh)
    for file in sorted({*(folder / name for name in held), path}):
        if file.exists():
            _keep(file)
    os.replace(fresh, path)
    return path


def append(books: Books, sheet: str, row: dict[str, str]) -> Path:
    """Add one row (under the contract's headers) to the sheet; raises SheetError as `save` does."""
    table = rows(books, sheet)
    new = pd.DataFrame([{name: row.get(name, "") for name in table}])
    return save(books, sheet, pd.concat([table.astype("object"), new.astype("object")], ignore_index=True))


# ---------------------------------------------------------------------------------------------------- inside

def _spec(sheet: str) -> specs.Spec:
    if sheet not in SHEETS:
        raise SheetError(f"there is no sheet {sheet!r}; there are {', '.join(SHEETS)}.")
    return specs.reports()[sheet]


def _header(column: specs.Column, language: str) -> str:
    return next((header for named, header in column.headers if named == language), column.headers[0][1])


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that hold nothing, all cells text without blanks around them."""
    table = table.fillna("").astype("str").apply(lambda column: column.str.strip())
    return table[(table != "").any(axis=1)].reset_index(drop=True)


def _undated(table: pd.DataFrame, held: dict[str, str]) -> pd.DataFrame:
    """The dates that do not begin with their year, as `problems` has them."""
    cells = table[[name for name in table if held.get(name) == "date"]].rename_axis("row").reset_index().melt(
        "row", var_name="column")
    cells = cells[(cells["value"] != "") & ~cells["value"].str.match(r"\d{4}\D")].sort_values("row", ignore_index=True)
    why = [f"found {value!r}, expected a date like 2025-12-31" for value in cells["value"]]
    return cells.assign(row=cells["row"] + 1, why=pd.Series(why, dtype="str"))


def _text(column: pd.Series) -> pd.Series:
    """Values as they would be typed: ISO days, plain numbers, nothing for what is blank."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%d").fillna("").astype("str")
    if pd.api.types.is_float_dtype(column):
        return column.map(lambda value: "" if pd.isna(value) else repr(round(float(value), 6)).removesuffix(".0"))
    return column.astype("object").where(column.notna(), "").astype("str")


def _keep(path: Path) -> None:
    """Move a sheet's file to `.old/` under the next number."""
    old = path.parent / OLD
    old.mkdir(exist_ok=True)
    number = 1 + max((int(name.stem.rsplit("-", 1)[-1]) for name in old.glob(f"{path.stem}-*{path.suffix}")
                      if name.stem.rsplit("-", 1)[-1].isdigit()), default=0)
    os.replace(path, old / f"{path.stem}-{number:04}{path.suffix}")
