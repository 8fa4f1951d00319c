"""The claim-recovery page: what can be claimed until when, where the money stands, what cases brought, what to file next.

Amounts of several currencies stand side by side and are never added. A kind of claim whose reports are missing is
unknown and named; a total that lacks one, or a claim without a known value, is said to be "at least" so much.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from workbench import approval, charts, evidence, filing, recovery
from workbench.books import Books
from workbench.detectors import DETECTORS
from workbench.display import Card, Chart, Figures, Note, Page, Table
from workbench.figures.shared import columns
from workbench.recovery import Account
from workbench.words import Money, Text, form, known, same, say

NEEDS = tuple(dict.fromkeys(table for needs in DETECTORS.values() for table in needs.tables))  # every report of a claim
SOON = 7  # days
LISTED = 200  # claims of the work list on the page; the claims command writes all
TYPE = {"claim_type": "claim_type"}


def claims_in_short(books: Books, account: Account, lacking: pd.DataFrame, expected: pd.DataFrame,
                    rates: approval.Rates, as_of: dt.date) -> Page:
    """What can be claimed now, until when, what it may bring, what opens later, what was missed; and what is unknown.

    `lacking`: of `claims.unknown`; `expected`: the open claims of `approval.expected`.
    """
    if len(lacking) == len(DETECTORS):
        unknown = say("value.unknown")
        cards = tuple(Card(name, say(f"recovery.{name}"), unknown)
                      for name in ("claimable", "deadline", "expected", "missed"))
        return Page((Figures(cards), Note(say("recovery.unknown_all", names=_lacking(lacking)), "warn")))
    now, later, gone = (account.standing(word) for word in ("open", "wait", "expired"))
    soon = now[now["deadline"] <= pd.Timestamp(as_of) + pd.Timedelta(days=SOON)]
    first = now["deadline"].min()
    cards = (
        _card("claimable", now, lacking, say("recovery.claimable_note", claims=len(now), units=_units(now)), books),
        Card("deadline", say("recovery.deadline"), form(first, "date") if len(now) else say("recovery.deadline_none"),
             say("recovery.deadline_note", claims=len(soon), amount=_money(soon, books)) if len(now) else Text("", ""),
             tone="bad" if len(soon) else ""),
        _expected_card(expected[expected["standing"] == "open"], rates, lacking),
        _card("missed", gone, lacking, say("recovery.missed_note" if account.has_sheet else "recovery.missed_unfiled",
                                           claims=len(gone), units=_units(gone)), books, "bad" if len(gone) else ""))
    word = "told_none" if now.empty else "told" if len(soon) else "told_calm"
    told = say(f"recovery.{word}", day=as_of, claims=len(now), units=_units(now), deadline=first, soon=len(soon),
               amount=_at_least(now, lacking, books))
    if len(later):
        told += say("recovery.waiting", claims=len(later), amount=_money(later, books), day=later["opens_on"].min())
    notes = [Note(told)]
    unvalued = int(now["amount_open"].isna().sum())
    notes += [Note(say("recovery.unknown_types", names=_lacking(lacking)), "warn")] if len(lacking) else []
    notes += [Note(say("recovery.unvalued", claims=unvalued), "warn")] if unvalued else []
    notes += [] if account.has_sheet else [Note(say("recovery.no_cases"), "warn")]
    return Page((Figures(cards), *notes, Note(say("recovery.prepared"), "quiet")))


def claims_by_type(books: Books, account: Account, lacking: pd.DataFrame, as_of: dt.date) -> Page:
    """The money that can be claimed by the week its window closes, and every kind of claim with where its units stand."""
    now = account.standing("open")
    return Page((*_by_deadline(now, as_of), _types(account.claims, lacking, as_of, books.seller.currency)))


def work_list(expected: pd.DataFrame, papers: pd.DataFrame, folder: pd.DataFrame) -> Page:
    """Every claim that can be filed now, in the order to file it, with the papers it still lacks and its file lines.

    `expected`: the open claims of `approval.expected`; `papers`: of `evidence.papers`; `folder`: of `evidence.files`.
    """
    rows = expected[expected["standing"] == "open"]
    if rows.empty:
        return Page(())
    ready = evidence.complete(papers).reindex(rows["claim_id"]).fillna(False)
    note = say("evidence.folder_none") if folder.empty else say("evidence.folder", files=len(folder), of=len(rows),
                                                                claims=int(ready.sum()))
    lacks = rows["claim_id"].map(evidence.missing(papers).to_dict())
    about = rows["order_id"].where(rows["order_id"] != "", rows["shipment_id"])
    rows = rows.assign(papers_missing=[_names("paper", words) for words in lacks],
                       subject=about.where(about != "", rows["reimbursement_id"]))
    rows = rows.sort_values(["deadline", "amount_expected", "amount_open", "claim_id"],
                            ascending=[True, False, False, True])
    shown = columns("deadline", "days_left", "claim_type", "msku", "fnsku", "subject", "fulfillment_center", "event_date",
                    "units_open", "unit_value", "amount_open", "amount_expected", "papers_missing", "claim_id", "sources")
    table = Table(rows.head(LISTED), shown, say("recovery.work_list"), name="claims-to-file", labels=TYPE)
    left = len(rows) - LISTED
    more = (Note(say("page.left_out", shown=LISTED, left=left), "quiet"),) if left > 0 else ()
    return Page((Note(note), table, *more))


def owed_to_paid(books: Books, account: Account, lacking: pd.DataFrame, payments: pd.DataFrame) -> Page:
    """Where what was owed stands, as a waterfall per currency that closes to the cent, and what was paid."""
    steps = recovery.waterfall(account.claims)
    if steps.empty:
        return Page((Note(say("recovery.no_payments"), "warn"),))
    steps["amount"] = steps["amount"].where((steps["units"] == 0) | (steps["units_unvalued"] < steps["units"]))
    blocks: list = []
    for currency, rows in steps.groupby("currency"):
        amount = {row.step: Money(row.amount, row.currency) for row in rows.itertuples()}
        told = {name: form(amount[step], "money") for name, step in (
            ("owed", "owed"), ("settled", "settled_alone"), ("filed", "settled_filed"), ("open", "open"),
            ("expired", "expired"))}
        rest = Money(round(amount["owed"].amount - max(amount["settled_alone"].amount, 0), 2), str(currency))
        if not rest.amount > 0:
            blocks.append(Note(say("recovery.waterfall_unvalued" if amount["owed"].amount != amount["owed"].amount else
                                   "recovery.waterfall", **told)))
            continue
        blocks += [_falls(rows, ["owed", "settled_alone", "rest"], rest, say("recovery.waterfall", **told)),
                   _falls(rows, ["rest", *recovery.STEPS[1:]], rest,
                          say("recovery.waterfall_rest", rest=form(rest, "money")))]
    blocks += _unknown(lacking)
    if not account.has_sheet:
        unknown = steps["step"].isin(recovery.FILED)
        steps = steps.astype({"units": "float64", "units_unvalued": "float64"})
        steps.loc[unknown, ["units", "amount", "units_unvalued"]] = float("nan")
        blocks.append(Note(say("recovery.no_cases_here"), "warn"))
    blocks += [Table(steps, columns("step", "units", "amount", "units_unvalued"), say("recovery.waterfall_unit"),
                     name="owed-to-paid", labels={"step": "step"}), *_cash(payments, books)]
    return Page(tuple(blocks))


def _falls(steps: pd.DataFrame, names: list[str], rest: Money, text: Text) -> Chart:
    """One waterfall of some of the steps; "rest" is what was not settled without a case."""
    alone = steps[steps["step"].isin(["owed", "settled_alone"])].set_index("step")["units"]
    left = pd.DataFrame({"step": ["rest"], "amount": [rest.amount], "units": [alone["owed"] - alone["settled_alone"]]})
    rows = pd.concat([steps[["step", "amount", "units"]], left]).set_index("step").loc[names].reset_index()
    rows = rows[rows["amount"].gt(0) | (rows["step"] == names[0])].reset_index(drop=True)
    return charts.both(lambda language: charts.waterfall(rows, rest.currency, language), text)


def _cash(payments: pd.DataFrame, books: Books) -> list:
    if payments.empty:
        return [Note(say("recovery.no_payments"), "warn")]
    rows = recovery.cash(payments)
    part = {step: _money(rows[rows["step"] == step], books, "amount") for step in rows["step"].unique()}
    text = say("recovery.cash", alone=part["paid_alone"], filed=part["paid_filed"], back=part["taken_back"],
               received=part["received"])
    return [Note(text), Table(rows, columns("step", "payments", "amount"), name="paid", labels={"step": "step"})]


def cases_decided(account: Account, papers: pd.DataFrame, risk: pd.DataFrame, lacking: pd.DataFrame) -> Page:
    """Approval rates with intervals, with and without complete papers, how long Amazon took, why it denied, which cases fit
    no claim, and what may draw an audit. `papers`: of `evidence.papers`; `risk`: of `recovery.risks`; `lacking`: of
    `claims.unknown`."""
    cases = account.cases
    risks = _risks(risk, account.has_sheet, "lost_warehouse" not in set(lacking["claim_type"]))
    if not account.has_sheet:
        return Page((Note(say("recovery.no_cases"), "warn"), *risks))
    rates = approval.approvals(cases, "claim_type")
    blocks: list = []
    pending = int(cases["outcome"].eq("pending").sum())
    if cases["is_decided"].any():
        total = rates[rates["claim_type"] == ""].iloc[0]
        some = rates[(rates["decided"] > 0) & (rates["claim_type"] != "")]
        blocks.append(charts.both(lambda language: charts.shares(some, "claim_type", "claim_type", language), say(
            "recovery.approval", approved=total.approved, decided=total.decided, rate=total.rate, low=total.rate_low,
            high=total.rate_high, pending=total.pending)))
        shown = ("approved", "decided", "pending", "rate", "rate_low", "rate_high")
        blocks.append(Table(rates[rates["claim_type"] != ""], columns("claim_type", *shown), say("recovery.approval_table"),
                            name="approvals", labels=TYPE))
        blocks += _papers(cases, papers, shown)
    else:
        blocks.append(Note(say("recovery.approval_none", pending=pending)))
    blocks += [*_times(cases), *_denials(cases)]
    lost = int(cases["claim_id"].eq("").sum())
    blocks += [Note(say("recovery.unmatched", cases=lost), "warn")] if lost else []
    listed = cases.assign(decided_on=[Text("", "") if pd.isna(day) else form(day, "date") for day in cases["decided_on"]],
                          claim_id=cases["claim_id"].str.replace(";", ", "), source=cases["file"].astype("str") + ":"
                          + cases["line"].astype("str")).rename(columns={"source": "sources"})
    blocks.append(Table(listed.iloc[::-1], columns(
        "case_id", "claim_type", "filed_on", "decided_on", "outcome", "days", "amount", "amount_owed", "paid",
        "taken_back", "claim_id", "matched_by", "sources"), say("recovery.case_list"), name="cases",
        labels=TYPE | {"outcome": "case_outcome", "matched_by": "matched"}))
    return Page((*blocks, *risks))


def _papers(cases: pd.DataFrame, papers: pd.DataFrame, shown: tuple[str, ...]) -> list:
    split = approval.with_papers(cases, evidence.complete(papers))
    both = split[split["papers"].isin(["yes", "no"]) & (split["decided"] > 0)].set_index("papers")
    apart = len(both) == 2 and (both["rate_low"].max() > both["rate_high"].min())
    text = say("recovery.approval_papers", yes=both.loc["yes", "rate"], no=both.loc["no", "rate"]) if apart else \
        say("recovery.approval_papers_unclear")
    return [Note(text), Table(split[split["papers"] != ""], columns("papers", *shown), say("recovery.papers_table"),
                              name="approvals-papers", labels={"papers": "papers"})]


def _times(cases: pd.DataFrame) -> list:
    times = approval.decision_times(cases)
    row = times.iloc[0]
    if pd.isna(row.days_median):
        return [Note(say("recovery.times_none", fewest=approval.FEWEST))]
    text = say("recovery.times_open" if pd.isna(row.days_high) else "recovery.times", median=row.days_median,
               low=row.days_low, high=row.days_high, within=row.within_21_days)
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
    return [*notes, Table(risk, columns("risk", "subject", "detail"), say("recovery.risks"), name="audit-risks",
                          labels={"risk": "risk"})]


def missed(books: Books, account: Account, lacking: pd.DataFrame) -> Page:
    """What expired without a case, per month and kind, and the payments that can still be disputed on their own clock."""
    rows = recovery.missed(account.claims)
    blocks: list = []
    for currency, part in rows.groupby("currency"):
        if part["claims_unvalued"].sum() == part["claims"].sum():
            blocks.append(Note(say("recovery.missed_unvalued", claims=int(part["claims"].sum()))))
            continue
        kinds = part.groupby("claim_type")["amount"].sum().sort_values(ascending=False)
        total, most = (form(Money(round(amount, 2), currency), "money") for amount in (part["amount"].sum(), kinds.iloc[0]))
        blocks += [Note(say("recovery.missed_told", claims=int(part["claims"].sum()), amount=total,
                            kind=_kind(kinds.index[0]), most=most)),
                   charts.both(lambda language, part=part: charts.by_month(part, language),
                               say("recovery.missed_chart", currency=currency))]
    blocks += [] if len(rows) else [Note(say("recovery.missed_none"))] if len(lacking) < len(DETECTORS) else []
    blocks += _unknown(lacking)
    blocks += [] if account.has_sheet else [Note(say("recovery.no_cases_here"), "warn")]
    queue = recovery.disputes(account.claims)
    if queue.empty:
        judged = not set(recovery.DISPUTES) & set(lacking["claim_type"])
        return Page((*blocks, *([Note(say("recovery.disputes_none"))] if judged else [])))
    text = say("recovery.disputes", claims=len(queue), amount=_money(queue, books), day=queue["deadline"].min())
    return Page((*blocks, Note(text), Table(queue, columns(
        "deadline", "days_left", "claim_type", "reimbursement_id", "msku", "event_date", "units_open", "unit_value",
        "amount_open", "status", "claim_id", "sources"), name="disputes", labels=TYPE | {"status": "claim_status"})))


def filing_plan(expected: pd.DataFrame, rates: approval.Rates, tested: pd.DataFrame, lacking: pd.DataFrame,
                as_of: dt.date, pace: int) -> Page:
    """What to file on which day at `pace` cases a day, what that loses to expiry, and how far the expectation held before.

    `expected`: open and waiting claims of `approval.expected`; `tested`: of `approval.backtest`.
    """
    decided = sum(of for _, of in rates.counts.values())
    blocks: list = [Note(say("recovery.forecast", cases=decided, rate=rates.overall) if decided else
                         say("recovery.forecast_none"))]
    blocks += _tested(tested) if decided else []
    todo = filing.to_file(expected)
    if todo.empty:
        return Page((*blocks, *([Note(say("recovery.plan_none"))] if len(lacking) < len(DETECTORS) else []),
                     *_unknown(lacking)))
    plans = []
    for currency, rows in todo.groupby("currency"):
        best, other = (filing.plan(rows, as_of, pace, first=first) for first in ("value", "deadline"))
        left = int(best["file_on"].isna().sum())
        unit = say("recovery.plan_unit_expected" if rows["amount_expected"].notna().any() else "recovery.plan_unit_open")
        lost = {name: form(Money(round(filing.lost(plan), 2), currency), "money")
                for name, plan in (("lost", best), ("other", other))}
        blocks.append(Note(say("recovery.plan_short", pace=pace, left=left, cases=len(best), unit=unit, **lost), "warn")
                      if left else Note(say("recovery.plan", pace=pace, cases=len(best), day=best["file_on"].max())))
        plans.append(best)
    plan = pd.concat(plans).sort_values(["file_on", "deadline"], kind="stable")
    shown = columns("file_on", "deadline", "claim_type", "subject", "msku", "claims", "units", "amount_open",
                    "amount_expected")
    return Page((*blocks, Table(plan, shown, say("recovery.plan_table", pace=pace), name="filing-plan", labels=TYPE),
                 Note(say("recovery.plan_rule"), "quiet")))


def _tested(tested: pd.DataFrame) -> list:
    if tested.empty:
        return [Note(say("recovery.backtest_none"))]
    found = approval.skill(tested)
    text = say("recovery.backtest", cases=found["cases"], months=found["months"], coverage=found["coverage"],
               brier=found["brier"], overall=found["brier_overall"])
    return [Note(text), Table(tested, columns("month", "cases", "approved", "forecast", "forecast_low", "forecast_high",
                                              "is_covered", "brier"), say("recovery.backtest_table"), name="back-test",
                              labels={"is_covered": "covered"})]


def policies_compared(books: Books, one: pd.DataFrame, other: pd.DataFrame, lacking: pd.DataFrame) -> Page:
    """What could be claimed now or later under two policies: money and units per kind of claim and currency.

    `one`, `other`: `claims.claims` under each.
    """
    names = [str(table["policy"].iloc[0]) if len(table) else "" for table in (one, other)]
    if one.empty or names[0] == names[1]:
        return Page((*_unknown(lacking), *([Note(say("recovery.compare_same"))] if len(one) else [])))
    sides = [table[table["status"].isin(["open", "wait"])] for table in (one, other)]
    sums = [side.groupby(["claim_type", "currency"]).agg(units=("units_open", "sum"), amount=("amount_open", _sum))
            .add_suffix(name) for side, name in zip(sides, ("_one", "_other"), strict=True)]
    rows = sums[0].join(sums[1], how="outer").reset_index()
    for name in ("_one", "_other"):  # no claim of that kind is none, a claim without value is unknown
        rows[f"amount{name}"] = rows[f"amount{name}"].where(rows[f"units{name}"].notna(), 0.0)
        rows[f"units{name}"] = rows[f"units{name}"].fillna(0)
    shown = [*columns("claim_type")]
    for side, name in (("one", names[0]), ("other", names[1])):
        shown += [column for base in ("units", "amount") for column in _renamed(base, f"{base}_{side}", name)]
    text = say("recovery.compare", one=names[0], other=names[1], amount_one=_at_least(sides[0], lacking, books),
               amount_other=_at_least(sides[1], lacking, books))
    return Page((Note(text), *_unknown(lacking), Table(rows, tuple(shown), name="policies", labels=TYPE),
                 Note(say("recovery.compare_note"), "quiet")))


# ---------------------------------------------------------------------------------------------------- inside

def _by_deadline(now: pd.DataFrame, as_of: dt.date) -> list:
    """A chart per currency of what closes in which week."""
    rows = now[now["amount_open"].gt(0) & now["deadline"].notna()]
    if rows.empty:
        return []
    month = pd.Timestamp(as_of) + pd.Timedelta(days=30)
    out = []
    for currency, part in rows.groupby("currency"):
        share = part.loc[part["deadline"] <= month, "amount_open"].sum() / part["amount_open"].sum()
        out.append(charts.both(lambda language, part=part: charts.by_week(part, pd.Timestamp(as_of), language), say(
            "recovery.by_deadline", currency=currency, share=share, day=month.date())))
    return out


def _types(claims: pd.DataFrame, lacking: pd.DataFrame, as_of: dt.date, currency: str) -> Table:
    """One row per kind of claim and currency; a kind that cannot be judged has its missing reports instead of figures."""
    judged = claims[claims["standing"] != "ambiguous"]
    by = ["claim_type", "currency"]
    sums = claims.groupby(by).agg(units_ambiguous=("units_open", lambda units: units[claims.loc[
        units.index, "standing"].eq("ambiguous")].sum()))
    sums = sums.join(judged.groupby(by).agg(units_owed=("units_owed", "sum"), units_settled=("units_settled", "sum")))
    for word in ("open", "wait", "expired"):
        part = claims[claims["standing"] == word].groupby(by)
        sums = sums.join(part.agg(**{f"claims_{word}": ("claim_id", "size"), f"units_{word}": ("units_open", "sum"),
                                     f"amount_{word}": ("amount_open", _sum)}))
        absent = sums[f"claims_{word}"].isna()
        sums[f"amount_{word}"] = sums[f"amount_{word}"].mask(absent, 0.0)
    counts = [name for name in sums if not name.startswith("amount")]
    sums = sums.fillna(dict.fromkeys(counts, 0)).reset_index()
    none = [name for name in DETECTORS if name not in set(sums["claim_type"]) | set(lacking["claim_type"])]
    zero = pd.DataFrame({"claim_type": none}).reindex(columns=sums.columns, fill_value=0).assign(currency=currency)
    unknown = pd.DataFrame({"claim_type": lacking["claim_type"], "needs": [_names("table", x) for x in lacking["missing"]]})
    parts = [part.astype({"currency": "str"}) for part in (sums, zero, unknown.assign(currency="")) if len(part)]
    table = pd.concat(parts, ignore_index=True).reindex(columns=[*sums.columns, "needs"])
    table["needs"] = [text if isinstance(text, Text) else Text("", "") for text in table["needs"]]
    needs = ["needs"] if len(lacking) else []
    return Table(table, columns("claim_type", "units_owed", "units_settled", "claims_open", "units_open", "amount_open",
                                "amount_wait", "claims_expired", "amount_expired", "units_ambiguous", *needs),
                 say("recovery.by_type", day=as_of), name="claims-by-type", labels=TYPE)


def _card(name: str, rows: pd.DataFrame, lacking: pd.DataFrame, note: Text, books: Books, tone: str = "") -> Card:
    partial = len(lacking) > 0 or rows["amount_open"].isna().any()
    one = rows["currency"].nunique() <= 1 and not partial
    return Card(name, say(f"recovery.{name}"), _at_least(rows, lacking, books), note, tone=tone,
                raw=round(float(rows["amount_open"].sum()), 2) if one else None)


def _expected_card(rows: pd.DataFrame, rates: approval.Rates, lacking: pd.DataFrame) -> Card:
    label = say("recovery.expected")
    decided = sum(of for _, of in rates.counts.values())
    if not decided:
        return Card("expected", label, say("value.unknown"), say("recovery.expected_none"))
    spans = {currency: approval.expected_total(part, rates) for currency, part in rows.groupby("currency")}
    mean, low, high = (_joined([form(Money(span[at], currency), "money") for currency, span in spans.items()])
                       if spans else form(0, "units") for at in range(3))
    partial = len(lacking) > 0 or rows["amount_open"].isna().any()
    return Card("expected", label, say("recovery.at_least", amount=mean) if partial else mean,
                say("recovery.expected_note", low=low, high=high, cases=decided))


def _at_least(rows: pd.DataFrame, lacking: pd.DataFrame, books: Books) -> Text:
    amount = _money(rows, books)
    if len(rows) and rows["amount_open"].isna().all():
        return amount
    return say("recovery.at_least", amount=amount) if len(lacking) or rows["amount_open"].isna().any() else amount


def _money(rows: pd.DataFrame, books: Books, column: str = "amount_open") -> Text:
    """The sum of each currency, side by side; unknown where no amount is known."""
    sums = rows.groupby("currency")[column].agg(_sum).round(2)
    sums = sums[(sums != 0) | (len(sums) == 1)]
    if sums.empty:
        return form(Money(0.0, books.seller.currency), "money")
    return _joined([form(Money(amount, currency), "money") for currency, amount in sums.items()])


def _sum(amounts: pd.Series) -> float:
    """The sum of what is known; unknown where something is owed and no amount is known."""
    return float("nan") if len(amounts) and amounts.isna().all() else float(amounts.sum())


def _units(rows: pd.DataFrame) -> int:
    return int(rows["units_open"].sum())


def _joined(parts: list[Text], en: str = " + ", zh: str = " + ") -> Text:
    return Text(en.join(part.en for part in parts), zh.join(part.zh for part in parts))


def _names(room: str, joined: object) -> Text:
    """Names of a words' room, joined by ";", as a list in both languages."""
    found = [name for name in str(joined).split(";") if name] if isinstance(joined, str) else []
    return _joined([say(f"{room}.{name}") if known(f"{room}.{name}") else same(name) for name in found], ", ", "、")


def _kind(name: str) -> Text:
    return say(f"claim_type.{name}") if known(f"claim_type.{name}") else same(name)


def _unknown(lacking: pd.DataFrame) -> list[Note]:
    """That some kinds of claims are unknown and in no figure of a section."""
    names = _joined([_kind(name) for name in lacking["claim_type"]], ", ", "、")
    return [Note(say("recovery.unknown_here", names=names), "warn")] if len(lacking) else []


def _lacking(lacking: pd.DataFrame) -> Text:
    """The kinds of claims that are unknown, each with the reports it lacks."""
    return _joined([say("recovery.lacking", kind=_kind(row.claim_type), tables=_names("table", row.missing))
                    for row in lacking.itertuples()], "; ", ";")


def _renamed(base: str, name: str, policy: str) -> list:
    column = columns(base)[0]
    return [type(column)(name, Text(f"{column.title.en}, {policy}", f"{column.title.zh}({policy})"), column.form,
                         column.currency)]
