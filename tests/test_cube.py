"""The cube answers as the ledger itself does."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench import loss
from workbench.cube import Cube

AS_OF = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def ledger():
    random = np.random.default_rng(3)
    size = 4000
    kind = random.choice(["Shipments", "Receipts", "CustomerReturns", "Adjustments", "WhseTransfers"], size)
    reason = np.where(kind == "Adjustments", random.choice(["M", "5", "F", "E", "P", "N"], size), "")
    sign = np.where((kind == "Shipments") | np.isin(reason, ["M", "5", "E"]), -1, 1)
    product = random.integers(0, 12, size)
    center = random.integers(0, 5, size)
    return pd.DataFrame({
        "event_date": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 181, size), "D"),
        "fnsku": pd.Series([f"X{i}" for i in product]), "msku": pd.Series([f"A{i // 2}" for i in product]), "asin": "B",
        "event_type": kind, "reason": reason, "disposition": "SELLABLE", "units": sign * random.integers(1, 9, size),
        "fulfillment_center": pd.Series([f"FC{i}" for i in center]),
        "country": pd.Series(["DE" if i < 2 else "FR" for i in center])})


@pytest.fixture(scope="module")
def costs():
    return pd.DataFrame({"msku": ["A0", "A1", "A2"], "unit_cost": [1.25, 3.1, 7.0], "currency": "EUR",
                         "from_date": pd.to_datetime([None, "2026-03-01", None])})


@pytest.mark.parametrize("by", [["month"], ["fulfillment_center"], ["msku"], ["fnsku"], ["country"],
                                ["month", "fulfillment_center"], ["month", "msku"], ["fulfillment_center", "msku"]])
@pytest.mark.parametrize("months", [None, ("2026-02", "2026-04")])
def test_the_cube_gives_the_rates_of_the_ledger(ledger, costs, by, months):
    found = Cube(ledger, as_of=AS_OF, costs=costs).rates(by, months=months)
    expected = loss.loss_rates(ledger, by, as_of=AS_OF, costs=costs, months=months)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(("chosen", "rows"), [
    ({"country": "DE"}, lambda t: t["country"] == "DE"),
    ({"centers": ["FC1", "FC3"]}, lambda t: t["fulfillment_center"].isin(["FC1", "FC3"])),
    ({"products": ["A1"]}, lambda t: t["msku"] == "A1"),
    ({"products": ["X4"], "country": "FR"}, lambda t: (t["fnsku"] == "X4") & (t["country"] == "FR")),
    ({"centers": ["FC1"], "country": "FR"}, lambda t: t["country"] == ""),
])
def test_what_is_chosen_adds_up_to_the_finest_rows_it_is_made_of(ledger, costs, chosen, rows):
    finest = loss.loss_rates(ledger, ["month", "country", "fulfillment_center", "fnsku", "msku"], as_of=AS_OF, costs=costs)
    expected = finest[rows(finest)].groupby("month")[["units_handled", "units_lost", "units_damaged"]].sum()
    for by in (["month"], ["month", "msku"], ["month", "fulfillment_center"]):
        found = Cube(ledger, as_of=AS_OF, costs=costs).rates(by, **chosen)
        pd.testing.assert_frame_equal(found.groupby("month")[["units_handled", "units_lost", "units_damaged"]].sum(),
                                      expected)


def test_without_costs_money_is_unknown_and_an_empty_ledger_has_no_row(ledger):
    assert Cube(ledger, as_of=AS_OF).rates()["amount_lost"].isna().all()
    assert Cube(ledger.head(0), as_of=AS_OF).rates().empty


def test_a_column_the_cube_does_not_keep_is_refused(ledger):
    with pytest.raises(ValueError, match="cannot group by reason"):
        Cube(ledger, as_of=AS_OF).rates(["reason"])
