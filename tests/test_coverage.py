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


@pytest.mark.parametrize("trade", [
    np.minimum(np.arange(1, 366) / 60, 1), 1 + 0.8 * np.sin(np.arange(365) / 58), np.where(np.arange(365) < 90, 0.1, 1)],
    ids=["grows for two months", "has a season", "begins in earnest after three months"])
def test_slow_months_of_a_seller_whose_trade_changes_are_no_gaps(trade):
    dice = np.random.default_rng(len(trade))
    active = [np.flatnonzero(dice.poisson(rows * trade)) for rows in (0.5, 1, 2, 5) for _ in range(50)]
    assert sum(bool(coverage.gaps(days.astype("datetime64[D]"))) for days in active) <= 25


def test_a_month_that_is_missing_is_a_gap_though_the_sellers_trade_grows():
    dice = np.random.default_rng(1)
    days = np.flatnonzero(dice.poisson(np.linspace(1, 6, 365)))
    days = days[(days < 150) | (days >= 180)].astype("datetime64[D]")
    (first, last), = coverage.gaps(days)
    assert first <= dt.date(1970, 5, 31) and last >= dt.date(1970, 6, 29)  # the 150th to the 179th day


def test_ten_empty_days_among_busy_ones_are_a_gap():
    days = np.delete(np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]"), range(20, 30))
    assert coverage.gaps(days) == [(dt.date(2026, 1, 21), dt.date(2026, 1, 30))]
