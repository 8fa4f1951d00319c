"""Closed months: opening + restated + new = closing, and a closed page stays or comes back byte for byte."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import grid, publish, runs
from workbench.restatement import ITEMS, bridge, changes

pytestmark = pytest.mark.slow

MONTH = "2026-03"
LEDGER = ("Date\tFNSKU\tASIN\tMSKU\tTitle\tEvent Type\tReference ID\tQuantity\tFulfillment Center\tDisposition\tReason"
          "\tCountry\n")


def items(*rows):
    """Rows of (kind, measure, currency, item, value)."""
    return pd.DataFrame([[*row[:4], "X1", "2026-03-02", row[4], "a.txt:2"] for row in rows], columns=ITEMS).astype(
        {"value": "float64"})


money = st.one_of(st.none(), st.integers(-10**7, 10**7).map(lambda cents: cents / 100))
sides = st.dictionaries(st.tuples(st.sampled_from(["loss", "payments"]), st.sampled_from(["amount_open", "amount_paid"]),
                                  st.sampled_from(["USD", "CAD"]), st.integers(0, 6).map(str)), money, max_size=12)


@settings(max_examples=60, deadline=None)
@given(sides, sides)
def test_opening_restated_and_new_make_closing_to_the_cent(then, now):
    opening, closing = (items(*((*key, value) for key, value in side.items())) for side in (then, now))
    table = bridge(opening, closing)
    cents = {name: (table[name] * 100).round().astype("int64") for name in ("opening", "restated", "new", "closing")}
    assert (cents["opening"] + cents["restated"] + cents["new"] == cents["closing"]).all()
    for row, closed in zip(table.itertuples(), cents["closing"], strict=True):
        key = (row.kind, row.measure, row.currency)
        assert closed == sum(round((value or 0) * 100) for name, value in now.items() if name[:3] == key)
        assert row.closing_unvalued == sum(value is None for name, value in now.items() if name[:3] == key)
        assert row.items_new == sum(name not in then for name in now if name[:3] == key)
    listed = changes(opening, closing)
    assert round(listed["change"].sum() * 100) == (cents["closing"] - cents["opening"]).sum()
    again = bridge(opening.iloc[::-1], closing.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(table, again)


def test_what_changed_is_told_apart_by_why():
    then = items(("loss", "units_lost", "", "a", 3), ("loss", "units_lost", "", "b", 2),
                 ("loss", "units_lost", "", "c", None), ("loss", "units_lost", "", "same", 9))
    now = items(("loss", "units_lost", "", "a", 1), ("loss", "units_lost", "", "c", 4), ("loss", "units_lost", "", "d", 5),
                ("loss", "units_lost", "", "same", 9))
    told = changes(then, now).set_index("item")
    assert told["why"].to_dict() == {"a": "less", "b": "gone", "c": "valued", "d": "new"}
    assert told["change"].to_dict() == {"a": -2, "b": -2, "c": 4, "d": 5}


def test_what_one_side_does_not_know_has_no_bridge():
    then = items(("payments", "amount_paid", "", "", None))
    now = items(("payments", "amount_paid", "USD", "r1", 12.5))
    row = bridge(then, now).query("currency == 'USD'").iloc[0]
    assert pd.isna(row["opening"]) and pd.isna(row["restated"]) and pd.isna(row["new"]) and row["closing"] == 12.5


# ---------------------------------------------------------------------------------------------------- a month closed

def ledger(folder, name, *events):
    """A ledger export of all days of March with these (day, type, units, reason) beside one receipt a day."""
    rows = [f"03/{day:02d}/2026\tX001\tB1\tSKU-1\tThing\tReceipts\tR{day}\t40\tPHX7\tSELLABLE\t\tUS"
            for day in range(1, 32)]
    rows += [f"03/{day:02d}/2026\tX001\tB1\tSKU-1\tThing\t{kind}\tA{day}\t{units}\tPHX7\tSELLABLE\t{reason}\tUS"
             for day, kind, units, reason in events]
    (folder / name).write_text(LEDGER + "\n".join(rows) + "\n", "utf-8")
    os.utime(folder / name, (1_775_000_000, 1_775_000_000))  # the first of April


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A seller whose March was closed, and a later ledger that restates it: one unit found, one loss more."""
    base = tmp_path_factory.mktemp("closed")
    seller, out = base / "店铺", base / "out"
    seller.mkdir()
    ledger(seller, "a.txt", (5, "Adjustments", -3, "M"), (6, "Adjustments", -2, "M"))
    first = publish.publish([seller], months=[MONTH], out=out, quiet=True, notebooks=["loss-rate"], lock=True)
    page = Path(first[0].page)
    before = page.read_bytes()
    ledger(seller, "b-2026-07-01T08-30.txt", (5, "Adjustments", -3, "M"), (6, "Adjustments", -2, "M"),
           (9, "Adjustments", -4, "M"), (20, "Adjustments", 1, "F"))
    later = publish.publish([seller], months=[MONTH], out=out, quiet=True, notebooks=["loss-rate"])
    return seller, out, page, before, first, later


def test_a_closed_page_stays_and_the_bridge_says_what_changed(closed):
    seller, out, page, before, first, later = closed
    assert first[0].ok and len(first) == 1
    assert [(outcome.notebook, outcome.ok, outcome.skipped) for outcome in later] == [
        ("loss-rate", True, True), ("restatement", True, False)], later
    assert page.read_bytes() == before
    told = json.loads((page.parent / "restatement.json").read_text("utf-8"))
    rows = {row["measure"]: row for row in told["bridge"] if row["kind"] == "loss"}
    assert [rows["units_lost"][name] for name in ("opening", "restated", "new", "closing")] == [5, -1, 4, 8]
    assert [rows["units_found"][name] for name in ("opening", "restated", "new", "closing")] == [0, 1, 0, 1]
    payments = next(row for row in told["bridge"] if row["measure"] == "amount_paid")
    assert payments["opening"] is None and payments["closing"] is None, "no reimbursement report: unknown, not zero"
    table = pd.read_csv(page.parent / "restatement.csv")
    assert len(table) == len(told["bridge"])
    assert "restatement.html" in (out / "index.html").read_text("utf-8")


def test_a_closed_page_comes_back_byte_for_byte_from_the_files_it_was_closed_with(closed, tmp_path):
    seller, out, page, before, *_ = closed
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    there = copy / page.relative_to(out)
    there.unlink()
    again = publish.publish([seller], months=[MONTH], out=copy, quiet=True, notebooks=["loss-rate"])
    assert again[0].ok and not again[0].skipped and there.read_bytes() == before


def test_a_closed_page_is_not_made_from_other_files(closed, tmp_path):
    seller, out, page, before, *_ = closed
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    moved = tmp_path / seller.name
    shutil.copytree(seller, moved)
    ledger(moved, "a.txt", (5, "Adjustments", -9, "M"))
    there = copy / page.relative_to(out)
    job = next(job for job in grid.jobs(seller, grid.Wanted(
        copy, (MONTH,), None, None, ("en", "zh"), ("loss-rate",), "run")) if job.locked)
    outcome = publish.make(dataclasses.replace(job, seller=moved), force=True)
    assert not outcome.ok and "closed with a.txt" in outcome.error and there.read_bytes() == before


def test_a_month_with_a_failed_page_is_not_closed(closed, tmp_path, monkeypatch):
    seller = closed[0]
    monkeypatch.setattr(publish, "_run", lambda job, source: 1 / 0)
    outcomes = publish.publish([seller], months=[MONTH], out=tmp_path, quiet=True, notebooks=["loss-rate"], lock=True)
    assert [outcome.ok for outcome in outcomes] == [False, False] and "not closed" in outcomes[1].error
    assert runs.lock(tmp_path / publish.slug(seller.name) / MONTH) is None
