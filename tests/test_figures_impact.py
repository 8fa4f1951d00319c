"""The SOP-impact page: every sentence and card says what the numbers beside it say, and unknown where they do not."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import impact as benchmark
from workbench import figures, impact, words
from workbench.impact import panel, sentences

END = dt.date(2026, 6, 30)


@pytest.mark.parametrize("name", ["halved", "tiny", "everything at once", "never adopts"])
def test_the_page_says_the_verdict_of_the_numbers_beside_it_whatever_the_design(name):
    rows, adopted, placebo = benchmark.seller(np.random.default_rng(1), **benchmark.SCENARIOS[name])
    found = impact.judged(rows, adopted, name="check twice", as_of=END, placebo=placebo)
    page = figures.impact.verdict(found)
    assert page.blocks[1].text == sentences.verdict(found)
    few = any(each.name == "events" and each.outcome == "failed" for each in found.checks)
    card = page.blocks[0].cards[1]
    assert card.raw is None if few else card.raw == pytest.approx(found.ratio, nan_ok=True)
    for part in (figures.impact.checks, figures.impact.methods, figures.impact.over_time,
                 figures.impact.before_and_after, figures.impact.watch):
        json.dumps(part(found).data(), allow_nan=False)


def test_a_month_that_the_ledger_does_not_cover_stands_between_the_others_as_unknown():
    outs = pd.DataFrame({"month": ["2026-04", "2026-06"], "msku": "A", "days_known": [30, 30], "days_out": [0, 3],
                         "days_below": [0, 5], "start_known": True})
    rows = figures.impact.stock(outs, "2026-06").blocks[-1].frame
    assert rows["month"].tolist() == ["2026-06", "2026-05", "2026-04"]
    assert rows["share_out"].tolist() == pytest.approx([0.1, np.nan, 0], nan_ok=True)


def test_the_naive_figure_stands_beside_the_answer_and_counts_plain_units():
    rows, adopted, placebo = benchmark.seller(np.random.default_rng(1), **benchmark.SCENARIOS["moves to good centres"])
    found = impact.judged(rows, adopted, as_of=END, placebo=placebo)
    card = next(card for card in figures.impact.verdict(found).blocks[0].cards if card.name == "naive")
    on = (adopted[rows.sku] < panel.NEVER) & (rows.day >= adopted[rows.sku])
    before = (adopted[rows.sku] < panel.NEVER) & ~on
    rate = [rows.incidents[which].sum() / rows.handled[which].sum() for which in (on, before)]
    assert card.raw == pytest.approx(rate[0] / rate[1]) and "misleads" in card.note.en


def test_a_step_without_an_incident_is_drawn_at_the_edge_and_told_as_nothing():
    rows = pd.DataFrame({"months": [-1, 0], "ratio": [1.2, 0.0], "low": [0.5, 0.0], "high": [3.0, float("inf")],
                         "seen": [5.0, 0.0], "expected": [4.2, 1.0]})
    last = figures.watching.event_study(rows, words.same("x")).specs["en"]["datasets"]["rows"][1]
    assert (last["ratio"], last["ratio_at"], last["high_at"], last["interval"]) == (0.0, 0.1, 10.0, "0.00 – no limit")


def test_a_ratio_of_too_few_incidents_is_told_by_its_interval_and_compared_with_no_month():
    rows, adopted, placebo = benchmark.seller(np.random.default_rng(1), **benchmark.SCENARIOS["tiny"])
    found = impact.judged(rows, adopted, as_of=END, placebo=placebo)
    assert "failed_events" in {reason.code for reason in found.reasons} and found.ratio == found.ratio
    card = figures.impact.verdict(found).blocks[0].cards[1]
    assert card.raw is None and card.value.en == f"{found.low:.2f} – {found.high:.2f}"


def test_swings_say_that_the_difference_may_be_chance_and_that_the_article_has_no_source():
    table = pd.DataFrame({"month": [f"2026-0{n}" for n in range(1, 9)], "currency": "USD",
                          "amount": [100.0, 130, 100, 120, 100, 108, 100, 105]})
    told = " ".join(note.text.en for note in figures.impact.swings(table, dt.date(2026, 5, 1), "USD").blocks)
    assert "may as well be chance" in told and "63% less volatility" in told and "unsourced" in told


def test_an_unknown_ratio_stands_on_the_page_as_unknown():
    rows, adopted, placebo = benchmark.seller(np.random.default_rng(1), **benchmark.SCENARIOS["never adopts"])
    cards = figures.impact.verdict(impact.judged(rows, adopted, as_of=END, placebo=placebo)).blocks[0].cards
    assert [card.value.en for card in cards[:4]] == ["cannot say"] + ["unknown"] * 3
