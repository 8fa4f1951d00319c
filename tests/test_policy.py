"""The rules on the day before and the day of every change."""

import datetime as dt
import tomllib
from importlib.resources import files

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
    ("IN", "lost_warehouse", "2026-01-01", "2026-01-01", None),
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
    with pytest.raises(policy.PolicyError, match="found 'amzon', expected one of amazon,"):
        policy.load("amzon")


# ---------------------------------------------------------------------------------------------------- every change

def stated(name):
    """The policy's own file, read without the policy's code."""
    return tomllib.loads((files("workbench") / "policies" / f"{name}.toml").read_text("utf-8"))


CHANGES = [(rule["market"], rule["kind"], rule["from"]) for rule in stated("amazon")["window"] if "from" in rule]


def last_day(rule, on):
    """A window's last day, counted with the calendar alone."""
    if "closes_after_days" in rule:
        return (on + dt.timedelta(days=rule["closes_after_days"])).isoformat()
    if "closes_after_months" not in rule:
        return None
    month = on.year * 12 + on.month - 1 + rule["closes_after_months"]
    year, month = divmod(month, 12)
    length = (dt.date(year + month // 11, (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(on.day, length)).isoformat()


@pytest.mark.parametrize(("market", "kind", "start"), CHANGES, ids=str)
def test_the_window_changes_on_the_day_of_every_change_and_not_the_day_before(market, kind, start):
    rules = [rule for rule in stated("amazon")["window"] if (rule["market"], rule["kind"]) == (market, kind)]
    eve = start - dt.timedelta(days=1)
    for on, asked in ((eve, eve), (start, TODAY)):  # on the eve nobody knows the new rule, not even backwards
        held = [rule for rule in rules if rule.get("from", dt.date.min) <= on]
        rule = max(held, key=lambda rule: rule.get("from", dt.date.min), default=None)
        opens = (on + dt.timedelta(days=rule.get("opens_after_days", 0))).isoformat() if rule else None
        assert window(market, kind, on.isoformat(), asked) == [opens, rule and last_day(rule, on)]


@pytest.mark.parametrize(("market", "stage", "start", "basis"), [
    (rule["market"], rule["stage"], rule["from"],
     rule["basis"]) for rule in stated("amazon")["valuation"] if "from" in rule])
def test_the_value_changes_on_the_day_of_every_change(market, stage, start, basis):
    days = pd.Series([pd.Timestamp(start) - pd.Timedelta(days=1), pd.Timestamp(start)])
    before, after = policy.load("amazon", market).bases(stage, days, TODAY)
    assert after == basis != before


def test_the_last_day_is_in_and_the_next_is_out():
    assert window("US", "lost_warehouse", "2026-01-01")[1] == "2026-03-02"  # the sixtieth day after it


@pytest.mark.parametrize(("name", "market", "kind", "on", "deadline"), [
    ("amazon_before_2024_10_23", "US", "lost_warehouse", "2026-01-01", "2027-07-01"),
    ("amazon_before_2025_03_31", "US", "lost_warehouse", "2026-01-01", "2026-03-02"),
    ("amazon_2025_03_10_as_announced", "US", "lost_warehouse", "2026-01-01", "2026-03-02"),
    ("amazon", "US", "removal_other", "2026-01-01", "2026-03-02"),
    ("amazon", "AE", "removal_other", "2026-01-01", "2026-01-31"),
    ("amazon", "IN", "removal_other", "2018-06-30", "2018-08-29"),
    ("amazon", "IN", "removal_other", "2018-07-01", "2018-07-08"),
])
def test_any_policy_can_be_chosen(name, market, kind, on, deadline):
    assert window(market, kind, on, name=name)[1] == deadline


def test_a_frozen_policy_values_as_on_its_day():
    frozen = policy.load("amazon_before_2025_03_31", "US")
    assert frozen.bases("before_order", pd.Series([pd.Timestamp("2026-01-01")]), TODAY).tolist() == ["estimated_proceeds"]


def test_what_amazon_pays_by_itself_since_the_day_it_said_so_is_filed_a_week_later():
    days = pd.Series(pd.to_datetime(["2024-10-31", "2024-11-01", "2024-11-01", "2024-11-01"]))
    kinds = pd.Series(["lost_warehouse", "lost_warehouse", "refund_not_returned", "removal_lost"])
    found = policy.load("amazon", "US").windows(kinds, days, TODAY)
    assert (found["file_from"] - found["opens_on"]).dt.days.tolist() == [0, 7, 0, 0]
    assert (found["opens_on"] - days).dt.days.tolist() == [0, 0, 60, 15]


def test_the_article_is_complete():
    facts = policy.load("article_2026_01", "US").facts
    assert (facts["payment_days"], facts["refile_within_days"], facts["report_backup_days"]) == ([14, 21], 7, 90)
    assert (facts["audit_after_months_in_a_row"], facts["baseline_loss_rate"]) == (3, 0.003)
    assert (facts["approval_without_evidence"], facts["approval_with_evidence"]) == (0.32, 0.89)
    assert {"electronics", "jewelry", "电子", "珠宝"} <= set(facts["extra_papers_for"])


def test_every_claim_type_has_a_window_and_papers():
    for name in policy.names():
        for claim_type in policy.KINDS:
            assert policy.load(name).facts["evidence"][claim_type], (name, claim_type)
            assert window("US", claim_type, "2026-01-01", name=name)[0], (name, claim_type)


def test_brazil_has_a_cap_and_the_others_none():
    assert policy.load("amazon", "BR").cap()["per_item"] == 19250.0
    assert policy.load("amazon", "US").cap() is None
