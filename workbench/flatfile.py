"""From the bytes of a flat file to columns of raw text: encoding, separator, header line, quoting, broken lines.

A flat file is Amazon's word for its tab- or comma-separated exports. Everything is columnar: pyarrow splits the
lines, text arrives dictionary-encoded, and only lines that do not fit are looked at one by one. A line that cannot be
split into the header's number of cells is set aside with its number, never bent to fit.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from workbench import encoding, specs

PREAMBLE_LINES = 40  # how far down a header line is looked for
JOINED_LINES = 30  # how many lines one quoted cell may run over
BLOCK = 8 << 20
SAMPLE = 1 << 16
COLUMNS = 2000  # a header with more is refused
LONGEST = 100_000  # characters of one line; a longer one is set aside unread


@dataclass(frozen=True)
class Problem:
    """One line (or file) that could not be read, or a thing worth saying about it."""

    line: int  # 1 = the first line of the file; 0 = the file as a whole
    column: str
    value: str
    why: str
    # "row": set aside; "file": refused; "doubt": read, but likely damaged; "empty": a header and no row; "note": read
    kind: str = "row"


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


class NotReadable(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


def read(data: pa.Buffer, *, region: str = "") -> Raw:
    """The raw cells of a flat file. Raises specs.UnknownReport or NotReadable."""
    try:
        known = encoding.decoded(data, region=region, spelled=_spelled)
    except encoding.Undecodable as error:
        raise NotReadable(str(error)) from error
    data, view = known.data, memoryview(known.data).cast("B")
    if _contains(data, b"\0"):
        raise NotReadable("the file holds NUL bytes: it is damaged or not a text file. Download it again.")
    match, header, line, start, delimiter = _header(bytes(view[:1 << 18]).decode("utf-8", "replace"))
    end = len(view)
    whole = view[end - 1] in b"\r\n" and view[end - 1] == view[start - 1]  # the last line ends as the header does
    while end > start and view[end - 1] in b"\r\n":
        end -= 1
    wanted = sorted({*match.columns, *match.unfold, *match.unknown,
                     *(p for p, _ in match.unfold.values() if p is not None)})
    body = data.slice(start, end - start)
    first = bytes(view[:start]).decode("utf-8").splitlines()[-1]
    quoted = len(header) > 1 and first.startswith('"') and first.rstrip().endswith('"')
    sheet = _Lines(body, delimiter, len(header), wanted, match, line, quoted)
    cells, lines = sheet.columns()
    above = "\n".join(bytes(view[:start]).decode("utf-8").splitlines()[:line - 1])
    raw = Raw(match, header, cells, lines, known.encoding, sheet.problems, above)
    if known.doubt:
        raw.problems.append(Problem(0, "", "", known.doubt, "doubt"))
    _set_damaged_aside(raw, known.damaged)
    raw.problems += _beside(sheet.lone, raw.lines)
    if not whole:
        raw.problems.append(_without_end(body, delimiter, raw))
    folded = [specs.fold(name) for name in header]
    for name in dict.fromkeys(name for name, key in zip(header, folded, strict=True) if key and folded.count(key) > 1):
        raw.problems.append(Problem(line, name, "", "this header stands there twice; the first column counts", "doubt"))
    for name in match.unknown.values():
        raw.problems.append(Problem(line, name, "", "a column nobody knows yet: kept as text", "note"))
    return raw


def _contains(data: pa.Buffer, byte: bytes) -> bool:
    return re.search(re.escape(byte), memoryview(data)) is not None


def _set_damaged_aside(raw: Raw, damaged: tuple[int, ...]) -> None:
    """Rows with bytes that are no text go to the problems; a row that runs over several lines, with any of them."""
    aside = {problem.line for problem in raw.problems}
    left = np.array([line for line in damaged if line not in aside], np.int64)
    at = np.searchsorted(raw.lines, left, side="right") - 1
    rows = np.unique(at[at >= 0])
    if len(rows):
        raw.problems += [Problem(int(number), "", "", "bytes that are no text in this file's encoding: it is damaged")
                         for number in raw.lines[rows]]
        keep = np.ones(len(raw.lines), bool)
        keep[rows] = False
        raw.cells = {position: values.filter(pa.array(keep)) for position, values in raw.cells.items()}
        raw.lines = raw.lines[keep]


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


def _without_end(body: pa.Buffer, delimiter: str, raw: Raw) -> Problem:
    """What a missing line end at the end of the file means: lines may be missing, and the last cell may be cut.

    It is whole when it is quoted, or as long as the cell above in each of the lines before (dates, ids of one length).
    """
    tail = re.split("\r\n|\n|\r", bytes(memoryview(body)[-SAMPLE:]).decode("utf-8", "ignore"))[-50:]
    *above, last = (line.rsplit(delimiter, 1)[-1] for line in tail)
    number = int(raw.lines[-1]) if len(raw.lines) else 0
    if number and (last.endswith('"') or len(above) > 1 and {len(cell) for cell in above[1:]} == {len(last)}):
        return Problem(number, "", "", "the last line has no line end: the file may have been cut there", "note")
    return Problem(number, "", last[:200], "the last line has no line end: its last cell, and lines after it, may be cut "
                   "off. Download it again.", "doubt")


# ---------------------------------------------------------------------------------------------------- the header line

def _spelled(text: str) -> bool:
    """Whether the text begins with a known header that has other letters than ASCII's."""
    try:
        found, header, *_ = _header(text)
    except (specs.UnknownReport, NotReadable):
        return False
    return any(not header[position].isascii() for position in found.columns)


def _header(text: str) -> tuple[specs.Match, list[str], int, int, str]:
    """The first line that is a known header: its match, cells, line number, bytes up to its end, separator.

    A preamble above it is passed over. Raises UnknownReport about the likeliest line when there is none.
    """
    failure: specs.UnknownReport | None = None
    at = 0
    for number, line in enumerate(text.splitlines(keepends=True)[:PREAMBLE_LINES], start=1):
        at += len(line.encode("utf-8"))
        bare = line.rstrip("\r\n")
        for delimiter in ("\t", ",", ";"):
            if delimiter not in bare:
                continue
            if bare.count(delimiter) >= COLUMNS or len(bare) > LONGEST:
                raise NotReadable(f"line {number} has {len(bare)} characters and more than {bare.count(delimiter)} cells, "
                                  f"beyond the caps of {LONGEST} and {COLUMNS}.")
            header = next(csv.reader([bare], delimiter=delimiter))
            try:
                return specs.match(header), header, number, at, delimiter
            except specs.UnknownReport as error:
                if failure is None or "Nearest" in str(error) and "Nearest" not in str(failure):
                    failure = error
    if failure is None:
        raise specs.UnknownReport("no line looks like a header: not a table separated by tabs or commas")
    raise failure


# ---------------------------------------------------------------------------------------------------- the lines

class _Lines:
    """Splits the lines below the header. Fast where lines fit, careful where they do not."""

    def __init__(self, body: pa.Buffer, delimiter: str, width: int, wanted: list[int], match: specs.Match,
                 header_line: int, quoted: bool) -> None:
        self.body, self.delimiter, self.width, self.wanted = body, delimiter, width, wanted
        self.first = header_line + 1
        self.match, self.quoted = match, quoted
        self.problems: list[Problem] = []
        self.lone: list[int] = []  # lines set aside that have one cell

    def columns(self) -> tuple[dict[int, pa.Array], np.ndarray]:
        if not self.body.size:
            return {position: text([], many=self._many(position)) for position in self.wanted}, np.empty(0, np.int32)
        if self.delimiter == "\t":
            return self._tabs()
        if self.quoted or not _contains(self.body, b'"'):
            found = self._commas()
            if found:
                return found
        return self._careful(range(len(self._split())))

    def _parse(self, quote: str | bool, include: Iterable[int]) -> tuple[pa.Table, list[int], int]:
        """Rows that have the header's width, numbers of the lines that have not, and how many lines there are."""
        bad: list[int | None] = []

        def skip(row: pa.csv.InvalidRow) -> str:
            bad.append(row.number)
            return "skip"

        def parse(threads: bool) -> pa.Table:
            bad.clear()
            return pa.csv.read_csv(
                pa.BufferReader(self.body),
                pa.csv.ReadOptions(column_names=[str(i) for i in range(self.width)], use_threads=threads,
                                   block_size=BLOCK),
                pa.csv.ParseOptions(delimiter=self.delimiter, quote_char=quote, ignore_empty_lines=False,
                                    invalid_row_handler=skip),
                pa.csv.ConvertOptions(include_columns=[str(i) for i in include], strings_can_be_null=False,
                                      column_types={str(i): self._type(i) for i in include}))

        try:
            table = parse(threads=True)
            if bad:  # only a single-threaded parse knows line numbers
                table = parse(threads=False)
        except pa.ArrowInvalid as error:
            raise NotReadable(f"a line is longer than {BLOCK} bytes, or the text is damaged ({str(error)[:100]}). "
                              "Download it again.") from error
        return table, [number + self.first - 1 for number in bad], table.num_rows + len(bad)

    def _many(self, position: int) -> bool:
        column = self.match.columns.get(position)
        return column is not None and column.many

    def _type(self, position: int) -> pa.DataType:
        return pa.string() if self._many(position) else pa.dictionary(pa.int32(), pa.string())

    def _tabs(self) -> tuple[dict[int, pa.Array], np.ndarray]:
        """Tabs divide cells whatever stands in quotes, so quoting is left to the values: a title's bare `"` is safe."""
        table, bad, total = self._parse(False, self.wanted)
        lines = np.arange(self.first, self.first + total, dtype=np.int32)
        lines = np.delete(lines, np.unique(np.asarray(bad, np.int64)) - self.first) if len(bad) else lines
        cells = {position: one(table.column(str(position))) for position in self.wanted}
        if self.quoted:
            cells, odd = _unquoted(cells)
            bad += lines[odd].tolist()
            lines = lines[~odd]
        cells, lines = _without_blank_lines(cells, lines)
        return self._with(cells, lines, sorted(bad)) if bad else (cells, lines)

    def _commas(self) -> tuple[dict[int, pa.Array], np.ndarray] | None:
        """Quoted CSV. Every quote must be accounted for: two a cell, two for each one inside a value. None if not."""
        every = range(self.width)  # the account needs the columns that are not loaded too
        table, bad, total = self._parse('"' if self.quoted else False, every if self.quoted else self.wanted)
        view = np.frombuffer(self.body, np.uint8)
        if bad or int(np.count_nonzero(view == 10)) + 1 != total:
            return None
        if self.quoted:
            inside = sum(_quotes(one(table.column(str(position)))) for position in every)
            if int(np.count_nonzero(view == 34)) != 2 * self.width * total + 2 * inside:
                return None
        cells = {position: one(table.column(str(position))) for position in self.wanted}
        lines = np.arange(self.first, self.first + total, dtype=np.int32)
        return _without_blank_lines(cells, lines)

    def _split(self) -> list[str]:
        return str(memoryview(self.body), "utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def _careful(self, wanted_lines: Iterable[int]) -> tuple[dict[int, pa.Array], np.ndarray]:
        """Line by line, joining lines where a quoted cell runs on. Lines that still do not fit are set aside."""
        split = self._split()
        self.spare = self._spare(split)
        wanted = set(wanted_lines)
        rows: list[list[str]] = []
        numbers: list[int] = []
        at = 0
        while at < len(split):
            if at not in wanted or not split[at].strip(self.delimiter + " \t"):
                at += 1
                continue
            row, used = self._row(split, at)
            number = at + self.first
            if row is None:
                found = len(self._cells(split[at]))
                self.lone += [number] if found == 1 else []
                why = (f"the line has {found} cells where the header has {self.width}, or its quotes do not close" if found
                       else f"the line is longer than {LONGEST} characters")
                self.problems.append(Problem(number, "", split[at][:200], why))
            else:
                rows.append(row)
                numbers.append(number)
            at += used
        cells = {p: text([row[p] for row in rows], many=self._many(p)) for p in self.wanted}
        return cells, np.array(numbers, np.int32)

    def _row(self, split: list[str], at: int) -> tuple[list[str] | None, int]:
        line = split[at]
        if len(line) > LONGEST:
            return None, 1
        if '"' not in line:
            return self._fitted(line.split(self.delimiter)), 1
        for used in range(1, min(JOINED_LINES, len(split) - at) + 1):
            text = "\n".join(split[at:at + used])
            if len(text) > LONGEST:
                break
            if text.count('"') % 2:
                continue
            try:
                row = self._fitted(next(csv.reader([text], delimiter=self.delimiter, strict=True)))
            except csv.Error:
                row = None
            if row is None or used > 1 and any(len(self._cells(line)) >= self.width for line in split[at + 1:at + used]):
                break  # a joined line that is a row by itself: the quotes are broken, not the line
            return row, used
        if self.quoted and line.startswith('"') and line.endswith('"') and len(line) > 1:  # undoubled inner quotes
            return self._fitted(line[1:-1].split(f'"{self.delimiter}"')), 1
        if self.delimiter == "\t" and not self.quoted:
            return self._fitted(line.split("\t")), 1
        return None, 1

    def _cells(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self.delimiter), []) if len(line) <= LONGEST else []

    def _spare(self, split: list[str]) -> int:
        """How many empty cells every line has beyond the header, as spreadsheets write them. One line proves nothing:
        a separator too many shifts its cells."""
        rows = [self._cells(line) for line in split[:50] if line.strip(self.delimiter + " \t")]
        widths = {len(row) for row in rows}
        if len(rows) < 2 or len(widths) > 1 or any(any(row[self.width:]) for row in rows):
            return 0
        return max(widths.pop() - self.width, 0)

    def _fitted(self, row: list[str]) -> list[str] | None:
        """The row at the header's width, or None."""
        if self.spare and len(row) == self.width + self.spare and not any(row[self.width:]):
            row = row[:self.width]
        return row if len(row) == self.width else None

    def _with(self, cells: dict[int, pa.Array], lines: np.ndarray,
              bad: list[int]) -> tuple[dict[int, pa.Array], np.ndarray]:
        """The fast rows and what the careful reading makes of the bad lines, in the file's order."""
        more, numbers = self._careful([line - self.first for line in bad])
        if not len(numbers):
            return cells, lines
        lines = np.concatenate([lines, numbers])
        order = pa.array(np.argsort(lines, kind="stable"))
        joined = {p: one(pa.chunked_array([cells[p], more[p]])).take(order) for p in cells}
        return joined, np.sort(lines)


def one(column: pa.ChunkedArray) -> pa.Array:
    """One array out of many chunks, with one dictionary."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) and combined.num_chunks else (
        pa.array([], column.type) if isinstance(combined, pa.ChunkedArray) else combined)


def text(values: list[str], *, many: bool) -> pa.Array:
    """A raw column: plain text where nearly every row has its own, codes elsewhere."""
    plain = pa.array(values, pa.string())
    return plain if many else plain.dictionary_encode()


def _without_blank_lines(cells: dict[int, pa.Array], lines: np.ndarray) -> tuple[dict[int, pa.Array], np.ndarray]:
    """Rows without the empty lines, which the parser gives as rows of empty cells."""
    blank = np.ones(len(lines), bool)
    for values in cells.values():
        if not blank.any():
            return cells, lines
        blank &= is_empty(values)
    keep = pa.array(~blank)
    return ({p: values.filter(keep) for p, values in cells.items()}, lines[~blank]) if blank.any() else (cells, lines)


def is_empty(values: pa.Array) -> np.ndarray:
    if isinstance(values, pa.DictionaryArray):
        empty = np.array([not text for text in values.dictionary.to_pylist()] or [False])
        return empty[values.indices.to_numpy()]
    return pc.equal(pc.binary_length(values), 0).to_numpy(zero_copy_only=False)


def _quotes(values: pa.Array) -> int:
    """How many `"` stand in all values."""
    if isinstance(values, pa.DictionaryArray):
        each = pc.count_substring(values.dictionary, '"').to_numpy().astype(np.int64)
        if not each.any():
            return 0
        return int(each[values.indices.to_numpy()].sum())
    return int(pc.sum(pc.count_substring(values, '"')).as_py() or 0)


def _unquoted(cells: dict[int, pa.Array]) -> tuple[dict[int, pa.Array], np.ndarray]:
    """The values without their outer quotes, and which rows have a cell without both of them.

    Inner quotes are doubled in a CSV download and bare in Amazon's tab files: the file's own values tell which.
    """
    size = len(next(iter(cells.values())))
    odd = np.zeros(size, bool)
    inner: list[str] = []
    bare: dict[int, pa.Array] = {}
    for position, values in cells.items():
        texts = values.dictionary if isinstance(values, pa.DictionaryArray) else values
        closed = pc.and_(pc.and_(pc.starts_with(texts, '"'), pc.ends_with(texts, '"')),
                         pc.greater(pc.binary_length(texts), 1)).to_numpy(zero_copy_only=False)
        if not closed.all():
            odd |= ~closed[values.indices.to_numpy()] if texts is not values else ~closed
        texts = pc.utf8_slice_codeunits(texts, 1, -1)
        inner += texts.filter(pc.match_substring(texts, '"')).to_pylist()
        bare[position] = (pa.DictionaryArray.from_arrays(values.indices, texts)
                          if isinstance(values, pa.DictionaryArray) else texts)
    if inner and all(len(run) % 2 == 0 for text in inner for run in re.findall('"+', text)):
        bare = {p: _undoubled(values) for p, values in bare.items()}
    if odd.any():
        keep = pa.array(~odd)
        bare = {p: values.filter(keep) for p, values in bare.items()}
    return bare, odd


def _undoubled(values: pa.Array) -> pa.Array:
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(values.indices, pc.replace_substring(values.dictionary, '""', '"'))
    return pc.replace_substring(values, '""', '"')
