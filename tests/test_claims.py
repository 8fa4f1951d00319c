"""The claims table: status and deadline, what is cited, what is told, what is exported."""

import csv
import datetime as dt
import gzip
import io
import json
import random
import re
import zipfile

import pandas as pd
import pytest
from handmade import back, cost, fee, ledger, paid, parcel, quiet, refund, removal, shipment, sold, write

from workbench import books, claims, cli, policy
from workbench.simulate import simulate

AMAZON = policy.load("amazon", "US")
day = dt.date.fromisoformat


def found(folder, as_of="2026-06-30", rules=AMAZON, through=None, **more):
    return claims.claims(books.open(folder, through), day(as_of), rules, **more)


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
    return found(seller)


def one(table, sku, claim_type):
    return table[(table["msku"] == sku) & (table["claim_type"] == claim_type)].iloc[0]


def test_words_are_categories_in_the_order_of_the_alphabet_whether_or_not_there_is_a_claim(table, tmp_path):
    def kinds(frame):
        return {name: "words" if kind == "category" else str(kind) for name, kind in frame.dtypes.items()}

    assert kinds(table) == kinds(found(write(tmp_path / "s", quiet())))
    assert kinds(table)["status"] == "words" and kinds(table)["order_id"] == kinds(table)["sources"] == "str"
    assert table["claim_type"].cat.categories.tolist() == sorted(set(table["claim_type"]))


# ---------------------------------------------------------------------------------------------------- status

@pytest.mark.parametrize(("as_of", "status", "left"), [
    ("2026-05-18", "wait", 61), ("2026-05-19", "open", 60), ("2026-07-18", "open", 0), ("2026-07-19", "expired", -1)])
def test_a_refund_waits_opens_and_expires_on_its_days(tmp_path, as_of, status, left):
    rows = [*sold("2", "2026-03-01", "A1"), *refund("2", "2026-03-20", "A1")]
    folder = write(tmp_path / "s", [*quiet(last=as_of), *rows])
    claim = found(folder, as_of, types=["refund_not_returned"]).iloc[0]
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
    claim = found(write(tmp_path / "s", [*quiet(), *rows]), types=["wrong_reversal"]).iloc[0]
    assert claim["status"] == "wait" and f"{claim.opens_on:%Y-%m-%d} {claim.deadline:%Y-%m-%d}" == "2026-07-04 2026-08-19"


def test_what_was_known_on_an_earlier_day_is_told_as_on_that_day(seller):
    then = found(seller, "2026-04-25", through="2026-04-25")
    assert one(then, "S-1", "lost_warehouse")["units_open"] == 3
    assert then["event_date"].max() <= pd.Timestamp("2026-04-25")


@pytest.mark.parametrize(("as_of", "claim"), [
    ("2026-02-28", []), ("2026-03-19", []), ("2026-03-20", [("FBA1", "open", 2)])])
def test_a_shipment_is_short_from_the_day_it_is_closed_though_the_export_is_newer(tmp_path, as_of, claim):
    folder = write(tmp_path / "s", [*quiet(), shipment("1", "FBA1", 10, 8, delivered="2026-03-01")])  # closed on 03-20
    table = found(folder, as_of, through=as_of, types=["inbound_shortage"])
    assert list(zip(table["shipment_id"], table["status"], table["units_open"], strict=True)) == claim


def test_what_a_removal_order_says_later_is_not_known_before(tmp_path):
    rows = [removal("1", "2026-03-01", "RM1", 8, shipped=8, updated="2026-03-20"), parcel("1", "2026-03-05", "RM1", 3),
            parcel("1", "2026-03-12", "RM1", 4)]
    folder = write(tmp_path / "s", [*quiet(), *rows])
    then = {as_of: found(folder, as_of, through=as_of, types=["removal_lost"]) for as_of in (
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
    found_ = found(seller, rules=policy.load("article_2026_01", "US"))
    values = {(claim.msku, claim.claim_type): claim.unit_value for claim in found_.itertuples()}
    assert values["S-2", "refund_not_returned"] == 25.0  # 40 + 1.50, capped at the price of 25
    assert one(found_, "S-1", "lost_warehouse")["status"] == "expired"


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
    claim = found(folder, "2025-04-30", policy.load(rules, "US"), types=["lost_warehouse"]).iloc[0]
    assert claim["unit_value"] == value


def test_fees_that_no_sale_tells_are_those_of_the_preview(tmp_path):
    rows = [*refund("1", "2026-03-20", "1-2026-03-01"), ordered("1", "2026-03-01", 1, 25), fee("1")]
    claim = found(write(tmp_path / "s", [*quiet(), *rows]), types=["refund_not_returned"]).iloc[0]
    assert (claim["unit_value"], claim["valuation_basis"]) == (16.25, "sale_price_less_fees")


def test_a_unit_sold_in_another_currency_is_owed_in_it(tmp_path):
    rows = [*sold("1", "2026-03-01", "A1", site="Amazon.ca", currency="CAD"), back("1", "2026-04-01", "A1"),
            *sold("2", "2026-03-01", "A2", site="Amazon.ca", currency="CAD"),
            back("2", "2026-04-01", "A2", disposition="CARRIER_DAMAGED")]
    table = found(write(tmp_path / "s", [*quiet(), *rows]))
    assert sorted(zip(table["claim_type"], table["unit_value"], table["currency"], strict=True)) == [
        ("returned_damaged", 16.25, "CAD"), ("returned_not_restocked", 16.25, "CAD")]


def test_money_of_two_currencies_is_never_compared(tmp_path):
    rows = [*sold("1", "2026-03-01", "A1", site="Amazon.ca", currency="CAD"),
            *refund("1", "2026-03-20", "A1", currency="CAD"),
            paid("1", "2026-05-01", "CustomerReturn", 1, 12.0, order="A1"),  # USD for an order in CAD
            *sold("2", "2026-06-01", "A2", fee=7.0, site="Amazon.ca", currency="CAD"), fee("2", store="CA", currency="CAD"),
            paid("2", "2026-06-10", "Fee_Correction", 0, 0, order="A2", **{"amount-total": "2.00"})]
    table = found(write(tmp_path / "s", [*quiet(), *rows]))
    assert one(table, "S-1", "underpaid")["status"] == "ambiguous"
    assert one(table, "S-2", "fee_overcharge")[["units_open", "amount_open", "currency"]].tolist() == [1, 2.0, "CAD"]


def test_two_policies_are_compared_in_units_and_money(seller):
    found_ = claims.detected(books.open(seller), day("2026-06-10"))
    both = claims.compared(found_, AMAZON, policy.load("article_2026_01", "US"))
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
    again = found(seller)
    assert again["claim_id"].tolist() == table["claim_id"].tolist() and table["claim_id"].is_unique


def test_a_shipment_keeps_its_number_when_more_of_it_turns_out_short(tmp_path):
    numbers = []
    for at, received in enumerate((8, 7)):
        folder = write(tmp_path / str(at), [*quiet(), shipment("1", "FBA1", 10, received)])
        numbers += found(folder, types=["inbound_shortage"])["claim_id"].tolist()
    assert len(numbers) == 2 and len(set(numbers)) == 1


def test_a_shipment_without_any_day_says_so_and_not_that_a_rule_is_lacking(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), cost("1"), shipment("1", "FBA1", 10, 7, delivered="", CreatedDate="",
                                                                  ClosedDate="")])
    claim = found(folder, types=["inbound_shortage"]).iloc[0]
    assert (claim.status, claim.ambiguous) == ("ambiguous", "no day of delivery is in the files")
    assert claim.valuation_basis == "unknown: no day of the event is in the files"


def test_a_market_whose_windows_are_not_known_says_which_is_not(tmp_path):
    rows = [*quiet(), ledger("1", "2026-06-01", "M", -1), shipment("2", "FBA2", 10, 7)]
    folder = write(tmp_path / "s", rows, region="IN")
    rows = found(folder, rules=policy.load("amazon", "IN"))
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
    papers = found(write(tmp_path / "s", [*quiet(), *rows]), rules=policy.load("article_2026_01", "US"))
    papers = papers.set_index("msku")["evidence"]
    assert "purchase_contract" in papers["S-1"] and "purchase_contract" not in papers["S-2"]


def test_an_asin_lost_three_months_running_is_marked_by_the_article(tmp_path):
    rows = [ledger("1", f"2026-0{month}-10", "M", -1) for month in (4, 5, 6)]
    rows += [ledger("2", f"2026-0{month}-10", "M", -1) for month in (2, 4, 6)]
    notes = found(write(tmp_path / "s", [*quiet(), *rows]), rules=policy.load("article_2026_01", "US"))
    notes = notes[notes["note"] != ""]
    assert set(notes["msku"]) == {"S-1"} and notes["note"].str.contains("3 months running").all()


def test_a_young_event_says_that_amazon_may_still_pay(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), ledger("1", "2026-06-28", "M", -1), ledger("2", "2026-06-01", "M", -1)])
    notes = found(folder).set_index("msku")["note"]
    assert "give it 7 days" in notes["S-1"] and notes["S-2"] == ""


# ---------------------------------------------------------------------------------------------------- what is cited

def raw_lines(folder, name):
    """A file's lines, read without the reader: gzip and zip members opened, decoded leniently."""
    path, _, member = name.partition("!")
    data = (folder / path).read_bytes()
    if member:
        data = zipfile.ZipFile(io.BytesIO(data)).read(member)
    elif path.endswith(".gz"):
        data = gzip.decompress(data)
    for codec in ("utf-8-sig", "cp932", "cp1252"):
        try:
            return data.decode(codec).replace("\r\n", "\n").split("\n")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1").split("\n")


def cited(folder, place, cache):
    """The cells of one cited line by their headers."""
    name, _, line = place.rpartition(":")
    if name not in cache:
        cache[name] = raw_lines(folder, name)
    lines = cache[name]
    if name.endswith(".jsonl"):
        return dict(enumerate(re.findall(r'"([^"]+)"', lines[int(line) - 1])))
    mark = "," if name.split("!")[-1].removesuffix(".gz").endswith(".csv") else "\t"
    header, cells = (next(csv.reader([text], delimiter=mark, quoting=csv.QUOTE_MINIMAL if mark == "," or '"' in lines[0]
                                     else csv.QUOTE_NONE)) for text in (lines[0], lines[int(line) - 1]))
    return {re.sub(r"[^a-z]", "", name.casefold()): cell for name, cell in zip(header, cells, strict=True)}


@pytest.fixture(scope="module", params=["US", "JP"])
def simulated(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / request.param
    simulate(folder, seed=4, region=request.param, skus=10, months=6, messy=request.param == "US")
    known = books.open(folder)
    return folder, claims.claims(known, known.through, policy.load("amazon", known.seller.market))


def test_every_cited_line_names_the_claim_and_the_lines_add_up_to_its_units(simulated):
    folder, table = simulated
    cache, checked = {}, 0
    for claim in table.itertuples():
        names = {claim.fnsku, claim.msku, claim.order_id, claim.shipment_id, claim.reimbursement_id} - {""}
        owed, settled, adjusted = 0, 0, False
        for place, role in zip(claim.sources.split(";"), claim.roles.split(";"), strict=True):
            cells = cited(folder, place, cache)
            assert names & set(cells.values()), (place, names)
            what, units = role.split(":")
            if what == "event" and claim.claim_type in ("lost_warehouse", "damaged_warehouse", "disposed_unrequested"):
                owed -= int(cells["quantity"])
                assert cells["reason"] in "M5E67HKUDG"
            if what in ("found", "paid", "returned", "regraded", "asked", "back", "sibling"):
                settled += int(units)
                adjusted = True
                limit = max(abs(int(cells.get(name) or 0)) for name in (
                    "quantity", "quantityreimbursedtotal", "quantityreimbursedcash", "requestedquantity",
                    "quantityreceived"))
                assert 0 < int(units) <= limit, place
        if owed:
            assert owed == claim.units_owed, claim
        if adjusted and not claim.note.startswith("Amazon's own"):
            assert settled == claim.units_settled, claim
        checked += 1
    assert checked > 50 and {"lost_warehouse", "refund_not_returned", "inbound_shortage"} <= set(table["claim_type"])


def test_a_refunds_lines_sum_to_its_price_and_value_to_the_cent(simulated):
    folder, table = simulated
    cache, checked = {}, 0
    for claim in table[table["claim_type"] == "refund_not_returned"].itertuples():
        parts = {"price": 0.0, "fees": 0.0, "units": 0}
        for place in claim.value_sources.split(";"):
            cells = cited(folder, place, cache)
            amount = float(cells["amount"])
            parts["price" if cells["amountdescription"] == "Principal" else "fees"] += amount
            parts["units"] += int(cells["quantitypurchased"] or 0) if cells["amountdescription"] == "Principal" else 0
        paid_back = -sum(float(cited(folder, place, cache)["amount"]) for place, role in zip(
            claim.sources.split(";"), claim.roles.split(";"), strict=True) if role.startswith("refund"))
        assert round((parts["price"] + parts["fees"]) / parts["units"], 2) == pytest.approx(claim.unit_value)
        assert round(paid_back / (parts["price"] / parts["units"])) == claim.units_owed
        checked += 1
    assert checked > 10


def test_an_answer_that_tells_of_the_shortage_and_of_its_sibling_in_one_line_is_cited_for_the_units_short(tmp_path):
    folder = write(tmp_path / "s", quiet())
    heads = [{"ShipmentId": f"FBA{at}", "ShipmentName": f"FBA (03/01/2026, 08:15) - {at}", "ShipmentStatus": "CLOSED"}
             for at in (1, 2)]
    items = [{"ShipmentId": f"FBA{at}", "SellerSKU": "S-1", "FulfillmentNetworkSKU": "X001", "QuantityShipped": 10,
              "QuantityReceived": received} for at, received in ((1, 7), (2, 12))]
    answers = [{"payload": {"ShipmentData": heads}}, {"payload": {"ItemData": items}}]
    (folder / "inbound.jsonl").write_text("\n".join(map(json.dumps, answers)), "utf-8")
    claim = one(found(folder, types=["inbound_shortage"]), "S-1", "inbound_shortage")
    assert (claim["units_owed"], claim["units_settled"]) == (3, 2)
    assert (claim["sources"], claim["roles"]) == ("inbound.jsonl:2", "event:3")


def test_lines_are_cited_inside_archives(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), ledger("1", "2026-06-01", "M", -2)])
    plain = (folder / "ledger.txt").read_bytes()
    (folder / "ledger.txt").unlink()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("in/ledger.txt", plain)
    place = one(found(folder), "S-1", "lost_warehouse")["sources"]
    assert place.startswith("all.zip!in/ledger.txt:") and cited(folder, place, {})["quantity"] == "-2"
    assert "X001" in books.open(folder).line(place)


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


# ---------------------------------------------------------------------------------------------------- random histories

def history(rng):
    """A few events of one product: (day, what, units)."""
    return [(rng.randrange(40), rng.choice(["M", "5", "F", "paid", "stock"]), rng.randint(1, 4))
            for _ in range(rng.randint(1, 14))]


def oracle(events):
    """Open units by a plain queue: oldest loss first, finds and payments as they come, then payments a week early."""
    left = {(on, at): units for at, (on, what, units) in enumerate(events) if what in ("M", "5")}
    supplies = sorted((on, what in ("paid", "stock"), at, units) for at, (on, what, units) in enumerate(events)
                      if what not in ("M", "5"))
    held = [units for *_, units in supplies]
    for grace in (0, 7):
        for place, (on, is_payment, _, _) in enumerate(supplies):
            for key in sorted(key for key in left if key[0] <= on + grace and (is_payment or not grace)):
                taken = min(left[key], held[place])
                left[key] -= taken
                held[place] -= taken
    return sum(left.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories_equal_a_plain_queue_and_nothing_is_lost(tmp_path, seed):
    rng, rows, start = random.Random(seed), [], dt.date(2026, 4, 1)
    histories = {f"{at:03}": history(rng) for at in range(250)}
    for x, events in histories.items():
        for at, (on, what, units) in enumerate(events):
            date = (start + dt.timedelta(days=on)).isoformat()
            if what in ("M", "5", "F"):
                rows.append(ledger(x, date, what, units if what == "F" else -units))
            else:
                cash = units if what == "paid" else 0
                rows.append(paid(x, date, "Lost_Warehouse", cash, 8.0, stock=units - cash, id=f"R{x}-{at}"))
    known = books.open(write(tmp_path / "s", [*quiet("2026-03-01"), *rows]))
    table = claims.claims(known, day("2026-06-30"), AMAZON, types=["lost_warehouse"])
    still = table.groupby("msku")["units_open"].sum()
    assert {x: int(still.get(f"S-{x}", 0)) for x in histories} == {x: oracle(events) for x, events in histories.items()}
    every = [event for events in histories.values() for event in events]
    assert table["units_owed"].sum() == sum(units for _, what, units in every if what in ("M", "5"))
    assert table["units_settled"].between(0, table["units_owed"]).all()
    told = claims.witnesses(table)
    assert told.loc[told["role"].isin(["found", "paid"]), "units"].sum() == table["units_settled"].sum()
    payments = claims.payments(table, known, day("2026-06-30"))
    assert payments["units"].sum() == sum(units for _, what, units in every if what in ("paid", "stock"))
    assert (payments["units_extra"] >= 0).all() and payments["units_extra"].sum() > 0
