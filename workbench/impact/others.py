"""The other answers beside the imputation: what must agree with it, what stands in where it cannot be used, and what
misleads.

`against_never_adopters` compares each adopter's own before and after with the same days of SKUs that never adopted (a
group-time comparison as Callaway and Sant'Anna's, in ratios); `two_way` is the usual regression with one dummy, a
contrast only, since it takes early adopters as controls of late ones. `interrupted` follows one series through its day
when everything adopted at once; `before_after` is the naive comparison.
"""

from __future__ import annotations

import numpy as np

from workbench.impact.estimate import UNKNOWN, Cells, Estimate, along, fit, over
from workbench.impact.panel import NEVER, Rows

LEVEL, TAIL = 0.95, 0.975  # of every interval here, and what lies below its upper limit


def against_never_adopters(found: Rows, adopted: np.ndarray) -> Estimate:
    """Incidents of adopters after their day over own rate before x the never-adopters' rate after over that before.

    The interval is a jackknife over SKUs. UNKNOWN where there are no never-adopters, or they had no incident.
    """
    on = found.day >= adopted[found.sku]
    size, days = len(found.skus), np.unique(adopted[adopted < NEVER])
    after, before = ([np.bincount(found.sku[which], values[which], size) for values in (found.incidents, found.handled)]
                     for which in (on, ~on))
    adopters = np.flatnonzero((adopted < NEVER) & (before[1] > 0) & (after[1] > 0))
    never = np.flatnonzero((adopted >= NEVER) & (before[1] > 0))
    if not len(adopters) or len(never) < 2:
        return UNKNOWN
    late = np.searchsorted(days, found.day, side="right")  # how many adoption days have come
    place = np.full(size, -1)
    place[never] = np.arange(len(never))
    mine = place[found.sku] >= 0
    shape = (len(never), len(days) + 1)
    tables = [np.bincount(place[found.sku[mine]] * shape[1] + late[mine], values[mine], shape[0] * shape[1]).reshape(shape)
              for values in (found.incidents, found.handled)]
    past = [np.cumsum(table, axis=1)[:, :-1] for table in tables]  # per never-adopter: up to each adoption day
    rest = [table.sum(axis=1, keepdims=True) - gone for table, gone in zip(tables, past, strict=True)]
    own = before[0][adopters] / before[1][adopters] * after[1][adopters]
    cohort = np.searchsorted(days, adopted[adopters])

    def change(less: np.ndarray | float) -> np.ndarray:
        y1, n1, y0, n0 = (part.sum(axis=0) - less_part for part, less_part in zip((*rest, *past), less, strict=True))
        return over(y1 * n0, n1 * y0)

    def ratio(trend: np.ndarray, kept: np.ndarray) -> float:
        expected = np.nan_to_num(own * trend[cohort])[kept].sum()
        return float(after[0][adopters][kept].sum() / expected) if expected > 0 else float("nan")

    everyone = np.ones(len(adopters), bool)
    whole = change([0.0] * 4)
    value = ratio(whole, everyone)
    without = [ratio(whole, np.arange(len(adopters)) != at) for at in range(len(adopters))] + [
        ratio(change([part[at] for part in (*rest, *past)]), everyone) for at in range(len(never))]
    expected = float(np.nan_to_num(own * whole[cohort]).sum())
    error, low, high = _jackknife(value, without)
    return UNKNOWN._replace(ratio=value, low=low, high=high, seen=float(after[0][adopters].sum()), expected=expected,
                            error=error, skus=len(adopters))


def _jackknife(ratio: float, without: list[float]) -> tuple[float, float, float]:
    """The standard error of a ratio's logarithm and the limits of the ratio, from the ratios `without` each SKU in turn;
    NaN where one of them has no logarithm."""
    from scipy.stats import t

    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(without)
    if not (ratio > 0 and np.isfinite(logs).all()):
        return float("nan"), float("nan"), float("nan")
    number = len(logs)
    error = float(np.sqrt((number - 1) / number * ((logs - logs.mean())**2).sum()))
    wide = t.ppf(TAIL, max(number - 2, 1)) * error
    return error, float(ratio * np.exp(-wide)), float(ratio * np.exp(wide))


def two_way(cells: Cells) -> Estimate:
    """The ratio of a Poisson regression with SKU and period effects and one dummy for "has adopted".

    Newton's steps on the dummy, the effects fitted anew each time; the interval is a sandwich clustered by SKU. UNKNOWN
    where it has no solution, as with no incident on one side.
    """
    from scipy.stats import t

    incidents, step, log_ratio = cells.without + cells.with_sop, 1.0, 0.0
    for _ in range(40):
        acted = np.exp(log_ratio) * cells.handled_with
        known = fit(incidents, cells.handled_without + acted)
        treated = over(acted, cells.handled_without + acted, 0.0)  # the part of a cell that the dummy moves
        alone = treated - along(known, treated)
        information = float((known.expected * alone**2).sum())
        if not (information > 1e-9 and cells.with_sop.sum() > 0):
            return UNKNOWN
        if abs(step) < 1e-8:
            break
        step = float(np.clip((alone * (incidents - known.expected)).sum() / information, -2, 2))
        log_ratio += step
    if not (abs(step) < 1e-6 and abs(log_ratio) < 12):
        return UNKNOWN
    scores = (alone * (incidents - known.expected)).sum(axis=1)
    number = int((known.expected.sum(axis=1) > 0).sum())
    error = float(np.sqrt((scores**2).sum() * number / max(number - 1, 1)) / information)
    low, ratio, high = np.exp(log_ratio + t.ppf([1 - TAIL, 0.5, TAIL], max(number - 1, 1)) * error)
    return UNKNOWN._replace(ratio=float(ratio), low=float(low), high=float(high), seen=float(cells.with_sop.sum()),
                            expected=float((known.expected * treated).sum() / ratio), error=error,
                            skus=int((cells.handled_with > 0).any(axis=1).sum()))


def before_after(found: Rows, adopted: np.ndarray) -> Estimate:
    """The adopters' rate after their day over that before, as if nothing else had changed and incidents came singly.

    The interval is the exact one of two Poisson rates: given their sum, the later incidents are binomial (Clopper-Pearson;
    a score interval has no limits where there were none).
    """
    from scipy.stats import binomtest

    mine = adopted[found.sku] < NEVER
    on = found.day >= adopted[found.sku]
    (y1, n1), (y0, n0) = ((found.incidents[mine & which].sum(), found.handled[mine & which].sum()) for which in (on, ~on))
    if not (n1 > 0 and n0 > 0 and y0 > 0):
        return UNKNOWN
    expected = float(y0 / n0 * n1)
    shares = binomtest(int(y1), int(y1 + y0)).proportion_ci(LEVEL, method="exact")
    low, high = (float(share / (1 - share) * n0 / n1) for share in shares)
    return UNKNOWN._replace(ratio=float(y1 / expected), low=low, high=high, seen=float(y1), expected=expected,
                            skus=len(np.unique(found.sku[mine & on])))


def interrupted(found: Rows, adopted: np.ndarray, length: int) -> Estimate:
    """An interrupted time series of the adopters together: trend and level before, a step at the median adoption day.

    Poisson regression on units handled (statsmodels) with a step and a straight trend of the log rate, fixed before
    looking; errors allow for dispersion and, by Newey and West, for autocorrelation, whichever asks for more. Periods in
    which only some had adopted are left out. UNKNOWN with fewer than four periods on either side.
    """
    import warnings

    import statsmodels.api as sm
    from scipy.stats import t

    mine = adopted[found.sku] < NEVER
    days = adopted[adopted < NEVER]
    if not mine.any():
        return UNKNOWN
    begin = int(days.min())
    period = (found.day[mine] - begin) // length
    settled = -(-(int(days.max()) - begin) // length)
    first = int(period.min())
    incidents, handled = (np.bincount(period - first, values[mine]) for values in (found.incidents, found.handled))
    at = np.arange(len(incidents)) + first
    kept = (handled > 0) & ((at < 0) | (at >= settled))
    post = (at >= 0).astype(float)
    if min(kept[at < 0].sum(), kept[at >= 0].sum()) < 4 or not incidents[kept & (at < 0)].sum() \
            or not incidents[kept & (at >= 0)].sum():
        return UNKNOWN
    shape = np.column_stack([np.ones(kept.sum()), at[kept] * length / 30.4, post[kept]])
    model = sm.GLM(incidents[kept], shape, family=sm.families.Poisson(), exposure=handled[kept])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lags = max(int(4 * (kept.sum() / 100)**(2 / 9)), 1)
        try:
            plain = model.fit(scale="X2")
            robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
        except ValueError:  # statsmodels: no likeliest values, they lie at infinity
            return UNKNOWN
    alone = np.sqrt(plain.cov_params()[2, 2] / max(plain.scale, 1e-9))  # were incidents independent
    error = max(float(plain.bse[2]), float(robust.bse[2]), float(alone))
    step, wide = float(plain.params[2]), t.ppf(TAIL, int(kept.sum()) - 3) * error
    expected = float((plain.fittedvalues * np.exp(-step * post[kept]))[post[kept] > 0].sum())
    with np.errstate(over="ignore"):  # no upper limit
        low, ratio, high = np.exp([step - wide, step, step + wide])
    return UNKNOWN._replace(ratio=float(ratio), low=float(low), high=float(high), error=error, expected=expected,
                            seen=float(incidents[kept & (at >= 0)].sum()), dispersion=max(float(plain.scale), 1.0),
                            skus=len(np.unique(found.sku[mine])))
