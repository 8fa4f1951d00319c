"""From raw text to typed values: dates, moments, counts, amounts, identifiers.

Every distinct text is looked at once, however many rows repeat it. A text that does not fit its column's type is
marked bad; it is never turned into a null or a guess. What the file itself must decide (day or month first, comma or
point) is decided per column by the values that allow one reading only.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import specs

# Offsets in minutes of the zone words Amazon prints.
ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360, "CST": -360, "CDT": -300,
         "EST": -300, "EDT": -240, "BRT": -180, "BST": 60, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MEZ": 60,
         "MESZ": 120, "EET": 120, "EEST": 180, "TRT": 180, "GST": 240, "IST": 330, "SGT": 480, "JST": 540, "AEST": 600,
         "AEDT": 660, "HNP": -480, "HAP": -420, "HNE": -300, "HAE": -240}
MONTH_LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "sv", "pl", "pt", "tr")

_TAIL = (r"(?:(?:T|,? )(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
         r"(?: ?(?P<half>[AaPp])\.? ?[Mm]\.?)?)?"
         r"(?: ?(?P<zone>[A-Z]{1,5}|(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?))?\Z")
_STAMP = re.compile(r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})" + _TAIL, re.ASCII)
_WORDS = (re.compile(r"(?P<day>\d{1,2})\.? (?:de )?(?P<word>[^\W\d_]{3,})\.?,? (?:de )?(?P<year>\d{4})" + _TAIL),
          re.compile(r"(?P<word>[^\W\d_]{3,})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _TAIL),
          re.compile(r"(?P<day>\d{1,2})-(?P<word>[^\W\d_]{3,})\.?-(?P<year>\d{4}|\d{2})" + _TAIL))
_CJK_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_MONTH = (re.compile(r"(?P<year>\d{4})[-/年](?P<month>\d{1,2})月?\Z"),
          re.compile(r"(?P<word>[^\W\d_]{3,})[-. ]+(?P<year>\d{4}|\d{2})\Z"))  # spreadsheets turn 2026-07 into Jul-26
_PLAIN_NUMBER = r"^-?\d{1,15}(\.\d+)?$"
_TWO_READINGS = r"^-?[1-9]\d{0,2}\.\d{3}$"  # 1.234 is one and a bit, or a thousand
_SERIAL = r"^[2-6]\d{4}([.,]\d+)?$"  # days since 1899-12-30, as spreadsheets keep dates
_FAST_STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"
_POINT = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+", re.ASCII)  # 71,168.00 1,23,456.00
_COMMA = re.compile(r"[1-9]\d{0,2}(?:[.\u00a0\u202f ']\d{3})+(?:,\d+)?|\d+(?:,\d+)?|,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}|[1-9]\d{0,2}(?:[.\u00a0\u202f ']\d{3})+", re.ASCII)
_MONEY_WORD = r"(?:[A-Z]{1,3}\$|[$€£¥₹₺円元]|[A-Z]{3}\b|kr\.?|zł)"
# What a currency mark means; a bare $ is six currencies, ¥ is yen wherever FBA sells.
MARKS = {"US$": "USD", "CA$": "CAD", "C$": "CAD", "MX$": "MXN", "AU$": "AUD", "A$": "AUD", "S$": "SGD", "R$": "BRL",
         "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "₹": "INR", "₺": "TRY", "zł": "PLN"}
COMMA_LANGUAGES = ("de", "fr", "it", "es", "nl", "sv", "pl", "pt")
STRAYS = 0.05  # dates the wrong way round, of those that decide, that are errors rather than another way of writing
SHORTENED = "is an identifier that a spreadsheet has made a number of: its last digits are lost"
DECIMAL = "is an identifier that a program has written as a decimal number: it matches no other report"
_BLANKS = ("", "--", "-", "\u2013")


class Ambiguous(ValueError):
    """The file does not decide how its dates or numbers are written, and neither does the report."""


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
    nothing decides the order of 03/04/2025: the values, `told` (what the file's other dates say, see `date_order`),
    `dates` (the report's own order, "MDY" or "DMY"), `local` (how the seller's region writes). `decimal` ("." or ",", see
    `decimal_mark`) decides 1.234 where the column's own values do not.

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
    currency, doubts = None, ()
    if column.type in ("count", "money", "number"):
        values, bad, expected, notes = _numbers(texts, column, decimal)
        arrays = {column.name: values}
        currency = _marks(texts) if column.type == "money" else None
    elif column.type == "month":
        days, bad = _months(texts)
        arrays, expected, notes = {column.name: days}, "a month like 2026-07", ()
    else:
        stamps, days, bad, notes, doubts = _moments(texts, column, _Known(dates, local, told))
        arrays = {column.name: days} if column.type == "date" else {column.name: stamps, column.day: days}
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
    return pc.is_in(pc.utf8_trim_whitespace(texts), pa.array(_BLANKS)).to_numpy(zero_copy_only=False)


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
        words = [text.strip().upper() for text in texts.to_pylist()]
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


# ---------------------------------------------------------------------------------------------------- numbers

def decimal_mark(columns: Iterable[pa.Array], language: str = "en") -> str:
    """How a file writes decimals: "." or ",", by the amounts that allow one reading only, else by its language; "" where
    neither tells, for English headers stand above decimal commas too.

    >>> decimal_mark([pa.array(["1.234", "12,50"])]), decimal_mark([pa.array(["1.234"])], "de")
    (',', ',')
    """
    votes = {".": 0, ",": 0}
    for raw in columns:
        texts = raw.dictionary if isinstance(raw, pa.DictionaryArray) else pc.unique(raw)
        marked = texts.filter(pc.match_substring_regex(texts, r"[.,]")).to_pylist()
        for text in marked:
            only = _only_reading(_bare_number(text)[0])
            votes[only] = votes.get(only, 0) + 1
    if votes["."] != votes[","]:
        return max((".", ","), key=votes.get)
    return "," if language in COMMA_LANGUAGES else ""


def _only_reading(text: str) -> str:
    """"." or "," where only one of them as decimal mark makes `text` a number, "" where both or none do."""
    point, comma = bool(_POINT.fullmatch(text)), bool(_COMMA.fullmatch(text))
    return "" if point == comma else "." if point else ","


def _numbers(texts: pa.Array, column: specs.Column, decimal: str) -> tuple[pa.Array, np.ndarray, str, tuple[str, ...]]:
    """Values of distinct texts as int64 (counts) or float64, which are bad, what was expected, notes."""
    whole = column.type == "count"
    kind = pa.int64() if whole else pa.float64()
    expected = "a whole number" if whole else "a number like 12.34"
    plain = pc.all(pc.match_substring_regex(texts, r"^-?\d{1,15}$" if whole else _PLAIN_NUMBER)).as_py() is not False
    if plain and (whole or not pc.any(pc.match_substring_regex(texts, _TWO_READINGS)).as_py()):
        return texts.cast(kind), np.zeros(len(texts), bool), expected, ()
    bare = [_bare_number(text) for text in texts.to_pylist()]
    unsure = not decimal and column.type == "money"
    read = ([_count(text, decimal) for text, _ in bare] if whole
            else _decimals([text for text, _ in bare], decimal, unsure=unsure))
    values = [None if number is None else sign * number for number, (_, sign) in zip(read, bare, strict=True)]
    bad = np.array([number is None and text not in _BLANKS for number, (text, _) in zip(read, bare, strict=True)], bool)
    return pa.array(values, kind), bad, expected, ()


def _bare_number(text: str) -> tuple[str, int]:
    """A number's digits and separators without sign, currency and brackets, and its sign."""
    bare = text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2013", "-")
    bare = re.sub(r'^="+|"+$', "", bare.strip())
    sign = 1
    if bare.startswith("(") and bare.endswith(")"):
        bare, sign = bare[1:-1].strip(), -1
    if bare in _BLANKS:
        return bare, 1
    bare = re.sub(rf"^([-+]?)\s*{_MONEY_WORD}\s*|\s*{_MONEY_WORD}(-?)$", r"\1\2", bare).strip()
    if bare.endswith("-"):  # 12,50-
        bare = "-" + bare[:-1]
    if bare.startswith(("-", "+")):
        return bare[1:].strip(), -sign if bare[0] == "-" else sign
    return bare, sign


def _decimals(texts: list[str], decimal: str, *, unsure: bool) -> list[float | None]:
    """The numbers that `texts` write, None where they write none.

    Values that allow one reading only decide how the column writes decimals. Where they contradict each other, the
    smaller party and every value that both could have written stay unread: no majority makes 1.234 a thousand. Where
    nothing decides (`unsure`), an amount of 1.234 stays unread too: amounts have no third decimal.
    """
    parties = [_only_reading(text) for text in texts]
    point, comma = parties.count("."), parties.count(",")
    mark = ("." if point > comma else ",") if point or comma else decimal or "."
    pattern = _POINT if mark == "." else _COMMA
    both = re.compile(r"\D" if point and comma else r"\." if unsure and not point and not comma else r"$^")
    return [_float(text, mark) if pattern.fullmatch(text) and (only or not both.search(text)) else None
            for text, only in zip(texts, parties, strict=True)]


def _float(text: str, mark: str) -> float:
    return float(text.replace(",", "")) if mark == "." else float(re.sub(r"[.\u00a0\u202f ']", "", text).replace(",", "."))


def _count(text: str, decimal: str) -> int | None:
    """A whole number, thousands apart by any mark: German reports write 1,234 units beside 1.234,50 €. 2.0 is two;
    1.000 could be one or a thousand and is neither, unless the file's decimals are known to follow a comma."""
    if text.isdigit():
        return int(text)
    if re.fullmatch(r"\d{1,15}\.0{1,2}|0\.0+", text):
        return int(text.split(".")[0])
    if _THOUSANDS.fullmatch(text) and (decimal == "," or not re.fullmatch(r"\d{1,3}\.000", text)):
        return int(re.sub(r"\D", "", text))
    return None


def _marks(texts: pa.Array) -> pa.Array | None:
    """The currency that each amount's own mark names."""
    marked = pc.match_substring_regex(texts, r"[^\d\s.,()+\-=\"]")
    if not pc.any(marked).as_py():
        return None
    found = []
    for text in texts.to_pylist():
        word = re.search(_MONEY_WORD, unicodedata.normalize("NFKC", text))
        mark = word[0] if word else ""
        found.append(MARKS.get(mark, mark if re.fullmatch("[A-Z]{3}", mark) else ""))
    return pa.array(found, pa.string()).dictionary_encode()


# ---------------------------------------------------------------------------------------------------- dates

@dataclass(frozen=True)
class _Known:
    """What is known of the order of day and month beside a column's own values: "MDY", "DMY" or ""."""

    dates: str  # as the report writes them
    local: str  # as the seller's region writes them
    told: Callable[[], str]  # as the file's other dates are written


def date_order(columns: Iterable[pa.Array]) -> str:
    """How a file writes dates, by those with a day beyond 12: "MDY" or "DMY"; "" where none tells or two disagree.

    >>> date_order([pa.array(["03/04/2025", "2025-12-31"]), pa.array(["25/12/2025 10:00"])])
    'DMY'
    """
    parts = [_part(text) for raw in columns for text in pc.unique(raw).to_pylist()]
    day_first, month_first = _votes(parts)
    return "" if bool(day_first) == bool(month_first) else "DMY" if day_first else "MDY"


def _votes(parts: Iterable[dict[str, str] | None]) -> tuple[int, int]:
    """How many of the dates that do not say which is which can only be day first, and only month first."""
    pairs = [(int(part["a"]), int(part["b"])) for part in parts if part and "year" not in part]
    return sum(a > 12 >= b for a, b in pairs), sum(b > 12 >= a for a, b in pairs)


def _moments(texts: pa.Array, column: specs.Column, known: _Known,
             ) -> tuple[pa.Array, pa.Array, np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Distinct texts as UTC seconds (null where the text has no time or no zone), as days as printed, which are bad, notes
    and doubts."""
    if len(texts) and pc.all(pc.match_substring_regex(texts, _FAST_STAMP)).as_py():
        try:
            at = pc.utf8_slice_codeunits(texts, 0, 19).cast(pa.timestamp("s"))
            return at, at.cast(pa.date32()), np.zeros(len(texts), bool), (), ()
        except pa.ArrowInvalid:
            pass  # one of them is no day of the calendar: look at each
    parts = _whole_years([_part(text) for text in texts.to_pylist()])
    order, notes, doubts = _order(parts, known, column)
    stamps: list[int | None] = []
    days: list[int | None] = []
    for part in parts:
        moment = _moment(part, order) if part else None
        stamps.append(moment[0] if moment else None)
        days.append(moment[1] if moment else None)
    bad = np.array([day is None for day in days], bool)
    return (pa.array(stamps, pa.int64()).cast(pa.timestamp("s")), pa.array(days, pa.int32()).cast(pa.date32()),
            bad, notes, doubts)


def _part(text: str) -> dict[str, str] | None:
    """The pieces of one written date: year, month, day where it says which is which, else a, b, c in its order."""
    text = text.strip() if text.isascii() else " ".join(unicodedata.normalize("NFKC", text).split())
    text = _CJK_DAY.sub(r"\1-\2-\3", text)
    if found := _STAMP.match(text):
        part = found.groupdict()
        if len(part["a"]) == 4:
            return part | {"year": part["a"], "month": part["b"], "day": part["c"]}
        if len(part["a"]) > 2 or len(part["c"]) not in (2, 4):
            return None
        return part | {"year": part["c"], "month": part["b"], "day": part["a"]} if part["sep"] == "." else part
    found = next((found for pattern in _WORDS if (found := pattern.match(text))), None)
    month = found and months().get(_plain_word(found["word"]))
    return found.groupdict() | {"month": str(month)} if month else None


def _whole_years(parts: list[dict[str, str] | None]) -> list[dict[str, str] | None]:
    """The dates with years of four digits. Years of two digits (business reports write 12/01/25, spreadsheets 3-May-26)
    count only where the whole column has them and the values tell that they stand last: some first number is no year, or
    the last ones repeat while the first ones change. A cut-off 12/01/20 among whole years is no date."""
    last = [part.get("year") or part["c"] for part in parts if part and len(part.get("a") or "") != 4]
    short = [year for year in last if len(year) == 2]
    if not short:
        return parts
    firsts = [int(part.get("a") or part["day"]) for part in parts if part and len(part.get("a") or "") != 4]
    told = (len(short) == len(parts) - parts.count(None) and min(map(int, short)) >= 20
            and (min(firsts) < 20 or len(set(short)) < len(set(firsts))))
    found: list[dict[str, str] | None] = []
    for part in parts:
        name = "year" if part and "year" in part else "c"
        if part and len(part[name] or "") == 2:
            part = part | {name: f"20{part[name]}"} if told else None
        found.append(part)
    return found


@functools.cache
def months() -> dict[str, int]:
    """Month words of the languages Amazon writes, without accents and points -> month. Words that two languages use
    for different months are in none."""
    from babel import dates

    found = {word: {month} for word, month in (("sept", 9), ("sep", 9), ("set", 9), ("mrz", 3), ("mar", 3))}
    for language in MONTH_LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, word in dates.get_month_names(width, context, language).items():
                    found.setdefault(_plain_word(word), set()).add(month)
    return {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}


def _plain_word(word: str) -> str:
    """A word without case, accents and points."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in letters if c.isalpha())


def _months(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Distinct texts as the first day of the month they name, and which name none."""
    days: list[dt.date | None] = []
    for text in texts.to_pylist():
        part = _part(text) or {}
        found = next((found for pattern in _MONTH if (found := pattern.match(text.strip()))), None)
        if found:
            part = found.groupdict()
            part["month"] = part.get("month") or months().get(_plain_word(part["word"]), "")
            part["year"] = part["year"] if len(part["year"]) == 4 else f"20{part['year']}"
        try:
            days.append(dt.date(int(part["year"]), int(part["month"]), 1))
        except (KeyError, ValueError):
            days.append(None)
    return pa.array(days, pa.date32()), np.array([day is None for day in days], bool)


def _order(parts: list[dict[str, str] | None], known: _Known,
           column: specs.Column) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """MDY or DMY for dates written 03/04/2025, notes and doubts: what the values allow, else what the file's other dates
    say, else what the report is known to write, else what the region writes.

    Raises Ambiguous when the values contradict each other or nothing decides: a few months read the wrong way round
    would be wrong in silence. A stray date in a column of a known order is no contradiction; it cannot be read. What is
    written otherwise than Amazon writes (3/4/2025) went through a spreadsheet, which may have turned it round: a doubt.
    """
    dates = known.dates if known.dates in ("MDY", "DMY") else ""
    slashed = [part for part in parts if part and "year" not in part]
    if not slashed:
        return dates, (), ()
    day_first, month_first = _votes(slashed)
    if day_first and month_first:
        strays = day_first if dates == "MDY" else month_first if dates == "DMY" else len(slashed)
        if strays > STRAYS * (day_first + month_first):
            raise Ambiguous(f"{column.headers[0][1]} holds dates written day first and month first. "
                            "Save them as 2025-12-31.")
        return dates, (), ()
    if day_first or month_first:
        return ("DMY" if day_first else "MDY"), (), ()
    if told := known.told():
        return told, (), ()
    own = all((part["sep"], len(part["a"]), len(part["b"])) == ("/", 2, 2) for part in slashed)
    order = dates if dates and own else known.local or ("" if any(part["sep"] == "-" for part in slashed) else dates)
    if not order:
        example = f"{slashed[0]['a']}{slashed[0]['sep']}{slashed[0]['b']}{slashed[0]['sep']}{slashed[0]['c']}"
        raise Ambiguous(f"{column.headers[0][1]}: found {example!r}, and nothing in the file tells whether day or month "
                        "comes first. Save the dates as 2025-12-31, or state the region in seller.toml.")
    said = (f"no date decides the order of day and month; read {'month' if order == 'MDY' else 'day'} first, as "
            f"{'this report is written' if order == dates else 'the region writes'}")
    return (order, (said,), ()) if own or known.local else (order, (), (said + ", but a spreadsheet has rewritten it",))


def _moment(part: dict[str, str], order: str) -> tuple[int | None, int] | None:
    """(UTC seconds or None, day number) of one written date, None when it is no date of a calendar."""
    if "year" in part:
        year, month, day = part["year"], part["month"], part["day"]
    else:
        year, (month, day) = part["c"], (part["b"], part["a"]) if order == "DMY" else (part["a"], part["b"])
    hour, half = int(part["h"] or 0), (part["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    try:
        at = dt.datetime(int(year), int(month), int(day), hour, int(part["mi"] or 0), int(part["s"] or 0), tzinfo=dt.UTC)
    except ValueError:
        return None
    if not 1995 <= at.year <= 2099:
        return None
    number = at.date().toordinal() - 719163  # days since 1970-01-01
    zone = part["zone"]
    minutes = _offset(zone) if zone else None
    if zone and minutes is None:
        return None
    if minutes is None or part["h"] is None:
        return None, number
    return int(at.timestamp()) - minutes * 60, number


def _offset(zone: str) -> int | None:
    """Minutes east of Greenwich of a zone word or of +0100, GMT+1, +05:30."""
    if zone in ZONES:
        return ZONES[zone]
    digits = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if not digits:
        return None
    return (-1 if digits[1] == "-" else 1) * (int(digits[2]) * 60 + int(digits[3] or 0))
