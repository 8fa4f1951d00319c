"""Any file to one tidy table and its problems: identifiers byte for byte, rows that are none set aside and counted."""

import datetime as dt

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import reports, specs

IDS = ["00123", "1E5", "NA", "TRUE", "null", "12345678901234567890", "ABC-1", "a b  c", "123.0", "-5", "2026-05-13"]


@pytest.fixture
def read(tmp_path):
    def one(content, name="costs.csv", **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return reports.read(tmp_path / name, **options)
    return one


def sheet(place, rows, **options):
    """An .xlsx whose cells are typed as in `rows`; a text that begins with = is a formula of that value."""
    with xlsxwriter.Workbook(str(place), {"default_date_format": "yyyy-mm-dd", **options}) as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, tuple):
                    page.write_formula(at, column, cell[0], None, cell[1])
                elif isinstance(cell, str):
                    page.write_string(at, column, cell)
                elif cell is not None:
                    page.write(at, column, cell)
    return place


def aside(report):
    return [(p.line, p.column) for p in report.found if p.kind == "row"]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_identifiers_are_kept_byte_for_byte(read, separator):
    found = read("\n".join(separator.join(row) for row in [("sku", "unit_cost"), *((name, "1") for name in IDS)]) + "\n")
    assert found.table["msku"].tolist() == IDS and not aside(found)


def test_identifiers_of_a_workbook_are_kept_as_text(tmp_path):
    found = reports.read(sheet(tmp_path / "costs.xlsx", [["sku", "unit_cost"], *([name, 1] for name in IDS)]))
    assert found.table["msku"].tolist() == IDS


def test_full_width_letters_and_outer_blanks_stay_and_outer_blanks_are_named(read):
    found = read("sku,unit_cost\nＡＢＣ１２３,1\nX ,2\nB,3\n")
    assert found.table["msku"].tolist() == ["ＡＢＣ１２３", "X ", "B"]
    assert [(p.line, p.column) for p in found.found if p.kind == "doubt"] == [(3, "msku")]


def test_a_guarded_identifier_loses_its_guard(read):
    found = read('sku,unit_cost\n"=""00123""",1\n')
    assert found.table["msku"].tolist() == ["00123"]


def test_a_workbook_with_formulas_blank_rows_extra_columns_and_totals(tmp_path):
    found = reports.read(sheet(tmp_path / "costs.xlsx", [
        ["My costs of 2026"], [], ["sku", "unit_cost", "currency", "from_date", "supplier"],
        ["00123", 9.5, "USD", dt.date(2026, 1, 1), "Ningbo"], [], ["1E5", ("=4+4", 8), "USD", None, "Yiwu"],
        ["x", "dear", "USD"], ["Total", ("=SUM(B4:B6)", 17.5)], ["合计:", 17.5], ["prices without tax"]]))
    assert found.table[["msku", "unit_cost", "line"]].values.tolist() == [["00123", 9.5, 4], ["1E5", 8.0, 6]]
    assert found.table["supplier"].tolist() == ["Ningbo", "Yiwu"]
    assert aside(found) == [(7, "unit_cost"), (8, ""), (9, ""), (10, "")] and found.rows == 6


def test_problems_tell_file_line_column_value_and_why(read):
    found = read("sku,unit_cost,from_date\nA,9.50,2026-13-01\nB,,2026-01-01\n").problems
    assert found.iloc[:2][["file", "line", "column", "value"]].values.tolist() == [
        ["costs.csv", 2, "from_date", "2026-13-01"], ["costs.csv", 3, "unit_cost", ""]]
    assert found["why"].str.contains("found|expected|empty").iloc[:2].all()


def test_an_unknown_column_is_kept_as_text_and_named(read):
    found = read("sku,unit_cost,Lieferant\nA,1,007\n")
    assert found.table["Lieferant"].tolist() == ["007"]
    assert ("Lieferant", "note") in [(p.column, p.kind) for p in found.found]


def test_an_unknown_word_is_kept_and_named(read):
    found = read("Date\tFNSKU\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason\n"
                 "05/13/2026\tX000000001\tTeleported\t-1\tABE2\tSELLABLE\tZ\n", "ledger.txt")
    assert found.table[["event_type", "reason"]].values.tolist() == [["Teleported", "Z"]]
    assert {p.column for p in found.found if "unknown word" in p.why} == {"event_type", "reason"}


def test_a_renamed_required_header_is_refused_with_what_is_missing(read):
    with pytest.raises(reports.UnknownReport, match="ledger_detail.*'Quantity'.*specs/ledger_detail.toml"):
        read("Date\tFNSKU\tEvent Type\tAnzahl\tFulfillment Center\tDisposition\tReason\n", "ledger.txt")


def test_dates_that_nothing_decides_are_asked_about(read):
    with pytest.raises(reports.Ambiguous, match="03/04/2026"):
        read("sku,unit_cost,from_date\nA,1,03/04/2026\n")
    decided = read("sku,unit_cost,from_date\nA,1,03/04/2026\nB,1,03/14/2026\n").table["from_date"]
    assert str(decided[0].date()) == "2026-03-04"


def test_yen_have_no_decimals_and_other_money_two(read):
    found = read("sku,unit_cost,currency\nA,1200.4,JPY\nB,1200.456,USD\nC,-0.001,USD\n").table
    assert found["unit_cost"].tolist() == [1200.0, 1200.46, 0.0] and not (found["unit_cost"] == 0).eq(
        found["unit_cost"].map(lambda amount: str(amount) == "-0.0")).all()


def test_a_settlement_line_with_several_amounts_becomes_a_row_each_and_none_is_lost(read):
    header = ["settlement-id", "total-amount", "currency", "transaction-type", "posted-date", "price-type", "price-amount",
              "item-related-fee-type", "item-related-fee-amount", "other-amount"]
    rows = [["1", "10.50", "CAD", "", "", "", "", "", "", ""],
            ["1", "", "", "Order", "2026-05-13T08:00:00+00:00", "Principal", "15.00", "Commission", "-4.25", "-0.25"]]
    found = read("\n".join("\t".join(row) for row in [header, *rows]) + "\n", "settlement.txt")
    assert found.rows == 2 and found.table["line"].tolist() == [2, 3, 3, 3]
    assert found.table["amount_description"].tolist() == ["", "Principal", "Commission", ""]
    assert round(found.table["amount"].sum(), 2) == found.table["total_amount"].max() == 10.5
    assert set(found.table["currency"]) == {"CAD"}


def test_buyers_personal_data_is_dropped_on_load(read):
    found = read("return-date\torder-id\tsku\tquantity\tdetailed-disposition\tcustomer-comments\n"
                 "2026-05-13T08:00:00+00:00\t111-1\tA\t1\tSELLABLE\tcall me at home\n", "returns.txt")
    assert "call me" not in found.table.to_csv() and not any("call me" in p.value for p in found.found)


def test_a_swapped_pair_of_identifier_columns_is_named(read):
    lines = [f"05/1{at}/2026\tB00000000{at}\tX00000000{at}\tShipments\t-1\tABE2\tSELLABLE\t" for at in range(4)]
    header = "Date\tFNSKU\tASIN\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason"
    found = read("\n".join([header, *lines, ""]), "ledger.txt")
    assert [p.column for p in found.found if "was a column moved" in p.why] == ["asin"]


def test_a_quantity_under_the_header_of_the_sellers_order_number_is_named(read):
    lines = ["1\tA\t2026-05-01 08:00:00 UTC\t2026-05-14 08:00:00 UTC\t10.00\tUSD\t\t\t\t\t\t\t\t\t",
             *("1\t\t\t\t\t\tOrder\t111-5784799-3571457\t2\tItemPrice\tPrincipal\t5.00\t2026-05-02 08:00:00 UTC\tA\t",) * 2]
    header = "\t".join(("settlement-id", "settlement-name", "settlement-start-date", "settlement-end-date", "total-amount",
                        "currency", "transaction-type", "order-id", "merchant-order-id", "amount-type",
                        "amount-description", "amount", "posted-date-time", "sku", "quantity-purchased"))
    found = read("\n".join([header, *lines, ""]), "settlement.txt")
    assert [p.column for p in found.found if "was a column moved" in p.why] == ["merchant_order_id"]


def test_an_absent_reports_table_has_every_column_and_type():
    for table in specs.tables():
        frame = reports.frame(reports.empty(table))
        assert len(frame) == 0 and {column.name for column in specs.tables()[table]} <= set(frame.columns)


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=10)
rows = st.lists(st.tuples(texts, st.one_of(texts, st.decimals(-999, 999, places=2).map(str)),
                          st.sampled_from(["USD", "EUR", "JPY", "", "x"]),
                          st.sampled_from(["", "2026-01-31", "2026-02-30", "31.01.2026", "soon"])), max_size=12)


@settings(max_examples=30, deadline=None)
@given(rows)
def test_every_row_is_loaded_or_set_aside_with_a_reason(tmp_path_factory, given_rows):
    place = tmp_path_factory.mktemp("costs") / "costs.csv"
    pd.DataFrame(given_rows, columns=["sku", "unit_cost", "currency", "from_date"]).to_csv(place, index=False)
    found = reports.read(place)
    lines = {p.line for p in found.found if p.kind == "row"}
    assert found.rows == found.table["line"].nunique() + len(lines) and not lines & set(found.table["line"])
    assert all(p.why for p in found.found)
    assert set(found.table["msku"]) <= {row[0] for row in given_rows}


def test_one_date_column_tells_how_the_others_are_written(tmp_path):
    (tmp_path / "c.csv").write_text("case_id,claim_type,filed_on,decided_on\n1,lost_warehouse,03/04/2026,05/04/2026\n"
                                    "2,lost_warehouse,04/04/2026,25/04/2026\n")
    days = reports.read(tmp_path / "c.csv").table
    assert days["filed_on"].dt.month.tolist() == [4, 4] and days["decided_on"].dt.day.tolist() == [5, 25]


def test_the_sellers_region_tells_how_a_spreadsheet_wrote_the_dates(tmp_path):
    (tmp_path / "c.csv").write_text("case_id,claim_type,filed_on\n1,lost_warehouse,3/4/2026\n")
    with pytest.raises(reports.Ambiguous, match=r"state the region in seller\.toml"):
        reports.read(tmp_path / "c.csv")
    assert reports.read(tmp_path / "c.csv", region="US").table["filed_on"].dt.month.tolist() == [3]
    assert reports.read(tmp_path / "c.csv", region="UK").table["filed_on"].dt.month.tolist() == [4]


def test_units_under_the_header_of_a_payments_id_are_doubted(tmp_path):
    header = "approval-date\treimbursement-id\treason\tsku\tcurrency-unit\tamount-total\toriginal-reimbursement-id"
    rows = ["2026-05-13T08:15:00+00:00\t500001\tLost_Warehouse\tA\tUSD\t9.99\t2",
            "2026-05-14T08:15:00+00:00\t500002\tReimbursement_Reversal\tA\tUSD\t-9.99\t500001"]
    (tmp_path / "paid.txt").write_text("\n".join([header, *rows, ""]))
    report = reports.read(tmp_path / "paid.txt")
    assert [(p.line, p.kind) for p in report.found if p.column == "original_reimbursement_id"] == [(2, "doubt")]
    assert report.table["original_reimbursement_id"].tolist() == ["2", "500001"]


@pytest.mark.parametrize(("header", "cost", "currency"), [
    ("SKU,采购成本", "￥12.50", "CNY"), ("SKU,采购成本", "￥12", "CNY"), ("sku,unit_cost", "¥12.50", "CNY"),
    ("sku,unit_cost", "¥1200", "JPY"), ("SKU,采购成本", "12.5元", "CNY"), ("SKU,采购成本（元）", "12.5", "CNY"),
    ("sku,unit_cost (USD)", "12.5", "USD"), ("sku,unit_cost,currency", "¥12.50,", "CNY"),
    ("SKU,采购成本,币种", "12.5,人民币", "CNY"), ("SKU,采购成本,币种", "12.5,RMB", "CNY"), ("sku,unit_cost", "$12.50", "")])
def test_a_sheet_of_costs_is_in_the_currency_that_it_says(read, header, cost, currency):
    report = read(f"{header}\nA,{cost}\nB,{cost}\n")
    assert report.table["currency"].astype(str).tolist() == [currency] * 2 and not report.found
    assert report.table["unit_cost"].tolist() == [1200.0 if "1200" in cost else 12.0 if "12.5" not in cost else 12.5] * 2


def test_an_amount_whose_mark_contradicts_its_currency_is_doubted(read):
    report = read("sku,unit_cost,currency\nA,€3.00,EUR\nB,€3.10,USD\nC,4.00,USD\n")
    assert [(p.line, p.kind, p.why) for p in report.found] == [
        (3, "doubt", "the column says 'USD', the amount beside it 'EUR': read as the column says")]


def test_yen_with_decimals_are_doubted_for_a_spreadsheet_took_thousands_for_decimals(tmp_path):
    paid = ["approval-date", "reimbursement-id", "reason", "sku", "currency-unit", "amount-total", "amount-per-unit"]
    rows = [["2026-05-13", "1", "Lost_Warehouse", "A", "JPY", 1.98, 0.5],
            ["2026-05-14", "2", "Lost_Warehouse", "A", "JPY", 500, 500]]
    report = reports.read(sheet(tmp_path / "paid.xlsx", [paid, *rows]))
    assert [(p.line, p.column, p.value) for p in report.found] == [(2, "amount", "1.98")]


def test_a_word_in_a_cell_that_must_be_filled_sets_its_row_aside(read):
    assert aside(read("sku,unit_cost,currency\nA,TBD,USD\nB,3.00,USD\n")) == [(2, "unit_cost")]


def test_an_apostrophe_before_an_identifier_is_named(read):
    report = read("sku,unit_cost\n'00123,1.00\nB,2.00\n")
    assert [(p.line, p.kind) for p in report.found] == [(2, "doubt")] and report.table["msku"][0] == "'00123"


@pytest.mark.parametrize("last", [65_536, 1_048_576])
def test_a_file_that_ends_where_a_spreadsheet_ends_is_doubted(read, last):
    report = read("sku,unit_cost\n" + "A,1\n" * (last - 1))
    assert [(p.line, p.kind) for p in report.found] == [(last, "doubt")]
    assert not read("sku,unit_cost\n" + "A,1\n" * 65_536).found


def test_a_report_opened_and_saved_by_a_european_spreadsheet_is_refused(tmp_path):
    header = ["Date", "FNSKU", "Event Type", "Quantity", "Fulfillment Center", "Disposition", "Reason"]
    rows = [[dt.date(2026, day, 6) if day <= 12 else f"06/{day}/2026", "X000000001", "Adjustments", -1, "ABE2",
             "SELLABLE", "M"] for day in range(1, 31)]
    with pytest.raises(reports.Ambiguous, match="Download the report again"):
        reports.read(sheet(tmp_path / "ledger.xlsx", [header, *rows]))
