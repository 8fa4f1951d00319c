"""Columns of cells, each distinct one once: how what the splitter gives is looked at, changed and put together.

A column is an Arrow array of texts or bytes, or codes and a dictionary of them. Whatever is asked of a cell is asked of
the dictionary, however many rows repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def one(chunks: Iterable[pa.Array], *, small: bool = False) -> pa.Array:
    """One array out of several, with one dictionary. `small`: with codes as small as they can be, whatever they were."""
    chunks = list(chunks)
    if not chunks:
        return pa.array([], pa.binary())
    if small and pa.types.is_dictionary(chunks[0].type):
        words = pc.count_distinct(pa.concat_arrays([chunk.dictionary for chunk in chunks])).as_py()
        size = pa.from_numpy_dtype(np.min_scalar_type(-max(words, 1)))
        chunks = [pa.DictionaryArray.from_arrays(chunk.indices.cast(size, safe=False), chunk.dictionary, safe=False)
                  for chunk in chunks]
    return pa.concat_arrays(chunks)


def as_codes(values: pa.Array) -> pa.DictionaryArray:
    """The values as codes of their distinct ones."""
    return values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()


def texts_of(values: pa.Array) -> pa.Array:
    """The texts to look at: the distinct ones where the values are coded, else every row's."""
    return values.dictionary if isinstance(values, pa.DictionaryArray) else values


def of_rows(values: pa.Array, test: Callable[[pa.Array], pa.Array | np.ndarray]) -> np.ndarray:
    """`test` of each row's value, looked at once per distinct value."""
    if not isinstance(values, pa.DictionaryArray):
        return np.array(test(values))
    each = np.asarray(test(values.dictionary))
    if each.all() or not each.any():
        return np.full(len(values), bool(len(each)) and bool(each[0]))
    return each[values.indices.to_numpy()]


def replaced(values: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The values, each distinct one changed."""
    if not isinstance(values, pa.DictionaryArray):
        return change(values)
    return pa.DictionaryArray.from_arrays(values.indices, change(values.dictionary), safe=False)


def is_empty(values: pa.Array) -> np.ndarray:
    """Which rows have an empty cell."""
    return of_rows(values, lambda texts: pc.equal(pc.binary_length(texts), 0))


def kept(cells: dict[int, pa.Array], lines: np.ndarray, keep: np.ndarray) -> tuple[dict[int, pa.Array], np.ndarray]:
    """Some of the rows; no word stays that only the others had."""
    def some(values: pa.Array) -> pa.Array:
        values = values.filter(pa.array(keep))
        if not isinstance(values, pa.DictionaryArray):
            return values
        return values.dictionary.take(values.indices).dictionary_encode()

    return {position: some(values) for position, values in cells.items()}, lines[keep]


def is_quoted(texts: pa.Array) -> np.ndarray:
    """Whether a cell begins and ends with a quote."""
    ends = _ends(texts)
    closed = np.diff(ends) > 1
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    closed[closed] = (data[ends[:-1][closed]] == ord('"')) & (data[ends[1:][closed] - 1] == ord('"'))
    return closed


def with_quotes(values: pa.Array) -> list[bytes]:
    """The distinct texts with a quote inside."""
    texts = texts_of(values)
    return texts.filter(pc.match_substring(texts, b'"')).to_pylist() if holds(values, b'"') else []


def holds(values: pa.Array, signs: bytes) -> bool:
    """Whether any of the bytes `signs` stands in any of the values."""
    texts = texts_of(values)
    data = texts.buffers()[2]
    return data is not None and any(sign in text for text in [data.to_pybytes()] for sign in signs)


def quotes(values: pa.Array) -> int:
    """How many `"` stand in all values."""
    if not holds(values, b'"'):
        return 0
    texts = texts_of(values)
    at = np.flatnonzero(np.frombuffer(texts.buffers()[2], np.uint8) == ord('"'))
    each = np.diff(np.searchsorted(at, _ends(texts)))
    return int((each.take(values.indices.to_numpy()) if texts is not values else each).sum())


def _ends(texts: pa.Array) -> np.ndarray:
    """Where in the bytes of all texts each begins, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset:texts.offset + len(texts) + 1]
