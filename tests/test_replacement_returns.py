"""Refunds whose unit may have come back on the order of a replacement, where no report tells which orders those are."""


import pytest
from handmade import FIRST, back, claims_of, money, quiet, refund, sold, write

NOBODY = "a unit of the SKU came back on an order that no report knows: perhaps that of a replacement"


def judged(folder, *rows, without=(), first=FIRST):
    """Order -> status and reason of the refunds nobody settled."""
    flat = [row for part in rows for row in (part if isinstance(part, list) else [part])]
    folder = write(folder / "seller", [*quiet(first), *flat], without=without)
    found = claims_of(folder, types=["refund_not_returned"])
    return {row.order_id: (row.status, row.ambiguous) for row in found.itertuples() if row.status != "settled"}


def order(x, number, day="2026-03-01", refunded="2026-03-20"):
    return [*sold(x, day, number), *refund(x, refunded, number)]


def replaced(original, number, day="2026-03-05"):
    return "replacements", {"shipment-date": f"{day}T12:00:00+00:00", "sku": "S-1", "quantity": 1,
                            "replacement-amazon-order-id": number, "original-amazon-order-id": original}


def test_a_return_on_an_order_nobody_knows_leaves_the_oldest_claim_of_its_sku_in_doubt(tmp_path):
    found = judged(tmp_path, order("1", "O1"), order("1", "O2", refunded="2026-03-22"), order("2", "O3"),
                   back("1", "2026-04-02", "P1"))
    assert found == {"O1": ("ambiguous", NOBODY), "O2": ("open", ""), "O3": ("open", "")}


def test_with_the_replacements_report_the_return_settles_its_original_and_an_unknown_order_none(tmp_path):
    found = judged(tmp_path, order("1", "O1"), order("1", "O2"), replaced("O2", "P1"), back("1", "2026-04-02", "P1"),
                   back("1", "2026-04-02", "P9"))
    assert found == {"O1": ("open", "")}


@pytest.mark.parametrize("more", [(), (replaced("O9", "P9"),)])
def test_a_return_that_names_no_order_leaves_the_oldest_claim_of_its_sku_in_doubt(tmp_path, more):
    found = judged(tmp_path, order("1", "O1"), order("1", "O2", refunded="2026-03-22"), back("1", "2026-04-02", ""), *more)
    assert found == {"O1": ("ambiguous", "a returned unit of the SKU names no order"), "O2": ("open", "")}


@pytest.mark.parametrize("known", [
    money("1", "2026-04-01", "P1", "Order", "ItemFees", "FBAPerUnitFulfillmentFee", -4.0),
    ("orders", {"amazon-order-id": "P1", "sku": "S-1", "quantity": 1, "purchase-date": "2026-03-09T12:00:00+00:00"}),
    ("transactions", {"date/time": "Mar 9, 2026 11:03:05 AM PST", "type": "Order", "order id": "P1", "sku": "S-1",
                      "quantity": 1, "total": 0})])
def test_a_return_on_an_order_that_some_report_knows_is_of_that_order(tmp_path, known):
    assert judged(tmp_path, order("1", "O1"), known, back("1", "2026-04-02", "P1")) == {"O1": ("open", "")}


def test_returns_of_orders_older_than_the_first_settlement_leave_no_claim_in_doubt(tmp_path):
    rows = [order("1", f"O{at}") for at in range(3)]
    early = [back("1", f"2026-04-{at:02}", f"older {at}") for at in (2, 20, 29)]  # settlements begin on 1 March
    assert judged(tmp_path, *rows, *early, first="2026-03-02") == {f"O{at}": ("open", "") for at in range(3)}
    found = judged(tmp_path, *rows, *early, back("1", "2026-05-10", "P1"), first="2026-03-02")
    assert sorted(status for status, _ in found.values()) == ["ambiguous", "open", "open"]


@pytest.mark.parametrize("day, status", [("2026-02-28", "open"), ("2026-03-01", "ambiguous"), ("2026-06-30", "ambiguous")])
def test_what_came_back_before_the_sale_is_not_the_missing_unit(tmp_path, day, status):
    assert judged(tmp_path, order("1", "O1"), back("1", day, "P1"))["O1"][0] == status
