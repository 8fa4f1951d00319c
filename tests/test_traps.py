"""Every trap of the claim types, each with products and orders of its own, in one seller folder read once."""

import datetime as dt

import pytest
from handmade import (
    back,
    cost,
    fee,
    ledger,
    money,
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

from workbench import books, claims, policy

ASSERTED = ("wait", "open", "expired")
CASES = {}


def case(name, rows, *, unsure=(), **owed):
    """What the files say, which claim types assert how many units, and which may only be ambiguous."""
    flat = []
    for row in rows:
        flat += row if isinstance(row, list) else [row]
    CASES[name] = (flat, owed, set(unsure))


def x():
    """A product nobody had before."""
    return f"{len(CASES):04}"


# ---------------------------------------------------------------------------------------------------- lost

case("a loss nobody settles is owed", [ledger(x(), "2026-05-20", "M", -3)], lost_warehouse=3)
case("reason 5 is a loss too", [ledger(x(), "2026-05-20", "5", -2)], lost_warehouse=2)
case("found later at five centres, Amazon's own example",
     [ledger(x(), "2026-05-01", "M", -16), *(ledger(x(), "2026-05-1" + str(at), "F", 1, fc=f"FC{at}") for at in range(5))],
     lost_warehouse=11)
case("found on the day of the loss", [ledger(x(), "2026-05-01", "M", -1), ledger(x(), "2026-05-01", "F", 1)])
case("a find before the loss settles nothing", [ledger(x(), "2026-04-01", "F", 2), ledger(x(), "2026-05-01", "M", -2)],
     lost_warehouse=2)
case("one find settles the older of two losses", [ledger(x(), "2026-04-01", "M", -1), ledger(x(), "2026-05-01", "M", -1),
                                                  ledger(x(), "2026-05-09", "F", 1)], lost_warehouse=1)
case("paid in cash", [ledger(x(), "2026-05-01", "M", -3), paid(x(), "2026-05-10", "Lost_Warehouse", 3, 8)])
case("paid in part", [ledger(x(), "2026-05-01", "M", -3), paid(x(), "2026-05-10", "lost_warehouse", 1, 8)],
     lost_warehouse=2)
case("a payment a few days before its event", [ledger(x(), "2026-05-08", "M", -1),
                                               paid(x(), "2026-05-03", "Lost_Warehouse", 1, 8)])
case("a payment long before the event is for another", [ledger(x(), "2026-05-30", "M", -1),
                                                        paid(x(), "2026-05-03", "Lost_Warehouse", 1, 8)], lost_warehouse=1)
case("paid in stock, and the N row of that stock", [
    ledger(x(), "2026-05-01", "M", -2), paid(x(), "2026-05-10", "Lost_Warehouse", 0, 0, stock=2),
    ledger(x(), "2026-05-11", "N", 2)])
case("one paid in stock does not settle two", [
    ledger(x(), "2026-05-01", "M", -2), paid(x(), "2026-05-10", "Lost_Warehouse", 0, 0, stock=1),
    ledger(x(), "2026-05-11", "N", 1)], lost_warehouse=1)
case("a transfer in (N) may be the lost unit", [ledger(x(), "2026-05-01", "M", -1), ledger(x(), "2026-05-11", "N", 1)],
     unsure=["lost_warehouse"])
case("a transfer in and out again is neither", [ledger(x(), "2026-05-01", "M", -1), ledger(x(), "2026-05-11", "N", 1),
                                                ledger(x(), "2026-05-14", "O", -1)], lost_warehouse=1)
case("found after it was paid, and kept by Amazon (O)", [
    ledger(x(), "2026-04-01", "M", -2), paid(x(), "2026-04-10", "Lost_Warehouse", 2, 8),
    ledger(x(), "2026-04-20", "M", -1), ledger(x(), "2026-05-01", "F", 2), ledger(x(), "2026-05-02", "O", -2)],
    lost_warehouse=1)
case("taken as wrongly received (O) without any payment", [
    ledger(x(), "2026-05-01", "M", -2), ledger(x(), "2026-05-05", "F", 2), ledger(x(), "2026-05-20", "O", -1)])
case("transfers between centres are no losses", [moved(x(), "2026-05-01", "WhseTransfers", -5),
                                                 moved(x(), "2026-05-04", "WhseTransfers", 5, fc="MDW2")])
case("another label's find", [ledger(x(), "2026-05-01", "M", -2),
                              ledger(x() + "G", "2026-05-20", "F", 2, ASIN=product(x())["asin"])],
     unsure=["lost_warehouse"])
case("a find on Amazon's own SKU for unlabelled units", [
    ledger(x(), "2026-05-01", "M", -1, ASIN="B0FOUND001"),
    ledger(x() + "G", "2026-05-20", "F", 1, MSKU="Amazon.Found.B0FOUND001", ASIN="")], unsure=["lost_warehouse"])
case("another product's find changes nothing", [ledger(x(), "2026-05-01", "M", -2),
                                                ledger(x() + "G", "2026-05-20", "F", 2)], lost_warehouse=2)
case("damaged stock that goes missing is no second claim", [
    ledger(x(), "2026-04-01", "E", -1), ledger(x(), "2026-04-01", "P", 1, disposition="WAREHOUSE_DAMAGED"),
    ledger(x(), "2026-05-01", "M", -1, disposition="WAREHOUSE_DAMAGED")], damaged_warehouse=1, unsure=["lost_warehouse"])
case("a sellable find is not spent on damaged stock", [
    ledger(x(), "2026-05-01", "M", -1, disposition="WAREHOUSE_DAMAGED"), ledger(x(), "2026-05-02", "M", -1),
    ledger(x(), "2026-05-09", "F", 1)], unsure=["lost_warehouse"])
case("a customer's broken unit goes missing", [ledger(x(), "2026-05-01", "M", -1, disposition="CUSTOMER_DAMAGED")],
     lost_warehouse=1)
case("three equal rows are three losses", [ledger(x(), "2026-05-01", "M", -1)] * 3, lost_warehouse=3)
case("a payment of no stated kind settles one event only", [
    ledger(x(), "2026-05-01", "M", -1), ledger(x(), "2026-05-02", "E", -1), paid(x(), "2026-05-20", "GeneralAdjustment",
                                                                                 1, 8)],
    damaged_warehouse=1)

# ---------------------------------------------------------------------------------------------------- Amazon's own balance

case("Amazon's balance alone: 4 lost, 3 reconciled", [ledger(x(), "2026-05-10", "M", -4, left=1)], lost_warehouse=1)
case("Amazon's balance alone: damage reconciled", [ledger(x(), "2026-05-10", "E", -1, left=0)])
case("Amazon's balance and its finds, never both", [
    ledger(x(), "2026-05-01", "M", -16, left=11), *(ledger(x(), f"2026-05-1{at}", "F", 1, fc=f"FC{at}", left=0)
                                                    for at in range(5))], lost_warehouse=11)
case("Amazon's balance and its payment, never both", [
    ledger(x(), "2026-05-01", "M", -5, left=2), paid(x(), "2026-05-12", "Lost_Warehouse", 3, 8)], lost_warehouse=2)
case("a find that Amazon books against another label", [
    ledger(x(), "2026-05-01", "M", -2, left=2), ledger(x(), "2026-05-10", "F", 2, left=0),
    ledger(x() + "G", "2026-04-20", "M", -2, left=0)], lost_warehouse=2)
case("a payment that Amazon's balance does not know yet", [
    ledger(x(), "2026-05-01", "M", -2, left=2), paid(x(), "2026-05-12", "Lost_Warehouse", 2, 8)])
case("a balance that does not add up is left alone", [
    ledger(x(), "2026-05-01", "M", -5, **{"Reconciled Quantity": 0, "Unreconciled Quantity": 0})], lost_warehouse=5)

# ---------------------------------------------------------------------------------------------------- damaged

case("damaged, with the other side of the event", [
    ledger(x(), "2026-05-15", "E", -1), ledger(x(), "2026-05-15", "P", 1, disposition="WAREHOUSE_DAMAGED")],
    damaged_warehouse=1)
case("damage that was paid", [ledger(x(), "2026-05-15", "E", -2), paid(x(), "2026-05-25", "Damaged_Warehouse", 2, 8)])
case("damage is not settled by a find", [ledger(x(), "2026-05-15", "E", -1), ledger(x(), "2026-05-25", "F", 1)],
     damaged_warehouse=1)
case("damage is not settled by the payment of a loss", [
    ledger(x(), "2026-05-15", "E", -1), paid(x(), "2026-05-25", "Lost_Warehouse", 1, 8)], damaged_warehouse=1)
case("regraded: sellable after all", [
    ledger(x(), "2026-05-15", "E", -1), ledger(x(), "2026-05-15", "P", 1, disposition="WAREHOUSE_DAMAGED"),
    ledger(x(), "2026-05-20", "Q", -1, disposition="WAREHOUSE_DAMAGED"), ledger(x(), "2026-05-20", "P", 1)])
case("a regrade of the customer's unit is nothing", [ledger(x(), "2026-05-16", "Q", -5), moved(x(), "2026-05-17",
                                                                                               "Shipments", -2)])
case("a unit broken again", [ledger(x(), "2026-05-15", "H", -1, disposition="CUSTOMER_DAMAGED")],
     unsure=["damaged_warehouse"])

# ---------------------------------------------------------------------------------------------------- disposed

case("disposed of unasked", [ledger(x(), "2026-05-15", "D", -2)], disposed_unrequested=2)
case("given to charity unasked", [ledger(x(), "2026-05-15", "G", -1)], disposed_unrequested=1)
case("disposed of as asked, by its reference", [ledger(x(), "2026-05-15", "D", -2, ref="RD1"),
                                                removal(x(), "2026-02-01", "RD1", 2, kind="Disposal", disposed=2)])
case("disposed of as asked, by its label", [ledger(x(), "2026-05-15", "D", -2, ref="88"),
                                            removal(x(), "2026-05-01", "RD2", 2, kind="Disposal", disposed=2)])
case("asked for, and not yet counted as done", [ledger(x(), "2026-05-15", "D", -2),
                                                removal(x(), "2026-05-01", "RD3", 2, kind="Disposal", waiting=2)])
case("one more than asked", [ledger(x(), "2026-05-15", "D", -3),
                             removal(x(), "2026-05-01", "RD4", 2, kind="Disposal", disposed=2)], disposed_unrequested=1)
case("a cancelled request asks for nothing", [ledger(x(), "2026-05-15", "D", -2),
                                              removal(x(), "2026-05-01", "RD5", 2, kind="Disposal", cancelled=2)],
     disposed_unrequested=2)
case("a request for the unsellable stock", [
    ledger(x(), "2026-05-15", "D", -2), ledger(x(), "2026-05-15", "D", -2, disposition="CUSTOMER_DAMAGED"),
    removal(x(), "2026-05-01", "RD6", 2, kind="Disposal", disposed=2, disposition="Unsellable")], disposed_unrequested=2)
case("a request of another season may be it", [ledger(x(), "2026-05-15", "D", -2),
                                               removal(x(), "2025-12-01", "RD7", 2, kind="Disposal", disposed=2)],
     unsure=["disposed_unrequested"])
case("damaged stock that is cleared away", [ledger(x(), "2026-05-15", "D", -2, disposition="WAREHOUSE_DAMAGED")])

# ---------------------------------------------------------------------------------------------------- refunds

case("refunded, not returned", [*sold(x(), "2026-03-01", "A1"), *refund(x(), "2026-03-20", "A1")], refund_not_returned=1)
case("a refund comes in many rows", [*sold(x(), "2026-03-01", "A2", units=2), *refund(x(), "2026-03-20", "A2", 50)],
     refund_not_returned=2)
case("one of two refunded", [*sold(x(), "2026-03-01", "A3", units=2), *refund(x(), "2026-03-20", "A3", 25)],
     refund_not_returned=1)
case("returned before the refund", [*sold(x(), "2026-03-01", "A4"), back(x(), "2026-03-15", "A4"),
                                    moved(x(), "2026-03-15", "CustomerReturns", 1), *refund(x(), "2026-03-20", "A4")])
case("returned late", [*sold(x(), "2026-03-01", "A5"), *refund(x(), "2026-03-20", "A5"), back(x(), "2026-05-30", "A5"),
                       moved(x(), "2026-05-30", "CustomerReturns", 1)])
case("reimbursed", [*sold(x(), "2026-03-01", "A6"), *refund(x(), "2026-03-20", "A6"),
                    paid(x(), "2026-05-25", "CustomerReturn", 1, 16.25, order="A6")])
case("reimbursed in stock", [*sold(x(), "2026-03-01", "A7"), *refund(x(), "2026-03-20", "A7"),
                             paid(x(), "2026-05-25", "CustomerReturn", 0, 0, stock=1, order="A7")])
case("goodwill", [*sold(x(), "2026-03-01", "A8"), *refund(x(), "2026-03-20", "A8", 5)])
case("two halves are one refund", [*sold(x(), "2026-03-01", "A9"), *refund(x(), "2026-03-20", "A9", 12.5),
                                   *refund(x(), "2026-03-24", "A9", 12.5)], refund_not_returned=1)
case("two refunds of two units", [*sold(x(), "2026-03-01", "A10", units=2), *refund(x(), "2026-03-20", "A10", 25),
                                  *refund(x(), "2026-03-24", "A10", 25), back(x(), "2026-04-01", "A10"),
                                  moved(x(), "2026-04-01", "CustomerReturns", 1)], refund_not_returned=1)
case("more refunded than was sold", [*sold(x(), "2026-03-01", "A11"), *refund(x(), "2026-03-20", "A11", 50)],
     refund_not_returned=1)
case("sent by the seller", [*sold(x(), "2026-03-01", "A12", channel="MFN", fee=0), *refund(x(), "2026-03-20", "A12",
                                                                                           channel="MFN")])
case("sent by the seller, as the orders say", [
    money(x(), "2026-03-01", "A13", "Order", "ItemPrice", "Principal", 25, units=1, channel=""),
    *refund(x(), "2026-03-20", "A13", channel=""),
    ("orders", {"amazon-order-id": "A13", "purchase-date": "2026-03-01T10:00:00+00:00", "order-status": "Shipped",
                "fulfillment-channel": "Merchant", "sku": product(x())["sku"], "quantity": 1, "item-price": "25.00"})])
case("who sent it is nowhere said", [
    money(x(), "2026-03-01", "A14", "Order", "ItemPrice", "Principal", 25, units=1, channel=""),
    *refund(x(), "2026-03-20", "A14", channel="")], unsure=["refund_not_returned"])
case("came back on a regraded SKU", [*sold(x(), "2026-03-01", "A15"), *refund(x(), "2026-03-20", "A15"),
                                     back(x() + "G", "2026-04-02", "A15", sku="amzn.gr.S-1"),
                                     moved(x() + "G", "2026-04-02", "CustomerReturns", 1)])
case("the other item of the order came back", [
    *sold(x(), "2026-03-01", "A16"), *sold(x() + "H", "2026-03-01", "A16"), *refund(x(), "2026-03-20", "A16"),
    back(x() + "H", "2026-04-02", "A16"), moved(x() + "H", "2026-04-02", "CustomerReturns", 1)], refund_not_returned=1)
case("after a promotion", [*sold(x(), "2026-03-01", "A17"),
                           money(x(), "2026-03-01", "A17", "Order", "Promotion", "Principal", -5),
                           *refund(x(), "2026-03-20", "A17"),
                           money(x(), "2026-03-20", "A17", "Refund", "Promotion", "Principal", 5)], refund_not_returned=1)
case("sold before the settlements, at a price the orders know", [
    *refund(x(), "2026-03-20", "A18"),
    ("orders", {"amazon-order-id": "A18", "purchase-date": "2025-06-20T10:00:00+00:00", "order-status": "Shipped",
                "fulfillment-channel": "Amazon", "sku": product(x())["sku"], "quantity": 1, "item-price": "25.00"})],
    refund_not_returned=1)
case("sold before the settlements, at a price nobody knows", [*refund(x(), "2026-03-20", "A19")],
     unsure=["refund_not_returned"])
case("sold before the settlements, at the SKU's one price", [
    *sold(x(), "2026-02-01", "A20"), *sold(x(), "2026-02-02", "A20B"), *refund(x(), "2026-03-20", "A20C")],
    refund_not_returned=1)
case("a payment for a returned unit names no order", [*sold(x(), "2026-03-01", "A21"), *refund(x(), "2026-03-20", "A21"),
                                                      paid(x(), "2026-05-25", "CustomerReturn", 1, 16.25)],
     unsure=["refund_not_returned", "underpaid"])
case("taken back from the buyer's card again", [*sold(x(), "2026-03-01", "A22"), *refund(x(), "2026-03-20", "A22"),
                                                *refund(x(), "2026-04-20", "A22", -25)])

case("returned on the order of the replacement", [
    *sold(x(), "2026-03-01", "A23"), *refund(x(), "2026-03-20", "A23"),
    ("replacements", {"shipment-date": "2026-03-10T10:00:00+00:00", "sku": product(x())["sku"], "quantity": 1,
                      "replacement-amazon-order-id": "A23R", "original-amazon-order-id": "A23"}),
    back(x(), "2026-04-02", "A23R"), moved(x(), "2026-04-02", "CustomerReturns", 1)])
case("returned on the original order, though a replacement went out", [
    *sold(x(), "2026-03-01", "A24"), *refund(x(), "2026-03-20", "A24"),
    ("replacements", {"shipment-date": "2026-03-10T10:00:00+00:00", "sku": product(x())["sku"], "quantity": 1,
                      "replacement-amazon-order-id": "A24R", "original-amazon-order-id": "A24"}),
    back(x(), "2026-04-02", "A24"), moved(x(), "2026-04-02", "CustomerReturns", 1)])

# ---------------------------------------------------------------------------------------------------- returned units

case("broken by the carrier", [*sold(x(), "2026-03-01", "B1"), *refund(x(), "2026-03-20", "B1"),
                               back(x(), "2026-04-02", "B1", disposition="CARRIER_DAMAGED"),
                               moved(x(), "2026-04-02", "CustomerReturns", 1, disposition="CARRIER_DAMAGED")],
     returned_damaged=1)
case("broken by the carrier, and paid", [*sold(x(), "2026-03-01", "B2"), *refund(x(), "2026-03-20", "B2"),
                                         back(x(), "2026-04-02", "B2", disposition="CARRIER_DAMAGED"),
                                         moved(x(), "2026-04-02", "CustomerReturns", 1, disposition="CARRIER_DAMAGED"),
                                         paid(x(), "2026-04-12", "CustomerServiceIssue", 1, 16.25, order="B2")])
case("one payment does not settle two units", [
    *sold(x(), "2026-03-01", "B3", units=2), *refund(x(), "2026-03-20", "B3", 50),
    back(x(), "2026-04-02", "B3", disposition="CARRIER_DAMAGED"),
    moved(x(), "2026-04-02", "CustomerReturns", 1, disposition="CARRIER_DAMAGED"),
    paid(x(), "2026-06-12", "CustomerReturn", 1, 16.25, order="B3")], returned_damaged=1)
case("broken by the customer", [back(x(), "2026-04-02", "B4", disposition="CUSTOMER_DAMAGED"),
                                moved(x(), "2026-04-02", "CustomerReturns", 1, disposition="CUSTOMER_DAMAGED")])
case("unsellable is not sellable", [back(x(), "2026-04-02", "B5", disposition="UNSELLABLE")])
case("returned, and never booked", [*sold(x(), "2026-03-01", "B6"), back(x(), "2026-04-02", "B6")],
     returned_not_restocked=1)
case("returned, and booked two days later", [*sold(x(), "2026-03-01", "B7"), back(x(), "2026-04-02", "B7"),
                                             moved(x(), "2026-04-04", "CustomerReturns", 1)])
case("returned, and booked worse than it was said to be", [
    *sold(x(), "2026-03-01", "B8"), back(x(), "2026-04-02", "B8"),
    moved(x(), "2026-04-04", "CustomerReturns", 1, disposition="CUSTOMER_DAMAGED")])
case("returned a week before the end of the ledger", [*sold(x(), "2026-03-01", "B9"), back(x(), "2026-06-25", "B9")],
     unsure=["returned_not_restocked"])

# ---------------------------------------------------------------------------------------------------- inbound

case("short", [shipment(x(), "FBA1", 10, 7)], inbound_shortage=3)
case("short, as the ledger says too", [shipment(x(), "FBA2", 10, 7), moved(x(), "2026-03-02", "Receipts", 7, ref="FBA2")],
     inbound_shortage=3)
case("still being received", [shipment(x(), "FBA3", 10, 7, status="RECEIVING")])
case("cancelled", [shipment(x(), "FBA4", 10, 0, status="CANCELLED")])
case("whether it is closed is nowhere said", [shipment(x(), "FBA5", 10, 7, status="")], unsure=["inbound_shortage"])
case("too much in a sibling", [shipment(x(), "FBA6", 10, 7, plan="wf6"), shipment(x(), "FBA7", 10, 13, plan="wf6")])
case("siblings by their names, which end in a centre", [
    shipment(x(), "FBA20", 10, 7, ShipmentName="FBA STA (02/10/2026 04:07)-ONT8"),
    shipment(x(), "FBA21", 10, 12, ShipmentName="FBA STA (02/10/2026 04:07)-ABE2")], inbound_shortage=1)
case("too much in another plan", [shipment(x(), "FBA8", 10, 7, plan="wf8"), shipment(x(), "FBA9", 10, 13, plan="wf9")],
     inbound_shortage=3)
case("siblings by their names", [
    shipment(x(), "FBA10", 10, 7, ShipmentName="FBA (02/10/2026, 04:07) - 1"),
    shipment(x(), "FBA11", 10, 12, ShipmentName="FBA (02/10/2026, 04:07) - 2")], inbound_shortage=1)
case("cut after it was closed", [shipment(x(), "FBA12", 10, 10), moved(x(), "2026-03-02", "Receipts", 10, ref="FBA12"),
                                 moved(x(), "2026-04-20", "Receipts", -2, ref="FBA12")], inbound_shortage=2)
case("found after it was closed", [shipment(x(), "FBA13", 10, 7), moved(x(), "2026-03-02", "Receipts", 7, ref="FBA13"),
                                   moved(x(), "2026-04-20", "Receipts", 3, ref="FBA13")])
case("a ledger that lacks rows", [shipment(x(), "FBA14", 10, 9), moved(x(), "2026-03-02", "Receipts", 2, ref="FBA14")],
     inbound_shortage=1)
case("short and paid", [shipment(x(), "FBA15", 10, 7), paid(x(), "2026-04-10", "Lost_Inbound", 3, 8)])
case("the payment of exactly one of two short ones", [
    shipment(x(), "FBA16", 10, 7, delivered="2026-03-01"), shipment(x(), "FBA17", 10, 9, delivered="2026-03-05"),
    paid(x(), "2026-04-10", "Lost_Inbound", 1, 8)], inbound_shortage=3)
case("by SKU only", [shipment(x(), "FBA18", 10, 10, FulfillmentNetworkSKU=""), moved(x(), "2026-03-02", "Receipts", 10,
                                                                                     ref="FBA18"),
                     moved(x(), "2026-04-20", "Receipts", -1, ref="FBA18")], inbound_shortage=1)
case("counts nobody gave", [shipment(x(), "FBA19", 10, "")], unsure=["inbound_shortage"])

# ---------------------------------------------------------------------------------------------------- removals

case("one unit in no parcel", [removal(x(), "2026-04-01", "C1", 5, shipped=5), parcel(x(), "2026-04-10", "C1", 4)],
     removal_lost=1)
case("no parcel at all", [removal(x(), "2026-04-01", "C2", 5, shipped=5, updated="2026-04-09")], removal_lost=5)
case("cancelled units are not shipped", [removal(x(), "2026-04-01", "C3", 5, shipped=3, cancelled=2),
                                         parcel(x(), "2026-04-10", "C3", 3)])
case("units in process are not shipped", [removal(x(), "2026-04-01", "C4", 5, shipped=3, waiting=2),
                                          parcel(x(), "2026-04-10", "C4", 3)])
case("two dispositions in one order", [
    removal(x(), "2026-04-01", "C5", 3, shipped=3), removal(x(), "2026-04-01", "C5", 2, shipped=2,
                                                            disposition="Unsellable"),
    parcel(x(), "2026-04-10", "C5", 3), parcel(x(), "2026-04-10", "C5", 1, disposition="Unsellable")], removal_lost=1)
case("parcels that leave the disposition out", [
    removal(x(), "2026-04-01", "C6", 3, shipped=3), removal(x(), "2026-04-01", "C6", 2, shipped=2,
                                                            disposition="Unsellable"),
    parcel(x(), "2026-04-10", "C6", 5, disposition="")])
case("several parcels", [removal(x(), "2026-04-01", "C7", 5, shipped=5), parcel(x(), "2026-04-10", "C7", 2),
                         parcel(x(), "2026-04-12", "C7", 3)])
case("another label in the parcel", [removal(x(), "2026-04-01", "C8", 2, shipped=2), parcel(x() + "G", "2026-04-10",
                                                                                            "C8", 2)],
     unsure=["removal_lost"])
case("lost and paid", [removal(x(), "2026-04-01", "C9", 5, shipped=5), parcel(x(), "2026-04-10", "C9", 4),
                       paid(x(), "2026-05-10", "Lost_Outbound", 1, 8, order="C9")])
case("a liquidation ends elsewhere", [removal(x(), "2026-04-01", "C10", 5, shipped=5, kind="Liquidations")])

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


# ---------------------------------------------------------------------------------------------------- the folder

@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = [row for flat, _, _ in CASES.values() for row in flat]
    folder = write(tmp_path_factory.mktemp("traps") / "seller", [*quiet(), *rows])
    known = books.open(folder)
    return claims.claims(known, dt.date(2026, 6, 30), policy.load("amazon", "US"))


@pytest.mark.parametrize("name", CASES)
def test_the_trap(table, name):
    number = list(CASES).index(name)
    rows, owed, unsure = CASES[name]
    names = {product(f"{number:04}{letter}")["sku"] for letter in ("", "H", "G")}
    mine = table[table["msku"].isin(names)]
    asserted = mine[mine["status"].isin(ASSERTED)].groupby("claim_type")["units_open"].sum().to_dict()
    assert asserted == owed, mine[["claim_type", "status", "units_open", "ambiguous", "roles"]].to_string()
    doubtful = set(mine.loc[(mine["status"] == "ambiguous"), "claim_type"])
    assert doubtful - {"underpaid"} == unsure - {"underpaid"}, mine[["claim_type", "status", "ambiguous"]].to_string()
    assert (mine.loc[mine["status"] == "ambiguous", "ambiguous"] != "").all()
