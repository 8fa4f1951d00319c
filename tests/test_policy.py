"""The rules on the day before and the day of every change."""

import datetime as dt

import pandas as pd
import pytest

from workbench import policy

TODAY = dt.date(2026, 11, 23)
day = dt.date.fromisoformat


def window(market, claim_type, on, as_of=TODAY, name="amazon"):
    rule = policy.load(name, market).windows(pd.Series([claim_type]), pd.Series([pd.Timestamp(on)]), as_of).iloc[0]
    return [None if pd.isna(rule[name]) else rule[name].date().isoformat() for name in ("opens_on", "deadline")]


@pytest.mark.parametrize(("market", "claim_type", "on", "opens", "deadline"), [
    ("US", "lost_warehouse", "2024-10-22", "2024-10-22", "2026-04-22"),
    ("US", "lost_warehouse", "2024-10-23", "2024-10-23", "2024-12-22"),
    ("US", "damaged_warehouse", "2025-06-01", "2025-06-01", "2025-07-31"),
    ("US", "refund_not_returned", "2024-10-22", "2024-12-21", "2026-04-22"),
    ("US", "refund_not_returned", "2024-10-23", "2024-12-22", "2025-02-20"),
    ("US", "removal_lost", "2024-10-22", "2024-11-05", "2026-04-22"),
    ("US", "removal_lost", "2024-10-23", "2024-11-07", "2025-01-06"),
    ("US", "inbound_shortage", "2025-05-31", "2025-05-31", "2026-02-28"),
    ("US", "fee_overcharge", "2026-01-01", "2026-01-01", "2026-04-01"),
    ("US", "underpaid", "2026-01-01", "2026-01-01", "2026-03-02"),
    ("US", "wrong_reversal", "2026-01-01", "2026-01-01", "2026-03-02"),
    ("EU", "lost_warehouse", "2024-12-31", "2024-12-31", "2026-06-30"),
    ("EU", "lost_warehouse", "2025-01-01", "2025-01-01", "2025-03-02"),
    ("EU", "refund_not_returned", "2024-12-31", None, None),
    ("EU", "refund_not_returned", "2025-01-01", "2025-02-15", "2025-04-16"),
    ("EU", "inbound_shortage", "2025-08-31", "2025-08-31", "2026-02-28"),
    ("JP", "refund_not_returned", "2026-01-01", "2026-02-15", "2026-04-16"),
    ("AE", "inbound_shortage", "2024-09-04", None, None),
    ("AE", "inbound_shortage", "2024-09-05", "2024-09-20", "2024-11-04"),
    ("IN", "lost_warehouse", "2026-01-01", None, None),
])
def test_the_window_is_the_rule_of_the_events_day(market, claim_type, on, opens, deadline):
    assert window(market, claim_type, on) == [opens, deadline]


def test_japan_applies_its_new_windows_to_old_cases_once_they_hold():
    assert window("JP", "lost_warehouse", "2024-12-01", day("2025-01-09")) == ["2024-12-31", "2026-06-01"]
    assert window("JP", "lost_warehouse", "2024-12-01", day("2025-01-10")) == ["2024-12-01", "2025-01-30"]


@pytest.mark.parametrize(("name", "market", "on", "basis"), [
    ("amazon", "US", "2025-03-30", "estimated_proceeds"),
    ("amazon", "US", "2025-03-31", "sourcing_cost"),
    ("amazon_2025_03_10_as_announced", "US", "2025-03-09", "estimated_proceeds"),
    ("amazon_2025_03_10_as_announced", "US", "2025-03-10", "sourcing_cost"),
    ("amazon", "JP", "2025-03-10", "estimated_proceeds"),
    ("amazon", "JP", "2025-03-11", "sourcing_cost"),
    ("amazon", "EU", "2025-03-31", "sourcing_cost"),
    ("amazon", "IN", "2025-03-31", ""),
    ("article_2026_01", "EU", "2020-01-01", "cost_plus_freight"),
])
def test_the_value_is_the_rule_of_the_events_day(name, market, on, basis):
    assert policy.load(name, market).bases("before_order", pd.Series([pd.Timestamp(on)]), TODAY).tolist() == [basis]


def test_the_articles_window_is_seven_days_for_everything():
    assert window("EU", "fee_overcharge", "2026-01-01", name="article_2026_01") == ["2026-01-01", "2026-01-08"]


def test_every_rule_is_cited_and_graded():
    for name in policy.names():
        facts = policy.load(name).facts
        for rule in [*facts["window"], *facts["valuation"]]:
            assert rule["source"] and rule["confidence"] in ("amazon", "practitioner", "unverified")
        assert set(facts["title"]) == {"en", "zh"} and facts["checked_on"]


def test_a_policy_nobody_knows_is_refused():
    with pytest.raises(policy.PolicyError, match="there is no policy 'amzon'; there are amazon,"):
        policy.load("amzon")
