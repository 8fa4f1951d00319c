"""Stock inside Amazon's warehouses: lost, damaged, disposed of, and Amazon's own balance of it."""

from handmade import ledger, moved, paid, product, removal

from traps import Traps

TRAPS = Traps("W")
case, x = TRAPS.case, TRAPS.x

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
case("paid under the SKU's other label, which lost nothing", [
    ledger(x(), "2026-05-01", "M", -2), moved(x(), "2026-05-02", "Receipts", 1, FNSKU=f"X00{x()}N"),
    paid(x(), "2026-05-10", "Lost_Warehouse", 2, 8, fnsku=f"X00{x()}N")])
case("a label's own payment is its own, and the SKU's other label stays owed", [
    ledger(x(), "2026-05-01", "M", -1), ledger(x(), "2026-05-03", "M", -2, FNSKU=f"X00{x()}N"),
    paid(x(), "2026-05-10", "Lost_Warehouse", 2, 8, fnsku=f"X00{x()}N")], lost_warehouse=1)
case("paid without a label, for the older loss of the SKU's two labels", [
    moved(x(), "2026-04-20", "Receipts", 9, FNSKU=f"X00{x()}N"), ledger(x(), "2026-05-01", "M", -2),
    ledger(x(), "2026-05-20", "M", -1, FNSKU=f"X00{x()}N"), paid(x(), "2026-05-10", "Lost_Warehouse", 2, 8, fnsku="")],
    lost_warehouse=1)
case("damage paid under the SKU's other label", [
    ledger(x(), "2026-05-01", "E", -2), ledger(x(), "2026-05-01", "P", 2, disposition="WAREHOUSE_DAMAGED"),
    paid(x(), "2026-05-10", "Damaged_Warehouse", 1, 8, fnsku=f"X00{x()}N")], damaged_warehouse=1)
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
