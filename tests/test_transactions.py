"""Date-range transactions in every language of their headers, words, dates and numbers."""

import pytest
from handmade import cells, quoted

from workbench import books, reports, specs

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


def test_an_unknown_type_of_transaction_is_kept_and_told(tmp_path):
    row = transaction(NORTH, when="Jan 5, 2026 11:03:05 AM PST", kind="Holiday Bonus", site="amazon.com")
    (tmp_path / "t.csv").write_text("\n".join([quoted(NORTH), quoted(row), ""]), "utf-8")
    report = reports.read(tmp_path / "t.csv")
    assert report.table["transaction_type"].tolist() == ["Holiday Bonus"]
    assert "unknown word 'Holiday Bonus': kept" in report.problems["why"].tolist()


def test_a_newer_export_owns_a_sites_day_and_no_others(tmp_path):
    day = {"when": "Jan 5, 2026 11:03:05 AM PST", "kind": "Order"}
    us, mx = (transaction(NORTH, site=site, **day) for site in ("amazon.com", "amazon.com.mx"))
    service = transaction(NORTH, site="", **day)
    service[NORTH.index("type")] = "Service Fee"
    files = {"us-20260601080000.csv": [quoted(NORTH), quoted(us), quoted(service), ""],
             "us-20260701080000.csv": [quoted(NORTH), quoted(us), quoted(service)],
             "mx-20260702080000.csv": [quoted(NORTH), quoted(mx), quoted(service)]}
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join([*lines, ""]), "utf-8")
    trades = books.open(tmp_path)["transactions"]
    assert sorted(zip(trades["marketplace"], trades["transaction_type"], strict=True)) == [
        ("amazon.com", "Order"), ("amazon.com", "Service Fee"), ("amazon.com.mx", "Order"),
        ("amazon.com.mx", "Service Fee")]
    assert set(trades.loc[trades["marketplace"] == "amazon.com.mx", "currency"]) == {"MXN"}
