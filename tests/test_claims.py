"""The claims table: status and deadline, units and money, what is told, what is exported."""

import csv
import datetime as dt
import io
import re
import zipfile

import pandas as pd
import pytest
from handmade import back, claims_of, cost, fee, ledger, moved, paid, parcel, quiet, refund, removal, shipment, sold, write

from workbench import books, claims, cli, policy

AMAZON = policy.load("amazon", "US")
day = dt.date.fromisoformat


@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    """One loss, one refund, one payment too low, one short shipment; and names a spreadsheet would run."""
    rows = [ledger("1", "2026-04-20", "M", -3), ledger("1", "2026-04-28", "F", 1),
            paid("1", "2026-05-02", "Lost_Warehouse", 1, 8.0), cost("1"),
            *sold("2", "2026-03-01", "A1"), *refund("2", "2026-03-20", "A1"), cost("2", 40.0),
            ledger("3", "2026-04-01", "M", -2), paid("3", "2026-04-10", "Lost_Warehouse", 2, 3.0, id="00123"), cost("3"),
            shipment("4", "FBA4", 10, 7), cost("4", 2.5),
            ledger("5", "2026-06-01", "M", -1, MSKU="=cmd|' /C calc'!A0"), ledger("6", "2026-06-01", "M", -1, MSKU="1E5")]
    return write(tmp_path_factory.mktemp("claims") / "seller", [*quiet(), *rows])


@pytest.fixture(scope="module")
def table(seller):
    return claims_of(seller)


def one(table, sku, claim_type):
    return table[(table["msku"] == sku) & (table["claim_type"] == claim_type)].iloc[0]


def test_words_are_categories_in_the_order_of_the_alphabet_whether_or_not_there_is_a_claim(table, tmp_path):
    def kinds(frame):
        return {name: "words" if kind == "category" else str(kind) for name, kind in frame.dtypes.items()}

    assert kinds(table) == kinds(claims_of(write(tmp_path / "s", quiet())))
    assert kinds(table)["status"] == "words" and kinds(table)["order_id"] == kinds(table)["sources"] == "str"
    assert table["claim_type"].cat.categories.tolist() == sorted(set(table["claim_type"]))


# ---------------------------------------------------------------------------------------------------- status

@pytest.mark.parametrize(("as_of", "status", "left"), [
    ("2026-05-18", "wait", 61), ("2026-05-19", "open", 60), ("2026-07-18", "open", 0), ("2026-07-19", "expired", -1)])
def test_a_refund_waits_opens_and_expires_on_its_days(tmp_path, as_of, status, left):
    rows = [*sold("2", "2026-03-01", "A1"), *refund("2", "2026-03-20", "A1")]
    folder = write(tmp_path / "s", [*quiet(last=as_of), *rows])
    claim = claims_of(folder, as_of, types=["refund_not_returned"]).iloc[0]
    assert (claim["status"], claim["days_left"]) == (status, left)
    assert (f"{claim.opens_on:%Y-%m-%d}", f"{claim.deadline:%Y-%m-%d}") == ("2026-05-19", "2026-07-18")


def test_a_loss_is_open_through_its_sixtieth_day(seller):
    known = books.open(seller)
    states = {as_of: one(claims.claims(known, day(as_of), AMAZON), "S-1", "lost_warehouse")["status"]
              for as_of in ("2026-06-19", "2026-06-20")}
    assert states == {"2026-06-19": "open", "2026-06-20": "expired"}


def test_a_reversal_waits_until_stock_could_have_come_back(tmp_path):
    rows = [ledger("1", "2026-05-01", "M", -1), paid("1", "2026-05-10", "Lost_Warehouse", 1, 8, id="P1"),
            paid("1", "2026-06-20", "Reimbursement_Reversal", -1, 8, original="P1")]
    claim = claims_of(write(tmp_path / "s", [*quiet(), *rows]), types=["wrong_reversal"]).iloc[0]
    assert claim["status"] == "wait" and f"{claim.opens_on:%Y-%m-%d} {claim.deadline:%Y-%m-%d}" == "2026-07-04 2026-08-19"


def test_what_was_known_on_an_earlier_day_is_told_as_on_that_day(seller):
    then = claims_of(seller, "2026-04-25", through="2026-04-25")
    assert one(then, "S-1", "lost_warehouse")["units_open"] == 3
    assert then["event_date"].max() <= pd.Timestamp("2026-04-25")


@pytest.mark.parametrize(("as_of", "claim"), [
    ("2026-02-28", []), ("2026-03-19", []), ("2026-03-20", [("FBA1", "open", 2)])])
def test_a_shipment_is_short_from_the_day_it_is_closed_though_the_export_is_newer(tmp_path, as_of, claim):
    folder = write(tmp_path / "s", [*quiet(), shipment("1", "FBA1", 10, 8, delivered="2026-03-01")])  # closed on 03-20
    table = claims_of(folder, as_of, through=as_of, types=["inbound_shortage"])
    assert list(zip(table["shipment_id"], table["status"], table["units_open"], strict=True)) == claim


def test_what_a_removal_order_says_later_is_not_known_before(tmp_path):
    rows = [removal("1", "2026-03-01", "RM1", 8, shipped=8, updated="2026-03-20"), parcel("1", "2026-03-05", "RM1", 3),
            parcel("1", "2026-03-12", "RM1", 4)]
    folder = write(tmp_path / "s", [*quiet(), *rows])
    then = {as_of: claims_of(folder, as_of, through=as_of, types=["removal_lost"]) for as_of in (
        "2026-03-04", "2026-03-10", "2026-03-20")}
    assert {as_of: list(table["status"]) for as_of, table in then.items()} == {
        "2026-03-04": [], "2026-03-10": ["ambiguous"], "2026-03-20": ["open"]}
    assert list(then["2026-03-20"]["units_open"]) == [1]


# ---------------------------------------------------------------------------------------------------- arithmetic

def test_units_and_money_add_up(table):
    assert (table["units_owed"] == table["units_settled"] + table["units_open"]).all()
    assert ((table["units_settled"] >= 0) & (table["units_open"] >= 0)).all()
    known = table["unit_value"].notna()
    assert ((table["units_open"] * table["unit_value"] - table["amount_open"]).abs()[known] < 0.005).all()
    assert not table.loc[~known & (table["units_open"] > 0), "amount_open"].notna().any()


def test_each_claim_has_its_value_and_basis(table):
    values = {(claim.msku, claim.claim_type): (claim.unit_value, claim.valuation_basis) for claim in table.itertuples()}
    assert values["S-1", "lost_warehouse"] == (8.0, "sourcing_cost")
    assert values["S-2", "refund_not_returned"] == (16.25, "sale_price_less_fees")
    assert values["S-3", "underpaid"] == (5.0, "sourcing_cost")
    assert values["S-4", "inbound_shortage"] == (2.5, "sourcing_cost")
    assert pd.isna(values["1E5", "lost_warehouse"][0])


def test_the_article_pays_cost_and_freight_at_most_the_price(seller):
    article = claims_of(seller, rules="article_2026_01")
    values = {(claim.msku, claim.claim_type): claim.unit_value for claim in article.itertuples()}
    assert values["S-2", "refund_not_returned"] == 25.0  # 40 + 1.50, capped at the price of 25
    assert one(article, "S-1", "lost_warehouse")["status"] == "expired"


def test_what_never_sold_is_worth_its_categorys_average_by_the_article_and_says_so(tmp_path):
    rows = [ledger("1", "2026-06-25", "M", -1), cost("1", 8.0, category="Kitchen"), cost("2", 9.0, category="Kitchen"),
            cost("3", 9.0, category="Toys"), *sold("2", "2026-06-10", "A1", price=30.0), *sold("3", "2026-06-10", "A2")]
    claim = claims_of(write(tmp_path / "s", [*quiet(), *rows]), rules="article_2026_01", types=["lost_warehouse"]).iloc[0]
    assert (claim["unit_value"], claim["valuation_basis"]) == (30.0, "category_average")


def ordered(x, day, units, price, *, site="Amazon.com"):
    return "orders", {"amazon-order-id": f"{x}-{day}", "purchase-date": f"{day}T12:00:00+00:00", "order-status": "Shipped",
                      "fulfillment-channel": "Amazon", "sales-channel": site, "sku": f"S-{x}", "quantity": units,
                      "currency": "USD", "item-price": price}


@pytest.mark.parametrize(("rules", "told", "value"), [
    ("amazon", [ordered("1", "2025-03-01", 2, 50)], 16.25),  # 50 for two, less 3.75 and 5
    ("amazon", [], 16.25),  # nothing sold: the price of the fee preview
    ("article_2026_01", [ordered("1", "2025-03-01", 1, 20), ordered("1", "2025-03-02", 1, 1, site="Non-Amazon")], 20.0),
    ("article_2026_01", [], 25.0)])
def test_without_a_settlement_the_orders_else_the_fee_preview_tell_the_price(tmp_path, rules, told, value):
    rows = [ledger("1", "2025-03-20", "M", -1), cost("1", 40.0), fee("1"), *told]
    folder = write(tmp_path / "s", [*quiet("2025-01-01", "2025-04-30"), *rows], without=["settlement"])
    claim = claims_of(folder, "2025-04-30", rules, types=["lost_warehouse"]).iloc[0]
    assert claim["unit_value"] == value


def test_fees_that_no_sale_tells_are_those_of_the_preview(tmp_path):
    rows = [*refund("1", "2026-03-20", "1-2026-03-01"), ordered("1", "2026-03-01", 1, 25), fee("1")]
    claim = claims_of(write(tmp_path / "s", [*quiet(), *rows]), types=["refund_not_returned"]).iloc[0]
    assert (claim["unit_value"], claim["valuation_basis"]) == (16.25, "sale_price_less_fees")


def test_a_unit_sold_in_another_currency_is_owed_in_it(tmp_path):
    rows = [*sold("1", "2026-03-01", "A1", site="Amazon.ca", currency="CAD"), back("1", "2026-04-01", "A1"),
            *sold("2", "2026-03-01", "A2", site="Amazon.ca", currency="CAD"),
            back("2", "2026-04-01", "A2", disposition="CARRIER_DAMAGED")]
    table = claims_of(write(tmp_path / "s", [*quiet(), *rows]))
    assert sorted(zip(table["claim_type"], table["unit_value"], table["currency"], strict=True)) == [
        ("returned_damaged", 16.25, "CAD"), ("returned_not_restocked", 16.25, "CAD")]


def test_money_of_two_currencies_is_never_compared(tmp_path):
    rows = [*sold("1", "2026-03-01", "A1", site="Amazon.ca", currency="CAD"),
            *refund("1", "2026-03-20", "A1", currency="CAD"),
            paid("1", "2026-05-01", "CustomerReturn", 1, 12.0, order="A1"),  # USD for an order in CAD
            *sold("2", "2026-06-01", "A2", fee=7.0, site="Amazon.ca", currency="CAD"), fee("2", store="CA", currency="CAD"),
            paid("2", "2026-06-10", "Fee_Correction", 0, 0, order="A2", **{"amount-total": "2.00"})]
    table = claims_of(write(tmp_path / "s", [*quiet(), *rows]))
    assert one(table, "S-1", "underpaid")["status"] == "ambiguous"
    assert one(table, "S-2", "fee_overcharge")[["units_open", "amount_open", "currency"]].tolist() == [1, 2.0, "CAD"]


def test_two_policies_are_compared_in_units_and_money(seller):
    found = claims.detected(books.open(seller), day("2026-06-10"))
    both = claims.compared(found, AMAZON, policy.load("article_2026_01", "US"))
    lost = both[both["claim_type"] == "lost_warehouse"].iloc[0]
    assert lost["units_amazon"] == 3 and lost["units_expired_amazon"] == 0
    assert lost["units_article_2026_01"] == 0 and lost["units_expired_article_2026_01"] == 3


def test_what_is_detected_once_is_valued_under_each_policy_as_if_alone(seller):
    known = books.open(seller)
    once = claims.detected(known, day("2026-06-30"))
    for rules in (policy.load("article_2026_01", "US"), AMAZON):
        pd.testing.assert_frame_equal(claims.under(once, rules), claims.claims(known, day("2026-06-30"), rules))


def test_what_was_paid_is_matched_or_shown_as_extra(seller, table):
    known = books.open(seller)
    payments = claims.payments(table, known, day("2026-06-30"))
    assert len(payments) == len(known["reimbursements"])
    assert (payments["units"] == payments["units_matched"] + payments["units_extra"]).all()
    assert payments["amount"].sum() == pytest.approx(known["reimbursements"]["amount"].sum())
    assert payments.set_index("reimbursement_id").loc["00123", "units_matched"] == 2


def test_a_claim_keeps_its_number_from_run_to_run_and_no_two_share_one(seller, table):
    again = claims_of(seller)
    assert again["claim_id"].tolist() == table["claim_id"].tolist() and table["claim_id"].is_unique


def test_a_shipment_keeps_its_number_when_more_of_it_turns_out_short(tmp_path):
    numbers = []
    for at, received in enumerate((8, 7)):
        folder = write(tmp_path / str(at), [*quiet(), shipment("1", "FBA1", 10, received)])
        numbers += claims_of(folder, types=["inbound_shortage"])["claim_id"].tolist()
    assert len(numbers) == 2 and len(set(numbers)) == 1


def test_a_shipment_without_any_day_says_so_and_not_that_a_rule_is_lacking(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), cost("1"), shipment("1", "FBA1", 10, 7, delivered="", CreatedDate="",
                                                                  ClosedDate="")])
    claim = claims_of(folder, types=["inbound_shortage"]).iloc[0]
    assert (claim.status, claim.ambiguous) == ("ambiguous", "no day of delivery is in the files")
    assert claim.valuation_basis == "unknown: no day of the event is in the files"


def test_without_a_day_of_delivery_the_days_of_all_its_skus_count_from_the_shipments_first_receipt(tmp_path):
    rows = [shipment(x, "FBA1", 10, received, delivered="") for x, received in (("1", 7), ("2", 8), ("3", 0))]
    receipts = [moved("1", "2026-03-09", "Receipts", 7, ref="FBA1"), moved("2", "2026-03-05", "Receipts", 8, ref="FBA1")]
    table = claims_of(write(tmp_path / "s", [*quiet(), *rows, *receipts]), types=["inbound_shortage"])
    assert dict(zip(table["msku"], table["units_open"], strict=True)) == {"S-1": 3, "S-2": 2, "S-3": 10}
    assert set(table["event_date"]) == {pd.Timestamp("2026-03-05")} and set(table["status"]) == {"open"}
    assert table["note"].str.startswith("no day of delivery is in the files: days count").all()


def test_a_market_whose_windows_are_not_known_says_which_is_not(tmp_path):
    rows = [*quiet(), ledger("1", "2026-06-01", "M", -1), shipment("2", "FBA2", 10, 7)]
    folder = write(tmp_path / "s", rows, region="IN")
    rows = claims_of(folder)
    said = rows[rows["units_open"] > 0].set_index("claim_type")["ambiguous"].to_dict()
    assert said["lost_warehouse"] == "until when a claim is accepted is not known for IN"
    assert said["inbound_shortage"] == "no claim window is known for IN and that day"


def test_the_command_says_which_amounts_are_unknown_and_why(tmp_path, capsys):
    folder = write(tmp_path / "s", [*quiet(), cost("2"), ledger("1", "2026-06-01", "M", -3)])
    cli.main(["claims", str(folder), "--as-of", "2026-06-30", "--out", str(tmp_path / "c.csv")])
    assert "the amount of 1 lost_warehouse claims (3 units, 1 SKUs) is unknown: no unit cost" in capsys.readouterr().err


def test_a_delicate_category_needs_more_papers_by_the_article(tmp_path):
    rows = [ledger("1", "2026-06-25", "M", -1), cost("1", category="Electronics"), ledger("2", "2026-06-25", "M", -1),
            cost("2", category="Kitchen")]
    papers = claims_of(write(tmp_path / "s", [*quiet(), *rows]), rules="article_2026_01")
    papers = papers.set_index("msku")["evidence"]
    assert "purchase_contract" in papers["S-1"] and "purchase_contract" not in papers["S-2"]


def test_an_asin_lost_three_months_running_is_marked_by_the_article(tmp_path):
    rows = [ledger("1", f"2026-0{month}-10", "M", -1) for month in (4, 5, 6)]
    rows += [ledger("2", f"2026-0{month}-10", "M", -1) for month in (2, 4, 6)]
    notes = claims_of(write(tmp_path / "s", [*quiet(), *rows]), rules="article_2026_01")
    notes = notes[notes["note"] != ""]
    assert set(notes["msku"]) == {"S-1"} and notes["note"].str.contains("3 months running").all()


def test_a_young_event_says_that_amazon_may_still_pay_and_is_better_filed_later(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), ledger("1", "2026-06-28", "M", -1), ledger("2", "2026-06-01", "M", -1)])
    table = claims_of(folder).set_index("msku")
    assert "give it 7 days" in table["note"]["S-1"] and table["note"]["S-2"] == ""
    assert table["file_from"].dt.strftime("%m-%d").to_dict() == {"S-1": "07-05", "S-2": "06-08"}
    assert set(table["status"]) == {"open"} and (table["opens_on"] == table["event_date"]).all()


# ---------------------------------------------------------------------------------------------------- the command

def run(*args):
    return cli.main([str(arg) for arg in ("claims", *args)])


def test_the_command_of_the_contract_writes_csv_with_nothing_to_execute(seller, tmp_path):
    out = tmp_path / "claims.csv"
    assert run(seller, "--as-of", "2026-06-30", "--policy", "amazon", "--out", out, "--quiet") in (0, 3)
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    contract = ["claim_id", "claim_type", "fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id",
                "fulfillment_center", "event_date", "units_owed", "units_settled", "units_open", "unit_value",
                "amount_open", "currency", "valuation_basis", "policy", "opens_on", "deadline", "days_left", "status",
                "evidence", "sources"]
    assert list(rows[0])[:len(contract)] == contract
    assert not [cell for row in rows for name, cell in row.items() if cell[:1] in "=+@\t" and cell]
    assert {"'=cmd|' /C calc'!A0", "1E5"} <= {row["msku"] for row in rows}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["deadline"]) for row in rows if row["deadline"])


def test_the_workbook_has_text_ids_filters_a_frozen_header_and_the_rules(seller, tmp_path):
    out = tmp_path / "claims.xlsx"
    run(seller, "--as-of", "2026-06-30", "--out", out, "--quiet")
    with zipfile.ZipFile(out) as book:
        pages = {name: book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")}
        names, texts = book.read("xl/workbook.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    assert all('state="frozen"' in page and "<autoFilter" in page and "<f>" not in page for page in pages.values())
    assert all(f'name="{name}"' in names for name in ("claims", "totals", "unknown", "payments", "rules"))
    assert all(f">{text}<" in texts for text in ("00123", "1E5"))


def test_an_incomplete_folder_ends_with_3_and_names_what_is_unknown(tmp_path, capsys):
    folder = write(tmp_path / "s", [*quiet(), ledger("1", "2026-06-01", "M", -1)])
    assert run(folder, "--as-of", "2026-06-30", "--out", tmp_path / "c.csv", "--quiet") == 3
    assert "inbound_shortage is unknown: no row of inbound_shipments" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--type", "lost"]])
def test_wrong_usage_ends_with_2(seller, words, capsys):
    assert run(seller, "--as-of", "2026-06-30", *words, *(["--out", "x.csv"] if words else [])) == 2
    assert "workbench: " in capsys.readouterr().err


def test_the_command_compares_explains_and_audits(seller, table, tmp_path, capsys):
    claim = one(table, "S-1", "lost_warehouse")["claim_id"]
    run(seller, "--as-of", "2026-06-30", "--explain", claim, "--compare", "article_2026_01", "--audit",
        tmp_path / "audit.csv", "--quiet")
    told = capsys.readouterr().out
    assert "Arithmetic" in told and "amount_article_2026_01" in told
    assert (tmp_path / "audit.csv").read_text("utf-8").startswith("fnsku,units_start,")
