"""Sorting by whole numbers, sixteen bits at a time: numpy sorts those by counting, several times faster than long ones."""

from __future__ import annotations

import numpy as np

_BITS = 16


def argsort(*columns: np.ndarray) -> np.ndarray:
    """The rows in the order of the columns of integers, the first counting most; equal rows keep their order.

    As `numpy.lexsort` of the columns from last to first; time grows with the rows and with the bits that numbers need.

    >>> argsort(np.array([7, 3, 7]), np.array([2, 9, -1])).tolist()
    [1, 2, 0]
    """
    return np.lexsort([digit for column in reversed(columns) for digit in _digits(np.asarray(column))])


def _digits(column: np.ndarray) -> list[np.ndarray]:
    """The digits of each number above the smallest, the lowest first."""
    if not len(column):
        return [column]
    whole = column if column.dtype == np.uint64 else column.astype(np.int64)
    above = (whole - whole.min()).view(np.uint64)
    return [(above >> np.uint64(at)).astype(np.uint16) for at in range(0, max(int(above.max()).bit_length(), 1), _BITS)]
