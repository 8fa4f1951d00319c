"""What in a readable cell looks damaged: the signs that a text was cut, joined or decoded wrongly on its way here.

Identifiers are kept byte for byte, so nothing is mended. One odd cell among many is likely damage and is a doubt; a habit
of the whole column (a seller whose SKUs hold inch marks) is a note.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import specs
from workbench.cells import texts_of
from workbench.flatfile import Problem

TOTALS = frozenset(("total", "totals", "grandtotal", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "totale",
                    "totaal", "合计", "总计", "小计", "合計", "総計"))  # folded first cells of a total row

MOST = 100_000_000  # units in one row

_ODD = np.isin(np.arange(256), [*range(33), *b'",;:', *range(127, 256)])
_MARKS = np.isin(np.arange(256), [*b",."])
_DAMAGE = r'["\x00-\x1f\x7f\x{80}-\x{9f}\x{fffd}]|^[\s\x{a0}\x{3000}]|[\s\x{a0}\x{3000}]$'
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
_AMOUNT = r"^-?\d+[.,]\d\d$"
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
        return _told(values, texts, lost, column, lines, "characters lost in a recoding (\ufffd or ??)", ("note", "note"))
    found = _misshapen(values, texts, column, lines)
    if _any(texts, _MARKS):
        amounts = pc.match_substring_regex(texts, _AMOUNT)
        found += _told(values, texts, amounts, column, lines, "an amount where an id belongs: was a column moved?",
                       ("doubt", "note"))
    if not _any(texts, _ODD):
        return found
    damaged = pc.match_substring_regex(texts, _DAMAGE if proven else _DAMAGE + r"|[\x{80}-\x{10ffff}]")
    found += _told(values, texts, damaged, column, lines, "a quotation mark, an odd character or outer blanks",
                   ("doubt", "note"))
    moments = pc.match_substring_regex(texts, _MOMENT)
    found += _told(values, texts, moments, column, lines, "a moment where a word or an id belongs: was a column moved?",
                   ("doubt", "doubt"))
    joined = pc.and_(pc.match_substring_regex(texts, "[,;]|\\?{2,}"), pc.invert(damaged))
    return found + _told(values, texts, joined, column, lines, "a separator or ?? inside", ("note", "note"))


def counts(values: pa.Array, column: specs.Column, lines: np.ndarray) -> list[Problem]:
    """A doubt about counts that no seller has: an order's or a shipment's number under the header of a quantity."""
    ends = pc.min_max(values).as_py()
    if max(abs(end or 0) for end in ends.values()) <= MOST:
        return []
    rows = np.flatnonzero(pc.fill_null(pc.greater(pc.abs(values), MOST), False).to_numpy(zero_copy_only=False))
    first = str(values[int(rows[0])].as_py())
    return [Problem(int(lines[rows[0]]), column.name, first, f"no count can be so large: {len(rows)} "
                    f"cell{'s' * (len(rows) > 1)}, the first {first}; read as it stands. Was a column moved?", "doubt")]


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
    return _told(values, texts, odd, column, lines, f"not the shape of {column.name}: was a column moved?",
                 ("doubt", "note"))


def _told(values: pa.Array, texts: pa.Array, odd: pa.Array, column: specs.Column, lines: np.ndarray, sign: str,
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
