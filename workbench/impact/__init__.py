"""What an SOP did to losses: the rate after adoption over what it would have been without, and what may be said of it.

    found = impact(ledger, sops, as_of=dt.date(2026, 6, 30))
    found.ratio, found.low, found.high      # 0.52, 0.35, 0.77
    found.verdict, found.reasons            # "effect", (Reason("effect_fall", …), …)

Outcome: loss and damage incidents (ledger rows of M, 5 and E, not units) per unit handled. Method: imputation from SKUs
without the SOP (`estimate`); where everything adopts at once an interrupted time series, and for a short one a rate ratio
(`others`), which never get a causal verdict. What the design must show first stands in `judged`; every number of a
sentence comes from the same object.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.impact import centres, others, over_time, panel
from workbench.impact.estimate import UNKNOWN, Cells, Estimate, drift, impute
from workbench.impact.panel import NEEDED, NEVER, PRE_PERIODS, Rows

__all__ = ["NEEDED", "Check", "Impact", "Reason", "all_sops", "groups", "impact", "judged", "names"]
MIN_EXPECTED, MIN_SKUS, MIN_CLUSTERS = 10, 5, 4
TREND_P, PLACEBO_LEVEL = 0.03, 0.99  # with two placebos, a sound design is refused in 5 % of cases
DRIFT_P = 0.15
MARGIN = 0.25  # no effect: falls of more than a quarter, and rises of more than a third, are excluded
MATURE_DAYS = 60  # Amazon researches a loss for up to 60 days before it appears in the ledger
POWER = 0.8
FATAL = ("controls", "pre_periods", "events", "clusters", "pre_trend", "placebo_date", "placebo_outcome", "other_sops")
TURNED = {"same_maturity": "immature", "net_of_finds": "turned_net"}  # fatal to an effect only


@dataclass(frozen=True)
class Reason:
    """Why the verdict is what it is: a sentence of the words' room [impact], and its values."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One thing that could have fooled the answer: "passed", "failed" or "unknown", with what was found."""

    name: str
    outcome: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Impact:
    """What one SOP did. NaN is unknown, an upper limit of inf none."""

    sop: str
    as_of: dt.date
    ratio: float
    low: float
    high: float
    verdict: str  # "effect", "no_effect" or "cannot_say"
    reasons: tuple[Reason, ...]
    method: str  # "imputation", "interrupted_time_series", "rate_ratio" or "none"
    checks: tuple[Check, ...]
    estimate: Estimate
    methods: Mapping[str, Estimate]  # every method's own answer, the naive one among them
    fall_seen: float  # the smallest fall this data would have seen four times in five; NaN when none
    event_study: pd.DataFrame  # one row per 28 days before or after adoption: months, ratio, low, high, seen, expected
    series: pd.DataFrame  # one row per month and group ("adopters", "others"): incidents, units_handled, rate
    watch: pd.DataFrame  # one row per period of the adopters, with control limits: day, rate, center, low, high, outside
    adopters: int
    controls: int
    first_adoption: dt.date | None
    last_adoption: dt.date | None
    period_days: int


def names(sops: pd.DataFrame) -> list[str]:
    """The SOPs of the sheet, in its order."""
    return list(dict.fromkeys(name for name in sops["sop"].astype("str").str.strip() if name))


def impact(ledger: pd.DataFrame, sops: pd.DataFrame, *, as_of: dt.date, sop: str | None = None,
           groups: Mapping[str, Sequence[str]] | None = None) -> Impact:
    """What `sop` (the sheet's first by default) did to the seller's incidents up to `as_of`.

    `ledger`: the detailed inventory ledger with the columns NEEDED. `sops`: the sheet (sop, sku_group, msku, adopted_on).
    `groups`: SKUs by group name, for rows of the sheet that name a group and no SKU. Raises ValueError for an SOP that
    the sheet does not name.
    """
    listed = names(sops)
    name = sop or (listed[0] if listed else "")
    if sop and sop not in listed:
        raise ValueError(f"impact: the sops sheet has no SOP {sop!r}; it has {', '.join(listed) or 'none'}.")
    found = panel.rows(ledger, as_of)
    days = {each: panel.adoption(sops, each, found.skus, groups) for each in listed}
    returns = panel.rows(ledger, as_of, "returns")
    placebo = (returns, panel.adoption(sops, name, returns.skus, groups)) if name else None
    return judged(found, days.get(name, np.full(len(found.skus), NEVER)), name=name, as_of=as_of, placebo=placebo,
                  rivals=[days[each] for each in listed if each != name],
                  sheet=_sheet(panel.dates(sops, name, groups), found))


def _sheet(dates: pd.Series, found: Rows) -> dict[str, object]:
    """What the sheet says that the ledger cannot follow: SKUs it does not know, days after its last."""
    unknown = sorted(set(dates.index) - set(found.skus))
    later = int((dates.to_numpy("datetime64[D]").astype(np.int64) > found.span[1]).sum())
    return {"dated": len(dates), "unknown": len(unknown), "names": ", ".join(unknown[:5]) + (" …" if unknown[5:] else ""),
            "later": later, "begins": dates.min().date() if len(dates) else None, "skus": len(found.skus),
            "last": _date(found.span[1])}


def all_sops(ledger: pd.DataFrame, sops: pd.DataFrame, *, as_of: dt.date, sop: str | None = None,
             groups: Mapping[str, Sequence[str]] | None = None) -> list[Impact]:
    """`impact` of `sop` alone, or of every SOP of the sheet in its order; of none there is one empty answer."""
    wanted = [sop] if sop else names(sops) or [None]
    return [impact(ledger, sops, as_of=as_of, sop=each, groups=groups) for each in wanted]


def groups(costs: pd.DataFrame) -> dict[str, list[str]]:
    """SKUs by the cost sheet's category, so that an SOP may name a whole category as its group."""
    table = costs[costs["category"].astype("str") != ""].astype({"category": "str", "msku": "str"})
    return table.groupby("category")["msku"].agg(list).to_dict()


def judged(found: Rows, adopted: np.ndarray, *, name: str = "", as_of: dt.date, rivals: Sequence[np.ndarray] = (),
           placebo: tuple[Rows, np.ndarray] | None = None, sheet: Mapping[str, object] | None = None,
           pictures: bool = True) -> Impact:
    """What `adopted` (a day since 1970 per SKU, NEVER for none) did to the incidents in `found`.

    `rivals`: the same for the seller's other SOPs. `placebo`: rows and adoption days of an outcome that no warehouse
    procedure touches. `sheet`: what `_sheet` found. `pictures`: also the event study and the monthly series.
    """
    last = found.span[1]
    adopted = np.where(adopted > last, NEVER, adopted)
    clean = panel.undisturbed(found, adopted, rivals)
    active = np.bincount(clean.sku, clean.handled > 0, len(clean.skus)) > 0
    dated = (adopted < NEVER) & active
    length = panel.period_days(clean, adopted) if dated.any() else panel.LENGTHS[0]
    early = dated & (adopted < clean.span[0] + PRE_PERIODS * length)
    short = bool(dated.any()) and early.sum() * 2 > dated.sum()
    plain = clean if short else clean.only(~early[clean.sku])
    used = centres.standardised(plain, adopted, length)
    table = panel.cells(used, adopted, length)
    method, main, methods = "none", UNKNOWN, {}
    if dated.any():
        method, main, methods = _answers(clean, plain, used, table, adopted, length, naive=pictures)
    begun = adopted[dated]
    controls = int(((adopted >= NEVER) & active).sum())
    sheet = sheet or {"dated": int(dated.sum()), "unknown": 0, "names": "", "later": 0, "skus": len(found.skus)}
    checks = (_adoption(sheet, dated.any()),)
    if dated.any():
        checks += tuple(_checks(used, adopted, length, table, main, method, placebo, short, controls, rivals))
    verdict, reasons = _verdict(main, method, methods, checks)
    study = over_time.event_study(used, adopted, length) if method == "imputation" and pictures else \
        pd.DataFrame(columns=over_time.STUDY, dtype=float)
    return Impact(
        name, as_of, main.ratio, main.low, main.high, verdict, reasons, method, checks, main, methods, fall_seen(main),
        event_study=study, series=over_time.series(found, adopted) if pictures else pd.DataFrame(),
        watch=over_time.watch(found, adopted, length) if pictures else pd.DataFrame(),
        adopters=int(dated.sum()), controls=controls, first_adoption=_date(begun.min(initial=NEVER)),
        last_adoption=_date(begun.max(initial=-1)), period_days=length)


def _answers(clean: Rows, plain: Rows, used: Rows, table: Cells, adopted: np.ndarray, length: int, *,
             naive: bool) -> tuple[str, Estimate, dict[str, Estimate]]:
    """The method that can answer, its answer, and what every method says.

    Where the imputation can expect nothing, all adopters in `clean` are followed as one series; where that is too short,
    the plain ratio stands in. `plain`: without those who adopted too early to be judged; `used`: these weighed by centre,
    and `table` their cells. `naive`: the plain ratio is wanted beside the answer.
    """
    parts = centres.parts(used, adopted, length) if used.prior < np.inf else None
    main = impute(table, parts=parts)
    methods = {"imputation": main, "never_adopters": others.against_never_adopters(used, adopted),
               "two_way": others.two_way(table), "no_centres": impute(panel.cells(plain, adopted, length))}
    imputed = main.expected > 0
    if naive or not imputed:
        methods["before_after"] = others.before_after(plain, adopted)
    if imputed:
        return "imputation", main, methods
    together = others.interrupted(centres.standardised(clean, adopted, length), adopted, length)
    methods["interrupted_time_series"] = together
    method, main = ("interrupted_time_series", together) if together.ratio > 0 else ("rate_ratio", methods["before_after"])
    return (method if main.expected > 0 else "none"), main, methods


def fall_seen(found: Estimate) -> float:
    """The smallest fall (0-1) that this data would have told from none with chance POWER; NaN when it could see none."""
    from scipy.stats import norm

    ratios = np.arange(0.99, 0.0, -0.01)
    if not found.error > 0:
        return float("nan")
    spread = found.dispersion / found.expected if found.dispersion > 0 else 0.0
    errors = np.sqrt(np.maximum(found.error**2 + spread * (1 / ratios - 1), 0))
    seen = -np.log(ratios) >= norm.ppf(0.975) * found.error + norm.ppf(POWER) * errors
    return float(1 - ratios[seen][0]) if seen.any() else float("nan")


# ---------------------------------------------------------------------------------------------------- checks

def _checks(found: Rows, adopted: np.ndarray, length: int, table: Cells, main: Estimate, method: str,
            placebo: tuple[Rows, np.ndarray] | None, short: bool, controls: int, rivals: Sequence[np.ndarray]):
    """Every check of a design in which somebody adopted, in the order a reader asks."""
    first, last = found.span
    mine = adopted[found.sku] < NEVER
    dated = np.unique(found.sku[mine])
    before = max(int((np.median(adopted[dated]) if len(dated) else first) - first), 0)
    yield Check("controls", "passed" if method == "imputation" or controls >= panel.CONTROLS else "failed",
                {"controls": controls, "left_out": main.left_out})
    yield Check("pre_periods", "failed" if short else "passed",
                {"periods": before // length, "days": length, "least": PRE_PERIODS})
    on = found.day >= adopted[found.sku]
    pre = int(found.incidents[mine & ~on].sum())
    enough = min(pre, main.expected if main.expected > 0 else 0) >= MIN_EXPECTED
    yield Check("events", "passed" if enough else "failed",
                {"before": pre, "seen": int(main.seen), "expected": main.expected, "least": MIN_EXPECTED})
    if method != "imputation":
        return
    beside = int(((table.handled_without.sum(axis=1) > 0) & (table.handled_with.sum(axis=1) == 0)).sum())
    many = min(main.skus, beside) >= MIN_SKUS and main.clusters >= MIN_CLUSTERS
    yield Check("clusters", "passed" if many else "failed",
                {"adopters": main.skus, "controls": beside, "effective": main.clusters, "least": MIN_SKUS})
    yield _pre_trend(found, adopted, length, table, main)
    yield _placebo_date(found, adopted, length)
    yield _placebo_outcome(placebo, length)
    yield _same_maturity(found, adopted, length, main)
    yield _net_of_finds(found, adopted, length, main)
    together = [int(((days == adopted) & (adopted < NEVER)).sum()) for days in rivals]
    if rivals:
        yield Check("other_sops", "failed" if 2 * max(together) >= len(dated) else "passed", {"together": max(together)})


def _adoption(sheet: Mapping[str, object], adopted: bool) -> Check:
    """Whether anybody adopted, and whether the ledger knows all whom the sheet names: unknown where it names nobody."""
    if adopted and not sheet["unknown"] and not sheet["later"]:
        return Check("adoption", "passed", {**sheet, "cause": "known"})
    if adopted:
        return Check("adoption", "failed" if sheet["unknown"] else "passed", sheet)
    cause = ("none" if not sheet["dated"] else "unknown" if sheet["unknown"] == sheet["dated"] else
             "later" if sheet["unknown"] + sheet["later"] >= sheet["dated"] else "idle")
    return Check("adoption", "unknown" if cause == "none" else "failed", {**sheet, "cause": cause})


def _pre_trend(found: Rows, adopted: np.ndarray, length: int, table: Cells, main: Estimate) -> Check:
    """Whether adopters drifted from the others before their day, or stood out just before it."""
    first, shape = found.span[0], table.without.shape
    middle = first + length * (np.arange(shape[1]) + 0.5)
    mine = (adopted < NEVER)[:, None]
    months = np.where(mine, (middle - np.where(mine, adopted[:, None], 0)) / 30.4, 0.0)
    near = (mine & (months > -2) & (table.handled_without > 0)).astype(float)
    both, slope = drift(table, [months, near]), drift(table, [months])
    gap = _months_between(table, months)
    explained = slope.steps[0] * gap
    effect = np.log(main.ratio) if main.ratio > 0 else float("nan")
    explains = bool(main.excludes(1.0) and slope.p < DRIFT_P and explained * effect > 0
                    and abs(explained) > abs(effect) / 2)
    with np.errstate(over="ignore"):
        a_month, just_before = np.expm1([slope.steps[0], both.steps[1]]).tolist()
    values = {"p": both.p, "slope": a_month, "just_before": just_before, "p_slope": slope.p, "explains": explains}
    if np.isnan(both.p):
        return Check("pre_trend", "unknown", values)
    return Check("pre_trend", "failed" if both.p < TREND_P or explains else "passed", values)


def _months_between(table: Cells, months: np.ndarray) -> float:
    """Months from the middle of the adopters' time before to the middle of their time after."""
    mine = table.handled_with.sum(axis=1) > 0
    weights = [handled[mine] for handled in (table.handled_with, table.handled_without)]
    after, before = ((weight * months[mine]).sum() / max(weight.sum(), 1e-9) for weight in weights)
    return float(after - before)


def _placebo_date(found: Rows, adopted: np.ndarray, length: int) -> Check:
    """The same estimate on the time before adoption alone, as if adopted half-way through it."""
    early = found.only(found.day < adopted[found.sku])
    first = early.span[0]
    halfway = np.where(adopted < NEVER, first + (adopted - first) // 2, NEVER)
    told = impute(panel.cells(early, halfway, length), level=PLACEBO_LEVEL)
    return Check("placebo_date", _placebo(told), _numbers(told))


def _placebo_outcome(placebo: tuple[Rows, np.ndarray] | None, length: int) -> Check:
    """The same estimate for customer returns per unit shipped."""
    told = UNKNOWN
    if placebo is not None and placebo[0].incidents.sum():
        told = impute(panel.cells(placebo[0], placebo[1], length), level=PLACEBO_LEVEL)
    return Check("placebo_outcome", _placebo(told), _numbers(told))


def _placebo(told: Estimate) -> str:
    if not told.expected > 0:
        return "unknown"
    return "failed" if told.excludes(1.0) else "passed"


def _same_maturity(found: Rows, adopted: np.ndarray, length: int, main: Estimate) -> Check:
    """The same estimate without the last 60 days, whose losses Amazon may still be researching."""
    told = impute(panel.cells(found.only(found.day <= found.span[1] - MATURE_DAYS), adopted, length))
    return Check("same_maturity", _same_side(told, main),
                 {**_numbers(told), "days": MATURE_DAYS})


def _net_of_finds(found: Rows, adopted: np.ndarray, length: int, main: Estimate) -> Check:
    """The same estimate without the losses that were found again in full."""
    told = UNKNOWN if found.net is None else impute(panel.cells(replace(found, incidents=found.net), adopted, length))
    return Check("net_of_finds", _same_side(told, main), _numbers(told))


def _numbers(told: Estimate) -> dict[str, float]:
    return {"ratio": told.ratio, "low": told.low, "high": told.high}


def _same_side(told: Estimate, main: Estimate) -> str:
    if not told.expected > 0:
        return "unknown"
    return "failed" if main.excludes(1.0) and (told.ratio - 1) * (main.ratio - 1) < 0 else "passed"


# ---------------------------------------------------------------------------------------------------- verdict

def _verdict(main: Estimate, method: str, methods: Mapping[str, Estimate],
             checks: Sequence[Check]) -> tuple[str, tuple[Reason, ...]]:
    """The verdict and its reasons: what is wrong with the design first, else what the interval says."""
    failed = [check for check in checks if check.outcome == "failed"]
    reasons = tuple(Reason(_code(check), check.values) for check in checks if _forbids(check))
    fall = fall_seen(main)
    told = {**_numbers(main), "fall": fall, "margin": MARGIN}
    if reasons:
        aside = {"interrupted_time_series": "series_says", "rate_ratio": "before_after_says"}.get(method)
        return "cannot_say", reasons + ((Reason(aside, told),) if aside else ())
    if main.excludes(1.0):
        agree = [name for name in ("never_adopters", "two_way")
                 if (methods[name].ratio - 1) * (main.ratio - 1) > 0]
        if not agree:
            return "cannot_say", (Reason("methods_disagree", {name: methods[name].ratio for name in
                                                              ("imputation", "never_adopters", "two_way")}),)
        turned = [Reason(TURNED[check.name], check.values) for check in failed if check.name in TURNED]
        if turned:
            return "cannot_say", tuple(turned)
        return "effect", (Reason("effect_fall" if main.ratio < 1 else "effect_rise", told),
                          Reason("agree", {"methods": 1 + len(agree)}))
    if main.low >= 1 - MARGIN and main.high <= 1 / (1 - MARGIN):
        return "no_effect", (Reason("within_margin", told),)
    return "cannot_say", (Reason("unclear_blind" if np.isnan(fall) else "unclear", told),)


def _forbids(check: Check) -> bool:
    """Whether nothing may be said: a fatal check failed, or nobody is known to have adopted (a cause says why)."""
    if "cause" in check.values:
        return check.outcome != "passed"
    return check.outcome == "failed" and check.name in FATAL


def _code(check: Check) -> str:
    """The reason that a check gives: its own, but for a drift too weak for the test that explains the effect."""
    return "drift_explains" if check.name == "pre_trend" and check.values["p"] >= TREND_P else f"failed_{check.name}"


def _date(day: int) -> dt.date | None:
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) if 0 <= day < NEVER else None
