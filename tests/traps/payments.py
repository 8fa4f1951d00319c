"""Money: fees charged, payments too low, payments taken back."""

from handmade import back, cost, fee, ledger, money, moved, paid, refund, sold

from traps import Traps

TRAPS = Traps("P")
case, x = TRAPS.case, TRAPS.x

# ---------------------------------------------------------------------------------------------------- fees

case("charged above the preview", [*sold(x(), "2026-05-01", "D1", fee=6.5), fee(x())], fee_overcharge=1)
case("two units charged above", [*sold(x(), "2026-05-01", "D2", units=2, fee=6.5), fee(x())], fee_overcharge=2)
case("charged as shown", [*sold(x(), "2026-05-01", "D3"), fee(x())])
case("charged below", [*sold(x(), "2026-05-01", "D4", fee=4), fee(x())])
case("multi-channel orders have another card", [
    money(x(), "2026-05-01", "D5", "Order", "ItemFees", "FBAPerUnitFulfillmentFee", -9, units=1, site="Non-Amazon US"),
    fee(x())])
case("corrected in the settlement", [
    *sold(x(), "2026-05-01", "D6", fee=6.5),
    money(x(), "2026-05-20", "D6", "Order", "ItemFees", "FBAPerUnitFulfillmentFee", 1.5, units=1), fee(x())])
case("corrected in the reimbursements", [*sold(x(), "2026-05-01", "D7", fee=6.5), fee(x()),
                                         paid(x(), "2026-05-20", "Fee_Correction", 1, 1.5)])
case("corrected for one of two orders", [*sold(x(), "2026-05-01", "D8", fee=6.5), *sold(x(), "2026-05-02", "D9",
                                                                                        fee=6.5), fee(x()),
                                         paid(x(), "2026-05-20", "Fee_Correction", 1, 1.5)], fee_overcharge=1)
case("no preview of the SKU", [*sold(x(), "2026-05-01", "D10", fee=6.5)])

# ---------------------------------------------------------------------------------------------------- payments

case("paid too little", [cost(x()), ledger(x(), "2026-05-01", "M", -2), paid(x(), "2026-05-10", "Lost_Warehouse", 2, 5)],
     underpaid=2)
case("paid at cost", [cost(x()), ledger(x(), "2026-05-01", "M", -2), paid(x(), "2026-05-10", "Lost_Warehouse", 2, 8)])
case("paid a cent less", [cost(x()), ledger(x(), "2026-05-01", "M", -2), paid(x(), "2026-05-10", "Lost_Warehouse", 2,
                                                                              7.99)])
case("paid in another currency than the cost", [
    cost(x(), 60, currency="CNY"), ledger(x(), "2026-05-01", "M", -1), paid(x(), "2026-05-10", "Lost_Warehouse", 1, 8)],
    unsure=["underpaid"])
case("a sold unit paid at less than its sale", [*sold(x(), "2026-03-01", "E1"), *refund(x(), "2026-03-20", "E1"),
                                               paid(x(), "2026-05-25", "CustomerReturn", 1, 9.0, order="E1")], underpaid=1)
case("paid in two parts that add up", [*sold(x(), "2026-03-01", "E2"), *refund(x(), "2026-03-20", "E2"),
                                       paid(x(), "2026-05-25", "CustomerReturn", 1, 10, order="E2", id="E2a"),
                                       paid(x(), "2026-05-28", "CustomerReturn", 1, 6.25, order="E2", id="E2b")])
case("less in total than per unit", [paid(x(), "2026-05-10", "Lost_Warehouse", 2, 8, **{"amount-total": "8.00"}),
                                     ledger(x(), "2026-05-01", "M", -2)], underpaid=2)
case("taken back though nothing was found", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P1"),
    paid(x(), "2026-05-01", "Reimbursement_Reversal", -2, 8, stock=2, original="P1")], wrong_reversal=2)
case("taken back because it was found", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P2"),
    ledger(x(), "2026-04-28", "F", 2), paid(x(), "2026-05-01", "Reimbursement_Reversal", -2, 8, stock=2, original="P2")])
case("taken back, and the stock transferred in", [
    ledger(x(), "2026-03-01", "M", -1), paid(x(), "2026-03-10", "Lost_Warehouse", 1, 8, id="P3"),
    ledger(x(), "2026-05-03", "N", 1), paid(x(), "2026-05-01", "Reimbursement_Reversal", -1, 8, stock=1, original="P3")])
case("taken back with the quantities written positive", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P4"),
    paid(x(), "2026-05-01", "Reimbursement_Reversal", 2, 8, original="P4", **{"amount-total": "-16.00"})], wrong_reversal=2)
case("taken back in part by a negative row of the same id", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P4s"),
    paid(x(), "2026-05-01", "Lost_Warehouse", -1, 8, id="P4s")], wrong_reversal=1)
case("taken back by a negative row of the same id, and found", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P4t"),
    ledger(x(), "2026-04-28", "F", 1), paid(x(), "2026-05-01", "Lost_Warehouse", -1, 8, id="P4t")])
case("taken back for damage that was regraded", [
    ledger(x(), "2026-03-01", "E", -1), paid(x(), "2026-03-10", "Damaged_Warehouse", 1, 8, id="P5"),
    ledger(x(), "2026-04-20", "Q", -1, disposition="WAREHOUSE_DAMAGED"), ledger(x(), "2026-04-20", "P", 1),
    paid(x(), "2026-05-01", "Reimbursement_Reversal", -1, 8, original="P5",
         **{"original-reimbursement-type": "Damaged_Warehouse"})])
case("the payment taken back is older than the files", [
    paid(x(), "2026-05-01", "Reimbursement_Reversal", -1, 8, original="older")], unsure=["wrong_reversal"])
case("taken back twice, found once", [
    ledger(x(), "2026-03-01", "M", -1), paid(x(), "2026-03-10", "Lost_Warehouse", 1, 8, id="P7"),
    ledger(x(), "2026-04-28", "F", 1), paid(x(), "2026-05-01", "Reimbursement_Reversal", -1, 8, original="P7", id="P7a"),
    paid(x(), "2026-05-05", "Reimbursement_Reversal", -1, 8, original="P7", id="P7b")], wrong_reversal=1)
case("taken back because the customer returned it", [
    *sold(x(), "2026-02-01", "E3"), *refund(x(), "2026-02-20", "E3"),
    paid(x(), "2026-04-25", "CustomerReturn", 1, 16.25, order="E3", id="P8"), back(x(), "2026-05-01", "E3"),
    moved(x(), "2026-05-01", "CustomerReturns", 1),
    paid(x(), "2026-05-03", "Reimbursement_Reversal", -1, 16.25, order="E3", original="P8")])
case("taken back though the customer did not return it", [
    *sold(x(), "2026-02-01", "E4"), *refund(x(), "2026-02-20", "E4"),
    paid(x(), "2026-04-25", "CustomerReturn", 1, 16.25, order="E4", id="P9"),
    paid(x(), "2026-05-03", "Reimbursement_Reversal", -1, 16.25, order="E4", original="P9")], wrong_reversal=1)
case("taken back for the unit of two that did not come back", [
    *sold(x(), "2026-02-01", "E5", units=2), *refund(x(), "2026-02-20", "E5", 50), back(x(), "2026-03-01", "E5"),
    moved(x(), "2026-03-01", "CustomerReturns", 1), paid(x(), "2026-04-25", "CustomerReturn", 1, 16.25, order="E5",
                                                         id="P10"),
    paid(x(), "2026-05-03", "Reimbursement_Reversal", -1, 16.25, order="E5", original="P10")], wrong_reversal=1)
case("taken back, and half of it paid again", [
    ledger(x(), "2026-03-01", "M", -2), paid(x(), "2026-03-10", "Lost_Warehouse", 2, 8, id="P11"),
    paid(x(), "2026-05-01", "Reimbursement_Reversal", -2, 8, original="P11"),
    paid(x(), "2026-05-04", "Lost_Warehouse", 1, 8)],
    wrong_reversal=1)
case("an order's payment taken back and paid again", [
    *sold(x(), "2026-02-01", "E6"), *refund(x(), "2026-02-20", "E6"),
    paid(x(), "2026-04-25", "CustomerReturn", 1, 16.25, order="E6", id="P12"),
    paid(x(), "2026-05-03", "Reimbursement_Reversal", -1, 16.25, order="E6", original="P12"),
    paid(x(), "2026-05-09", "CustomerReturn", 1, 16.25, order="E6", id="P13")])
case("paid twice for one loss, and one taken back", [
    ledger(x(), "2026-03-01", "M", -1), paid(x(), "2026-03-10", "Lost_Warehouse", 1, 8, id="P14"),
    paid(x(), "2026-03-12", "Lost_Warehouse", 1, 8, id="P15"),
    paid(x(), "2026-05-01", "Reimbursement_Reversal", -1, 8, original="P15")], unsure=["wrong_reversal"])
case("a reversal that leaves out the order of its payment", [
    *sold(x(), "2026-02-01", "E7"), *refund(x(), "2026-02-20", "E7"),
    paid(x(), "2026-04-25", "CustomerReturn", 1, 16.25, order="E7", id="P16"), back(x(), "2026-05-01", "E7"),
    moved(x(), "2026-05-01", "CustomerReturns", 1), paid(x(), "2026-05-03", "Reimbursement_Reversal", -1, 16.25,
                                                         original="P16")])
case("one payment's id on two labels, the second taken back and found", [
    ledger(x(), "2026-03-01", "M", -1), ledger(x() + "H", "2026-03-01", "M", -2),
    *(paid(x() + label, "2026-03-10", "Lost_Warehouse", units, 8, id="P17") for label, units in (("", 1), ("H", 2))),
    ledger(x() + "H", "2026-04-28", "F", 2),
    paid(x() + "H", "2026-05-01", "Reimbursement_Reversal", -2, 8, original="P17")])
case("a payment older than the ledger's loss", [paid(x(), "2025-07-05", "Lost_Warehouse", 4, 8)], unsure=["underpaid"])
