"""The seller's own incidents, stock-outs, removals and swings of revenue: what is counted, and what stays unknown."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench import figures, incidents, policy, words

END = dt.date(2026, 6, 30)
RULES = policy.load("article_2026_01").facts["triage"]


def ledger(*rows):
    """Rows of (day, SKU, event type, reason, units, fulfilment centre)."""
    table = pd.DataFrame(rows, columns=["event_date", "msku", "event_type", "reason", "units", "fulfillment_center"])
    return table.assign(event_date=pd.to_datetime(table["event_date"]).astype("datetime64[s]"), disposition="SELLABLE")


def sheet(*rows):
    """Rows of (date, kind, estimated loss, currency)."""
    table = pd.DataFrame(rows, columns=["date", "kind", "estimated_loss", "currency"])
    return table.assign(date=pd.to_datetime(table["date"]), note="", msku="A")


@pytest.mark.parametrize(("kind", "side"), [
    ("listing deleted by mistake", "own"), ("wrong deal price", "own"), ("advertising budget ran away", "own"),
    ("stock-out", "own"), ("误删 listing", "own"), ("广告预算失控", "own"), ("Buy Box lost", "own"),
    ("ASIN wrongly flagged by the system", "amazon"), ("FBA 仓库丢失", "amazon"), ("A-to-Z abuse", "amazon"),
    ("forklift", "unclear")])
def test_an_incident_is_claimable_or_the_sellers_own_by_the_articles_rule(kind, side):
    found = incidents.triage(sheet(("2026-03-01", kind, 10.0, "USD")), RULES)
    assert found["side"].tolist() == [side] and bool(found["rule"].item()) == (side != "unclear")


def test_the_rule_that_decides_an_incident_is_told_in_chinese_too():
    assert all(words.reason(rule["source"]).zh.startswith("文章") for rule in RULES)


def test_costs_of_two_currencies_stand_apart_and_a_missing_estimate_makes_the_sum_unknown():
    found = incidents.register(incidents.triage(sheet(
        ("2026-03-01", "stock-out", 10.0, "USD"), ("2026-03-02", "stock-out", 5.0, "USD"),
        ("2026-03-02", "stock-out", 5.0, "CAD"), ("2026-03-03", "wrong price", 5.0, "USD"),
        ("2026-03-03", "wrong price", None, "USD")), RULES)).set_index(["kind", "currency"])["cost"]
    assert found["stock-out", "USD"] == 15 and found["stock-out", "CAD"] == 5 and np.isnan(found["wrong price", "USD"])


def test_days_without_stock_are_counted_from_the_ledgers_balance():
    table = ledger(("2026-06-01", "A", "Receipts", "", 10, "X"), ("2026-06-11", "A", "Shipments", "", -10, "X"),
                   ("2026-06-21", "A", "Receipts", "", 5, "Y"))
    summary = pd.DataFrame({"event_date": pd.to_datetime([]), "msku": [], "disposition": [], "units_end": []})
    found = incidents.stock_outs(table, summary, END)
    assert found[["month", "days_known", "days_out", "start_known"]].values.tolist() == [["2026-06", 30, 10, False]]
    held = pd.DataFrame({"event_date": pd.to_datetime(["2026-06-15", "2026-06-30"]), "msku": "A",
                         "disposition": "SELLABLE", "units_end": [3, 8]})
    assert incidents.stock_outs(table, held, END)[["days_out", "start_known"]].values.tolist() == [[0, True]]


def daily(first, last, *more):
    """One unit shipped on every day, so that the ledger covers them; and `more` rows."""
    days = np.arange(first, last, dtype="datetime64[D]")
    return ledger(*[(str(day), "A", "Shipments", "", -1, "X") for day in days], *more)


def test_days_that_the_ledger_does_not_cover_are_not_days_without_stock_and_balances_begin_anew_after_them():
    april, june = (daily(first, last, (first, "A", "Receipts", "", 100, "X")) for first, last in (
        ("2026-04-01", "2026-05-01"), ("2026-06-01", "2026-07-01")))
    nothing = pd.DataFrame({"event_date": pd.to_datetime([]), "msku": [], "disposition": [], "units_end": []})
    held = pd.DataFrame({"event_date": pd.to_datetime(["2026-06-30"]), "msku": "A", "disposition": "SELLABLE",
                         "units_end": [8]})
    both = pd.concat([april, june])
    found = incidents.stock_outs(both, nothing, END).set_index("month")
    assert found["days_known"].to_dict() == {"2026-04": 30, "2026-06": 30} and not found["start_known"].any()
    assert incidents.stock_outs(both, held, END).set_index("month")["start_known"].to_dict() == {
        "2026-04": False, "2026-06": True}


def test_a_month_with_far_more_removals_than_usual_is_abnormal():
    gone = [(f"2026-0{month}-05", "A", "VendorReturns", "", -units, "X") for month, units in
            enumerate((10, 12, 9, 11, 60, 10), start=1)]
    found = incidents.removals(daily("2026-01-01", "2026-07-01", *gone), END)
    assert found["is_abnormal"].tolist() == [False, False, False, False, True, False]
    assert incidents.removals(daily("2026-04-01", "2026-07-01", *gone[3:]), END)["is_abnormal"].isna().all()


def test_a_month_before_every_row_of_the_ledger_has_unknown_removals_and_fails_no_page():
    none = ledger(("2026-05-02", "A", "Receipts", "", 5, "X")).iloc[:0]
    (note,) = figures.impact.removed(incidents.removals(none, END), "2019-01").blocks
    assert note.text == words.say("incidents.no_removals")


def test_removals_of_a_month_that_the_ledger_does_not_cover_are_unknown_and_not_none():
    parts = [daily("2026-01-01", "2026-03-11"), daily("2026-04-01", "2026-07-01")]
    found = incidents.removals(pd.concat(parts), END).set_index("month")["units_removed"]
    assert np.isnan(found["2026-03"]) and (found.drop("2026-03") == 0).all() and len(found) == 6


def orders(first, last):
    days = pd.Series(np.arange(first, last, dtype="datetime64[D]").astype("datetime64[s]"))
    return pd.DataFrame({"purchased_on": days, "order_status": "Shipped", "item_price": 10.0, "currency": "USD"})


def test_revenue_of_a_month_in_part_is_unknown_and_no_fall():
    table = pd.concat([orders("2026-01-10", "2026-03-16"), orders("2026-04-01", "2026-06-20")])
    assert incidents.revenue(table, "2026-06")["month"].tolist() == ["2026-02", "2026-04", "2026-05"]
    assert incidents.revenue(table.iloc[:0], "2026-06").empty


def test_revenue_volatility_is_unknown_with_fewer_than_three_changes_and_no_change_leaps_over_a_month():
    amounts = [100.0, 200.0, 100.0, 200.0, 200.0]
    whole = pd.DataFrame({"month": [f"2026-0{n}" for n in range(1, 6)], "amount": amounts})
    gap = whole.assign(month=["2026-01", "2026-02", "2026-03", "2026-05", "2026-06"])
    found = incidents.volatility(whole, dt.date(2026, 5, 1))
    assert found.before == pytest.approx(np.std(np.log([2, 0.5, 2]), ddof=1)) and np.isnan(found.after)
    assert found.months == (3, 1) and incidents.volatility(gap, None).months == (3, 0)


def test_the_interval_of_a_change_in_volatility_is_that_of_two_variances():
    months = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
    calm = np.exp(np.cumsum(np.tile([0.3, -0.3], 12) * np.where(np.arange(24) < 12, 1.0, 0.5)))
    found = incidents.volatility(pd.DataFrame({"month": months, "amount": calm}), dt.date(2026, 1, 1))
    assert found.ratio == pytest.approx(0.5, abs=0.02) and found.months == (11, 12)
    assert (found.low, found.high) == pytest.approx((0.5 / 3.66**0.5, 0.5 * 3.53**0.5), rel=0.02)  # F tables, 11 and 10


def test_own_incidents_are_counted_per_month_before_and_since_and_only_where_something_was_adopted():
    told = incidents.triage(sheet(*[(day, "stock-out", 1.0, "USD") for day in (
        "2026-01-01", "2026-02-01", "2026-05-01")], ("2026-06-01", "FBA 仓库丢失", 1.0, "USD")), RULES)
    before, since = incidents.before_and_after(told, dt.date(2026, 4, 1), END)
    assert (before.incidents, since.incidents) == (2, 1) and before.months == pytest.approx(90 / 30.4)
    assert incidents.before_and_after(told, None, END) is None
    assert incidents.before_and_after(told, dt.date(2025, 12, 1), END) is None
