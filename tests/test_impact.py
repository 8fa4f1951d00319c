"""SOP impact: what is counted, who adopted, that the estimate is right, and that bad designs are refused by name.

The many-seller figures stand in `benchmarks/impact.py`; a few dozen sellers of it hold them here.
"""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from benchmarks import impact as benchmark
from workbench import cli, impact, rates, words
from workbench.impact import centres, estimate, others, panel, sentences
from workbench.impact.estimate import Cells
from workbench.simulate import simulate

END = dt.date(2026, 6, 30)


def day(text):
    return (np.datetime64(text, "D") - np.datetime64(0, "D")).astype(int)


def ledger(*rows):
    """Rows of (day, SKU, event type, reason, units, fulfilment centre)."""
    table = pd.DataFrame(rows, columns=["event_date", "msku", "event_type", "reason", "units", "fulfillment_center"])
    return table.assign(event_date=pd.to_datetime(table["event_date"]).astype("datetime64[s]"),
                        fnsku="X" + table["msku"])


def sheet(*rows):
    """Rows of (sop, group, SKU, adopted on)."""
    table = pd.DataFrame(rows, columns=["sop", "sku_group", "msku", "adopted_on"])
    return table.assign(adopted_on=pd.to_datetime(table["adopted_on"]).astype("datetime64[s]"))


def judged(seed=1, **seller):
    rows, adopted, placebo = benchmark.seller(np.random.default_rng(seed), **seller)
    return impact.judged(rows, adopted, name="check twice", as_of=END, placebo=placebo, pictures=False)


def codes(found):
    return [reason.code for reason in found.reasons]


# ---------------------------------------------------------------------------------------------------- what is counted

def test_incidents_are_rows_of_m_5_and_e_and_handled_units_are_signed():
    rows = panel.rows(ledger(
        ("2026-03-01", "A", "Receipts", "", 100, "PHX7"), ("2026-03-02", "A", "Receipts", "", -4, "PHX7"),
        ("2026-03-03", "A", "Shipments", "", -20, "PHX7"), ("2026-03-04", "A", "CustomerReturns", "", 2, "PHX7"),
        ("2026-03-05", "A", "Adjustments", "M", -16, "PHX7"), ("2026-03-05", "A", "Adjustments", "5", -1, "PHX7"),
        ("2026-03-05", "A", "Adjustments", "E", -2, "PHX7"), ("2026-03-06", "A", "Adjustments", "F", 16, "PHX7"),
        ("2026-03-06", "A", "Adjustments", "Q", -1, "PHX7"), ("2026-07-01", "A", "Adjustments", "M", -1, "PHX7")), END)
    assert (rows.incidents.sum(), rows.handled.sum()) == (3, 100 - 4 + 20 + 2)


def test_a_sku_not_listed_or_without_a_date_never_adopted_and_the_first_date_counts():
    sops = sheet(("x", "", "A", "2026-03-05"), ("x", "", "A", "2026-02-05"), ("x", "", "B", None),
                 ("y", "", "C", "2026-01-01"))
    assert panel.adoption(sops, "x", ["A", "B", "C", "D"]).tolist() == [day("2026-02-05"), *[panel.NEVER] * 3]


def test_a_row_without_a_sku_stands_for_its_group():
    sops = sheet(("x", "kitchen", "", "2026-03-05"), ("y", "kitchen", "A", None), ("x", "toys", "B", None))
    found = panel.adoption(sops, "x", ["A", "B", "C"], {"kitchen": ["C"]})
    assert found.tolist() == [day("2026-03-05"), panel.NEVER, day("2026-03-05")]


def test_an_adopter_is_without_the_sop_to_the_day_before():
    rows = panel.rows(ledger(*[("2026-03-04", sku, "Shipments", "", -5, "A") for sku in "TUVW"],
                             ("2026-03-05", "T", "Shipments", "", -7, "A")), END)
    adopted = np.array([day("2026-03-05"), *[panel.NEVER] * 3])
    cells = panel.cells(rows, adopted, 7)
    assert (cells.handled_without[0].sum(), cells.handled_with[0].sum()) == (5, 7)


def test_a_period_without_three_skus_beside_says_nothing_of_what_would_have_been():
    rows = panel.rows(ledger(*[("2026-03-04", sku, "Shipments", "", -5, "A") for sku in "TUV"],
                             ("2026-03-05", "T", "Shipments", "", -7, "A")), END)
    cells = panel.cells(rows, np.array([day("2026-03-05"), *[panel.NEVER] * 2]), 7)
    assert cells.handled_with.sum() == 0


def test_a_loss_found_again_in_full_is_no_incident_net_of_finds():
    rows = panel.rows(ledger(
        ("2026-03-05", "A", "Adjustments", "M", -2, "PHX7"), ("2026-03-05", "B", "Adjustments", "M", -2, "PHX7"),
        ("2026-03-09", "A", "Adjustments", "F", 2, "ABE2"), ("2026-03-09", "B", "Adjustments", "F", 1, "ABE2"),
        ("2026-03-09", "A", "Adjustments", "E", -1, "PHX7"), ("2026-07-09", "B", "Adjustments", "F", 1, "ABE2")), END)
    assert (rows.incidents.sum(), rows.net.sum()) == (3, 2)


@pytest.mark.parametrize(("group", "sku", "adopted", "said"), [
    ("", "A", "2027-01-05", "begins on Jan 5, 2027, and the ledger ends on Mar 9, 2026"), ("", "Z", "2026-03-05", ": Z."),
    ("toys", "", "2026-03-05", ": toys."), ("", "A", None, "gives no SKU a date"), ("", "", "2026-03-05", "no SKU a date")])
def test_a_sheet_that_names_no_adopter_is_told_what_is_wrong_with_it(group, sku, adopted, said):
    table = ledger(("2026-03-01", "A", "Receipts", "", 9, "X"), ("2026-03-09", "A", "Adjustments", "M", -1, "X"))
    found = impact.impact(table, sheet(("x", group, sku, adopted)), as_of=END)
    assert found.verdict == "cannot_say" and said in sentences.reason(found.reasons[0]).en


def test_a_sku_that_the_ledger_does_not_know_is_named_among_those_it_does():
    table = ledger(("2026-03-01", "A", "Receipts", "", 9, "X"), ("2026-03-09", "A", "Adjustments", "M", -1, "X"))
    found = impact.impact(table, sheet(("x", "", "A", "2026-03-05"), ("x", "", "B", "2026-03-05")), as_of=END)
    assert found.adopters == 1 and "B" in sentences.check(found.checks[0]).en and found.checks[0].outcome == "failed"


def test_adoption_before_the_first_day_of_the_ledger_is_too_short_a_record():
    table = ledger(*[(f"2026-03-{d:02}", sku, "Receipts", "", 9, "X") for sku in "ABCDE" for d in range(1, 9)])
    found = impact.impact(table, sheet(("x", "", "A", "2020-01-01")), as_of=END)
    assert codes(found)[0] == "failed_pre_periods" and "0 periods" in sentences.reason(found.reasons[0]).en


def test_time_in_which_another_sop_acts_is_left_out():
    rows = panel.rows(ledger(*[(f"2026-03-0{d}", sku, "Shipments", "", -1, "A") for d in range(1, 9) for sku in "TC"]), END)
    mine, other = np.array([panel.NEVER, day("2026-03-05")]), np.array([day("2026-03-03"), day("2026-03-07")])  # C, T
    kept = panel.undisturbed(rows, mine, [other])
    assert np.bincount(kept.sku).tolist() == [2, 6]


# ---------------------------------------------------------------------------------------------------- the estimate

def two_by_two(y):
    one = np.array([[y[0], 0.0], [y[1], y[2]]])
    return Cells(one, np.array([[1000.0, 0], [1000, 1000]]), np.array([[0, y[3]], [0, 0.0]]),
                 np.array([[0, 1000.0], [0, 0]]))


def test_the_expected_is_the_own_rate_before_times_the_others_change():
    found = estimate.impute(two_by_two([10.0, 20.0, 10.0, 3.0]))
    assert (found.seen, found.expected) == (3, pytest.approx(10 * 10 / 20))
    assert found.low < 0.6 < found.high and found.ratio == pytest.approx(3 / 5, rel=0.2)


def test_no_incident_after_adoption_is_a_ratio_of_zero_with_an_upper_limit():
    found = estimate.impute(two_by_two([40.0, 90.0, 80.0, 0.0]))
    assert (found.ratio, found.low) == (0, 0) and 0 < found.high < 1


def test_before_and_after_have_exact_limits_even_without_an_incident_after():
    rows = panel.rows(ledger(
        ("2026-03-01", "A", "Receipts", "", 100, "PHX7"), ("2026-03-02", "A", "Adjustments", "M", -1, "PHX7"),
        ("2026-03-03", "A", "Adjustments", "M", -1, "PHX7"), ("2026-03-04", "A", "Adjustments", "M", -1, "PHX7"),
        ("2026-04-01", "A", "Receipts", "", 100, "PHX7")), END)
    found = others.before_after(rows, np.array([day("2026-04-01")]))
    assert (found.ratio, found.low) == (0, 0) and found.high == pytest.approx(1 / 0.025 ** (1 / 3) - 1)  # none of three


def test_what_is_expected_equals_a_poisson_regression_on_the_cells_without():
    rng = np.random.default_rng(2)
    handled = rng.integers(50, 400, (6, 5)).astype(float)
    on = np.arange(5) >= np.array([3, 4, 9, 9, 9, 9])[:, None]
    incidents = rng.poisson(handled * 0.03).astype(float)
    found = estimate.impute(Cells(np.where(on, 0, incidents), np.where(on, 0, handled), np.where(on, incidents, 0),
                                  np.where(on, handled, 0)))
    sku, period = (axis.ravel() for axis in np.indices(on.shape))
    dummies = np.column_stack([sku[:, None] == np.arange(6), period[:, None] == np.arange(1, 5)]).astype(float)
    free = ~on.ravel()
    model = sm.GLM(incidents.ravel()[free], dummies[free], family=sm.families.Poisson(),
                   exposure=handled.ravel()[free]).fit()
    expected = (np.exp(dummies[~free] @ model.params) * handled.ravel()[~free]).sum()
    assert found.expected == pytest.approx(expected, rel=1e-6)


def test_two_way_regression_equals_the_library_and_is_only_a_contrast():
    rng = np.random.default_rng(3)
    handled = rng.integers(50, 400, (6, 5)).astype(float)
    on = np.arange(5) >= np.array([2, 3, 9, 9, 9, 9])[:, None]
    incidents = rng.poisson(handled * 0.03).astype(float)
    sku, period = (axis.ravel() for axis in np.indices(on.shape))
    dummies = np.column_stack([sku[:, None] == np.arange(6), period[:, None] == np.arange(1, 5), on.ravel()]).astype(float)
    model = sm.GLM(incidents.ravel(), dummies, family=sm.families.Poisson(), exposure=handled.ravel()).fit(
        cov_type="cluster", cov_kwds={"groups": sku, "use_correction": False})
    cells = Cells(np.where(on, 0, incidents), np.where(on, 0, handled), np.where(on, incidents, 0),
                  np.where(on, handled, 0))
    found = others.two_way(cells)
    assert (found.ratio, found.error) == pytest.approx((np.exp(model.params[-1]), model.bse[-1] * np.sqrt(6 / 5)), rel=1e-5)
    assert found.low < found.ratio < found.high


def with_centres(rng, centres=3):
    """Seven SKUs, six days and some centres, of which two SKUs adopt: rows, adoption days, and the units handled."""
    units = rng.integers(50, 400, (7, 6, centres)).astype(float)
    incidents = rng.poisson(units * 0.03 * np.array([1.0, 2.0, 0.5])[:centres])
    sku, at, center = (axis.ravel() for axis in np.indices(units.shape))
    adopted = np.where(np.arange(7) < 2, 3 + np.arange(7), panel.NEVER)
    return panel.Rows(np.array(list("ABCDEFG")), sku, at, incidents.ravel().astype(float), units.ravel(), center), adopted


def test_centres_are_fitted_with_skus_and_periods_and_what_is_not_known_of_them_widens_the_interval(monkeypatch):
    """Centres not drawn to each other: statsmodels' regression with three sets of dummies, and its delta method."""
    rows, adopted = with_centres(np.random.default_rng(4))
    plain = rates.shrunk
    monkeypatch.setattr(rates, "shrunk", lambda seen, expected: plain(seen, expected)._replace(rate=seen / expected))
    rows = centres.standardised(rows, adopted, 1)
    monkeypatch.undo()
    raw = with_centres(np.random.default_rng(4))[0]
    sku, period, center, free = raw.sku[:, None], raw.day[:, None], raw.center[:, None], raw.day < adopted[raw.sku]
    dummies = np.column_stack([sku == np.arange(7), period == np.arange(1, 6), center == np.arange(1, 3)]).astype(float)
    model = sm.GLM(raw.incidents[free], dummies[free], family=sm.families.Poisson(), exposure=raw.handled[free]).fit()
    would = np.exp(dummies[~free] @ model.params) * raw.handled[~free]
    slope = dummies[~free].T @ would
    found = estimate.impute(panel.cells(rows, adopted, 1), parts=centres.parts(rows, adopted, 1)._replace(prior=0.0))
    variance = slope @ model.cov_params() @ slope
    assert found.expected == pytest.approx(would.sum(), rel=1e-6)
    assert found.error**2 * found.expected / found.dispersion - 1 == pytest.approx(variance / would.sum(), rel=1e-6)


def test_a_centre_without_an_incident_yet_counts_as_the_others_do_and_makes_the_answer_less_certain():
    rows, adopted = with_centres(np.random.default_rng(4))
    fresh = replace(rows, center=np.where(rows.day >= adopted[rows.sku], 3, rows.center))
    told = centres.standardised(fresh, adopted, 1)
    care = told.handled / fresh.handled
    assert care[fresh.center == 3] == pytest.approx(1) and care[fresh.center == 1].min() > 1.4
    table, parts = panel.cells(told, adopted, 1), centres.parts(told, adopted, 1)
    sure, unsure = estimate.impute(table), estimate.impute(table, parts=parts)
    assert sure.ratio == pytest.approx(unsure.ratio, rel=0.2) and unsure.high / unsure.low > 1.5 * sure.high / sure.low


def test_centres_that_are_all_alike_change_nothing():
    rows, adopted = with_centres(np.random.default_rng(4))
    alike = centres.standardised(replace(rows, incidents=np.ones_like(rows.incidents), handled=rows.handled * 0 + 100.0),
                                 adopted, 1)
    assert alike.prior == float("inf") and alike.handled == pytest.approx(100)


def test_where_every_count_is_what_it_should_be_a_move_to_a_better_centre_is_taken_off_in_full():
    """No chance in it: what is left of the move is the method's own bias. Sixty SKUs, twelve days, four centres."""
    rng = np.random.default_rng(8)
    units = rng.dirichlet(np.full(4, 2.0), 60)[:, None, :] * rng.integers(50, 400, (60, 12, 1))
    adopted = np.where(np.arange(60) < 30, 6 + np.arange(60) % 4, panel.NEVER)
    on = np.arange(12) >= adopted[:, None]
    units[on] = 0.3 * units[on] + 0.7 * units[on].sum(axis=1, keepdims=True) * np.eye(4)[3]
    level, season, care = rng.gamma(3, 1.0, 60), rng.gamma(9, 1 / 9, 12), np.array([2.0, 1.5, 0.8, 0.2])
    incidents = units * level[:, None, None] * season[:, None] * care
    sku, at, center = (axis.ravel() for axis in np.indices(units.shape))
    rows = panel.Rows(np.arange(60).astype(str), sku, at, incidents.ravel(), units.ravel(), center)
    found = estimate.impute(panel.cells(centres.standardised(rows, adopted, 1), adopted, 1))
    assert found.seen / found.expected == pytest.approx(1, abs=0.002)
    assert estimate.impute(panel.cells(rows, adopted, 1)).ratio < 0.5


def test_stock_that_moves_to_a_better_centre_is_no_success_of_an_sop():
    found = judged(**benchmark.SCENARIOS["moves to good centres"])
    assert found.ratio == pytest.approx(1, abs=0.15) and found.methods["no_centres"].ratio < found.ratio - 0.1


# ---------------------------------------------------------------------------------------------------- many sellers

@pytest.mark.parametrize(("scenario", "truth"), [("null, small", 1), ("all of it", 1), ("all of it, halved", 0.5)])
def test_the_interval_covers_what_was_planted_and_nothing_else_is_called_an_effect(scenario, truth):
    told = benchmark.run(scenario, 24)
    assert told["covers"] >= 0.83 and abs(told["bias"]) < 0.15
    assert told["effect"] <= 0.13 if truth == 1 else told["effect"] > 0.7


def test_tiny_sellers_get_no_verdict():
    assert benchmark.run("tiny", 8)["cannot_say"] >= 0.9


@pytest.mark.parametrize(("scenario", "why"), [
    ("drifting adopters", "failed_pre_trend"), ("bad months before", "failed_pre_trend"),
    ("adopts in week 5", "failed_pre_periods"), ("everything at once", "failed_controls"),
    ("never adopts", "failed_adoption")])
def test_a_bad_design_is_refused_with_the_reason(scenario, why):
    found = judged(**benchmark.SCENARIOS[scenario])
    assert found.verdict == "cannot_say" and why in codes(found)


def test_without_a_dated_sop_the_check_of_the_sheet_could_not_tell():
    found = judged(**benchmark.SCENARIOS["never adopts"])
    assert [(check.name, check.outcome) for check in found.checks] == [("adoption", "unknown")]


def test_everything_at_once_is_a_time_series_that_says_what_it_cannot_tell():
    found = judged(**benchmark.SCENARIOS["everything at once"])
    assert found.method == "interrupted_time_series" and codes(found)[-1] == "series_says"
    assert found.low < 0.5 < found.high and "imputation" not in sentences.reason(found.reasons[-1]).en


def test_a_large_seller_without_an_effect_is_told_so():
    found = judged(seed=3, **benchmark.BIG)
    assert found.verdict == "no_effect" and found.low >= 0.75 and found.fall_seen < 0.3


def test_two_sops_on_the_same_day_cannot_be_told_apart():
    rows, adopted, _ = benchmark.seller(np.random.default_rng(1), ratio=0.5)
    found = impact.judged(rows, adopted, name="x", as_of=END, rivals=[adopted], pictures=False)
    assert "failed_other_sops" in codes(found)


def test_every_answer_has_words_in_both_languages_and_no_number_json_cannot_hold():
    for name in ("halved", "tiny", "drifting adopters", "adopts in week 5", "everything at once", "never adopts"):
        found = judged(**benchmark.SCENARIOS[name])
        told = sentences.answer(found)
        json.dumps(told, allow_nan=False)
        assert len(told["reasons"]) == len(told["reasons_zh"]) > 0 and told["sentence"] != told["sentence_zh"]
    for check in impact.FATAL:
        assert words.known(f"impact.check_{check}") and words.known(f"impact_check.{check}")
        assert words.known(f"impact.failed_{check}")


def scattered(seed):
    """A few rows strewn over SKUs, centres and a year, and some dates of adoption: nothing that a design was made for."""
    draw = np.random.default_rng(seed)
    size, skus, centers = (int(draw.integers(*bounds)) for bounds in ((3, 120), (1, 14), (1, 5)))
    first, reach = pd.Timestamp("2025-07-01"), int(draw.choice([60, 200, 365]))
    days = first + pd.to_timedelta(np.sort(draw.integers(0, reach, size)), unit="D")
    kind = draw.choice(["Shipments", "Receipts", "CustomerReturns", "Adjustments"], size, p=[.4, .2, .1, .3])
    reason = np.where(kind == "Adjustments", draw.choice(["M", "E", "5", "F", "Q"], size), "")
    sign = np.where((kind == "Shipments") | np.isin(reason, ["M", "E", "5"]), -1, 1)
    units = draw.integers(1, int(draw.choice([2, 10, 1000])), size) * sign
    rows = ledger(*zip(days, [f"S{sku}" for sku in draw.integers(0, skus, size)], kind, reason, units,
                       [f"FC{center}" for center in draw.integers(0, centers, size)], strict=True))
    dates = [None if draw.random() < 0.4 else first + pd.Timedelta(days=int(draw.integers(20, 300))) for _ in range(skus)]
    return rows, sheet(*(("a", "", f"S{sku}", date) for sku, date in enumerate(dates)))


@pytest.mark.filterwarnings("error")
def test_no_ledger_is_too_odd_for_an_answer_or_a_reason():
    for seed in (*range(40), 70, 88, 92, 128, 225, 232, 271, 454, 479, 508):  # with those that once overflowed
        for found in impact.all_sops(*scattered(seed), as_of=END, groups={}):
            assert found.verdict in ("effect", "no_effect") or found.reasons


# ---------------------------------------------------------------------------------------------------- the command

@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("impact") / "shop"
    simulate(folder, seed=5, skus=16, months=9, demand=2.0)
    return folder


def run(folder, out, *more):
    code = cli.main(["impact", str(folder), "--quiet", "--out", str(out), *more])
    return code, json.loads(out.read_text("utf-8")) if out.exists() else None


def test_the_command_writes_the_contracts_answer(seller, tmp_path):
    code, told = run(seller, tmp_path / "a.json")
    assert code == 0 and {"ratio", "ci_low", "ci_high", "verdict", "reasons", "method", "checks"} <= set(told)
    assert told["verdict"] in ("effect", "no_effect", "cannot_say") and told["ci_low"] <= told["ratio"] <= told["ci_high"]
    assert run(seller, tmp_path / "b.json", "--sop", told["sop"])[1] == told


def test_an_earlier_day_knows_only_what_was_known_then(seller, tmp_path):
    _, told = run(seller, tmp_path / "a.json", "--as-of", "2026-01-31")
    assert told["as_of"] == "2026-01-31" and told["reason_codes"] == ["failed_adoption"] and told["ratio"] is None


def test_an_sop_nobody_wrote_down_is_refused_by_name(seller, tmp_path, capsys):
    assert run(seller, tmp_path / "a.json", "--sop", "yoga")[0] == 1
    assert "no SOP 'yoga'; it has two-step stock check" in capsys.readouterr().err


def test_no_sheet_or_no_ledger_is_unknown_and_never_no_effect(seller, tmp_path):
    for left in ("ledger/*", "sops.csv"):
        folder = tmp_path / left[:4] / "shop"
        for path in seller.rglob("*"):
            if path.is_file() and not path.match(left):
                (folder / path.relative_to(seller)).parent.mkdir(parents=True, exist_ok=True)
                (folder / path.relative_to(seller)).write_bytes(path.read_bytes())
        code, told = run(folder, tmp_path / f"{left[:4]}.json")
        assert code == 3 and told["verdict"] == "cannot_say" and told["ratio"] is None


def test_every_sop_of_the_sheet_is_answered_the_first_at_the_top(seller, tmp_path):
    folder = tmp_path / "shop"
    for path in seller.rglob("*"):
        if path.is_file():
            (folder / path.relative_to(seller)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.relative_to(seller)).write_bytes(path.read_bytes())
    (folder / "sops.csv").write_text("sop,sku_group,sku,adopted_on\nlabels,,00123,2026-03-01\nlabels,,X,\n"
                                     "photos,,00123,2026-05-01\n", "utf-8")
    _, told = run(folder, tmp_path / "a.json")
    assert told["sop"] == "labels" and [each["sop"] for each in told["sops"]] == ["labels", "photos"]
    assert {**told, "seller": None, "sops": None} == {**told["sops"][0], "seller": None, "sops": None}
