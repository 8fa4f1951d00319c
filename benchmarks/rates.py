"""Do loss-rate intervals hold, and are centres flagged no more often by mistake than promised?

    python benchmarks/rates.py            # 2,000 sellers a line, about a minute

Losses come in clusters of 1 to 16 units; the number of clusters is Poisson or, `restless`, gamma-Poisson by SKU and
month. Printed: how often the 95 % interval of one month, of a year and of one centre covers the true rate, and, for twenty
centres of which some are truly worse, the share of flags that are false and of bad centres found, at 5 % nominal.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from workbench import rates

SIZES = np.array([1, 1, 1, 1, 2, 2, 3, 5, 8, 16])


def clusters(rng: np.random.Generator, handled: float, rate: float, restless: float = 0.0) -> np.ndarray:
    """The cluster sizes of one period: units lost are their sum, `rate` * `handled` on average."""
    mean = handled * rate / SIZES.mean()
    return rng.choice(SIZES, rng.poisson(mean * (rng.gamma(1 / restless, restless) if restless else 1.0)))


def covers(runs: int, handled: float, rate: float, part: float, seed: int = 1) -> float:
    """How often the interval of a period with `part` of a year's `handled` units covers the rate."""
    rng, hits = np.random.default_rng(seed), 0
    for _ in range(runs):
        mine, rest = clusters(rng, handled * part, rate), clusters(rng, handled * (1 - part), rate)
        mean, dispersion = rates.cluster_moments(np.concatenate([mine, rest]))
        low, high = rates.clustered(np.array([mine.sum()]), np.array([handled * part]), mean_size=mean,
                                    dispersion=dispersion)
        hits += low[0] <= rate <= high[0]
    return hits / runs


def flags(runs: int, handled: float, rate: float, bad: int, times: float, centres: int = 20, seed: int = 1) -> tuple:
    """False flags among all flags (averaged over sellers), bad centres found, sellers with any false flag."""
    rng, false, found, wrong = np.random.default_rng(seed), [], [], []
    for _ in range(runs):
        size = rng.dirichlet(np.full(centres, 2.0)) * handled
        true = np.where(np.arange(centres) < bad, rate * times, rate)
        sizes = [clusters(rng, n, r) for n, r in zip(size, true, strict=True)]
        dispersion = rates.cluster_moments(np.concatenate(sizes))[1]
        flagged = rates.flagged(rates.worse(np.array([each.sum() for each in sizes]), size, dispersion=dispersion))
        false.append(flagged[bad:].sum() / max(flagged.sum(), 1))
        wrong.append(flagged[bad:].any())
        found.append(flagged[:bad].mean() if bad else np.nan)
    return float(np.mean(false)), float(np.nanmean(found)) if bad else float("nan"), float(np.mean(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    print("units a year   rate   month covers   year covers   one centre in 20 covers")
    for handled, rate in ((10_000, 0.003), (50_000, 0.003), (200_000, 0.003), (1_000_000, 0.002)):
        shown = "".join(f"{covers(runs, handled, rate, part):15.1%}" for part in (1 / 12, 1.0, 1 / 20))
        print(f"{handled:12,}  {rate:.1%} {shown}", flush=True)
    print("\nunits a year   bad centres   false among flags   bad ones found   sellers with a false flag")
    for handled, bad, times in ((200_000, 0, 1.0), (200_000, 3, 3.0), (1_000_000, 0, 1.0), (1_000_000, 5, 2.0)):
        false, found, wrong = flags(runs, handled, 0.003, bad, times)
        print(f"{handled:12,}   {bad} x{times:<9g} {false:18.1%} {found:16.1%} {wrong:18.1%}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
