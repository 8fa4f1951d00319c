"""A second simulator, written apart from the product's own: cases dealt at random, their answers known beforehand.

It shares nothing with `workbench.simulate`: no state, no stock, no code, other conventions (one file a report, no
balance of Amazon's own, payments of odd sizes, several orders a product).
"""

import datetime as dt
import random

import pandas as pd
import pytest
from handmade import (
    LAST,
    back,
    claims_of,
    cost,
    fee,
    ledger,
    moved,
    paid,
    parcel,
    product,
    quiet,
    refund,
    removal,
    shipment,
    sold,
    write,
)

from workbench import claims

AS_OF = dt.date.fromisoformat(LAST)
COST, NET = 8.0, 16.25  # of every product: 25.00 less 5.00 and 3.75


def deal(seed, cases=260):
    """Rows of all reports, and what is owed: (claim type, SKU, order or shipment) -> (units, amount)."""
    rng, rows, owed = random.Random(seed), [], {}

    def on(low=60, high=300, after=None):
        start = after or AS_OF - dt.timedelta(days=rng.randint(low, high))
        return start, lambda days: (start + dt.timedelta(days=days)).isoformat()

    def owe(kind, x, units, each, ref=""):
        if units:
            owed[kind, product(x)["sku"], ref] = (units, round(units * each, 2))

    def lost(x):
        _, at = on()
        gone = rng.randint(1, 9)
        found, reimbursed = rng.choice([(0, 0), (gone, 0), (0, gone), (gone // 2, 0), (gone // 2, gone - gone // 2)])
        rows.append(ledger(x, at(0), rng.choice("M5"), -gone))
        for part in split(found):
            rows.append(ledger(x, at(rng.randint(1, 40)), "F", part, fc=f"FC{rng.randint(1, 9)}"))
        for part in split(reimbursed):
            rows.append(paid(x, at(rng.randint(3, 45)), rng.choice(["Lost_Warehouse", "LOST WAREHOUSE"]), part, COST,
                             id=f"L{x}-{len(rows)}"))
        owe("lost_warehouse", x, gone - found - reimbursed, COST)

    def hurt(x):
        _, at = on()
        broken, settled = rng.randint(1, 4), rng.random() < 0.5
        rows.extend([ledger(x, at(0), "E", -broken), ledger(x, at(0), "P", broken, disposition="WAREHOUSE_DAMAGED")])
        if settled and rng.random() < 0.5:
            rows.append(paid(x, at(9), "Damaged_Warehouse", broken, COST, id=f"H{x}"))
        elif settled:
            rows.extend([ledger(x, at(9), "Q", -broken, disposition="WAREHOUSE_DAMAGED"), ledger(x, at(9), "P", broken)])
        owe("damaged_warehouse", x, 0 if settled else broken, COST)

    def disposed(x):
        _, at = on()
        units, asked = rng.randint(1, 5), rng.random() < 0.5
        rows.append(ledger(x, at(0), rng.choice("DG"), -units))
        if asked:
            rows.append(removal(x, at(-rng.randint(1, 20)), f"RD{x}", units, kind="Disposal", disposed=units))
        owe("disposed_unrequested", x, 0 if asked else units, COST)

    def order(x):
        for turn in range(rng.randint(1, 3)):
            name = f"{x}-{turn}"
            start, at = on(120, 300)
            units = rng.choice([1, 1, 2, 3])
            rows.extend(sold(x, at(0), name, units=units))
            fate = rng.choice(["kept", "goodwill", "back", "half back", "gone", "paid", "wrong", "right"])
            if fate == "kept":
                continue
            if fate == "goodwill":
                rows.extend(refund(x, at(9), name, 4.0))
                continue
            rows.extend(refund(x, at(10), name, 25.0 * units))
            came = {"back": units, "half back": units // 2, "right": units}.get(fate, 0)
            for _ in range(came):
                late = rng.randint(60, 70) if fate == "right" else rng.randint(0, 80)
                rows.extend([back(x, at(late), name), moved(x, at(late + 1), "CustomerReturns", 1)])
            if fate in ("paid", "wrong", "right"):
                rows.append(paid(x, at(58), "CustomerReturn", units, NET, order=name, id=f"O{name}"))
            if fate in ("wrong", "right"):
                rows.append(paid(x, at(75), "Reimbursement_Reversal", -units, NET, order=name, original=f"O{name}",
                                 id=f"V{name}", stock=units if fate == "right" else 0))
                owe("wrong_reversal", x, units if fate == "wrong" else 0, NET, name)
            owe("refund_not_returned", x, units - came if fate in ("half back", "gone") else 0, NET, name)

    def inbound(x):
        start, at = on(100, 280)
        sent, short = rng.randint(20, 60), rng.choice([0, 1, 4])
        swapped, closed = rng.random() < 0.3, rng.random() < 0.8
        state = {"delivered": at(0), "status": "CLOSED" if closed else "RECEIVING", "plan": f"wf{x}"}
        rows.append(shipment(x, f"FBA{x}A", sent, sent - short, CreatedDate=at(-20), **state))
        if swapped:
            rows.append(shipment(x, f"FBA{x}B", 10, 10 + short, CreatedDate=at(-20), **state))
        reimbursed = closed and not swapped and rng.random() < 0.3
        if reimbursed and short:
            rows.append(paid(x, at(30), "Lost_Inbound", short, COST, id=f"I{x}"))
        owe("inbound_shortage", x, short if closed and not swapped and not reimbursed else 0, COST, f"FBA{x}A")

    def removed(x):
        _, at = on()
        units, missing = rng.randint(3, 9), rng.choice([0, 0, 1, 2])
        rows.append(removal(x, at(0), f"RM{x}", units + 2, shipped=units, cancelled=1, waiting=1, updated=at(8)))
        for part in split(units - missing):
            rows.append(parcel(x, at(rng.randint(5, 9)), f"RM{x}", part))
        owe("removal_lost", x, missing, COST, f"RM{x}")

    def charged(x):
        _, at = on(5, 80)
        units, high = rng.choice([1, 2]), rng.random() < 0.5
        rows.extend([*sold(x, at(0), f"F{x}", units=units, fee=6.2 if high else 5.0), fee(x)])
        owe("fee_overcharge", x, units if high else 0, 1.2, f"F{x}")

    def short_paid(x):
        _, at = on()
        units, low = rng.randint(1, 4), rng.random() < 0.5
        rows.extend([ledger(x, at(0), "M", -units),
                     paid(x, at(12), "Lost_Warehouse", units, COST * 0.6 if low else COST, id=f"U{x}")])
        owe("underpaid", x, units if low else 0, round(COST * 0.4, 2))

    def split(units):
        first = rng.randint(0, units)
        return [part for part in (first, units - first) if part]

    for at in range(cases):
        x = f"{at:03}"
        rows.append(cost(x))
        rng.choice([lost, hurt, disposed, order, inbound, removed, charged, short_paid])(x)
    rng.shuffle(rows)
    return rows, owed


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_dealt_claim_is_found_and_no_other(tmp_path, seed):
    rows, owed = deal(seed)
    folder = write(tmp_path / "s", [*quiet(), *rows], columns=12 if seed == 2 else None)
    table = claims_of(folder)
    table = table[table["status"].isin(claims.ASSERTED)]
    order = table["order_id"].where(table["claim_type"] != "inbound_shortage", table["shipment_id"])
    order = order.where(~table["claim_type"].isin(["underpaid"]), "")
    found = table.groupby([table["claim_type"], table["msku"], order])[["units_open", "amount_open"]].sum()
    found = {key: (int(units), round(amount, 2)) for key, units, amount in zip(
        found.index, found["units_open"], found["amount_open"], strict=True)}
    both = pd.DataFrame({"true": owed, "found": found})
    assert found == owed, both[both["true"] != both["found"]].to_string()
    assert {kind for kind, *_ in owed} >= set(claims.TYPES[:9])


LAST = {"ledger": "Date", "reimbursements": "approval-date", "returns": "return-date", "settlement": "posted-date",
        "removal-orders": "last-updated-date", "removal-shipments": "shipment-date", "inbound": "ClosedDate"}


def told_by(row, day):
    """Whether an export made on that day has the row as it stands."""
    table, cells = row
    text = (cells.get(LAST.get(table, "")) or cells.get("DeliveredDate") or "")[:10]
    known = dt.datetime.strptime(text, "%m/%d/%Y").date().isoformat() if "/" in text else text
    return known <= day


@pytest.mark.parametrize("day", ["2026-03-17", "2026-05-02"])
def test_the_claims_of_a_day_are_those_of_the_exports_of_that_day(tmp_path, day):
    rows = [*quiet(), *deal(3, cases=60)[0]]
    tables = []
    for name, kept in (("then", [row for row in rows if told_by(row, day)]), ("later", rows)):
        table = claims_of(write(tmp_path / name, kept, columns=12), day, through=day)
        table = table[~table["ambiguous"].str.startswith("the removal order was updated later")]
        tables.append(table.drop(columns=["sources", "value_sources"]).sort_values("claim_id", ignore_index=True))
    assert len(tables[0]) > 20
    pd.testing.assert_frame_equal(*tables)
