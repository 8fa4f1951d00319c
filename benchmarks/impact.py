"""Does the impact analysis tell the truth? Simulated sellers with a known effect, counted over many.

    python -m benchmarks.impact                      # every scenario, 200 sellers each: two minutes on two idle cores
    python -m benchmarks.impact --runs 800 null tiny # more sellers of some scenarios
    python -m benchmarks.impact --folders 12         # whole seller folders instead, through files and command

A light seller is drawn straight as counts per SKU, week and centre, with no files: SKUs sell unequally (gamma), lose
unequally (gamma), centres are unequally careless, incidents are Poisson or, `clumped`, gamma-Poisson with bad weeks. It
shares no code with the analysis but the table it hands over, and depends on the scenario's name, the seed and its number
only. Printed per scenario: the share of verdicts, how often the 95 % interval covers the planted ratio, the mean ratio over
the planted one, how often the design was refused, and the commonest reason.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import starmap
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from workbench import impact
from workbench.impact.panel import NEVER, Rows

FIRST = 20_270  # a day in 2025; weeks count from here
AS_OF = dt.date(2026, 6, 30)
RATE = 0.0075  # incidents per unit handled


def seller(rng: np.random.Generator, *, skus: int = 80, weeks: int = 52, handled: float = 25, ratio: float = 1.0,
           first: float = 0.6, steps: int = 3, share: float = 0.5, trend: float = 0.0, peak: float = 0.0,
           worse: float = 1.0, centres: int = 6, careless: float = 0.0, moves: bool = False, clumped: float = 0.0,
           restless: float = 0.0, drift: float = 0.0, dip: float = 1.0) -> tuple[Rows, np.ndarray, tuple]:
    """One seller: rows, adoption days and the placebo outcome.

    `first`: when the first of `steps` waves adopts, as a share of the time; `share` of the SKUs adopt. `trend`: change of
    the log rate over the whole time, for all; `peak`: more sales and more incidents per unit in the last ten weeks;
    `worse`: the adopters' own level; `careless`: spread of the centres' levels; `moves`: adopters' stock moves to the best
    centres after their day; `clumped`, `restless`: variance of a SKU's week, of its quarter; `drift`: change of the
    adopters' log rate over the whole time; `dip`: adopters' rate in the two months before their day, times this.
    """
    week = np.arange(weeks)
    sells = rng.gamma(1.2, 1 / 1.2, skus) + 0.1
    adopter = rng.permutation(skus) < round(share * skus)
    day = np.where(adopter, np.round(weeks * (first + 0.05 * rng.integers(0, steps, skus))), weeks * 9).astype(int)
    on = week >= day[:, None]
    busy = week >= weeks - 10
    mix = rng.dirichlet(np.full(centres, 2.0), skus)
    care = rng.gamma(1 / careless, careless, centres) if careless else np.ones(centres)
    where = np.repeat(mix[:, None, :], weeks, axis=1)
    if moves:
        where[on] = np.eye(centres)[np.argmin(care)] * 0.7 + where[on] * 0.3
    units = rng.poisson((sells[:, None] * handled * np.where(busy, 1 + peak, 1.0))[:, :, None] * where)
    level = RATE * (rng.gamma(3, 1 / 3, skus) + 0.05) * np.where(adopter, worse, 1.0)
    log = trend * week / weeks + np.log1p(peak) * busy + np.where(adopter[:, None], drift * week / weeks, 0.0)
    log = log + np.where(adopter[:, None] & (week >= day[:, None] - 9) & ~on, np.log(dip), 0.0)
    rate = level[:, None] * np.exp(log) * np.where(on, ratio, 1.0)
    if clumped:
        rate = rate * rng.gamma(1 / clumped, clumped, rate.shape)
    if restless:
        rate = rate * np.repeat(rng.gamma(1 / restless, restless, (skus, -(-weeks // 13))), 13, axis=1)[:, :weeks]
    incidents = rng.poisson(rate[:, :, None] * units * care)
    code, at, center = (axis.ravel() for axis in np.indices(units.shape))
    names = np.array([f"SKU-{n:04d}" for n in range(skus)])
    adopted = np.where(adopter, FIRST + day * 7, NEVER)
    rows = Rows(names, code, FIRST + at * 7, incidents.ravel().astype(float), units.ravel().astype(float), center)
    sold = units.sum(axis=2)
    code, at = (axis.ravel() for axis in np.indices(sold.shape))
    back = Rows(names, code, FIRST + at * 7, rng.poisson(sold * 0.05).ravel().astype(float), sold.ravel().astype(float),
                np.zeros(code.shape, int))
    return rows, adopted, (back, adopted)


BIG = {"skus": 300, "handled": 40}
SCENARIOS = {
    "null, small": {"skus": 40, "handled": 14}, "null": {}, "null, big": BIG,
    "null, clumped": {"clumped": 2.0}, "null, restless": {"restless": 0.15, "clumped": 1.0},
    "halved, small": {"skus": 40, "handled": 14, "ratio": 0.5}, "halved": {"ratio": 0.5},
    "halved, big": {**BIG, "ratio": 0.5},
    "halved, clumped": {"ratio": 0.5, "clumped": 2.0}, "halved, restless": {"ratio": 0.5, "restless": 0.15, "clumped": 1.0},
    "falling trend": {"trend": -1.5}, "holiday peak": {"peak": 0.8}, "worse baseline": {"worse": 3.0},
    "bad centres": {"careless": 0.5}, "moves to good centres": {"careless": 0.5, "moves": True, **BIG},
    "all of it": {"trend": -1.0, "peak": 0.6, "worse": 2.0, "careless": 0.5, "clumped": 1.0},
    "all of it, halved": {"trend": -1.0, "peak": 0.6, "worse": 2.0, "careless": 0.5, "clumped": 1.0, "ratio": 0.5},
    "tiny": {"skus": 8, "handled": 5}, "tiny, halved": {"skus": 8, "handled": 5, "ratio": 0.5},
    "drifting adopters": {**BIG, "drift": -2.0}, "bad months before": {**BIG, "dip": 2.0},
    "adopts in week 5": {"first": 0.1, "steps": 1, "ratio": 0.5},
    "everything at once": {"share": 1.0, "steps": 1, "ratio": 0.5},
    "never adopts": {"share": 0.0},
}


class Told(NamedTuple):
    """What the analysis said of one seller."""

    verdict: str
    why: str
    refused: bool
    ratio: float  # NaN where nothing was imputed
    low: float
    high: float
    seconds: float


def one(name: str, seed: int, number: int) -> Told:
    """The answer on one seller of a scenario."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    rows, adopted, placebo = seller(rng, **SCENARIOS[name])
    began = time.perf_counter()
    found = impact.judged(rows, adopted, name="SOP", as_of=AS_OF, placebo=placebo, pictures=False)
    numbers = (found.ratio, found.low, found.high) if found.method == "imputation" else [float("nan")] * 3
    refused = any(check.outcome == "failed" and (check.name in impact.FATAL or "cause" in check.values)
                  for check in found.checks)
    return Told(found.verdict, found.reasons[0].code, refused, *numbers, time.perf_counter() - began)


def run(name: str, runs: int, seed: int = 1, each: Callable = starmap) -> dict:
    """One scenario over `runs` sellers; `each`: itertools.starmap, or a pool's."""
    return summary(name, list(each(one, [(name, seed, number) for number in range(runs)])))


def summary(name: str, told: list[Told]) -> dict:
    """How often the answers of one scenario were right."""
    truth, runs = SCENARIOS[name].get("ratio", 1.0), len(told)
    known = [row for row in told if row.ratio == row.ratio]
    ratios = np.array([row.ratio for row in known])
    verdicts = Counter(row.verdict for row in told)
    return {"scenario": name, **{word: verdicts[word] / runs for word in ("effect", "no_effect", "cannot_say")},
            "covers": np.mean([row.low <= truth <= row.high for row in known]) if known else np.nan,
            "bias": ratios.mean() / truth - 1 if known else np.nan,
            "median": np.median(ratios) / truth - 1 if known else np.nan,
            "refused": np.mean([row.refused for row in told]), "seconds": np.median([row.seconds for row in told]),
            "why": Counter(row.why for row in told).most_common(1)[0][0]}


class Folder(NamedTuple):
    """What the command said of a whole folder, and how far the same ledger handed over without files lies from it."""

    region: str
    planted: float
    ratio: float
    low: float
    high: float
    verdict: str
    apart: float
    seconds: float  # CPU of the command, the reading of all files in it


def folder(number: int, seed: int) -> Folder:
    """A folder of one region: simulated exports, read, analysed and written by the command; and the same straight."""
    import json
    from unittest import mock

    import pandas as pd

    from workbench import cli, simulate
    from workbench.simulate import truth

    ratio, region = (0.5, 1.0)[number % 2], simulate.REGIONS[number // 2 % len(simulate.REGIONS)]
    with tempfile.TemporaryDirectory() as place, mock.patch.object(truth, "write") as written:
        seller, answer = Path(place) / "seller", Path(place) / "impact.json"
        simulate.simulate(seller, seed=seed + number, region=region, sop_ratio=ratio)
        began = time.process_time()
        cli.main(["impact", str(seller), "--quiet", "--out", str(answer)])
        seconds, told = time.process_time() - began, json.loads(answer.read_text("utf-8"))
    world = written.call_args.args[0]
    ledger = pd.DataFrame([(row["day"], row["product"].fnsku, row["product"].sku, row["event"], row["center"],
                            row["reason"], row["units"]) for row in world.ledger], columns=impact.NEEDED)
    days = [product.adopted for product in world.products]
    sheet = pd.DataFrame({"sop": "SOP", "sku_group": "", "msku": [product.sku for product in world.products],
                          "adopted_on": pd.Timestamp(world.first) + pd.to_timedelta(days, unit="D")})
    straight = impact.impact(ledger.assign(event_date=pd.to_datetime(ledger["event_date"]).astype("datetime64[s]")),
                             sheet, as_of=world.last)
    high = np.inf if told["ci_high"] is None else told["ci_high"]
    return Folder(region, ratio, told["ratio"], told["ci_low"], high, told["verdict"],
                  abs(told["ratio"] - straight.ratio), seconds)


def folders(count: int, seed: int, each: Callable) -> None:
    """Whole folders of every region in turn, one line each, and how often they were right."""
    told = list(each(folder, [(number, seed) for number in range(count)]))
    for row in told:
        print(f"{row.region} planted {row.planted}: {row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}] {row.verdict}, without "
              f"files {'the same' if row.apart < 1e-6 else f'{row.apart:.3f} apart'}, {row.seconds:.1f} CPU s")
    covers, same = sum(row.low <= row.planted <= row.high for row in told), sum(row.apart < 1e-6 for row in told)
    false = sum(row.verdict == "effect" and row.planted == 1 for row in told)
    print(f"\n{covers} of {count} intervals hold the planted ratio, {same} answers are the same without files, and "
          f"{false} effects are false")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="some of: " + "; ".join(SCENARIOS))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folders", type=int, default=0, metavar="N")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the processes': matrices are small
    if args.folders:
        with get_context("spawn").Pool(args.jobs) as pool:
            return folders(args.folders, args.seed, lambda one, todo: pool.starmap(one, todo, chunksize=1))
    print(f"{args.runs} sellers a scenario, seed {args.seed}; a share of 95 % is told to ± "
          f"{1.96 * np.sqrt(0.95 * 0.05 / args.runs):.1%}\n\n"
          "| scenario | effect | no effect | cannot say | covers | mean ratio | median | refused | s | commonest reason |\n"
          "|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with get_context("spawn").Pool(args.jobs) as pool:
        for name in args.scenarios or SCENARIOS:
            row = run(name, args.runs, args.seed, pool.starmap)
            shares = " | ".join(f"{row[key]:.1%}" for key in ("effect", "no_effect", "cannot_say", "covers"))
            print(f"| {name} | {shares} | {row['bias']:+.1%} | {row['median']:+.1%} | {row['refused']:.1%} | "
                  f"{row['seconds']:.2f} | {row['why']} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
