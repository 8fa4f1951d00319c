"""A large seller's export files, written the same on every machine: the size of `rows` is the ledger's.

5,000 products sold by Zipf's law, 60 fulfilment centres, twelve months, long titles (a quarter with inch marks, some with
accents), every cell quoted, tab-separated. Nothing here knows how the workbench reads.
"""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

PRODUCTS = 5000
MONTHS = [np.datetime64("2025-07") + i for i in range(12)]
CENTERS = [f"{name}{digit}" for name in ("PHX", "ABE", "ONT", "LAS", "DFW", "MDW", "IND", "BWI", "CVG", "EWR")
           for digit in range(1, 7)]
EVENTS = {"Shipments": .56, "WhseTransfers": .24, "CustomerReturns": .06, "Receipts": .04, "Adjustments": .08,
          "VendorReturns": .02}
HEADER = ["Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity", "Fulfillment Center",
          "Disposition", "Reason", "Country", "Reconciled Quantity", "Unreconciled Quantity", "Date and Time", "Store"]
REASONS = {"M": .3, "F": .22, "E": .16, "P": .16, "Q": .1, "O": .02, "N": .02, "5": .02}
PAID = {"Lost_Warehouse": .35, "Damaged_Warehouse": .3, "CustomerReturn": .25, "Lost_Inbound": .1}
WORDS = {"en": ["Ergonomic", "Folding", "Stainless", "Kitchen", "Garden", "Outdoor", "Heavy-Duty", "Adjustable", "Café",
                "Crème™", "Organizer", "Holder", "Cushion", "–", "Rack", "Black", "White", "Silver"],
         "ja": ["折りたたみ", "ステンレス", "キッチン", "ガーデン", "旅行", "アウトドア", "頑丈", "調整可能", "収納",
                "ホルダー", "ボトル", "クッション", "ランプ", "ラック", "ブラック", "ホワイト", "シルバー"]}


class Products:
    """The products' codes and names, and how often each is traded."""

    def __init__(self, language: str = "en") -> None:
        draw = np.random.default_rng(7)
        number = np.arange(PRODUCTS)
        self.fnsku = pa.array([f"X00{n * 7919 % 9_999_991:07d}" for n in number])
        self.asin = pa.array([f"B0{n * 104_729 % 99_999_989:08d}" for n in number])
        self.msku = pa.array([f"ACME-{n:05d}-{'BWSR'[n % 4]}" for n in number])
        self.title = pa.array([_title(draw, n, WORDS[language], 85 if language == "en" else 40) for n in number])
        self.price = np.round(draw.lognormal(3, .6, PRODUCTS) + 5, 2)
        self.share = 1 / np.arange(1, PRODUCTS + 1)
        self.share /= self.share.sum()


def _title(draw: np.random.Generator, number: int, words: list[str], length: int) -> str:
    text = f"{24 + number % 12}\" " if number % 4 == 0 else ""
    while len(text) < length - 10:
        text += words[draw.integers(len(words))] + " "
    return f"{text}No. {number:05d}"


def months(folder: Path, rows: int, *, language: str = "en", count: int = 12) -> list[Path]:
    """The first `count` month files of a year of `rows` rows of the detailed inventory ledger."""
    products = Products(language)
    each = np.diff(np.linspace(0, rows, len(MONTHS) + 1).astype(int))
    return [_written(folder / f"ledger-{month}.txt", _ledger(products, month, size), "\t")
            for month, size in list(zip(MONTHS, each, strict=True))[:count]]


def seller(folder: Path, rows: int) -> Path:
    """The month files, a reimbursement report of a fiftieth of their rows (no reversals), and a cost sheet."""
    for path in months(folder.parent / "months", rows):
        once(folder / path.name, lambda link, path=path: link.hardlink_to(path))
    products = Products()
    _written(folder / "reimbursements.txt", lambda: [_reimbursements(products, rows // 50)], "\t")
    _written(folder / "costs.csv", lambda: [pa.table({
        "sku": products.msku, "unit_cost": pa.array(np.round(products.price * .3, 2)).cast(pa.string()),
        "currency": pa.array(["USD"] * PRODUCTS)})], ",")
    return folder


def whole(folder: Path, files: list[Path]) -> Path:
    """The same rows in one file."""
    def write(path: Path) -> None:
        with path.open("wb") as out:
            for at, file in enumerate(files):
                with file.open("rb") as part:
                    if at:
                        part.readline()
                    shutil.copyfileobj(part, out, 16 << 20)

    return once(folder / "ledger-whole.txt", write)


def once(path: Path, write: Callable[[Path], object]) -> Path:
    """The file, written if it is not there; a run that was stopped leaves no half of one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        write(temporary)
        temporary.replace(path)
    return path


def _written(path: Path, pieces: Callable[[], list[pa.Table]], delimiter: str) -> Path:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as out:
            for at, piece in enumerate(pieces()):
                pa.csv.write_csv(piece, out, pa.csv.WriteOptions(include_header=not at, delimiter=delimiter,
                                                                 quoting_style="all_valid", batch_size=1 << 16))

    return once(path, write)


def _ledger(products: Products, month: np.datetime64, size: int) -> Callable[[], list[pa.Table]]:
    return lambda: (_ledger_piece(products, month, first, size) for first in range(0, size, 250_000))


def _ledger_piece(products: Products, month: np.datetime64, first: int, size: int) -> pa.Table:
    """Rows `first` to `first` + 250,000 of the month, oldest day first."""
    count = min(250_000, size - first)
    year, number = int(str(month)[:4]), int(str(month)[5:])
    draw = np.random.default_rng([year, number, first])
    length = calendar.monthrange(year, number)[1]
    day = (np.arange(first, first + count) * length // max(size, 1)) + 1
    days = pa.array([f"{number:02d}/{d:02d}/{year}" for d in range(1, length + 1)])
    stamps = pa.array([f"{year}-{number:02d}-{d:02d}T00:00:00+0000" for d in range(1, length + 1)])
    product = draw.choice(PRODUCTS, count, p=products.share)
    event = draw.choice(len(EVENTS), count, p=list(EVENTS.values()))
    reason = np.where(event == 4, draw.choice(len(REASONS), count, p=list(REASONS.values())), len(REASONS))
    center = draw.integers(len(CENTERS), size=count)
    units = draw.choice([1, 1, 1, 1, 2, 3, 5], count)
    leaves = np.isin(event, [0, 5]) | (event == 1) & (draw.random(count) < .5) | np.isin(reason, [0, 2, 5, 7]) | (
        reason == 4) & (draw.random(count) < .5)
    units = np.where(event == 3, units * 40, units)
    reference = pa.array(draw.integers(10 ** 13, 10 ** 14, count)).cast(pa.string())
    state = np.where(reason == 3, 1, np.where(draw.random(count) < .04, 2, 0))

    none = named([""], np.zeros(count, int))
    return pa.table({
        "Date": named(days, day - 1), "FNSKU": named(products.fnsku, product), "ASIN": named(products.asin, product),
        "MSKU": named(products.msku, product), "Title": named(products.title, product),
        "Event Type": named(list(EVENTS), event),
        "Reference ID": pc.if_else(pa.array(event == 1), "", reference),
        "Quantity": pa.array(np.where(leaves, -units, units)).cast(pa.string()),
        "Fulfillment Center": named(CENTERS, center),
        "Disposition": named(["SELLABLE", "WAREHOUSE_DAMAGED", "CUSTOMER_DAMAGED"], state),
        "Reason": named([*REASONS, ""], reason), "Country": named(["US"], np.zeros(count, int)),
        "Reconciled Quantity": named(["0"], np.zeros(count, int)),
        "Unreconciled Quantity": named(["0"], np.zeros(count, int)),
        "Date and Time": named(stamps, day - 1), "Store": none})


def _reimbursements(products: Products, size: int) -> pa.Table:
    """Payments of the year, in cash and now and then in stock, oldest first."""
    draw = np.random.default_rng(11)
    product = draw.choice(PRODUCTS, size, p=products.share)
    reason = draw.choice(len(PAID), size, p=list(PAID.values()))
    units = draw.choice([1, 1, 1, 2, 3], size)
    stock = np.where(draw.random(size) < .05, units, 0)
    cents = np.round(products.price[product] * np.where(reason == 2, 80, 30) * draw.choice([1, 1, 1, .8], size)).astype(int)
    day = np.sort(draw.integers(365, size=size)) + MONTHS[0].astype("datetime64[D]")
    number = np.arange(size)
    order = pa.array([f"112-{n * 7919 % 9_999_991:07d}-{n * 104_729 % 9_999_973:07d}" for n in range(size)], pa.string())

    def text(values: np.ndarray) -> pa.Array:
        return pa.array(values).cast(pa.string())

    def money(values: np.ndarray) -> pa.Array:
        return text(np.round(values / 100, 2))

    return pa.table({
        "approval-date": pc.binary_join_element_wise(text(day), "T12:00:00+00:00", ""),
        "reimbursement-id": text(10 ** 10 + number), "case-id": named([""], np.zeros(size, int)),
        "amazon-order-id": pc.if_else(pa.array(reason == 2), order, ""), "reason": named(list(PAID), reason),
        "sku": named(products.msku, product), "fnsku": named(products.fnsku, product),
        "asin": named(products.asin, product), "product-name": named(products.title, product),
        "condition": named(["NewItem"], np.zeros(size, int)), "currency-unit": named(["USD"], np.zeros(size, int)),
        "amount-per-unit": money(cents), "amount-total": money(cents * (units - stock)),
        "quantity-reimbursed-cash": text(units - stock), "quantity-reimbursed-inventory": text(stock),
        "quantity-reimbursed-total": text(units)})


def named(words: list[str] | pa.Array, at: np.ndarray) -> pa.Array:
    """The word at each place."""
    return (pa.array(words) if isinstance(words, list) else words).take(pa.array(at))
