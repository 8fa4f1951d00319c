"""The lines of a text export as columns of bytes: fast where lines fit the header, careful where they do not.

The file is read in pieces, so its size is not bound by memory, and pieces are split on all cores. Bytes are split before
they are decoded: in every encoding these exports come in, tab, comma, quote and line end stand for nothing but
themselves. So text is decoded, like everything else, once per distinct value. A line that cannot be split into the
header's number of cells is set aside with its number, never bent to fit.
"""

from __future__ import annotations

import codecs
import csv
import functools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from workbench.cells import holds, is_empty, is_quoted, kept, of_rows, one, quotes, replaced, with_quotes

AHEAD = 3  # pieces under way at once
PIECE = 2 << 20  # bytes split at once: more leave the processor's cache, fewer repeat their distinct values more often
NEAR = 1 << 16
JOINED_LINES = 30  # how many lines one quoted cell may run over
HEAD_LINES = 50
LONGEST = 100_000  # characters of one line; a longer one is set aside unread
TORN = "bytes that are no text in this file's encoding: it is damaged"


@dataclass(frozen=True)
class Problem:
    """One line (or file) that could not be read, or a thing worth saying about it."""

    line: int  # 1 = the first line of the file; 0 = the file as a whole
    column: str
    value: str
    why: str
    # "row": set aside; "file": refused; "doubt": read, but likely damaged; "empty": a header and no row; "note": read
    kind: str = "row"


class NotReadable(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Layout:
    """How the lines below the header are written, and which of their cells are wanted."""

    delimiter: str
    width: int  # cells a line
    quoted: bool  # every cell of the header stands in quotes
    bare: bool  # quotes inside cells are not doubled, as far as the file's head tells
    wanted: tuple[int, ...]
    many: frozenset[int]  # positions where nearly every row has its own value: plain, not coded
    first: int  # number of the first line below the header


@dataclass
class Split:
    """The lines of a file or a piece of it, split: rows that fit, and the lines that must be looked at one by one."""

    cells: dict[int, pa.Array]  # position -> dictionary<int32, binary> or binary
    lines: np.ndarray  # number of the line of each row, int32
    bad: list[int]  # numbers of the lines that do not fit
    texts: dict[int, bytes]  # those lines and the ones a cell of theirs may run on to
    total: int  # lines, blank ones among them
    head: list[bytes]  # the first lines as they stand
    marked: bool = False  # whether a quote stands anywhere in them
    inner: str = ""  # quotes inside cells: "single" (each was doubled in the file), "doubled", "bare", "" none


def split(pieces: Iterable[bytes], layout: Layout) -> Split:
    """All lines below the header. `pieces`: the file's bytes from there on. Raises NotReadable for NUL bytes."""
    found = list(_ahead(functools.partial(_piece, layout=layout), _whole_lines(pieces)))
    starts = np.cumsum([layout.first, *(part.total for part in found)])
    bad: list[int] = []
    texts: dict[int, bytes] = {}
    for part, start, before in zip(found, starts.tolist(), [None, *found], strict=False):
        part.lines += np.int32(start)
        bad += [line + start for line in part.bad]
        texts |= {line + start: text for line, text in part.texts.items()}
        if before is not None and before.bad:  # a cell may run on from one piece to the next
            texts |= {start + at: text for at, text in enumerate(part.head)}
    _alike(found)
    cells = {position: one([part.cells.pop(position) for part in found]) for position in layout.wanted}
    if layout.delimiter == "\t" and not layout.quoted and any(part.marked for part in found) and _guarded(cells.values()):
        cells = {position: replaced(values, _unguarded) for position, values in cells.items()}
    lines = np.concatenate([part.lines for part in found]) if found else np.empty(0, np.int32)
    return Split(cells, lines, bad, texts, int(starts[-1]) - layout.first, found[0].head if found else [])


@dataclass
class Careful:
    """What looking at the bad lines one by one gives."""

    rows: dict[int, list[str]]  # by the number of their first line
    covered: set[int]  # all lines looked at, those that a cell runs over among them
    problems: list[Problem]
    lone: list[int]  # lines set aside that have one cell


def careful(texts: dict[int, str], bad: Iterable[int], torn: set[int], spare: int, layout: Layout) -> Careful:
    """The bad lines, one by one, joined where a quoted cell runs on. Lines that still do not fit are set aside, and so
    are rows with a line in `torn`: bytes that are no text. `spare`: see `spare_cells`."""
    found = Careful({}, set(), [], [])
    for at in sorted(bad):
        if at in found.covered or not texts[at].strip(layout.delimiter + " \t"):
            continue
        row, used = _row(texts, at, spare, layout)
        found.covered.update(range(at, at + used))
        if torn.intersection(range(at, at + used)):
            found.problems.append(Problem(at, "", "", TORN))
        elif row is not None:
            found.rows[at] = row
        else:
            cells = len(_cells(texts[at], layout.delimiter))
            found.lone += [at] if cells == 1 else []
            why = (f"the line has {cells} cell{'s' * (cells > 1)} where the header has {layout.width}, or its quotes do "
                   "not close" if cells else f"the line is longer than {LONGEST} characters")
            found.problems.append(Problem(at, "", texts[at][:200], why))
    return found


def spare_cells(head: list[str], layout: Layout) -> int:
    """How many empty cells every line has beyond the header, as spreadsheets write them. One line proves nothing: a
    separator too many shifts its cells."""
    rows = [_cells(line, layout.delimiter) for line in head if line.strip(layout.delimiter + " \t")]
    widths = {len(row) for row in rows}
    if len(rows) < 2 or len(widths) > 1 or any(any(row[layout.width:]) for row in rows):
        return 0
    return max(widths.pop() - layout.width, 0)


def numbered(pieces: Iterable[bytes], numbers: Iterable[int]) -> dict[int, bytes]:
    """The lines of a file with these numbers (the first is 1). One pass, that ends with the last of them; a number the
    file does not reach is not among them."""
    left, found, first = sorted(set(numbers)), {}, 1
    for piece in _whole_lines(pieces):
        held = _lines(piece)
        here = [number for number in left if number < first + len(held)]
        found |= {number: held[number - first] for number in here}
        left, first = left[len(here):], first + len(held)
        if not left:
            break
    return found


# ---------------------------------------------------------------------------------------------------- pieces

def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE or a little more that end where a line ends."""
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        end = piece.rfind(b"\n") + 1 or piece.rfind(b"\r", 0, -1) + 1
        if end and size >= PIECE:
            yield b"".join([*begun, memoryview(piece)[:end]])
            begun, piece = [], piece[end:]
            size = len(piece)
        begun.append(piece)
    rest = b"".join(begun)
    if rest:
        yield rest


def _ahead(work: Callable, items: Iterator) -> Iterator:
    """`work` of each item, in their order, on all cores, a few items ahead. A single item is worked on right here."""
    first, second = next(items, None), next(items, None)
    if second is None:
        yield from () if first is None else (work(first),)
        return
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        waiting = deque()
        for item in chain([first, second], items):
            waiting.append(pool.submit(work, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _piece(data: bytes, layout: Layout) -> Split:
    """The lines of one piece, numbered from 0."""
    if b"\0" in data:
        raise NotReadable("the file holds NUL bytes: it is damaged or not a text file. Download it again.")
    if codecs.BOM_UTF8[:1] in data:  # perhaps a marked export glued below another; one byte is found ten times as fast
        data = data.removeprefix(codecs.BOM_UTF8).replace(b"\n" + codecs.BOM_UTF8, b"\n")
    tabs = layout.delimiter == "\t"
    accounted = layout.quoted and not (tabs and layout.bare) and _accounted(data, layout)
    cells, lines, bad, total, inner = accounted or _loose(data, layout)
    blank = np.zeros(0, bool) if accounted else _blank(cells, len(lines))
    if blank.any():
        cells, lines = kept(cells, lines, ~blank)
    texts = {}
    if bad:
        every = _lines(data)
        texts = {line: every[line] for at in bad for line in range(at, min(at + JOINED_LINES, len(every)))}
    head = _lines(data[:_end_of_head(data)])[:HEAD_LINES]
    return Split(cells, lines, sorted(bad), texts, total, head, b'"' in data, inner)


def _lines(data: bytes) -> list[bytes]:
    every = re.sub(rb"\r\n?", b"\n", data).split(b"\n")
    return every if every[-1] else every[:-1]


def _end_of_head(data: bytes) -> int:
    end = 0
    for _ in range(HEAD_LINES):
        end = data.find(b"\n", end) + 1
        if not end:
            return len(data)
    return end


def _parse(data: bytes, layout: Layout, quote: str | bool, include: Iterable[int]) -> tuple[dict[int, pa.Array], int]:
    """The cells at the positions `include`, and the number of rows. Raises ArrowInvalid for a line of another width."""
    names = {position: str(position) for position in include}
    coded = pa.dictionary(pa.int32(), pa.binary())
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        pa.csv.ReadOptions(column_names=[str(i) for i in range(layout.width)], use_threads=False,
                            block_size=len(data) + 1),  # in one step: one dictionary a column
        pa.csv.ParseOptions(delimiter=layout.delimiter, quote_char=quote, ignore_empty_lines=False),
        pa.csv.ConvertOptions(include_columns=list(names.values()), strings_can_be_null=False,
                              column_types={name: pa.binary() if position in layout.many else coded
                                            for position, name in names.items()}))
    return {position: one(table.column(name).chunks) for position, name in names.items()}, table.num_rows


def _loose(data: bytes, layout: Layout) -> tuple[dict[int, pa.Array], np.ndarray, list[int], int, str]:
    """Lines divided at every separator. Rows whose quotes need a second look are bad.

    Tabs divide cells whatever stands in quotes, so in a tab file quoting is left to the values: a title's bare `"` is
    safe. Commas do not: there every row with a quote anywhere is bad.
    """
    tabs = layout.delimiter == "\t"
    suspect = not tabs and b'"' in data
    include = range(layout.width) if suspect else layout.wanted
    bad: list[int] = []
    try:
        if any(data.find(b"\n", at, at + LONGEST) < 0 for at in range(0, len(data) - LONGEST, LONGEST)):
            raise pa.ArrowInvalid("a line may be too long")
        cells, total = _parse(data, layout, False, include)
    except pa.ArrowInvalid:  # a line of another width, or one that may be too long
        every, between = _lines(data), layout.delimiter.encode()
        bad = [at for at, line in enumerate(every)
               if line and line.count(between) != layout.width - 1 or len(line) > LONGEST]
        fits = np.delete(np.arange(len(every)), bad)
        cells, total = _parse(b"".join(every[at] + b"\n" for at in fits) or b"\n", layout, False, include)
        lines, total = (fits if len(fits) else np.array([bad[0]])).astype(np.int32), len(every)
    else:
        lines = np.arange(total, dtype=np.int32)
    good = np.ones(len(lines), bool)
    if suspect:
        for values in cells.values():
            good &= ~of_rows(values, lambda texts: pc.match_substring(texts, b'"'))
    elif tabs and layout.quoted:
        for values in cells.values():
            good &= of_rows(values, is_quoted)
        cells = {position: replaced(values, lambda texts: pc.binary_slice(texts, 1, -1))
                 for position, values in cells.items()}
    cells = {position: cells[position] for position in layout.wanted}
    if not good.all():
        bad = bad + lines[~good].tolist()
        cells, lines = kept(cells, lines, good)
    return cells, lines, bad, total, _doubling(cells.values()) if tabs and layout.quoted else ""


def _accounted(data: bytes, layout: Layout) -> tuple[dict[int, pa.Array], np.ndarray, list[int], int, str] | None:
    """Quoted cells, none of which runs over lines. Every quote must be accounted for: two a cell, two for each one inside
    a value. None if not."""
    every = range(layout.width)  # the account needs the columns that are not loaded too
    try:
        cells, total = _parse(data, layout, '"', every)
    except pa.ArrowInvalid:
        return None
    broken = any(holds(values, b"\r\n\t" if layout.delimiter == "\t" else b"\r\n") for values in cells.values())
    inside = sum(quotes(values) for values in cells.values())
    if broken or _count(data, b'"') != 2 * (layout.width * total + inside):
        return None
    wanted = {position: cells[position] for position in layout.wanted}
    return wanted, np.arange(total, dtype=np.int32), [], total, "single" if inside else ""


# ---------------------------------------------------------------------------------------------------- one line

def _row(texts: dict[int, str], at: int, spare: int, layout: Layout) -> tuple[list[str] | None, int]:
    line = texts[at]
    if len(line) > LONGEST:
        return None, 1
    if '"' not in line:
        return _fitted(line.split(layout.delimiter), spare, layout), 1
    joined = line
    for used in range(1, JOINED_LINES + 1):
        if joined.count('"') % 2 == 0:
            try:
                row = _fitted(next(csv.reader([joined], delimiter=layout.delimiter, strict=True)), spare, layout)
            except csv.Error:
                break
            inner = (texts[at + more] for more in range(1, used))
            if row is None or any(len(_cells(line, layout.delimiter)) >= layout.width for line in inner):
                break  # a joined line that is a row by itself: the quotes are broken, not the line
            return row, used
        if at + used not in texts or len(joined) > LONGEST:
            break
        joined += "\n" + texts[at + used]
    if layout.quoted and line.startswith('"') and line.endswith('"') and len(line) > 1:  # undoubled inner quotes
        between = layout.delimiter
        row = line[1:-1].split(f'"{between}"')
        torn = any(f'"{between}' in cell or f'{between}"' in cell for cell in row)  # half a cell, as far as one can tell
        return None if torn else _fitted(row, spare, layout), 1
    if layout.delimiter == "\t" and not layout.quoted:
        return _fitted(line.split("\t"), spare, layout), 1
    return None, 1


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), []) if len(line) <= LONGEST else []


def _fitted(row: list[str], spare: int, layout: Layout) -> list[str] | None:
    """The row at the header's width, or None."""
    if spare and len(row) == layout.width + spare and not any(row[layout.width:]):
        row = row[:layout.width]
    return row if len(row) == layout.width else None


# ---------------------------------------------------------------------------------------------------- quotes and blanks

def _doubling(columns: Iterable[pa.Array]) -> str:
    """Whether quotes inside cells are "doubled", as in a CSV download, or "bare", as in Amazon's own tab files."""
    inner = [text for values in columns for text in with_quotes(values)]
    if not inner:
        return ""
    even = all(len(run) % 2 == 0 for text in inner for run in re.findall(b'"+', text))
    return "doubled" if even else "bare"


def _alike(found: list[Split]) -> None:
    """Makes quotes inside the cells of a tab file mean the same in all its pieces: where one piece has bare quotes, two
    are two everywhere, else they are one."""
    bare = any(part.inner == "bare" for part in found)
    old, new = (b'"', b'""') if bare else (b'""', b'"')
    for part in found:
        if part.inner == ("single" if bare else "doubled"):
            part.cells = {position: replaced(values, lambda texts: pc.replace_substring(texts, old, new))
                          for position, values in part.cells.items()}


def _guarded(columns: Iterable[pa.Array]) -> bool:
    """Whether a spreadsheet has written these tabs: it puts cells with a comma or a quote in quotes and doubles the quotes
    inside. Amazon's own tab files leave them bare; one bare quote anywhere proves them Amazon's."""
    inner = [text for values in columns for text in with_quotes(values)]
    return bool(inner) and all(re.fullmatch(rb'"(?=.*(?:,|""))(?:[^"]|"")*"', text, re.DOTALL) for text in inner)


def _unguarded(texts: pa.Array) -> pa.Array:
    bare = pc.if_else(pc.starts_with(texts, b'"'), pc.binary_slice(texts, 1, -1), texts)
    return pc.replace_substring(bare, b'""', b'"')


def _count(data: bytes, sign: bytes) -> int:
    """How often the byte `sign` stands in `data`, looked through in parts that stay near the processor."""
    letters = np.frombuffer(data, np.uint8)
    return sum(np.count_nonzero(letters[at:at + NEAR] == ord(sign)) for at in range(0, len(letters), NEAR))


def _blank(cells: dict[int, pa.Array], size: int) -> np.ndarray:
    """Which rows are empty lines: the parser gives them as rows of empty cells."""
    blank = np.ones(size, bool)
    for values in cells.values():
        if not blank.any():
            break
        blank &= is_empty(values)
    return blank
