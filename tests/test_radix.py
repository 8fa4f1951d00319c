"""Sorting by digits gives the order that numpy's own sort of several columns gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from workbench import radix

NUMBERS = st.sampled_from(["int8", "int32", "int64", "uint64", "bool"])


@given(st.data(), st.integers(0, 30))
def test_the_order_is_that_of_lexsort(data, size):
    columns = [data.draw(arrays.arrays(data.draw(NUMBERS), size)) for _ in range(data.draw(st.integers(1, 3)))]
    assert radix.argsort(*columns).tolist() == np.lexsort(columns[::-1]).tolist()


def test_equal_rows_keep_their_order():
    assert radix.argsort(np.array([5, 5, 5])).tolist() == [0, 1, 2]


def test_numbers_at_both_ends_of_their_type_are_told_apart():
    assert radix.argsort(np.array([2**63 - 1, -2**63, 0])).tolist() == [1, 2, 0]
