"""Customer orders: refunds, and units that came back."""

from handmade import back, money, moved, paid, product, refund, sold

from traps import Traps

TRAPS = Traps("O")
case, x = TRAPS.case, TRAPS.x

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
