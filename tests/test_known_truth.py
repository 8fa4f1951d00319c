"""The simulator's truth comes back from its files: simulator and analyses share no code."""

import pandas as pd
import pytest

from workbench import books, checks, claims, loss, policy
from workbench.simulate import REGIONS, score, simulate

QUICK = ("US", "EU", "JP", "EU messy")  # the others are among the long tests


@pytest.fixture(scope="module", params=[
    *(region if region in QUICK else pytest.param(region, marks=pytest.mark.slow)
      for region in (*REGIONS, "US messy", "EU messy", "JP messy"))])
def seller(request, tmp_path_factory):
    region, _, messy = request.param.partition(" ")
    folder = tmp_path_factory.mktemp("sellers") / request.param.replace(" ", "-")
    simulate(folder, seed=11, region=region, skus=14, months=7, demand=0.9, messy=bool(messy))
    return folder


def truth(folder, name):
    return pd.read_csv(folder.parent / f"{folder.name}.truth" / name, dtype={"fulfillment_center": "str", "month": "str"})


@pytest.mark.parametrize("by", [["month"], ["month", "fulfillment_center"], ["fnsku"]])
def test_loss_rates_are_those_of_the_truth(seller, by):
    known = books.open(seller)
    found = loss.loss_rates(known["ledger_detail"], by, as_of=known.through)
    counts = ["units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged"]
    expected = truth(seller, "loss.csv").groupby(by, as_index=False)[counts].sum()
    assert len(expected) > 3 or by == ["month"]
    pd.testing.assert_frame_equal(found[[*by, *counts]], expected, check_dtype=False)
    assert expected["units_lost"].sum() > 0


def test_the_books_balance(seller):
    table = checks.checks(books.open(seller)).table.set_index("check")["outcome"]
    for check in ("identity", "chain", "detail_summary", "damage_pairs", "settlement_totals"):
        assert table[check] == "passed", check


def test_all_that_is_wrong_in_a_messy_folder_is_named_and_nothing_else(seller):
    found = books.open(seller).problems
    rows = set(found[found["kind"] == "row"][["file", "line"]].itertuples(index=False, name=None))
    if seller.name.endswith("messy"):
        assert rows == set(truth(seller, "problems.csv")[["file", "line"]].itertuples(index=False, name=None))
    else:
        assert not rows and not len(found[found["kind"] == "file"])


def test_claims_are_those_of_the_truth_in_units_and_in_money(seller):
    known = books.open(seller)
    found = claims.claims(known, known.through, policy.load(known.seller.policy, known.seller.market))
    table = score(found, seller.parent / f"{seller.name}.truth")
    assert len(table) >= 7 and table.loc["all", "true_units"] > 50
    for measure in ("recall_units", "precision_units", "recall_amount", "precision_amount"):
        assert (table[measure].dropna() >= 0.99).all(), table.to_string()
    assert (table.loc[table["true_units"] > 0, "found_units"] > 0).all()
