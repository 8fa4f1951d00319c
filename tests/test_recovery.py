"""What was filed and paid for what is owed: cases joined to claims, and sums that close to the cent."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import recovery
from workbench.recovery import DISPUTES, STEPS

TODAY = dt.date(2026, 6, 30)
LOST, SHORT = "lost_warehouse", "inbound_shortage"
DAYS = ["event_date", "opens_on", "deadline", "filed_on", "decided_on", "approved_on"]


def day(text):
    return pd.Timestamp(text) if text else pd.NaT


def claims(*rows):
    """Claims typed out: claim_id, claim_type, fnsku, event_date, owed, settled, unit_value, status, what else differs."""
    out = []
    for claim_id, kind, fnsku, event, owed, settled, value, status, *more in rows:
        row = {"claim_id": claim_id, "claim_type": kind, "fnsku": fnsku, "msku": f"S-{fnsku}", "asin": f"B-{fnsku}",
               "order_id": "", "shipment_id": "", "reimbursement_id": "", "event_date": day(event), "units_owed": owed,
               "units_settled": settled, "units_open": owed - settled, "unit_value": value,
               "amount_open": (owed - settled) * value, "currency": "USD", "status": status,
               "opens_on": day(event), "deadline": day(event) + pd.Timedelta(days=60), "sources": "", "roles": ""}
        out.append(row | (more[0] if more else {}))
    return pd.DataFrame(out)


def sheet(*rows):
    """Case sheet rows: case_id, claim_type, filed_on, decided_on, outcome, amount, fnsku and what else differs."""
    out = []
    for at, (case_id, kind, filed, decided, outcome, amount, fnsku, *more) in enumerate(rows):
        row = {"case_id": case_id, "claim_type": kind, "filed_on": day(filed), "decided_on": day(decided),
               "outcome": outcome, "amount": amount, "fnsku": fnsku, "msku": "", "order_id": "", "shipment_id": "",
               "claim_id": "", "denial_reason": "", "currency": "USD", "file": "cases.csv", "line": at + 2}
        out.append(row | (more[0] if more else {}))
    columns = ["case_id", "claim_type", "filed_on", "decided_on", "outcome", "amount", "fnsku", "msku", "order_id",
               "shipment_id", "claim_id", "denial_reason", "currency", "file", "line"]
    return pd.DataFrame(out, columns=columns).astype({"filed_on": "datetime64[s]", "decided_on": "datetime64[s]",
                                                      "amount": float})


def payments(*rows):
    """Reimbursements: reimbursement_id, case_id, approved_on, amount, units in cash, and the id they take back."""
    out = [{"reimbursement_id": rid, "case_id": case, "approved_on": day(on), "amount": amount, "units_cash": units,
            "units_inventory": 0, "original_reimbursement_id": (more or ("",))[0], "currency": "USD", "fnsku": "X1",
            "file": "reimbursements.txt", "line": at + 2} for at, (rid, case, on, amount, units, *more) in enumerate(rows)]
    names = ["reimbursement_id", "case_id", "approved_on", "amount", "units_cash", "units_inventory",
             "original_reimbursement_id", "currency", "fnsku", "file", "line"]
    return pd.DataFrame(out, columns=names).astype({"approved_on": "datetime64[s]", "amount": float})


def account(table, cases, paid=None, as_of=TODAY):
    return recovery.account(table, cases, payments() if paid is None else paid, as_of, "USD")


LOSS = ("a", LOST, "X1", "2026-05-01", 2, 0, 5.0, "open")


def test_a_case_decided_after_the_day_is_still_pending_on_it():
    filed = recovery.cases(sheet(("1", LOST, "2026-05-10", "2026-07-05", "approved", 10, "X1"),
                                 ("2", LOST, "2026-07-02", "", "pending", np.nan, "X1")), TODAY)
    assert filed["outcome"].tolist() == ["pending"]
    assert filed["amount"].isna().all() and filed["decided_on"].isna().all() and filed["days"].tolist() == [51]


@pytest.mark.parametrize(("word", "outcome"), [("Approved", "approved"), ("已通过", "approved"), ("REJECTED", "denied"),
                                              ("拒赔", "denied"), ("处理中", "pending"), ("escalated", "escalated")])
def test_outcomes_are_read_in_both_languages_and_an_unknown_one_is_kept(word, outcome):
    filed = recovery.cases(sheet(("1", "仓库丢失", "2026-05-10", "2026-05-20", word, 10, "X1")), TODAY)
    assert filed["outcome"].tolist() == [outcome] and filed["claim_type"].tolist() == [LOST]


@pytest.mark.parametrize(("reason", "ground"), [
    ("Outside the claim window", "outside_window"), ("提交材料模糊", "papers"), ("The unit was found", "unit_found"),
    ("quantity exceeds units shipped", "more_than_shipped"), ("because", "other"), ("", ""),
    ("We found that the invoice is unreadable", "papers"), ("Names do not match the purchase", "papers"),
    ("The contents do not match the plan", "shipment_differs"), ("This was an expired product", "customer_or_defect"),
    ("Claim was filed after the 60-day eligibility period", "outside_window"),
    ("A replacement unit was sent", "paid_already"),
    ("Refund issued by the seller to the buyer", "refunded_by_seller"), ("No units in the fulfilment centre", "fee_rules"),
    ("申报数量超过实际发货量", "more_than_shipped"), ("发货地址与注册信息不符", "ship_from_address"),
    ("已经赔付", "paid_already")])
def test_denials_have_a_ground_of_the_closed_list_and_keep_their_words(reason, ground):
    filed = recovery.cases(sheet(("1", LOST, "2026-05-10", "2026-05-20", "denied", 0, "X1",
                                  {"denial_reason": reason})), TODAY)
    assert filed["denial"].tolist() == [ground] and filed["denial_reason"].tolist() == [reason]


def test_a_case_that_names_its_claim_is_matched_by_it():
    table = claims(LOSS, ("b", LOST, "X1", "2026-05-05", 1, 0, 5.0, "open"))
    cases = account(table, sheet(("1", LOST, "2026-05-10", "", "pending", np.nan, "X1", {"claim_id": "a"}))).cases
    assert cases[["claim_id", "matched_by"]].values.tolist() == [["a", "claim_id"]]


def test_a_payment_for_the_case_tells_the_claim_and_its_money():
    table = claims(("a", LOST, "X1", "2026-05-01", 2, 2, 5.0, "settled",
                    {"sources": "ledger.txt:9;reimbursements.txt:2", "roles": "event:2;paid:2"}))
    paid = payments(("R1", "1", "2026-05-20", 10.0, 2), ("R2", "", "2026-06-01", -5.0, -1, "R1"))
    cases = account(table, sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 12, "")), paid).cases
    row = cases.iloc[0]
    assert (row.claim_id, row.matched_by) == ("a", "payment")
    assert (row.paid, row.taken_back, row.amount_missing, row.amount_owed) == (10.0, 5.0, 2.0, 10.0)


def test_without_ids_a_case_takes_the_newest_earlier_claim_that_no_other_case_holds():
    table = claims(LOSS, ("b", LOST, "X1", "2026-05-05", 1, 0, 5.0, "open"),
                   ("c", LOST, "X1", "2026-06-20", 1, 0, 5.0, "open"),
                   ("d", "damaged_warehouse", "X1", "2026-05-08", 1, 0, 5.0, "open"))
    cases = account(table, sheet(("1", LOST, "2026-05-10", "", "pending", np.nan, "X1"),
                                 ("2", LOST, "2026-05-12", "", "pending", np.nan, "X1"),
                                 ("3", LOST, "2026-05-14", "", "pending", np.nan, "X1"))).cases
    assert cases["claim_id"].tolist() == ["b", "a", ""]


def test_a_denied_case_can_be_filed_again_for_the_same_claim():
    account_ = account(claims(LOSS), sheet(("1", LOST, "2026-05-10", "2026-05-20", "denied", 0, "X1"),
                                           ("2", LOST, "2026-05-25", "", "pending", np.nan, "X1")))
    assert account_.cases["claim_id"].tolist() == ["a", "a"]
    assert account_.claims["standing"].tolist() == ["pending"]


def test_a_case_that_fits_no_claim_is_kept():
    cases = account(claims(LOSS), sheet(("1", LOST, "2026-05-10", "", "pending", np.nan, "X9"))).cases
    assert cases[["case_id", "claim_id", "matched_by"]].values.tolist() == [["1", "", ""]]


def test_one_case_id_on_several_rows_is_several_cases():
    paid = payments(("R1", "1", "2026-05-20", 10.0, 2))
    filed = sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 4, "X2"),
                  ("1", LOST, "2026-05-10", "2026-05-20", "approved", 10, "X1"))
    cases = account(claims(LOSS), filed, paid).cases
    assert cases["case"].tolist() == ["1", "1/2"] and cases["paid"].tolist() == [0.0, 10.0]


def test_an_order_or_shipment_id_says_more_than_a_product():
    table = claims(("a", SHORT, "X1", "2026-05-01", 2, 0, 5.0, "open", {"shipment_id": "FBA1"}),
                   ("b", SHORT, "X1", "2026-05-03", 2, 0, 5.0, "open", {"shipment_id": "FBA2"}),
                   ("c", SHORT, "X2", "2026-05-01", 2, 0, 5.0, "open", {"shipment_id": "FBA1"}))
    filed = sheet(("1", SHORT, "2026-05-10", "", "pending", np.nan, "X1", {"shipment_id": "FBA1"}),
                  ("2", SHORT, "2026-05-10", "", "pending", np.nan, "", {"shipment_id": "FBA1"}),
                  ("3", SHORT, "2026-05-10", "", "pending", np.nan, "X1", {"shipment_id": "FBA9"}))
    links = account(table, filed).links
    assert links.sort_values(["case", "claim_id"])[["case", "claim_id", "matched_by"]].values.tolist() == [
        ["1", "a", "shipment"], ["2", "a", "shipment"], ["2", "c", "shipment"]]


def test_an_approved_case_that_was_paid_in_full_leaves_the_rest_of_its_claim_open():
    told = {"sources": "l.txt:9;reimbursements.txt:2", "roles": "event:3;paid:1"}
    table = claims(("a", LOST, "X1", "2026-05-01", 3, 1, 5.0, "open", told))
    cases = sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 5, "X1"))
    paid = account(table, cases, payments(("R1", "1", "2026-05-20", 5.0, 1))).claims.iloc[0]
    assert (paid.standing, paid.units_filed, paid.units_alone) == ("open", 1, 0)
    unpaid = account(claims(LOSS), cases).claims.iloc[0]
    assert unpaid.standing == "approved"


def test_of_a_payment_for_more_than_was_missing_only_what_settled_the_claim_was_filed():
    told = {"sources": "l.txt:9;l.txt:12;reimbursements.txt:2", "roles": "event:3;found:2;paid:1"}
    table = claims(("a", LOST, "X1", "2026-05-01", 3, 3, 5.0, "settled", told))
    claim = account(table, sheet(), payments(("R1", "1", "2026-05-20", 15.0, 3))).claims.iloc[0]
    assert (claim.units_filed, claim.units_alone) == (1, 2)


def random_account(seed):
    """Random claims in two currencies, with cases and payments that fit some of them."""
    rng = np.random.default_rng(seed)
    table, filed, paid = [], [], []
    for at in range(int(rng.integers(1, 25))):
        owed = int(rng.integers(1, 9))
        settled = int(rng.integers(0, owed + 1))
        event = TODAY - dt.timedelta(days=int(rng.integers(1, 200)))
        kind = str(rng.choice([LOST, "damaged_warehouse", "underpaid", "wrong_reversal"]))
        more = {"currency": str(rng.choice(["USD", "CAD"]))}
        if settled and rng.random() < 0.7:
            case = f"C{at}" if rng.random() < 0.5 else ""
            paid.append((f"R{at}", case, f"{event}", round(float(rng.uniform(0, 90)), 2), int(rng.integers(1, 9))))
            more |= {"sources": f"reimbursements.txt:{len(paid) + 1}", "roles": f"paid:{settled}"}
        value = float("nan") if rng.random() < 0.15 else round(float(rng.uniform(0.01, 90)), 2)
        status = "settled" if settled == owed else str(rng.choice(["wait", "open", "expired", "ambiguous"]))
        table.append((f"c{at}", kind, f"X{at % 4}", f"{event}", owed, settled, value, status, more))
        if rng.random() < 0.6:
            outcome = str(rng.choice(["approved", "denied", "pending"]))
            filed.append((f"C{at}", kind, f"{event + dt.timedelta(days=5)}", "" if outcome == "pending" else f"{TODAY}",
                          outcome, round(float(rng.uniform(0, 90)), 2), f"X{at % 4}"))
    return claims(*table), sheet(*filed), payments(*paid)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_what_was_owed_is_the_sum_of_where_it_stands_to_the_cent(seed):
    table, filed, paid = random_account(seed)
    steps = recovery.waterfall(account(table, filed, paid).claims)
    first = table[~table["claim_type"].isin(DISPUTES)]
    for currency, rows in steps.groupby("currency"):
        part = rows.set_index("step")
        cents = (part["amount"] * 100).round().astype(int)
        assert cents["owed"] == cents[list(STEPS)].sum()
        assert part.loc["owed", "units"] == part.loc[list(STEPS), "units"].sum()
        own = first[first["currency"] == currency]
        assert part.loc["owed", "units"] == own["units_owed"].sum()
        assert cents["owed"] == (own["units_owed"] * own["unit_value"].fillna(0) * 100).round().astype(int).sum()
        assert part.loc["owed", "units_unvalued"] == own.loc[own["unit_value"].isna(), "units_owed"].sum()


def test_every_case_is_there_once_whatever_it_matches():
    for seed in range(8):
        table, filed, paid = random_account(seed)
        done = account(table, filed, paid).cases
        assert sorted(done["case_id"]) == sorted(filed.loc[filed["filed_on"] <= pd.Timestamp(TODAY), "case_id"])


def test_what_was_paid_adds_up_to_the_report_in_each_currency():
    paid = payments(("R1", "", "2026-05-20", 10.10, 2), ("R2", "7", "2026-05-21", 0.20, 1),
                    ("R3", "", "2026-06-01", -5.05, -1, "R1"), ("R4", "", "2026-06-02", 3.0, 1))
    paid.loc[3, "currency"] = "CAD"
    found = recovery.cash(paid).pivot(index="currency", columns="step", values="amount")
    assert found.loc["USD"].to_dict() == {"paid_alone": 10.1, "paid_filed": 0.2, "taken_back": -5.05, "received": 5.25}
    assert found.loc["CAD", "received"] == 3.0


def test_missed_is_what_expired_without_a_case():
    table = claims(("a", LOST, "X1", "2026-01-01", 2, 0, 5.0, "expired"),
                   ("b", LOST, "X2", "2026-01-03", 1, 0, float("nan"), "expired"),
                   ("c", LOST, "X3", "2026-01-04", 1, 0, 7.0, "expired"))
    filed = sheet(("1", LOST, "2026-01-10", "2026-02-01", "denied", 0, "X3"))
    found = recovery.missed(account(table, filed).claims)
    assert found[["month", "claims", "units", "amount", "claims_unvalued"]].values.tolist() == [["2026-03", 2, 3, 10.0, 1]]


def test_disputes_queue_by_their_own_deadline():
    table = claims(("a", "underpaid", "X1", "2026-06-20", 1, 0, 5.0, "open"),
                   ("b", "wrong_reversal", "X1", "2026-06-01", 1, 0, 5.0, "open"),
                   ("c", "underpaid", "X1", "2026-01-01", 1, 0, 5.0, "expired"), LOSS)
    assert recovery.disputes(account(table.iloc[:3], sheet()).claims)["claim_id"].tolist() == ["b", "a"]


def test_what_was_settled_leads_to_what_was_received_to_the_cent():
    told = {"sources": "l.txt:9;l.txt:12;reimbursements.txt:2", "roles": "event:4;found:1;paid:3"}
    stock = {"sources": "l.txt:10;reimbursements.txt:3", "roles": "event:2;paid:2"}
    cheap = {"sources": "l.txt:11;reimbursements.txt:4", "roles": "event:1;paid:1"}
    table = claims(("a", LOST, "X1", "2026-05-01", 4, 4, 5.0, "settled", told),
                   ("b", LOST, "X2", "2026-05-01", 2, 2, 7.0, "settled", stock),
                   ("c", LOST, "X3", "2026-05-01", 1, 1, float("nan"), "settled", cheap),
                   ("u", "underpaid", "X1", "2026-05-20", 3, 0, 1.0, "open"))
    paid = payments(("R1", "", "2026-05-20", 12.0, 3), ("R2", "", "2026-05-20", 6.0, 1), ("R3", "", "2026-05-20", 2.0, 1),
                    ("R4", "", "2026-05-20", 9.99, 1), ("R5", "", "2026-06-01", -4.0, -1, "R1"))
    paid.loc[1, "units_inventory"] = 1
    found = recovery.to_cash(account(table, sheet(), paid).claims, paid).set_index("step")["amount"].to_dict()
    assert found == {"settled": 34.0, "not_in_cash": -12.0, "paid_difference": -4.0, "paid_unvalued": 2.0,
                     "paid_other": 9.99, "taken_back": -4.0, "received": 25.99}


@pytest.mark.parametrize("seed", range(8))
def test_the_way_to_the_money_closes_in_every_currency(seed):
    table, filed, paid = random_account(seed)
    standing = account(table, filed, paid).claims
    steps = recovery.to_cash(standing, paid).assign(cents=lambda rows: (rows["amount"] * 100).round().astype(int))
    fall = recovery.waterfall(standing).set_index(["currency", "step"])["amount"]
    for currency, rows in steps.groupby("currency"):
        part = rows.set_index("step")["cents"]
        assert part[list(recovery.TO_CASH)].sum() == part["received"]
        own = paid.loc[paid["currency"] == currency, "amount"].sum()
        assert part["received"] == round(own * 100)
        if currency in fall:
            settled = fall[currency]["settled_alone"] + fall[currency]["settled_filed"]
            assert abs(part["settled"] - settled * 100) <= 1, "the same settled units as in the waterfall"


def test_a_refused_claim_can_be_filed_again_while_its_window_is_open():
    table = claims(LOSS, ("b", LOST, "X2", "2026-04-01", 1, 0, 5.0, "expired"),
                   ("c", LOST, "X3", "2026-05-20", 1, 0, 5.0, "open"))
    table["days_left"] = (table["deadline"] - pd.Timestamp(TODAY)).dt.days
    filed = sheet(*((str(at), LOST, "2026-05-25", "2026-06-01", "denied", 0, label, {"denial_reason": "unclear evidence"})
                    for at, label in enumerate(("X1", "X2", "X3"))),
                  ("9", LOST, "2026-06-05", "", "pending", np.nan, "X3"))
    found = recovery.refused(account(table, filed))
    assert found[["claim_id", "case_id", "denial", "days_left"]].values.tolist() == [["a", "0", "papers", 0]]


def test_an_award_that_was_not_paid_in_full_is_asked_after():
    filed = sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 10, "X1"),
                  ("2", LOST, "2026-05-10", "2026-05-19", "approved", np.nan, "X2"),
                  ("3", LOST, "2026-05-10", "2026-05-18", "approved", 6, "X3"))
    found = recovery.unpaid(account(claims(LOSS), filed, payments(("R1", "3", "2026-05-22", 6.0, 1))).cases)
    assert found[["case", "amount_missing"]].values.tolist() == [["1", 10.0]]


def test_an_award_is_not_missing_where_its_claim_was_settled_by_a_payment_that_names_no_case():
    told = {"sources": "l.txt:9;reimbursements.txt:2", "roles": "event:2;paid:2"}
    table = claims(("a", LOST, "X1", "2026-05-01", 2, 2, 5.0, "settled", told))
    filed = sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 10, "X1"))
    found = account(table, filed, payments(("R1", "", "2026-05-21", 10.0, 2)))
    assert found.cases["claim_id"].tolist() == ["a"] and found.cases[["paid", "amount_missing"]].isna().all(axis=None)
    assert recovery.unpaid(found.cases).empty


def test_payments_for_a_case_that_the_sheet_lacks_are_named():
    paid = payments(("R1", "1", "2026-05-20", 5.0, 1), ("R2", "7", "2026-05-21", 4.0, 1), ("R3", "", "2026-05-22", 3.0, 1))
    known = account(claims(LOSS), sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 5, "X1")), paid)
    assert recovery.unlisted(known, paid)["reimbursement_id"].tolist() == ["R2"]
    without = recovery.account(claims(LOSS), sheet(), paid, TODAY, "USD", has_sheet=False)
    assert recovery.unlisted(without, paid).empty


def test_audit_risks_are_named():
    table = claims(("a", LOST, "X1", "2026-04-02", 1, 0, 5.0, "open"),
                   ("b", LOST, "X1", "2026-05-02", 1, 0, 5.0, "open"),
                   ("c", LOST, "X1", "2026-06-02", 2, 0, 5.0, "open"),
                   ("d", LOST, "X2", "2026-05-02", 1, 0, 5.0, "open"))
    filed = sheet(("1", LOST, "2026-06-10", "", "pending", np.nan, "X2", {"claim_id": "d"}),
                  ("2", LOST, "2026-06-12", "2026-06-20", "approved", 9.0, "X2", {"claim_id": "d"}),
                  *((str(at), "removal_lost", "2026-06-15", "", "pending", np.nan, "X9") for at in range(20, 31)))
    found = recovery.risks(table, account(table, filed).cases, TODAY)
    assert found[found["risk"] != "no_claim"].values.tolist() == [
        ["lost_in_a_row", "B-X1", "4"], ["many_a_day", "2026-06-15", "11"], ["filed_twice", "2", "1"],
        ["more_than_owed", "2", "9.00 / 5.00"]]
    assert (found["risk"] == "no_claim").sum() == 11
    assert "lost_in_a_row" not in set(recovery.risks(table, account(table, sheet()).cases, dt.date(2026, 7, 31))["risk"])


@pytest.mark.parametrize(("as_of", "flagged"), [("2026-05-31", False), ("2026-06-02", True), ("2026-06-30", True),
                                                ("2026-07-01", True), ("2026-07-30", True), ("2026-07-31", False)])
def test_losses_in_a_row_are_flagged_until_a_month_without_one_is_over(as_of, flagged):
    table = claims(*((str(at), LOST, "X1", day, 1, 0, 5.0, "open")
                     for at, day in enumerate(("2026-04-02", "2026-05-02", "2026-06-02"))))
    known = table[table["event_date"] <= as_of]
    found = recovery.risks(known, account(known, sheet()).cases, dt.date.fromisoformat(as_of))
    assert found.values.tolist() == ([["lost_in_a_row", "B-X1", "3"]] if flagged else [])


def test_a_case_filed_outside_its_window_is_named():
    table = claims(("a", LOST, "X1", "2026-05-01", 1, 0, 5.0, "open", {"opens_on": day("2026-05-20")}),
                   ("b", LOST, "X2", "2026-03-01", 1, 0, 5.0, "expired"))
    filed = sheet(("1", LOST, "2026-05-19", "", "pending", np.nan, "X1", {"claim_id": "a"}),
                  ("2", LOST, "2026-05-01", "", "pending", np.nan, "X2", {"claim_id": "b"}))
    found = recovery.risks(table, account(table, filed).cases, TODAY)
    assert found.values.tolist() == [["too_early", "1", "2026-05-20"], ["too_late", "2", "2026-04-30"]]
    unsure = account(table, filed.assign(claim_id="")).cases
    assert unsure["matched_by"].tolist() == ["fnsku"] * 2 and recovery.risks(table, unsure, TODAY).empty
    filed["filed_on"] = pd.to_datetime(["2026-05-20", "2026-04-30"])
    assert recovery.risks(table, account(table, filed).cases, TODAY).empty, "the first and the last day are inside"


def test_one_case_with_many_rows_is_neither_bulk_nor_filed_twice():
    table = claims(*((f"c{at}", LOST, f"X{at}", "2026-05-01", 1, 0, 5.0, "open") for at in range(12)))
    filed = sheet(*(("1", LOST, "2026-05-10", "", "pending", np.nan, f"X{at}", {"claim_id": f"c{at}"})
                    for at in range(12)),
                  ("1", LOST, "2026-05-10", "", "pending", np.nan, "", {"claim_id": "c0"}),
                  ("2", LOST, "2026-05-11", "", "denied", np.nan, "X20", {"claim_id": "c5"}),
                  ("3", LOST, "2026-05-20", "", "pending", np.nan, "X20", {"claim_id": "c5"}))
    found = recovery.risks(table, account(table, filed).cases, TODAY)
    assert found.values.tolist() == [["filed_twice", "2", "1/6"]], "of case 2 the day of the refusal is not known"


def test_a_row_typed_twice_is_one_case():
    row = ("1", LOST, "2026-05-10", "2026-05-20", "approved", 10, "X1")
    found = account(claims(LOSS), sheet(row, row), payments(("R1", "1", "2026-05-22", 10.0, 2)))
    assert found.cases[["case", "paid", "amount_missing"]].values.tolist() == [["1", 10.0, 0.0]]
    assert recovery.risks(claims(LOSS), found.cases, TODAY).empty


def test_a_case_that_names_several_claims_stands_for_all_of_them():
    table = claims(LOSS, ("b", LOST, "X2", "2026-05-05", 1, 0, 7.0, "open"))
    found = account(table, sheet(("1", LOST, "2026-05-10", "", "pending", np.nan, "", {"claim_id": "a; b,b"})))
    assert found.cases[["claim_id", "matched_by", "amount_owed"]].values.tolist() == [["a;b", "claim_id", 17.0]]
    assert found.claims["standing"].tolist() == ["pending", "pending"]


def test_a_claim_whose_case_has_an_outcome_nobody_knows_is_not_to_be_filed_again():
    found = account(claims(LOSS), sheet(("1", LOST, "2026-05-10", "", "transferred", np.nan, "X1")))
    assert found.claims["standing"].tolist() == ["pending"] and found.cases["outcome"].tolist() == ["transferred"]
    assert found.standing("open").empty


def test_amounts_of_a_case_in_two_currencies_are_not_added():
    cases = sheet(("1", LOST, "2026-05-10", "2026-05-20", "approved", 10, "X1"),
                  ("2", LOST, "2026-05-11", "2026-05-20", "approved", 14, "X2", {"currency": "CAD"}),
                  ("3", LOST, "2026-05-12", "2026-05-20", "approved", 5, "X3"))
    table = claims(LOSS, ("b", LOST, "X2", "2026-05-01", 2, 0, 5.0, "open"),
                   ("c", LOST, "X3", "2026-05-01", 1, 0, 5.0, "open"))
    paid = payments(("R1", "1", "2026-05-22", 4.0, 1), ("R2", "1", "2026-05-22", 6.0, 1), ("R3", "3", "2026-05-22", 5.0, 1))
    paid["currency"] = ["USD", "CAD", "USD"]
    found = account(table, cases, paid).cases.set_index("case")
    assert found["paid"].isna().tolist() == [True, False, False] and np.isnan(found.loc["1", "amount_missing"])
    assert np.isnan(found.loc["2", "amount_owed"]) and found.loc["3", ["paid", "amount_owed"]].tolist() == [5.0, 5.0]
    assert recovery.risks(table, found.reset_index(), TODAY).empty, "14 CAD are not more than 10 USD"
