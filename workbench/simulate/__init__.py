"""Simulated sellers whose truth is known: real file formats outside, planted losses and payments inside.

The package shares no code with the reader or the analyses, so that a misreading of Amazon's rules in one place is not
confirmed by the other. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import sys
from pathlib import Path

REGIONS = ("US", "CA", "UK", "EU", "JP", "AE")
DONE, FAILED = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `workbench simulate`."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the seller folder to make; the truth goes to OUT.truth")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed, the same seller; 1 by default")
    parser.add_argument("--region", choices=REGIONS, default="US", help="US by default")
    parser.add_argument("--skus", type=int, default=40, metavar="N", help="products; 40 by default")
    parser.add_argument("--months", type=int, default=12, metavar="N", help="months of history; 12 by default")
    parser.add_argument("--last-month", default="2026-06", metavar="YYYY-MM", help="2026-06 by default")
    parser.add_argument("--demand", type=float, default=1.0, help="units a day and SKU, on average; 1 by default")
    parser.add_argument("--sop", choices=("staggered", "all-at-once", "none"), default="staggered",
                        help="when its SKUs adopt an SOP; staggered by default")
    parser.add_argument("--sop-ratio", type=float, default=0.5,
                        help="incidents after the SOP over those without it; 0.5 by default")
    parser.add_argument("--messy", action="store_true", help="overlaps, copies, broken lines, unrelated files")
    parser.add_argument("--name", default="", help="the seller's name")
    parser.add_argument("--score", action="store_true",
                        help="find the claims of the new seller and print how many of the true ones were found")


def run(args: argparse.Namespace) -> int:
    """Make the seller; 1 when the folder holds something else already."""
    out = args.out
    if args.skus < 1 or args.months < 1 or not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", args.last_month):
        print("workbench: simulate needs at least one SKU and month, and a last month like 2026-06.", file=sys.stderr)
        return 2
    made_before = (out.parent / f"{out.name}.truth" / "planted.json").exists()
    if out.exists() and any(out.iterdir()) and not made_before:
        print(f"workbench: {out}: the folder is not empty and was not made by simulate. Choose another.", file=sys.stderr)
        return FAILED
    simulate(out, seed=args.seed, region=args.region, skus=args.skus, months=args.months, last_month=args.last_month,
             demand=args.demand, sop=args.sop, sop_ratio=args.sop_ratio, messy=args.messy, name=args.name)
    if not args.quiet:
        print(f"{out}\n{out}.truth")
    return DONE


def simulate(out: Path, *, seed: int = 1, region: str = "US", skus: int = 40, months: int = 12,
             last_month: str = "2026-06", demand: float = 1.0, sop: str = "staggered", sop_ratio: float = 0.5,
             messy: bool = False, name: str = "") -> None:
    """Write a seller folder at `out` and its truth at `out`.truth, replacing earlier ones."""
    import numpy as np

    from workbench.simulate import exports, market, sheets, trade, truth, warehouse
    from workbench.simulate.world import World

    rng, where = np.random.default_rng(seed), market.REGIONS[region]
    year, number = map(int, last_month.split("-"))
    last = dt.date(year + number // 12, number % 12 + 1, 1) - dt.timedelta(days=1)
    start = year * 12 + number - months
    first = dt.date(start // 12, start % 12 + 1, 1)
    products = market.catalogue(rng, where, skus, demand, (last - first).days + 1, sop)
    world = World(where, products, rng, first, last, sop_ratio)
    warehouse.open_stock(world)
    while world.day <= last:
        world.due()
        trade.day(world)
        warehouse.day(world)
        world.day += dt.timedelta(days=1)
    world.day = last
    sheets.cases(world)

    beside = out.parent / f"{out.name}.truth"
    for folder in (out, beside):
        shutil.rmtree(folder, ignore_errors=True)
    out.mkdir(parents=True)
    title = name or f"Simulated {region} seller"
    papers = exports.Folder(world, out)
    papers.save("seller.toml", exports.seller_toml(where, title).encode())
    ledgers = papers.ledgers()
    papers.summary()
    papers.reports()
    sheets.write(papers)
    problems = sheets.mess(papers, ledgers) if messy else None
    command = (f"workbench simulate {out.name} --seed {seed} --region {region} --skus {skus} --months {months} "
               f"--last-month {last_month} --demand {demand:g} --sop {sop} --sop-ratio {sop_ratio:g}"
               + (" --messy" if messy else "") + (f' --name "{name}"' if name else ""))
    truth.write(world, beside, name=out.name, command=command, sop=sop, problems=problems)


def score(claims, truth: Path):
    """How well `claims` (a claims table) meets the truth: recall and precision in units and in money, one row per claim
    type and one for all.

    Units asserted (status wait, open or expired) are set against units truly open, per claim type, FNSKU, order, shipment
    and reimbursement. Types that the truth does not plant are left out.
    """
    import pandas as pd

    true = pd.read_csv(truth / "claims.csv", dtype="str", keep_default_na=False)
    key = ["claim_type", "fnsku", "order_id", "shipment_id", "reimbursement_id"]
    sides = {}
    for name, table in (("true", true), ("found", claims[claims["status"].isin(["wait", "open", "expired"])])):
        rows = table[key].astype("str").assign(units=pd.to_numeric(table["units_open"]),
                                               amount=pd.to_numeric(table["amount_open"]).fillna(0))
        sides[name] = rows[rows["units"] > 0].groupby(key).sum().add_prefix(f"{name}_")
    both = sides["true"].join(sides["found"], how="outer").fillna(0.0)
    both = both[both.index.get_level_values("claim_type").isin(true["claim_type"])]
    both["hit_units"] = both[["true_units", "found_units"]].min(axis=1)
    both["hit_amount"] = both[["true_amount", "found_amount"]].min(axis=1)
    totals = both.groupby("claim_type").sum()
    totals.loc["all"] = totals.sum()
    for what in ("units", "amount"):
        totals[f"recall_{what}"] = (totals[f"hit_{what}"] / totals[f"true_{what}"]).round(4)
        totals[f"precision_{what}"] = (totals[f"hit_{what}"] / totals[f"found_{what}"]).round(4)
    return totals.drop(columns=["hit_units", "hit_amount"])
