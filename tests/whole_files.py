"""Small whole files of every report in every shape, and the first rows of files nobody here wrote: what is then damaged."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench import reports, specs

SAMPLES = [Path(__file__).parents[up] / "shared" / "samples" for up in (2, 3)]


@dataclass(frozen=True)
class Sample:
    """A small whole file of one report in one shape."""

    spec: str
    shape: str  # tab, quoted tab, csv, quoted csv
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        return f"{self.spec}, {self.shape}"

    @property
    def separator(self) -> str:
        return "\t" if "tab" in self.shape else ","

    def line(self, cells: tuple[str, ...]) -> str:
        if "quoted" in self.shape:
            return self.separator.join('"' + cell.replace('"', '""') + '"' for cell in cells)
        return self.separator.join(cells)

    def text(self, rows: tuple[tuple[str, ...], ...] | None = None, end: str = "\r\n") -> str:
        return "".join(self.line(cells) + end for cells in (self.header, *(self.rows if rows is None else rows)))


# ---------------------------------------------------------------------------------------------------- whole files

VALUES = {
    "count": ("1", "-12", "30", "4", "57", "6"),
    "money": ("12.34", "-5.10", "230.00", "0.99", "7.25", "64.80"),
    "number": ("1.5", "2.25", "30.75", "4.5", "9.8", "6.1"),
    "instant": tuple(f"2026-05-{day}T08:15:{day}+00:00" for day in (13, 14, 17, 21, 22, 28)),
    "date": tuple(f"2026-05-{day}" for day in (13, 14, 17, 21, 22, 28)),
    "currency": ("USD",) * 6,
    "flag": ("Yes", "No", "Yes", "Yes", "No", "No"),
    "month": ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"),
    "text": ("Crème brûlée torch", "Garden hose 20 m", "Mug", "Lamp (LED)", "Towel 50x70", "Größe XL Señor"),
}


def cells(column: specs.Column, spec: specs.Spec) -> tuple[str, ...]:
    """Six good values of a column, all different where the column allows it."""
    if column.type == "date" and spec.dates == "MDY":
        return tuple(f"05/{day}/2026" for day in (13, 14, 17, 21, 22, 28))
    if column.type == "code":
        words = column.words or ("Alpha", "Beta", "Gamma")
        return tuple(words[at % len(words)] for at in range(6))
    if column.name in ("fnsku", "asin"):
        return tuple(f"{'X' if column.name == 'fnsku' else 'B'}00{at}7Q{at}9KZ" for at in range(6))
    if column.type == "id":
        stem = "".join(c for c in column.name.upper() if c.isalpha())[:4]
        return tuple(f"{stem}0{at}7Q{at}" for at in range(6))
    return VALUES[column.type]


def samples(names: tuple[str, ...] = ()) -> Iterator[Sample]:
    """A file of every report in every shape a seller may bring: tab or comma, quoted or not."""
    for name, spec in specs.reports().items():
        if names and name not in names:
            continue
        columns: dict[str, tuple[str, ...]] = {}
        for column in spec.columns:
            if column.headers:
                columns.setdefault(column.headers[0][1], cells(column, spec))
        for item in spec.unfold:
            if item.description:
                columns.setdefault(item.description, ("Principal", "Tax", "Fee", "Other", "Fee", "Tax"))
            columns.setdefault(item.amount, VALUES["money"])
        rows = tuple(zip(*columns.values(), strict=True))
        for shape in ("tab", "quoted tab", "csv", "quoted csv"):
            if "tab" in shape or "quoted" in shape or not any("," in text for text in (*columns, *sum(rows, ()))):
                yield Sample(name, shape, tuple(columns), rows)


def real() -> Iterator[Sample]:
    """The first rows of the files nobody here wrote, where they are at hand."""
    for place in sorted(place for folder in SAMPLES for place in folder.glob("*.[tc][xs][tv]")):
        report = reports.read(place)
        lines = place.read_bytes().decode(report.encoding).splitlines()
        separator = "\t" if "\t" in lines[0] else ","
        header, *rows = csv.reader([line for line in lines if separator in line][:13], delimiter=separator)
        shape = f"{'quoted ' * lines[0].startswith(chr(34))}{'tab' if separator == chr(9) else 'csv'}"
        if len(rows) > 1 and len(header) > 1:
            yield Sample(report.spec.name, shape, tuple(header), tuple(map(tuple, rows)))
