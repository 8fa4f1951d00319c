"""What in a readable cell looks damaged: the signs that a text was cut, joined or decoded wrongly on its way here.

Identifiers are kept byte for byte, so nothing is mended. One odd cell among many is likely damage and is a doubt; a habit
of the whole column (a seller whose SKUs hold inch marks) is a note.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import specs
from workbench.cells import as_codes, kept, of_rows, texts_of
from workbench.flatfile import NotReadable, Problem, Raw

TOTALS = frozenset(("total", "totals", "grandtotal", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "totale",
                    "totaal", "合计", "总计", "小计", "合計", "総計"))  # folded first cells of a total row

MOST = 100_000_000  # units in one row
SHEET_ENDS = (65_536, 1_048_576)  # lines of an old and of a new sheet of Excel

_ODD = np.isin(np.arange(256), [*range(33), *b'",;:\'', *range(127, 256)])
_MARKS = np.isin(np.arange(256), [*b",."])
_DAMAGE = r'^\'|["\x00-\x1f\x7f\x{80}-\x{9f}\x{fffd}]|^[\s\x{a0}\x{3000}]|[\s\x{a0}\x{3000}]$'
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
_AMOUNT = r"^-?\d+[.,]\d\d$"
_LONE = r'^"[^"]*$|^[^"]*\pL"$'  # in free text: half a pair of quotes; after a digit one stands for inches
_LOST = r"\x{fffd}|[\x{80}-\x{9f}]|\?{2,}"  # in free text: characters that a recoding has lost


def cells(values: pa.Array, column: specs.Column, lines: np.ndarray, *, proven: bool) -> list[Problem]:
    """What looks damaged in the texts of one column: at most one problem (a doubt or a note) per sign.

    `proven`: the encoding is certain; where it is not, a letter beyond ASCII in an identifier is a sign too.
    """
    texts = texts_of(values)
    if column.type not in ("id", "code"):
        if not _any(texts, _ODD):
            return []
        lost = pc.match_substring_regex(texts, _LOST)
        lone = pc.match_substring_regex(texts, _LONE)
        found = _told(values, lost, column, lines, "characters lost in a recoding (\ufffd or ??)", ("note", "note"))
        return found + _told(values, lone, column, lines, "half a pair of quotation marks", ("doubt", "note"))
    found = _misshapen(values, texts, column, lines)
    if _any(texts, _MARKS):
        amounts = pc.match_substring_regex(texts, _AMOUNT)
        found += _told(values, amounts, column, lines, "an amount where an id belongs (was a column moved?)",
                       ("doubt", "note"))
    if not _any(texts, _ODD):
        return found
    damaged = pc.match_substring_regex(texts, _DAMAGE if proven else _DAMAGE + r"|[\x{80}-\x{10ffff}]")
    found += _told(values, damaged, column, lines, "a quotation mark, an odd character or outer blanks",
                   ("doubt", "note"))
    moments = pc.match_substring_regex(texts, _MOMENT)
    found += _told(values, moments, column, lines, "a moment where a word or an id belongs (was a column moved?)",
                   ("doubt", "doubt"))
    joined = pc.and_(pc.match_substring_regex(texts, "[,;]|\\?{2,}"), pc.invert(damaged))
    return found + _told(values, joined, column, lines, "a separator or ?? inside", ("note", "note"))


def counts(values: pa.Array, column: specs.Column, lines: np.ndarray) -> list[Problem]:
    """A doubt about counts that no seller has: an order's or a shipment's number under the header of a quantity."""
    ends = pc.min_max(values).as_py()
    if max(abs(end or 0) for end in ends.values()) <= MOST:
        return []
    rows = np.flatnonzero(pc.fill_null(pc.greater(pc.abs(values), MOST), False).to_numpy(zero_copy_only=False))
    first = str(values[int(rows[0])].as_py())
    return [Problem(int(lines[rows[0]]), column.name, first, f"no count can be so large: {len(rows)} "
                    f"cell{'s' * (len(rows) > 1)}, the first {first}; read as it stands. Was a column moved?", "doubt")]


def cut_by_a_sheet(lines: np.ndarray) -> list[Problem]:
    """A doubt about a file whose last line is the last that a spreadsheet has."""
    if not len(lines) or int(lines[-1]) not in SHEET_ENDS:
        return []
    return [Problem(int(lines[-1]), "", "", "the file ends on the last line that a spreadsheet has: what stood below it is "
                    "lost. Download the report again.", "doubt")]


def fractions(amounts: np.ndarray, digits: int | np.ndarray, column: str, lines: np.ndarray) -> list[Problem]:
    """A doubt about amounts with decimals in a currency that has none: a spreadsheet took thousands (1,980) for decimals.
    `digits`: of the minor unit of each row's currency. Estimates and unit costs may be that fine."""
    if specs.registry()[column].get("fine") or np.min(digits) > 0:
        return []
    rows = np.flatnonzero((digits == 0) & (np.abs(amounts - np.round(amounts)) > 1e-9))
    if not len(rows):
        return []
    first = f"{amounts[rows[0]]:.15g}"
    return [Problem(int(lines[rows[0]]), column, first, f"decimals in a currency that has none: {len(rows)} "
                    f"cell{'s' * (len(rows) > 1)}, the first {first!r}; rounded. Did a spreadsheet take thousands for "
                    "decimals?", "doubt")]


def unglued(raw: Raw) -> Raw:
    """The rows without header lines between them. Raises NotReadable where an export was glued below another that holds
    rows of its own, for they would count twice."""
    heads = _repeats(raw.cells, raw.header)
    if not len(heads):
        return raw
    twice = _again(raw.cells, heads, len(raw.lines))
    if twice >= 0:
        raise NotReadable(f"line {raw.lines[heads[0]]}: the header line again, and line {raw.lines[twice]} below it stands "
                          "above it too: exports glued together would count it twice. Save each as a file of its own.")
    keep = np.ones(len(raw.lines), bool)
    keep[heads] = False
    columns, lines = kept(raw.cells, raw.lines, keep)
    again = [Problem(int(line), "", "", "the header line again: another export begins here") for line in raw.lines[heads]]
    return replace(raw, cells=columns, lines=lines, problems=[*raw.problems, *again])


def is_total(texts: pa.Array) -> np.ndarray:
    """Which of the distinct texts are the first cell of a total row.

    >>> is_total(pa.array(["X001", "Grand total:", "合计", "Totally"])).tolist()
    [False, True, True, False]
    """
    words = pc.if_else(pc.match_substring_regex(texts, "[0-9]"), "", texts)  # no total has a digit, nearly every id has
    return np.array([bool(text) and specs.fold(text) in TOTALS for text in words.to_pylist()], bool)


def _any(texts: pa.Array, odd: np.ndarray) -> bool:
    """Whether any byte of the texts is `odd`: one look at the bytes, for columns of millions of clean identifiers."""
    if not len(texts) or texts.buffers()[2] is None:
        return False
    ends = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset:texts.offset + len(texts) + 1]
    return bool(odd[np.frombuffer(texts.buffers()[2], np.uint8)[ends[0]:ends[-1]]].any())


def _misshapen(values: pa.Array, texts: pa.Array, column: specs.Column, lines: np.ndarray) -> list[Problem]:
    """Values that do not have their column's shape (specs/columns.toml), where it has one."""
    shape = specs.registry().get(column.name, {}).get("shape")
    if not shape:
        return []
    odd = pc.and_(pc.invert(pc.match_substring_regex(texts, f"^({shape})$")), pc.not_equal(texts, ""))
    return _told(values, odd, column, lines, f"not the shape of {column.name} (was a column moved?)",
                 ("doubt", "note"))


def _told(values: pa.Array, odd: pa.Array, column: specs.Column, lines: np.ndarray, sign: str,
          kinds: tuple[str, str]) -> list[Problem]:
    """One problem that counts the odd cells and names the first: a doubt where few distinct texts are odd."""
    odd = odd.to_numpy(zero_copy_only=False)
    if not odd.any():
        return []
    rows = np.flatnonzero(odd[values.indices.to_numpy()] if isinstance(values, pa.DictionaryArray) else odd)
    if not len(rows):
        return []
    few = odd.sum() <= max(2, 0.05 * len(odd)) and odd.sum() < len(odd)
    first = values[int(rows[0])].as_py()
    return [Problem(int(lines[rows[0]]), column.name, first[:200], f"{sign}: {len(rows)} cell{'s' * (len(rows) > 1)}, the "
                    f"first {first[:40]!r}; read as it stands", kinds[0] if few else kinds[1])]


def _repeats(cells: dict[int, pa.Array], header: list[str]) -> np.ndarray:
    """Which rows are the header line again, where an export was glued below another.

    >>> _repeats({0: pa.array(["A", "sku"]), 1: pa.array(["1", "unit_cost"])}, ["sku", "unit_cost"]).tolist()
    [1]
    """
    coded = {position: values for position, values in cells.items() if header[position]}
    least = min(coded, key=lambda position: len(texts_of(coded[position])), default=None)
    if least is None or pc.index(texts_of(coded[least]), header[least]).as_py() < 0:
        return np.empty(0, np.int64)
    rows = np.flatnonzero(of_rows(coded[least], lambda texts: pc.equal(texts, header[least])))
    same = [values.take(pa.array(rows)).cast(pa.string()) for values in coded.values()]
    alike = sum(pc.equal(values, header[position]).to_numpy(zero_copy_only=False).astype(int)
                for position, values in zip(coded, same, strict=True))
    return rows[alike > len(coded) / 2]


def _again(cells: dict[int, pa.Array], heads: np.ndarray, size: int) -> int:
    """The first row below one of the header lines `heads` that stands above it too, -1 where none does."""
    frame = pd.DataFrame({position: as_codes(values).indices.to_numpy() for position, values in cells.items()})
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    part = np.searchsorted(heads, np.arange(size), side="right")
    first = pd.Series(part).groupby(rows).transform("min").to_numpy()
    found = np.setdiff1d(np.flatnonzero(part > first), heads)
    return int(found[0]) if len(found) else -1
