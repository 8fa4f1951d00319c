"""Text as categories: large tables repeat few words, so rows are moved as small integers and text is made at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def coded(column: pd.Series | pd.Categorical) -> pd.Categorical:
    """The column's text as codes of its distinct words."""
    if isinstance(column, pd.Categorical):
        return column
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = column.cat.categories
        return column.array if words.dtype == "str" else pd.Categorical.from_codes(column.cat.codes, words.astype("str"))
    codes, words = pd.factorize(column.astype("str"))
    return pd.Categorical.from_codes(codes, pd.Index(words, dtype="str"))


def of(word: str, size: int) -> pd.Categorical:
    """`size` rows of one word."""
    return pd.Categorical.from_codes(np.zeros(size, np.int8), pd.Index([word], dtype="str"))


def chosen(conditions: Sequence[np.ndarray], words: Sequence[str], default: str = "") -> pd.Categorical:
    """Per row the word of the first condition that holds.

    >>> chosen([np.array([True, False, False]), np.array([True, True, False])], ["lost", "damaged"], "other").tolist()
    ['lost', 'damaged', 'other']
    """
    names = pd.Index(list(dict.fromkeys([*words, default])), dtype="str")
    return pd.Categorical.from_codes(np.select(list(conditions), names.get_indexer(words).tolist(),
                                               names.get_loc(default)), names)


def replaced(column: pd.Series | pd.Categorical, rows: np.ndarray, word: str) -> pd.Categorical:
    """The column with `word` in the rows of the mask.

    >>> replaced(pd.Series(["", "USD"]), np.array([True, False]), "EUR").tolist()
    ['EUR', 'USD']
    """
    now = coded(column)
    words = now.categories if word in now.categories else now.categories.append(pd.Index([word], dtype="str"))
    return pd.Categorical.from_codes(np.where(rows, words.get_loc(word), now.codes), words)


def mapped(column: pd.Series | pd.Categorical, names: pd.Series) -> pd.Categorical:
    """For each word of the column what `names` (unique index) makes of it; "" where it knows nothing.

    >>> mapped(pd.Series(["S-1", "S-2"]), pd.Series({"S-1": "X001"})).tolist()
    ['X001', '']
    """
    now = coded(column)
    made = coded(names.reindex(now.categories).astype("object").fillna("").astype("str"))
    return pd.Categorical.from_codes(made.codes[now.codes], made.categories)


def each(column: pd.Series, make: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What `make` makes of the column's text; it is asked once per distinct word."""
    now = coded(column)
    made = make(pd.Series(now.categories, dtype="str")).astype("str")
    return made.take(now.codes).set_axis(column.index)


def either(rows: np.ndarray, one: pd.Series | pd.Categorical, other: pd.Series | pd.Categorical) -> pd.Categorical:
    """`one` in the rows of the mask, `other` in the rest.

    >>> either(np.array([True, False]), pd.Series(["a", "b"]), pd.Series(["c", "d"])).tolist()
    ['a', 'd']
    """
    both = united([coded(one), coded(other)])
    return pd.Categorical.from_codes(np.where(rows, both.codes[:len(one)], both.codes[len(one):]), both.categories)


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames one below the other, text as categories of all words; "" or NaN where one lacks a column."""
    frames = [frame for frame in frames if len(frame)] or list(frames[:1])
    names = dict.fromkeys(name for frame in frames for name in frame)
    return pd.DataFrame({name: _stacked(name, frames) for name in names}, copy=False)


def _stacked(name: str, frames: Sequence[pd.DataFrame]) -> pd.Series | pd.Categorical:
    first = next(frame[name] for frame in frames if name in frame)
    if isinstance(first.dtype, pd.CategoricalDtype) or first.dtype in ("str", "object"):
        return united([coded(frame[name]) if name in frame else of("", len(frame)) for frame in frames])
    blank = float("nan")
    return pd.concat([frame.get(name, pd.Series(blank, index=frame.index)) for frame in frames], ignore_index=True)


def united(columns: Sequence[pd.Categorical]) -> pd.Categorical:
    """One column below the other, as codes of all their words."""
    pieces = [pa.DictionaryArray.from_arrays(_indices(column).cast(pa.int32()), _arrow(column.categories))
              for column in columns]
    pieces = pa.chunked_array(pieces).unify_dictionaries().chunks
    codes = np.concatenate([piece.indices.fill_null(-1).to_numpy() for piece in pieces])
    return pd.Categorical.from_codes(codes, pd.Index(pieces[0].dictionary, dtype="str"), validate=False)


def is_one_of(column: pd.Series | pd.Categorical, words: Sequence[str]) -> np.ndarray:
    """Whether each row's text is one of the few words; False where there is none.

    >>> is_one_of(pd.Series(["M", "F", None], dtype="str"), ["M", "5"]).tolist()
    [True, False, False]
    """
    now = coded(column)
    return np.append(now.categories.isin(words), False)[now.codes]


def among(column: pd.Series, words: pd.Series) -> np.ndarray:
    """Whether each row's text is one of the words; for many words, which `isin` looks at one by one."""
    return pc.is_in(text(column), text(words)).to_numpy(zero_copy_only=False)


def alike(one: pd.Series, other: pd.Series) -> pd.Series:
    """One column below the other, as text where both are text, else as categories of all words."""
    if any(isinstance(column.dtype, pd.CategoricalDtype) for column in (one, other)):
        return pd.Series(united([coded(one), coded(other)]))
    return pd.concat([one, other], ignore_index=True)


def together(*columns: pd.Series) -> np.ndarray:
    """One integer (0 or more, below 2**31) per row, the same where all columns are the same."""
    code, size = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        is_coded = isinstance(column.dtype, pd.CategoricalDtype)
        part, words = (column.cat.codes, column.cat.categories) if is_coded else pd.factorize(column)
        code = code * (len(words) + 1) + np.asarray(part, np.int64) + 1
        size *= len(words) + 1
        if size > np.iinfo(np.int32).max:
            code, seen = pd.factorize(code)
            size = len(seen)
    return code


def ranks(column: pd.Series) -> np.ndarray:
    """One integer per row that sorts as the column's text does.

    >>> ranks(pd.Series(["b", "a", "b"])).tolist()
    [1, 0, 1]
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return ranks(column.cat.categories.to_series())[column.cat.codes]
    return pc.rank(text(column), tiebreaker="dense").to_numpy().astype(np.int64) - 1


def alphabetical(column: pd.Series) -> pd.Categorical:
    """The column with those words alone that occur in it, in the order of the alphabet; "" where it is blank.

    >>> alphabetical(pd.Series(pd.Categorical(["b", None, "a"], ["c", "b", "a"]))).categories.tolist()
    ['', 'a', 'b']
    """
    now = replaced(column, column.isna().to_numpy(), "") if column.hasnans else coded(column)
    codes, words = now.codes, now.categories
    used = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    used = used[words[used].argsort()]
    place = np.zeros(len(words), np.int32)
    place[used] = np.arange(len(used))
    return pd.Categorical.from_codes(place[codes], words[used])


def text(column: pd.Series) -> pa.Array:
    """The column as Arrow text: words, days as ISO dates, whole numbers; "" where nothing is known."""
    if pd.api.types.is_datetime64_any_dtype(column):
        codes, days = pd.factorize(column)
        column = pd.Series(pd.Categorical.from_codes(codes, pd.DatetimeIndex(days).strftime("%Y-%m-%d").astype("str")))
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = _arrow(column.cat.categories).take(_indices(column.array))
    elif pd.api.types.is_integer_dtype(column):
        found = pa.array(column.to_numpy()).cast(pa.string())
    else:
        found = _arrow(column)
    return found.fill_null("")


def _indices(column: pd.Categorical) -> pa.Array:
    """Where each row's word stands among the categories; null where the row has none."""
    return pa.array(column.codes, mask=column.codes < 0)


def _arrow(words: pd.Series | pd.Index) -> pa.Array:
    """Text as one array; pandas may hold it in several pieces."""
    found = pa.array(words.astype("str").array, pa.string())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
