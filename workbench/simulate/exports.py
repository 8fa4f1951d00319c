"""The world's papers as Amazon's export files: headers, order, quoting, encodings and date formats as observed.

Formats: Seller Central's ledger help and SP-API report attributes, and published field statistics of real exports. Only
the two ledger reports are quoted in tab files; titles hold bare quotation marks elsewhere.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from workbench.simulate import trade
from workbench.simulate.market import Region
from workbench.simulate.world import SELLABLE, World

HEADERS = {name: [part.strip() for part in " ".join(text.split()).split(" | ")] for name, text in tomllib.loads(
    (files("workbench") / "simulate" / "headers.toml").read_text("utf-8")).items()}
MOVED = {"Receipts": 8, "Shipments": 9, "CustomerReturns": 10, "VendorReturns": 11, "WhseTransfers": 12}
ADJUSTED = {"F": 13, "M": 14, "5": 14, "E": 15, "6": 15, "7": 15, "H": 15, "K": 15, "U": 15, "D": 16, "G": 16}


class Folder:
    """Writes the export files of one world below `root`; the same world gives the same bytes and times."""

    def __init__(self, world: World, root: Path) -> None:
        self.world, self.root, self.region = world, root, world.region
        self.written: dict[str, list[list[str]]] = {}  # file -> its rows, header first

    # ------------------------------------------------------------------------------------------------ writing

    def write(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8",
              quoted: bool = False, comma: bool = False, on: dt.date | None = None) -> str:
        """A table as text; `.gz` and `.zip` in the name pack it. Gives the name."""
        lines = [list(header), *([_cell(value) for value in row] for row in rows)]
        self.written[name] = lines
        if comma or quoted:
            out = io.StringIO()
            csv.writer(out, delimiter="," if comma else "\t", lineterminator="\n" if comma else "\r\n",
                       quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(lines)
            text = out.getvalue()
        else:
            text = "".join("\t".join(line) + "\r\n" for line in lines)
        self.save(name, text.encode(encoding, "replace" if encoding == "cp1252" else "strict"), on)
        return name

    def save(self, name: str, data: bytes, on: dt.date | None = None) -> None:
        """Bytes at `name`, dated the day after the last one, or `on`."""
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            data = gzip.compress(data, 9, mtime=0)
        elif name.endswith(".zip"):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                member = zipfile.ZipInfo(place.name.removesuffix(".zip"), (2026, 1, 1, 0, 0, 0))
                archive.writestr(member, data, zipfile.ZIP_DEFLATED, 9)
            data = packed.getvalue()
        place.write_bytes(data)
        stamp = dt.datetime.combine((on or self.world.last) + dt.timedelta(days=1), dt.time(8), dt.UTC).timestamp()
        os.utime(place, (stamp, stamp))

    def money(self, amount: float) -> str:
        """An amount with the digits of the region's currency."""
        return f"{amount:.{self.region.minor}f}"

    # ------------------------------------------------------------------------------------------------ the ledger

    def ledgers(self) -> list[str]:
        """One detail file a month, named as Amazon numbers its files; the rows of a day in the order they were posted."""
        months = defaultdict(list)
        for row in self.world.ledger:
            months[row["day"].strftime("%Y-%m")].append(row)
        names = []
        header = [name.replace(" ", "") for name in HEADERS["detail"][:14]] if self.region.ledger_columns == 14 \
            else HEADERS["detail"][:self.region.ledger_columns]
        for month, rows in sorted(months.items()):
            made = _next_month(month)
            name = f"ledger/{50000 + len(names)}0{(made - dt.date(1970, 1, 1)).days}.txt"
            name += "" if month == max(months) else ".gz"
            self.write(name, header, (self.detail(row)[:len(header)] for row in rows), on=made, quoted=True,
                       encoding="utf-8-sig" if self.region.ledger_columns == 16 else "utf-8")
            names.append(name)
        return names

    def detail(self, row: dict) -> list[object]:
        """One ledger row in the order of HEADERS["detail"]."""
        product, owed = row["product"], row["owed"]
        pair = (owed.settled, owed.open) if owed else (abs(row["units"]), 0) if row["reason"] == "F" else ("", "")
        at = dt.datetime.combine(row["day"], dt.time(), ZoneInfo(self.region.zone))
        if self.region.name in ("EU", "UK"):
            at = dt.datetime.combine(row["day"], dt.time(12), ZoneInfo(self.region.zone))
        return [f"{row['day']:%m/%d/%Y}", product.fnsku, product.asin, product.sku, product.title, row["event"],
                row["reference"], row["units"], row["center"], row["disposition"], row["reason"],
                self.world.country[row["center"]], *pair, f"{at:%Y-%m-%dT%H:%M:%S%z}", ""]

    def summary(self) -> None:
        """Monthly, by centre: start, every movement, end. Some regions write what leaves as positive magnitudes."""
        world, rows = self.world, []
        balance = dict(world.opening)
        months = sorted({row["day"].strftime("%Y-%m") for row in world.ledger})
        by_month: dict[str, dict] = {month: defaultdict(lambda: [0] * 22) for month in months}
        for row in world.ledger:
            key = (row["product"].at, row["center"], row["disposition"])
            column = ADJUSTED.get(row["reason"], 17) if row["event"] == "Adjustments" else MOVED[row["event"]]
            by_month[row["day"].strftime("%Y-%m")][key][column] += row["units"]
        leaving = (9, 11, 14, 15, 16) if self.region.name == "AE" else ()
        for month in months:
            end = min(_next_month(month) - dt.timedelta(days=1), world.last)
            for key in sorted(set(by_month[month]) | {key for key, units in balance.items() if units}):
                moved, product = by_month[month][key], world.products[key[0]]
                start = balance.get(key, 0)
                balance[key] = start + sum(moved[8:18])
                shown = [abs(units) if at in leaving else units for at, units in enumerate(moved)]
                rows.append([f"{end:%m/%d/%Y}", product.fnsku, product.asin, product.sku, product.title, key[2], start, 0,
                             *shown[8:18], balance[key], 0, key[1], ""])
        self.write("ledger/summary-by-fc.csv.zip", HEADERS["summary"], rows, quoted=True, comma=True)

    # ------------------------------------------------------------------------------------------------ other reports

    def reports(self) -> None:
        """Everything Amazon offers beside the ledger."""
        world, currency = self.world, self.region.currency
        text = "cp932" if self.region.name == "JP" else "cp1252"
        self.write("reimbursements.txt", HEADERS["reimbursements"], (
            [_utc(row["approval"]), row["id"], row["case"], row["order"], row["reason"], row["product"].sku,
             row["product"].fnsku, row["product"].asin, row["product"].title, "NewItem", currency,
             self.money(row["per_unit"]), self.money(row["amount"]), row["cash"], row["stock"], row["total"],
             row["original"], row["original_type"]] for row in world.reimbursements), encoding=text)
        self.write("returns.txt", HEADERS["returns"], (
            [_utc(row["at"]), row["order"], row["product"].sku, row["product"].asin, row["product"].fnsku,
             row["product"].title, 1, row["center"], row["disposition"], row["reason"], "Unit returned to inventory",
             row["lpn"], ""] for row in world.returns))
        self.write("removal-orders.txt", HEADERS["removal_orders"], (
            [_midnight(row["requested_on"]), row["order"], "Seller-initiated Manual Removal", row["kind"], row["status"],
             _midnight(row["updated_on"]), row["product"].sku, row["product"].fnsku, _word(row["disposition"]),
             row["requested"], row["cancelled"], row["disposed"], row["shipped"], row["waiting"],
             self.money(row["shipped"] * 0.97), currency] for row in world.removal_orders))
        self.write("removal-shipments.txt", HEADERS["removal_shipments"], (
            [_midnight(row["requested_on"]), row["order"], _midnight(row["shipped_on"]), row["product"].sku,
             row["product"].fnsku, _word(row["disposition"]), row["units"], "UPS", row["tracking"], "Return"]
            for row in world.removal_shipments))
        for month, rows in _by_month(world.orders):
            self.write(f"orders/orders-{month}.txt.gz", HEADERS["orders"], map(self.order, rows),
                       encoding=self.region.orders_encoding)
        for month, rows in _by_month(world.shipments):
            self.write(f"orders/shipments-{month}.txt.gz", HEADERS["sales"], (
                [_utc(row["at"]), row["product"].sku, row["product"].fnsku, row["product"].asin, row["center"],
                 row["units"], row["order"], currency,
                 "" if row["channel"] == "Non-Amazon" else self.money(row["price"]), self.money(0), self.money(0), "", "",
                 ""] for row in rows))
        self.settlements()
        self.snapshots()
        self.inbound()

    def order(self, row: dict) -> list[object]:
        product, units = row["product"], row["units"]
        sold = bool(units) and row["channel"] != "Non-Amazon"
        at = _utc(row["at"])
        return [row["order"], "", at, at, row["status"], "Amazon", row["channel"], "", "Standard", product.title,
                product.sku, product.asin, row["status"], units, self.region.currency if sold else "",
                self.money(row["price"] * units) if sold else "", self.money(0) if sold else "", "", "", "", "", "", "",
                "Springfield", "", "00000", self.world.country[row["center"]], "", "", "false", "", "", "false"]

    def settlements(self) -> None:
        """One file per fortnight: its total first, then the amounts, which sum to it."""
        world, style = self.world, self.region.settlement_dates
        start = dt.datetime.combine(world.first, dt.time(), dt.UTC) - dt.timedelta(days=1)
        lines = sorted(world.money, key=lambda line: line["posted"])
        number = 25_000_000_000
        while start.date() <= world.last + dt.timedelta(days=1):
            end = start + dt.timedelta(days=14)
            part = [line for line in lines if start <= line["posted"] < end]
            number += 17_389_121
            total = round(sum(line["amount"] for line in part), self.region.minor)
            deposit = end + dt.timedelta(days=2)
            rows: list[list[object]] = [[number, *(f"{at:{style}}" for at in (start, end, deposit)), self.money(total),
                                         self.region.currency, *[""] * 18]]
            for line in part:
                day = "%d.%m.%Y" if "." in style else "%Y-%m-%d"
                rows.append([number, "", "", "", "", "", line["kind"], line["order_id"], "", line["adjustment"], "",
                             line["marketplace"], line["amount_type"], line["description"], self.money(line["amount"]),
                             line["channel"], f"{line['posted']:{day}}", f"{line['posted']:{style}}", line["item"], "", "",
                             line["sku"], "" if line["units"] is None else line["units"], ""])
            if part and end.date() <= world.last + dt.timedelta(days=14):
                self.write(f"settlements/{number}.txt.gz", HEADERS["settlement"], rows, on=end.date())
            start = end

    def snapshots(self) -> None:
        """The fee preview and the stock of the last evening."""
        world, money = self.world, self.money
        if self.region.name in ("EU", "UK"):
            rows = [[p.sku, p.fnsku, p.asin, p.title, p.category, p.title.split()[0], "Amazon", "Yes", money(p.price),
                     money(p.price), "Small parcel", self.region.currency,
                     money(trade.right_fee(world, p, world.last) + p.price * trade.REFERRAL),
                     money(p.price * trade.REFERRAL), money(0), money(trade.right_fee(world, p, world.last))]
                    for p in world.products]
            self.write("fee-preview.txt", HEADERS["fees_eu"], rows, encoding="cp1252")
        else:
            rows = [[p.sku, p.fnsku, p.asin, self.region.name, p.title, p.category, p.title.split()[0], "Amazon",
                     money(p.price), money(p.price), "9.8", "6.1", "3.2", "28.4", "inches", "1.10", "pounds",
                     "UsLargeStandardSize", self.region.currency,
                     money(trade.right_fee(world, p, world.last) + p.price * trade.REFERRAL),
                     money(p.price * trade.REFERRAL), money(0), "", "", "", money(trade.right_fee(world, p, world.last))]
                    for p in world.products]
            self.write("fee-preview.txt", HEADERS["fees"], rows, encoding="cp932" if self.region.name == "JP" else "cp1252")
        stock = []
        for p in world.products:
            good = sum(units for _, units in world.held(p))
            bad = sum(units for (at, _, disposition), units in world.stock.items()
                      if at == p.at and disposition != SELLABLE)
            stock.append([p.sku, p.fnsku, p.asin, p.title, "New", money(p.price), "No", "", "Yes", good + bad, good, bad, 0,
                          good + bad, "0.05", 0, 0, 0, 0, 0, 0, ""])
        self.write("manage-fba-inventory.txt", HEADERS["stock"], stock,
                   encoding="cp932" if self.region.name == "JP" else "cp1252")

    def inbound(self) -> None:
        """A sheet of shipped and received units; for the EU and Japan the inbound API's answers."""
        rows = self.world.inbound
        if self.region.name not in ("EU", "JP"):
            self.write("inbound-shipments.csv", HEADERS["inbound"], (
                [row["id"], f"FBA ({row['created']:%m/%d/%Y}, 08:15) - 1", row["plan"], row["center"], row["status"],
                 row["created"], row["delivered"] or "", row["closed"] or "", row["product"].sku, row["product"].fnsku,
                 row["shipped"], row["received"]] for row in rows), comma=True)
            return
        lines = []
        for at in range(0, len(rows), 20):
            page = rows[at:at + 20]
            lines.append({"payload": {"ShipmentData": [
                {"ShipmentId": row["id"], "ShipmentName": f"FBA ({row['created']:%d/%m/%Y}, 08:15) - 1",
                 "DestinationFulfillmentCenterId": row["center"], "ShipmentStatus": row["status"],
                 "LabelPrepType": "SELLER_LABEL", "AreCasesRequired": False} for row in page]}})
            lines.append({"payload": {"ItemData": [
                {"ShipmentId": row["id"], "SellerSKU": row["product"].sku, "FulfillmentNetworkSKU": row["product"].fnsku,
                 "QuantityShipped": row["shipped"], "QuantityReceived": row["received"], "QuantityInCase": 0}
                for row in page]}})
        self.save("inbound-shipments.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())


def _cell(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _utc(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+00:00"


def _midnight(day: dt.date) -> str:
    """A day in a report that prints moments: noon in UTC, the same day in every region sold to."""
    return f"{day:%Y-%m-%d}T12:00:00+00:00"


def _word(disposition: str) -> str:
    return "Sellable" if disposition == SELLABLE else "Unsellable"


def _by_month(rows: Sequence[dict]) -> list[tuple[str, list[dict]]]:
    months = defaultdict(list)
    for row in rows:
        months[f"{row['at']:%Y-%m}"].append(row)
    return sorted(months.items())


def _next_month(month: str) -> dt.date:
    year, number = map(int, month.split("-"))
    return dt.date(year + number // 12, number % 12 + 1, 1)


def seller_toml(region: Region, name: str) -> str:
    """What the seller states of itself."""
    return (f'name = "{name}"\nregion = "{region.name}"\nmarketplaces = ["{region.site}"]\n'
            f'time_zone = "{region.zone}"\ncurrency = "{region.currency}"\n')
