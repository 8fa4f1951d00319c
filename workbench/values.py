"""From raw text to typed values: dates, moments, counts, amounts, identifiers.

Every distinct text is looked at once, however many rows repeat it. A text that does not fit its column's type is
marked bad; it is never turned into a null or a guess. How numbers and days are read stands in `numerals` and `dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import currencies, specs
from workbench.cells import as_codes
from workbench.dates import Known, moments, months
from workbench.numerals import BLANKS, marks, numbers

_SERIAL = r"^[2-6]\d{4}([.,]\d+)?$"  # days since 1899-12-30, as spreadsheets keep dates
SHORTENED = "is an identifier that a spreadsheet has made a number of: its last digits are lost"
DECIMAL = "is an identifier that a program has written as a decimal number: it matches no other report"


@dataclass(frozen=True)
class Typed:
    """One column, typed: an arrow array per tidy column it gives, and which rows could not be read."""

    arrays: dict[str, pa.Array]
    bad: np.ndarray  # bool per row
    expected: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    currency: pa.Array | None = None  # the currency each amount's own mark names ("" where none), None without marks


def typed(raw: pa.Array, column: specs.Column, *, dates: str = "", decimal: str = "", local: str = "",
          told: Callable[[], str] = str) -> Typed:
    """`raw` (text, dictionary-encoded or not) as the type of `column`.

    Blank cells become null (numbers, dates) or "" (text); in a `filled` column they are bad. Raises Ambiguous when
    nothing decides the order of 03/04/2025: the values, `told` (what the file's other dates say, see `dates.day_order`),
    `dates` (the report's own order, "MDY" or "DMY"), `local` (how the seller's region writes). `decimal` ("." or ",", see
    `numerals.decimal_mark`) decides 1.234 where the column's own values do not.

    >>> from workbench.specs import reports
    >>> units = next(c for c in reports()["ledger_detail"].columns if c.name == "units")
    >>> typed(pa.array(["-3", "1,200", "two"]), units).bad.tolist()
    [False, False, True]
    """
    if not isinstance(raw, pa.DictionaryArray) and column.type in ("id", "text"):
        return _texts(raw, column)
    coded = as_codes(raw)
    texts, indices = coded.dictionary, coded.indices
    if column.type in ("id", "text", "code", "currency"):
        return _codes(texts, indices, column)
    texts = _without_guard(texts)
    currency, notes, doubts = None, (), ()
    if column.type in ("count", "money", "number"):
        values, bad = numbers(texts, column, decimal)
        arrays, expected = {column.name: values}, "a whole number" if column.type == "count" else "a number like 12.34"
        currency = marks(texts) if column.type == "money" else None
    elif column.type == "month":
        days, bad = months(texts)
        arrays, expected = {column.name: days}, "a month like 2026-07"
    else:
        at, days, bad, notes, doubts = moments(texts, column, Known(dates, local, told))
        arrays = {column.name: days} if column.type == "date" else {column.name: at, column.day: days}
        expected = "a date like 12/31/2025" if dates == "MDY" else "a date like 2025-12-31"
        if pc.any(pc.match_substring_regex(texts.filter(pa.array(bad)), _SERIAL)).as_py():
            expected += ", not a spreadsheet's number of a day: give the column a date format and save it again"
    blank = _blank(texts)
    bad = np.where(blank, column.filled, bad)
    taken = {name: values.take(indices) for name, values in arrays.items()}
    if column.filled and blank.any():
        expected += ", not an empty cell"
    paid = None if currency is None else currency.take(indices)
    return Typed(taken, _of_rows(bad, indices), expected, notes, doubts, paid)


def _of_rows(bad: np.ndarray, indices: pa.Array) -> np.ndarray:
    """Which rows are bad, by which of the distinct texts are."""
    return bad[indices.to_numpy()] if bad.any() else np.zeros(len(indices), bool)


def _blank(texts: pa.Array) -> np.ndarray:
    return pc.is_in(pc.utf8_trim_whitespace(texts), pa.array(BLANKS)).to_numpy(zero_copy_only=False)


def _texts(raw: pa.Array, column: specs.Column) -> Typed:
    raw = _without_guard(raw)
    return Typed({column.name: raw}, _missing(raw, column), "a value, not an empty cell", _shortened(raw, column))


def _missing(texts: pa.Array, column: specs.Column) -> np.ndarray:
    """Which texts are empty where the column must be filled."""
    if not column.filled:
        return np.zeros(len(texts), bool)
    return pc.equal(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)


def _shortened(texts: pa.Array, column: specs.Column) -> tuple[str, ...]:
    """Notes on the first identifiers that a spreadsheet or a program has made numbers of: 1.23E+11, or 12345.0 where every
    one ends so."""
    if column.type != "id":
        return ()
    notes = []
    data = texts.buffers()[2]
    if data is not None and re.search(rb"\+", data):  # one look at the bytes, for columns of millions of identifiers
        odd = texts.filter(pc.match_substring_regex(texts, r"^\d([.,]\d+)?[Ee]\+\d{2}$"))
        notes += [f"{text} {SHORTENED}" for text in odd[:1].to_pylist()]
    if len(texts) and _all_decimal(texts.slice(0, 100)) and _all_decimal(texts):
        odd = texts.filter(pc.match_substring_regex(texts, r"^\d{4,}\.0$"))
        notes += [f"{text} {DECIMAL}" for text in odd[:1].to_pylist()]
    return tuple(notes)


def _all_decimal(texts: pa.Array) -> bool:
    return pc.all(pc.or_(pc.ends_with(texts, ".0"), pc.equal(pc.binary_length(texts), 0))).as_py()


def _codes(texts: pa.Array, indices: pa.Array, column: specs.Column) -> Typed:
    expected = "a value, not an empty cell"
    texts = _without_guard(texts)
    notes = _shortened(texts, column)
    bad = _missing(texts, column)
    if column.type == "currency":
        words = [currencies.code(text) for text in texts.to_pylist()]
        bad |= np.array([bool(word) and not re.fullmatch("[A-Z]{3}", word) for word in words], bool)
        texts, expected = pa.array(words, pa.string()), "a currency code like USD"
    elif column.type == "code":
        canonical = {specs.fold(spelling): word for spelling, word in column.spellings}
        canonical |= {specs.fold(word): word for word in column.words}
        words = [canonical.get(specs.fold(text), text.strip()) for text in texts.to_pylist()]
        if column.words:
            notes = tuple(f"unknown word {word!r}: kept" for word in dict.fromkeys(words)
                          if word and word not in column.words)
        texts = pa.array(words, pa.string())
    coded = pa.DictionaryArray.from_arrays(indices, texts, safe=False)
    if pc.count_distinct(texts).as_py() != len(texts):  # two spellings of one word
        coded = texts.take(indices).dictionary_encode()
    return Typed({column.name: coded}, _of_rows(bad, indices), expected, notes)


def _without_guard(texts: pa.Array) -> pa.Array:
    '''Text out of a spreadsheet's guard: ="00123" is 00123.'''
    if not pc.any(pc.starts_with(texts, "=")).as_py():
        return texts
    return pc.replace_substring_regex(texts, r'^="+([^"]*)"+$', r"\1")
