"""The claim-recovery page: what can be claimed until when, where the money stands, what cases brought, what to file next.

Amounts of several currencies stand side by side and are never added. A kind of claim whose reports are missing is
unknown and named; a total that lacks one, or a claim without a known value, is said to be "at least" so much.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from workbench import approval, charts, currencies, evidence, narrative, packet, recovery
from workbench.books import Books
from workbench.detectors import DETECTORS
from workbench.display import Card, Chart, Column, Figures, Lines, Note, Page, Table
from workbench.figures.shared import (
    TYPE,
    about,
    all_named,
    at_least,
    claim_type,
    columns,
    lacking_reports,
    money,
    rules_named,
    total,
    unknown_kinds,
)
from workbench.recovery import Account
from workbench.words import Money, Text, change, form, is_unknown, joined, listed, named, same, say

NEEDS = tuple(dict.fromkeys(table for needs in DETECTORS.values() for table in needs.tables))  # every report of a claim
SOON = 7  # days
STANDING = {"claimable": "open", "missed": "expired"}  # what stands behind a key figure
LISTED = 200  # claims of the work list on the page; the claims command writes all


class Earlier(NamedTuple):
    """The claims at the end of an earlier month, as they were known then; `lacking`: of `claims.unknown`."""

    month: str
    account: Account
    lacking: pd.DataFrame


def claims_in_short(books: Books, account: Account, lacking: pd.DataFrame, expected: pd.DataFrame,
                    rates: approval.Rates, as_of: dt.date, earlier: Earlier | None = None) -> Page:
    """What can be claimed now, until when, what it may bring, what opens later, what was missed; and what is unknown.

    `lacking`: of `claims.unknown`; `expected`: the open claims of `approval.expected`; `earlier`: what stood at the end of
    the month before, as known then.
    """
    if len(lacking) == len(DETECTORS):
        unknown = say("value.unknown")
        cards = tuple(Card(name, say(f"recovery.{name}"), unknown)
                      for name in ("claimable", "deadline", "expected", "missed"))
        return Page((Figures(cards), Note(say("recovery.unknown_all", names=_reports(lacking)), "warn")))
    now, later, gone = (account.standing(word) for word in ("open", "wait", "expired"))
    soon = now[now["deadline"] <= pd.Timestamp(as_of) + pd.Timedelta(days=SOON)]
    first = now["deadline"].min()
    cards = (
        _card("claimable", now, lacking, say("recovery.claimable_note", claims=len(now), units=_units(now)), books,
              earlier=earlier),
        Card("deadline", say("recovery.deadline"), form(first, "date") if len(now) else say("recovery.deadline_none"),
             say("recovery.deadline_note", claims=len(soon), amount=money(soon, books)) if len(soon) else
             say("recovery.deadline_calm") if len(now) else Text("", ""),
             tone="bad" if len(soon) else "", raw=None if is_unknown(first) else f"{first:%Y-%m-%d}"),
        _expected_card(expected[expected["standing"] == "open"], rates, lacking),
        _card("missed", gone, lacking, say("recovery.missed_note" if account.has_sheet else "recovery.missed_unfiled",
                                           claims=len(gone), units=_units(gone)), books, "bad" if len(gone) else "",
              earlier))
    word = "told_none" if now.empty else "told" if len(soon) else "told_calm"
    told = say(f"recovery.{word}", day=as_of, claims=len(now), units=_units(now), deadline=first, soon=len(soon),
               amount=at_least(now, lacking, books))
    if len(later):
        told += say("recovery.waiting", claims=len(later), amount=money(later, books), day=later["opens_on"].min())
    notes = [Note(told)]
    filed = account.claims[account.claims["status"].eq("open") & account.claims["standing"].ne("open")]
    if len(filed):
        notes.append(Note(say("recovery.with_case", claims=len(filed), amount=at_least(filed, lacking.head(0), books))))
    if len(lacking):
        notes.append(Note(say("recovery.unknown_types", names=lacking_reports(lacking)), "warn"))
    unvalued = int(now["amount_open"].isna().sum())
    if unvalued:
        notes.append(Note(say("recovery.unvalued", claims=unvalued), "warn"))
    if not account.has_sheet:
        notes.append(Note(say("recovery.no_cases"), "warn"))
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
        return Page((Note(say("recovery.none_open")),))
    ready = evidence.complete(papers).reindex(rows["claim_id"]).fillna(False)
    note = say("evidence.folder_none") if folder.empty else say("evidence.folder", files=len(folder), of=len(rows),
                                                                claims=int(ready.sum()))
    lacks = rows["claim_id"].map(evidence.missing(papers).to_dict())
    none = say("page.none")
    rows = rows.assign(papers_missing=[all_named("paper", names) if isinstance(names, str) else none for names in lacks],
                       subject=about(rows))
    order = {"deadline": True, "amount_expected": False, "amount_open": False, "claim_id": True}
    rows = _fees_together(rows.sort_values(list(order), ascending=list(order.values())))
    rows = rows.sort_values(list(order), ascending=list(order.values()))
    shown = columns("deadline", "days_left", "claim_type", "amount_open", "amount_expected", "units_open", "msku",
                    "papers_missing", "fnsku", "subject", "fulfillment_center", "event_date", "unit_value", "claim_id",
                    "sources")
    table = Table(rows.head(LISTED), shown, say("recovery.work_list"), name="claims-to-file", labels=TYPE)
    left = len(rows) - LISTED
    more = (Note(say("page.left_out", shown=LISTED, left=left), "quiet"),) if left > 0 else ()
    return Page((Note(note), table, *more))


def _fees_together(rows: pd.DataFrame) -> pd.DataFrame:
    """The list with the fee claims of one SKU as one row: hundreds of charges of some cents have one cause, a wrong
    measurement. The earliest deadline stands for them, its order, claim and lines with how many more ("… +41")."""
    fee = rows["claim_type"] == "fee_overcharge"
    group = rows[fee].groupby(["msku", "currency"], sort=False, observed=True)
    first = group.head(1).set_index(["msku", "currency"])
    more = group.size() - 1
    sums = group[["units_open", "amount_open", "amount_expected"]].sum(min_count=1)
    sums["unit_value"] = sums["amount_open"] / sums["units_open"].astype("float64")
    tail = (" +" + more.astype("str")).where(more > 0, "")
    texts = {name: first[name].astype("str") + tail for name in ("subject", "claim_id", "sources")}
    together = first.assign(**sums, **texts).reset_index()
    for name in ("unit_value", "amount_open", "amount_expected"):
        together[name] = currencies.rounded(together[name], together["currency"])
    return pd.concat([rows[~fee], together[rows.columns]], ignore_index=True) if fee.any() else rows


def claim_told(books: Books, table: pd.DataFrame, expected: pd.DataFrame, papers: pd.DataFrame, claim_id: str = "") -> Page:
    """One claim told with its file lines, its arithmetic and its rule, and the case text to paste, in English with a gloss
    for the Chinese reader; of the claims that can be filed the one worth most when none is named. `table`: of
    `claims.claims`; `expected`: of `approval.expected`; `papers`: of `evidence.papers`. Raises ValueError for a claim there
    is not."""
    now = expected[expected["standing"] == "open"].sort_values(["amount_open", "claim_id"], ascending=[False, True])
    if not claim_id and now.empty:
        return Page((Note(say("recovery.none_open")),))
    claim_id = claim_id or str(now["claim_id"].iloc[0])
    said = narrative.told(table, books, claim_id)
    claim = table[table["claim_id"] == claim_id].iloc[0]
    text = packet.case_text(claim, papers[papers["claim_id"] == claim["claim_id"]])
    return Page((Lines(said, say("recovery.story", claim=claim["claim_id"])),
                 Lines(same(text.en), say("evidence.case_head")), Lines(Text("", text.zh), say("evidence.gloss")),
                 Note(say("recovery.story_how"), "quiet")))


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
        rest = Money(currencies.rounded(amount["owed"].amount - max(amount["settled_alone"].amount, 0), currency), currency)
        if not rest.amount > 0:
            blocks.append(Note(say("recovery.waterfall_unvalued" if is_unknown(amount["owed"]) else "recovery.waterfall",
                                   **told)))
            continue
        blocks += [_falls(rows, ["owed", "settled_alone", "rest"], rest, say("recovery.waterfall", **told)),
                   _falls(rows, ["rest", *recovery.STEPS[1:]], rest,
                          say("recovery.waterfall_rest", rest=form(rest, "money")))]
    blocks += unknown_kinds(lacking)
    if not account.has_sheet:
        unknown = steps["step"].isin(recovery.FILED)
        steps = steps.astype({"units": "float64", "units_unvalued": "float64"})
        steps.loc[unknown, ["units", "amount", "units_unvalued"]] = float("nan")
        blocks.append(Note(say("recovery.no_cases_here"), "warn"))
    blocks += [Table(steps, columns("step", "units", "amount", "units_unvalued"), name="owed-to-paid",
                     labels={"step": "step"}), Note(say("recovery.waterfall_unit"), "quiet"),
               *_cash(account, payments, books)]
    return Page(tuple(blocks))


def _falls(steps: pd.DataFrame, names: list[str], rest: Money, text: Text) -> Chart:
    """One waterfall of some of the steps; "rest" is what was not settled without a case."""
    alone = steps[steps["step"].isin(["owed", "settled_alone"])].set_index("step")["units"]
    left = pd.DataFrame({"step": ["rest"], "amount": [rest.amount], "units": [alone["owed"] - alone["settled_alone"]]})
    rows = pd.concat([steps[["step", "amount", "units"]], left]).set_index("step").loc[names].reset_index()
    rows = rows[rows["amount"].gt(0) | (rows["step"] == names[0])].reset_index(drop=True)
    return charts.waterfall(rows, rest.currency, text)


def _cash(account: Account, payments: pd.DataFrame, books: Books) -> list:
    if payments.empty:
        return [Note(say("recovery.no_payments"), "warn")]
    rows = recovery.cash(payments)
    part = {step: money(rows[rows["step"] == step], books, "amount") for step in rows["step"].unique()}
    text = say("recovery.cash", alone=part["paid_alone"], filed=part["paid_filed"], back=part["taken_back"],
               received=part["received"])
    closes = recovery.to_cash(account.claims, payments)
    closes = closes[closes["amount"].ne(0) | closes["step"].isin(["settled", "received"])]
    return [Note(text), Table(rows, columns("step", "payments", "amount"), name="paid", labels={"step": "step"}),
            Table(closes, columns("step", "amount"), say("recovery.to_cash"), name="settled-to-received",
                  labels={"step": "step"}), *_unlisted(account, payments, books)]


def _unlisted(account: Account, payments: pd.DataFrame, books: Books) -> list:
    rows = recovery.unlisted(account, payments)
    if rows.empty:
        return []
    rows = rows.astype(dict.fromkeys(["reimbursement_id", "case_id", "msku", "currency", "file"], "str"))
    rows = rows.assign(sources=rows["file"] + ":" + rows["line"].astype("str"))
    text = say("recovery.unlisted", payments=len(rows), amount=money(rows, books, "amount"))
    shown = columns("case_id", "amount", "msku", "reimbursement_id", "sources")
    return [Note(text, "warn"), Table(rows.head(LISTED), shown, name="unlisted-cases")]


def missed(books: Books, account: Account, lacking: pd.DataFrame) -> Page:
    """What expired without a case, per month and kind; then what can still be saved, each on its own clock: claims refused
    that can be filed again, awards that were not paid, payments that can be disputed."""
    rows = recovery.missed(account.claims)
    blocks: list = []
    for currency, part in rows.groupby("currency"):
        if part["claims_unvalued"].sum() == part["claims"].sum():
            blocks.append(Note(say("recovery.missed_unvalued", claims=int(part["claims"].sum()))))
            continue
        kinds = part.groupby("claim_type")["amount"].sum().sort_values(ascending=False)
        amount, most = (form(Money(each, currency), "money") for each in (kinds.sum(), kinds.iloc[0]))
        blocks += [Note(say("recovery.missed_told", claims=int(part["claims"].sum()), amount=amount,
                            kind=claim_type(kinds.index[0]), most=most)),
                   charts.by_month(part, say("recovery.missed_chart", currency=currency))]
    if rows.empty and len(lacking) < len(DETECTORS):
        blocks.append(Note(say("recovery.missed_none")))
    blocks += unknown_kinds(lacking)
    if not account.has_sheet:
        blocks.append(Note(say("recovery.no_cases_here"), "warn"))
    blocks += [*_refused(account, books), *_unpaid(account, books)]
    queue = recovery.disputes(account.claims)
    if queue.empty:
        judged = not set(recovery.DISPUTES) & set(lacking["claim_type"])
        return Page((*blocks, *([Note(say("recovery.disputes_none"))] if judged else [])))
    text = say("recovery.disputes", claims=len(queue), amount=money(queue, books), day=queue["deadline"].min())
    return Page((*blocks, Note(text), Table(queue, columns(
        "deadline", "days_left", "claim_type", "amount_open", "units_open", "msku", "reimbursement_id", "status",
        "event_date", "unit_value", "claim_id", "sources"), name="disputes", labels=TYPE | {"status": "claim_status"})))


def _refused(account: Account, books: Books) -> list:
    rows = recovery.refused(account)
    if rows.empty:
        return []
    rows = rows.assign(denial_reason=rows["denial_reason"].where(rows["denial_reason"] != "", "-"))
    text = say("recovery.refused", claims=len(rows), amount=money(rows, books), day=rows["deadline"].min())
    return [Note(text), Table(rows, columns(
        "deadline", "days_left", "claim_type", "amount_open", "units_open", "msku", "case_id", "decided_on", "denial",
        "denial_reason", "claim_id"), name="refused", labels=TYPE | {"denial": "denial"})]


def _unpaid(account: Account, books: Books) -> list:
    rows = recovery.unpaid(account.cases)
    if rows.empty:
        return []
    text = say("recovery.unpaid", cases=len(rows), amount=money(rows, books, "amount_missing"))
    return [Note(text), Table(rows, columns("decided_on", "case_id", "claim_type", "amount", "paid", "amount_missing",
                                            "claim_id"), name="awarded-unpaid", labels=TYPE)]


def policies_compared(books: Books, one: pd.DataFrame, other: pd.DataFrame, lacking: pd.DataFrame) -> Page:
    """What could be claimed now or later under two policies: money and units per kind of claim and currency.

    `one`, `other`: `claims.claims` under each.
    """
    names = [str(table["policy"].iloc[0]) if len(table) else "" for table in (one, other)]
    if one.empty or names[0] == names[1]:
        return Page((*unknown_kinds(lacking), *([Note(say("recovery.compare_same"))] if len(one) else [])))
    by = ["claim_type", "currency"]
    sides = [table[table["status"].isin(["open", "wait"])].astype(dict.fromkeys(by, "str")) for table in (one, other)]
    sums = [side.groupby(by).agg(units=("units_open", "sum"), amount=("amount_open", total))
            .add_suffix(name) for side, name in zip(sides, ("_one", "_other"), strict=True)]
    rows = sums[0].join(sums[1], how="outer").reset_index()
    for name in ("_one", "_other"):  # no claim of that kind is none, a claim without value is unknown
        rows[f"amount{name}"] = rows[f"amount{name}"].where(rows[f"units{name}"].notna(), 0.0)
        rows[f"units{name}"] = rows[f"units{name}"].fillna(0)
    shown = [*columns("claim_type")]
    for side, name in (("one", names[0]), ("other", names[1])):
        told = rules_named(name, short=True)
        shown += [_under(told, base, f"{base}_{side}") for base in ("units", "amount")]
    one_told, other_told = (rules_named(name) for name in names)
    text = say("recovery.compare", one=one_told, other=other_told, amount_one=at_least(sides[0], lacking, books),
               amount_other=at_least(sides[1], lacking, books))
    return Page((Note(text), *unknown_kinds(lacking), Table(rows, tuple(shown), name="policies", labels=TYPE),
                 Note(say("recovery.compare_note"), "quiet")))


# ---------------------------------------------------------------------------------------------------- inside

def _reports(lacking: pd.DataFrame) -> Text:
    """The reports that any of the kinds lacks, each once."""
    names = dict.fromkeys(name for names in lacking["missing"] for name in names.split(";"))
    return listed(say("recovery.quoted", name=named("table", name)) for name in names)


def _by_deadline(now: pd.DataFrame, as_of: dt.date) -> list:
    """A chart per currency of what closes in which week."""
    rows = now[now["amount_open"].gt(0) & now["deadline"].notna()]
    if rows.empty:
        return []
    month = pd.Timestamp(as_of) + pd.Timedelta(days=30)
    out = []
    for currency, part in rows.groupby("currency"):
        share = part.loc[part["deadline"] <= month, "amount_open"].sum() / part["amount_open"].sum()
        out.append(charts.by_week(part, pd.Timestamp(as_of), say(
            "recovery.by_deadline", currency=currency, share=share, day=month.date())))
    return out


def _types(table: pd.DataFrame, lacking: pd.DataFrame, as_of: dt.date, currency: str) -> Table:
    """One row per kind of claim and currency, most money first; a kind that cannot be judged has its missing reports
    instead of figures."""
    by = ["claim_type", "currency"]
    doubt = table["standing"] == "ambiguous"
    sums = table.assign(units_ambiguous=table["units_open"].where(doubt, 0), units_owed=table["units_owed"].mask(doubt, 0),
                        units_settled=table["units_settled"].mask(doubt, 0))
    sums = sums.groupby(by)[["units_ambiguous", "units_owed", "units_settled"]].sum()
    for word in ("open", "wait", "expired"):
        part = table[table["standing"] == word].groupby(by)
        sums = sums.join(part.agg(**{f"claims_{word}": ("claim_id", "size"), f"units_{word}": ("units_open", "sum"),
                                     f"amount_{word}": ("amount_open", total)}))
        absent = sums[f"claims_{word}"].isna()
        sums[f"amount_{word}"] = sums[f"amount_{word}"].mask(absent, 0.0)
    counts = [name for name in sums if not name.startswith("amount")]
    sums = sums.fillna(dict.fromkeys(counts, 0)).reset_index()
    none = [name for name in DETECTORS if name not in set(sums["claim_type"]) | set(lacking["claim_type"])]
    zero = pd.DataFrame({"claim_type": none}).reindex(columns=sums.columns, fill_value=0).assign(currency=currency)
    needs = [all_named("table", names) for names in lacking["missing"]]
    unknown = pd.DataFrame({"claim_type": lacking["claim_type"], "needs": needs})
    parts = [part.astype({"currency": "str"}) for part in (sums, zero, unknown.assign(currency="")) if len(part)]
    kinds = pd.concat(parts, ignore_index=True).reindex(columns=[*sums.columns, "needs"])
    kinds["needs"] = [text if isinstance(text, Text) else Text("", "") for text in kinds["needs"]]
    kinds = kinds.sort_values("amount_open", ascending=False, kind="stable")
    shown = ["needs"] if len(lacking) else []
    return Table(kinds, columns("claim_type", "amount_open", "claims_open", "units_open", "amount_wait", "amount_expired",
                                "claims_expired", "units_owed", "units_settled", "units_ambiguous", *shown),
                 say("recovery.by_type", day=as_of), name="claims-by-type", labels=TYPE)


def _card(name: str, rows: pd.DataFrame, lacking: pd.DataFrame, note: Text, books: Books, tone: str = "",
          earlier: Earlier | None = None) -> Card:
    """Open amounts, and those of the month before; a sum that lacks something is no number to compare."""
    amount, raw = at_least(rows, lacking, books), _sum(rows, lacking)
    against: dict = {}
    if earlier is not None and len(earlier.lacking) < len(DETECTORS):
        rows = earlier.account.standing(STANDING[name])
        before = _sum(rows, earlier.lacking)
        against = {"before": before, "change": change(raw, before, at_least(rows, earlier.lacking, books), earlier.month)}
    return Card(name, say(f"recovery.{name}"), amount, note, tone=tone, raw=raw,
                better="low" if name == "missed" else "", **against)


def _sum(rows: pd.DataFrame, lacking: pd.DataFrame) -> float | None:
    """The open amount of rows of one currency; None where a kind of claim or a value is unknown."""
    partial = len(lacking) > 0 or rows["amount_open"].isna().any() or rows["currency"].nunique() > 1
    return None if partial else float(currencies.rounded(rows["amount_open"].sum(), next(iter(rows["currency"]), "")))


def _expected_card(rows: pd.DataFrame, rates: approval.Rates, lacking: pd.DataFrame) -> Card:
    label = say("recovery.expected")
    decided = sum(of for _, of in rates.counts.values())
    if not decided:
        return Card("expected", label, say("value.unknown"), say("recovery.expected_none"))
    spans = {currency: approval.expected_total(part, rates) for currency, part in rows.groupby("currency")}
    mean, low, high = (joined((form(Money(span[at], currency), "money") for currency, span in spans.items()), " + ")
                       if spans else form(0, "units") for at in range(3))
    partial = len(lacking) > 0 or rows["amount_open"].isna().any()
    return Card("expected", label, say("recovery.at_least", amount=mean) if partial else mean,
                say("recovery.expected_note", low=low, high=high, cases=decided))


def _units(rows: pd.DataFrame) -> int:
    return int(rows["units_open"].sum())


def _under(policy: Text, base: str, name: str) -> Column:
    """The column `base`, held in `name`, under a policy that its title says."""
    (column,) = columns(base)
    return replace(column, name=name, title=Text(f"{column.title.en}, {policy.en}", f"{column.title.zh}（{policy.zh}）"))
