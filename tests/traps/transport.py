"""Units on the way to Amazon and back to the seller."""

from handmade import moved, paid, parcel, removal, shipment

from traps import Traps

TRAPS = Traps("T")
case, x = TRAPS.case, TRAPS.x

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
case("short and paid under the SKU's other label", [shipment(x(), "FBA22", 10, 7),
                                                     paid(x(), "2026-04-10", "Lost_Inbound", 2, 8, fnsku=f"X00{x()}N")],
     inbound_shortage=1)
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
