"""Inside Amazon's warehouses: transfers, losses, finds, damage, disposal, shipments in and removals out."""

from __future__ import annotations

import datetime as dt

from workbench.simulate.market import Product, money
from workbench.simulate.world import CUSTOMER, DAMAGED, SELLABLE, Owed, World

LOSSES, DAMAGES = 0.0045, 0.0028  # incidents a day per unit of daily demand


def open_stock(world: World) -> None:
    """What lies in the centres on the first morning."""
    for product in world.products:
        for code, _ in world.region.centers:
            units = int(world.rng.poisson(product.demand * 50 / len(world.region.centers))) + 3
            world.stock[product.at, code, SELLABLE] = world.opening[product.at, code, SELLABLE] = units


def day(world: World) -> None:
    """Today's warehouse work."""
    for product in world.products:
        if world.chance(0.12):
            _transfer(world, product)
        treated = product.adopted is not None and (world.day - world.first).days >= product.adopted
        rate = product.demand * product.loss_factor * (world.sop_ratio if treated else 1.0)
        quiet = world.quiet.get(product.at, world.first) > world.day
        for _ in range(0 if quiet else int(world.rng.poisson(LOSSES * rate))):
            _lose(world, product)
        for _ in range(0 if quiet else int(world.rng.poisson(DAMAGES * rate))):
            _damage(world, product)
        if world.chance(0.0006):
            _dispose_unasked(world, product)
        if world.chance(0.003):
            _remove(world, product)
        if world.chance(0.0008):
            _dispose_asked(world, product)
        if world.chance(0.0015):
            _worsen(world, product)
        held = sum(units for _, units in world.held(product))
        if held < product.demand * 35 + 5 and product.at not in world.coming:
            _ship_in(world, product)


def _transfer(world: World, product: Product) -> None:
    source, target = world.pick(product, 2), world.any_center()
    if source is None or source == target:
        return
    units = min(world.between(1, 6), world.stock[product.at, source, SELLABLE])
    world.post(product, -units, source, SELLABLE, "WhseTransfers")
    world.later(world.between(1, 4), lambda: world.post(product, units, target, SELLABLE, "WhseTransfers"))


# ---------------------------------------------------------------------------------------------------- losses

def _lose(world: World, product: Product) -> None:
    """Units go missing; some are found again, some paid, some neither."""
    codes = [code for code, units in world.held(product) if units >= 1]
    if not codes:
        return
    weights = [world.center_factor[code] for code in codes]
    center = codes[int(world.rng.choice(len(codes), p=[w / sum(weights) for w in weights]))]
    units = int(world.rng.geometric(0.55)) + (world.between(4, 14) if world.chance(0.06) else 0)
    units = min(units, 16, world.stock[product.at, center, SELLABLE])
    reason = "M" if world.chance(0.9) else "5"
    row = world.post(product, -units, center, SELLABLE, "Adjustments", reason, world.number(14))
    world.lost(product, units, center)
    owed = world.owe("lost_warehouse", product, units, world.cost_of(product), center=center)
    world.ledger[row]["owed"] = owed
    fate = world.rng.random()
    if fate < 0.42:
        _find_again(world, product, units)
    elif fate < 0.78:
        world.later(world.between(4, 25), lambda: _pay_loss(world, owed))


def _find_again(world: World, product: Product, units: int) -> None:
    """All of them, or most, in up to three parts and at other centres."""
    left = units if world.chance(0.7) else max(units - world.between(1, 2), 0)
    while left:
        part = min(left, world.between(1, max(units // 2, 1)))
        left -= part
        world.later(world.between(3, 75), lambda part=part: _find(world, product, part))
    if units >= 5:
        world.planted["found_in_parts"] += 1


def _find(world: World, product: Product, units: int) -> None:
    world.post(product, units, world.any_center(), SELLABLE, "Adjustments", "F", world.number(14))
    world.found(product, units)
    world.settle("lost_warehouse", product, units)


def _pay_loss(world: World, owed: Owed) -> None:
    """Amazon pays for lost units: in cash, in stock, or too little; what it found afterwards it may take back."""
    product, units = owed.product, owed.units
    value = product.cost
    if world.chance(0.08):
        world.reimburse(product, "Lost_Warehouse", units, 0.0, stock=units)
        world.post(product, units, world.any_center(), SELLABLE, "Adjustments", "N", world.number(14))
        world.settle("lost_warehouse", product, units)
        world.planted["paid_in_stock"] += 1
        return
    low = product.has_cost and world.chance(0.12)
    paid = money(value * 0.55, world.region) if low else value
    case_id = world.case("lost_warehouse", product, "approved", money(paid * units, world.region)) \
        if world.chance(0.25) else ""
    row = world.reimburse(product, "Lost_Warehouse", units, paid, case_id=case_id)
    world.settle("lost_warehouse", product, units)
    if low:
        world.owe("underpaid", product, units, money(value - paid, world.region), reimbursement_id=row["id"])
        world.planted["underpaid_loss"] += 1
    elif world.chance(0.3):
        world.later(world.between(15, 40), lambda: _after_payment(world, owed, row))


def _after_payment(world: World, owed: Owed, row: dict) -> None:
    """Found after it was paid. Only where no other loss of the product is open, so that the files can tell."""
    product, units = owed.product, owed.units
    if world.is_missing(product, since=owed.day) or world.open_units("lost_warehouse", product) or \
            world.recently_found(product) or world.day > world.last - dt.timedelta(days=25):
        return
    world.quiet[product.at] = world.day + dt.timedelta(days=30)
    fate = world.rng.random()
    if fate < 0.4:  # found, and the money taken back: right
        center = world.any_center()
        world.post(product, units, center, SELLABLE, "Adjustments", "F", world.number(14))
        world.found(product, units)
        world.later(world.between(1, 9), lambda: world.reimburse(
            product, "Reimbursement_Reversal", units, row["per_unit"], original=row))
        world.planted["reversal_right_found"] += 1
    elif fate < 0.65:  # found, and Amazon keeps what it has paid for
        center = world.any_center()
        world.post(product, units, center, SELLABLE, "Adjustments", "F", world.number(14))
        world.found(product, units)
        world.post(product, -units, center, SELLABLE, "Adjustments", "O", world.number(14))
        world.planted["kept_after_payment"] += 1
    else:  # the money taken back, and no stock
        reversal = world.reimburse(product, "Reimbursement_Reversal", units, row["per_unit"], original=row)
        world.owe("wrong_reversal", product, units, row["per_unit"], reimbursement_id=reversal["id"])
        world.planted["reversal_wrong_loss"] += 1


# ---------------------------------------------------------------------------------------------------- damage

def _damage(world: World, product: Product) -> None:
    """Sellable units break in Amazon's hands: they leave sellable (E) and enter warehouse damaged (P)."""
    center = world.pick(product)
    if center is None:
        return
    units = min(int(world.rng.geometric(0.7)), world.stock[product.at, center, SELLABLE])
    reference = world.number(14)
    row = world.post(product, -units, center, SELLABLE, "Adjustments", "E", reference)
    world.post(product, units, center, DAMAGED, "Adjustments", "P", reference)
    owed = world.owe("damaged_warehouse", product, units, world.cost_of(product), center=center)
    world.ledger[row]["owed"] = owed
    fate = world.rng.random()
    if fate < 0.45:
        world.later(world.between(4, 20), lambda: _pay_damage(world, product, units))
        world.later(world.between(35, 60), lambda: world.post(product, -units, center, DAMAGED, "Adjustments", "D",
                                                             world.number(14)))
    elif fate < 0.62:
        world.later(world.between(3, 20), lambda: _regrade(world, product, units, center))


def _pay_damage(world: World, product: Product, units: int) -> None:
    world.reimburse(product, "Damaged_Warehouse", units, product.cost)
    world.settle("damaged_warehouse", product, units)


def _regrade(world: World, product: Product, units: int, center: str) -> None:
    """Inspected, and sellable after all."""
    reference = world.number(14)
    world.post(product, -units, center, DAMAGED, "Adjustments", "Q", reference)
    world.post(product, units, center, SELLABLE, "Adjustments", "P", reference)
    world.settle("damaged_warehouse", product, units)
    world.planted["regraded"] += 1


def _worsen(world: World, product: Product) -> None:
    """A unit that a customer had damaged already breaks again (H): nothing of value is lost."""
    center = world.pick(product, 1, CUSTOMER)
    if center is None:
        return
    reference = world.number(14)
    world.post(product, -1, center, CUSTOMER, "Adjustments", "H", reference)
    world.post(product, 1, center, DAMAGED, "Adjustments", "P", reference)
    world.planted["damaged_unsellable"] += 1


def _dispose_unasked(world: World, product: Product) -> None:
    center = world.pick(product, 2)
    if center is None:
        return
    units = world.between(1, 2)
    world.post(product, -units, center, SELLABLE, "Adjustments", "D" if world.chance(0.7) else "G", world.number(14))
    world.owe("disposed_unrequested", product, units, world.cost_of(product), center=center)
    world.planted["disposed_unrequested"] += 1


# ---------------------------------------------------------------------------------------------------- removals

def _dispose_asked(world: World, product: Product) -> None:
    """A disposal the seller ordered."""
    order, asked, day = world.number(10), world.between(2, 6), world.day
    center = world.pick(product, asked)
    if center is None:
        return

    def dispose() -> None:
        if world.stock[product.at, center, SELLABLE] < asked:
            _removal_line(world, day, order, "Disposal", product, SELLABLE, asked, cancelled=asked)
            return
        world.post(product, -asked, center, SELLABLE, "Adjustments", "D", order)
        _removal_line(world, day, order, "Disposal", product, SELLABLE, asked, disposed=asked)
        world.planted["disposal_requested"] += 1

    world.later(world.between(4, 15), dispose)


def _removal_line(world: World, day: dt.date, order: str, kind: str, product: Product, disposition: str,
                  requested: int, *, cancelled: int = 0, disposed: int = 0, shipped: int = 0, waiting: int = 0) -> None:
    status = "Cancelled" if cancelled == requested else "Processing" if waiting else "Completed"
    world.removal_orders.append({
        "requested_on": day, "updated_on": world.day, "order": order, "kind": kind, "status": status,
        "product": product, "disposition": disposition, "requested": requested, "cancelled": cancelled,
        "disposed": disposed, "shipped": shipped, "waiting": waiting})


def _remove(world: World, product: Product) -> None:
    """A removal to the seller: often two dispositions in one order; now and then parcels lack units."""
    order, day = world.number(10), world.day
    wanted = {SELLABLE: world.between(2, 8)} if world.chance(0.6) else {}
    for _, units in world.held(product, CUSTOMER)[:1]:
        wanted[CUSTOMER] = units
    if len(wanted) == 2:
        world.planted["removal_two_dispositions"] += 1

    def ship() -> None:
        for disposition, requested in wanted.items():
            left, shipped = requested, 0
            for code, held in world.held(product, disposition):
                part = min(held, left)
                world.post(product, -part, code, disposition, "VendorReturns", "", order)
                shipped, left = shipped + part, left - part
                if not left:
                    break
            waiting = left if left and world.day > world.last - dt.timedelta(days=20) else 0
            _removal_line(world, day, order, "Return", product, disposition, requested, cancelled=left - waiting,
                          shipped=shipped, waiting=waiting)
            if shipped:
                _parcels(world, day, order, product, disposition, shipped)

    if wanted:
        world.later(world.between(5, 15), ship)


def _parcels(world: World, day: dt.date, order: str, product: Product, disposition: str, shipped: int) -> None:
    """One or two parcels; units that no parcel holds are lost on the way out."""
    lost = world.between(1, min(2, shipped)) if world.chance(0.2) else 0
    sent = shipped - lost
    parts = [sent] if sent < 2 or world.chance(0.6) else [sent // 2, sent - sent // 2]
    for part in (part for part in parts if part):
        tracking = f"1Z{world.number(16)}"
        world.removal_shipments.append({"requested_on": day, "order": order, "shipped_on": world.day, "product": product,
                                        "disposition": disposition, "units": part, "tracking": tracking})
        world.removal_receipts.append({"order": order, "tracking": tracking, "product": product, "shipped": part,
                                       "received": part, "on": world.day + dt.timedelta(days=world.between(3, 9))})
    if lost:
        owed = world.owe("removal_lost", product, lost, world.cost_of(product), order_id=order)
        world.planted["removal_lost"] += 1
        if world.chance(0.4):
            world.later(world.between(20, 45), lambda: _pay_removal(world, owed))


def _pay_removal(world: World, owed: Owed) -> None:
    case_id = world.case("removal_lost", owed.product, "approved",
                         money(owed.product.cost * owed.units, world.region), order_id=owed.order_id)
    world.reimburse(owed.product, "Lost_Outbound", owed.units, owed.product.cost, order_id=owed.order_id, case_id=case_id)
    owed.settled = owed.units


# ---------------------------------------------------------------------------------------------------- inbound

def _ship_in(world: World, product: Product) -> None:
    """A plan of one or two shipments; received in full, short, over in the sibling, or cut after it was closed."""
    world.coming.add(product.at)
    plan, total = f"wf{world.number(10)}", int(product.demand * 60) + 12
    parts = [total] if world.chance(0.6) else [total // 2, total - total // 2]
    swapped = world.between(1, 4) if len(parts) == 2 and world.chance(0.35) else 0
    for at, shipped in enumerate(parts):
        center, created = world.any_center(), world.day
        shipment = {"id": f"FBA{world.number(9)}", "plan": plan, "center": center, "status": "SHIPPED",
                    "created": created, "delivered": None, "closed": None, "product": product, "shipped": shipped,
                    "received": 0}
        world.inbound.append(shipment)
        short = 0
        if swapped:
            short = swapped if at == 0 else -swapped
            world.planted["inbound_siblings"] += at
        elif world.chance(0.18):
            short = world.between(1, max(shipped // 12, 1))
        world.later(world.between(9, 16), lambda s=shipment, short=short, swap=bool(swapped): _deliver(
            world, s, short, swap))


def _deliver(world: World, shipment: dict, short: int, swapped: bool) -> None:
    product, units = shipment["product"], shipment["shipped"] - short
    shipment |= {"status": "RECEIVING", "delivered": world.day}
    first = units // 2

    def receive(part: int) -> None:
        if part:
            world.post(product, part, shipment["center"], SELLABLE, "Receipts", "", shipment["id"])
            shipment["received"] += part

    receive(first)
    world.later(world.between(1, 3), lambda: receive(units - first))
    world.later(world.between(8, 16), lambda: _close(world, shipment, short, swapped))


def _close(world: World, shipment: dict, short: int, swapped: bool) -> None:
    product = shipment["product"]
    world.coming.discard(product.at)
    shipment |= {"status": "CLOSED", "closed": world.day}
    late = 0
    if not short and world.chance(0.06) and world.stock[product.at, shipment["center"], SELLABLE] >= 2:
        late = world.between(1, 2)  # stock deducted after the shipment was closed
        world.post(product, -late, shipment["center"], SELLABLE, "Receipts", "", shipment["id"])
        shipment["received"] -= late
        world.planted["inbound_cut_after_closing"] += 1
    if swapped or not (short > 0 or late):
        return
    owed = world.owe("inbound_shortage", product, short + late, world.cost_of(product), shipment_id=shipment["id"],
                     center=shipment["center"])
    owed.day = shipment["delivered"]
    world.planted["inbound_shortage"] += 1
    if world.chance(0.4) and not world.inbound_due[product.at]:
        world.inbound_due[product.at] = True
        world.later(world.between(15, 35), lambda: _pay_inbound(world, owed))


def _pay_inbound(world: World, owed: Owed) -> None:
    """Pays the oldest open shortage of the product: the reimbursement itself names no shipment."""
    oldest = min((other for other in world.claims if other.claim_type == "inbound_shortage"
                  and other.product is owed.product and other.open), key=lambda other: other.day)
    world.inbound_due[owed.product.at] = False
    world.reimburse(oldest.product, "Lost_Inbound", oldest.units, oldest.product.cost)
    oldest.settled = oldest.units
