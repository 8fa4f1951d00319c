"""The colours of charts: what anybody can tell apart, on white and on dark."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from workbench import charts, pictures, words
from workbench.detectors import DETECTORS
from workbench.page import drawing

# Machado, Oliveira and Fernandes 2009: what an eye without one kind of cone sees of linear RGB
EYES = {"any": np.eye(3),
        "no red cones": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                                  [-0.003882, -0.048116, 1.051998]]),
        "no green cones": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                                    [-0.011820, 0.042940, 0.968881]])}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def linear(color):
    parts = np.array([int(color[at:at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """By WCAG 2: 1 is none."""
    light, dark = sorted((float(XYZ[1] @ linear(color)) + 0.05 for color in (one, other)), reverse=True)
    return light / dark


def lab(seen):
    at = XYZ @ np.clip(seen, 0, 1) / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(at > 0.008856, np.cbrt(at), 7.787 * at + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("color", [charts.ACCENT, charts.WARN, charts.MUTED, charts.GOOD, *charts.CLAIM_COLORS.values()])
def test_a_colour_stands_out_on_white_and_on_dark(color):
    dark = re.findall(r"--paper:(#[0-9a-f]{6})", drawing.style())[0]
    assert contrast(color, "#ffffff") >= 3 and contrast(color, dark) >= 3


@pytest.mark.parametrize("eye", EYES)
def test_no_two_kinds_of_claims_look_alike(eye):
    seen = {kind: lab(EYES[eye] @ linear(color)) for kind, color in charts.CLAIM_COLORS.items()}
    apart = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    assert min(apart.values()) > 15
    common = {"refund_not_returned", "inbound_shortage", "lost_warehouse", "fee_overcharge", "wrong_reversal"}
    assert min(far for pair, far in apart.items() if common.issuperset(pair)) > 25


@pytest.mark.parametrize("amount", [0.4, 450.0, 4_200.0, 61_000.0])
def test_an_axis_writes_amounts_out(amount):
    rows = pd.DataFrame({"month": ["2026-05"], "claim_type": ["lost_warehouse"], "amount": [amount]})
    picture = pictures.drawn(charts.by_month(rows, words.same("Missed")).specs["en"])
    ticks = re.findall(r">([^<>]*\d)</text>", picture)
    assert len(ticks) > 3 and all(re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?|2026", tick) for tick in ticks), ticks


def test_every_kind_of_claim_has_its_colour():
    assert set(charts.CLAIM_COLORS) == set(DETECTORS)


def test_an_interval_is_cut_only_beside_shorter_ones_and_the_arrow_is_explained():
    rates = pd.DataFrame({"msku": list("ABCD"), "loss_rate": 0.004, "loss_rate_low": 0.001, "units_lost": 2,
                          "units_handled": 500, "loss_rate_high": [0.005, 0.006, 0.005, 0.09]})
    cut = charts.intervals(rates, "msku", 0.003, words.same("Rates."))
    assert cut.description.en == "Rates. An arrow: the interval goes on beyond the scale." and "箭头" in cut.description.zh
    alone = charts.intervals(rates.tail(1), "msku", 0.003, words.same("Rates."))
    assert alone.description == words.same("Rates.")


def test_units_are_counted_whole_where_there_are_few():
    rows = pd.DataFrame({"month": ["2026-04", "2026-05"] * 2, "kind": ["missing"] * 2 + ["found"] * 2})

    def ticks(units):
        chart = charts.stacked_months(rows.assign(units=units), "units", "kind", "kind", words.same("x"))
        return chart.specs["en"]["encoding"]["y"]["axis"]

    assert ticks([1, 0, 1, 0]) == {"values": [0, 1, 2]} and ticks([90, 0, 1, 0]) == {"tickCount": 5, "tickMinStep": 1}
