"""Every trap of the claim types, in one seller folder read once."""

import pytest
from handmade import claims_of, product, quiet, write
from traps import orders, payments, transport, warehouse

from workbench import claims

ROOMS = (warehouse, orders, transport, payments)
CASES = {name: trap for room in ROOMS for name, trap in room.TRAPS.cases.items()}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = [row for trap in CASES.values() for row in trap.rows]
    return claims_of(write(tmp_path_factory.mktemp("traps") / "seller", [*quiet(), *rows]))


def test_no_two_traps_share_a_name():
    assert len(CASES) == sum(len(room.TRAPS.cases) for room in ROOMS)


@pytest.mark.parametrize("name", CASES)
def test_the_trap(table, name):
    trap = CASES[name]
    mine = table[table["msku"].isin({product(f"{trap.product}{letter}")["sku"] for letter in ("", "H", "G")})]
    asserted = mine[mine["status"].isin(claims.ASSERTED)].groupby("claim_type")["units_open"].sum().to_dict()
    assert asserted == trap.owed, mine[["claim_type", "status", "units_open", "ambiguous", "roles"]].to_string()
    doubtful = set(mine.loc[(mine["status"] == "ambiguous"), "claim_type"])
    assert doubtful - {"underpaid"} == trap.unsure - {"underpaid"}, mine[["claim_type", "status", "ambiguous"]].to_string()
    assert (mine.loc[mine["status"] == "ambiguous", "ambiguous"] != "").all()
