"""Workbooks and API answers say what the same rows in a text file would say."""

import gzip
import json

import pytest
import xlsxwriter

from workbench import reports

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
