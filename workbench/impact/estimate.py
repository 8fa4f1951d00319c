"""What the treated SKUs' incidents would have been without the SOP, and how sure one can be of the ratio.

The imputation estimator of Borusyak, Jaravel and Spiess (2024) in its multiplicative form: incidents of SKU i in period t
without the SOP have mean handled_it * level_i * season_t. Levels and seasons are fitted (Poisson quasi-likelihood, whose
estimates need no Poisson data) on cells without the SOP only: never-adopters, and adopters before their day. The ratio is
what was seen in the cells with the SOP over what that fit expects there. A SKU without an incident has level 0 and
expects none: sums stay unbiased, nobody is dropped for being lucky. Units handled may be weighed by their centre's care,
a third margin of the same fit (`centres`).

The interval inverts a score test: it holds every ratio r for which seen - r * expected is within its error, taken as if
r were true. That error is the larger of two: Poisson's own, and Poisson's times a dispersion clustered by SKU, at Student's
quantile for the effective number of SKUs. So it exists at zero incidents, is lopsided as it should be, and has no upper end
where the data says nothing. What is not known of levels, seasons and centres is part of it, by the delta method. The ratio
itself adds half an incident to the base (Haldane), which takes off the bias of dividing by a small count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ROUNDS, CLOSE = 500, 1e-9
TINY = 1e-100  # what no incident and no unit comes down to, but rounding may
APART = 1e9  # how many times the rate of one period may be that of another


class Cells(NamedTuple):
    """Incidents and units handled, one row per SKU and one column per period, without and with the SOP.

    A SKU that adopts within a period has both kinds of cell in it.
    """

    without: np.ndarray
    handled_without: np.ndarray
    with_sop: np.ndarray
    handled_with: np.ndarray


class Parts(NamedTuple):
    """Cells told apart by centre: one row per SKU, period, centre and with or without the SOP."""

    sku: np.ndarray
    period: np.ndarray
    center: np.ndarray
    on: np.ndarray  # with the SOP
    incidents: np.ndarray
    handled: np.ndarray
    prior: float  # incidents that would tell as much of a centre's care as the other centres do; inf: all are alike

    def only(self, kept: np.ndarray) -> Parts:
        """The rows where `kept`."""
        return Parts(*(column[kept] for column in self[:-1]), self.prior)


class Estimate(NamedTuple):
    """A ratio of incidents seen over incidents expected; NaN where nothing can be expected."""

    ratio: float
    low: float
    high: float  # inf where the data sets no upper limit
    seen: float
    expected: float
    error: float  # standard error of log(ratio) were the ratio 1; NaN when unknown
    dispersion: float  # variance over that of independent incidents, clustered by SKU, at least 1
    skus: int  # with the SOP, that are in it
    clusters: float  # effective number of SKUs in the clustered error
    left_out: int  # SKUs with the SOP that nothing can be expected of: no unit handled before, or no control beside

    def excludes(self, ratio: float) -> bool:
        """Whether the interval lies wholly on one side of `ratio`."""
        return bool(self.high < ratio or self.low > ratio)


UNKNOWN = Estimate(*[float("nan")] * 3, 0.0, 0.0, *[float("nan")] * 2, 0, 0.0, 0)


class Drift(NamedTuple):
    """A test whether rates moved apart before anything was adopted; NaN where the data cannot tell."""

    p: float
    steps: tuple[float, ...]


class Shared(NamedTuple):
    """What several SKUs have in common: the seasons, and the centres' care where cells are told apart by it."""

    expected: np.ndarray  # incidents in the cells without the SOP, one row per SKU, one column per season or centre
    residuals: np.ndarray  # incidents seen there beyond it, likewise
    would: np.ndarray  # expected in the cells with the SOP, per season or centre
    inverse: np.ndarray  # of the information matrix, the SKUs' levels taken out
    squares: Callable[[np.ndarray], np.ndarray]  # per SKU: its expected incidents times the square of their pulls
    beside: Callable[[np.ndarray], float]  # the variance that no incident of these SKUs brings in


class Fit(NamedTuple):
    """Levels and seasons of the cells without the SOP, what they expect there, and the seasons' information matrix."""

    level: np.ndarray
    season: np.ndarray
    expected: np.ndarray
    inverse: np.ndarray


def fit(incidents: np.ndarray, handled: np.ndarray) -> Fit:
    """The multiplicative model of incidents per unit handled, by alternating its two margins (as iterative
    proportional fitting does); a period in which nothing could be expected has season NaN."""
    by_sku, by_period = incidents.sum(axis=1), incidents.sum(axis=0)
    season = over(by_period, handled.sum(axis=0), 0.0)
    for _ in range(ROUNDS):
        level = over(by_sku, handled @ season, 0.0)
        new = over(by_period, level @ handled, 0.0)
        if new.max(initial=0.0) > APART * new.min(initial=np.inf, where=new > 0):
            break  # the table falls apart: its best fit lies at nought and infinity
        moved = np.abs(new - season).max(initial=0.0) / max(season.max(initial=0.0), 1e-300)
        season = new
        if moved < CLOSE:
            break
    level = over(by_sku, handled @ season)
    season = over(by_period, np.nan_to_num(level) @ handled)
    expected = handled * np.nan_to_num(level)[:, None] * np.nan_to_num(season)
    shares = over(expected, expected.sum(axis=1)[:, None], 0.0)
    information = np.diag(expected.sum(axis=0)) - expected.T @ shares
    return Fit(level, season, expected, inverted(information))


def impute(cells: Cells, *, parts: Parts | None = None, level: float = 0.95) -> Estimate:
    """The ratio of incidents seen with the SOP over those expected without it, and its interval.

    `parts`: the same cells told apart by centre, so that the interval knows how well the centres' care is known.
    """
    known = fit(cells.without, cells.handled_without)
    expects = ~np.isnan(known.level)[:, None] & ~np.isnan(known.season) & (cells.handled_with > 0)
    adopters = (cells.handled_with > 0).any(axis=1)
    inside = expects.any(axis=1)
    would = np.where(expects, np.nan_to_num(known.level)[:, None] * cells.handled_with * np.nan_to_num(known.season), 0.0)
    seen, expected = np.where(expects, cells.with_sop, 0.0).sum(axis=1), would.sum(axis=1)
    total = expected.sum()
    if not total > 0:
        return UNKNOWN._replace(left_out=int(adopters.sum()))
    base = known.expected.sum(axis=1)
    alone = over(expected**2, base, 0.0)  # the variance that a SKU's own level brings in
    shared = _seasons(cells, known, would) if parts is None else _centres(cells, known, would, parts)
    pull = shared.inverse @ (shared.would - shared.expected.T @ over(expected, base, 0.0))
    lent = shared.residuals @ pull  # what each SKU's residuals do to the total expected
    tied = over((shared.expected @ pull)**2, base, 0.0)  # what the SKU's level takes up of it
    noise = alone + np.maximum(shared.squares(pull) - tied, 0)
    return _interval(seen, expected, lent, noise, level, shared.beside(pull))._replace(
        skus=int(inside.sum()), left_out=int((adopters & ~inside).sum()))


def _seasons(cells: Cells, known: Fit, would: np.ndarray) -> Shared:
    return Shared(known.expected, cells.without - known.expected, would.sum(axis=0), known.inverse,
                  squares=lambda pull: known.expected @ pull**2, beside=lambda pull: 0.0)


def _centres(cells: Cells, known: Fit, would: np.ndarray, parts: Parts) -> Shared:
    """Seasons and centres: a centre's care is known from its incidents and, drawn to the others', from the prior."""
    skus, periods = known.expected.shape
    centers = int(parts.center.max()) + 1
    level, season = np.nan_to_num(known.level), np.nan_to_num(known.season)
    expects = level[parts.sku] * parts.handled * season[parts.period]
    free, mean, there = parts.only(~parts.on), expects[~parts.on], parts.on & (would > 0)[parts.sku, parts.period]

    def table(row: np.ndarray, values: np.ndarray, rows: int) -> np.ndarray:
        return np.bincount(row * centers + free.center, values, rows * centers).reshape(rows, centers)

    def squares(pull: np.ndarray) -> np.ndarray:
        return np.bincount(free.sku, mean * (pull[free.period] + pull[periods:][free.center])**2, skus)

    here, crossed = table(free.sku, mean, skus), table(free.period, mean, periods)
    expected = np.hstack([known.expected, here])
    information = np.block([[np.diag(known.expected.sum(axis=0)), crossed],
                            [crossed.T, np.diag(here.sum(axis=0) + parts.prior)]])
    information -= expected.T @ over(expected, known.expected.sum(axis=1)[:, None], 0.0)
    return Shared(expected, np.hstack([cells.without - known.expected, table(free.sku, free.incidents, skus) - here]),
                  np.append(would.sum(axis=0), np.bincount(parts.center[there], expects[there], centers)),
                  inverted(information), squares, beside=lambda pull: parts.prior * float((pull[periods:]**2).sum()))


def inverted(information: np.ndarray) -> np.ndarray:
    """The inverse of an information matrix whose effects are free up to a common factor."""
    ridge = 1e-9 * max(float(information.diagonal().max(initial=0)), 1e-9)
    return np.linalg.inv(information + ridge * np.eye(len(information)))


def drift(cells: Cells, shapes: list[np.ndarray]) -> Drift:
    """Whether the cells without the SOP already moved apart along `shapes` (each like the cells, one number per cell).

    A score test of all shapes together in the fitted model, with the dispersion clustered by SKU. `steps`: by how much
    one unit of each shape moves the log rate, to first order.
    """
    from scipy.stats import f

    known = fit(cells.without, cells.handled_without)
    mean, residuals = known.expected, cells.without - known.expected
    parts = [shape - along(known, shape) for shape in shapes]
    scores = np.array([(part * residuals).sum(axis=1) for part in parts])
    information = np.array([[(mean * one * other).sum() for other in parts] for one in parts])
    rank = int(np.linalg.matrix_rank(information, tol=1e-6 * max(float(np.trace(information)), 1e-9)))
    weights = (mean * sum(part**2 for part in parts)).sum(axis=1)
    if not rank or not weights.sum() > 0:
        return Drift(float("nan"), tuple([float("nan")] * len(shapes)))
    inverse = np.linalg.pinv(information, rcond=1e-6, hermitian=True)
    clusters = weights.sum()**2 / (weights**2).sum()
    dispersion = max(float(np.einsum("is,ij,js->", scores, inverse, scores)) / rank, 1.0)
    total = scores.sum(axis=1)
    return Drift(float(f.sf(total @ inverse @ total / rank / dispersion, rank, max(clusters - 1, 1))),
                 tuple((inverse @ total).tolist()))


def along(known: Fit, shape: np.ndarray) -> np.ndarray:
    """What levels and seasons can follow of `shape`: its weighted projection on rows and columns."""
    mean, base = known.expected, known.expected.sum(axis=1)
    rows = over((mean * shape).sum(axis=1), base, 0.0)
    seasons = known.inverse @ ((mean * shape).sum(axis=0) - mean.T @ rows)
    return rows[:, None] - over(mean @ seasons, base, 0.0)[:, None] + seasons


def _interval(seen: np.ndarray, expected: np.ndarray, lent: np.ndarray, noise: np.ndarray, level: float,
              beside: float) -> Estimate:
    """Inverts the score test. Per SKU: incidents seen and expected, what its residuals lend to the total expected, and
    the Poisson variance of its part of that total; `beside`: the variance of the total that no SKU brings in."""
    from scipy.optimize import brentq
    from scipy.stats import norm, t

    total, found = expected.sum(), seen.sum()
    per, ratio = (noise.sum() + beside) / total, found / total
    variances = (ratio or 1.0) * expected + (ratio or 1.0)**2 * noise
    clusters = float(variances.sum()**2 / (variances**2).sum())
    residuals = seen - ratio * (expected + lent)
    clustered = (residuals**2).sum() / variances.sum() * clusters / max(clusters - 1, 1)
    dispersion = max(float(clustered), 1.0)
    bound = max(norm.ppf((1 + level) / 2)**2, t.ppf((1 + level) / 2, clusters)**2 * float(clustered))

    def beyond(log_r: float) -> float:
        r = np.exp(log_r)
        likely = (found + total / per) / (r + 1 / per)  # the best guess of what to expect, were r the truth
        return (found - r * total)**2 - bound * likely * (r + r**2 * per)

    middle = np.log(max(ratio, 0.5 / total))
    low = 0.0 if ratio == 0 or beyond(middle - 12) <= 0 else float(np.exp(brentq(beyond, middle - 12, middle)))
    high = float("inf") if beyond(middle + 12) <= 0 else float(np.exp(brentq(beyond, middle, middle + 12)))
    return Estimate(float(found / (total + noise.sum() / total / 2)), low, high, float(found), float(total),
                    float(np.sqrt(dispersion * total * (1 + per)) / total), dispersion, 0, clusters, 0)


def over(top: np.ndarray, bottom: np.ndarray, otherwise: float = np.nan) -> np.ndarray:
    """top / bottom, and `otherwise` where the bottom is 0, or as good as 0."""
    return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, otherwise), where=bottom > TINY)
