"""Rates of rare events per unit handled, and how sure one can be of them.

Losses come in clusters: one event can be 16 units, one bad week of one product gives several events, and some months are
worse than others. Counting each unit as independent makes intervals far too narrow. Here units are a sum of cluster
sizes, a compound Poisson variable: its variance is its mean times the dispersion E[size^2] / E[size], taken from all
clusters known, since a short period holds too few to tell; what months vary beyond that is added (`restless`). The
interval is the gamma interval for weighted sums of Poisson counts (Fay and Feuer 1997) with the mean cluster in the upper
limit (Tiwari, Clegg and Zou 2006), at Student's level for the number of clusters and months that the dispersion was seen
in. With clusters of one unit and quiet months it is Garwood's exact one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST_POINTS = 8  # points in time before their scatter tells anything
MOVING_RANGE, FREEDOM = 1.128, 0.6  # of two normal points: the mean range in standard deviations; its freedom a step
GRADE = 0.02  # dispersions are told apart in steps of two per cent, so that few distinct limits are computed


class Interval(NamedTuple):
    """Lower and upper limit, same shape as the counts given."""

    low: np.ndarray
    high: np.ndarray


class Clusters(NamedTuple):
    """How losses hang together; by default not at all."""

    mean_size: float = 1.0
    dispersion: float = 1.0  # E[size^2] / E[size]: variance of the units lost over their mean
    number: float = float("inf")  # clusters of equal size that would tell as much about the dispersion
    unrest: float = 0.0  # dispersion added by months that differ, per unit handled in a month
    seen: int = 1  # months the unrest was seen in
    months: int = 1  # in question: those of a rate that is not a month's

    def over(self, exposure: np.ndarray, months: int | None = None) -> np.ndarray:
        """The dispersion of what is lost of so many units handled in so many months (by default those in question)."""
        return self.dispersion + self.unrest * np.maximum(np.asarray(exposure, float), 0) / (months or self.months)


ALONE = Clusters()


def clustered(units: np.ndarray, exposure: np.ndarray, clusters: Clusters = ALONE, *, months: int = 1,
              level: float = 0.95) -> Interval:
    """The interval of units per exposure when units come in `clusters` (`cluster_moments`, `restless`).

    `units` and `exposure` (units handled): one per row, every row over so many `months`. NaN where nothing was handled.

    >>> low, high = clustered(np.array([3.0]), np.array([1000.0]))
    >>> [round(float(low[0]), 6), round(float(high[0]), 6)]
    [0.000619, 0.008767]
    """
    from scipy.stats import chi2

    units, exposure = np.asarray(units, float), np.asarray(exposure, float)
    grade = np.rint(np.log(clusters.over(exposure, months) / clusters.dispersion) / GRADE)
    pairs, at = np.unique(units + 1j * grade, return_inverse=True)  # few distinct ones, however many rows
    each, dispersion = pairs.real, clusters.dispersion * np.exp(GRADE * pairs.imag)
    tail = _tail(dispersion, clusters, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(each > 0, dispersion / 2 * chi2.ppf(tail, 2 * each / dispersion), 0.0)[at]
        high = (dispersion / 2 * chi2.isf(tail, 2 * (each + clusters.mean_size) / dispersion))[at]
        known = exposure > 0
        return Interval(np.where(known, low / exposure, np.nan), np.where(known, high / exposure, np.nan))


def _tail(dispersion: np.ndarray, clusters: Clusters, level: float) -> np.ndarray:
    """The normal tail beyond Student's quantile for what the dispersions were estimated from (Satterthwaite 1946)."""
    from scipy.stats import norm, t

    doubt = (clusters.dispersion**2 / clusters.number if clusters.dispersion > 1 else 0.0) + (
        dispersion - clusters.dispersion)**2 / (FREEDOM * max(clusters.seen - 1, 1))
    freedom = np.divide(dispersion**2, doubt, out=np.full(len(dispersion), np.inf), where=doubt > 0)
    return norm.sf(t.ppf((1 + level) / 2, np.maximum(freedom, 1)))


def cluster_moments(sizes: np.ndarray) -> Clusters:
    """Mean size of the clusters, their dispersion E[size^2] / E[size], and how many equal ones they weigh like.

    >>> cluster_moments(np.array([1, 3]))[:3], cluster_moments(np.array([1, 1, 1]))[:3]
    ((2.0, 2.5, 1.6), (1.0, 1.0, 3.0))
    """
    sizes = np.asarray(sizes, float)
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return ALONE
    total, squares = float(sizes.sum()), float((sizes**2).sum())
    return Clusters(total / len(sizes), squares / total, total**2 / squares)


def restless(clusters: Clusters, units: np.ndarray, exposure: np.ndarray) -> Clusters:
    """The clusters with what months vary beyond them: `units` lost and `exposure` handled, one row per month in order;
    where there are columns, each centre (or SKU) varies around its own rate, and counts by what it lost.

    As in Laney's control chart: the scatter from one month to the next, so that a trend is no unrest. A month's own rate
    then differs from the usual one by chance that it shares with everything lost in it. None with fewer than eight months.

    >>> round(restless(ALONE, np.array([9.0, 1, 9, 1, 9, 1, 9, 1]), np.full(8, 1000.0)).unrest, 4)
    0.0091
    """
    units, exposure = (np.atleast_2d(np.asarray(values, float).T).T for values in (units, exposure))
    known = exposure.sum(axis=1) > 0
    units, exposure, months = units[known], np.maximum(exposure[known], 0), max(int(known.sum()), 1)
    weight = units.sum(axis=0)
    if months < LEAST_POINTS or not weight.sum() > 0:
        return clusters._replace(seen=months, months=months)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = weight / exposure.sum(axis=0)
        z = (units / exposure - mean) / np.sqrt(mean * clusters.dispersion / exposure)
    steps = np.abs(np.diff(z, axis=0))
    weights = np.isfinite(steps) * weight
    if not weights.sum() > 0:
        return clusters._replace(seen=months, months=months)
    beyond = max((np.nan_to_num(steps) * weights).sum() / weights.sum() / MOVING_RANGE, 1.0)**2 - 1
    unrest = clusters.dispersion * beyond / (exposure.mean(axis=0) @ weight / weight.sum())
    return clusters._replace(unrest=float(unrest), seen=months, months=months)


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


def shrunk(units: np.ndarray, exposure: np.ndarray, *, dispersion: float | np.ndarray = 1.0) -> Shrunk:
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


def funnel(exposure: np.ndarray, baseline: float, *, dispersion: float | np.ndarray = 1.0, level: float = 0.95) -> Interval:
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
    mean = sigma = np.nan
    for one in np.unique(phase):
        at = np.flatnonzero((phase == one) & (exposure > 0))
        if len(at) >= LEAST_POINTS and counts[at].sum() > 0:
            mean = counts[at].sum() / exposure[at].sum()
            z = (counts[at] / exposure[at] - mean) / np.sqrt(mean / exposure[at])
            sigma = np.abs(np.diff(z)).mean() / MOVING_RANGE
        error = 3 * sigma * np.sqrt(mean / exposure[at])
        center[at], low[at], high[at] = mean, np.maximum(mean - error, 0), mean + error
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = counts / exposure
    return Control(center, low, high, (rate < low) | (rate > high))


def worse(units: np.ndarray, exposure: np.ndarray, *, dispersion: float | np.ndarray = 1.0) -> np.ndarray:
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
