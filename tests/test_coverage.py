"""Which days a report covers: its own rhythm decides what is a gap."""

import datetime as dt

import numpy as np
import pytest

from workbench import coverage


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.6, 0.9])
def test_a_small_sellers_quiet_days_are_no_gaps(share):
    dice = np.random.default_rng(int(100 * share))
    active = [np.flatnonzero(dice.random(200) < share).astype("datetime64[D]") for _ in range(100)]
    assert sum(bool(coverage.gaps(days)) for days in active if len(days) > 1) <= 4


def test_ten_empty_days_among_busy_ones_are_a_gap():
    days = np.delete(np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]"), range(20, 30))
    assert coverage.gaps(days) == [(dt.date(2026, 1, 21), dt.date(2026, 1, 30))]
