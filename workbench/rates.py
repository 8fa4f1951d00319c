"""Rates of rare events per unit handled, and how sure one can be of them.

Losses come in clusters: one event can be 16 units, one bad week of one product gives several events, and some months are
worse than others. Counting each unit as independent makes intervals far too narrow. Here units are a sum of cluster
sizes, a compound Poisson variable: its variance is its mean times the dispersion E[size^2] / E[size], taken from all
clusters known, since a short period holds too few to tell; what months vary beyond that is added (`restless`). The
interval is the gamma interval for weighted sums of Poisson counts (Fay and Feuer 1997) with the mean cluster in the upper
limit (Tiwari, Clegg and Zou 2006), at Student's level for what the dispersion was seen in. With clusters of one unit and
quiet months it is Garwood's exact one, which never falls short and so covers too much; with more dispersion it aims at 95 %
on average: both limits are drawn in by a third of a cluster, which makes them the mid-P limits (Lancaster 1961) of so many
clusters, and where a rate is so small that no loss at all would leave it inside, so that it can be missed on one side only,
the lower limit has both tails (as in Blaker 2000).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST_POINTS = 8  # points in time before their scatter tells anything
MOVING_RANGE, FREEDOM = 1.128, 0.6  # of two normal points: the mean range in standard deviations; its freedom a step
CLUSTER_FREEDOM = 0.4  # a cluster's part in telling the dispersion: of clusters 1 to 16 and heavier, five tell like two
FALSE_FLAGS = 0.05  # of all that are flagged, at most so many are false on average
GRADE, PARTS = 0.02, 20  # dispersions are told apart in steps of two per cent, parts of all handled in twentieths


class Interval(NamedTuple):
    """Lower and upper limit, same shape as the counts given."""

    low: np.ndarray
    high: np.ndarray


class Clusters(NamedTuple):
    """How losses hang together; by default not at all."""

    mean_size: float = 1.0
    dispersion: float = 1.0  # E[size^2] / E[size]: variance of the units lost over their mean
    number: float = float("inf")  # of clusters that the dispersion was seen in
    unrest: float = 0.0  # dispersion added by months that differ, per unit handled in a month
    seen: int = 1  # months the unrest was seen in
    months: int = 1  # in question: those of a rate that is not a month's
    handled: float = float("inf")  # units, in the months seen

    def over(self, exposure: np.ndarray, months: int | None = None) -> np.ndarray:
        """The dispersion of what is lost of so many units handled in so many months (by default those in question)."""
        return self.dispersion + self.unrest * np.maximum(np.asarray(exposure, float), 0) / (months or self.months)


ALONE = Clusters()


def clustered(units: np.ndarray, exposure: np.ndarray, clusters: Clusters = ALONE, *, months: int = 1,
              level: float = 0.95) -> Interval:
    """The interval of units per exposure when units come in `clusters` (`cluster_moments`, `restless`).

    `units` and `exposure` (units handled): one per row, every row over so many `months`. NaN where nothing was handled.
    Three units lost singly, and in clusters of which hundreds were seen:

    >>> pairs = cluster_moments(np.tile([1, 2], 200))
    >>> for known in (ALONE, pairs):
    ...     print(*(limit.round(6).item() for limit in clustered(np.array([3.0]), np.array([1000.0]), known)))
    0.000619 0.008767
    0.00066 0.010418
    """
    from scipy.special import gammainccinv, gammaincinv, ndtr, stdtrit

    units, exposure = np.asarray(units, float), np.asarray(exposure, float)
    grade = np.rint(np.log(clusters.over(exposure, months) / clusters.dispersion) / GRADE)
    part = np.rint(np.clip(exposure / max(clusters.handled, 1), 0, 1) * PARTS)
    rows, at = np.unique(units + 1j * (grade * (PARTS + 1) + part), return_inverse=True)  # few distinct ones, however many
    each, (grade, part) = rows.real, np.divmod(rows.imag, PARTS + 1)
    dispersion, tail = clusters.dispersion * np.exp(GRADE * grade), (1 - level) / 2
    freedom = _freedom(dispersion, part / PARTS, clusters)
    beyond = np.minimum(2 * (dispersion - 1), 1)  # from exact to right on average, as dispersion grows to one and a half
    third = clusters.mean_size / 3 * beyond

    def lower(tail: np.ndarray) -> np.ndarray:
        return np.where(each > 0, dispersion * gammaincinv((each + third) / dispersion, ndtr(stdtrit(freedom, tail))), 0.0)

    def upper(units: np.ndarray, tail: np.ndarray) -> np.ndarray:
        return dispersion * gammainccinv((units + clusters.mean_size - third) / dispersion, tail)

    reached = upper(np.zeros(len(each)), tail)  # rates that no loss at all leaves inside: only too many losses miss them
    low = np.maximum(lower(tail), np.minimum(lower(tail * (1 + beyond)), reached))
    high = upper(each, ndtr(stdtrit(freedom, tail)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return Interval(*(np.where(exposure > 0, limit[at] / exposure, np.nan) for limit in (low, high)))


def _freedom(dispersion: np.ndarray, part: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Student's degrees of freedom for what the dispersions were estimated from (Satterthwaite 1946).

    Each adds what its square is beyond that of what it stands on: chance alone, then clusters. A row that is but a `part`
    of all that was handled has told the estimate little, and an odd one carries its own allowance in it: the doubt is
    that part of the whole's.
    """
    doubt = part * ((clusters.dispersion**2 - 1) / (CLUSTER_FREEDOM * clusters.number)
                    + (dispersion**2 - clusters.dispersion**2) / (FREEDOM * max(clusters.seen - 1, 1)))
    return np.maximum(np.divide(dispersion**2, doubt, out=np.full(len(doubt), np.inf), where=doubt > 0), 1)


def cluster_moments(sizes: np.ndarray) -> Clusters:
    """Mean size of the clusters, their dispersion E[size^2] / E[size], and how many there are.

    >>> cluster_moments(np.array([1, 3]))[:3], cluster_moments(np.array([1, 1, 1]))[:3]
    ((2.0, 2.5, 2), (1.0, 1.0, 3))
    """
    sizes = np.asarray(sizes, float)
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return ALONE
    total = float(sizes.sum())
    return Clusters(total / len(sizes), float((sizes**2).sum()) / total, len(sizes))


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
    weight, clusters = units.sum(axis=0), clusters._replace(seen=months, months=months, handled=float(exposure.sum()))
    if months < LEAST_POINTS or not weight.sum() > 0:
        return clusters
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = weight / exposure.sum(axis=0)
        z = (units / exposure - mean) / np.sqrt(mean * clusters.dispersion / exposure)
    steps = np.abs(np.diff(z, axis=0))
    weights = np.isfinite(steps) * weight
    if not weights.sum() > 0:
        return clusters
    beyond = max((np.nan_to_num(steps) * weights).sum() / weights.sum() / MOVING_RANGE, 1.0)**2 - 1
    unrest = clusters.dispersion * beyond / (exposure.mean(axis=0) @ weight / weight.sum())
    return clusters._replace(unrest=float(unrest))


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


def flagged(p: np.ndarray) -> np.ndarray:
    """Which of many p-values may be called findings so that at most one in twenty of such findings is false on average
    (Benjamini and Hochberg 1995). NaN is never one.

    >>> flagged(np.array([0.001, 0.02, 0.04, float("nan"), 0.6])).tolist()
    [True, True, False, False, False]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p, float)
    known = ~np.isnan(p)
    out = np.zeros(len(p), bool)
    if known.any():
        out[known] = false_discovery_control(p[known], method="bh") <= FALSE_FLAGS
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
