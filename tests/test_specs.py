"""Every report is known by its header, in every spelling, encoding and separator that domain knowledge has of it."""

import tomllib
from importlib.resources import files

import pytest
from handmade import cells, quoted

from workbench import books, reports, specs


def test_a_canadian_fee_preview_has_no_size_tier_and_no_expected_fee(tmp_path):
    row = {"sku": "A-1", "fnsku": "X001ABCDEF", "asin": "B00ABCDEFG", "product-name": "Mat", "product-group": "Sports",
           "brand": "Acme", "fulfilled-by": "Amazon", "your-price": "19.99", "sales-price": "19.99", "currency": "CAD",
           "estimated-fee-total": "6.10", "estimated-referral-fee-per-unit": "3.00", "estimated-variable-closing-fee": "0",
           "estimated-pick-pack-fee-per-unit": "2.10", "estimated-weight-handling-fee-per-unit": "1.00"}
    (tmp_path / "fees.txt").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n", "utf-8")
    report = reports.read(tmp_path / "fees.txt")
    first = report.table.iloc[0]
    assert (report.spec.name, first["referral_fee"], first["currency"]) == ("fee_preview", 3.0, "CAD")
    assert report.table["fulfillment_fee"].isna().all()


FILES = {
    "inventory_adjustments": (
        "adjusted-date\ttransaction-item-id\tfnsku\tsku\tproduct-name\tfulfillment-center-id\tquantity\treason\tdisposition",
        '2018-05-01T00:00:00+00:00\t123\tX001\t00123\t5" pipe\tPHX3\t-1\tJ\tSELLABLE'),
    "received_inventory": (
        "received-date\tfnsku\tsku\tproduct-name\tquantity\tfba-shipment-id\tfulfillment-center-id",
        "2018-05-01T00:00:00+00:00\tX001\t00123\tT\t4\tFBA1\tPHX3"),
    "replacements": (
        "shipment-date\tsku\tasin\tfulfillment-center-id\toriginal-fulfillment-center-id\tquantity\t"
        "replacement-reason-code\treplacement-amazon-order-id\toriginal-amazon-order-id",
        "2026-05-01T10:00:00+00:00\tS\tB0\tPHX3\tPHX5\t1\t0\t111-1\t111-2"),
    "storage_fees": (
        "asin\tfnsku\tproduct_name\tfulfillment_center\tcountry_code\tlongest_side\tmedian_side\tshortest_side\t"
        "measurement_units\tweight\tweight_units\titem_volume\tvolume_units\tproduct_size_tier\taverage_quantity_on_hand\t"
        "average_quantity_pending_removal\testimated_total_item_volume\tmonth_of_charge\tstorage_rate\tcurrency\t"
        "estimated_monthly_storage_fee\tdangerous_goods_storage_type\teligible_for_inventory_discount\t"
        "qualifies_for_inventory_discount\ttotal_incentive_fee_amount\tbreakdown_incentive_fee_amount\t"
        "average_quantity_customer_orders\tsku\tstorage_utilization_ratio\tstorage_utilization_ratio_units\tbase_rate\t"
        "utilization_surcharge_rate\tavg_qty_for_sus\test_vol_for_sus\test_base_msf\test_sus",
        "B0\tX001\tT\tPHX3\tUS\t10.00\t5.00\t1.234\tinches\t1.234\tpounds\t0.1\tcubic feet\tStandard\t12.03\t0.00\t1.20\t"
        "2026-05\t0.7800\tUSD\t0.9400\t\tN\tN\t0\t\t0.1\tS\t1.2\tweeks\t0.78\t0\t0\t0\t0.94\t0"),
    "long_term_storage_fees": (
        "snapshot-date\tsku\tfnsku\tasin\tproduct-name\tcondition\tper-unit-volume\tcurrency\tvolume-unit\tcountry\t"
        "qty-charged\tamount-charged\tsurcharge-age-tier\trate-surcharge",
        "2026-05-15T00:00:00+00:00\tS\tX001\tB0\tT\tNew\t0.1\tUSD\tcubic feet\tUS\t3\t1.50\t181-210 days\t0.50"),
    "restock": (
        "Country\tProduct Name\tFNSKU\tMerchant SKU\tASIN\tCondition\tSupplier\tSupplier part no.\tCurrency code\tPrice\t"
        "Sales last 30 days\tUnits Sold Last 30 Days\tTotal Units\tInbound\tAvailable\tFC transfer\tFC Processing\t"
        "Customer Order\tUnfulfillable\tWorking\tShipped\tReceiving\tFulfilled by\t"
        "Total Days of Supply (including units from open shipments)\tDays of Supply at Amazon Fulfillment Network\tAlert\t"
        "Recommended replenishment qty\tRecommended ship date\tRecommended action\tUnit storage size",
        "US\tT\tX001\t00123\tB0\tNew\t\t\tUSD\t9.99\t99.90\t10\t50\t0\t40\t2\t3\t5\t0\t0\t0\t0\tAmazon\t365+\t90\t\t0\t\t"
        "No action required\t0.1 ft3"),
    "reserved_inventory": (
        "sku\tfnsku\tasin\tproduct-name\treserved_qty\treserved_customerorders\treserved_fc-transfers\t"
        "reserved_fc-processing\treserved_staging\tprogram", "S\tX001\tB0\tT\t6\t1\t2\t3\t0\t"),
    "afn_inventory": (
        "seller-sku\tfulfillment-channel-sku\tasin\tcondition-type\tWarehouse-Condition-code\tQuantity Available",
        "00123\tX001\tB0\tNewItem\tSELLABLE\t12"),
    "country_inventory": (
        "seller-sku\tfulfillment-channel-sku\tasin\tcondition-type\tcountry\tquantity-for-local-fulfillment",
        "00123\tX001\tB0\tNewItem\tDE\t12"),
    "inbound_problems": (
        "issue-reported-date\tshipment-creation-date\tfba-shipment-id\tfba-carton-id\tfulfillment-center-id\tsku\tfnsku\t"
        "asin\tproduct-name\tproblem-type\tproblem-quantity\texpected-quantity\treceived-quantity\t"
        "performance-measurement-unit\tcoaching-level\tfee-type\tcurrency\tfee-total\tproblem-level\talert-status",
        "2026-05-01T00:00:00+00:00\t2026-04-01T00:00:00+00:00\tFBA1\tC1\tPHX3\tS\tX001\tB0\tT\tUnexpected quantity\t2\t10\t"
        "8\t"
        "Unit\tCritical\tUnit fee\tUSD\t0.40\tSKU\tNo"),
    "search_terms": (
        "Start Date,End Date,Portfolio name,Currency,Campaign Name,Ad Group Name,Targeting,Match Type,"
        "Customer Search Term,Impressions,Clicks,Click-Thru Rate (CTR),Cost Per Click (CPC),Spend,7 Day Total Sales,"
        "Total Advertising Cost of Sales (ACOS),Total Return on Advertising Spend (ROAS),7 Day Total Orders (#),"
        "7 Day Total Units (#),7 Day Conversion Rate",
        '"Jul 13, 2026","Aug 01, 2026",P,USD,C,G,*,-,'
        '"=""555251554086397""","1,234",12,0.97%,$0.50,$6.00,$30.00,20%,5,2,2,16%'),
}


@pytest.mark.parametrize("name", FILES)
def test_a_report_is_known_by_its_header_and_every_column_of_it(tmp_path, name):
    (tmp_path / "f.txt").write_text("\n".join(FILES[name]) + "\n", "utf-8")
    report = reports.read(tmp_path / "f.txt")
    assert (report.spec.name, report.rows, len(report.table)) == (name, 1, 1)
    assert not [problem.why for problem in report.found if problem.kind != "note" or "nobody" in problem.why]


@pytest.mark.parametrize("name", [name for name in FILES if name != "search_terms"])
def test_the_same_report_as_a_quoted_csv_says_the_same(tmp_path, name):
    (tmp_path / "f.txt").write_text("\n".join(FILES[name]) + "\n", "utf-8")
    rows = [quoted(line.split("\t")) for line in FILES[name]]
    (tmp_path / "g.csv").write_bytes(("\r\n".join(rows) + "\r\n").encode("utf-8-sig"))
    one, two = (reports.read(tmp_path / file) for file in ("f.txt", "g.csv"))
    assert one.spec is two.spec and one.table.equals(two.table)


def test_received_inventory_has_a_second_spelling(tmp_path):
    (tmp_path / "r.csv").write_text("Date,FNSKU,Merchant SKU,Title,Quantity,FBA Shipment ID,Fulfillment Center\n"
                                    "05/31/2018,X001,00123,T,4,FBA1,PHX3\n", "utf-8")
    report = reports.read(tmp_path / "r.csv")
    assert report.spec.name == "received_inventory" and str(report.table["receipt_on"][0].date()) == "2018-05-31"


def test_legacy_codes_keep_their_own_meanings():
    assert specs.meaning("inventory_adjustments", "reason", "6") == "Damaged by inbound carrier"
    assert specs.meaning("ledger_detail", "reason", "6") == "Damaged at Amazon FC, from carrier damaged"
    assert specs.meaning("inventory_adjustments", "reason", "2") == ""
    assert specs.reports()["inventory_adjustments"].table != specs.reports()["ledger_detail"].table


def test_a_reason_a_state_and_a_column_nobody_knows_are_kept_and_told(tmp_path):
    (tmp_path / "l.txt").write_text(
        "Date\tFNSKU\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason\tCountry\tMood\n"
        "05/13/2026\tX001\tAdjustments\t-2\tPHX3\tMELTED\tZ\tUS\tblue\n", "utf-8")
    report = reports.read(tmp_path / "l.txt")
    row = report.table.iloc[0]
    assert (row["units"], row["disposition"], row["reason"], row["Mood"]) == (-2, "MELTED", "Z", "blue")
    told = dict(zip(report.problems["column"], report.problems["why"], strict=True))
    assert "'Z'" in told["reason"] and "'MELTED'" in told["disposition"] and "nobody knows" in told["Mood"]


def test_unknown_columns_never_stand_for_known_ones(tmp_path):
    (tmp_path / "l.txt").write_text(
        "Date\tFNSKU\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason\tunits\tline\tMood\tMood\n"
        "05/13/2026\tX001\tAdjustments\t-2\tPHX3\tSELLABLE\tM\t77\t99\tblue\tred\n", "utf-8")
    row = reports.read(tmp_path / "l.txt").table.iloc[0]
    assert (row["units"], row["line"], row["Mood"]) == (-2, 2, "blue")
    assert (row["units (as exported)"], row["line (as exported)"], row["Mood (as exported)"]) == ("77", "99", "red")


def test_buyers_are_dropped_from_amazon_fulfilled_shipments(tmp_path):
    header = cells("amazon-order-id merchant-order-id shipment-id shipment-item-id amazon-order-item-id "
                   "merchant-order-item-id "
              "purchase-date payments-date shipment-date reporting-date buyer-email buyer-name buyer-phone-number sku "
              "product-name quantity-shipped currency item-price item-tax shipping-price shipping-tax gift-wrap-price "
              "gift-wrap-tax ship-service-level recipient-name ship-address-1 ship-address-2 ship-address-3 ship-city "
              "ship-state ship-postal-code ship-country ship-phone-number bill-address-1 bill-address-2 bill-address-3 "
              "bill-city bill-state bill-postal-code bill-country item-promotion-discount ship-promotion-discount carrier "
              "tracking-number estimated-arrival-date fulfillment-center-id fulfillment-channel sales-channel", " ")
    filled = {"purchase-date": "2026-05-01T10:00:00+00:00", "shipment-date": "2026-05-02T10:00:00+00:00",
             "reporting-date": "2026-05-02T12:00:00+00:00", "quantity-shipped": "1", "item-price": "9.99",
             "currency": "USD", "amazon-order-id": "111-1", "sku": "00123", "item-tax": "", "item-promotion-discount": ""}
    secret = [name for name in header if name.split("-")[0] in ("buyer", "recipient", "ship", "bill")
              and name not in ("ship-service-level", "ship-promotion-discount")]
    assert len(header) == 48 and len(secret) == 19
    row = [filled.get(name, f"SECRET-{name}" if name in secret else "") for name in header]
    (tmp_path / "s.txt").write_text("\t".join(header) + "\n" + "\t".join(row) + "\n", "utf-8")
    report = reports.read(tmp_path / "s.txt")
    assert report.spec.name == "fulfilled_shipments" and not len(report.problems)
    assert "SECRET" not in report.table.to_string()


PLANNING = cells(
    "snapshot-date sku fnsku asin product-name condition available pending-removal-quantity inv-age-0-to-90-days "
    "inv-age-91-to-180-days inv-age-181-to-270-days inv-age-271-to-365-days inv-age-366-to-455-days inv-age-456-plus-days "
    "currency units-shipped-t7 units-shipped-t30 units-shipped-t60 units-shipped-t90 alert your-price sales-price "
    "lowest-price-new-plus-shipping lowest-price-used recommended-action recommended-sales-price "
    "recommended-sale-duration-days recommended-removal-quantity estimated-cost-savings-of-recommended-actions "
    "sell-through item-volume volume-unit-measurement storage-type storage-volume marketplace product-group sales-rank "
    "days-of-supply estimated-excess-quantity weeks-of-cover-t30 weeks-of-cover-t90 featuredoffer-price "
    "sales-shipped-last-7-days "
    "sales-shipped-last-30-days sales-shipped-last-60-days sales-shipped-last-90-days inv-age-0-to-30-days "
    "inv-age-31-to-60-days inv-age-61-to-90-days inv-age-181-to-330-days inv-age-331-to-365-days "
    "estimated-storage-cost-next-month inbound-quantity inbound-working inbound-shipped inbound-received "
    "no-sale-last-6-months unfulfillable-quantity quantity-to-be-charged-ais-181-210-days estimated-ais-181-210-days "
    "quantity-to-be-charged-ais-456-plus-days estimated-ais-456-plus-days historical-days-of-supply "
    "fba-minimum-inventory-level fba-inventory-level-health-status supplier is-seasonal-in-next-3-months season-name "
    "season-start-date season-end-date", " ") + [
    "DEPRECATED healthy-inventory-level", "Total Reserved Quantity", "Recommended ship-in quantity",
    "Recommended ship-in date", "Last updated date for Historical Days of Supply", "Exempted from Low-Inventory-Level fee?",
    "Low-Inventory-Level fee applied in current week?", "Short term historical days of supply",
    "Long term historical days of supply", "Inventory age snapshot date", "Inventory Supply at FBA", "Reserved FC Transfer",
    "Reserved FC Processing", "Reserved Customer Order", "Total Days of Supply (including units from open shipments)"]


def test_all_columns_of_inventory_planning_are_known():
    found = specs.match(PLANNING)
    assert (found.spec.name, found.unknown) == ("inventory_planning", {})


def test_restock_in_german_is_restock():
    found = specs.match(["Produktname", "FNSKU", "Händler-SKU", "ASIN", "Währungscode", "Preis", "Verkäufe letzte 30 Tage",
                         "verkaufte einheiten letzte 30 tage", "Gesamteinheiten", "Eingehend", "Verfügbar"])
    assert (found.spec.name, found.language, found.unknown) == ("restock", "de", {})


BUSINESS = [
    ("utf-8", ["(Parent) ASIN", "(Child) ASIN", "Title", "Sessions – Total", "Sessions – Total – B2B", "Page Views – Total",
               "Units Ordered", "Units Ordered – B2B", "Unit Session Percentage", "Ordered Product Sales",
               "Ordered Product Sales – B2B", "Total Order Items"],
     ["B000000001", "B000000002", "T", "1,234", "3", "2,345", "12", "1", "5.80%", "£1,234.50", "£99.00", "11"], "GBP"),
    ("utf-8-sig", ["(Übergeordnete) ASIN", "(Untergeordnete) ASIN", "Titel", "Sitzungen – Summe", "Sitzungen – Summe – B2B",
                   "Seitenaufrufe – Summe", "Bestellte Einheiten", "Bestellte Einheiten – B2B",
                   "Prozentsatz an Einheiten pro Sitzung", "Durch bestellte Produkte erzielter Umsatz",
                   "Bestellsumme – B2B", "Zahl der Bestellposten"],
     ["B000000001", "B000000002", "T", "1,234", "3", "2,345", "12", "1", "5,80 %", "1.234,50\u00a0€", "99,00\u00a0€",
      "11"], "EUR"),
    ("cp932", ["(親)ASIN", "(子)ASIN", "タイトル", "セッション数 - 合計", "セッション数 - 合計 - B2B",
               "ページビュー - 合計", "注文された商品点数", "注文された商品点数 - B2B",
               "注文商品点数のセッションのパーセンテージ", "注文商品の売上額", "注文商品の売上額 - B2B", "注文品目総数"],
     ["B000000001", "B000000002", "品", "1,234", "3", "2,345", "12", "1", "5.80%", "￥1,234", "￥99", "11"], "JPY"),
    ("gb18030", ["（父）ASIN", "（子）ASIN", "标题", "会话数 - 总计", "会话数 - 总计 - B2B", "页面浏览量 - 总计",
                 "已订购商品数量", "已订购商品数量 - B2B", "商品会话百分比", "已订购商品销售额", "已订购商品销售额 - B2B",
                 "订单商品总数"],
     ["B000000001", "B000000002", "商品", "1,234", "3", "2,345", "12", "1", "5.80%", "US$1,234.50", "US$99.00",
      "11"], "USD"),
]


@pytest.mark.parametrize(("encoding", "header", "row", "currency"), BUSINESS, ids=["EN", "DE", "JP", "ZH"])
def test_a_business_report_is_read_in_the_languages_of_the_screen(tmp_path, encoding, header, row, currency):
    (tmp_path / "b.csv").write_bytes("\r\n".join([quoted(header), quoted(row), ""]).encode(encoding))
    report = reports.read(tmp_path / "b.csv")
    first = report.table.iloc[0]
    assert not len(report.problems)
    assert (report.encoding, report.spec.name) == (encoding, "business_report")
    assert (first["asin"], first["currency"]) == ("B000000002", currency)
    assert (first["sessions"], first["page_views"], first["units_ordered"], first["order_items"]) == (1234, 2345, 12, 11)
    assert first["sales_ordered"] == (1234 if currency == "JPY" else 1234.5)


CONSOLE = ["Start Date", "End Date", "Portfolio name", "Currency", "Campaign Name", "Status", "Budget", "Impressions",
           "Clicks", "Click-Thru Rate (CTR)", "Spend", "Cost Per Click (CPC)", "7 Day Total Orders (#)",
           "Total Advertising Cost of Sales (ACOS)", "Total Return on Advertising Spend (ROAS)", "7 Day Total Sales"]


@pytest.mark.parametrize(("header", "row"), [
    (CONSOLE, ["Jun 03, 2026", "Jun 03, 2026", "P", "USD", "C", "ENABLED", "$10.00", "1,234", "12", "0.97%", "$6.00",
               "$0.50", "2", "20%", "5", "$30.00"]),
    (["Startdatum", "Enddatum", "Portfolioname", "Währung", "Kampagnen-Name", "Impressionen", "Klicks", "Klickrate (CTR)",
      "Kosten pro Klick (CPC)", "Ausgaben", "7 Tage, Umsatz gesamt (€)"],
     ["03.06.2026", "03.06.2026", "P", "EUR", "C", "1.234", "12", "0,97 %", "0,50 €", "6,00 €", "30,00 €"]),
    (["開始日", "終了日", "ポートフォリオ名", "通貨", "キャンペーン名", "インプレッション", "クリック", "費用",
      "7日間の合計売上高"],
     ["2026/06/03", "2026/06/03", "P", "JPY", "C", "1,234", "12", "￥6", "￥30"]),
], ids=["EN", "DE", "JP"])
def test_the_advertising_consoles_campaigns(tmp_path, header, row):
    (tmp_path / "c.csv").write_text("\n".join([quoted(header), quoted(row), ""]), "utf-8")
    report = reports.read(tmp_path / "c.csv")
    first = report.table.iloc[0]
    assert report.spec.name == "campaigns" and not len(report.problems)
    assert str(first["date"].date()) == "2026-06-03"
    assert (first["impressions"], first["spend"], first["ad_sales"]) == (1234, 6, 30)


SEARCHES = ["Start Date", "End Date", "Portfolio name", "Currency", "Campaign Name", "Ad Group Name", "Targeting",
            "Match Type", "Customer Search Term", "Impressions", "Clicks", "Spend", "7 Day Total Sales"]


@pytest.mark.parametrize("renamed", ["Start Date", "Campaign Name", "Ad Group Name", "Customer Search Term", "Spend"])
def test_a_renamed_header_never_makes_another_report(renamed):
    header = [f"{name} (neu)" if name == renamed else name for name in SEARCHES]
    with pytest.raises(specs.UnknownReport, match="Nearest is search_terms: missing"):
        specs.match(header)


def test_no_spelling_of_a_report_stands_for_two_columns():
    for spec in specs.reports().values():
        taken = {}
        for column in spec.columns:
            for _, header in column.headers:
                assert taken.setdefault(specs.fold(header), column.name) == column.name, (spec.name, header)
        assert not spec.skipped[0] & taken.keys(), spec.name


def test_every_table_has_its_words_in_both_languages():
    for language in ("en", "zh"):
        words = tomllib.loads((files("workbench") / "words" / f"{language}.toml").read_text("utf-8"))
        assert not specs.tables().keys() - words["table"].keys()
        assert all(spec.title[language] and spec.menu[language] for spec in specs.reports().values())


def test_a_newer_export_owns_a_countrys_month_and_no_others(tmp_path):
    header, fee = FILES["storage_fees"]
    canada, older = fee.replace("\tUS\t", "\tCA\t").replace("\tUSD\t", "\tCAD\t"), fee.replace("\t0.9400\t", "\t7.7700\t")
    for name, row in (("fees-20260601080000.txt", older), ("fees-20260701080000.txt", fee),
                      ("fees-ca-20260702080000.txt", canada)):
        (tmp_path / name).write_text(f"{header}\n{row}\n", "utf-8")
    fees = books.open(tmp_path)["storage_fees"]
    assert sorted(zip(fees["country"], fees["storage_fee"], strict=True)) == [("CA", 0.94), ("US", 0.94)]


def test_a_chinese_sheet_of_cases_is_read_in_the_words_that_the_pages_show(tmp_path):
    shown = tomllib.loads((files("workbench") / "words" / "zh.toml").read_text("utf-8"))["claim_type"]
    kinds = {shown[kind]: kind for kind in specs.registry()["claim_type"]["words"]}
    outcomes = {"通过": "approved", "已拒绝": "denied", "rejected": "denied", "处理中": "pending"}
    rows = [f"{at},{kind},2026-05-13,{outcome}" for at, kind in enumerate(kinds) for outcome in outcomes]
    (tmp_path / "cases.csv").write_text("\n".join(["案例编号,索赔类型,提交日期,处理结果", *rows, ""]), "utf-8")
    report = reports.read(tmp_path / "cases.csv")
    assert not report.found and set(report.table["claim_type"]) == set(kinds.values())
    assert report.table["outcome"].tolist() == list(outcomes.values()) * len(kinds)
