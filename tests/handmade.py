"""Seller folders typed out by hand: rows of Amazon's reports as short calls, written with Amazon's own headers.

A row is (table, {header: value}). Fields left out are those of the product `x`: FNSKU X…, SKU S-…, ASIN B…; so every
trap of a folder has products and orders of its own, and no trap meets another.
"""

import csv
import datetime as dt

from workbench import books, claims, policy

HEADERS = {
    "ledger": "Date,FNSKU,ASIN,MSKU,Title,Event Type,Reference ID,Quantity,Fulfillment Center,Disposition,Reason,Country,"
              "Reconciled Quantity,Unreconciled Quantity,Date and Time",
    "reimbursements": "approval-date,reimbursement-id,case-id,amazon-order-id,reason,sku,fnsku,asin,product-name,condition,"
                      "currency-unit,amount-per-unit,amount-total,quantity-reimbursed-cash,quantity-reimbursed-inventory,"
                      "quantity-reimbursed-total,original-reimbursement-id,original-reimbursement-type",
    "returns": "return-date,order-id,sku,asin,fnsku,product-name,quantity,fulfillment-center-id,detailed-disposition,"
               "reason,status,license-plate-number,customer-comments",
    "removal-orders": "request-date,order-id,order-source,order-type,order-status,last-updated-date,sku,fnsku,disposition,"
                      "requested-quantity,cancelled-quantity,disposed-quantity,shipped-quantity,in-process-quantity,"
                      "removal-fee,currency",
    "removal-shipments": "request-date,order-id,shipment-date,sku,fnsku,disposition,shipped-quantity,carrier,"
                         "tracking-number,removal-order-type",
    "orders": "amazon-order-id,merchant-order-id,purchase-date,last-updated-date,order-status,fulfillment-channel,"
              "sales-channel,order-channel,ship-service-level,product-name,sku,asin,item-status,quantity,currency,"
              "item-price,item-tax",
    "settlement": "settlement-id,settlement-start-date,settlement-end-date,deposit-date,total-amount,currency,"
                  "transaction-type,order-id,merchant-order-id,adjustment-id,shipment-id,marketplace-name,amount-type,"
                  "amount-description,amount,fulfillment-id,posted-date,posted-date-time,order-item-code,"
                  "merchant-order-item-id,merchant-adjustment-item-id,sku,quantity-purchased,promotion-id",
    "inbound": "ShipmentId,ShipmentName,InboundPlanId,DestinationFulfillmentCenterId,ShipmentStatus,CreatedDate,"
               "DeliveredDate,ClosedDate,SellerSKU,FulfillmentNetworkSKU,QuantityShipped,QuantityReceived",
    "fee-preview": "sku,fnsku,asin,amazon-store,product-name,product-group,your-price,sales-price,product-size-tier,"
                   "currency,estimated-referral-fee-per-unit,expected-fulfillment-fee-per-unit",
    "replacements": "shipment-date,sku,asin,fulfillment-center-id,original-fulfillment-center-id,quantity,"
                    "replacement-reason-code,replacement-amazon-order-id,original-amazon-order-id",
    "transactions": "date/time,settlement id,type,order id,sku,description,quantity,marketplace,account type,fulfillment,"
                    "product sales,product sales tax,promotional rebates,selling fees,fba fees,other,total",
    "costs": "sku,unit_cost,freight_per_unit,category,currency,from_date",
}
COMMA = ("costs", "inbound", "transactions")
FIRST, LAST = "2025-07-01", "2026-06-30"


def cells(text, separator="|"):
    """The cells of a line."""
    return text.split(separator)


def quoted(cells):
    """A line of a CSV file, every cell in quotes."""
    return ",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells)


def product(x):
    """The names of product `x`."""
    return {"fnsku": f"X00{x}", "sku": f"S-{x}", "asin": f"B0{x}"}


def _fill(table, names, x):
    known = product(x)
    named = {"FNSKU": "fnsku", "MSKU": "sku", "ASIN": "asin", "fnsku": "fnsku", "sku": "sku", "asin": "asin",
             "SellerSKU": "sku", "FulfillmentNetworkSKU": "fnsku"}
    return table, {**{header: known[name] for header, name in named.items() if header in HEADERS[table].split(",")},
                   **names}


def ledger(x, day, reason, units, *, fc="ONT8", disposition="SELLABLE", event="Adjustments", ref="", left=None, **more):
    """One ledger row; `left`: Amazon's Unreconciled Quantity."""
    pair = {} if left is None else {"Reconciled Quantity": abs(units) - left, "Unreconciled Quantity": left}
    return _fill("ledger", {"Date": dt.date.fromisoformat(day).strftime("%m/%d/%Y"), "Event Type": event, "Country": "US",
                            "Quantity": units, "Reason": reason, "Fulfillment Center": fc, "Disposition": disposition,
                            "Reference ID": ref, **pair, **more}, x)


def moved(x, day, event, units, **more):
    """A ledger row that is no adjustment: Receipts, Shipments, CustomerReturns, WhseTransfers, VendorReturns."""
    return ledger(x, day, "", units, event=event, **more)


def paid(x, day, reason, cash, per_unit, *, stock=0, id="", order="", original="", currency="USD", **more):
    """A reimbursement; negative cash is a reversal as Amazon writes it."""
    return _fill("reimbursements", {
        "approval-date": f"{day}T12:00:00+00:00", "reimbursement-id": id or f"R-{x}-{day}-{cash}-{stock}",
        "amazon-order-id": order, "reason": reason, "condition": "NewItem", "currency-unit": currency,
        "amount-per-unit": f"{per_unit if cash >= 0 else -per_unit:.2f}", "amount-total": f"{per_unit * cash:.2f}",
        "quantity-reimbursed-cash": cash, "quantity-reimbursed-inventory": stock, "quantity-reimbursed-total": cash + stock,
        "original-reimbursement-id": original, **more}, x)


def back(x, day, order, *, units=1, disposition="SELLABLE", status="Unit returned to inventory", **more):
    """A returned unit in the returns report."""
    return _fill("returns", {"return-date": f"{day}T12:00:00+00:00", "order-id": order, "quantity": units,
                             "reason": "UNWANTED_ITEM",
                             "fulfillment-center-id": "ONT8", "detailed-disposition": disposition, "status": status,
                             **more}, x)


def money(x, day, order, kind, group, text, amount, *, units="", channel="AFN", site="Amazon.com", currency="USD", **more):
    """One amount of a settlement."""
    return _fill("settlement", {"settlement-id": "900", "transaction-type": kind, "order-id": order, "amount-type": group,
                                "amount-description": text, "amount": f"{amount:.2f}", "fulfillment-id": channel,
                                "marketplace-name": site, "posted-date": day, "posted-date-time": f"{day} 12:00:00 UTC",
                                "quantity-purchased": units, "currency": currency, **more}, x)


def sold(x, day, order, *, units=1, price=25.0, fee=5.0, referral=3.75, **more):
    """A sale: price, referral fee and fulfilment fee of the order line."""
    return [money(x, day, order, "Order", "ItemPrice", "Principal", price * units, units=units, **more),
            money(x, day, order, "Order", "ItemFees", "Commission", -referral * units, units=units, **more),
            money(x, day, order, "Order", "ItemFees", "FBAPerUnitFulfillmentFee", -fee * units, units=units, **more)]


def refund(x, day, order, amount=25.0, **more):
    """A refund as Amazon writes it: one row per kind of amount."""
    return [money(x, day, order, "Refund", "ItemPrice", "Principal", -amount, **more),
            money(x, day, order, "Refund", "ItemPrice", "Tax", -amount * 0.08, **more),
            money(x, day, order, "Refund", "ItemFees", "Commission", amount * 0.15, **more),
            money(x, day, order, "Refund", "ItemFees", "RefundCommission", -amount * 0.03, **more)]


def removal(x, day, order, requested, *, kind="Return", shipped=0, cancelled=0, disposed=0, waiting=0, updated="",
            disposition="Sellable", **more):
    """A line of a removal order."""
    return _fill("removal-orders", {
        "request-date": f"{day}T12:00:00+00:00", "order-id": order, "order-type": kind, "order-status": "Completed",
        "last-updated-date": f"{updated or day}T12:00:00+00:00", "disposition": disposition,
        "requested-quantity": requested,
        "cancelled-quantity": cancelled, "disposed-quantity": disposed, "shipped-quantity": shipped,
        "in-process-quantity": waiting, **more}, x)


def parcel(x, day, order, units, *, disposition="Sellable", **more):
    """A line of a removal shipment."""
    return _fill("removal-shipments", {"request-date": f"{day}T12:00:00+00:00", "shipment-date": f"{day}T12:00:00+00:00",
                                       "order-id": order, "shipped-quantity": units, "disposition": disposition,
                                       "carrier": "UPS", "tracking-number": f"1Z{order}{units}{day}", **more}, x)


def shipment(x, number, shipped, received, *, delivered="2026-03-01", status="CLOSED", plan="", **more):
    """An inbound shipment's SKU."""
    return _fill("inbound", {"ShipmentId": number, "InboundPlanId": plan, "ShipmentStatus": status,
                             "QuantityShipped": shipped,
                             "CreatedDate": "2026-02-10", "DeliveredDate": delivered, "QuantityReceived": received,
                             "ClosedDate": "2026-03-20" if status == "CLOSED" else "", **more}, x)


def cost(x, unit_cost=8.0, **more):
    """A line of the analyst's cost sheet."""
    return _fill("costs", {"unit_cost": unit_cost, "freight_per_unit": 1.5, **more}, x)


def fee(x, amount=5.0, *, store="US", currency="USD", **more):
    """A line of the fee preview."""
    return _fill("fee-preview", {"amazon-store": store, "currency": currency, "your-price": "25.00", "sales-price": "25.00",
                                 "product-size-tier": "UsLargeStandardSize", "estimated-referral-fee-per-unit": "3.75",
                                 "expected-fulfillment-fee-per-unit": f"{amount:.2f}", **more}, x)


def quiet(first=FIRST, last=LAST):
    """Rows that owe nothing, every five days, so that every report reaches from `first` to `last`."""
    rows, day, end = [], dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    while day <= end:
        at = day.isoformat()
        rows += [moved("Z", at, "Receipts", 1), back("Z", at, f"Z-{at}", disposition="DEFECTIVE"),
                 paid("Z", at, "Fee_Correction", 0, 0.0, id=f"Z-{at}"),
                 money("Z", at, "", "other-transaction", "other-transaction", "Subscription Fee", -1.0),
                 removal("Z", at, f"Z-{at}", 1, cancelled=1), parcel("Z", at, f"Z-{at}", 1)]
        day += dt.timedelta(days=5)
    return rows


def write(root, rows, *, region="US", without=(), columns=None):
    """The folder `root` with one file per table of the rows; `columns`: only that many columns of the ledger."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "seller.toml").write_text(f'region = "{region}"\n', "utf-8")
    tables = {}
    for table, cells in rows:
        tables.setdefault(table, []).append(cells)
    for table, cells in tables.items():
        if table in without:
            continue
        header = HEADERS[table].split(",")[:columns if table == "ledger" else None]
        if table in ("ledger", "settlement"):
            cells = sorted(cells, key=lambda row: _when(row))
        lines = [header, *([str(row.get(name, "")) for name in header] for row in cells)]
        if table == "settlement":
            total = sum(round(float(row["amount"]) * 100) for row in cells) / 100
            head = {"settlement-id": "900", "total-amount": f"{total:.2f}", "currency": cells[0]["currency"],
                    "settlement-start-date": f"{FIRST} 00:00:00 UTC", "settlement-end-date": f"{LAST} 00:00:00 UTC"}
            lines.insert(1, [str(head.get(name, "")) for name in header])
        with (root / f"{table}.{'csv' if table in COMMA else 'txt'}").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="," if table in COMMA else "\t", lineterminator="\n",
                       quoting=csv.QUOTE_ALL if table == "ledger" else csv.QUOTE_MINIMAL).writerows(lines)
    return root


def claims_of(folder, as_of=LAST, rules="amazon", *, through=None, types=()):
    """The claims of a seller folder on a day, under a policy as it stands in the seller's market."""
    known = books.open(folder, through)
    return claims.claims(known, dt.date.fromisoformat(as_of), policy.load(rules, known.seller.market), types=types)


def _when(row):
    if "Date" in row:
        return dt.datetime.strptime(row["Date"], "%m/%d/%Y").date().isoformat()
    return row["posted-date"]
