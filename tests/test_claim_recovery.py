"""The claim-recovery page: its notebook run in this process, on whole, partial and empty folders."""

import ast
import datetime as dt
import json
import re
import shutil

import pandas as pd
import pytest

from workbench import approval, books, claims, display, evidence, figures, filing, policy, publish, recovery, words
from workbench.detectors import DETECTORS
from workbench.figures import recovery as recovery_figures
from workbench.simulate import simulate

MONTH, TODAY = "2026-03", dt.date(2026, 3, 31)
FILES = {"ledger_detail": "ledger", "reimbursements": "reimbursements.txt", "returns": "returns.txt",
         "settlements": "settlements", "removal_orders": "removal-orders.txt",
         "removal_shipments": "removal-shipments.txt", "fee_preview": "fee-preview.txt",
         "inbound_shipments": "inbound-shipments.csv"}


@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recovery") / "shop"
    simulate(folder, seed=6, skus=6, months=4, last_month=MONTH)
    return folder


def without(seller, tmp_path, *names):
    """A copy of the seller's folder that lacks these tables' files."""
    copy = tmp_path / "part"
    gone = [FILES.get(name, f"{name}.csv") for name in names]
    shutil.copytree(seller, copy, ignore=shutil.ignore_patterns(*gone))
    return copy


def run(folder):
    """What every cell of the notebook shows, as blocks of data."""
    names: dict = {}
    blocks = []
    for cell in json.loads(publish.notebook_path("claim-recovery").read_text("utf-8"))["cells"]:
        tree = ast.parse("".join(cell["source"]) if cell["cell_type"] == "code" else "")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if "parameters" in cell["metadata"].get("tags", ()):
            names |= {"seller": str(folder), "month": MONTH, "as_of": TODAY.isoformat(), "interactive": False}
        if last:
            blocks.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names).data())
    return blocks


def flat(blocks):
    for block in blocks:
        yield from flat(block["blocks"]) if block["kind"] == "page" else [block]


def tables(blocks):
    return {block["name"]: block["rows"] for block in flat(blocks) if block["kind"] == "table"}


def text(blocks):
    return "\n".join(display.plain(block) for block in blocks)


@pytest.fixture(scope="module")
def whole(seller):
    return run(seller)


def test_the_page_says_what_can_be_claimed_and_lists_it_with_papers_and_lines(seller, whole):
    known = books.open(seller, TODAY)
    table = claims.claims(known, TODAY, policy.load("amazon", "US"))
    account = recovery.account(table, known["cases"], known["reimbursements"], TODAY, "USD")
    now = account.standing("open")
    cards = {card["name"]: card for block in flat(whole) if block["kind"] == "figures" for card in block["cards"]}
    assert f"{len(now)} claims, {now['units_open'].sum()} units" in cards["claimable"]["note"]["en"]
    assert words.form(now["deadline"].min(), "date").en == cards["deadline"]["value"]["en"]
    listed = tables(whole)["claims-to-file"]
    fees = now["claim_type"] == "fee_overcharge"  # one row a SKU
    assert len(listed) == min((~fees).sum() + now.loc[fees, "msku"].nunique(), 200)
    assert all(re.search(r":\d+", row[-1][0]) for row in listed), "every claim cites a file and a line"
    days = [row[0][-1] for row in listed]
    assert days == sorted(days)


def test_key_figures_stand_beside_what_was_known_at_the_end_of_the_month_before(seller, whole):
    last = dt.date(2026, 2, 28)
    then = books.open(seller, last)
    table = claims.claims(then, last, policy.load("amazon", "US"))
    account = recovery.account(table, then["cases"], then["reimbursements"], last, "USD")
    cards = {card["name"]: card for block in flat(whole) if block["kind"] == "figures" for card in block["cards"]}
    for name, standing in (("claimable", "open"), ("missed", "expired")):
        amount = words.form(words.Money(account.standing(standing)["amount_open"].sum(), "USD"), "money").en
        assert amount in cards[name]["change"]["en"] and cards[name]["change"]["en"].endswith("in February 2026")


def test_the_fee_claims_of_one_sku_are_one_row_of_the_list_with_their_sum():
    names = ["claim_type", "msku", "currency", "subject", "claim_id", "sources", "units_open", "unit_value", "amount_open",
             "amount_expected"]
    rows = pd.DataFrame([("fee_overcharge", "A", "USD", "o1", "c1", "f:2", 1, 0.5, 0.5, 0.4),
                         ("lost_warehouse", "A", "USD", "", "c2", "f:3", 2, 8.0, 16.0, 12.0),
                         ("fee_overcharge", "A", "USD", "o3", "c3", "f:4", 3, 0.5, 1.5, 1.2),
                         ("fee_overcharge", "B", "USD", "o4", "c4", "f:5", 1, 0.7, 0.7, 0.6)], columns=names)
    found = recovery_figures._fees_together(rows).set_index("claim_id")
    assert found["amount_open"].to_dict() == {"c2": 16.0, "c1 +1": 2.0, "c4": 0.7}
    assert found.loc["c1 +1", ["subject", "sources", "units_open", "unit_value"]].tolist() == ["o1 +1", "f:2 +1", 4, 0.5]


def test_the_waterfall_on_the_page_closes_to_the_cent(whole):
    rows = {row[0][-1]: float(row[2][-1]) for row in tables(whole)["owed-to-paid"]}
    assert rows["owed"] > 0
    assert round(rows["owed"] * 100) == round(sum(rows[step] for step in recovery.STEPS) * 100)
    paid = {row[0][-1]: float(row[2][-1]) for row in tables(whole)["paid"]}
    assert round(paid["received"] * 100) == round(sum(paid[step] for step in recovery.CASH) * 100)


def test_every_sentence_of_the_page_is_there_in_chinese_too(whole):
    for block in flat(whole):
        if block["kind"] in ("note", "chart"):
            said = block["text" if block["kind"] == "note" else "description"]
            assert said["zh"] != said["en"] and re.search("[\u4e00-\u9fff]", said["zh"]), said


@pytest.mark.slow
@pytest.mark.parametrize("gone", FILES)
def test_what_a_missing_report_leaves_unknown_is_named_and_never_a_number(seller, tmp_path, gone):
    folder = without(seller, tmp_path, gone)
    known = books.open(folder, TODAY)
    rules = policy.load("amazon", "US")
    account = recovery.account(claims.claims(known, TODAY, rules), known["cases"], known["reimbursements"], TODAY, "USD")
    lacking = claims.unknown(known)
    rows = {row[0][-1]: row for row in tables([figures.claims_by_type(known, account, lacking, TODAY).data()])
            ["claims-by-type"]}
    assert set(rows) == set(DETECTORS)
    hit = [kind for kind, needs in DETECTORS.items() if gone in needs.tables]
    assert hit
    for kind in hit:
        assert {cell[0] for cell in rows[kind][1:-1]} == {"unknown"}
        assert words.say(f"table.{gone}").en in rows[kind][-1][0]
    assert all(rows[kind][1][0] != "unknown" for kind in set(DETECTORS) - set(hit))


def test_a_report_of_a_header_alone_is_as_unknown_as_a_missing_one(seller, tmp_path):
    folder = without(seller, tmp_path)
    orders = folder / "removal-orders.txt"
    orders.write_bytes(orders.read_bytes().splitlines(keepends=True)[0])
    known = books.open(folder, TODAY)
    account = recovery.account(claims.claims(known, TODAY, policy.load("amazon", "US")), known["cases"],
                               known["reimbursements"], TODAY, "USD")
    shown = tables([figures.claims_by_type(known, account, claims.unknown(known), TODAY).data()])["claims-by-type"]
    assert {row[0][-1] for row in shown if row[1][0] == "unknown"} == {
        kind for kind, needs in DETECTORS.items() if "removal_orders" in needs.tables}


def test_without_costs_and_cases_values_and_filings_are_unknown_not_zero(seller, tmp_path):
    shown = run(without(seller, tmp_path, "costs", "cases", "settlements"))
    steps = {row[0][-1]: [cell[0] for cell in row[1:]] for row in tables(shown)["owed-to-paid"]}
    for step in recovery.FILED:
        assert steps[step] == ["unknown"] * 3
    rows = {row[0][-1]: row for row in tables(shown)["claims-by-type"]}
    assert rows["lost_warehouse"][3][0] != "0" and rows["lost_warehouse"][5][0] == "unknown"
    said = text(shown)
    assert "There is no cases sheet" in said and "have no known value" in said
    assert "Expected amounts are unknown" in said
    assert "approvals" not in tables(shown)


def test_an_empty_folder_asserts_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    shown = run(tmp_path / "empty")
    cards = [card for block in flat(shown) if block["kind"] == "figures" for card in block["cards"]]
    assert cards and all(card["value"]["en"] == "unknown" for card in cards)
    assert not {"claims-to-file", "owed-to-paid", "paid", "cases", "filing-plan", "policies"} & set(tables(shown))
    assert next(block for block in flat(shown) if block["kind"] == "record")["incomplete"]
    assert all([*flat([block])] for block in shown)  # every section says why it has nothing to show
    assert not re.search(r"[$€]|\b0 claims", text(shown))


def test_the_text_to_paste_is_english_for_every_reader_and_its_gloss_for_the_chinese_one(seller):
    drawn = [display.html(block) for block in flat(run(seller)) if block["kind"] == "lines"]
    (pasted,) = [html for html in drawn if "Case text to paste" in html]
    (gloss,) = [html for html in drawn if "中文对照" in html]
    assert pasted.count("<pre") == 1 and "Please investigate" in pasted and "请调查" not in pasted
    assert gloss.startswith('<figure class="lines" lang="zh">') and "请调查" in gloss


def test_kinds_of_claims_stand_with_most_money_first_and_unknown_ones_last(seller, tmp_path):
    amounts = [row[1][-1] for row in tables(run(without(seller, tmp_path, "removal_orders")))["claims-by-type"]]
    known = [float(amount) for amount in amounts if amount]
    assert known == sorted(known, reverse=True) and "" in amounts and "" not in amounts[:len(known)]


def test_two_currencies_stand_side_by_side(seller):
    known = books.open(seller, TODAY)
    table = claims.claims(known, TODAY, policy.load("amazon", "US"))
    half = table["claim_id"].str.slice(0, 1) < "8"
    account = recovery.account(table.assign(currency=table["currency"].astype("str").where(half, "CAD")), known["cases"],
                               known["reimbursements"], TODAY, "USD")
    lacking = pd.DataFrame(columns=["claim_type", "missing"])
    shown = [figures.owed_to_paid(known, account, lacking, known["reimbursements"]).data(),
             figures.missed(known, account, lacking).data(), figures.claims_by_type(known, account, lacking, TODAY).data()]
    charts = [block["description"]["en"] for block in flat(shown) if block["kind"] == "chart"]
    assert any("in USD" in said for said in charts) and any("in CAD" in said for said in charts)
    owed = [row for row in tables(shown)["owed-to-paid"] if row[0][-1] == "owed"]
    assert len(owed) == 2 and {cell[0].rstrip("0123456789.,") for row in owed for cell in row[2:3]} == {"$", "CA$"}


def test_a_case_without_ground_is_named_with_its_kind_in_the_readers_words():
    risk = pd.DataFrame({"risk": ["no_claim", "many_a_day", "too_late", "filed_twice"],
                         "subject": ["7", "2026-05-02", "8", "9"], "detail": ["lost_warehouse", "31", "2026-04-30", "6"]})
    (table,) = figures.cases._risks(risk, has_sheet=True, has_losses=True)
    shown = table.data()["rows"]
    assert [row[2][:2] for row in shown] == [["Lost in warehouse", "仓库丢失"], ["31 cases", "31 个案件"],
                                             ["closed on Apr 30, 2026", "2026年4月30日截止"],
                                             ["already filed as 6", "已提交过：6"]]
    assert shown[1][1][0] == "May 2, 2026"


def test_what_was_filed_is_in_no_open_figure_but_said_beside_them_and_is_not_the_claim_that_is_told(seller):
    known = books.open(seller, TODAY)
    table = claims.claims(known, TODAY, policy.load("amazon", "US"))
    now = table[table["status"] == "open"].sort_values("amount_open", ascending=False)
    best = now.iloc[0]
    sheet = pd.DataFrame({"case_id": ["1"], "claim_id": [best["claim_id"]], "claim_type": [best["claim_type"]],
                          "filed_on": [pd.Timestamp(TODAY)], "decided_on": [pd.NaT], "outcome": ["pending"],
                          "amount": [float("nan")]}).reindex(columns=known["cases"].columns)
    account = recovery.account(table, sheet, known["reimbursements"], TODAY, "USD")
    expected = approval.expected(account.standing("open", "wait"), approval.rates(account.cases))
    lacking = pd.DataFrame(columns=["claim_type", "missing"])
    told = [figures.claims_in_short(known, account, lacking, expected, approval.rates(account.cases), TODAY).data()]
    assert f"in no figure above: 1 claim whose window is open, ${best['amount_open']:,.2f}" in text(told)
    open_amount = now["amount_open"].sum() - best["amount_open"]
    assert told[0]["blocks"][0]["cards"][0]["raw"] == pytest.approx(open_amount)
    story = figures.claim_told(known, table, expected, evidence.papers(account.in_play(), evidence.files(seller), known))
    assert now["claim_id"].iloc[1] in text([story.data()]) and best["claim_id"] not in text([story.data()])


def test_a_planned_case_is_named_by_what_it_is_about_and_never_by_its_product_twice():
    claim = {"claim_id": "", "claim_type": "lost_warehouse", "msku": "S1", "order_id": "", "shipment_id": "",
             "reimbursement_id": "", "units_open": 1, "amount_open": 2.0, "amount_expected": 1.0, "currency": "USD",
             "file_from": pd.Timestamp("2026-04-01"), "deadline": pd.Timestamp("2026-05-01")}
    rows = pd.DataFrame([claim | {"claim_id": "a"},
                         claim | {"claim_id": "b", "claim_type": "inbound_shortage", "shipment_id": "FBA1"},
                         claim | {"claim_id": "c", "claim_type": "inbound_shortage", "shipment_id": "FBA1", "msku": "S2"},
                         claim | {"claim_id": "d", "claim_type": "fee_overcharge", "order_id": "1-1"},
                         claim | {"claim_id": "e", "claim_type": "fee_overcharge", "order_id": "1-2"}])
    cases = figures.cases._named(filing.to_file(rows), rows).set_index("claim_id")
    assert cases["subject"].to_dict() == {"a": "", "b;c": "FBA1", "d;e": "1-1 +1"}
    assert cases["msku"].to_dict() == {"a": "S1", "b;c": "S1 +1", "d;e": "S1"}


def test_where_nothing_can_be_claimed_each_missing_report_is_named_once(tmp_path):
    (tmp_path / "seller.toml").write_text('region = "US"\n')
    said = text(run(tmp_path))
    told = next(line for line in said.splitlines() if line.startswith("What can be claimed is unknown"))
    assert told.count("“FBA reimbursements”") == 1 and "“Inventory ledger, detailed view”" in told
