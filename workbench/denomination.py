"""Which currency the amounts of a report are in, row by row, where a column says it and where none does.

`marks`: per column of amounts, what the currency mark of each row's amount names, and the amounts.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import currencies, specs
from workbench.cells import as_codes
from workbench.flatfile import Problem, Raw


def of_file(raw: Raw, marks: list[tuple[pa.Array, pa.Array]]) -> dict[str, pa.Array]:
    """The currency of each row where no column says it: what the preamble says, the site of the sale, or the marks of
    the amounts or of their headers. Empty where none of them tells, or where two of them disagree."""
    known = {specs.fold(word): currency for word, currency in raw.match.spec.currencies if specs.fold(word)}
    words = {specs.fold(word) for word in re.findall(r"\w+", raw.preamble)}
    said = {known[word] for word in known if word in words or not word.isascii() and word in specs.fold(raw.preamble)}
    if len(said) == 1:
        return {"currency": pa.array([said.pop()] * len(raw.lines), pa.string()).dictionary_encode()}
    site = next((p for p, column in raw.match.columns.items() if column.name == "marketplace"), None)
    if known and site is not None:
        coded = as_codes(raw.cells[site])
        sold = [known.get(specs.fold(text), "") for text in coded.dictionary.to_pylist()]
        only = {word for word in sold if word}  # rows without a site (transfers, fees) are in the file's one currency
        rest = only.pop() if len(only) == 1 else ""
        return {"currency": pa.array([word or rest for word in sold], pa.string()).take(coded.indices).dictionary_encode()}
    named = {_yen_or_yuan(raw, amounts) if word == "¥" else word
             for array, amounts in marks for word in array.dictionary.to_pylist() if word}
    named |= {code for position, column in raw.match.columns.items() if column.type == "money"
              for code in [currencies.headed(raw.header[position])[1]] if code}
    if len(named) == 1:
        return {"currency": pa.array([named.pop()] * len(raw.lines), pa.string()).dictionary_encode()}
    return {}


def filled(raw: Raw, told: pa.Array, marks: list[tuple[pa.Array, pa.Array]]) -> tuple[pa.Array, list[Problem]]:
    """The currency column, where it is blank as the marks of the amounts name it; doubts where they contradict it."""
    words, found = np.array(told.to_pylist(), object), []
    for array, amounts in marks:
        yen = _yen_or_yuan(raw, amounts)
        named = np.array([yen if word == "¥" else word for word in array.to_pylist()], object)
        words = np.where(words == "", named, words)
        odd = np.flatnonzero((named != "") & (named != words))
        found += [Problem(int(raw.lines[row]), "currency", words[row], f"the column says {words[row]!r}, the amount beside "
                          f"it {named[row]!r}: read as the column says", "doubt") for row in odd[:1].tolist()]
    return pa.array(words, pa.string()).dictionary_encode(), found


def _yen_or_yuan(raw: Raw, amounts: pa.Array) -> str:
    """What ¥ is before `amounts`: yen have no decimals; a Chinese sheet of costs is in yuan."""
    yuan = raw.match.language == "zh" and "¥" in dict(raw.match.spec.currencies)
    whole = pc.all(pc.equal(pc.round(amounts), amounts)).as_py()
    return "CNY" if yuan or whole is False else "JPY"
