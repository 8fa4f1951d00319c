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

    >>> cluster_moments(np.array([1, 3]))
    (2.0, 2.5)
    """
    sizes = np.asarray(sizes, float)
    sizes = sizes[sizes > 0]
    return (float(sizes.mean()), float((sizes**2).sum() / sizes.sum())) if len(sizes) else (1.0, 1.0)
