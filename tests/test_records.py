"""Workbooks and API answers say what the same rows in a text file would say."""

import gzip
import json

import pytest
import xlsxwriter

from workbench import books, reports

CONSOLE = ["Start Date", "End Date", "Portfolio name", "Currency", "Campaign Name", "Status", "Budget", "Impressions",
           "Clicks", "Click-Thru Rate (CTR)", "Spend", "Cost Per Click (CPC)", "7 Day Total Orders (#)",
           "Total Advertising Cost of Sales (ACOS)", "Total Return on Advertising Spend (ROAS)", "7 Day Total Sales"]


def saved(path, answer):
    path.write_text(json.dumps(answer), "utf-8")
    return reports.read(path)


def test_sales_and_traffic_gives_days_and_asins_and_never_both_in_one_row(tmp_path):
    money = {"amount": 1234.567, "currencyCode": "USD"}
    answer = {"reportSpecification": {"reportType": "GET_SALES_AND_TRAFFIC_REPORT", "dataStartTime": "2026-05-01",
                                      "dataEndTime": "2026-05-31", "marketplaceIds": ["ATVPDKIKX0DER"],
                                      "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"}},
              "salesAndTrafficByDate": [{"date": "2026-05-01", "salesByDate": {
                  "orderedProductSales": money, "orderedProductSalesB2B": money, "unitsOrdered": 12, "unitsOrderedB2B": 1,
                  "totalOrderItems": 11, "unitsRefunded": 2, "refundRate": 16.67, "claimsGranted": 0,
                  "claimsAmount": {"amount": 0.0, "currencyCode": "USD"}, "unitsShipped": 10},
                  "trafficByDate": {"sessions": 100, "pageViews": 150, "buyBoxPercentage": 99.1}}],
              "salesAndTrafficByAsin": [{"parentAsin": "B000000001", "childAsin": "B000000002", "salesByAsin": {
                  "orderedProductSales": money, "unitsOrdered": 12, "totalOrderItems": 11},
                  "trafficByAsin": {"sessions": 100, "pageViews": 150, "unitSessionPercentage": 12.0}}]}
    report = saved(tmp_path / "st.json", answer)
    rows = report.table
    assert not len(report.problems)
    assert rows["asin"].tolist() == ["B000000002", ""] or rows["asin"].tolist() == ["", "B000000002"]
    assert rows["date"].notna().tolist() == (rows["asin"] == "").tolist()
    assert rows["units_ordered"].tolist() == [12, 12] and rows["sales_ordered"].tolist() == [1234.57, 1234.57]
    assert set(rows["currency"]) == {"USD"} and rows["units_refunded"].sum() == 2
    packed = tmp_path / "packed.json.gz"
    packed.write_bytes(gzip.compress((tmp_path / "st.json").read_bytes()))
    assert reports.read(packed).table.equals(rows)


def test_account_health_gives_status_and_rates(tmp_path):
    rate = {"reportingDateRange": {"reportingDateFrom": "2026-04-01", "reportingDateTo": "2026-05-31"}, "status": "GOOD",
            "targetValue": 0.01, "targetCondition": "LESS_THAN", "orderCount": 120}
    report = saved(tmp_path / "h.json", {
        "accountStatuses": [{"marketplaceId": "ATVPDKIKX0DER", "status": "AT_RISK"}],
        "performanceMetrics": [{"lateShipmentRate": {**rate, "rate": 0.004}, "orderDefectRate": {
            "afn": {**rate, "rate": 0.001}, "mfn": {**rate, "rate": 0.0}}, "warningStates": ["A", "B"],
            "accountHealthRating": {"accountHealthRatingStatus": "GREAT"},
            "listingPolicyViolations": {**rate, "defectsCount": 1}}]})
    rows = report.table
    assert report.spec.name == "account_health" and set(report.problems["why"]) == {
        "this column is not in the file: unknown"}
    assert rows["account_status"].tolist() == ["AT_RISK", ""] and rows["warnings"].tolist() == ["", "A;B"]
    assert rows["order_defect_rate_afn"].tolist()[1] == 0.001


def test_campaigns_of_the_api_keep_long_ids(tmp_path):
    report = saved(tmp_path / "c.json", [
        {"date": "2026-05-01", "campaignId": 123456789012345678, "campaignName": "C", "campaignStatus": "ENABLED",
         "impressions": 1234, "clicks": 5, "cost": 2.125, "purchases7d": 1, "sales7d": 19.99, "unitsSoldClicks7d": 1,
         "campaignBudgetAmount": 10, "campaignBudgetType": "DAILY_BUDGET", "campaignBudgetCurrencyCode": "USD",
         "campaignRuleBasedBudgetAmount": None, "topOfSearchImpressionShare": 12.5}])
    first = report.table.iloc[0]
    assert not len(report.problems)
    assert (report.spec.name, first["campaign_id"], first["spend"]) == ("campaigns", "123456789012345678", 2.12)


def workbook(path, *sheets):
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)


def test_a_workbook_of_campaigns_with_a_pivot_beside_it(tmp_path):
    row = ["Jun 03, 2026", "Jun 03, 2026", "P", "USD", "C", "ENABLED", 10, 1234, 12, 0.0097, 6.125, 0.5, 2, 0.2, 5,
           1234.567]
    workbook(tmp_path / "c.xlsx", ("Pivot", [["anything"], [1]]), ("Campaigns", [CONSOLE, row, [], row]))
    report = reports.read(tmp_path / "c.xlsx")
    assert report.table["ad_sales"].tolist() == [1234.57, 1234.57] and report.table["line"].tolist() == [2, 4]
    assert "'Pivot' is no report" in " ".join(report.problems["why"])


def test_two_reports_in_one_workbook_are_refused(tmp_path):
    costs = [["sku", "unit_cost", "currency"], ["A", 1.5, "USD"]]
    workbook(tmp_path / "c.xlsx", ("a", costs), ("b", costs))
    with pytest.raises(reports.NotReadable, match="a and b"):
        reports.read(tmp_path / "c.xlsx")


COSTS = ["sku", "unit_cost", "category"]


def costs(path, change, last=("C", 3.5, "Garden")):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Costs")
        for at, row in enumerate([COSTS, ["A", 1.5, "Home"], ["B", 2.5, "Home"], last]):
            sheet.write_row(at, 0, row)
        change(sheet)
    return reports.read(path)


@pytest.mark.parametrize(("change", "aside", "why"), [
    (lambda sheet: sheet.write_formula("B3", "=1+1", None, ""), [3], "a formula whose value was not saved"),
    (lambda sheet: sheet.write_formula("B3", "=NA()", None, "#N/A"), [3], "the spreadsheet's error #N/A"),
    (lambda sheet: sheet.write_formula("B3", "=1+1", None, 2), [], ""),
    (lambda sheet: sheet.write_formula("F3", "=NA()", None, "#N/A"), [], ""),
    (lambda sheet: sheet.write_string("B3", "2.5"), [], ""),
], ids=["no value saved", "error", "value saved", "error elsewhere", "number as text"])
def test_a_cell_whose_value_a_spreadsheet_does_not_know_sets_its_row_aside(tmp_path, change, aside, why):
    report = costs(tmp_path / "c.xlsx", change)
    rows = [p for p in report.found if p.kind == "row"]
    assert [p.line for p in rows] == aside and all(why in p.why for p in rows)
    assert report.rows == 3 and report.loaded == 3 - len(aside)


def test_a_word_in_merged_cells_counts_in_each_row_and_a_number_does_not(tmp_path):
    report = costs(tmp_path / "c.xlsx", lambda sheet: sheet.merge_range("C2:C4", "Home"))
    assert report.table["category"].tolist() == ["Home"] * 3
    assert [(p.kind, p.line) for p in report.found] == [("note", 2)]
    report = costs(tmp_path / "d.xlsx", lambda sheet: sheet.merge_range("B3:B4", 2.5), last=["C"])
    assert report.table["unit_cost"].tolist() == [1.5, 2.5]
    assert {(p.kind, p.line) for p in report.found} == {("doubt", 3), ("row", 4)}


def test_a_hidden_copy_of_the_report_is_named_as_hidden(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "c.xlsx") as book:
        for name in ("Costs", "Old"):
            book.add_worksheet(name).write_row(0, 0, COSTS)
        book.get_worksheet_by_name("Old").hide()
    with pytest.raises(reports.NotReadable, match=r"Costs and Old \(hidden\)"):
        reports.read(tmp_path / "c.xlsx")


def test_a_number_too_long_for_a_cell_is_named_as_shortened(tmp_path):
    report = costs(tmp_path / "c.xlsx", lambda sheet: sheet.write_number("A3", 123456789012345678))
    assert report.table["msku"].tolist() == ["A", "1.23456789012346E+17", "C"]
    assert "its last digits are lost" in report.found[0].why


def test_a_spreadsheets_day_number_is_set_aside_with_what_to_do(tmp_path):
    workbook(tmp_path / "c.xlsx", ("Costs", [["sku", "unit_cost", "from_date"], ["A", 1.5, 46145]]))
    assert "give the column a date format" in reports.read(tmp_path / "c.xlsx").found[0].why


def day(date, units, **more):
    return {"date": date, "salesByDate": {"orderedProductSales": {"amount": 1.5, "currencyCode": "USD"},
                                          "unitsOrdered": units, **more}, "trafficByDate": {}}


def told(report):
    return [(p.line, p.kind) for p in report.found if "this column is not in the file" not in p.why]


def test_records_are_counted_and_named_by_the_line_they_begin_on(tmp_path):
    answer = {"salesAndTrafficByDate": [day("2026-05-01", 1), day("2026-05-02", "x"), day("2026-05-03", "y")]}
    (tmp_path / "st.json").write_text(json.dumps(answer, indent=1), "utf-8")
    report = reports.read(tmp_path / "st.json")
    lines = (tmp_path / "st.json").read_text("utf-8").split("\n")
    assert told(report) == [(lines.index(f'   "date": "2026-05-0{n}",'), "row") for n in (2, 3)]
    assert (report.rows, report.loaded) == (3, 1)
    item = {"ShipmentId": "FBA1", "FulfillmentNetworkSKU": "X000000001", "QuantityReceived": 1}
    items = [{**item, "SellerSKU": sku, "QuantityShipped": units} for sku, units in (("A", 1), ("B", "z"), ("C", "z"))]
    (tmp_path / "i.jsonl").write_text(json.dumps({"payload": {"ItemData": items}}) + "\n", "utf-8")
    files = books.open(tmp_path).files.set_index("file")
    assert files.loc["i.jsonl", ["rows", "rows_used", "rows_set_aside"]].tolist() == [3, 1, 2]


@pytest.mark.parametrize(("change", "kind"), [
    (lambda text: text.replace('"unitsOrdered": 3', '"unitsOrdered": 3, "unitsOrdered": 4', 1), "doubt"),
    (lambda text: text.replace('"unitsOrdered": 3, ', "", 1), "note"),
    (lambda text: text.replace('"unitsOrdered": 3', '"unitsOrdered": [3, 4]', 1), "row"),
    (lambda text: text.replace('[{"date"', '["lost", {"date"', 1), "doubt"),
], ids=["key twice", "key dropped", "list for a number", "no object"])
def test_what_is_odd_in_an_answer_is_told(tmp_path, change, kind):
    answer = {"salesAndTrafficByDate": [day(f"2026-05-0{n}", 3, totalOrderItems=2) for n in range(1, 4)]}
    (tmp_path / "st.json").write_text(change(json.dumps(answer)), "utf-8")
    report = reports.read(tmp_path / "st.json")
    assert [told_kind for _, told_kind in told(report)] == [kind]
    assert report.rows == 3


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_cut_answer_is_refused_as_cut(tmp_path, cut):
    (tmp_path / "st.json").write_text(json.dumps({"salesAndTrafficByDate": [day("2026-05-01", 3)] * 2})[:-cut], "utf-8")
    with pytest.raises(reports.NotReadable, match="cut off or damaged"):
        reports.read(tmp_path / "st.json")


def test_inbound_answers_saved_as_json_lines_hold_nothing_unknown(tmp_path):
    shipment = {"ShipmentId": "FBA15ABCDEFG", "ShipmentStatus": "CLOSED", "DestinationFulfillmentCenterId": "PHX7"}
    item = {"ShipmentId": "FBA15ABCDEFG", "SellerSKU": "A", "FulfillmentNetworkSKU": "X001ABCDEF", "QuantityShipped": 10,
            "QuantityReceived": 8}
    path = tmp_path / "inbound.jsonl"
    path.write_text("\n".join(json.dumps({"payload": {name: [record]}})
                              for name, record in (("ShipmentData", shipment), ("ItemData", item))))
    report = reports.read(path)
    assert not len(report.problems) and report.table["shipment_status"].tolist() == ["CLOSED", ""]
    assert report.table["units_received"].fillna(-1).tolist() == [-1, 8]
