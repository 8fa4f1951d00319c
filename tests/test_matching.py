from collections import defaultdict, deque

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.detectors.account import Account
from workbench.matching import Stream, fifo, within


def stream(rows):
    key, time, units = zip(*rows, strict=True) if rows else ((), (), ())
    return Stream(*(np.array(column, np.int64) for column in (key, time, units)))


def queue(demand, supply):
    """The plain queue that `fifo` must equal."""
    events = sorted([(k, t, 0, i, q) for i, (k, t, q) in enumerate(demand)]
                    + [(k, t, 1, i, q) for i, (k, t, q) in enumerate(supply)])
    left, over = [q for *_, q in demand], [0] * len(supply)
    waiting, pairs = defaultdict(deque), []
    for key, _, side, row, units in events:
        if side == 0:
            waiting[key].append(row)
            continue
        while units and waiting[key]:
            oldest = waiting[key][0]
            taken = min(units, left[oldest])
            if taken:
                pairs.append((oldest, row, taken))
            units, left[oldest] = units - taken, left[oldest] - taken
            if not left[oldest]:
                waiting[key].popleft()
        over[row] = units
    return left, over, sorted(pairs)


def queue_within(demand, supply, before, after):
    """The plain queue that `within` must equal: oldest demand first, oldest supply in reach first."""
    left, over, pairs = [q for *_, q in demand], [q for *_, q in supply], []
    for row, (key, day, _) in sorted(enumerate(demand), key=lambda each: each[1][1]):
        for at, (other, when, _) in sorted(enumerate(supply), key=lambda each: each[1][1]):
            if other == key and day - before <= when <= day + after and (taken := min(left[row], over[at])):
                left[row], over[at] = left[row] - taken, over[at] - taken
                pairs.append((row, at, taken))
    return left, over, sorted(pairs)


def queue_of_labels(demand, supply):
    """`queue` for keys of any kind."""
    codes = {key: at for at, key in enumerate(dict.fromkeys(key for key, *_ in [*demand, *supply]))}
    return queue(*([(codes[key], day, units) for key, day, units in rows] for rows in (demand, supply)))


def table(rows, label):
    """Rows of `ROWS` as a detector's table: the key in two columns, as text or as categories, 0 being no label at all."""
    frame = pd.DataFrame(rows, columns=["key", "day", "units"]).astype("int64")
    label = frame["key"].map({0: "", 1: "X001", 2: "X002"}).astype(label)
    return pd.DataFrame({"key": label, "asin": label, "units": frame["units"], "role": "found", "file": "ledger.txt",
                         "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], "D"), "line": frame.index + 2})


def labelled(rows, side):
    """The same rows for the queue: a blank label is like no other."""
    return [(key or (side, at), day, units) for at, (key, day, units) in enumerate(rows)]


ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 4)), max_size=12)


@settings(max_examples=300, deadline=None)
@given(ROWS, ROWS)
def test_equals_a_plain_queue_in_what_is_open_surplus_and_paired(demand, supply):
    found = fifo(stream(demand), stream(supply))
    pairs = sorted(zip(found.demand.tolist(), found.supply.tolist(), found.units.tolist(), strict=True))
    assert (found.open.tolist(), found.surplus.tolist(), pairs) == queue(demand, supply)


@settings(max_examples=200, deadline=None)
@given(ROWS, ROWS, st.integers(0, 3), st.integers(0, 3))
def test_settling_around_an_event_equals_a_plain_queue(demand, supply, before, after):
    matched = within(stream(demand), stream(supply), before, after)
    pairs = sorted(zip(matched.demand.tolist(), matched.supply.tolist(), matched.units.tolist(), strict=True))
    assert (matched.open.tolist(), matched.surplus.tolist(), pairs) == queue_within(demand, supply, before, after)


@pytest.mark.parametrize("label", ["str", "category"])
@settings(max_examples=60, deadline=None)
@given(owed=ROWS, finds=ROWS, paid=ROWS, by=st.sampled_from([["key"], ["asin"], ["key", "asin"]]), grace=st.integers(0, 2))
def test_an_account_settles_finds_then_payments_then_other_labels_as_a_plain_queue(label, owed, finds, paid, by, grace):
    account, open_units = Account(table(owed, label)), [units for *_, units in owed]
    for supply, days in ((finds, 0), (paid, grace)):
        account.sources.clear()
        left = account.settle(table(supply, label), by, "", grace=days)
        wanted = [(key, day - days, units) for (key, day, _), units in zip(labelled(owed, 0), open_units, strict=True)]
        open_units, over, pairs = queue_of_labels(wanted, labelled(supply, 1))
        told = [row for rows in account.sources for row in rows.itertuples()]
        assert (account.open.tolist(), left["units"].tolist()) == (open_units, over)
        assert sorted((row.claim, row.line - 2, row.units) for row in told) == pairs
        assert all(row.role == "found" for row in told)


def test_a_find_covers_the_oldest_loss_first_and_in_part():
    found = fifo(stream([(1, 10, 3), (1, 11, 2)]), stream([(1, 12, 4)]))
    assert found.open.tolist() == [0, 1]
    assert list(zip(found.demand, found.supply, found.units, strict=True)) == [(0, 0, 3), (1, 0, 1)]


def test_a_find_before_its_loss_is_surplus_and_one_on_the_same_day_counts():
    found = fifo(stream([(1, 10, 1), (2, 10, 1)]), stream([(1, 9, 1), (2, 10, 1)]))
    assert found.open.tolist() == [1, 0]
    assert found.surplus.tolist() == [1, 0]


def test_ties_on_a_day_keep_the_order_of_the_rows():
    assert fifo(stream([(1, 5, 2), (1, 5, 2)]), stream([(1, 5, 2)])).open.tolist() == [0, 2]


def test_nothing_to_match_leaves_everything_as_it_was():
    assert fifo(stream([]), stream([(1, 1, 2)])).surplus.tolist() == [2]
    assert fifo(stream([(1, 1, 2)]), stream([])).open.tolist() == [2]


def test_large_times_and_units_stay_exact():
    found = fifo(stream([(0, 2**40, 2**40), (1, 2**40, 5)]), stream([(0, 2**40, 2**40 - 1), (1, 2**41, 5)]))
    assert found.open.tolist() == [1, 0]


def test_negative_units_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        fifo(stream([(1, 1, -1)]), stream([]))
