"""Every report is known by its header, in every spelling, encoding and separator that domain knowledge has of it."""

import tomllib
from importlib.resources import files

import pytest

from workbench import books, reports, specs


def cells(text, separator="|"):
    return text.split(separator)


NORTH = ["date/time", "settlement id", "type", "order id", "sku", "description", "quantity", "marketplace", "account type",
         "fulfillment", "order city", "order state", "order postal", "tax collection model", "product sales",
         "product sales tax", "shipping credits", "shipping credits tax", "gift wrap credits", "giftwrap credits tax",
         "Regulatory Fee", "Tax On Regulatory Fee", "promotional rebates", "promotional rebates tax",
         "marketplace withheld tax", "selling fees", "fba fees", "other transaction fees", "other", "total",
         "Transaction Status", "Transaction Release Date"]
AE = ["date/time", "settlement id", "type", "order id", "sku", "description", "quantity", "marketplace", "fulfillment",
      "order city", "order state", "order postal", "product sales", "shipping credits", "gift wrap credits",
      "promotional rebates", "sales tax collected", "Marketplace Facilitator Tax", "selling fees", "fba fees",
      "other transaction fees", "other", "total"]
UK = [name.replace("shipping credits", "postage credits").replace("fulfillment", "fulfilment")
      for name in NORTH if name != "account type" and "egulatory" not in name]
DE = cells("Datum/Uhrzeit|Abrechnungsnummer|Typ|"
           "Bestellnummer|SKU|Beschreibung|Menge|Marketplace|Versand|Ort der Bestellung|"
      "Bundesland|Postleitzahl|Steuererhebungsmodell|Umsätze|Produktumsatzsteuer|Gutschrift für Versandkosten|"
      "Steuer auf Versandgutschrift|Gutschrift für Geschenkverpackung|Steuer auf Geschenkverpackungsgutschriften|"
      "Rabatte aus Werbeaktionen|Steuer auf Aktionsrabatte|Einbehaltene Steuer auf Marketplace|Verkaufsgebühren|"
      "Gebühren zu Versand durch Amazon|Andere Transaktionsgebühren|Andere|Gesamt|Transaktionsstatus|"
      "Freigabedatum der Transaktion")
IT = cells("Data/Ora:|Numero pagamento|Tipo|Numero ordine|SKU|Descrizione|Quantità|Marketplace|Gestione|"
      "Città di provenienza dell'ordine|Provincia di provenienza dell'ordine|CAP dell'ordine|"
      "modello di riscossione delle imposte|Vendite|imposta sulle vendite dei prodotti|Accrediti per le spedizioni|"
      "imposta accrediti per le spedizioni|Accrediti per confezioni regalo|imposta sui crediti confezione regalo|"
      "Sconti promozionali|imposta sugli sconti promozionali|trattenuta IVA del marketplace|Commissioni di vendita|"
      "Costi del servizio Logistica di Amazon|Altri costi relativi alle transazioni|Altro|totale|Stato della transazione|"
      "Data di rilascio della transazione")
ES = cells("fecha y hora|identificador de pago|tipo|"
           "número de pedido|sku|descripción|cantidad|web de Amazon|gestión logística|"
      "ciudad de procedencia del pedido|comunidad autónoma de procedencia del pedido|"
      "código postal de procedencia del pedido|Formulario de recaudación de impuestos|ventas de productos|"
      "impuesto de ventas de productos|abonos de envío|impuestos por abonos de envío|abonos de envoltorio para regalo|"
      "impuestos por abonos de envoltorio para regalo|devoluciones promocionales|"
      "impuestos de descuentos por promociones|impuesto retenido en el sitio web|tarifas de venta|"
      "tarifas de Logística de Amazon|tarifas de otras transacciones|otro|total|estado de la transacción|"
      "fecha de liberación de la transacción")
MX = cells("fecha/hora|Id. de liquidación|tipo|Id. del pedido|sku|descripción|cantidad|marketplace|cumplimiento|"
      "ciudad del pedido|estado del pedido|código postal del pedido|modelo de recaudación de impuestos|"
      "ventas de productos|impuesto de ventas de productos|créditos de envío|impuesto de abono de envío|"
      "créditos por envoltorio de regalo|impuesto de créditos de envoltura|descuentos promocionales|"
      "impuesto de reembolsos promocionales|impuesto de retenciones en la plataforma|tarifas de venta|tarifas fba|"
      "tarifas de otra transacción|otro|total")
JP = cells("日付/時間|決済番号|トランザクションの種類|注文番号|"
           "SKU|説明|数量|Amazon 出品サービス|フルフィルメント|市町村|都道府県|"
      "郵便番号|税金徴収型|商品売上|商品の売上税|配送料|配送料の税金|ギフト包装手数料|ギフト包装クレジットの税金|Amazonポイントの費用|"
      "プロモーション割引額|プロモーション割引の税金|源泉徴収税を伴うマーケットプレイス|手数料|FBA 手数料|"
      "トランザクションに関するその他の手数料|その他|合計|トランザクションのステータス|トランザクション開始日")
NL = cells("datum/tijd|schikkings-ID|type|bestelnummer|sku|beschrijving|aantal|marketplace|fulfillment|bestelling stad|"
      "status bestelling|bestelling per post|verkoop van producten|Verzendtegoeden|kredietpunten cadeauverpakking|"
      "promotiekortingen|geïnde omzetbelasting|Belasting voor marketplace-facilitator|verkoopkosten|fba-vergoedingen|"
      "overige transactiekosten|overige|totaal")
SV = cells("datum/tid|reglerings-id|typ|beställnings-id|sku|beskrivning|antal|marknadsplats|leverans|"
      "försäljning av produkter|fraktkrediter|krediter för presentinslagning|kampanjrabatter|Inkasserad moms|"
      "försäljningsavgifter|fba-avgifter|övriga transaktionsavgifter|övrigt|totalt")
PREAMBLE = ['"Includes Amazon Marketplace, Fulfillment by Amazon (FBA), and Amazon Webstore transactions"',
            '"All amounts in {}, unless specified"', '"Definitions:"',
            '"Sales tax collected: Includes sales tax collected"',
            '"Selling fees: Includes variable closing fees"', '"Other transaction fees: Includes shipping chargebacks"',
            '"Other: Includes non-order transaction amounts."']
AMOUNTS = {"product_sales": 1299.5, "selling_fees": -194.93, "fba_fees": -31.2, "amount": 1073.37}


def quoted(cells):
    return ",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells)


def transaction(header, *, when, kind, site, decimal=".", thousands=","):
    """One row under `header`: sales, two fees and their total; every other amount 0."""
    fixed = {"posted_at": when, "transaction_type": kind, "marketplace": site, "settlement_id": "12345678901",
             "order_id": "171-9706558-5939530", "msku": "00123", "units": "1", "released_at": when}
    known = specs.match(header).columns
    row = []
    for position in range(len(header)):
        column = known.get(position)
        value = fixed.get(column.name, "") if column else "somewhere"
        if column and column.type == "money":
            value = f"{AMOUNTS.get(column.name, 0):,.2f}".translate(str.maketrans({".": decimal, ",": thousands}))
        row.append(value)
    return row


@pytest.mark.parametrize(("header", "encoding", "preamble", "row", "word", "currency", "utc"), [
    (NORTH, "utf-8-sig", "USD", {"when": "Jan 5, 2026 11:03:05 PM PST", "kind": "Order", "site": "amazon.com"},
     "Order", "USD", "2026-01-06 07:03:05"),
    (AE, "utf-8", "AED", {"when": "5 Jan 2026 11:03:05 UTC", "kind": "Refund", "site": "amazon.ae"},
     "Refund", "AED", "2026-01-05 11:03:05"),
    (UK, "utf-8-sig", "GBP", {"when": "5 Jan 2026 11:03:05 UTC", "kind": "Order", "site": "amazon.co.uk"},
     "Order", "GBP", "2026-01-05 11:03:05"),
    (DE, "cp1252", "", {"when": "05.01.2026 11:03:05 UTC", "kind": "Erstattung", "site": "amazon.de", "decimal": ",",
                        "thousands": "."}, "Refund", "EUR", "2026-01-05 11:03:05"),
    (IT, "utf-8-sig", "", {"when": "5 gen 2026 11:03:05 UTC", "kind": "Ordine", "site": "amazon.it", "decimal": ",",
                           "thousands": "."}, "Order", "EUR", "2026-01-05 11:03:05"),
    (ES, "utf-8", "", {"when": "5 ene 2026 11:03:05 UTC", "kind": "Ajuste", "site": "amazon.es", "decimal": ",",
                       "thousands": "."}, "Adjustment", "EUR", "2026-01-05 11:03:05"),
    (MX, "utf-8", "MXN", {"when": "5 ene 2026 11:03:05 GMT-8", "kind": "Pedido", "site": "amazon.com.mx"},
     "Order", "MXN", "2026-01-05 19:03:05"),
    (NL, "utf-8", "", {"when": "5 jan. 2026 11:03:05 UTC", "kind": "Bestelling", "site": "amazon.nl", "decimal": ",",
                       "thousands": "."}, "Order", "EUR", "2026-01-05 11:03:05"),
    (SV, "utf-8", "", {"when": "5 jan. 2026 11:03:05 UTC", "kind": "Återbäring", "site": "amazon.se", "decimal": ",",
                       "thousands": "\u00a0"}, "Refund", "SEK", "2026-01-05 11:03:05"),
], ids=["US", "AE", "UK", "DE", "IT", "ES", "MX", "NL", "SV"])
def test_transactions_are_read_in_every_language(tmp_path, header, encoding, preamble, row, word, currency, utc):
    above = [line.format(preamble) for line in PREAMBLE] if preamble else []
    text = "\r\n".join([*above, quoted(header), *[quoted(transaction(header, **row))] * 2]) + "\r\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    report = reports.read(tmp_path / "t.csv")
    assert [problem.why for problem in report.found] == []
    first = report.table.iloc[0]
    assert (first["transaction_type"], first["currency"], first["msku"]) == (word, currency, "00123")
    assert str(first["posted_at"])[:19] == utc
    assert {name: float(first[name]) for name in AMOUNTS} == AMOUNTS
    assert "somewhere" not in report.table.astype(str).to_numpy()
    assert report.table["line"].tolist() == [len(above) + 2, len(above) + 3]


def test_japanese_transactions_have_points_and_no_decimals(tmp_path):
    row = transaction(JP, when="2026/08/31 23:59:59 JST", kind="注文", site="amazon.jp")
    for name, value in (("商品売上", "12,980"), ("手数料", "-1,298"), ("Amazonポイントの費用", "-130"), ("FBA 手数料", "0"),
                        ("合計", "11,552")):
        row[JP.index(name)] = value
    (tmp_path / "t.csv").write_bytes("\r\n".join([quoted(JP), quoted(row), ""]).encode("cp932"))
    report = reports.read(tmp_path / "t.csv")
    first = report.table.iloc[0]
    assert (report.encoding, first["transaction_type"], first["currency"]) == ("cp932", "Order", "JPY")
    assert (first["product_sales"], first["points_cost"], first["amount"]) == (12980, -130, 11552)
    assert str(first["posted_on"].date()) == "2026-08-31" and str(first["posted_at"]) == "2026-08-31 14:59:59+00:00"


def test_the_taxes_of_indian_transactions_are_known_so_that_a_rows_parts_make_its_total(tmp_path):
    taxes = {"Total sales tax liable(GST before adjusting TCS)": "180", "TCS-CGST": "0", "TCS-SGST": "0", "TCS-IGST": "-5",
             "TDS (Section 194-O)": "-1"}
    at = AE.index("sales tax collected")
    header = [*AE[:at], *taxes, *AE[at + 2:]]
    row = transaction(AE, when="1 Jul 2026 4:24:44 am UTC", kind="Order", site="amazon.in")
    row[AE.index("product sales"):] = ["1,44,957.78", "0", "0", "0", "", "", "-150", "-80", "-50", "0", "1,44,851.78"]
    row = [*row[:at], *taxes.values(), *row[at + 2:]]
    above = [line.format("INR") for line in PREAMBLE]
    (tmp_path / "t.csv").write_text("\n".join([*above, quoted(header), quoted(row), ""]), "utf-8")
    report = reports.read(tmp_path / "t.csv")
    assert [problem.why for problem in report.found] == []
    first = report.table.iloc[0]
    assert (first["currency"], first["product_sales"], first["amount"]) == ("INR", 144957.78, 144851.78)
    assert report.table[list(report.spec.parts)].sum(axis=1).round(2).tolist() == [144851.78]


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


def test_an_unknown_type_of_transaction_is_kept_and_told(tmp_path):
    row = transaction(NORTH, when="Jan 5, 2026 11:03:05 AM PST", kind="Holiday Bonus", site="amazon.com")
    (tmp_path / "t.csv").write_text("\n".join([quoted(NORTH), quoted(row), ""]), "utf-8")
    report = reports.read(tmp_path / "t.csv")
    assert report.table["transaction_type"].tolist() == ["Holiday Bonus"]
    assert "unknown word 'Holiday Bonus': kept" in report.problems["why"].tolist()


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


def test_a_newer_export_owns_a_countrys_month_and_a_sites_day_and_no_others(tmp_path):
    header, fee = FILES["storage_fees"]
    canada, older = fee.replace("\tUS\t", "\tCA\t").replace("\tUSD\t", "\tCAD\t"), fee.replace("\t0.9400\t", "\t7.7700\t")
    day = {"when": "Jan 5, 2026 11:03:05 AM PST", "kind": "Order"}
    us, mx = (transaction(NORTH, site=site, **day) for site in ("amazon.com", "amazon.com.mx"))
    service = transaction(NORTH, site="", **day)
    service[NORTH.index("type")] = "Service Fee"
    files = {"fees-20260601080000.txt": [header, older], "fees-20260701080000.txt": [header, fee],
             "fees-ca-20260702080000.txt": [header, canada],
             "us-20260601080000.csv": [quoted(NORTH), quoted(us), quoted(service)],
             "us-20260701080000.csv": [quoted(NORTH), quoted(us), quoted(service)],
             "mx-20260702080000.csv": [quoted(NORTH), quoted(mx), quoted(service)]}
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n" * (1 + ("0601" in name)), "utf-8")
    known = books.open(tmp_path)
    fees, trades = known["storage_fees"], known["transactions"]
    assert sorted(zip(fees["country"], fees["storage_fee"], strict=True)) == [("CA", 0.94), ("US", 0.94)]
    assert sorted(zip(trades["marketplace"], trades["transaction_type"], strict=True)) == [
        ("amazon.com", "Order"), ("amazon.com", "Service Fee"), ("amazon.com.mx", "Order"),
        ("amazon.com.mx", "Service Fee")]
    assert set(trades.loc[trades["marketplace"] == "amazon.com.mx", "currency"]) == {"MXN"}
