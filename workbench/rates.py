"""Rates of rare events per unit handled, and how sure one can be of them.

Losses come in clusters: one event can be 16 units, and one bad week of one product gives several events. Counting each
unit as independent makes intervals far too narrow. Here units are a sum of cluster sizes, a compound Poisson variable:
its variance is its mean times the dispersion E[size^2] / E[size], taken from all clusters known, since a short period
holds too few to tell. The interval is the gamma interval for weighted sums of Poisson counts (Fay and Feuer 1997) with
the mean cluster in the upper limit (Tiwari, Clegg and Zou 2006). With clusters of one unit it is Garwood's exact one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """Lower and upper limit, same shape as the counts given."""

    low: np.ndarray
    high: np.ndarray


def clustered(units: np.ndarray, exposure: np.ndarray, *, dispersion: float = 1.0, mean_size: float = 1.0,
              level: float = 0.95) -> Interval:
    """The interval of units per exposure when units come in clusters.

    `units` and `exposure` (units handled): one per row. `dispersion` and `mean_size`: of all clusters known, see
    `cluster_moments`. NaN where nothing was handled.

    >>> low, high = clustered(np.array([3.0]), np.array([1000.0]))
    >>> [round(float(low[0]), 6), round(float(high[0]), 6)]
    [0.000619, 0.008767]
    """
    from scipy.stats import chi2

    units, exposure = np.asarray(units, float), np.asarray(exposure, float)
    tail = (1 - level) / 2
    each, at = np.unique(units, return_inverse=True)  # few distinct counts, however many rows
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(each > 0, dispersion / 2 * chi2.ppf(tail, 2 * each / dispersion), 0.0)[at]
        high = (dispersion / 2 * chi2.ppf(1 - tail, 2 * (each + mean_size) / dispersion))[at]
        known = exposure > 0
        return Interval(np.where(known, low / exposure, np.nan), np.where(known, high / exposure, np.nan))


def cluster_moments(sizes: np.ndarray) -> tuple[float, float]:
    """Mean size of the clusters and their dispersion E[size^2] / E[size]; 1 and 1 when there is none.

    The largest counts twice in the dispersion: few clusters seldom hold the largest there is, and intervals that take
    them at their word miss the truth one time in six. Clusters of one unit stay at 1.

    >>> cluster_moments(np.array([1, 3])), cluster_moments(np.array([1, 1, 1]))
    ((2.0, 4.0), (1.0, 1.0))
    """
    sizes = np.asarray(sizes, float)
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 1.0, 1.0
    largest = sizes.max()
    return float(sizes.mean()), float(((sizes**2).sum() + largest**2 - largest) / sizes.sum())


class Shrunk(NamedTuple):
    """Gamma posteriors of many rates: their means, and the shape and rate of each gamma distribution."""

    rate: np.ndarray
    shape: np.ndarray
    exposure: np.ndarray
    mean: float  # what a rate with no data of its own is taken to be
    spread: float  # variance of the true rates; 0 when they look all alike

    def above(self, baseline: float) -> np.ndarray:
        """Probability that each rate lies above `baseline`.

        >>> shrunk(np.array([0.0, 9.0]), np.array([1000.0, 1000.0])).above(0.004).round(2).tolist()
        [0.0, 0.97]
        """
        from scipy.stats import gamma

        return gamma.sf(baseline, self.shape, scale=1 / self.exposure)

    def interval(self, level: float = 0.95) -> Interval:
        """The limits between which each rate lies with probability `level`."""
        from scipy.stats import gamma

        return Interval(*(gamma.ppf(tail, self.shape, scale=1 / self.exposure)
                          for tail in ((1 - level) / 2, (1 + level) / 2)))


def shrunk(units: np.ndarray, exposure: np.ndarray, *, dispersion: float = 1.0) -> Shrunk:
    """Rates drawn towards their common mean, the more the thinner their data (gamma-Poisson empirical Bayes).

    `units` over `exposure`: one per SKU or centre. `dispersion`: of the clusters units come in (`cluster_moments`): so
    many units tell as much as one. The mean is the pooled rate; the true rates' variance is what the seen ones vary
    beyond chance (method of moments, Robbins 1956 to Marshall 1991).

    >>> shrunk(np.array([0.0, 12.0, 3.0]), np.array([1000.0, 1000.0, 1000.0])).rate.round(4).tolist()
    [0.0006, 0.0111, 0.0033]
    """
    units, exposure = np.asarray(units, float) / dispersion, np.maximum(np.asarray(exposure, float), 0) / dispersion
    total = exposure.sum()
    mean = float(units.sum() / total) if total > 0 else float("nan")
    known = exposure > 0
    seen = np.divide(units, exposure, out=np.full(len(units), mean), where=known)
    between = float((exposure * (seen - mean)**2).sum() - max(int(known.sum()) - 1, 0) * mean) if total > 0 else 0.0
    scale = total - (exposure**2).sum() / total if total > 0 else 0.0
    spread = max(between / scale, 0.0) if scale > 0 else 0.0
    if spread == 0 or not mean > 0:  # all alike: each is as well known as all together
        shape, weight = (np.full(len(units), value) if total > 0 else np.full(len(units), np.nan)
                         for value in (units.sum() + 0.5, total))
        return Shrunk(np.full(len(units), mean), shape, weight, mean, 0.0)
    shape, weight = mean**2 / spread + units, mean / spread + exposure
    return Shrunk(shape / weight, shape, weight, mean, spread)


def excess(units: np.ndarray, exposure: np.ndarray, baseline: float | np.ndarray, *, dispersion: float = 1.0) -> np.ndarray:
    """Probability of so many units or more if the true rate were `baseline`: one-sided p-values; 1 where nothing was lost.

    The gamma form of the Poisson tail, with the dispersion of the clusters units come in; the same that gives the lower
    limit of `clustered`.

    >>> excess(np.array([0.0, 9.0]), np.array([1000.0, 1000.0]), 0.003).round(4).tolist()
    [1.0, 0.0038]
    """
    from scipy.stats import gamma

    units, exposure = np.asarray(units, float), np.asarray(exposure, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = gamma.cdf(baseline * exposure / dispersion, np.maximum(units, 1e-12) / dispersion)
    return np.where(exposure > 0, np.where(units > 0, tail, 1.0), np.nan)


def flagged(p: np.ndarray, share: float = 0.05) -> np.ndarray:
    """Which of many p-values may be called findings so that at most `share` of such findings are false on average
    (Benjamini and Hochberg 1995). NaN is never one.

    >>> flagged(np.array([0.001, 0.02, 0.04, float("nan"), 0.6])).tolist()
    [True, True, False, False, False]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p, float)
    known = ~np.isnan(p)
    out = np.zeros(len(p), bool)
    if known.any():
        out[known] = false_discovery_control(p[known], method="bh") <= share
    return out


def funnel(exposure: np.ndarray, baseline: float, *, dispersion: float = 1.0, level: float = 0.95) -> Interval:
    """Between which rates so many handled units fall with probability `level` when the true rate is `baseline`."""
    from scipy.stats import gamma

    mean = np.asarray(exposure, float) * baseline / dispersion
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = gamma.ppf((1 - level) / 2, mean), gamma.ppf((1 + level) / 2, mean + 1)
        return Interval(*(np.where(mean > 0, limit * dispersion / np.asarray(exposure, float), np.nan)
                          for limit in (low, high)))


class Control(NamedTuple):
    """A u-chart with Laney's correction: per point its phase's centre line, limits, and whether it lies outside them."""

    center: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outside: np.ndarray


def control(counts: np.ndarray, exposure: np.ndarray, phase: np.ndarray | None = None) -> Control:
    """Control limits of counts per exposure, in their order in time, each phase by itself (all one by default).

    u' chart (Laney 2002): the centre line is the phase's pooled rate, the limits three times sqrt(centre / exposure)
    times the short-term spread of the standardised rates, their mean moving range / 1.128, so that a large exposure does
    not make chance look like a signal. A phase with fewer than eight points keeps the line and spread of the one before
    it; NaN where there is none.
    """
    counts, exposure = np.asarray(counts, float), np.asarray(exposure, float)
    phase = np.zeros(len(counts), int) if phase is None else np.asarray(phase)
    center, low, high = (np.full(len(counts), np.nan) for _ in range(3))
    mean = spread = np.nan
    for one in np.unique(phase):
        at = np.flatnonzero((phase == one) & (exposure > 0))
        if len(at) >= 8 and counts[at].sum() > 0:
            mean = counts[at].sum() / exposure[at].sum()
            z = (counts[at] / exposure[at] - mean) / np.sqrt(mean / exposure[at])
            spread = np.abs(np.diff(z)).mean() / 1.128
        error = np.sqrt(mean / exposure[at])
        center[at], low[at], high[at] = mean, np.maximum(mean - 3 * spread * error, 0), mean + 3 * spread * error
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = counts / exposure
    return Control(center, low, high, (rate < low) | (rate > high))


def worse(units: np.ndarray, exposure: np.ndarray, *, dispersion: float = 1.0) -> np.ndarray:
    """Probability of so large a part of all units lost, if this one's rate were that of all the others together.

    One-sided p-values, one per centre or SKU: given the total, a Poisson part is binomial (Przyborowski and Wilenski
    1940), so the others' own chance is in it; clusters count as `dispersion` units each. NaN where nothing was handled.

    >>> worse(np.array([9.0, 3.0]), np.array([1000.0, 2000.0])).round(4).tolist()
    [0.0039, 0.9995]
    """
    from scipy.special import betainc

    units, exposure = np.asarray(units, float), np.asarray(exposure, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = exposure / exposure.sum()
        tail = betainc(np.maximum(units, 1e-12) / dispersion, (units.sum() - units) / dispersion + 1, np.clip(share, 0, 1))
    return np.where(exposure > 0, np.where(units > 0, tail, 1.0), np.nan)
