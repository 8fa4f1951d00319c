"""Random histories of losses, finds and payments against a plain queue."""

import datetime as dt
import random

import pytest
from handmade import ledger, paid, quiet, write

from workbench import books, claims, policy

AS_OF = dt.date(2026, 6, 30)


def history(rng):
    """A few events of one product: (day, what, units)."""
    return [(rng.randrange(40), rng.choice(["M", "5", "F", "paid", "stock"]), rng.randint(1, 4))
            for _ in range(rng.randint(1, 14))]


def oracle(events):
    """Open units by a plain queue: oldest loss first, finds and payments as they come, then payments a week early."""
    left = {(on, at): units for at, (on, what, units) in enumerate(events) if what in ("M", "5")}
    supplies = sorted((on, what in ("paid", "stock"), at, units) for at, (on, what, units) in enumerate(events)
                      if what not in ("M", "5"))
    held = [units for *_, units in supplies]
    for grace in (0, 7):
        for place, (on, is_payment, _, _) in enumerate(supplies):
            for key in sorted(key for key in left if key[0] <= on + grace and (is_payment or not grace)):
                taken = min(left[key], held[place])
                left[key] -= taken
                held[place] -= taken
    return sum(left.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories_equal_a_plain_queue_and_nothing_is_lost(tmp_path, seed):
    rng, rows, start = random.Random(seed), [], dt.date(2026, 4, 1)
    histories = {f"{at:03}": history(rng) for at in range(250)}
    for x, events in histories.items():
        for at, (on, what, units) in enumerate(events):
            date = (start + dt.timedelta(days=on)).isoformat()
            if what in ("M", "5", "F"):
                rows.append(ledger(x, date, what, units if what == "F" else -units))
            else:
                cash = units if what == "paid" else 0
                rows.append(paid(x, date, "Lost_Warehouse", cash, 8.0, stock=units - cash, id=f"R{x}-{at}"))
    known = books.open(write(tmp_path / "s", [*quiet("2026-03-01"), *rows]))
    table = claims.claims(known, AS_OF, policy.load("amazon", "US"), types=["lost_warehouse"])
    still = table.groupby("msku")["units_open"].sum()
    assert {x: int(still.get(f"S-{x}", 0)) for x in histories} == {x: oracle(events) for x, events in histories.items()}
    every = [event for events in histories.values() for event in events]
    assert table["units_owed"].sum() == sum(units for _, what, units in every if what in ("M", "5"))
    assert table["units_settled"].between(0, table["units_owed"]).all()
    told = claims.witnesses(table)
    assert told.loc[told["role"].isin(["found", "paid"]), "units"].sum() == table["units_settled"].sum()
    payments = claims.payments(table, known, AS_OF)
    assert payments["units"].sum() == sum(units for _, what, units in every if what in ("paid", "stock"))
    assert (payments["units_extra"] >= 0).all() and payments["units_extra"].sum() > 0
