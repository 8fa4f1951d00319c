"""From raw text to typed values: dates, moments, counts, amounts, identifiers.

Every distinct text is looked at once, however many rows repeat it. A text that does not fit its column's type is
marked bad; it is never turned into a null or a guess. What the file itself must decide (day or month first, comma or
point) is decided per column by the values that allow one reading only.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import specs

# Offsets in minutes of the zone words Amazon prints.
ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360, "CST": -360, "CDT": -300,
         "EST": -300, "EDT": -240, "BST": 60, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120,
         "JST": 540, "IST": 330, "GST": 240}

_STAMP = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})"
    r"(?:[T ](?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?)?"
    r"(?:\s?(?P<zone>[A-Z]{1,4}|[+-]\d{2}:?\d{2}))?\Z", re.ASCII)
_PLAIN_NUMBER = r"^-?\d{1,15}(\.\d+)?$"
_FAST_STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"
_POINT = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+", re.ASCII)  # 71,168.00 and 1,23,456.00
_COMMA = re.compile(r"\d{1,3}(?:[.\u00a0\u202f ']\d{3})+(?:,\d+)?|\d+(?:,\d+)?", re.ASCII)
_BLANKS = ("", "--", "-", "\u2013")


class Ambiguous(ValueError):
    """The file does not decide how its dates are written, and neither does the report."""


@dataclass(frozen=True)
class Typed:
    """One column, typed: an arrow array per tidy column it gives, and which rows could not be read."""

    arrays: dict[str, pa.Array]
    bad: np.ndarray  # bool per row
    expected: str
    notes: tuple[str, ...] = ()


def typed(raw: pa.Array, column: specs.Column, *, dates: str = "", language: str = "en") -> Typed:
    """`raw` (text, dictionary-encoded or not) as the type of `column`.

    Blank cells become null (numbers, dates) or "" (text); in a `filled` column they are bad. Raises Ambiguous when
    neither the values nor `dates` (the report's own order, "MDY" or "DMY") decide the order of 03/04/2025.

    >>> from workbench.specs import reports
    >>> units = next(c for c in reports()["ledger_detail"].columns if c.name == "units")
    >>> typed(pa.array(["-3", "1,200", "two"]), units).bad.tolist()
    [False, False, True]
    """
    if not isinstance(raw, pa.DictionaryArray) and column.type in ("id", "text"):
        return _texts(raw, column)
    coded = raw if isinstance(raw, pa.DictionaryArray) else raw.dictionary_encode()
    texts, indices = coded.dictionary, coded.indices
    if column.type in ("id", "text", "code", "currency"):
        return _codes(texts, indices, column)
    if column.type in ("count", "money", "number"):
        values, bad, expected, notes = _numbers(texts, column, language)
        arrays = {column.name: values}
    else:
        stamps, days, bad, notes = _moments(texts, column, dates)
        arrays = {column.name: days} if column.type == "date" else {column.name: stamps, column.day: days}
        expected = "a date like 12/31/2025" if dates == "MDY" else "a date like 2025-12-31"
    blank = _blank(texts)
    bad = np.where(blank, column.filled, bad)
    taken = {name: values.take(indices) for name, values in arrays.items()}
    if column.filled and blank.any():
        expected += ", not an empty cell"
    return Typed(taken, bad[indices.to_numpy()] if len(bad) else np.zeros(len(indices), bool), expected, notes)


def _blank(texts: pa.Array) -> np.ndarray:
    return pc.is_in(pc.utf8_trim_whitespace(texts), pa.array(_BLANKS)).to_numpy(zero_copy_only=False)


def _texts(raw: pa.Array, column: specs.Column) -> Typed:
    raw = _without_guard(raw)
    bad = np.zeros(len(raw), bool)
    if column.filled:
        bad = pc.equal(pc.binary_length(raw), 0).to_numpy(zero_copy_only=False)
    return Typed({column.name: raw}, bad, "a value, not an empty cell")


def _codes(texts: pa.Array, indices: pa.Array, column: specs.Column) -> Typed:
    notes: tuple[str, ...] = ()
    expected = "a value, not an empty cell"
    texts = _without_guard(texts)
    bad = np.array([column.filled and not text for text in texts.to_pylist()], bool)
    if column.type == "currency":
        words = [text.strip().upper() for text in texts.to_pylist()]
        bad |= np.array([bool(word) and not re.fullmatch("[A-Z]{3}", word) for word in words], bool)
        texts, expected = pa.array(words, pa.string()), "a currency code like USD"
    elif column.type == "code":
        canonical = {specs.fold(word): word for word in column.words}
        words = [canonical.get(specs.fold(text), text.strip()) for text in texts.to_pylist()]
        if column.words:
            notes = tuple(f"unknown word {word!r}: kept" for word in dict.fromkeys(words)
                          if word and word not in column.words)
        texts = pa.array(words, pa.string())
    coded = pa.DictionaryArray.from_arrays(indices, texts)
    if len(pc.unique(texts)) != len(texts):  # two spellings of one word
        coded = texts.take(indices).dictionary_encode()
    rows = bad[indices.to_numpy()] if len(bad) else np.zeros(len(indices), bool)
    return Typed({column.name: coded}, rows, expected, notes)


def _without_guard(texts: pa.Array) -> pa.Array:
    '''Text out of a spreadsheet's guard: ="00123" is 00123.'''
    return pc.replace_substring_regex(texts, r'^="+([^"]*)"+$', r"\1")


# ---------------------------------------------------------------------------------------------------- numbers

def _numbers(texts: pa.Array, column: specs.Column, language: str) -> tuple[pa.Array, np.ndarray, str, tuple[str, ...]]:
    """Values of distinct texts as int64 (counts) or float64, which are bad, what was expected, notes."""
    whole = column.type == "count"
    kind = pa.int64() if whole else pa.float64()
    expected = "a whole number" if whole else "a number like 12.34"
    if pc.all(pc.match_substring_regex(texts, r"^-?\d{1,15}$" if whole else _PLAIN_NUMBER)).as_py() is not False:
        return texts.cast(kind), np.zeros(len(texts), bool), expected, ()
    values: list[float | None] = []
    bad = np.zeros(len(texts), bool)
    bare = [_bare_number(text) for text in texts.to_pylist()]
    comma = _decimal_comma([text for text, _ in bare], language, whole)
    for at, (text, sign) in enumerate(bare):
        number = _number(text, comma)
        if number is None or whole and number != int(number):
            bad[at] = text not in _BLANKS
            values.append(None)
        else:
            values.append(sign * (int(number) if whole else number))
    return pa.array(values, kind), bad, expected, ("decimal comma",) if comma else ()


def _bare_number(text: str) -> tuple[str, int]:
    """A number's digits and separators without sign, currency and brackets, and its sign."""
    bare = text.strip().replace("\u2212", "-")
    bare = re.sub(r'^="+|"+$', "", bare)
    bare = re.sub(r"^([-+(]?)\s*(?:[$€£¥￥₹]|[A-Z]{2,3}\b|R\$|kr)\s*|\s*(?:[$€£¥￥₹円元]|[A-Z]{3}|kr|zł)$", r"\1", bare)
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1].strip(), -1
    if bare in _BLANKS:
        return bare, 1
    if bare.startswith(("-", "+")):
        return re.sub(r"^[$€£¥￥₹]\s*", "", bare[1:].strip()), -1 if bare[0] == "-" else 1
    return bare, 1


def _decimal_comma(texts: list[str], language: str, whole: bool) -> bool:
    """Whether the column writes 1.234,56. Values that allow one reading only decide; then the report's language."""
    point = sum(bool(_POINT.fullmatch(text)) and not _COMMA.fullmatch(text) for text in texts)
    comma = sum(bool(_COMMA.fullmatch(text)) and not _POINT.fullmatch(text) for text in texts)
    if point or comma:
        return comma > point
    return language in ("de", "fr", "it", "es", "nl", "sv", "pl", "pt") and not whole


def _number(text: str, comma: bool) -> float | None:
    pattern = _COMMA if comma else _POINT
    if not pattern.fullmatch(text):
        return None
    digits = re.sub(r"[.\u00a0\u202f ']", "", text).replace(",", ".") if comma else text.replace(",", "")
    return float(digits)


# ---------------------------------------------------------------------------------------------------- dates

def _moments(texts: pa.Array, column: specs.Column,
             dates: str) -> tuple[pa.Array, pa.Array, np.ndarray, tuple[str, ...]]:
    """Distinct texts as UTC seconds (null where the text has no time or no zone) and as days as printed."""
    if len(texts) and pc.all(pc.match_substring_regex(texts, _FAST_STAMP)).as_py():
        try:
            at = pc.utf8_slice_codeunits(texts, 0, 19).cast(pa.timestamp("s"))
            return at, at.cast(pa.date32()), np.zeros(len(texts), bool), ()
        except pa.ArrowInvalid:
            pass  # one of them is no day of the calendar: look at each
    parts = [_STAMP.match(text.strip()) for text in texts.to_pylist()]
    order, notes = _order(parts, dates, column)
    stamps: list[int | None] = []
    days: list[int | None] = []
    for part in parts:
        moment = _moment(part, order) if part else None
        stamps.append(moment[0] if moment else None)
        days.append(moment[1] if moment else None)
    bad = np.array([day is None for day in days], bool)
    return (pa.array(stamps, pa.int64()).cast(pa.timestamp("s")), pa.array(days, pa.int32()).cast(pa.date32()),
            bad, notes)


def _order(parts: list[re.Match | None], dates: str, column: specs.Column) -> tuple[str, tuple[str, ...]]:
    """MDY or DMY for dates written 03/04/2025: what the values allow, else what the report is known to write."""
    slashed = [(int(part["a"]), int(part["b"])) for part in parts
               if part and part["sep"] != "." and len(part["a"]) <= 2 and len(part["c"]) == 4]
    day_first = sum(a > 12 >= b for a, b in slashed)
    month_first = sum(b > 12 >= a for a, b in slashed)
    if not slashed:
        return dates, ()
    if day_first and month_first:
        if dates not in ("MDY", "DMY"):
            raise Ambiguous(f"{column.headers[0][1]} holds dates written day first and month first. "
                            "Save them as 2025-12-31.")
        return dates, ()
    if day_first or month_first:
        return ("DMY" if day_first else "MDY"), ()
    if dates in ("MDY", "DMY"):
        shown = "month first" if dates == "MDY" else "day first"
        return dates, (f"no date decides the order of day and month; read {shown}, as this report is written",)
    example = next(part[0] for part in parts if part)
    raise Ambiguous(f"{column.headers[0][1]}: found {example!r}, and nothing in the file tells whether day or month "
                    "comes first. Save the dates as 2025-12-31.")


def _moment(part: re.Match, order: str) -> tuple[int | None, int] | None:
    """(UTC seconds or None, day number) of one written date, None when it is no date of a calendar."""
    a, b, c = part["a"], part["b"], part["c"]
    if len(a) == 4:
        year, month, day = a, b, c
    elif len(c) != 4:
        return None
    elif part["sep"] == "." or order == "DMY":
        year, month, day = c, b, a
    else:
        year, month, day = c, a, b
    try:
        at = dt.datetime(int(year), int(month), int(day), int(part["h"] or 0), int(part["mi"] or 0),
                         int(part["s"] or 0), tzinfo=dt.UTC)
    except ValueError:
        return None
    if not 1995 <= at.year <= 2099:
        return None
    number = at.date().toordinal() - 719163  # days since 1970-01-01
    zone = part["zone"]
    if zone and zone not in ZONES and not zone.startswith(("+", "-")):
        return None
    if not zone or part["h"] is None:
        return None, number
    sign = -1 if zone[0] == "-" else 1
    minutes = ZONES[zone] if zone in ZONES else sign * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return int(at.timestamp()) - minutes * 60, number
