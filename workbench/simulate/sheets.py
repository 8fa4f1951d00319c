"""The analyst's own sheets of a simulated seller, and the mess real folders are in."""

from __future__ import annotations

import datetime as dt
import io

from workbench.simulate.exports import HEADERS, Folder
from workbench.simulate.truth import SOP

CHINESE = {"costs": ["SKU", "采购成本", "头程运费", "类目", "币种", "生效日期"],
           "sops": ["SOP名称", "SKU分组", "SKU", "采用日期"]}


def write(folder: Folder) -> None:
    """costs, cases, sops, incidents and removal_receipts; a Japan seller keeps its sheets in Chinese, costs in Excel."""
    world, region = folder.world, folder.region
    chinese = region.name == "JP"
    costs = [[p.sku, folder.money(p.cost), folder.money(p.freight), p.category, region.currency, ""]
             for p in world.products if p.has_cost]
    if chinese:
        folder.save("costs.xlsx", _xlsx([CHINESE["costs"], *costs]))
    else:
        folder.write("costs.csv", ["sku", "unit_cost", "freight_per_unit", "category", "currency", "from_date"], costs,
                     comma=True)
    adopted = [[SOP, "treated", p.sku, world.first + dt.timedelta(days=p.adopted)] if p.adopted is not None
               else [SOP, "control", p.sku, ""] for p in world.products]
    if any(row[3] for row in adopted):
        folder.write("sops.csv", CHINESE["sops"] if chinese else ["sop", "sku_group", "sku", "adopted_on"], adopted,
                     comma=True)
    names = ["case_id", "claim_type", "filed_on", "decided_on", "outcome", "denial_reason", "amount", "currency", "sku",
             "fnsku", "order_id", "shipment_id"]
    folder.write("cases.csv", names, ([case.get(name) if case.get(name) is not None else "" for name in names]
                                      for case in world.cases), comma=True)
    folder.write("removal-receipts.csv", ["removal_order_id", "tracking_number", "sku", "shipped_quantity",
                                          "received_quantity", "received_on"],
                 ([row["order"], row["tracking"], row["product"].sku, row["shipped"], row["received"], row["on"]]
                  for row in world.removal_receipts if row["on"] <= world.last), comma=True)
    kinds = ("listing deleted by mistake", "wrong deal price", "advertising budget ran away", "stock-out")
    days = (world.last - world.first).days
    folder.write("incidents.csv", ["date", "kind", "sku", "estimated_loss", "currency", "note"], (
        [world.first + dt.timedelta(days=int(world.rng.integers(days))), kinds[at % 4],
         world.products[int(world.rng.integers(len(world.products)))].sku,
         folder.money(float(world.rng.integers(20, 900)) * region.scale), region.currency, ""]
        for at in range(max(days // 40, 3))), comma=True)


def cases(world) -> None:
    """Some open claims were filed already: denied, or still pending."""
    for owed in world.claims:
        if owed.open and owed.claim_type in ("lost_warehouse", "damaged_warehouse", "inbound_shortage") and \
                world.chance(0.2) and owed.day < world.last - dt.timedelta(days=30):
            denied = world.chance(0.6)
            world.case(owed.claim_type, owed.product, "denied" if denied else "pending", 0 if denied else "",
                       "documents missing" if denied else "", order_id=owed.order_id, shipment_id=owed.shipment_id)


def mess(folder: Folder, ledgers: list[str]) -> list[tuple]:
    """Overlapping, doubled, cut and unrelated files. The truth stays; gives (file, line, what) to be set aside."""
    problems: list[tuple] = []
    newest, before = ledgers[-1], ledgers[-2]
    rows = folder.written[newest]
    # an older export of the newest month: fewer rows, another title; the newest owns its days
    stale = [[*row[:4], "Old title, since renamed", *row[5:]] for at, row in enumerate(rows[1:]) if at % 3]
    made = dt.datetime.strptime(rows[-1][0], "%m/%d/%Y").date() - dt.timedelta(days=2)
    kept = [row for row in stale if dt.datetime.strptime(row[0], "%m/%d/%Y").date() <= made]
    folder.write(f"ledger/491110{(made - dt.date(1970, 1, 1)).days}.txt", rows[0], kept, quoted=True, on=made)
    # the month before once more, byte by byte
    data = (folder.root / before).read_bytes()
    (folder.root / "ledger" / ("Copy of " + before.split("/")[1])).write_bytes(data)
    # a line that is no event, and blank lines
    text = (folder.root / newest).read_bytes()
    names = rows[0]
    broken = ["13/45/2026" if name == "Date" else "two" if name == "Quantity" else "x" for name in names]
    text += ("\t".join(f'"{cell}"' for cell in broken) + "\r\n\r\n\r\n").encode()
    folder.save(newest, text)
    problems.append((newest, len(rows) + 1, "no date and no count"))
    # the download of the returns broke off in its last line
    text = (folder.root / "returns.txt").read_bytes() + b"2026-0"
    folder.save("returns.txt", text)
    problems.append(("returns.txt", len(folder.written["returns.txt"]) + 1, "cut off"))
    folder.save("notes.txt", b"call the forwarder about the pallets\nask for the POD\n")
    folder.save("photo.jpg", bytes(range(256)) * 8)
    folder.write("removal-shipments-old.txt", HEADERS["removal_shipments"], [])
    return problems


def _xlsx(rows: list[list]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2026, 1, 1)})
    sheet = book.add_worksheet("成本表")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if at and column in (1, 2):
                sheet.write_number(at, column, float(value))
            else:
                sheet.write_string(at, column, str(value))
    book.close()
    return out.getvalue()
