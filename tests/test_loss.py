import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import books, figures, loss

END = dt.date(2026, 12, 31)
TEXT = ["fnsku", "msku", "asin", "event_type", "fulfillment_center", "disposition", "reason", "country"]


def ledger(*rows):
    """Rows of (day, fnsku, event type, reason, units, fulfilment centre)."""
    table = pd.DataFrame(rows, columns=["event_date", "fnsku", "event_type", "reason", "units", "fulfillment_center"])
    table["event_date"] = pd.to_datetime(table["event_date"]).astype("datetime64[s]")
    table = table.assign(msku="SKU-" + table["fnsku"].astype("str"), asin="B0", disposition="SELLABLE", country="US",
                         file="ledger.txt", line=range(2, len(table) + 2))
    return table.astype({name: "category" for name in [*TEXT, "file"]})


def adjusted(day, fnsku, reason, units, center="PHX7"):
    return (day, fnsku, "Adjustments", reason, units, center)


def test_handled_is_signed_receipts_plus_shipments_plus_returns():
    rates = loss.loss_rates(ledger(
        ("2026-03-01", "X", "Receipts", "", 100, "PHX7"), ("2026-03-02", "X", "Receipts", "", -6, "PHX7"),
        ("2026-03-03", "X", "Shipments", "", -20, "PHX7"), ("2026-03-04", "X", "CustomerReturns", "", 3, "PHX7"),
        ("2026-03-05", "X", "WhseTransfers", "", -50, "PHX7"), ("2026-03-06", "X", "VendorReturns", "", -5, "PHX7")),
        as_of=END)
    assert rates["units_handled"].tolist() == [94 + 20 + 3]


def test_a_find_at_another_center_in_a_later_month_lowers_the_month_and_center_of_the_loss():
    rates = loss.loss_rates(ledger(
        ("2026-03-01", "X", "Receipts", "", 100, "PHX7"), adjusted("2026-03-10", "X", "M", -5),
        adjusted("2026-05-02", "X", "F", 3, "ABE2")), ("month", "fulfillment_center"), as_of=END)
    assert rates[["month", "fulfillment_center", "units_lost_gross", "units_found", "units_lost"]].values.tolist() == [
        ["2026-03", "PHX7", 5, 3, 2]]


def test_amazons_own_example_sixteen_lost_five_found_at_five_centers():
    rows = [adjusted("2026-03-10", "X", "M", -16)]
    rows += [adjusted("2026-03-2" + str(i), "X", "F", 1, f"FC{i}") for i in range(5)]
    assert loss.loss_rates(ledger(*rows), as_of=END)["units_lost"].tolist() == [11]


def test_a_find_never_covers_a_later_loss_nor_another_product():
    rates = loss.loss_rates(ledger(adjusted("2026-03-01", "X", "F", 2), adjusted("2026-03-02", "X", "5", -2),
                                   adjusted("2026-03-03", "Y", "F", 9)), as_of=END)
    assert rates["units_lost"].tolist() == [2]


def test_other_reasons_are_neither_lost_nor_found_and_damage_stands_apart():
    rows = [adjusted("2026-03-01", "X", reason, -2) for reason in "E67HKUQODG4"]
    rows += [adjusted("2026-03-01", "X", reason, 2) for reason in ("P", "N", "3")]
    rates = loss.loss_rates(ledger(*rows), as_of=END)
    assert rates[["units_lost_gross", "units_lost", "units_damaged"]].values.tolist() == [[0, 0, 12]]


def test_what_was_not_known_on_the_day_is_left_out():
    table = ledger(adjusted("2026-03-10", "X", "M", -5), adjusted("2026-05-02", "X", "F", 3))
    assert loss.loss_rates(table, as_of=dt.date(2026, 5, 1))["units_lost"].tolist() == [5]
    assert loss.loss_rates(table, as_of=dt.date(2026, 5, 2))["units_lost"].tolist() == [2]


def test_reason_and_disposition_divide_the_loss_but_not_the_units_handled():
    rates = loss.loss_rates(ledger(
        ("2026-03-01", "X", "Receipts", "", 1000, "PHX7"), adjusted("2026-03-10", "X", "M", -5),
        adjusted("2026-03-11", "X", "5", -1), adjusted("2026-03-12", "X", "E", -2)), ("month", "reason"), as_of=END)
    assert rates[["reason", "units_handled", "units_lost", "units_damaged"]].values.tolist() == [
        ["5", 1000, 1, 0], ["E", 1000, 0, 2], ["M", 1000, 5, 0]]


def test_nothing_handled_makes_the_rate_unknown_not_zero():
    rates = loss.loss_rates(ledger(adjusted("2026-03-10", "X", "M", -5)), as_of=END)
    assert np.isnan(rates["loss_rate"].item()) and rates["verdict"].item() == "unknown"


def test_a_month_is_mature_ninety_days_after_its_end():
    table = ledger(("2026-03-31", "X", "Receipts", "", 1, "PHX7"))
    assert loss.loss_rates(table, as_of=dt.date(2026, 6, 28))["is_mature"].tolist() == [False]
    assert loss.loss_rates(table, as_of=dt.date(2026, 6, 29))["is_mature"].tolist() == [True]


def test_an_empty_ledger_gives_an_empty_table_with_every_column():
    rates = loss.loss_rates(ledger(), ("month", "fulfillment_center"), as_of=END)
    assert len(rates) == 0
    assert {"units_lost", "loss_rate", "loss_rate_high", "amount_lost", "is_mature"} <= set(rates.columns)


def test_losses_of_a_month_without_a_ledger_are_unknown_not_none(tmp_path):
    known = books.open(tmp_path, END)
    shown = figures.largest(loss.losses(ledger(), as_of=END), "2026-06", known).data()["blocks"]
    assert [block["tone"] for block in shown] == ["warn"] and "not wholly known" in shown[0]["text"]["en"]
    assert figures.by_reason(loss.loss_rates(ledger(), ("reason", "disposition"), as_of=END)).tone == "warn"


def test_a_year_begins_no_earlier_than_the_ledger():
    rates = loss.loss_rates(ledger(adjusted("2026-05-02", "X1", "M", -1)), ("month",), as_of=END)
    assert figures.year_up_to(rates, "2026-06") == ("2026-05", "2026-06")
    assert figures.year_up_to(rates, "2027-06") == ("2026-07", "2027-06")
    assert figures.year_up_to(rates.head(0), "2026-06") == ("2025-07", "2026-06")


def costs(*rows):
    table = pd.DataFrame(rows, columns=["msku", "unit_cost", "currency", "from_date"])
    return table.assign(from_date=pd.to_datetime(table["from_date"]).astype("datetime64[s]"))


def test_losses_are_valued_at_the_cost_of_their_day():
    table = ledger(("2026-03-01", "X", "Receipts", "", 1000, "PHX7"), adjusted("2026-03-10", "X", "M", -5),
                   adjusted("2026-04-10", "X", "M", -1))
    sheet = costs(("SKU-X", 2.5, "USD", None), ("SKU-X", 3.0, "USD", "2026-04-01"))
    rates = loss.loss_rates(table, as_of=END, costs=sheet)
    assert rates[["amount_lost", "units_unvalued", "currency"]].values.tolist() == [[12.5, 0, "USD"], [3.0, 0, "USD"]]


def test_a_loss_keeps_the_third_decimal_of_a_currency_that_has_one():
    table = ledger(adjusted("2026-03-10", "X", "M", -3))
    rates = loss.loss_rates(table, as_of=END, costs=costs(("SKU-X", 0.125, "KWD", None)))
    assert rates["amount_lost"].item() == 0.375


def test_a_loss_without_a_known_cost_has_no_amount():
    table = ledger(adjusted("2026-03-10", "X", "M", -5))
    for sheet in (None, costs(("OTHER", 2.5, "USD", None)), costs(("SKU-X", 2.5, "USD", "2026-06-01"))):
        rates = loss.loss_rates(table, as_of=END, costs=sheet)
        assert np.isnan(rates["amount_lost"].item()) and rates["units_unvalued"].item() == 5


def test_two_currencies_are_never_added():
    with pytest.raises(ValueError, match="CAD and USD, which cannot be added"):
        loss.loss_rates(ledger(adjusted("2026-03-10", "X", "M", -5)), as_of=END,
                        costs=costs(("SKU-X", 2.5, "USD", None), ("SKU-Y", 2.5, "CAD", None)))


def test_an_unknown_grouping_is_refused_by_name():
    with pytest.raises(ValueError, match="cannot group by warehouse; expected some of month"):
        loss.loss_rates(ledger(), ("warehouse",), as_of=END)


def test_each_loss_names_the_lines_of_the_loss_and_of_its_finds():
    table = loss.losses(ledger(adjusted("2026-03-10", "X", "M", -5), adjusted("2026-03-11", "X", "M", -1),
                               adjusted("2026-03-12", "X", "F", 4), adjusted("2026-03-13", "X", "F", 1)), as_of=END)
    assert table[["units_lost", "sources"]].values.tolist() == [
        [0, "ledger.txt:2;ledger.txt:4;ledger.txt:5"], [1, "ledger.txt:3"]]


def test_shares_show_where_the_loss_sits():
    rates = loss.loss_rates(ledger(
        ("2026-03-01", "X", "Receipts", "", 900, "PHX7"), ("2026-03-01", "X", "Receipts", "", 100, "ABE2"),
        adjusted("2026-03-10", "X", "M", -1), adjusted("2026-03-10", "X", "M", -4, "ABE2")),
        ("fulfillment_center",), as_of=END)
    table = loss.shares(rates)
    assert table[["fulfillment_center", "share_lost", "concentration", "share_so_far"]].values.tolist() == [
        ["ABE2", 0.8, 8.0, 0.8], ["PHX7", 0.2, pytest.approx(0.2 / 0.9), 1.0]]


EVENTS = st.lists(st.tuples(st.integers(0, 120), st.sampled_from("XYZ"), st.sampled_from("M5FEPNQ"),
                            st.integers(-4, 4), st.sampled_from(["A", "B"])), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_months_and_centers_equal_a_plain_queue_and_add_up(events):
    start = dt.date(2026, 1, 1)
    events = [event for event in events if event[3]]
    table = ledger(*[adjusted(start + dt.timedelta(days=day), fnsku, reason, units, center)
                     for day, fnsku, reason, units, center in events])
    open_losses, net = defaultdict(list), Counter()
    moves = [(day, units > 0, row, fnsku, units, center) for row, (day, fnsku, reason, units, center)
             in enumerate(events) if reason in "M5F"]
    for day, found, _, fnsku, units, center in sorted(moves):
        if not found:
            open_losses[fnsku].append([(start + dt.timedelta(days=day)).strftime("%Y-%m"), center, -units])
            continue
        for entry in open_losses[fnsku]:
            taken = min(units, entry[2])
            entry[2], units = entry[2] - taken, units - taken
    for month, center, units in sum(open_losses.values(), []):
        net[month, center] += units
    rates = loss.loss_rates(table, ("month", "fulfillment_center"), as_of=END)
    found = {(row.month, row.fulfillment_center): row.units_lost for row in rates.itertuples() if row.units_lost}
    assert found == {key: units for key, units in net.items() if units}
    total = loss.loss_rates(table, as_of=END)
    assert total["units_lost"].sum() == rates["units_lost"].sum() == loss.losses(table, as_of=END)["units_lost"].sum()
