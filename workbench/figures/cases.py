"""The claim-recovery page, its cases: what they brought, how long they took, and what to file next.

Nothing here files anything, and a rate without a decided case is unknown.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from workbench import approval, charts, evidence, filing
from workbench.detectors import DETECTORS
from workbench.display import Note, Page, Table
from workbench.figures.shared import TYPE, about, claim_type, columns, unknown_kinds
from workbench.recovery import Account
from workbench.words import Money, Text, form, say


def cases_decided(account: Account, papers: pd.DataFrame, risk: pd.DataFrame, lacking: pd.DataFrame) -> Page:
    """Approval rates with intervals, with and without complete papers, how long Amazon took, why it denied, which cases fit
    no claim, and what may draw an audit. `papers`: of `evidence.papers`; `risk`: of `recovery.risks`; `lacking`: of
    `claims.unknown`."""
    cases = account.cases
    risk = risk[~(risk["risk"].eq("no_claim") & risk["detail"].isin(lacking["claim_type"]))]  # its reports are missing
    risks = _risks(risk, account.has_sheet, "lost_warehouse" not in set(lacking["claim_type"]))
    if not account.has_sheet:
        return Page((Note(say("recovery.no_cases"), "warn"), *risks))
    rates = approval.approvals(cases, "claim_type")
    blocks: list = []
    pending = int(cases["outcome"].eq("pending").sum())
    if cases["is_decided"].any():
        every = rates[rates["claim_type"] == ""].iloc[0]
        some = rates[(rates["decided"] > 0) & (rates["claim_type"] != "")]
        blocks.append(charts.shares(some, "claim_type", "claim_type", say(
            "recovery.approval", approved=every.approved, decided=every.decided, rate=every.rate, low=every.rate_low,
            high=every.rate_high, pending=every.pending)))
        shown = ("approved", "decided", "pending", "rate", "rate_low", "rate_high")
        blocks.append(Table(rates[rates["claim_type"] != ""], columns("claim_type", *shown), say("recovery.approval_table"),
                            name="approvals", labels=TYPE))
        blocks += _papers(cases, papers, shown)
    else:
        blocks.append(Note(say("recovery.approval_none", pending=pending)))
    blocks += [*_times(cases), *_denials(cases)]
    unmatched = int(cases["claim_id"].eq("").sum())
    if unmatched:
        blocks.append(Note(say("recovery.unmatched", cases=unmatched), "warn"))
    listed = cases.assign(decided_on=[Text("", "") if pd.isna(day) else form(day, "date") for day in cases["decided_on"]],
                          claim_id=cases["claim_id"].str.replace(";", ", "), source=cases["file"].astype("str") + ":"
                          + cases["line"].astype("str")).rename(columns={"source": "sources"})
    blocks.append(Table(listed.iloc[::-1], columns(
        "case_id", "claim_type", "outcome", "amount", "amount_owed", "paid", "taken_back", "filed_on", "decided_on",
        "days", "claim_id", "matched_by", "sources"), say("recovery.case_list"), name="cases",
        labels=TYPE | {"outcome": "case_outcome", "matched_by": "matched"}))
    return Page((*blocks, *risks))


def _papers(cases: pd.DataFrame, papers: pd.DataFrame, shown: tuple[str, ...]) -> list:
    """Approval with and without complete papers, and whether the two differ by more than chance."""
    split = approval.with_papers(cases, evidence.complete(papers))
    both = split[split["papers"].isin(["yes", "no"]) & (split["decided"] > 0)].set_index("papers")
    apart = len(both) == 2 and (both["rate_low"].max() > both["rate_high"].min())
    text = say("recovery.approval_papers_unclear")
    if apart:
        text = say("recovery.approval_papers", yes=both.loc["yes", "rate"], no=both.loc["no", "rate"])
    return [Note(text), Table(split[split["papers"] != ""], columns("papers", *shown), say("recovery.papers_table"),
                              name="approvals-papers", labels={"papers": "papers"})]


def _times(cases: pd.DataFrame) -> list:
    times = approval.decision_times(cases)
    row = times.iloc[0]
    if row.cases < approval.FEWEST:
        return [Note(say("recovery.times_none", fewest=approval.FEWEST))]
    word = "times_waiting" if pd.isna(row.days_median) else "times_open" if pd.isna(row.days_high) else "times"
    text = say(f"recovery.{word}", median=row.days_median, low=row.days_low, high=row.days_high, within=row.within_21_days)
    return [Note(text), Table(times, columns("what", "cases", "waiting", "days_median", "days_low", "days_high",
                                             "within_14_days", "within_21_days"), name="days-to-decision",
                              labels={"what": "what"})]


def _denials(cases: pd.DataFrame) -> list:
    denied = cases[cases["outcome"] == "denied"]
    if denied.empty:
        return []
    rows = denied.groupby(["denial", "denial_reason"], as_index=False).agg(cases=("case", "size"))
    return [Table(rows.sort_values("cases", ascending=False), columns("denial", "denial_reason", "cases"),
                  say("recovery.denials"), name="denials", labels={"denial": "denial"})]


def _risks(risk: pd.DataFrame, has_sheet: bool, has_losses: bool) -> list:
    """What may draw an audit; what cannot be known of it is said."""
    notes = [Note(say(f"recovery.risks_no_{word}"), "warn")
             for word, there in (("losses", has_losses), ("sheet", has_sheet)) if not there]
    if risk.empty:
        return notes or [Note(say("recovery.risks_none"))]
    risk = risk.assign(detail=[_found(row.risk, row.detail) for row in risk.itertuples()],
                       subject=[form(dt.date.fromisoformat(row.subject), "date") if row.risk == "many_a_day" else
                                row.subject for row in risk.itertuples()])
    return [*notes, Table(risk, columns("risk", "subject", "detail"), say("recovery.risks"), name="audit-risks",
                          labels={"risk": "risk"})]


def _found(risk: str, detail: str) -> Text:
    """What was found of a risk, of `recovery.risks`, as a reader wants it."""
    if risk == "no_claim":
        return claim_type(detail)
    if risk in ("too_early", "too_late"):
        return say(f"risk.{risk}_found", day=dt.date.fromisoformat(detail))
    value = int(detail) if risk in ("lost_in_a_row", "many_a_day") else detail.replace(" / ", " > ")
    return say(f"risk.{risk}_found", value=value)


def filing_plan(expected: pd.DataFrame, rates: approval.Rates, tested: pd.DataFrame, lacking: pd.DataFrame,
                as_of: dt.date, pace: int) -> Page:
    """What to file on which day at `pace` cases a day, what that loses to expiry, and how far the expectation held before.

    `expected`: open and waiting claims of `approval.expected`; `tested`: of `approval.backtest`.
    """
    decided = sum(of for _, of in rates.counts.values())
    held = [Note(say("recovery.forecast", cases=decided, rate=rates.overall) if decided else
                 say("recovery.forecast_none")), *(_tested(tested) if decided else [])]
    todo = filing.to_file(expected)
    if todo.empty:
        return Page((*([Note(say("recovery.plan_none"))] if len(lacking) < len(DETECTORS) else []),
                     *unknown_kinds(lacking), *held))
    blocks, plans = [], []
    for currency, rows in todo.groupby("currency"):
        best, other = (filing.plan(rows, as_of, pace, first=first) for first in ("value", "deadline"))
        left = int(best["file_on"].isna().sum())
        unit = say("recovery.plan_unit_expected" if rows["amount_expected"].notna().any() else "recovery.plan_unit_open")
        lost = {name: form(Money(filing.lost(plan), currency), "money")
                for name, plan in (("lost", best), ("other", other))}
        blocks.append(Note(say("recovery.plan_short", pace=pace, left=left, cases=len(best), unit=unit, **lost), "warn")
                      if left else Note(say("recovery.plan", pace=pace, cases=len(best), day=best["file_on"].max())))
        plans.append(best)
    plan = _named(pd.concat(plans).sort_values(["file_on", "deadline"], kind="stable"), expected)
    shown = columns("file_on", "deadline", "claim_type", "amount_open", "amount_expected", "units", "msku", "subject",
                    "claims")
    return Page((*blocks, Table(plan, shown, say("recovery.plan_table", pace=pace), name="filing-plan", labels=TYPE),
                 Note(say("recovery.plan_rule"), "quiet"), *held))


def _named(plan: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """The planned cases with what they are about: an order, shipment or reimbursement, where many share a case the first
    and how many more ("… +7"), and the SKU likewise."""
    of = pd.DataFrame({"about": about(claims).to_numpy(), "msku": claims["msku"].astype("str").to_numpy()},
                      index=claims["claim_id"].astype("str"))
    ids = plan["claim_id"].str.split(";").reset_index(drop=True).explode()
    each = of.reindex(ids).set_axis(ids.index)

    def told(name: str) -> list[str]:
        found = each[name].groupby(level=0).agg(["first", "nunique"])
        return [f"{first} +{many - 1}" if many > 1 else first for first, many in zip(found["first"], found["nunique"],
                                                                                     strict=True)]

    return plan.assign(subject=told("about"), msku=told("msku"))


def _tested(tested: pd.DataFrame) -> list:
    if tested.empty:
        return [Note(say("recovery.backtest_none"))]
    found = approval.skill(tested)
    text = say("recovery.backtest", cases=found["cases"], months=found["months"], coverage=found["coverage"],
               brier=found["brier"], overall=found["brier_overall"])
    return [Note(text), Table(tested, columns("month", "cases", "approved", "forecast", "forecast_low", "forecast_high",
                                              "is_covered", "brier"), say("recovery.backtest_table"), name="back-test",
                              labels={"is_covered": "covered"})]
