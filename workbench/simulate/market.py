"""Where the simulated seller sells, and what: the facts of each region and a catalogue of products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Region:
    """One of Amazon's regions as its export files show it."""

    name: str
    zone: str
    currency: str
    minor: int  # digits after the decimal point
    scale: float  # prices relative to US dollars
    site: str
    centers: tuple[tuple[str, str], ...]  # fulfilment centre, country
    return_days: int  # a refund whose goods are not back after so many days is owed
    settlement_dates: str  # strftime of a settlement's moments
    order_prefix: str
    ledger_columns: int  # 14, 15 or 16
    orders_encoding: str
    titles: tuple[str, ...]


_EN = ("Travel Mug 24\" Lid", "Yoga Mat Non-Slip", "LED Desk Lamp", "Silicone Baking Set", "Phone Stand", "Dog Leash 6 ft",
       "Bamboo Organizer", "Garlic Press", "Resistance Bands", "Shower Caddy, 3 tiers", "Kid's Night Light", "Car Vacuum")
_DE = ("Thermobecher 500 ml", "Yogamatte rutschfest", "LED-Schreibtischlampe", "Backset aus Silikon für Öfen",
       "Handyhalterung", "Hundeleine 2 m", "Bambus-Organizer", "Knoblauchpresse", "Fitnessbänder Größe M", "Duschkorb",
       "Nachtlicht für Kinder", "Autostaubsauger")
_JP = ("真空断熱タンブラー", "ヨガマット 滑り止め", "LEDデスクライト", "シリコン調理セット", "スマホスタンド", "犬用リード",
       "竹製収納ケース", "にんにく絞り", "トレーニングバンド", "シャワーラック", "キッズナイトライト", "車載掃除機")
_V2 = "%Y-%m-%d %H:%M:%S UTC"
REGIONS = {region.name: region for region in (
    Region("US", "America/Los_Angeles", "USD", 2, 1.0, "Amazon.com",
           tuple((code, "US") for code in ("PHX7", "ABE2", "LAX9", "ONT8", "MDW2", "DFW7", "EWR4", "TPA1")),
           60, _V2, "11", 16, "utf-8-sig", _EN),
    Region("CA", "America/Los_Angeles", "CAD", 2, 1.35, "Amazon.ca",
           tuple((code, "CA") for code in ("YYZ4", "YVR3", "YOW1")), 60, _V2, "70", 16, "utf-8-sig", _EN),
    Region("UK", "Europe/London", "GBP", 2, 0.8, "Amazon.co.uk",
           tuple((code, "GB") for code in ("BHX4", "LTN4", "EMA2", "MAN1")), 45, "%d.%m.%Y %H:%M:%S UTC", "20", 15,
           "utf-8", _EN),
    Region("EU", "Europe/Berlin", "EUR", 2, 0.92, "Amazon.de",
           (("FRA7", "DE"), ("LEJ1", "DE"), ("WRO5", "PL"), ("PRG2", "CZ"), ("MAD4", "ES"), ("ORY1", "FR")),
           45, "%d.%m.%Y %H:%M:%S UTC", "30", 15, "utf-8", _DE),
    Region("JP", "Asia/Tokyo", "JPY", 0, 150.0, "Amazon.co.jp",
           tuple((code, "JP") for code in ("NRT5", "KIX2", "HND9", "FSZ1")), 45, _V2, "24", 15, "cp932", _JP),
    Region("AE", "Asia/Dubai", "AED", 2, 3.67, "Amazon.ae", (("DXB3", "AE"), ("DXB5", "AE")), 45, _V2, "40", 14,
           "utf-8", _EN),
)}


@dataclass(frozen=True)
class Product:
    """One SKU and its economics, in the region's currency."""

    at: int
    sku: str
    fnsku: str
    asin: str
    title: str
    category: str
    price: float
    cost: float
    freight: float
    fee: float  # fulfilment fee per unit on the first day
    demand: float  # units a day in a plain week
    loss_factor: float  # its own proneness to losses
    adopted: int | None  # day (0 = first) its SOP starts; None: never
    has_cost: bool


def money(value: float, region: Region) -> float:
    """`value` rounded to the currency's smallest unit."""
    return round(float(value) + 1e-9, region.minor)


def catalogue(rng: np.random.Generator, region: Region, count: int, demand: float, days: int, sop: str) -> list[Product]:
    """`count` products; half of them adopt the SOP (`sop`: staggered, all-at-once or none)."""
    products = []
    fees = (3.22, 3.86, 4.75, 5.4, 6.92)
    for at in range(count):
        price = float(rng.choice([9.99, 14.99, 19.99, 24.99, 34.99, 59.9])) * region.scale
        cost = price * float(rng.uniform(0.18, 0.4))
        kind = int(rng.integers(len(region.titles)))
        brand = ("Lumo", "Kestrel", "Nami", "Ostro")[int(rng.integers(4))]
        adopted = None
        if sop == "all-at-once":
            adopted = int(days * 0.75)
        elif sop == "staggered" and at % 2 == 0:
            adopted = int(days * (0.68 + 0.05 * ((at // 2) % 3)))
        products.append(Product(
            at, f"{brand[:2].upper()}-{kind:02d}-{at:03d}" if at else "00123",
            f"X00{rng.integers(10**6, 10**7)}{'QR'[at % 2]}",
            f"B0{rng.integers(10**7, 10**8)}", f"{brand} {region.titles[kind]}", ("Kitchen", "Sports", "Home")[kind % 3],
            money(price, region), money(cost, region), money(cost * float(rng.uniform(0.08, 0.2)), region),
            money(float(rng.choice(fees)) * region.scale, region), demand * float(rng.gamma(1.2, 1 / 1.2)) + 0.1,
            float(rng.gamma(3, 1 / 3)) + 0.1, adopted, has_cost=at % 20 != 19))
    return products
