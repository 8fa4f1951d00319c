"""Orders, refunds, returns and fees: what happens between Amazon and the customers."""

from __future__ import annotations

import datetime as dt

from workbench.simulate.market import Product, money
from workbench.simulate.world import CUSTOMER, DEFECTIVE, SELLABLE, Owed, World

REFERRAL = 0.15
CARD_RISE = 1.03  # the fee card of mid January: everybody pays more, nobody is owed anything
NEXT_TIER = 1.25  # what a product measured too large is charged


def card_day(world: World) -> dt.date:
    """The January in the simulated time on which the fee card changes."""
    return dt.date(world.last.year, 1, 15)


def right_fee(world: World, product: Product, day: dt.date) -> float:
    """The fulfilment fee per unit by the card of the day."""
    return money(product.fee * (CARD_RISE if day >= card_day(world) else 1.0), world.region)


def wrongly_measured(world: World, product: Product, day: dt.date) -> bool:
    """Every twelfth product is charged the next tier: for good in the last 70 days, or in one spring of its own."""
    if product.at % 12 != 5:
        return False
    since = world.last - dt.timedelta(days=70 if product.at % 24 == 5 else 150)
    until = world.last if product.at % 24 == 5 else world.last - dt.timedelta(days=110)
    return since <= day <= until


def fee(world: World, product: Product, day: dt.date) -> float:
    """The fulfilment fee per unit that is really charged."""
    right = right_fee(world, product, day)
    return money(right * NEXT_TIER, world.region) if wrongly_measured(world, product, day) else right


def day(world: World) -> None:
    """Today's orders."""
    season = 1.6 if world.day.month in (11, 12) else 1.0
    weekday = 1.15 if world.day.weekday() >= 5 else 0.95
    for product in world.products:
        for _ in range(int(world.rng.poisson(product.demand * season * weekday))):
            _order(world, product)


def _order(world: World, product: Product) -> None:
    units = 1 if world.chance(0.92) else 2 if world.chance(0.8) else 3
    number, at = world.order_number(), world.moment()
    cancelled, other = world.chance(0.015), world.chance(0.015)
    center = world.pick(product, units)
    if center is None:
        return
    row = {"order": number, "at": at, "product": product, "units": 0 if cancelled else units,
           "status": "Cancelled" if cancelled else "Shipped", "channel": "Non-Amazon" if other else world.region.site,
           "price": product.price, "center": center, "item": world.number(14)}
    world.orders.append(row)
    if cancelled:
        return
    world.post(product, -units, center, SELLABLE, "Shipments")
    world.shipments.append(row)
    charged = fee(world, product, world.day)
    where = {"order_id": number, "sku": product.sku, "item": row["item"], "channel": "AFN", "at": at}
    if other:  # a multi-channel order: another fee card, no sale
        world.book("Order", "ItemFees", "FBAPerUnitFulfillmentFee", -money(product.fee * 1.9, world.region) * units,
                   marketplace="Non-Amazon", units=units, **where)
        world.planted["mcf_fee"] += 1
        return
    where |= {"marketplace": world.region.site}
    world.book("Order", "ItemPrice", "Principal", product.price * units, units=units, **where)
    world.book("Order", "ItemFees", "Commission", -money(product.price * REFERRAL, world.region) * units, **where)
    world.book("Order", "ItemFees", "FBAPerUnitFulfillmentFee", -charged * units, **where)
    excess = money(charged - right_fee(world, product, world.day), world.region)
    if excess > 0:
        world.owe("fee_overcharge", product, units, excess, order_id=number)
        world.planted["fee_overcharge"] += 1
    if world.chance(0.07):
        _refund(world, row)


def net_price(world: World, product: Product) -> float:
    """The sale price less the fees of the sale: what an item lost after its sale is worth."""
    return money(product.price - money(product.price * REFERRAL, world.region) - fee(world, product, world.day),
                 world.region)


def _refund(world: World, order: dict) -> None:
    """Plans the refund of an order: goodwill, in two parts, or in full; and whether the goods come back."""
    value = net_price(world, order["product"])
    if world.chance(0.1):
        world.later(world.between(5, 25), lambda: _pay_back(world, order, 0.3, "goodwill_refund"))
        return
    wait = world.between(4, 30)
    if world.chance(0.06):
        world.later(wait, lambda: _half(world, order, value))
        world.later(wait + world.between(1, 5), lambda: _refunded(world, order, value, 0.5))
    else:
        world.later(wait, lambda: _refunded(world, order, value, 1.0))


def _pay_back(world: World, order: dict, share: float, trap: str = "") -> None:
    product, units = order["product"], order["units"]
    where = {"order_id": order["order"], "sku": product.sku, "item": order["item"], "channel": "AFN",
             "marketplace": world.region.site, "adjustment": world.number(12), "at": world.moment()}
    world.book("Refund", "ItemPrice", "Principal", -money(product.price * share, world.region) * units, **where)
    world.book("Refund", "ItemFees", "Commission", money(product.price * REFERRAL * share, world.region) * units, **where)
    world.book("Refund", "ItemFees", "RefundCommission", -money(product.price * REFERRAL * share * 0.2, world.region),
               **where)
    if trap:
        world.planted[trap] += 1


def _half(world: World, order: dict, value: float) -> None:
    """The first of two halves: of two units it is one unit's whole price, which is owed from now on."""
    _pay_back(world, order, 0.5, "two_refunds_of_one_line")
    if order["units"] > 1:
        order["half"] = world.owe("refund_not_returned", order["product"], order["units"] // 2, value,
                                  order_id=order["order"])


def _refunded(world: World, order: dict, value: float, share: float) -> None:
    """The refund that completes the price; then the goods come back, or they do not."""
    _pay_back(world, order, share)
    product, units, late = order["product"], order["units"], world.region.return_days
    owed = order.get("half") or world.owe("refund_not_returned", product, units, value, order_id=order["order"])
    owed.units = units
    if world.chance(0.82):
        for _ in range(units):
            days = world.between(2, 40)
            if world.chance(0.04):
                days = late + world.between(2, 25)
                world.planted["returned_late"] += 1
            world.later(days, lambda: _returned(world, order, owed))
        return
    world.planted["refund_not_returned"] += 1
    if world.chance(0.5):
        low = world.chance(0.2)
        world.later(late + world.between(2, 8), lambda: _paid(world, owed, low))


def _paid(world: World, owed: Owed, low: bool) -> None:
    """Amazon reimburses an order whose goods did not come back, sometimes too little; a few payments are taken back."""
    product = owed.product
    paid = money(owed.value * (0.6 if low else 1.0), world.region)
    row = world.reimburse(product, "CustomerReturn", owed.units, paid, order_id=owed.order_id)
    owed.settled = owed.units
    if low:
        world.owe("underpaid", product, owed.units, money(owed.value - paid, world.region), order_id=owed.order_id,
                  reimbursement_id=row["id"])
        world.planted["underpaid_return"] += 1
    elif world.chance(0.15):
        world.later(world.between(5, 20), lambda: _taken_back(world, owed, row))


def _taken_back(world: World, owed: Owed, row: dict) -> None:
    """Rightly, because the goods came back after all; or wrongly."""
    right = world.chance(0.6)
    order = next(order for order in world.shipments if order["order"] == owed.order_id)
    if right:
        for _ in range(owed.units):
            _returned(world, order)
        world.planted["reversal_right_return"] += 1
    reversal = world.reimburse(owed.product, "Reimbursement_Reversal", owed.units, row["per_unit"],
                               order_id=owed.order_id, original=row)
    if not right:
        world.owe("wrong_reversal", owed.product, owed.units, row["per_unit"], order_id=owed.order_id,
                  reimbursement_id=reversal["id"])
        world.planted["reversal_wrong_return"] += 1


def _returned(world: World, order: dict, owed: Owed | None = None) -> None:
    """One unit back from a customer; it settles what its refund made Amazon owe."""
    product = order["product"]
    if owed:
        owed.settled += 1
    disposition = SELLABLE if world.chance(0.6) else CUSTOMER if world.chance(0.7) else DEFECTIVE
    center = world.any_center()
    world.post(product, 1, center, disposition, "CustomerReturns")
    reason = {SELLABLE: "UNWANTED_ITEM", CUSTOMER: "NOT_AS_DESCRIBED", DEFECTIVE: "DEFECTIVE"}[disposition]
    world.returns.append({"at": world.moment(), "order": order["order"], "product": product, "center": center,
                          "disposition": disposition, "reason": reason, "lpn": f"LPNRR{world.number(9)}"
                          if world.chance(0.95) else ""})
