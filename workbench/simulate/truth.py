"""What is true of a simulated seller, written beside its folder: the answers an analysis should find in the files."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections import Counter
from pathlib import Path

from workbench.simulate.market import money
from workbench.simulate.world import World

LOSS = ["month", "fulfillment_center", "fnsku", "units_handled", "units_lost_gross", "units_found", "units_lost",
        "units_damaged"]
CLAIMS = ["claim_type", "fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center",
          "event_date", "units_owed", "units_settled", "units_open", "unit_value", "amount_open", "currency"]
SOP = "two-step stock check"
HANDLED = {"Receipts": 1, "Shipments": -1, "CustomerReturns": 1}
DAMAGES = ("E", "6", "7", "H", "K", "U")
README = """# The truth about the simulated seller in `{name}`

Made by `{command}`. Not seller data: nobody real is in it.

- `loss.csv`: per month, centre and FNSKU: units handled (receipts, signed, + shipments + returns), lost, found again
  (oldest loss first), still missing, damaged.
- `claims.csv`: every unit Amazon owed, what was settled by {last}, and what is open, with its value; blank where the
  files cannot tell (no unit cost).
- `impact.json`: the SOP's true effect and who adopted it when. `planted.json`: how often each special case occurs.
- `problems.csv` (messy sellers): what a reader has to set aside.
"""


def write(world: World, root: Path, *, name: str, command: str, sop: str, problems: list[tuple] | None) -> None:
    """All truth files below `root`."""
    root.mkdir(parents=True, exist_ok=True)
    _csv(root / "loss.csv", LOSS, _loss(world))
    _csv(root / "claims.csv", CLAIMS, [_claim(world, owed) for owed in world.claims])
    adopted = {product.sku: (world.first + dt.timedelta(days=product.adopted)).isoformat()
               for product in world.products if product.adopted is not None}
    impact = {"sop": SOP if adopted else None, "ratio": world.sop_ratio if adopted else None, "design": sop,
              "adopted_on": adopted}
    _json(root / "impact.json", impact)
    _json(root / "planted.json", dict(sorted(world.planted.items())) | {"claims": dict(sorted(Counter(
        owed.claim_type for owed in world.claims).items())), "as_of": world.last.isoformat()})
    if problems is not None:
        _csv(root / "problems.csv", ["file", "line", "what"], problems)
    (root / "README.md").write_text(README.format(name=name, command=command, last=world.last), "utf-8")


def _loss(world: World) -> list[list]:
    cells: dict[tuple, list[int]] = {}

    def cell(row: dict, center: str) -> list[int]:
        return cells.setdefault((f"{row['day']:%Y-%m}", center, row["product"].fnsku), [0] * 5)

    for row in world.ledger:
        if row["event"] in HANDLED:
            cell(row, row["center"])[0] += HANDLED[row["event"]] * row["units"]
        elif row["event"] == "Adjustments" and row["reason"] in DAMAGES:
            cell(row, row["center"])[4] -= row["units"]
    for loss in world.losses:
        counts = cell(loss, loss["center"])
        counts[1] += loss["gross"]
        counts[2] += loss["found"]
        counts[3] += loss["gross"] - loss["found"]
    return [[*key, *counts] for key, counts in sorted(cells.items())]


def _claim(world: World, owed) -> list:
    known = not math.isnan(owed.value)
    product = owed.product
    return [owed.claim_type, product.fnsku, product.sku, product.asin, owed.order_id, owed.shipment_id,
            owed.reimbursement_id, owed.center, owed.day.isoformat(), owed.units, owed.settled, owed.open,
            f"{owed.value:.{world.region.minor}f}" if known else "",
            f"{money(owed.value * owed.open, world.region):.{world.region.minor}f}" if known else "",
            world.region.currency]


def _csv(place: Path, header: list[str], rows: list) -> None:
    with place.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _json(place: Path, value: object) -> None:
    place.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
