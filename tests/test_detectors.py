"""Claim types in seller folders of their own: other reports, other markets, other days, reports that are missing."""

import datetime as dt

import pytest
from handmade import (
    LAST,
    back,
    claims_of,
    cost,
    fee,
    ledger,
    moved,
    paid,
    parcel,
    product,
    quiet,
    refund,
    removal,
    shipment,
    sold,
    write,
)

from workbench import books, claims

RECEIPTS = "removal_order_id,tracking_number,sku,shipped_quantity,received_quantity,received_on\n"


def asserted(folder, as_of=LAST, types=()):
    """Claim type and SKU -> units that are asserted, and the claims that assert them."""
    found = claims_of(folder, as_of, types=types)
    found = found[found["status"].isin(claims.ASSERTED)]
    return found.groupby(["claim_type", "msku"])["units_open"].sum().to_dict(), found


def transaction(x, day, order, kind, sales, fees, fba, channel="Amazon"):
    return "transactions", {"date/time": f"{day} 11:03:05 AM PDT", "type": kind, "order id": order,
                            "sku": product(x)["sku"],
                            "quantity": 1, "marketplace": "amazon.com", "fulfillment": channel, "product sales": sales,
                            "selling fees": fees, "fba fees": fba, "total": sales + fees + fba}


def test_refunds_are_read_from_date_range_reports_where_there_is_no_settlement(tmp_path):
    rows = [transaction("1", "Mar 5, 2026", "T1", "Order", 25, -3.75, -5), transaction("1", "Mar 20, 2026", "T1",
                                                                                       "Refund", -25, 3, 0),
            transaction("2", "Mar 5, 2026", "T2", "Order", 25, -3.75, -5), transaction("2", "Mar 20, 2026", "T2",
                                                                                       "Refund", -25, 3, 0),
            transaction("3", "Mar 5, 2026", "T3", "Order", 25, -3.75, 0, "Seller"),
            transaction("3", "Mar 20, 2026", "T3", "Refund", -25, 3, 0, "Seller"), back("2", "2026-04-01", "T2")]
    folder = write(tmp_path / "s", [*quiet(), *rows], without=["settlement"])
    found, table = asserted(folder, types=["refund_not_returned"])
    assert found == {("refund_not_returned", "S-1"): 1}
    assert table["unit_value"].tolist() == [16.25]


def test_a_settlement_of_one_month_does_not_hide_what_the_date_range_report_tells_of_the_others(tmp_path):
    rows = [transaction("1", "Mar 5, 2026", "T1", "Order", 25, -3.75, -5), transaction("1", "Mar 20, 2026", "T1", "Refund",
                                                                                       -25, 3, 0),
            transaction("2", "May 5, 2026", "T2", "Order", 25, -3.75, -5), *sold("2", "2026-05-05", "T2"),
            transaction("2", "May 9, 2026", "T2", "Refund", -25, 3, 0), *refund("2", "2026-05-09", "T2")]
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows]), types=["refund_not_returned"])
    assert found == {("refund_not_returned", "S-1"): 1, ("refund_not_returned", "S-2"): 1}
    assert table["unit_value"].tolist() == [16.25, 16.25]


def test_fees_are_judged_from_date_range_reports_where_there_is_no_settlement(tmp_path):
    rows = [transaction("1", "May 5, 2026", "T1", "Order", 25, -3.75, -6.5), fee("1"),
            transaction("2", "May 5, 2026", "T2", "Order", 25, -3.75, -5), fee("2"),
            transaction("3", "May 5, 2026", "T3", "Order", 0, 0, -9), fee("3")]  # no sale: a multi-channel order
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows], without=["settlement"]), types=["fee_overcharge"])
    assert found == {("fee_overcharge", "S-1"): 1} and table["unit_value"].tolist() == [1.5]


def test_flat_file_v1_counts_units_on_a_line_of_their_own_and_closing_fees_lower_the_value(tmp_path):
    head = ["settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount",
            "currency", "transaction-type", "order-id", "marketplace-name", "fulfillment-id", "posted-date", "sku",
            "quantity-purchased", "price-type", "price-amount",
            "item-related-fee-type", "item-related-fee-amount", "other-amount"]
    start = {"settlement-id": "77", "settlement-start-date": "2026-03-01T00:00:00+00:00", "total-amount": "-17.29",
             "settlement-end-date": "2026-03-31T00:00:00+00:00", "deposit-date": "2026-04-02T00:00:00+00:00",
             "currency": "USD"}
    line = {"settlement-id": "77", "order-id": "V1", "marketplace-name": "Amazon.com", "fulfillment-id": "AFN",
            "sku": "S-1"}
    sale = [{"quantity-purchased": "2"}, {"price-type": "Principal", "price-amount": "50.00"},
            *({"item-related-fee-type": kind, "item-related-fee-amount": amount} for kind, amount in (
                ("FBAPerUnitFulfillmentFee", "-10.00"), ("Commission", "-7.00"), ("DigitalServicesFee", "-0.29")))]
    rows = [start, *({**line, "transaction-type": "Order", "posted-date": "2026-03-05T12:00:00+00:00", **cells}
                     for cells in sale),
            {**line, "transaction-type": "Refund", "posted-date": "2026-03-20T12:00:00+00:00", "price-type": "Principal",
             "price-amount": "-50.00"}]
    folder = write(tmp_path / "s", [*quiet(), back("1", "2026-04-01", "V1")])
    (folder / "v1.txt").write_text("\n".join("\t".join(row.get(name, "") for name in head) for row in [
        dict(zip(head, head, strict=True)), *rows]) + "\n", "utf-8")
    found, table = asserted(folder, types=["refund_not_returned"])
    assert found == {("refund_not_returned", "S-1"): 1} and table["units_owed"].tolist() == [2]
    assert table["unit_value"].tolist() == [16.36]  # (50.00 - 17.29) / 2, of which half a cent is rounded up


def test_a_new_fee_card_is_no_overcharge_and_a_step_of_one_sku_is(tmp_path):
    rows = []
    for sku in range(5):
        for week in range(30):
            day = (dt.date(2025, 10, 6) + dt.timedelta(days=7 * week)).isoformat()
            right = 5.2 if day < "2026-01-15" else 5.0  # the card got cheaper
            high = sku == 4 and day >= "2026-03-01"
            rows += sold(f"C{sku}", day, f"O{sku}-{week}", fee=6.5 if high else right)
        rows.append(fee(f"C{sku}"))
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows]), types=["fee_overcharge"])
    assert found == {("fee_overcharge", "S-C4"): 9} and set(table["unit_value"]) == {1.5}


def test_two_skus_cannot_tell_an_old_fee_card_from_an_overcharge(tmp_path):
    rows = [*sold("1", "2025-12-01", "O1", fee=5.4), *sold("1", "2026-05-01", "O2", fee=5.4), fee("1")]
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows]), types=["fee_overcharge"])
    assert found == {("fee_overcharge", "S-1"): 1} and table["order_id"].tolist() == ["O2"]


def test_a_european_preview_counts_per_site_and_currency(tmp_path):
    site = {"site": "Amazon.de", "currency": "EUR"}
    rows = [*sold("1", "2026-05-01", "O1", fee=5.0, **site), *sold("1", "2026-05-02", "O2", fee=5.8, **site),
            *sold("1", "2026-05-03", "O3", fee=7.0, site="Amazon.fr", currency="EUR"),
            *sold("2", "2026-05-03", "O4", fee=4.4, site="Amazon.co.uk", currency="GBP"),
            fee("1", 5.0, store="DE", currency="EUR"), fee("1", 7.0, store="FR", currency="EUR"),
            fee("2", 5.0, store="DE", currency="EUR"), fee("2", 4.0, store="UK", currency="GBP")]
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows], region="EU"), types=["fee_overcharge"])
    assert sorted(table["order_id"]) == ["O2", "O4"]
    assert sorted(zip(table["unit_value"], table["currency"], strict=True)) == [(0.4, "GBP"), (0.8, "EUR")]


def test_a_payment_that_could_not_be_read_leaves_its_oldest_event_in_doubt(tmp_path):
    broken = {"quantity-reimbursed-cash": "one", "quantity-reimbursed-total": "one"}
    rows = [ledger("1", "2026-05-01", "M", -1), ledger("1", "2026-05-10", "M", -2), ledger("1", "2026-05-01", "E", -1),
            ledger("2", "2026-05-01", "M", -1), paid("1", "2026-05-12", "Lost_Warehouse", 1, 8, **broken),
            *sold("3", "2026-03-01", "A1"), *refund("3", "2026-03-20", "A1"),
            paid("3", "2026-05-12", "CustomerReturn", 1, 8, order="A1", **broken)]
    found, _ = asserted(write(tmp_path / "s", [*quiet(), *rows]))
    assert found == {("lost_warehouse", "S-1"): 2, ("damaged_warehouse", "S-1"): 1, ("lost_warehouse", "S-2"): 1}


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_skus_that_share_a_label_the_one_whose_parcel_lacks_a_unit_is_owed(tmp_path, turn):
    orders = [removal("1", "2026-05-01", "RM1", units, shipped=units, sku=sku) for sku, units in (("A", 2), ("B", 3))]
    parcels = [parcel("1", "2026-05-04", "RM1", 2, sku=sku) for sku in "AB"]
    found, _ = asserted(write(tmp_path / "s", [*quiet(), *orders[::turn], *parcels[::turn]]))
    assert found == {("removal_lost", "B"): 1}


def test_a_removal_parcel_that_arrived_short_is_owed_from_the_day_it_came(tmp_path):
    rows = [*(removal(x, "2026-05-01", f"RM{x}", 5, shipped=5) for x in "123"),
            *(parcel(x, "2026-05-06", f"RM{x}", 5, **{"tracking-number": f"1Z{x}"}) for x in "123"),
            paid("2", "2026-06-01", "Lost_Outbound", 2, 8, order="RM2")]
    folder = write(tmp_path / "s", [*quiet(), *rows])
    (folder / "receipts.csv").write_text(
        RECEIPTS + "RM1,1Z1,S-1,,3,2026-05-12\nRM2,1Z2,S-2,5,3,2026-05-12\nRM3,1Z3,S-3,5,5,2026-05-12\n", "utf-8")
    found, table = asserted(folder)
    assert found == {("removal_short", "S-1"): 2}
    assert (table["order_id"].tolist(), table["deadline"].dt.strftime("%Y-%m-%d").tolist()) == (["RM1"], ["2026-07-11"])
    assert table["sources"].tolist() == ["receipts.csv:2"]


@pytest.mark.parametrize("told", ["", "10"])
def test_a_parcel_received_in_two_lots_lacks_what_neither_held(tmp_path, told):
    rows = [removal("1", "2026-05-01", "RM1", 10, shipped=10),
            parcel("1", "2026-05-04", "RM1", 10, **{"tracking-number": "1Z"})]
    folder = write(tmp_path / "s", [*quiet(), *rows])
    (folder / "receipts.csv").write_text(
        RECEIPTS + f"RM1,1Z,S-1,{told},3,2026-05-12\nRM1,1Z,S-1,{told},6,2026-05-10\n", "utf-8")
    owed, found = asserted(folder)
    assert owed == {("removal_short", "S-1"): 1}
    assert found["sources"].tolist() == ["receipts.csv:3;receipts.csv:2"]
    assert found["roles"].tolist() == ["event:1;received:3"]


def test_a_newer_sheet_of_the_same_parcels_replaces_the_older(tmp_path):
    folder = write(tmp_path / "s", quiet())
    for name, more in (("receipts.csv", ""), ("receipts new.csv", "RM2,1Z2,S-2,4,4,2026-05-12\n")):
        (folder / name).write_text(f"{RECEIPTS}RM1,1Z1,S-1,5,3,2026-05-12\n{more}", "utf-8")
    assert asserted(folder)[0] == {("removal_short", "S-1"): 2}


def test_a_claim_above_the_cross_border_fee_says_that_the_lower_fee_was_left_aside(tmp_path):
    site = {"site": "Amazon.fr", "currency": "EUR"}
    rows = [*sold("1", "2026-05-01", "O1", fee=5.8, **site), *sold("1", "2026-05-02", "O2", fee=8.0, **site),
            fee("1", 5.0, store="FR", currency="EUR"), fee("1", 7.0, store="FR", currency="EUR")]
    found, table = asserted(write(tmp_path / "s", [*quiet(), *rows], region="EU"), types=["fee_overcharge"])
    assert found == {("fee_overcharge", "S-1"): 1} and table["unit_value"].tolist() == [1.0]
    assert table["note"].str.contains("lower one for a sale within the country").all()


def test_a_ledger_without_amazons_own_balance_is_netted_by_hand(tmp_path):
    rows = [ledger("1", "2026-05-01", "M", -3), ledger("1", "2026-05-09", "F", 1),
            paid("1", "2026-05-12", "Lost_Warehouse", 1, 8), ledger("2", "2026-05-01", "E", -1)]
    found, _ = asserted(write(tmp_path / "s", [*quiet(), *rows], columns=12))
    assert found == {("lost_warehouse", "S-1"): 1, ("damaged_warehouse", "S-2"): 1}


def test_a_balance_that_knows_the_future_is_left_alone(tmp_path):
    rows = [ledger("1", "2026-05-01", "M", -3, left=0), ledger("1", "2026-06-20", "F", 3, left=0)]
    folder = write(tmp_path / "s", [*quiet(), *rows])
    found = claims_of(folder, "2026-05-31", through="2026-05-31", types=["lost_warehouse"])
    assert found["units_open"].tolist() == [3] and found["status"].tolist() == ["open"]


def test_the_published_cases_of_another_workbench(tmp_path):
    rows = [ledger("X1", "2026-03-10", "M", -3), ledger("X1", "2026-03-20", "F", 2), ledger("X2", "2026-04-15", "E", -1),
            ledger("X2", "2026-04-15", "P", 1), ledger("X3", "2026-04-16", "Q", -5), moved("X3", "2026-04-16",
                                                                                           "Shipments", -2)]
    folder = write(tmp_path / "s", [*quiet(last="2026-05-01"), *rows], region="UK")
    found, table = asserted(folder, "2026-05-01")
    assert found == {("lost_warehouse", "S-X1"): 1, ("damaged_warehouse", "S-X2"): 1}
    deadline = table.set_index("claim_type")["deadline"].dt.strftime("%Y-%m-%d").to_dict()
    assert deadline == {"lost_warehouse": "2026-05-09", "damaged_warehouse": "2026-06-14"}
    rows = [ledger("X1", "2026-03-10", "M", -4, left=1), ledger("X2", "2026-04-15", "E", -1, left=0)]
    assert asserted(write(tmp_path / "t", [*quiet(last="2026-05-01"), *rows], region="UK"), "2026-05-01")[0] == {
        ("lost_warehouse", "S-X1"): 1}


@pytest.mark.parametrize("returns", ["whole", "header", "absent"])
def test_a_reversal_of_the_warehouse_needs_no_returns_and_one_of_an_order_does(tmp_path, returns):
    rows = [ledger("1", "2026-03-01", "M", -2), paid("1", "2026-03-10", "Lost_Warehouse", 2, 8, id="P1"),
            paid("1", "2026-05-01", "Reimbursement_Reversal", -2, 8, original="P1"),
            *sold("2", "2026-02-01", "O2"), *refund("2", "2026-02-20", "O2"),
            paid("2", "2026-04-25", "CustomerReturn", 1, 16.25, order="O2", id="P2"),
            paid("2", "2026-05-03", "Reimbursement_Reversal", -1, 16.25, order="O2", original="P2")]
    folder = write(tmp_path / "s", [*quiet(), *rows], without=["returns"] if returns == "absent" else [])
    if returns == "header":
        place = next(folder.glob("returns.*"))
        place.write_text(place.read_text("utf-8").split("\n")[0] + "\n", "utf-8")
    found = claims_of(folder, types=["wrong_reversal"])
    assert dict(zip(found["msku"], found["status"], strict=True)) == {
        "S-1": "open", "S-2": "open" if returns == "whole" else "ambiguous"}


def test_what_is_left_of_a_payment_that_was_taken_back_in_part_is_judged(tmp_path):
    rows = [cost("1"), ledger("1", "2026-05-01", "M", -9), paid("1", "2026-05-10", "Lost_Warehouse", 9, 6.0, id="P1"),
            paid("1", "2026-06-01", "Reimbursement_Reversal", -1, 6.0, original="P1"), ledger("1", "2026-06-01", "F", 1)]
    owed, found = asserted(write(tmp_path / "s", [*quiet(), *rows]))
    assert owed == {("underpaid", "S-1"): 8} and list(found["amount_open"]) == [16.0]


def test_a_reversal_after_the_ledgers_last_day_is_not_judged(tmp_path):
    rows = [ledger("1", "2026-03-01", "M", -2), paid("1", "2026-03-10", "Lost_Warehouse", 2, 8, id="P1"),
            paid("1", "2026-05-01", "Reimbursement_Reversal", -2, 8, original="P1")]
    late = [row for row in quiet("2026-04-01") if row[0] != "ledger"]
    folder = write(tmp_path / "s", [*quiet(last="2026-03-31"), *late, *rows])
    found = claims_of(folder, types=["wrong_reversal"])
    assert list(found["status"]) == ["ambiguous"] and "ledger_detail ends already" in found["ambiguous"].iloc[0]


@pytest.mark.slow
@pytest.mark.parametrize(("table", "types"), [
    ("reimbursements", {"lost_warehouse", "damaged_warehouse", "disposed_unrequested", "refund_not_returned",
                        "inbound_shortage", "removal_lost"}),
    ("returns", {"refund_not_returned"}), ("removal-orders", {"disposed_unrequested"}),
    ("removal-shipments", {"removal_lost"}), ("ledger", {"lost_warehouse", "damaged_warehouse", "disposed_unrequested"}),
])
def test_a_report_that_ends_months_ago_asserts_nothing(tmp_path, table, types):
    rows = [ledger("1", "2026-03-20", "M", -3), ledger("2", "2026-03-20", "E", -3), ledger("3", "2026-03-20", "D", -3),
            *sold("4", "2026-02-20", "O4"), *refund("4", "2026-03-20", "O4"), shipment("5", "FBA5", 10, 7),
            removal("6", "2026-03-20", "RM6", 5, shipped=5, updated="2026-03-25"), parcel("6", "2026-03-26", "RM6", 4)]
    every = {("lost_warehouse", "S-1"), ("damaged_warehouse", "S-2"), ("disposed_unrequested", "S-3"),
             ("refund_not_returned", "S-4"), ("inbound_shortage", "S-5"), ("removal_lost", "S-6")}
    assert set(asserted(write(tmp_path / "whole", [*quiet(), *rows]))[0]) == every
    late = [row for row in quiet("2026-04-01") if row[0] != table]
    found, _ = asserted(write(tmp_path / "stale", [*quiet(last="2026-03-31"), *late, *rows]))
    assert set(found) == {(name, sku) for name, sku in every if name not in types}


@pytest.mark.parametrize(("table", "types"), [
    ("reimbursements", {"lost_warehouse", "damaged_warehouse", "disposed_unrequested", "refund_not_returned",
                        "inbound_shortage", "removal_lost", "fee_overcharge", "underpaid", "wrong_reversal",
                        "returned_damaged", "returned_not_restocked", "removal_short"}),
    ("ledger", {"lost_warehouse", "damaged_warehouse", "disposed_unrequested", "wrong_reversal", "returned_not_restocked"}),
    ("returns", {"refund_not_returned", "returned_damaged", "returned_not_restocked"}),
    ("settlement", {"refund_not_returned", "fee_overcharge"}), ("fee-preview", {"fee_overcharge"}),
    ("inbound", {"inbound_shortage"}), ("removal-orders", {"disposed_unrequested", "removal_lost"}),
    ("removal-shipments", {"removal_lost"}),
])
def test_without_a_report_its_claims_are_unknown_and_named(tmp_path, table, types):
    rows = [*quiet("2026-06-10"), shipment("1", "FBA1", 10, 7), fee("1")]
    folder = write(tmp_path / "s", rows, without=[table])
    assert set(claims.unknown(books.open(folder))["claim_type"]) == types
    place = next(write(tmp_path / "t", rows).glob(f"{table}.*"))
    place.write_text(place.read_text("utf-8").split("\n")[0] + "\n", "utf-8")  # a header covers no day
    assert set(claims.unknown(books.open(tmp_path / "t"))["claim_type"]) == types
    assert not set(claims_of(tmp_path / "t")["claim_type"]) & types


def test_which_of_two_losses_of_a_day_a_find_settles_does_not_hang_on_the_order_of_the_rows(tmp_path):
    rows = [ledger("1", "2026-05-01", "M", -1, fc="ONT8"), ledger("1", "2026-05-01", "M", -2, fc="ABE2", ref="2"),
            ledger("1", "2026-05-01", "M", -1, fc="ABE2", ref="1"), ledger("1", "2026-05-09", "F", 2)]
    kept = []
    for at, turned in enumerate((rows, rows[::-1])):
        found, table = asserted(write(tmp_path / f"{at}", [*quiet(), *turned]), types=["lost_warehouse"])
        assert found == {("lost_warehouse", "S-1"): 2}
        kept.append({(row.fulfillment_center, row.units_owed): row.units_open for row in table.itertuples()})
    assert kept[0] == kept[1] == {("ABE2", 2): 1, ("ONT8", 1): 1}
