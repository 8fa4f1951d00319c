"""Combinations of columns as cells: which of them occur in some rows, and sums over each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

DENSE_CELLS = 60_000_000  # so many possible combinations are looked up in a table; more are sorted


class Cells:
    """The combinations of the `by` columns that occur in some rows, in the order of their labels."""

    def __init__(self, keys: list[np.ndarray], labels: list[np.ndarray], by: Sequence[str],
                 rows: Sequence[np.ndarray]) -> None:
        ranks = [np.argsort(np.argsort(names, kind="stable")) for names in labels]
        self.by, self.labels = by, [np.sort(names) for names in labels]
        self.sizes = [max(len(names), 1) for names in labels]
        code = np.zeros(len(keys[0]), np.int64)
        for column, rank, size in zip(keys, ranks, self.sizes, strict=True):
            code = code * size + (rank[column] if len(rank) else 0)
        self.code = code
        if np.prod([float(size) for size in self.sizes]) <= DENSE_CELLS:
            seen = np.zeros(int(np.prod(self.sizes)), bool)
            for part in rows:
                seen[code[part]] = True
            self.cells = np.flatnonzero(seen)
            self._place = np.cumsum(seen) - 1
        else:
            self.cells = np.unique(np.concatenate([code[part] for part in rows]))
            self._place = None

    def __len__(self) -> int:
        return len(self.cells)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The cell of each row."""
        code = self.code[rows]
        return self._place[code] if self._place is not None else np.searchsorted(self.cells, code)

    def sums(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The sum of `values` (one per row in `rows`) in each cell; whole numbers stay whole."""
        total = np.bincount(self.of(rows), values, len(self))
        return total.astype(np.int64) if np.issubdtype(np.asarray(values).dtype, np.integer) else total

    def frame(self) -> pd.DataFrame:
        """The `by` columns, one row per cell."""
        code, columns = self.cells, {}
        for name, labels, size in reversed(list(zip(self.by, self.labels, self.sizes, strict=True))):
            code, at = np.divmod(code, size)
            columns[name] = pd.array(labels, "str").take(at)
        return pd.DataFrame({name: columns[name] for name in self.by})
