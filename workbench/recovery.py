"""What became of what Amazon owes: settled by itself, filed, approved, denied, pending, paid, taken back, missed.

The claims table says what is owed; the analyst's `cases` sheet says what was filed; the reimbursement report says what
was paid, and for which case. Here the three are joined, and every sum closes to the cent: what was owed is the sum of
where it stands, what was paid is the total of the report. A case that fits no claim is kept and shown.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded, currencies
from workbench.claims import witnesses

DISPUTES = ("underpaid", "wrong_reversal")  # claims about a payment: the unit itself stands under its first claim
STEPS = ("settled_alone", "settled_filed", "approved", "pending", "denied", "open", "wait", "expired", "ambiguous")
FILED = ("approved", "pending", "denied")  # known only from the cases sheet
CASH = ("paid_alone", "paid_filed", "taken_back")
TO_CASH = ("settled", "not_in_cash", "paid_difference", "paid_unvalued", "paid_other", "taken_back")
GRACE_DAYS = 7  # a case may be filed so many days before the day the report gives its event
IN_A_ROW = 3  # months with losses of one ASIN
MANY_A_DAY = 10  # cases filed on one day that look like bulk filing
OUTCOMES = {"approved": "approved", "granted": "approved", "paid": "approved", "partially approved": "approved",
            "partial": "approved", "reimbursed": "approved", "won": "approved", "denied": "denied", "rejected": "denied",
            "declined": "denied", "refused": "denied", "lost": "denied", "pending": "pending", "open": "pending",
            "filed": "pending", "in progress": "pending", "submitted": "pending", "": "pending", "通过": "approved",
            "已通过": "approved", "批准": "approved", "已批准": "approved", "部分通过": "approved", "部分批准": "approved",
            "已赔付": "approved", "拒绝": "denied", "已拒绝": "denied", "被拒": "denied", "拒赔": "denied",
            "驳回": "denied", "待处理": "pending", "处理中": "pending", "审核中": "pending", "待定": "pending"}
TYPES = {"仓库丢失": "lost_warehouse", "库存丢失": "lost_warehouse", "仓库损坏": "damaged_warehouse",
         "库存损坏": "damaged_warehouse", "未经请求弃置": "disposed_unrequested", "退款未退货": "refund_not_returned",
         "入库短少": "inbound_shortage", "入库丢失": "inbound_shortage", "移除丢失": "removal_lost",
         "移除短少": "removal_short",
         "费用多收": "fee_overcharge", "赔偿不足": "underpaid", "少赔": "underpaid", "错误冲销": "wrong_reversal",
         "lost": "lost_warehouse", "damaged": "damaged_warehouse", "inbound": "inbound_shortage",
         "customer_return": "refund_not_returned", "removal": "removal_lost", "fee": "fee_overcharge"}
# Amazon's grounds for a denial, as far as its pages name them, and the words that give them away; the first that fits.
DENIALS = {
    "too_early": ("too early", "premature", "not yet eligible", "为时过早", "尚未", "太早"),
    "customer_or_defect": ("customer damage", "damaged by the customer", "damaged by customer", "defect", "recall",
                           "expired product", "product expired", "买家损坏", "客户损坏", "缺陷", "召回"),
    "outside_window": ("window", "too late", "deadline", "expired", "past ", "filed after", "eligibility period", "超时",
                       "过期", "逾期", "期限", "时效"),
    "more_than_shipped": ("than shipped", "exceeds", "more than sent", "超过实际", "大于发货", "多于发货"),
    "paid_already": ("already reimbursed", "already paid", "previously reimbursed", "replaced", "replacement", "已赔",
                     "已补偿", "已经赔", "已经补偿", "已换货"),
    "unit_found": ("was found", "were found", "been found", "unit found", "units found", "item found", "items found",
                   "inventory found", "restored", "returned to inventory", "located", "找到", "已找回", "恢复"),
    "ship_from_address": ("ship-from", "ship from", "registered address", "发货地址", "注册信息", "注册地址"),
    "shipment_differs": ("cancel", "deleted", "shipping plan", "match plan", "match the plan", "contents differ", "取消",
                         "与计划"),
    "fee_rules": ("measure", "one claim per", "no units in", "测量"),
    "papers": ("document", "invoice", "proof", "evidence", "unreadable", "blurr", "pro-forma", "proforma", "missing paper",
               "not match", "证据", "文件", "发票", "材料", "凭证", "模糊", "不一致"),
    "disposal_requested": ("dispos", "removal request", "弃置", "按要求移除"),
    "refunded_by_seller": ("refunded by seller", "seller refund", "by the seller", "by seller", "卖家退款", "自行退款"),
    "no_fault_of_amazon": ("not amazon", "reason not covered", "not eligible", "cannot be returned", "不在赔偿范围",
                           "不符合"),
    "account": ("account", "账户", "账号"),
    "unresearched": ("insufficient", "not enough information", "unresearched", "bulk", "volume", "duplicate", "批量",
                     "重复"),
}


class Account(NamedTuple):
    """What is owed, what was filed, and how they hang together. `claims`: of `standings`; `cases`: of `followed`; `links`:
    of `links`; `has_sheet`: whether there is a cases sheet, without which nothing is known of what was filed."""

    claims: pd.DataFrame
    cases: pd.DataFrame
    links: pd.DataFrame
    has_sheet: bool

    def standing(self, *words: str) -> pd.DataFrame:
        """The claims whose open units stand so ("open", "wait", "denied" …), the first deadline first."""
        rows = self.claims[self.claims["standing"].isin(words)]
        return rows.sort_values(["deadline", "claim_id"], ignore_index=True)

    def in_play(self) -> pd.DataFrame:
        """The claims that can be filed now or later, and those a case was filed for."""
        rows = self.claims["standing"].isin(["open", "wait"]) | self.claims["claim_id"].isin(self.links["claim_id"])
        return self.claims[rows].reset_index(drop=True)


def account(table: pd.DataFrame, sheet: pd.DataFrame, payments: pd.DataFrame, as_of: dt.date, currency: str = "", *,
            has_sheet: bool = True) -> Account:
    """The claims table, the analyst's cases sheet and the reimbursement report, joined as known on `as_of`."""
    words = table.select_dtypes("category")  # cases hold text
    table = table.assign(**{name: pd.Series(coded.text(words[name]), table.index, "str") for name in words})
    filed = cases(sheet, as_of, currency)
    pairs = links(filed, table, payments)
    done = followed(filed, pairs, table, payments)
    return Account(standings(table, done, pairs, payments), done, pairs, has_sheet)


# ---------------------------------------------------------------------------------------------------- cases

def cases(sheet: pd.DataFrame, as_of: dt.date, currency: str = "") -> pd.DataFrame:
    """One row per row of the sheet as it was known on `as_of`, in the order of filing: decided later is still pending, and
    a row repeated in every cell is one case typed twice.

    Adds `case` (the case id, numbered on where one case has several rows), outcome folded to approved, denied, pending
    (another word is kept), claim_type folded, `denial` (the ground: one of DENIALS, "other", or "" where none was given),
    `days` from filing to the decision, or to `as_of` while there is none, `days_since_filing` (to `as_of`), and
    `is_decided`. days is NaN where a case was decided before it was filed.
    """
    today = pd.Timestamp(as_of)
    table = sheet[sheet["filed_on"] <= today]
    table = table[~table.drop(columns=["file", "line"], errors="ignore").duplicated()].copy()
    for name in ("case_id", "claim_id", "fnsku", "msku", "order_id", "shipment_id", "denial_reason", "currency"):
        table[name] = _text(table[name])
    later = table["decided_on"] > today
    word = _text(table["outcome"]).str.strip().str.casefold()
    table["outcome"] = word.map(OUTCOMES).fillna(word).where(~later, "pending").astype("str")
    table["is_decided"] = table["outcome"].isin(["approved", "denied"])
    table["decided_on"] = table["decided_on"].where(table["is_decided"])
    table["amount"] = table["amount"].where(~later)
    kind = _text(table["claim_type"]).str.strip().str.casefold().str.replace(r"[\s\-]+", "_", regex=True)
    table["claim_type"] = kind.map(TYPES).fillna(kind).astype("str")
    table["denial_reason"] = table["denial_reason"].where(~later, "")
    table["denial"] = table["denial_reason"].map(_ground).where(table["outcome"] == "denied", "").astype("str")
    table["currency"] = table["currency"].where(table["currency"] != "", currency)
    days = (table["decided_on"].where(table["is_decided"], today) - table["filed_on"]).dt.days.astype("float64")
    table["days"] = days.where(days >= 0)
    table["days_since_filing"] = (today - table["filed_on"]).dt.days.astype("float64")
    table = table.sort_values(["filed_on", "case_id"], ignore_index=True, kind="stable")
    again = table.groupby("case_id").cumcount()
    table["case"] = table["case_id"].where(again == 0, table["case_id"] + "/" + (again + 1).astype("str"))
    return table


def links(filed: pd.DataFrame, table: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Which case stands for which claim: case, claim_id, and `matched_by`, the surest way that fits.

    claim_id: the sheet says so (several: parted by commas, semicolons or blanks). payment: a reimbursement with the case's
    id settled the claim. order, shipment: the same type and id. fnsku, sku: the same type, and the newest claim not after
    the filing (one still open before a settled one) that no earlier case holds; a case that was denied before holds it no
    longer.

    `filed`: of `cases`; `table`: of `claims.claims`; `payments`: the reimbursement report.
    """
    if filed.empty or table.empty:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("case", "claim_id", "matched_by")})
    own = filed[["case"]].assign(claim_id=filed["claim_id"].str.split(r"[\s,;，；、]+", regex=True)).explode("claim_id")
    own = own[own["claim_id"].isin(table["claim_id"])].drop_duplicates().assign(matched_by="claim_id")
    left = filed[~filed["case"].isin(own["case"])]
    paid = settled_by(table, payments)[["case_id", "claim_id", "claim_type", "fnsku"]].drop_duplicates()
    paid = paid.merge(left[["case", "case_id", "claim_type", "fnsku"]], on=["case_id", "claim_type"],
                      validate="many_to_many", suffixes=("", "_case"))
    paid = paid.loc[(paid["fnsku_case"] == "") | (paid["fnsku_case"] == paid["fnsku"]), ["case", "claim_id"]]
    held = pd.concat([own, paid.drop_duplicates().assign(matched_by="payment")], ignore_index=True)
    left = left[~left["case"].isin(held["case"])]
    return pd.concat([held, _by_ids(left, table, held, filed)], ignore_index=True)


def settled_by(table: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Which payment settled which claim, by the lines the claim cites: claim_id, claim_type, fnsku, case_id ("" where
    Amazon paid by itself), units (of this claim that it settled, by the line's role), amount and currency (of the
    payment), and what of it is for these units: units_cash (not replaced in stock) and amount_cash."""
    lines = witnesses(table[~table["claim_type"].isin(DISPUTES)])
    rows = payments[["file", "line"]].astype({"file": "str"}).assign(
        case_id=_text(payments["case_id"]), amount=payments["amount"].astype("float64"),
        currency=_text(payments["currency"]), cash=payments["units_cash"].fillna(0).astype("float64"),
        stock=payments["units_inventory"].fillna(0).astype("float64"))
    found = lines.merge(rows[rows["amount"] >= 0], on=["file", "line"], validate="many_to_one")
    of = found["cash"] + found["stock"]
    whole = of.clip(lower=found.groupby(["file", "line"])["units"].transform("sum").clip(lower=1))
    found["units_cash"] = found["units"] * (found["cash"] / of).where(of > 0, 1.0)
    found["amount_cash"] = found["amount"] * found["units"] / whole
    return found[["claim_id", "claim_type", "fnsku", "case_id", "units", "amount", "currency", "units_cash", "amount_cash"]]


def followed(filed: pd.DataFrame, pairs: pd.DataFrame, table: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """The cases with what became of them: claim_id (joined by ";", "" where none fits), matched_by, amount_owed (of those
    claims, under the policy), paid, paid_on and taken_back (of the reimbursement report, by case id), and
    amount_missing: awarded, but not in the report by `as_of`.

    paid is 0 where the report holds no payment for the case; all of them are NaN where there is no report. An amount in
    another currency than the case's makes the sum it belongs to NaN: currencies are not added. paid is NaN too for an
    approved case whose claims are all settled though no payment names it: some of that money may be the award.
    """
    value = table.assign(amount=table["units_owed"] * table["unit_value"], is_settled=table["units_open"] == 0)[
        ["claim_id", "amount", "currency", "is_settled"]]
    held = pairs.merge(value, on="claim_id", validate="many_to_one")
    told = held.groupby("case").agg(claim_id=("claim_id", ";".join), matched_by=("matched_by", "first"),
                                    is_settled=("is_settled", "all"))
    rows = pd.DataFrame({"case": _case_of(payments, filed), "amount": payments["amount"], "id":
                         _text(payments["reimbursement_id"]), "first": _text(payments["original_reimbursement_id"]),
                         "currency": _text(payments["currency"]), "paid_on": payments["approved_on"]})
    good = rows[(rows["amount"] >= 0) & rows["case"].notna()]
    back = rows[rows["amount"] < 0]
    back = back.assign(case=back["first"].map(good.drop_duplicates("id").set_index("id")["case"]), amount=-back["amount"])
    none = 0.0 if len(payments) else np.nan
    found = {"amount_owed": (_sums(held, filed), np.nan), "paid": (_sums(good, filed), none),
             "taken_back": (_sums(back, filed), none), "paid_on": (good.groupby("case")["paid_on"].min(), None),
             "claim_id": (told["claim_id"], ""), "matched_by": (told["matched_by"], "")}
    out = filed.assign(**{name: [values.get(case, other) for case in filed["case"]]
                          for name, (values, other) in found.items()})
    out = out.astype({"paid_on": "datetime64[s]", "paid": "float64", "taken_back": "float64", "amount_owed": "float64",
                      "claim_id": "str", "matched_by": "str"})
    elsewhere = out["outcome"].eq("approved") & out["case"].isin(told.index[told["is_settled"]]) & out["paid_on"].isna()
    out["paid"] = out["paid"].mask(elsewhere)
    missing = (out["amount"] - out["paid"]).where(out["outcome"] == "approved").clip(lower=0)
    for name in ("paid", "taken_back", "amount_owed"):
        out[name] = currencies.rounded(out[name], out["currency"])
    return out.assign(amount_missing=currencies.rounded(missing, out["currency"]))


# ---------------------------------------------------------------------------------------------------- where it stands

def standings(table: pd.DataFrame, cases: pd.DataFrame, pairs: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """The claims with where their units stand: units_settled = units_alone + units_filed (paid for a case), and `standing`
    of the open units: approved (awarded, not all paid yet), pending or denied, of the newest case; else the claim's status.
    A case whose outcome is a word nobody knows stands as pending: it was filed, and must not be filed again.

    `cases`: of `followed`; `pairs`: of `links`.
    """
    by_case = settled_by(table, payments)
    units = table["claim_id"].map(by_case[by_case["case_id"] != ""].groupby("claim_id")["units"].sum())
    out = table.assign(units_filed=units.fillna(0).astype("int64").clip(upper=table["units_settled"]))
    out["units_alone"] = out["units_settled"] - out["units_filed"]
    paid = cases["outcome"].eq("approved") & cases["amount_missing"].eq(0)
    open_cases = cases.loc[~paid, ["case", "filed_on", "outcome"]]
    open_cases["outcome"] = open_cases["outcome"].where(open_cases["outcome"].isin(FILED), "pending")
    newest = pairs.merge(open_cases, on="case", validate="many_to_one").sort_values(["filed_on", "case"])
    outcome = out["claim_id"].map(newest.drop_duplicates("claim_id", keep="last").set_index("claim_id")["outcome"])
    out["standing"] = outcome.where(outcome.notna() & (out["units_open"] > 0), out["status"]).astype("str")
    return out


def waterfall(standing: pd.DataFrame) -> pd.DataFrame:
    """One row per currency and step, "owed" first: it is the sum of all other steps, in units and to the cent.

    Units at their claim value under the policy; claims about payments (DISPUTES) are left out, since their units stand
    here already. Columns: currency, step, units, amount, units_unvalued (open or settled, at an unknown value: in units,
    not in amount). `standing`: of `standings`.
    """
    rows = standing[~standing["claim_type"].isin(DISPUTES)]
    parts = [rows.assign(step="settled_alone", units=rows["units_alone"]),
             rows.assign(step="settled_filed", units=rows["units_filed"]),
             rows.assign(step=rows["standing"], units=rows["units_open"])]
    long = pd.concat(parts)[["currency", "step", "units", "unit_value"]]
    long = long[long["units"] > 0]
    long = long.assign(amount=long["units"] * long["unit_value"].fillna(0),
                       units_unvalued=long["units"].where(long["unit_value"].isna(), 0))
    long = pd.concat([long.assign(step="owed"), long])
    long["step"] = pd.Categorical(long["step"], ["owed", *STEPS])
    sums = long.groupby(["currency", "step"], observed=False, as_index=False)[["units", "amount", "units_unvalued"]].sum()
    sums = sums.astype({"step": "str", "units": "int64", "units_unvalued": "int64"})
    return sums.assign(amount=currencies.rounded(sums["amount"], sums["currency"]))


def cash(payments: pd.DataFrame) -> pd.DataFrame:
    """What the reimbursement report paid, one row per currency and step: paid_alone (no case), paid_filed (for a case),
    taken_back (negative), and "received", their sum and the report's total. Columns: currency, step, amount, payments."""
    amount, case = payments["amount"].astype("float64"), _text(payments["case_id"])
    step = np.select([amount < 0, case != ""], ["taken_back", "paid_filed"], "paid_alone")
    rows = pd.DataFrame({"currency": _text(payments["currency"]), "step": step, "amount": amount.to_numpy(), "payments": 1})
    rows = pd.concat([rows, rows.assign(step="received")])
    rows["step"] = pd.Categorical(rows["step"], [*CASH, "received"])
    sums = rows.groupby(["currency", "step"], observed=False, as_index=False)[["amount", "payments"]].sum()
    return sums.assign(step=sums["step"].astype("str"), amount=currencies.rounded(sums["amount"], sums["currency"]))


def to_cash(standing: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """From what was settled to what was received, one row per currency and step; "received" is the sum of the others.

    settled: the settled units at their claim value, as in `waterfall`. not_in_cash: found, returned, replaced in stock or
    paid in another currency. paid_difference: money paid for the rest, less its value (negative: paid too low).
    paid_unvalued: money for units without a known value. paid_other: money for nothing claimed here. taken_back: negative.
    Columns: currency, step, amount. `standing`: of `standings`; `payments`: the reimbursement report.
    """
    rows = standing[~standing["claim_type"].isin(DISPUTES)]
    settled = (rows["units_settled"] * rows["unit_value"]).groupby(rows["currency"]).sum()
    lines = settled_by(rows, payments).merge(rows[["claim_id", "unit_value", "currency"]], on="claim_id",
                                             validate="many_to_one", suffixes=("", "_claim"))
    lines = lines[lines["currency"] == lines["currency_claim"]]
    valued = lines["unit_value"].notna()
    worth = (lines["units_cash"] * lines["unit_value"]).groupby(lines["currency"]).sum()
    money = lines["amount_cash"].where(valued, 0.0).groupby(lines["currency"]).sum()
    unvalued = lines["amount_cash"].where(~valued, 0.0).groupby(lines["currency"]).sum()
    amount, currency = payments["amount"].astype("float64"), _text(payments["currency"])
    back = amount.clip(upper=0).groupby(currency).sum()
    parts = pd.DataFrame({"settled": settled, "worth": worth, "money": money, "paid_unvalued": unvalued,
                          "taken_back": back, "received": amount.groupby(currency).sum()}).fillna(0.0)
    parts = parts.assign(not_in_cash=parts["worth"] - parts["settled"], paid_difference=parts["money"] - parts["worth"])
    known = ["settled", "not_in_cash", "paid_difference", "paid_unvalued", "taken_back"]
    for name in (*known, "received"):
        parts[name] = currencies.rounded(parts[name], parts.index.to_series())
    parts["paid_other"] = parts["received"] - parts[known].sum(axis=1)  # closes to the cent, whatever was rounded
    long = parts[[*TO_CASH, "received"]].rename_axis("currency").reset_index().melt(
        "currency", var_name="step", value_name="amount")
    long = long.sort_values("currency", kind="stable", ignore_index=True)
    return long.assign(amount=currencies.rounded(long["amount"], long["currency"]))


def missed(standing: pd.DataFrame) -> pd.DataFrame:
    """What expired without a case: one row per month of the deadline, claim type and currency, oldest first.

    Columns: month, claim_type, currency, claims, units, amount, claims_unvalued (not in amount).
    """
    rows = standing[standing["standing"] == "expired"]
    rows = rows.assign(month=rows["deadline"].dt.strftime("%Y-%m"), unvalued=rows["amount_open"].isna())
    sums = rows.groupby(["month", "claim_type", "currency"], as_index=False).agg(
        claims=("claim_id", "size"), units=("units_open", "sum"), amount=("amount_open", "sum"),
        claims_unvalued=("unvalued", "sum"))
    return sums.assign(amount=currencies.rounded(sums["amount"], sums["currency"]))


def disputes(standing: pd.DataFrame) -> pd.DataFrame:
    """Payments too low or wrongly taken back that can still be disputed, on their own clock from the payment's day: the
    first to close comes first."""
    rows = standing[standing["claim_type"].isin(DISPUTES) & standing["standing"].isin(["open", "wait"])]
    return rows.sort_values(["deadline", "claim_id"], ignore_index=True)


def refused(account: Account) -> pd.DataFrame:
    """Claims whose newest case was denied and whose window is still open, the first to close first: they can be filed
    again, with better papers. With the case and its case_id, decided_on, denial and denial_reason."""
    names = ["case", "case_id", "decided_on", "denial", "denial_reason", "filed_on"]
    denied = account.cases.loc[account.cases["outcome"] == "denied", names]
    newest = account.links[["case", "claim_id"]].merge(denied, on="case", validate="many_to_one")
    newest = newest.sort_values(["filed_on", "case"]).drop_duplicates("claim_id", keep="last").drop(columns="filed_on")
    rows = account.standing("denied")
    return rows[rows["days_left"] >= 0].merge(newest, on="claim_id", validate="one_to_one")


def unpaid(cases: pd.DataFrame) -> pd.DataFrame:
    """Approved cases of which the report does not hold all the money awarded, the oldest decision first. `cases`: of
    `followed`."""
    rows = cases[cases["outcome"].eq("approved") & (cases["amount_missing"] > 0)]
    return rows.sort_values(["decided_on", "case"], ignore_index=True)


def unlisted(account: Account, payments: pd.DataFrame) -> pd.DataFrame:
    """Payments for a case that the cases sheet does not hold, the newest first: the sheet is not complete, and no rate
    made from it is. Empty without a sheet."""
    case = _text(payments["case_id"])
    rows = payments[(case != "") & ~case.isin(account.cases["case_id"]) & account.has_sheet]
    return rows.sort_values(["approved_on", "reimbursement_id"], ascending=[False, True], ignore_index=True)


# ---------------------------------------------------------------------------------------------------- audit risks

def risks(table: pd.DataFrame, cases: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """What may draw Amazon's eye, one row each: risk, subject, detail. The article's audit rule is unverified; that Amazon
    refuses unresearched or bulk claims is its own text.

    lost_in_a_row: an ASIN with losses in each of the IN_A_ROW months up to `as_of`'s, or up to the one before while
    `as_of`'s is not over; the units of those months. many_a_day: more than MANY_A_DAY cases (not rows) filed on one day.
    no_claim: a case the files give no ground for. filed_twice: a second case while the first was undecided or had been
    approved. too_early, too_late: filed before the claim's window opened, after it closed; not of cases matched by their
    product alone, whose claim may be another. more_than_owed: awarded more than the claim is worth under the policy.
    """
    month = np.datetime64(as_of, "M")
    lost = table[table["claim_type"].eq("lost_warehouse") & table["asin"].ne("")]
    months = lost["event_date"].to_numpy("datetime64[M]")
    recent = pd.DataFrame({"asin": lost["asin"].to_numpy(), "month": months, "units": lost["units_owed"].to_numpy()})
    runs = {}
    for last in (month,) if np.datetime64(as_of) + 1 == month + 1 else (month - 1, month):
        asins = recent[(months > last - IN_A_ROW) & (months <= last)].groupby("asin").agg(
            n=("month", "nunique"), units=("units", "sum"))
        runs |= asins.loc[asins["n"] >= IN_A_ROW, "units"].to_dict()
    found = [("lost_in_a_row", asin, f"{units}") for asin, units in sorted(runs.items())]
    days = cases.groupby("filed_on")["case_id"].nunique()
    found += [("many_a_day", f"{day:%Y-%m-%d}", f"{count}") for day, count in days[days > MANY_A_DAY].items()]
    without = cases[cases["claim_id"] == ""]
    found += [("no_claim", case, kind) for case, kind in zip(without["case"], without["claim_type"], strict=True)]
    pairs = cases.assign(claim=cases["claim_id"].str.split(";")).explode("claim")
    pairs = pairs[pairs["claim"] != ""].sort_values(["claim", "filed_on", "case"])
    before = pairs.groupby("claim")[["case", "case_id", "outcome", "decided_on"]].shift()
    refused = before["outcome"].eq("denied") & ~(before["decided_on"] > pairs["filed_on"])
    again = before["case"].notna() & before["case_id"].ne(pairs["case_id"]) & ~refused
    found += [("filed_twice", case, first) for case, first in
              zip(pairs.loc[again, "case"], before.loc[again, "case"], strict=True)]
    sure = pairs[~pairs["matched_by"].isin(["fnsku", "sku"])]
    dated = sure[["case", "claim", "filed_on"]].merge(table[["claim_id", "event_date", "opens_on", "deadline"]],
                                                      left_on="claim", right_on="claim_id", validate="many_to_one")
    early = dated[(dated["filed_on"] < dated["opens_on"]) & (dated["filed_on"] >= dated["event_date"])]
    late = dated[dated["filed_on"] > dated["deadline"]]
    found += [(risk, case, f"{day:%Y-%m-%d}") for risk, rows, name in (("too_early", early, "opens_on"),
                                                                       ("too_late", late, "deadline"))
              for case, day in zip(rows["case"], rows[name], strict=True)]
    over = cases[(cases["amount"] > cases["amount_owed"] + 0.005) & cases["outcome"].eq("approved")]
    found += [("more_than_owed", case, f"{awarded:.2f} / {owed:.2f}") for case, awarded, owed in
              zip(over["case"], over["amount"], over["amount_owed"], strict=True)]
    return pd.DataFrame(found, columns=["risk", "subject", "detail"]).drop_duplicates(ignore_index=True)


# ---------------------------------------------------------------------------------------------------- inside

def _text(column: pd.Series) -> pd.Series:
    return column.astype("str").where(column.notna(), "")


def _sums(rows: pd.DataFrame, filed: pd.DataFrame) -> pd.Series:
    """Case -> the sum of the amounts of its rows; NaN where one is unknown or in another currency than the case's."""
    own = rows["case"].map(filed.set_index("case")["currency"])
    amount = rows["amount"].where(rows["currency"].eq(own) | own.eq("") | rows["currency"].eq(""))
    sums = amount.groupby(rows["case"]).agg(["sum", "count", "size"])
    return sums["sum"].where(sums["count"] == sums["size"])


def _ground(reason: str) -> str:
    said = reason.casefold()
    return next((name for name, words in DENIALS.items() if any(word in said for word in words)), "other" if said else "")


def _case_of(payments: pd.DataFrame, filed: pd.DataFrame) -> pd.Series:
    """The row of the case sheet each payment belongs to, by case id and, where a case has several rows, FNSKU; else its
    first row; NaN for none."""
    exact = filed.drop_duplicates(["case_id", "fnsku"])
    exact = dict(zip(exact["case_id"] + "\x1f" + exact["fnsku"], exact["case"], strict=True))
    first = filed.drop_duplicates("case_id").set_index("case_id")["case"]
    case = _text(payments["case_id"])
    return (case + "\x1f" + _text(payments["fnsku"])).map(exact).fillna(case.map(first))


def _by_ids(left: pd.DataFrame, table: pd.DataFrame, held: pd.DataFrame, filed: pd.DataFrame) -> pd.DataFrame:
    """Links of the cases that neither name their claim nor were paid, by the most telling id each of them has."""
    ways = ("order_id", "shipment_id", "fnsku", "msku")
    way = np.select([left[name] != "" for name in ways], ways, "")
    cases = left[["case", "claim_type", "filed_on", *ways]]
    claims = table[["claim_id", "claim_type", "event_date", "units_open", *ways]]
    found = []
    for by in ways:
        pairs = cases[way == by].merge(claims[claims[by] != ""], on=["claim_type", by], suffixes=("", "_claim"),
                                       validate="many_to_many")
        for own in {"fnsku", "msku"} - {by}:
            pairs = pairs[(pairs[own] == "") | (pairs[f"{own}_claim"] == "") | (pairs[own] == pairs[f"{own}_claim"])]
        pairs = pairs[pairs["event_date"] <= pairs["filed_on"] + pd.Timedelta(days=GRACE_DAYS)]
        found.append(pairs.assign(matched_by=by.removesuffix("_id").replace("msku", "sku"))[
            ["case", "claim_id", "matched_by", "filed_on", "event_date", "units_open"]])
    sure = pd.concat(found[:2])[list(held)]
    return pd.concat([sure, _nearest(pd.concat(found[2:]), pd.concat([held, sure]), filed)[list(held)]])


def _nearest(pairs: pd.DataFrame, held: pd.DataFrame, filed: pd.DataFrame) -> pd.DataFrame:
    """One claim per case, in the order of filing: the newest open one before it that no other case holds."""
    since = filed.set_index("case")
    free = since["decided_on"].where(since["outcome"] == "denied", pd.Timestamp("2262-01-01"))
    until = held["case"].map(free.to_dict()).groupby(held["claim_id"]).max().to_dict()
    pairs = pairs.assign(is_open=pairs["units_open"] > 0).sort_values(
        ["filed_on", "case", "is_open", "event_date", "claim_id"], ascending=[True, True, False, False, True])
    taken: dict[str, str] = {}
    for case, claim, day in zip(pairs["case"], pairs["claim_id"], pairs["filed_on"], strict=True):
        if case not in taken and not until.get(claim, day) > day:
            taken[case], until[claim] = claim, free[case]
    return pairs[pairs["claim_id"] == pairs["case"].map(taken)]
