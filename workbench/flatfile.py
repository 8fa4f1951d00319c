"""From the bytes of a flat file to columns of raw text: separator, preamble, header line, cells, encoding.

A flat file is Amazon's word for its tab- or comma-separated exports. Everything is columnar: `lines` splits, text arrives
dictionary-encoded, and only lines that do not fit are looked at one by one.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pyarrow as pa

from workbench import encoding, specs
from workbench.cells import kept, of_rows, one, texts_of
from workbench.lines import (
    LONGEST,
    TORN,
    Careful,
    Layout,
    NotReadable,
    Problem,
    Split,
    careful,
    spare_cells,
    split,
)

PREAMBLE_LINES = 40  # how far down a header line is looked for
HEAD = 1 << 18  # bytes in which it must lie
COLUMNS = 2000  # a header with more is refused
SAMPLE = 1 << 20  # bytes of evidence for an encoding
TAIL = 1 << 16
_BARE = re.compile(rb'[^"\t\r\n]"[^"\t\r\n]')  # in a tab file: a quote inside a cell that is not doubled
EMPTY = "the file is empty: not even a header. Download it again."
OTHERS = {  # what a file begins with that is no export
    b"PK\x03\x04": "a zip archive or a workbook: name it .zip or .xlsx",
    b"\x1f\x8b": "a gzip archive: name it .gz",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as .xlsx",
    b"%PDF": "a PDF: download the report as .csv or .txt",
    **dict.fromkeys((b"<!doctype html", b"<html", b"<table", b"from: <saved by", b"mime-version:"),
                    "a web page: download the report itself"),
    b"<?xml": "an XML file: save it as .csv or .xlsx",
    b"{": "an API answer: name it .json",
}

__all__ = ["NotReadable", "Problem", "Raw", "read", "text"]


@dataclass
class Raw:
    """The cells of one file, still text, by position in the header."""

    match: specs.Match
    header: list[str]
    cells: dict[int, pa.Array]  # position -> dictionary<int32, string> or string
    lines: np.ndarray  # line number of each row, int32
    encoding: str
    problems: list[Problem] = field(default_factory=list)
    preamble: str = ""  # what stands above the header
    delimiter: str = ""  # between the cells of a line


@dataclass(frozen=True)
class _Header:
    """The header line, and where it lies."""

    match: specs.Match
    cells: list[str]
    line: int
    end: int  # bytes up to the end of its line
    delimiter: str
    encoding: str  # one that reads it
    above: bytes
    text: bytes

    @property
    def spelled(self) -> str:
        """The encoding, where only it spells the header so."""
        return "" if all(self.cells[position].isascii() for position in self.match.columns) else self.encoding

    def read_as(self, name: str) -> tuple[specs.Match, list[str]]:
        """Match and cells in another encoding. Raises UnicodeDecodeError, UnknownReport."""
        if self.text.isascii() or name == self.encoding:
            return self.match, self.cells
        cells = next(csv.reader([self.text.decode(name)], delimiter=self.delimiter))
        return specs.match(cells), cells


def read(pieces: Callable[[], Iterator[bytes]], *, region: str = "") -> Raw:
    """The raw cells of a flat file, whose bytes `pieces()` gives. Raises specs.UnknownReport or NotReadable."""
    try:
        return _read(pieces(), region)
    except encoding.Undecodable as error:
        raise NotReadable(str(error)) from error


def text(values: list[str], *, many: bool) -> pa.Array:
    """A raw column: plain text where nearly every row has its own, codes elsewhere."""
    plain = pa.array(values, pa.string())
    return plain if many else plain.dictionary_encode()


def _read(stream: Iterator[bytes], region: str) -> Raw:
    head = next(stream, b"")
    if not head:
        raise NotReadable(EMPTY)
    _refuse_other(head[:200])
    mark = encoding.mark(head)
    if mark == "utf-16":
        stream = encoding.as_utf8(chain([head], stream), mark)
        head = next(stream, b"")
    while head.startswith(codecs.BOM_UTF8):  # twice where a marked file was saved with a mark again
        head = head[3:]
    if b"\0" in head[:HEAD]:
        raise NotReadable("the file holds NUL bytes: it is damaged or not a text file. Download it again.")
    top = _header(head[:HEAD], ("utf-8",) if mark else encoding.HEADERS)
    quoted = len(top.cells) > 1 and top.text.startswith(b'"') and top.text.rstrip().endswith(b'"')
    match = top.match
    wanted = {*match.columns, *match.unfold, *match.unknown, *(p for p, _ in match.unfold.values() if p is not None)}
    many = frozenset(position for position, column in match.columns.items() if column.many)
    bare = bool(_BARE.search(head[top.end:top.end + TAIL]))
    layout = Layout(top.delimiter, len(top.cells), quoted, bare, tuple(sorted(wanted)), many, top.line + 1)
    end = [b""]
    found = split(_watched(chain([head[top.end:]], stream), end), layout)
    raw = _decoded(found, layout, top, mark, region)
    tail = end[0] or head[:top.end]
    if tail[-1:] not in b"\r\n" or tail[-1:] != head[top.end - 1:top.end]:  # otherwise than the header ends
        raw.problems.append(_without_end(tail, top.delimiter, raw))
    folded = [specs.fold(name) for name in raw.header]
    for name in dict.fromkeys(name for name, key in zip(raw.header, folded, strict=True) if key and folded.count(key) > 1):
        raw.problems.append(Problem(top.line, name, "", "this header stands there twice; the first column counts", "doubt"))
    raw.problems += [Problem(top.line, name, "", "a column nobody knows yet: kept as text", "note")
                     for position, name in raw.match.unknown.items() if folded[position]]
    return raw


def _refuse_other(head: bytes) -> None:
    """Files under an export's name that are something else, named for what they are."""
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, what in OTHERS.items():
        if bare.startswith(start) or bare.lower().startswith(start):
            raise NotReadable(f"the file is no export but {what}.")


def _watched(pieces: Iterator[bytes], end: list[bytes]) -> Iterator[bytes]:
    """The pieces that are not empty; `end` holds the end of what has gone by."""
    for piece in pieces:
        if piece:
            end[0] = (end[0] + piece[-TAIL:])[-TAIL:]
            yield piece


def _without_end(tail: bytes, delimiter: str, raw: Raw) -> Problem:
    """What a missing line end at the end of the file means: lines may be missing, and the last cell may be cut.

    It is whole when it is quoted, or as long as the cell above in each of the lines before (dates, ids of one length).
    """
    near = re.split("\r\n|\n|\r", tail.rstrip(b"\r\n").decode("utf-8", "ignore"))[-50:]
    *above, last = (line.rsplit(delimiter, 1)[-1] for line in near)
    number = int(raw.lines[-1]) if len(raw.lines) else 0
    if number and (last.endswith('"') or len(above) > 1 and {len(cell) for cell in above[1:]} == {len(last)}):
        return Problem(number, "", "", "the last line has no line end: the file may have been cut there", "note")
    return Problem(number, "", last[:200], "the last line has no line end: its last cell, and lines after it, may be cut "
                   "off. Download it again.", "doubt")


# ---------------------------------------------------------------------------------------------------- the header line

def _header(head: bytes, encodings: Sequence[str]) -> _Header:
    """The first line that is a known header, in the encoding that spells most of it. A preamble above is passed over.

    Raises UnknownReport about the likeliest line when there is none.
    """
    best: _Header | None = None
    failure: specs.UnknownReport | None = None
    for name, errors in (*((name, "strict") for name in encodings), ("utf-8", "replace")):
        if best is not None and errors == "replace":
            break
        try:
            found = _header_in(head, name, errors)
        except specs.UnknownReport as error:
            failure = _likelier(failure, error)
            continue
        if best is None or len(found.match.columns) > len(best.match.columns):
            best = found
        if head[:best.end].isascii():
            break
    if best is None:
        raise failure
    return best


def _header_in(head: bytes, name: str, errors: str) -> _Header:
    failure: specs.UnknownReport | None = None
    at = 0
    for number, line in enumerate(head.splitlines(keepends=True)[:PREAMBLE_LINES], start=1):
        at += len(line)
        bare = line.rstrip(b"\r\n")
        for delimiter in ("\t", ",", ";"):
            more = bare.count(delimiter.encode())
            if not more:
                continue
            if more >= COLUMNS or len(bare) > LONGEST:
                raise NotReadable(f"line {number} has {len(bare)} characters and {more + 1} cells, beyond the caps of "
                                  f"{LONGEST} and {COLUMNS}.")
            try:
                cells = next(csv.reader([bare.decode(name, errors)], delimiter=delimiter))
                _refuse_wrapped(cells, delimiter)
                return _Header(specs.match(cells), cells, number, at, delimiter, name, head[:at - len(line)], bare)
            except UnicodeDecodeError:
                break
            except specs.UnknownReport as error:
                failure = _likelier(failure, error)
    raise failure or specs.UnknownReport("no line looks like a header: not a table separated by tabs or commas")


def _refuse_wrapped(cells: list[str], delimiter: str) -> None:
    """Raises NotReadable where the one cell of a line is a known header: each line was saved as one cell."""
    if len(cells) == 1 and delimiter in cells[0]:
        with contextlib.suppress(specs.UnknownReport):
            specs.match(next(csv.reader(cells, delimiter=delimiter)))
            raise NotReadable("every line stands in quotes as one cell: a spreadsheet that expects another separator has "
                              "saved the file. Download it again and do not save it in a spreadsheet.")


def _likelier(one: specs.UnknownReport | None, other: specs.UnknownReport) -> specs.UnknownReport:
    """The failure that comes nearest to a known header."""
    return other if one is None or "Nearest" in str(other) and "Nearest" not in str(one) else one


# ---------------------------------------------------------------------------------------------------- bytes as text

def _decoded(found: Split, layout: Layout, top: _Header, mark: str, region: str) -> Raw:
    """The bytes as text, in the encoding that the evidence speaks for; decoded strictly, never replaced."""
    def others() -> Iterator[encoding.Choice]:
        yield from encoding.choices(_sample(found, top), marked=bool(mark), spelled=top.spelled, region=region)

    for choice in chain([encoding.Choice("utf-8")], others()):
        try:
            match, header = top.read_as(choice.encoding)
            if (match.columns, match.unfold) != (top.match.columns, top.match.unfold):
                continue
            errors = "replace" if choice.mend else "strict"
            texts = {line: value.decode(choice.encoding, errors) for line, value in found.texts.items()}
            above = "\n".join(top.above.decode(choice.encoding, errors).splitlines())
            cells, torn = _texts(found.cells, choice)
        except (UnicodeDecodeError, specs.UnknownReport):
            continue
        break
    cells, lines, problems = _whole(cells, found.lines, torn)
    ragged = {line for line, value in found.texts.items() if choice.mend and not _is_text(value, choice.encoding)}
    head = [line.decode(choice.encoding, "replace") for line in found.head]
    looked = careful(texts, found.bad, ragged, spare_cells(head, layout), layout)
    cells, lines = _with(cells, lines, looked, layout)
    problems += looked.problems + _beside(looked.lone, lines)
    glued = next((line for line in found.bad if found.texts[line].find(top.text) > 0), 0)
    if glued and layout.width > 2:
        raise NotReadable(f"line {glued}: the header line begins inside a line: exports glued together without a line end "
                          "between them. Save each as a file of its own.")
    if choice.doubt:
        problems.append(Problem(0, "", "", choice.doubt, "doubt"))
    return Raw(match, header, cells, lines, mark or choice.encoding, problems, above, layout.delimiter)


def _texts(cells: dict[int, pa.Array], choice: encoding.Choice) -> tuple[dict[int, pa.Array], list[np.ndarray]]:
    """The cells as text, each distinct one decoded once, and which rows of a column hold bytes that are none.

    Raises UnicodeDecodeError, unless such bytes are to be mended.
    """
    torn = []

    def decoded(values: pa.Array) -> pa.Array:
        if isinstance(values, pa.DictionaryArray):
            return pa.DictionaryArray.from_arrays(values.indices, decoded(values.dictionary), safe=False)
        if choice.encoding == "utf-8" or _is_ascii(values):
            try:
                return values.cast(pa.string())
            except pa.ArrowInvalid:
                pass
        errors = "replace" if choice.mend else "strict"
        return pa.array([value.decode(choice.encoding, errors) for value in values.to_pylist()], pa.string())

    for values in cells.values() if choice.mend else ():
        torn.append(of_rows(values, lambda texts: pa.array([not _is_text(value, choice.encoding)
                                                            for value in texts.to_pylist()], pa.bool_())))
    return {position: decoded(values) for position, values in cells.items()}, torn


def _is_text(value: bytes, name: str) -> bool:
    try:
        value.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _is_ascii(values: pa.Array) -> bool:
    data = values.buffers()[2]
    return data is None or not len(data) or int(np.frombuffer(data, np.uint8).max()) < 128


def _sample(found: Split, top: _Header) -> bytes:
    """The distinct values that are not ASCII, up to a cap: where the evidence for an encoding is."""
    values = [texts_of(values) for values in found.cells.values()]
    odd, size = [], 0
    for value in chain([top.above, top.text], found.texts.values(),
                       (value for array in values if not _is_ascii(array) for value in array.to_pylist())):
        if not value.isascii():
            odd.append(value)
            size += len(value)
        if size > SAMPLE:
            break
    return b"\n".join(odd)


def _whole(cells: dict[int, pa.Array], lines: np.ndarray,
           torn: list[np.ndarray]) -> tuple[dict[int, pa.Array], np.ndarray, list[Problem]]:
    """The rows without bytes that are no text; the others are set aside."""
    if not any(rows.any() for rows in torn):
        return cells, lines, []
    bad = np.logical_or.reduce(torn)
    return *kept(cells, lines, ~bad), [Problem(line, "", "", TORN) for line in lines[bad].tolist()]


def _with(cells: dict[int, pa.Array], lines: np.ndarray, looked: Careful,
          layout: Layout) -> tuple[dict[int, pa.Array], np.ndarray]:
    """The rows that fit and what the careful reading makes of the others, in the file's order."""
    inside = np.isin(lines, list(looked.covered)) if looked.covered else np.zeros(len(lines), bool)
    if inside.any():  # parts of a cell that runs over several lines
        cells, lines = kept(cells, lines, ~inside)
    if not looked.rows:
        return cells, lines
    more = {position: text([row[position] for row in looked.rows.values()], many=position in layout.many)
            for position in cells}
    lines = np.concatenate([lines, np.array(list(looked.rows), np.int32)])
    order = pa.array(np.argsort(lines, kind="stable"))
    return {p: one([values, more[p]]).take(order) for p, values in cells.items()}, np.sort(lines)


def _beside(lone: list[int], lines: np.ndarray) -> list[Problem]:
    """A line of one cell that was set aside may be a piece of the row above or below it, broken off by a line end."""
    found = []
    for line in lone:
        for near, why in ((line - 1, "its last cell may go on in the next line"),
                          (line + 1, "its first cell may begin in the line above")):
            at = int(np.searchsorted(lines, near))
            if at < len(lines) and lines[at] == near:
                found.append(Problem(near, "", "", why + ", which was set aside", "doubt"))
    return found
