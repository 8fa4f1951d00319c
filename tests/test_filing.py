"""The filing plan loses the least that can be lost at the pace, and never more than earliest deadline first."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from workbench import filing

TODAY = dt.date(2026, 6, 30)


def cases(*rows, currency="USD"):
    """Cases typed out: expected amount, opens in so many days, closes in so many days."""
    table = pd.DataFrame(rows, columns=["amount_expected", "opens", "closes"])
    today = pd.Timestamp(TODAY)
    return pd.DataFrame({
        "claim_type": "lost_warehouse", "currency": currency, "subject": [f"S{at}" for at in range(len(table))],
        "amount_open": table["amount_expected"].astype(float) * 2,
        "amount_expected": table["amount_expected"].astype(float),
        "file_from": today + pd.to_timedelta(table["opens"], "D"),
        "deadline": today + pd.to_timedelta(table["closes"], "D")})


def random_cases(rng):
    count = int(rng.integers(1, 30))
    opens = rng.integers(-5, 8, count)
    return cases(*zip(rng.uniform(0.1, 100, count).round(2), opens, opens + rng.integers(0, 9, count), strict=True))


def best(table, pace):
    """The largest amount that can be filed in time, by assigning cases to single places of single days."""
    today = pd.Timestamp(TODAY)
    opens = (table["file_from"] - today).dt.days.clip(lower=0).to_numpy()
    closes = (table["deadline"] - today).dt.days.to_numpy()
    day = np.repeat(np.arange(max(closes.max(), 0) + 1), pace)
    fits = (day >= opens[:, None]) & (day <= closes[:, None])
    value = np.where(fits, table["amount_expected"].to_numpy()[:, None], 0.0)
    return value[linear_sum_assignment(value, maximize=True)].sum()


def test_no_plan_files_more_and_earliest_deadline_first_loses_more():
    rng = np.random.default_rng(7)
    worse = 0
    for _ in range(60):
        table, pace = random_cases(rng), int(rng.integers(1, 3))
        plan, other = (filing.plan(table, TODAY, pace, first=first) for first in ("value", "deadline"))
        filed = plan.loc[plan["file_on"].notna(), "amount_expected"].sum()
        assert filed == pytest.approx(best(table, pace))
        assert filing.lost(plan) <= filing.lost(other) + 1e-9
        worse += filing.lost(other) > filing.lost(plan) + 0.01
    assert worse > 15


def test_every_case_is_filed_inside_its_window_and_no_day_holds_more_than_the_pace():
    rng = np.random.default_rng(8)
    for _ in range(20):
        table, pace = random_cases(rng), int(rng.integers(1, 4))
        for first in ("value", "deadline"):
            plan = filing.plan(table, TODAY, pace, first=first)
            assert sorted(plan["subject"]) == sorted(table["subject"])
            filed = plan[plan["file_on"].notna()]
            assert (filed["file_on"] >= filed["file_from"]).all() and (filed["file_on"] <= filed["deadline"]).all()
            assert (filed["file_on"] >= pd.Timestamp(TODAY)).all()
            assert filed.groupby("file_on").size().max() <= pace or filed.empty


def test_the_dear_case_is_filed_and_the_cheap_one_that_was_due_first_is_left():
    plan = filing.plan(cases((1, 0, 0), (50, 0, 0), (20, 0, 1)), TODAY, 1)
    assert plan[plan["file_on"].notna()]["amount_expected"].tolist() == [50, 20]
    assert filing.lost(plan) == 1


def test_cases_of_unknown_value_take_only_places_nobody_needs():
    table = cases((np.nan, 0, 0), (5, 0, 0))
    assert filing.plan(table, TODAY, 1).set_index("subject")["file_on"].isna().to_dict() == {"S0": True, "S1": False}
    assert filing.plan(table, TODAY, 2)["file_on"].notna().all()


def test_without_any_decided_case_the_plan_goes_by_the_open_amount():
    table = cases((3, 0, 0), (7, 0, 0)).assign(amount_expected=np.nan)
    plan = filing.plan(table, TODAY, 1)
    assert plan[plan["file_on"].notna()]["subject"].tolist() == ["S1"] and filing.lost(plan) == 6


def test_two_currencies_are_not_ranked_and_a_pace_is_at_least_one():
    with pytest.raises(ValueError, match="EUR and GBP cannot be ranked"):
        filing.plan(pd.concat([cases((1, 0, 1), currency="EUR"), cases((1, 0, 1), currency="GBP")]), TODAY, 1)
    with pytest.raises(ValueError, match="pace = 0"):
        filing.plan(cases((1, 0, 1)), TODAY, 0)


def test_a_thousand_cases_are_planned_at_once():
    rng = np.random.default_rng(9)
    opens = rng.integers(-60, 60, 2000)
    table = cases(*zip(rng.uniform(1, 90, 2000), opens, opens + 60, strict=True))
    plan = filing.plan(table, TODAY, 5)
    assert plan["file_on"].notna().sum() == 5 * 120


def test_claims_of_one_shipment_and_fees_of_one_product_are_one_case():
    rows = pd.DataFrame({
        "claim_id": list("abcdef"), "claim_type": ["inbound_shortage"] * 2 + ["fee_overcharge"] * 3 + ["lost_warehouse"],
        "shipment_id": ["FBA1", "FBA1", "", "", "", ""], "order_id": "", "msku": ["S1", "S2", "S1", "S1", "S1", "S1"],
        "units_open": 1, "amount_open": [2.0, 3.0, 1.0, np.nan, 1.0, 9.0], "amount_expected": 1.0, "currency": "USD",
        "file_from": pd.Timestamp("2026-06-01"),
        "deadline": pd.to_datetime(["2026-08-01"] * 2 + ["2026-07-03", "2026-07-20", "2026-08-02", "2026-07-10"])})
    found = filing.to_file(rows).set_index("claim_id")
    assert found["claims"].to_dict() == {"c;d": 2, "f": 1, "a;b": 2, "e": 1}
    assert found.loc["a;b", ["subject", "amount_open"]].tolist() == ["FBA1", 5.0]
    assert np.isnan(found.loc["c;d", "amount_open"]) and found.loc["c;d", "deadline"] == pd.Timestamp("2026-07-03")


@pytest.mark.parametrize("chance", [0.5, np.nan])
def test_a_shipment_with_one_unknown_product_is_worth_its_known_ones_to_the_plan(chance):
    amounts = pd.Series([60.0, np.nan, 20.0, np.nan])
    rows = pd.DataFrame({
        "claim_id": list("abcd"), "claim_type": ["inbound_shortage"] * 2 + ["lost_warehouse"] * 2,
        "shipment_id": ["FBA1", "FBA1", "", ""], "order_id": "", "msku": list("ABCD"), "units_open": 1,
        "amount_open": amounts, "amount_expected": amounts * chance, "currency": "USD",
        "file_from": pd.Timestamp("2026-06-01"), "deadline": pd.Timestamp("2026-06-30")})
    plan = filing.plan(filing.to_file(rows), TODAY, 1).set_index("claim_id")
    assert plan["file_on"].notna().to_dict() == {"a;b": True, "c": False, "d": False}
    assert np.isnan(plan.loc["a;b", "amount_open"]), "the whole is unknown all the same"
    assert filing.lost(plan) == 20.0 * (1 if np.isnan(chance) else chance)
