"""What the seller's own cases say about the next ones: how long Amazon takes, how often it pays, what to expect.

Rates of a claim type with few cases are drawn towards the seller's overall rate (beta-binomial), as much as the types
differ among themselves; a seller without decided cases has no rate, and every expectation is unknown. Whether such
forecasts can be trusted is tested in the order of time: each month's cases are forecast from what was decided before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

LEVEL = 0.90  # of the forecast intervals
FEWEST = 5  # decisions below which no median is given
STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # cases the overall rate may weigh


class Rates(NamedTuple):
    """`overall`: approved of decided cases, NaN when none was decided. `strength`: how many cases the overall rate weighs
    against a type's own. `counts`: per type approved and decided. `paid_share`: awarded of what the files say was owed,
    the median of the approved cases; 1 where no case can tell."""

    overall: float
    strength: float
    counts: dict[str, tuple[int, int]]
    paid_share: float

    def beta(self, claim_type: str) -> tuple[float, float]:
        """The two parameters of what is known about a type's approval rate."""
        approved, decided = self.counts.get(claim_type, (0, 0))
        return self.overall * self.strength + approved, (1 - self.overall) * self.strength + decided - approved


def decision_times(cases: pd.DataFrame) -> pd.DataFrame:
    """How long Amazon takes, one row per what: decision (filing to decision) and payment (filing to payment, of approved
    cases). Kaplan-Meier: cases still pending, or approved and not paid yet, count for the days they have waited.

    Columns: what, cases, waiting, days_median, days_low, days_high (95 %), within_14_days, within_21_days (shares; the
    article's promise). NaN with fewer than FEWEST decisions; days_median, days_high and the shares too when too many still
    wait to tell.
    """
    decision = cases[cases["days"].notna() & cases["outcome"].isin(["approved", "denied", "pending"])]
    approved = cases[cases["outcome"].eq("approved")]
    is_paid = approved["paid_on"].notna()
    to_payment = (approved["paid_on"] - approved["filed_on"]).dt.days.astype("float64")
    to_payment = to_payment.where(is_paid, approved["days_since_filing"].where(approved["paid"].notna()))
    known = to_payment >= 0
    rows = [_survival("decision", decision["days"].to_numpy(float), decision["is_decided"].to_numpy(bool)),
            _survival("payment", to_payment[known].to_numpy(float), is_paid[known].to_numpy(bool))]
    return pd.DataFrame(rows, columns=["what", "cases", "waiting", "days_median", "days_low", "days_high",
                                       "within_14_days", "within_21_days"])


def approvals(cases: pd.DataFrame, by: str) -> pd.DataFrame:
    """Approved of decided cases per value of the column `by`, and of all ("") first: approved, decided, pending, rate,
    rate_low, rate_high (Wilson, 95 %; NaN where nothing was decided)."""
    from statsmodels.stats.proportion import proportion_confint

    rows = pd.concat([cases.assign(**{by: ""}), cases]).assign(
        approved=lambda table: table["outcome"].eq("approved"), pending=lambda table: table["outcome"].eq("pending"))
    out = rows.groupby(by, as_index=False).agg(approved=("approved", "sum"), decided=("is_decided", "sum"),
                                               pending=("pending", "sum"))
    decided = out["decided"].to_numpy()
    low, high = proportion_confint(out["approved"].to_numpy(), np.maximum(decided, 1), method="wilson")
    some = decided > 0
    return out.assign(rate=np.where(some, out["approved"] / np.maximum(decided, 1), np.nan),
                      rate_low=np.where(some, low, np.nan), rate_high=np.where(some, high, np.nan))


def with_papers(cases: pd.DataFrame, complete: pd.Series) -> pd.DataFrame:
    """`approvals` of the cases whose papers are complete ("yes"), not complete ("no"), or not known ("unknown").

    `complete`: claim_id -> whether every paper the policy asks for is there. A case of several claims needs all of them.
    """
    pairs = cases[["case", "claim_id"]].assign(claim_id=cases["claim_id"].str.split(";")).explode("claim_id")
    pairs["complete"] = pairs["claim_id"].map(complete)
    known = pairs.dropna(subset="complete").groupby("case")["complete"].min()
    word = cases["case"].map(known).map({True: "yes", False: "no"})
    return approvals(cases.assign(papers=word.fillna("unknown").astype("str")), "papers")


# ---------------------------------------------------------------------------------------------------- forecasts

def rates(cases: pd.DataFrame) -> Rates:
    """What the decided cases say. The strength is the one of STRENGTHS under which the types' counts are likeliest, their
    differences being those of a beta distribution around the overall rate (empirical Bayes)."""
    from scipy.special import betaln

    decided = cases[cases["is_decided"]]
    counts = decided.assign(yes=decided["outcome"].eq("approved")).groupby("claim_type")["yes"].agg(["sum", "size"])
    table = {name: (int(yes), int(of)) for name, yes, of in counts.itertuples()}
    yes, of = (counts[name].to_numpy(float) for name in ("sum", "size"))
    overall = (yes.sum() + 0.5) / (of.sum() + 1) if of.sum() else np.nan  # Jeffreys: never quite 0 or 1
    told = [float((betaln(m * overall + yes, m * (1 - overall) + of - yes) - betaln(m * overall, m * (1 - overall))).sum())
            for m in STRENGTHS]
    strength = STRENGTHS[int(np.argmax(told))] if len(table) > 1 else 4.0
    paid = decided[decided["outcome"].eq("approved") & decided["amount"].notna() & (decided["amount_owed"] > 0)]
    share = min((paid["amount"] / paid["amount_owed"]).median(), 1.0) if len(paid) else 1.0
    return Rates(float(overall), strength, table, float(share))


def expected(claims: pd.DataFrame, known: Rates) -> pd.DataFrame:
    """The claims with their chance of approval (`chance`, `chance_low`, `chance_high`, LEVEL), the cases of that type it
    rests on (`chance_cases`) and amount_expected = amount_open x chance x paid_share; NaN where no case was decided."""
    from scipy.stats import beta

    kinds = claims["claim_type"].unique()
    spans = {}
    for kind in kinds:
        a, b = known.beta(kind)
        spans[kind] = (a / (a + b), *beta.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], a, b))
    columns = {name: claims["claim_type"].map({kind: spans[kind][at] for kind in kinds}).astype("float64")
               for at, name in enumerate(("chance", "chance_low", "chance_high"))}
    cases = claims["claim_type"].map({kind: known.counts.get(kind, (0, 0))[1] for kind in kinds})
    return claims.assign(**columns, chance_cases=cases.fillna(0).astype("int64"),
                         amount_expected=claims["amount_open"] * columns["chance"] * known.paid_share)


def expected_total(claims: pd.DataFrame, known: Rates) -> tuple[float, float, float]:
    """What all the claims together can be expected to bring, with the limits of LEVEL: amounts of one currency.

    The spread is that of the decisions and of the types' rates, taken as normal and cut at 0 and the full amount.
    """
    from scipy.stats import norm

    rows = claims[claims["amount_open"].notna()]
    if rows.empty or np.isnan(known.overall):
        return (0.0, 0.0, 0.0) if claims.empty else (np.nan,) * 3
    mean = variance = 0.0
    for kind, amounts in rows.groupby("claim_type")["amount_open"]:
        a, b = known.beta(kind)
        p, spread = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
        mean += p * amounts.sum()
        variance += spread * amounts.sum() ** 2 + (p * (1 - p) - spread) * (amounts**2).sum()
    share = known.paid_share
    half = norm.ppf((1 + LEVEL) / 2) * variance**0.5
    total = rows["amount_open"].sum()
    return tuple(float(share * np.clip(value, 0, total)) for value in (mean, mean - half, mean + half))


def backtest(cases: pd.DataFrame) -> pd.DataFrame:
    """One row per month of filing that can be tested: its decided cases, forecast from what was decided before it began.

    Columns: month, cases, approved, forecast, forecast_low, forecast_high (approved cases, LEVEL), is_covered, brier (mean
    squared error of the chances, 0 best), brier_overall (of the seller's overall rate alone).
    """
    decided = cases[cases["is_decided"]].assign(month=cases["filed_on"].dt.strftime("%Y-%m"))
    rows = []
    for month, group in decided.groupby("month"):
        before = decided[decided["decided_on"] < pd.Timestamp(f"{month}-01")]
        if before.empty:
            continue
        known = rates(before)
        chance = group["claim_type"].map({kind: known.beta(kind)[0] / sum(known.beta(kind))
                                          for kind in group["claim_type"].unique()})
        yes = group["outcome"].eq("approved").astype(float)
        low, high = _interval(group["claim_type"].value_counts(sort=False).to_dict(), known)
        rows.append((month, len(group), int(yes.sum()), float(chance.sum()), low, high, low <= yes.sum() <= high,
                     float(((chance - yes) ** 2).mean()), float(((known.overall - yes) ** 2).mean())))
    return pd.DataFrame(rows, columns=["month", "cases", "approved", "forecast", "forecast_low", "forecast_high",
                                       "is_covered", "brier", "brier_overall"])


def skill(tested: pd.DataFrame) -> dict[str, float]:
    """The back-test in four numbers: cases, months, coverage (share of months inside their interval; LEVEL is right) and
    brier, with brier_overall beside it. Empty when nothing could be tested."""
    if tested.empty:
        return {}
    weights = tested["cases"]
    return {"cases": float(weights.sum()), "months": float(len(tested)), "coverage": float(tested["is_covered"].mean()),
            "brier": float((tested["brier"] * weights).sum() / weights.sum()),
            "brier_overall": float((tested["brier_overall"] * weights).sum() / weights.sum())}


# ---------------------------------------------------------------------------------------------------- inside

def _survival(what: str, days: np.ndarray, ended: np.ndarray) -> tuple:
    nan = float("nan")
    counts = (what, int(ended.sum()), int((~ended).sum()))
    if ended.sum() < FEWEST:
        return (*counts, nan, nan, nan, nan, nan)
    from statsmodels.duration.survfunc import SurvfuncRight

    curve = SurvfuncRight(days, ended.astype(int))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = curve.quantile_ci(0.5)
    times, left = np.asarray(curve.surv_times), np.asarray(curve.surv_prob)
    known = np.inf if ended.all() else days.max()  # beyond the longest wait nothing is known of those who wait
    within = [1 - float(left[times <= limit].min(initial=1.0)) if limit <= known else nan for limit in (14, 21)]
    half = times[left <= 0.5 + 1e-9]  # on its first day half are decided; statsmodels' quantile waits for more than half
    median = float(half.min()) if len(half) else nan
    return (*counts, median, float(low), float(high) if np.isfinite(high) else nan, *within)


def _interval(cases: dict[str, int], known: Rates) -> tuple[int, int]:
    """Central limits of how many of so many cases per type are approved: the sum of beta-binomials."""
    from scipy.stats import betabinom

    chances = np.ones(1)
    for kind, count in sorted(cases.items()):
        chances = np.convolve(chances, betabinom.pmf(np.arange(count + 1), count, *known.beta(kind)))
    total = np.cumsum(chances)
    tail = (1 - LEVEL) / 2
    return int(np.searchsorted(total, tail)), int(np.searchsorted(total, 1 - tail))
