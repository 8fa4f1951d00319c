"""Do loss-rate intervals hold, and are centres flagged no more often by mistake than promised?

    python -m benchmarks.rates                # 2,000 sellers a line: a few minutes of one core, less on two
    python -m benchmarks.rates --runs 200 --seed 7

A seller has twelve months and twenty unequal centres. Losses come in clusters of some `sizes`; their number is Poisson.
`restless` is the variance of a month's own level around 1, shared by all that is lost in it; `local` the same for a centre
and month. The truth is the rate without these. Printed: how often the 95 % intervals of the months, of the year and of the
centres cover it, how wide the year's is (as a part of the rate); and, where some centres are truly worse, the share of
flags that are false and of bad centres found, at 5 % nominal. A line's sellers depend on its name and the seed only.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from workbench import rates

SIZES = {
    "single units": np.array([1]),
    "clusters 1-16": np.array([1, 1, 1, 1, 2, 2, 3, 5, 8, 16]),
    "heavy tail": np.minimum(np.ceil(np.exp(0.3 + 1.1 * np.linspace(-2.6, 2.6, 99))), 80).astype(int),
}
MONTHS, CENTRES = 12, 20


class Line(NamedTuple):
    """One kind of seller: units handled a year, loss rate, sizes of clusters, unrest, truly worse centres."""

    handled: int
    rate: float = 0.003
    sizes: str = "clusters 1-16"
    restless: float = 0.0
    local: float = 0.0
    bad: int = 0
    times: float = 1.0

    @property
    def name(self) -> str:
        told = (("restless", self.restless), ("local", self.local))
        unrest = "".join(f", {word} {value:g}" for word, value in told if value)
        return f"{self.handled:,} x {self.rate:.1%}, {self.sizes}{unrest}"


COVERAGE = [Line(handled, rate, sizes, restless) for sizes in SIZES for restless in (0.0, 0.1) for handled, rate in
            ((10_000, 0.003), (50_000, 0.003), (200_000, 0.003), (1_000_000, 0.002))]
FLAGS = [Line(handled, local=local, bad=bad, times=times) for local in (0.0, 0.1) for handled, bad, times in
         ((200_000, 0, 1.0), (200_000, 3, 3.0), (1_000_000, 0, 1.0), (1_000_000, 5, 2.0))]


def lost(rng: np.random.Generator, line: Line) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A seller's units lost and handled, one row per month and one column per centre, and the sizes of its clusters."""
    handled = np.tile(rng.dirichlet(np.full(CENTRES, 2.0)) * line.handled / MONTHS, (MONTHS, 1))
    level = np.where(np.arange(CENTRES) < line.bad, line.rate * line.times, line.rate) * np.ones((MONTHS, 1))
    for variance, shape in ((line.restless, (MONTHS, 1)), (line.local, (MONTHS, CENTRES))):
        if variance:
            level = level * rng.gamma(1 / variance, variance, shape)
    number = rng.poisson(handled * level / SIZES[line.sizes].mean())
    sizes = rng.choice(SIZES[line.sizes], number.sum())
    cell = np.repeat(np.arange(number.size), number.ravel())
    return np.bincount(cell, sizes, number.size).reshape(number.shape), handled, sizes


def known(units: np.ndarray, handled: np.ndarray, sizes: np.ndarray) -> rates.Clusters:
    """What the analysis takes the clusters and the months' unrest to be."""
    return rates.restless(rates.cluster_moments(sizes), units.sum(axis=1), handled.sum(axis=1))


def covers(line: Line, runs: int, seed: int) -> tuple[float, ...]:
    """How often the intervals of a month, the year and a centre cover the rate, and the year's median width."""
    rng, hits, widths = np.random.default_rng([seed, zlib.crc32(line.name.encode())]), np.zeros(3), []
    for _ in range(runs):
        units, handled, sizes = lost(rng, line)
        clusters = known(units, handled, sizes)
        month = rates.clustered(units.sum(axis=1), handled.sum(axis=1), clusters)
        year = rates.clustered(np.array([units.sum()]), np.array([handled.sum()]), clusters, months=MONTHS)
        centre = rates.clustered(units.sum(axis=0), handled.sum(axis=0), clusters, months=MONTHS)
        hits += [((found.low <= line.rate) & (line.rate <= found.high)).mean() for found in (month, year, centre)]
        widths.append((year.high[0] - year.low[0]) / line.rate)
    return (*(hits / runs), float(np.median(widths)))


def flags(line: Line, runs: int, seed: int) -> tuple[float, ...]:
    """False flags among all flags (averaged over sellers), bad centres found, sellers with any false flag."""
    rng, false, found, wrong = np.random.default_rng([seed, zlib.crc32(repr(line).encode())]), [], [], []
    for _ in range(runs):
        units, handled, sizes = lost(rng, line)
        clusters = rates.restless(rates.cluster_moments(sizes), units, handled)
        p = rates.worse(units.sum(axis=0), handled.sum(axis=0), dispersion=clusters.over(handled.sum(axis=0)))
        flagged = rates.flagged(p)
        false.append(flagged[line.bad:].sum() / max(flagged.sum(), 1))
        wrong.append(flagged[line.bad:].any())
        found.append(flagged[:line.bad].mean() if line.bad else np.nan)
    return float(np.mean(false)), float(np.mean(found)), float(np.mean(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    sure = 1.96 * np.sqrt(0.95 * 0.05 / args.runs)
    print(f"{args.runs} sellers a line, seed {args.seed}; coverage of 95 % is told to ± {sure:.1%}\n")
    with ProcessPoolExecutor(args.jobs) as pool:
        told = [pool.submit(covers, line, args.runs, args.seed) for line in COVERAGE]
        flagged = [pool.submit(flags, line, args.runs, args.seed) for line in FLAGS]
        print("| units a year, rate, losses | months | the year | centres' years | width of the year's |")
        print("|---|---|---|---|---|")
        for line, row in zip(COVERAGE, told, strict=True):
            month, year, centre, width = row.result()
            print(f"| {line.name} | {month:.1%} | {year:.1%} | {centre:.1%} | {width:.2f} |", flush=True)
        print("\n| units a year, rate, losses | bad centres | false among flags | bad ones found | sellers with one |")
        print("|---|---|---|---|---|")
        for line, row in zip(FLAGS, flagged, strict=True):
            false, found, wrong = row.result()
            found = f"{found:.1%}" if line.bad else ""
            print(f"| {line.name} | {line.bad} of 20, x {line.times:g} | {false:.1%} | {found} | {wrong:.1%} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
