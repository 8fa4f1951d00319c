"""How a text becomes a number: counts and amounts in every way that marketplaces and spreadsheets write them.

Whether a point or a comma begins the decimals is decided by the values of a column that allow one reading only. A value
that both could have written stays unread where nothing decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import currencies, specs

_PLAIN_NUMBER = r"^-?\d{1,15}(\.\d+)?$"
_TWO_READINGS = r"^-?[1-9]\d{0,2}\.\d{3}$"  # 1.234 is one and a bit, or a thousand
_POINT = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+", re.ASCII)  # 71,168.00 1,23,456.00
_COMMA = re.compile(r"[1-9]\d{0,2}(?:[.\u00a0\u202f ']\d{3})+(?:,\d+)?|\d+(?:,\d+)?|,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}|[1-9]\d{0,2}(?:[.\u00a0\u202f ']\d{3})+", re.ASCII)
_MONEY_WORD = r"(?:[A-Z]{1,3}[$¥]|[$€£¥₹₺円元]|[A-Z]{3}\b|kr\.?|zł)"
# What a currency mark means; a bare $ is six currencies, ¥ is yen or yuan: the file tells.
MARKS = {"US$": "USD", "CA$": "CAD", "C$": "CAD", "MX$": "MXN", "AU$": "AUD", "A$": "AUD", "S$": "SGD", "R$": "BRL",
         "¥": "¥", "CN¥": "CNY", "JP¥": "JPY", "₹": "INR", "₺": "TRY", "zł": "PLN", **currencies.SIGNS}
COMMA_LANGUAGES = ("de", "fr", "it", "es", "nl", "sv", "pl", "pt")
BLANKS = ("", "--", "-", "\u2013")


def decimal_mark(columns: Iterable[pa.Array], language: str = "en", *, semicolons: bool = False) -> str:
    """How a file writes decimals: "." or ",", by the amounts that allow one reading only, else by its language; "" where
    neither tells, for English headers stand above decimal commas too, and "?" where `semicolons` between the cells speak
    for a spreadsheet that writes decimal commas: then neither 1.234 nor 1,234 is read.

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
    return "," if language in COMMA_LANGUAGES else "?" if semicolons else ""


def _only_reading(text: str) -> str:
    """"." or "," where only one of them as decimal mark makes `text` a number, "" where both or none do."""
    point, comma = bool(_POINT.fullmatch(text)), bool(_COMMA.fullmatch(text))
    return "" if point == comma else "." if point else ","


def numbers(texts: pa.Array, column: specs.Column, decimal: str) -> tuple[pa.Array, np.ndarray]:
    """Values of distinct texts as int64 (counts) or float64, and which of them are no numbers. Blanks are null.

    >>> units = specs.Column("units", "count", ())
    >>> [part.tolist() for part in numbers(pa.array(["1,200", "(3)", "--", "two"]), units, "")]
    [[1200, -3, None, None], [False, False, False, True]]
    """
    whole = column.type == "count"
    kind = pa.int64() if whole else pa.float64()
    plain = pc.all(pc.match_substring_regex(texts, r"^-?\d{1,15}$" if whole else _PLAIN_NUMBER)).as_py() is not False
    if plain and (whole or not pc.any(pc.match_substring_regex(texts, _TWO_READINGS)).as_py()):
        return texts.cast(kind), np.zeros(len(texts), bool)
    bare = [_bare_number(text) for text in texts.to_pylist()]
    unsure = {"": r"\.", "?": "[.,]"}.get(decimal, "") if column.type == "money" else ""
    read = ([_count(text, decimal) for text, _ in bare] if whole
            else _decimals([text for text, _ in bare], decimal, unsure))
    values = [None if number is None else sign * number for number, (_, sign) in zip(read, bare, strict=True)]
    bad = np.array([number is None and text not in BLANKS for number, (text, _) in zip(read, bare, strict=True)], bool)
    return pa.array(values, kind), bad


def _bare_number(text: str) -> tuple[str, int]:
    """A number's digits and separators without sign, currency and brackets, and its sign.

    >>> [_bare_number(text) for text in ("$ (5.00)", "(-5)", "$ -", "12,50-", "TBD")]
    [('5.00', -1), ('5', -1), ('0', 1), ('12,50', -1), ('TBD', 1)]
    """
    bare = text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2013", "-")
    bare = re.sub(r'^="+|"+$', "", bare.strip())
    if bare in BLANKS:
        return bare, 1
    number, sign = _unmarked(bare), 1
    if number.startswith("(") and number.endswith(")"):
        number, sign = _unmarked(number[1:-1].strip()), -1
    if number in ("", "-"):  # a currency alone is no number; with a dash it is how spreadsheets write a zero
        return ("0", 1) if number and sign == 1 else (bare, 1)
    if number.endswith("-"):  # 12,50-
        number = "-" + number[:-1]
    if number.startswith(("-", "+")):
        return number[1:].strip(), -1 if number[0] == "-" else sign
    return number, sign


def _unmarked(text: str) -> str:
    """The text without the currency before or after its number."""
    return re.sub(rf"^([-+]?)\s*{_MONEY_WORD}\s*|\s*{_MONEY_WORD}(-?)$", r"\1\2", text).strip()


def _decimals(texts: list[str], decimal: str, unsure: str) -> list[float | None]:
    """The numbers that `texts` write, None where they write none.

    Values that allow one reading only decide how the column writes decimals. Where they contradict each other, the
    smaller party and every value that both could have written stay unread: no majority makes 1.234 a thousand. Where
    nothing decides, an amount with a mark of `unsure` that both could have written (1.234) stays unread too: amounts
    have no third decimal.
    """
    parties = [_only_reading(text) for text in texts]
    point, comma = parties.count("."), parties.count(",")
    mark = ("." if point > comma else ",") if point or comma else decimal.strip("?") or "."
    pattern = _POINT if mark == "." else _COMMA
    both = re.compile(r"\D" if point and comma else unsure if unsure and not point and not comma else r"$^")
    return [_float(text, mark) if pattern.fullmatch(text) and (only or not both.search(text)) else None
            for text, only in zip(texts, parties, strict=True)]


def _float(text: str, mark: str) -> float:
    return float(text.replace(",", "")) if mark == "." else float(re.sub(r"[.\u00a0\u202f ']", "", text).replace(",", "."))


def _count(text: str, decimal: str) -> int | None:
    """A whole number, thousands apart by any mark: German reports write 1,234 units beside 1.234,50 €. 2.0 is two, and
    2,0 too where the file's decimals follow a comma: else it may be a damaged 20. 1.000 could be one or a thousand and is
    neither, unless the file's decimals are known to follow a comma."""
    if text.isdigit():
        return int(text)
    if re.fullmatch(r"\d{1,15}[.,]0{1,2}" if decimal == "," else r"\d{1,15}\.0{1,2}|0\.0+", text):
        return int(re.split("[.,]", text)[0])
    if _THOUSANDS.fullmatch(text) and (decimal == "," or not re.fullmatch(r"\d{1,3}\.000", text)):
        return int(re.sub(r"\D", "", text))
    return None


def marks(texts: pa.Array) -> pa.Array | None:
    """The currency that each amount's own mark names ("¥" where that is yen or yuan), "" where it has none; None where no
    amount has one.

    >>> marks(pa.array(["5,10 €", "US$3", "￥9", "7"])).to_pylist()
    ['EUR', 'USD', '¥', '']
    """
    marked = pc.match_substring_regex(texts, r"[^\d\s.,()+\-=\"]")
    if not pc.any(marked).as_py():
        return None
    found = []
    for text in texts.to_pylist():
        word = re.search(_MONEY_WORD, unicodedata.normalize("NFKC", text))
        mark = word[0] if word else ""
        found.append(MARKS.get(mark, mark if re.fullmatch("[A-Z]{3}", mark) else ""))
    return pa.array(found, pa.string()).dictionary_encode()
