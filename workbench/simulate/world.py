"""A year in Amazon's warehouses, day by day: the events, and beside them what is truly owed.

One `World` holds stock per FNSKU, centre and disposition, which never falls below zero, and appends to plain lists
what Amazon's reports would show. Each unit owed is an `Owed` in `claims`, opened when the loss happens and settled when
stock or money comes back: oldest first, as Amazon's own reconciliation does. Nothing is inferred afterwards.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from zoneinfo import ZoneInfo

import numpy as np

from workbench.simulate.market import Product, Region, money

SELLABLE, DAMAGED, CUSTOMER, DEFECTIVE = "SELLABLE", "WAREHOUSE_DAMAGED", "CUSTOMER_DAMAGED", "DEFECTIVE"


@dataclass
class Owed:
    """Units Amazon owes for one event."""

    claim_type: str
    product: Product
    day: dt.date
    units: int
    value: float  # per unit, NaN when the files do not tell
    center: str = ""
    order_id: str = ""
    shipment_id: str = ""
    reimbursement_id: str = ""
    settled: int = 0

    @property
    def open(self) -> int:
        """Units not settled yet."""
        return self.units - self.settled


@dataclass
class World:
    """The seller's stock and papers. Lists hold dictionaries named as Amazon names its columns, values typed."""

    region: Region
    products: list[Product]
    rng: np.random.Generator
    first: dt.date
    last: dt.date
    sop_ratio: float = 1.0
    ledger: list[dict] = field(default_factory=list)
    orders: list[dict] = field(default_factory=list)
    shipments: list[dict] = field(default_factory=list)
    returns: list[dict] = field(default_factory=list)
    reimbursements: list[dict] = field(default_factory=list)
    removal_orders: list[dict] = field(default_factory=list)
    removal_shipments: list[dict] = field(default_factory=list)
    removal_receipts: list[dict] = field(default_factory=list)
    inbound: list[dict] = field(default_factory=list)
    money: list[dict] = field(default_factory=list)  # settlement amounts: posted, type, …, amount
    cases: list[dict] = field(default_factory=list)
    claims: list[Owed] = field(default_factory=list)
    losses: list[dict] = field(default_factory=list)  # one per loss event: day, center, product, gross, found
    planted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    opening: dict[tuple, int] = field(default_factory=dict)
    stock: dict[tuple, int] = field(default_factory=lambda: defaultdict(int))

    quiet: dict[int, dt.date] = field(default_factory=dict)  # product -> no new loss before that day
    coming: set[int] = field(default_factory=set)  # products with a shipment on its way
    inbound_due: dict[int, bool] = field(default_factory=lambda: defaultdict(bool))

    def __post_init__(self) -> None:
        self.day = self.first
        self._agenda: list[tuple] = []
        self._number = count(1)
        self._ids = count(1)
        self._missing: dict[str, deque] = defaultdict(deque)  # fnsku -> losses not yet found, for the loss rate
        self._last_find: dict[int, dt.date] = {}
        self._unpaid: dict[tuple, deque] = defaultdict(deque)  # (type, fnsku) -> Owed not yet settled
        self.center_factor = {code: float(self.rng.gamma(4, 1 / 4)) for code, _ in self.region.centers}
        self.country = dict(self.region.centers)
        self._zone = ZoneInfo(self.region.zone)

    # ------------------------------------------------------------------------------------------------ the machine

    def later(self, days: int, act: Callable[[], None]) -> None:
        """`act` some days from now, if the simulation lasts that long."""
        heapq.heappush(self._agenda, (self.day + dt.timedelta(days=max(int(days), 1)), next(self._number), act))

    def due(self) -> None:
        """Everything planned for today."""
        while self._agenda and self._agenda[0][0] <= self.day:
            heapq.heappop(self._agenda)[2]()

    def chance(self, share: float) -> bool:
        """True in that share (0-1) of all draws."""
        return bool(self.rng.random() < share)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def moment(self) -> dt.datetime:
        """A moment of today, in UTC, that is today in the marketplace's calendar."""
        local = dt.datetime.combine(self.day, dt.time(self.between(0, 23), self.between(0, 59), self.between(0, 59)),
                                    self._zone)
        return local.astimezone(dt.UTC)

    def number(self, digits: int) -> str:
        """A number nobody had before, of so many digits."""
        return str(10 ** (digits - 1) + next(self._ids) * 7919 % (9 * 10 ** (digits - 1)))

    def order_number(self) -> str:
        """An order number nobody had before, as the region writes it."""
        digits = f"{10**13 + next(self._ids) * 104729 % (9 * 10**13)}"
        return f"{self.region.order_prefix}{self.between(1, 9)}-{digits[:7]}-{digits[7:]}"

    # ------------------------------------------------------------------------------------------------ stock

    def post(self, product: Product, units: int, center: str, disposition: str, event: str, reason: str = "",
             reference: str = "") -> int:
        """One ledger row; its number. Stock never falls below zero."""
        key = (product.at, center, disposition)
        self.stock[key] += units
        if self.stock[key] < 0:
            raise ArithmeticError(f"stock of {product.sku} at {center} {disposition} below zero on {self.day}")
        self.ledger.append({"day": self.day, "product": product, "event": event, "reference": reference, "units": units,
                            "center": center, "disposition": disposition, "reason": reason, "owed": None})
        return len(self.ledger) - 1

    def held(self, product: Product, disposition: str = SELLABLE) -> list[tuple[str, int]]:
        """(centre, units) with stock, in the order of the region's centres."""
        found = ((code, self.stock[product.at, code, disposition]) for code, _ in self.region.centers)
        return [(code, units) for code, units in found if units > 0]

    def pick(self, product: Product, units: int = 1, disposition: str = SELLABLE) -> str | None:
        """A centre that holds so many units, the fuller the likelier; None when none does."""
        places = [(code, held) for code, held in self.held(product, disposition) if held >= units]
        if not places:
            return None
        weights = np.array([held for _, held in places], float)
        return places[int(self.rng.choice(len(places), p=weights / weights.sum()))][0]

    def any_center(self) -> str:
        """One of the region's centres, all alike."""
        return self.region.centers[int(self.rng.integers(len(self.region.centers)))][0]

    # ------------------------------------------------------------------------------------------------ what is owed

    def owe(self, claim_type: str, product: Product, units: int, value: float, **where: object) -> Owed:
        """Units owed for an event of today, at `value` a unit (NaN: the files do not tell); `where`: fields of `Owed`."""
        owed = Owed(claim_type, product, self.day, units, value, **where)
        self.claims.append(owed)
        if claim_type in ("lost_warehouse", "damaged_warehouse"):
            self._unpaid[claim_type, product.fnsku].append(owed)
        return owed

    def cost_of(self, product: Product) -> float:
        """The cost of a unit as the seller's sheet tells it; NaN where it does not."""
        return product.cost if product.has_cost else float("nan")

    def open_units(self, claim_type: str, product: Product) -> int:
        """Units of the product that are lost, or damaged, and not settled yet."""
        return sum(owed.open for owed in self._unpaid[claim_type, product.fnsku])

    def settle(self, claim_type: str, product: Product, units: int) -> int:
        """Settles the oldest open units of the product; how many there were."""
        queue, left = self._unpaid[claim_type, product.fnsku], units
        while queue and left:
            part = min(queue[0].open, left)
            queue[0].settled += part
            left -= part
            if not queue[0].open:
                queue.popleft()
        return units - left

    # ------------------------------------------------------------------------------------------------ missing

    def lost(self, product: Product, units: int, center: str) -> None:
        """A loss, for the loss rate: only finds lower it."""
        loss = {"day": self.day, "center": center, "product": product, "gross": units, "found": 0}
        self.losses.append(loss)
        self._missing[product.fnsku].append(loss)

    def found(self, product: Product, units: int) -> None:
        """A find lowers the oldest losses that are still missing; more than is missing lowers nothing."""
        queue = self._missing[product.fnsku]
        self._last_find[product.at] = self.day
        while queue and units:
            part = min(queue[0]["gross"] - queue[0]["found"], units)
            queue[0]["found"] += part
            units -= part
            if queue[0]["found"] == queue[0]["gross"]:
                queue.popleft()

    def is_missing(self, product: Product, since: dt.date) -> bool:
        """Whether another loss of the product than those up to `since` is still to be found."""
        return any(loss["day"] > since for loss in self._missing[product.fnsku])

    def recently_found(self, product: Product) -> bool:
        """Whether anything of the product was found in the last 62 days."""
        last = self._last_find.get(product.at)
        return last is not None and (self.day - last).days <= 62

    # ------------------------------------------------------------------------------------------------ money

    def book(self, kind: str, amount_type: str, description: str, amount: float, *, order_id: str = "", sku: str = "",
             units: int | None = None, item: str = "", marketplace: str = "", channel: str = "",
             at: dt.datetime | None = None, adjustment: str = "") -> None:
        """One amount of a settlement; positive is paid to the seller."""
        self.money.append({"posted": at or self.moment(), "kind": kind, "amount_type": amount_type,
                           "description": description, "amount": money(amount, self.region), "order_id": order_id,
                           "sku": sku, "units": units, "item": item, "marketplace": marketplace, "channel": channel,
                           "adjustment": adjustment})

    def reimburse(self, product: Product, reason: str, units: int, value: float, *, order_id: str = "",
                  case_id: str = "", stock: int = 0, original: dict | None = None) -> dict:
        """One reimbursement row and its money. `stock` of the units come as stock; `original` makes it a reversal."""
        at = self.moment()
        cash = units - stock
        per_unit = money(value, self.region)
        amount = money(per_unit * cash, self.region)
        if original:
            cash, stock, amount = -units, units, -amount
        row = {"approval": at, "id": self.number(11), "case": case_id, "order": order_id, "reason": reason,
               "product": product, "per_unit": -per_unit if original else per_unit, "amount": amount, "cash": cash,
               "stock": stock, "total": cash + stock, "original": original["id"] if original else "",
               "original_type": original["reason"] if original else "", "day": self.day}
        self.reimbursements.append(row)
        if amount:
            self.book("other-transaction", "FBA Inventory Reimbursement", DESCRIPTIONS[reason], amount, order_id=order_id,
                      sku=product.sku, units=abs(cash), at=at, adjustment=row["id"])
        return row

    def case(self, claim_type: str, product: Product, outcome: str, amount: float, reason: str = "", **ids: str) -> str:
        """A case the seller filed a while ago, decided today; its id."""
        number = self.number(11)
        filed = max(self.day - dt.timedelta(days=self.between(4, 24)), self.first)
        self.cases.append({"case_id": number, "claim_type": claim_type, "filed_on": filed,
                           "decided_on": None if outcome == "pending" else self.day, "outcome": outcome,
                           "denial_reason": reason, "amount": amount, "currency": self.region.currency,
                           "sku": product.sku, "fnsku": product.fnsku, **ids})
        return number


DESCRIPTIONS = {"Lost_Warehouse": "WAREHOUSE_LOST", "Damaged_Warehouse": "WAREHOUSE_DAMAGE", "CustomerReturn":
                "REVERSAL_REIMBURSEMENT", "Reimbursement_Reversal": "COMPENSATED_CLAWBACK", "Lost_Inbound":
                "MISSING_FROM_INBOUND", "Lost_Outbound": "REMOVAL_ORDER_LOST", "Fee_Correction": "INCORRECT_FEES_ITEMS"}
