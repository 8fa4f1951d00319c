"""What the seller's own cases say about the next ones."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from workbench import approval


def cases(*rows):
    """Cases typed out: claim_type, filed_on, days to the decision (None: pending for 10), outcome, amount, amount_owed."""
    out = []
    for at, (kind, filed, days, outcome, *money) in enumerate(rows):
        filed = pd.Timestamp(filed)
        decided = pd.NaT if days is None else filed + pd.Timedelta(days=days)
        amount, owed = money or (np.nan, np.nan)
        out.append({"case": str(at), "claim_type": kind, "filed_on": filed, "decided_on": decided, "outcome": outcome,
                    "days": float(10 if days is None else days), "is_decided": outcome != "pending", "amount": amount,
                    "amount_owed": owed, "paid_on": decided if outcome == "approved" else pd.NaT, "claim_id": str(at),
                    "paid": amount if outcome == "approved" else 0.0, "days_since_filing": 30.0})
    return pd.DataFrame(out)


def history(rng, count, chance):
    """Cases of several years whose approval depends on their type alone."""
    kinds = rng.choice(list(chance), count)
    filed = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 1000, count)), "D")
    return cases(*((kind, day, int(rng.integers(2, 25)), "approved" if rng.random() < chance[kind] else "denied")
                   for kind, day in zip(kinds, filed, strict=True)))


def test_pending_cases_make_the_median_longer_not_shorter():
    decided = [("a", "2026-06-01", days, "approved") for days in (2, 4, 6, 8, 10)]
    assert approval.decision_times(cases(*decided)).loc[0, "days_median"] == 6
    waiting = [("a", "2026-06-01", None, "pending")] * 4
    found = approval.decision_times(cases(*decided, *waiting)).iloc[0]
    assert (found.cases, found.waiting, found.days_median) == (5, 4, 10)
    assert found.days_low < 10 and np.isnan(found.days_high)
    assert np.isnan(found.within_14_days), "nobody has waited 14 days yet"


def test_half_is_reached_on_the_day_half_are_decided_and_not_before():
    days = (2, 4, 6, 8, 20, 30)
    found = approval.decision_times(cases(*[("a", "2026-06-01", each, "denied") for each in days])).iloc[0]
    assert found.days_median == 6, "three of six; a later day would be more than half"
    table = cases(*[("a", "2026-06-01", each, "denied") for each in days[:5]], *[("a", "2026-06-01", None, "pending")] * 9)
    waiting = table.assign(days=table["days"].where(table["is_decided"], 40.0))
    assert np.isnan(approval.decision_times(waiting).loc[0, "days_median"]), "nine of fourteen still wait"


def test_an_approved_case_that_was_not_paid_yet_makes_the_days_to_payment_longer():
    table = cases(*[("a", "2026-06-01", days, "approved", 5.0, 5.0) for days in (2, 4, 6, 8, 10)],
                  *[("a", "2026-05-31", 3, "approved", 5.0, 5.0)] * 4)
    table.loc[5:, "paid_on"], table.loc[5:, "paid"] = pd.NaT, 0.0
    found = approval.decision_times(table).set_index("what").loc["payment"]
    assert (found["cases"], found["waiting"], found["days_median"]) == (5, 4, 10)
    assert found["within_21_days"] == pytest.approx(5 / 9)
    unreported = approval.decision_times(table.assign(paid=np.nan)).set_index("what").loc["payment"]
    assert unreported["waiting"] == 0, "without a reimbursement report nobody is known to wait"


def test_few_decisions_have_no_median():
    found = approval.decision_times(cases(*[("a", "2026-06-01", 3, "denied")] * 4))
    assert found.loc[0, "cases"] == 4 and np.isnan(found.loc[0, "days_median"])


def test_approval_rates_have_wilson_intervals_and_none_without_a_decision():
    found = approval.approvals(cases(*[("a", "2026-06-01", 3, "approved")] * 7, ("a", "2026-06-01", 3, "denied"),
                                     ("b", "2026-06-01", None, "pending")), "claim_type").set_index("claim_type")
    low, high = proportion_confint(7, 8, method="wilson")
    assert found.loc["a", ["rate", "rate_low", "rate_high"]].tolist() == [7 / 8, low, high]
    assert found.loc["", ["approved", "decided", "pending"]].tolist() == [7, 8, 1]
    assert found.loc["b", ["rate", "rate_low", "rate_high"]].isna().all()


def test_cases_are_parted_by_whether_their_papers_are_complete():
    table = cases(("a", "2026-06-01", 3, "approved"), ("a", "2026-06-01", 3, "denied"), ("a", "2026-06-01", 3, "denied"))
    table["claim_id"] = ["x;y", "y;z", ""]
    found = approval.with_papers(table, pd.Series({"x": True, "y": True, "z": False})).set_index("papers")
    assert found["approved"].to_dict() == {"": 1, "no": 0, "unknown": 0, "yes": 1}


def test_a_type_with_few_cases_is_drawn_to_the_overall_rate():
    rows = [("a", "2026-06-01", 3, "approved")] * 40 + [("a", "2026-06-01", 3, "denied")] * 10
    known = approval.rates(cases(*rows, ("b", "2026-06-01", 3, "denied")))
    a, b, none = (known.beta(kind) for kind in ("a", "b", "c"))
    assert a[0] / sum(a) == pytest.approx(0.8, abs=0.02)
    assert 0 < b[0] / sum(b) < known.overall
    assert none[0] / sum(none) == pytest.approx(known.overall)


def test_the_expected_amount_is_unknown_without_a_decided_case():
    open_claims = pd.DataFrame({"claim_type": ["a"], "amount_open": [10.0]})
    known = approval.rates(cases(("a", "2026-06-01", None, "pending")))
    assert approval.expected(open_claims, known)["amount_expected"].isna().all()
    assert all(np.isnan(value) for value in approval.expected_total(open_claims, known))


def test_the_expected_amount_is_chance_times_amount_times_what_is_usually_paid():
    known = approval.rates(cases(*[("a", "2026-06-01", 3, "approved", 5.0, 10.0)] * 3, ("a", "2026-06-01", 3, "denied")))
    table = approval.expected(pd.DataFrame({"claim_type": ["a", "a"], "amount_open": [10.0, np.nan]}), known)
    assert known.paid_share == 0.5 and table.loc[0, "chance_cases"] == 4
    assert table.loc[0, "amount_expected"] == pytest.approx(10 * table.loc[0, "chance"] * 0.5)
    assert table.loc[0, "chance_low"] < table.loc[0, "chance"] < table.loc[0, "chance_high"]
    assert np.isnan(table.loc[1, "amount_expected"])
    mean, low, high = approval.expected_total(table, known)
    assert 0 <= low < mean < high <= 5 and mean == pytest.approx(table.loc[0, "amount_expected"])


def test_the_back_test_uses_only_what_was_decided_before_the_month():
    table = cases(("a", "2026-01-05", 10, "approved"), ("a", "2026-02-05", 40, "denied"), ("a", "2026-03-05", 5, "denied"))
    found = approval.backtest(table)
    assert found["month"].tolist() == ["2026-02", "2026-03"]
    assert found["forecast"].tolist() == pytest.approx([0.8, 0.8]), "the case of February was decided only in March"
    assert approval.backtest(table.iloc[:1]).empty and approval.skill(approval.backtest(table.iloc[:1])) == {}


def test_forecasts_cover_what_happened_and_beat_the_overall_rate_where_types_differ():
    found = [approval.skill(approval.backtest(history(np.random.default_rng(seed), 200, {"a": 0.9, "b": 0.5, "c": 0.2})))
             for seed in range(3)]
    assert 0.86 <= np.mean([one["coverage"] for one in found]) <= 1.0
    assert np.mean([one["brier"] for one in found]) < np.mean([one["brier_overall"] for one in found]) - 0.03


def test_the_interval_of_the_total_holds_as_often_as_it_says():
    rng, inside = np.random.default_rng(3), 0
    open_claims = pd.DataFrame({"claim_type": ["a"] * 20 + ["b"] * 10, "amount_open": rng.uniform(5, 50, 30)})
    for seed in range(40):
        own = np.random.default_rng(seed)
        chance = dict(zip("ab", own.beta(4, 2, 2), strict=True))
        known = approval.rates(history(own, 60, chance))
        _, low, high = approval.expected_total(open_claims, known)
        paid = open_claims["amount_open"][own.random(30) < open_claims["claim_type"].map(chance)].sum()
        inside += low <= paid <= high
    assert inside / 40 >= 0.8
