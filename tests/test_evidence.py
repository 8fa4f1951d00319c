"""Which papers a claim has, whether they fit, and the packet that is made of them."""

import datetime as dt
import io

import pandas as pd
import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from workbench import books, cli, evidence, packet, policy, words
from workbench.claims import claims as find_claims
from workbench.simulate import simulate

TODAY = dt.date(2026, 6, 30)
EMPTY = {"claim_id": "", "claim_type": "inbound_shortage", "fnsku": "X000000001", "msku": "S-1", "asin": "B000000001",
         "order_id": "", "shipment_id": "FBA15ABC", "reimbursement_id": "", "fulfillment_center": "PHX7",
         "event_date": pd.Timestamp("2026-05-04"), "units_owed": 3, "units_settled": 1, "units_open": 2, "unit_value": 5.0,
         "amount_open": 10.0, "currency": "USD", "policy": "amazon", "opens_on": pd.Timestamp("2026-05-04"),
         "deadline": pd.Timestamp("2027-02-04"), "status": "open", "ambiguous": "", "sources": "inbound.csv:7",
         "rule": "Seller Central GEYPWTSQRTXXXMVB (copy of early 2025) [amazon]"}


ASKED = policy.load("amazon", "US").facts["evidence"]


def claims(*changes):
    rows = [EMPTY | {"claim_id": f"c{at}"} | change for at, change in enumerate(changes)]
    return pd.DataFrame([{"evidence": ";".join(ASKED.get(row["claim_type"], ()))} | row for row in rows])


@pytest.fixture
def shop(tmp_path):
    """A seller folder; `shop(name=text)` puts files into its evidence folder."""
    folder = tmp_path / "shop"
    folder.mkdir()

    def put(**files):
        for name, data in files.items():
            place = folder / "Evidence" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data if isinstance(data, bytes) else data.encode())
        return folder

    return put


def document(*lines, link=False):
    """A PDF with text."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for at, line in enumerate(lines):
        canvas.drawString(72, 760 - 20 * at, line)
    if link:
        canvas.linkURL("http://evil.example/", (0, 0, 500, 500))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def states(folder, table):
    found = evidence.papers(table, evidence.files(folder), books.open(folder, TODAY))
    return found.set_index(["claim_id", "paper"])["state"].to_dict()


@pytest.mark.parametrize("name", ["FBA15ABC_pod.pdf", "pod-fba15abc.PDF", "2026/FBA15ABC/POD (2).pdf", "签收FBA15ABC.pdf"])
def test_a_file_belongs_to_the_claim_whose_id_its_name_holds(shop, name):
    assert states(shop(**{name: b"%PDF"}), claims({}))["c0", "proof_of_delivery"] == "present"


@pytest.mark.parametrize("name", ["FBA15ABCD_pod.pdf", "pod.pdf", "xFBA15ABC pod.pdf", "FBA15ABC.pdf",
                                  "FBA15ABC tripod.pdf"])
def test_half_an_id_or_a_name_that_does_not_say_which_paper_it_is_counts_for_nothing(shop, name):
    assert states(shop(**{name: b"%PDF"}), claims({}))["c0", "proof_of_delivery"] == "missing"


def test_ids_of_several_words_and_pictures(shop):
    folder = shop(**{"114-1000388-7959396.JPG": b"x", "X000000001 invoice.csv": "sku,quantity\n"})
    table = claims({"claim_type": "removal_lost", "order_id": "114-1000388-7959396"}, {"claim_type": "lost_warehouse"})
    found = states(folder, table)
    assert found["c0", "photos"] == "present" and found["c0", "tracking"] == "missing"
    assert found["c0", "removal_order_id"] == "in_reports"
    assert found["c1", "invoice_for_cost"] == "present" and found["c1", "ledger_lines"] == "in_reports"


def test_a_claim_has_a_row_for_each_paper_that_it_asks_for(shop):
    found = states(shop(), claims({"evidence": "shipment_id;gps_track"}, {"evidence": ""}))
    assert found == {("c0", "shipment_id"): "in_reports", ("c0", "gps_track"): "missing"}


def test_complete_and_missing_are_told_per_claim():
    table = pd.DataFrame({"claim_id": ["a", "a", "b"], "paper": ["x", "y", "x"],
                          "state": ["missing", "present", "in_reports"]})
    assert evidence.complete(table).to_dict() == {"a": False, "b": True}
    assert evidence.missing(table).to_dict() == {"a": "x"}


def verdicts(folder, **change):
    table = claims(change)
    own = evidence.belonging(table, evidence.files(folder))
    found = evidence.fits(table.iloc[0], own)
    return {(row.what, row.verdict) for row in found.itertuples()}


@pytest.mark.parametrize(("text", "product", "quantity", "date"), [
    ("date,sku,quantity\n2026-01-03,S-1,40\n", "fits", "fits", "fits"),
    ("date,sku,quantity\n2026-06-03,s-1,2\n", "fits", "differs", "differs"),
    ("date,sku,quantity\n2024-06-03,S-1,3\n", "fits", "fits", "differs"),
    ("date,sku,quantity\n03/04/2026,S-9,40\n", "not_found", "not_found", "not_found"),
    ("日期,货号,数量\n2026年1月3日,S-1,1\n2026年1月3日,S-1,2\n", "fits", "fits", "fits"),
    ("hello\n", "not_found", "not_found", "not_found")])
def test_an_invoice_is_compared_where_it_says_what_its_columns_are(shop, text, product, quantity, date):
    found = verdicts(shop(**{"FBA15ABC invoice.csv": text}))
    assert found == {("product", product), ("quantity", quantity), ("date", date)}


def test_a_pdf_with_text_is_read_and_a_scan_is_not(shop):
    pod = document("Proof of delivery FBA15ABC", "Date: 2026-05-05")
    assert verdicts(shop(**{"FBA15ABC POD.pdf": pod})) == {("product", "fits"), ("date", "fits")}
    assert verdicts(shop(**{"FBA15ABC POD.pdf": document()})) == {("file", "not_readable")}


@pytest.mark.parametrize(("name", "data"), [("FBA15ABC invoice.pdf", b"%PDF-1.4 broken"), ("FBA15ABC invoice.xlsx", b"PK"),
                                            ("FBA15ABC invoice.docx", b"x"), ("FBA15ABC invoice.csv", b"\xff\xfe\x00\xff")])
def test_what_cannot_be_read_is_said_and_not_guessed(shop, name, data):
    assert verdicts(shop(**{name: data})) == {("file", "not_readable")}


@pytest.mark.parametrize(("name", "data"), [("FBA15ABC POD.pdf", b"%PDF-1.4 broken"), ("FBA15ABC POD.jpg", b"\xff\xd8 cut"),
                                            ("FBA15ABC POD.xlsx", b"PK")])
def test_a_damaged_file_is_no_paper_once_it_was_opened(shop, name, data):
    folder = shop(**{name: data, "FBA15ABC invoice.csv": "date,sku,quantity\n2026-01-03,S-1,40\n"})
    claim, papers, fit = opened(folder)
    assert papers.set_index("paper").loc["proof_of_delivery", "state"] == "present", "by its name"
    said = packet.text(claim, papers, fit)
    assert "Attached: proof of ownership." in said and "- Missing: proof of delivery." in said and name in said
    assert not packet.is_ready(claim, papers, fit)
    shop(**{"FBA15ABC POD (2).pdf": document("Delivered FBA15ABC", "Date: 2026-05-04")})
    assert packet.is_ready(*opened(folder)), "the second copy is whole"


def opened(folder):
    table = claims({})
    own = evidence.belonging(table, evidence.files(folder))
    return table.iloc[0], evidence.papers(table, own, books.open(folder, TODAY)), evidence.fits(table.iloc[0], own)


# ---------------------------------------------------------------------------------------------------- the packet

def made(folder, **change):
    table = claims(change)
    own = evidence.belonging(table, evidence.files(folder))
    papers = evidence.papers(table, own, books.open(folder, TODAY))
    claim = table.iloc[0]
    fit = evidence.fits(claim, own)
    story = words.Text("story\n  inbound.csv:7  units=3", "经过\n  inbound.csv:7  units=3")
    return packet.pdf(claim, papers, fit, own, story, "Shop <b>& Söhne</b> 家居"), claim, papers, fit


def test_the_packet_joins_pdfs_and_pictures_and_names_what_it_cannot_join(shop):
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (30, 20)).save(picture, "JPEG")
    folder = shop(**{"FBA15ABC POD.pdf": document("Delivered to dock", link=True), "FBA15ABC.jpg": picture.getvalue(),
                     "FBA15ABC invoice.csv": "sku,quantity\nS-1,9\n", "FBA15ABC invoice.pdf": b"%PDF broken"})
    reader = PdfReader(io.BytesIO(made(folder)[0]))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "Delivered to dock" in text and "FBA15ABC.jpg" in text and "inbound.csv:7" in text
    assert "Not joined" in text and "FBA15ABC invoice.csv" in text and "FBA15ABC invoice.pdf" in text
    assert "Shop <b>& Söhne</b> 家居" in text and "入库短少" in text and "prepared, not filed" in text
    assert not [page for page in reader.pages if page.get("/Annots")], "links are taken out"


def test_a_packet_of_more_files_than_a_page_can_name_is_made(shop):
    names = [f"FBA15ABC POD {at:03d} photographed at the dock of the warehouse.pdf" for at in range(120)]
    reader = PdfReader(io.BytesIO(made(shop(**dict.fromkeys(names, document("Delivered"))))[0]))
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", " ")
    assert len(reader.outline) == 120 and all(name.split()[2] in text for name in names)


def test_a_european_packet_writes_euros_and_chinese_file_names_can_be_read(shop):
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (30, 20)).save(picture, "PNG")
    folder = shop(**{"FBA15ABC 装箱单.png": picture.getvalue(), "FBA15ABC 签收.pdf": document("Delivered")})
    reader = PdfReader(io.BytesIO(made(folder, currency="EUR")[0]))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "€10.00" in text and "[U+" not in text
    assert "FBA15ABC 装箱单.png" in reader.pages[-2].extract_text() + reader.pages[-1].extract_text()
    assert {item.title for item in reader.outline} == {"Evidence/FBA15ABC 装箱单.png", "Evidence/FBA15ABC 签收.pdf"}


def test_the_same_claim_and_files_give_the_same_bytes(shop):
    folder = shop(**{"FBA15ABC POD.pdf": document("Delivered")})
    assert made(folder)[0] == made(folder)[0]


def test_scripts_and_actions_of_evidence_do_not_come_along(shop):
    from pypdf import PdfWriter
    from pypdf.annotations import FreeText
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter(clone_from=io.BytesIO(document("Signed by dock 4")))
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")})
    writer.root_object[NameObject("/OpenAction")] = script
    writer.add_attachment("evil.exe", b"MZ")
    writer.add_annotation(0, FreeText(text="stamp", rect=(50, 550, 200, 650)))
    page = writer.pages[0]
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})
    page["/Annots"][0].get_object()[NameObject("/A")] = script
    out = io.BytesIO()
    writer.write(out)
    data = made(shop(**{"FBA15ABC POD.pdf": out.getvalue()}))[0]
    assert b"/JavaScript" not in data and b"/OpenAction" not in data and b"/EmbeddedFile" not in data
    assert b"stamp" in data and "Signed by dock 4" in PdfReader(io.BytesIO(data)).pages[-1].extract_text()


def test_the_case_text_states_facts_in_both_languages_and_no_urgency(shop):
    _, claim, papers, fit = made(shop(**{"FBA15ABC POD.pdf": document("Date: 2026-05-04")}))
    said = packet.case_text(claim, papers)
    for fact in ("FBA15ABC", "X000000001", "PHX7", "May 4, 2026", "reimburse 2 units", "GEYPWTSQRTXXXMVB",
                 "proof of delivery"):
        assert fact in said.en
    assert "货件编号 FBA15ABC" in said.zh and "请调查并赔付 2 件" in said.zh
    whole = packet.text(claim, papers, fit)
    assert "urgent" not in whole.casefold() and "紧急" not in whole
    assert "Missing: proof of ownership." in whole and not packet.is_ready(claim, papers, fit)


def test_the_articles_rules_are_not_cited_to_amazon(shop):
    _, claim, papers, _ = made(shop(), policy="article_2026_01", rule="the article, S7 [unverified]")
    assert "article" not in packet.case_text(claim, papers).en


@pytest.mark.parametrize("kind", [*policy.KINDS, "new"])
def test_every_kind_of_claim_has_its_text_even_one_nobody_knows_yet(shop, kind):
    _, claim, papers, _ = made(shop(), claim_type=kind, unit_value=float("nan"), amount_open=float("nan"),
                               deadline=pd.NaT, opens_on=pd.NaT, status="ambiguous", ambiguous="no rule")
    assert "X000000001" in packet.case_text(claim, papers).en


@pytest.mark.slow
def test_the_packet_command_writes_a_pdf_or_a_text_and_says_what_is_left_to_do(tmp_path, capsys):
    folder = tmp_path / "shop"
    simulate(folder, seed=4, skus=6, months=3, last_month="2026-03")
    known = books.open(folder)
    table = find_claims(known, known.through, policy.load("amazon", "US"))
    claim = table[table["status"] == "open"].iloc[0]
    assert cli.main(["packet", str(folder), claim["claim_id"], "--quiet", "--out", str(tmp_path / "p.pdf")]) in (0, 3)
    assert claim["fnsku"] in PdfReader(tmp_path / "p.pdf").pages[0].extract_text()
    assert cli.main(["packet", str(folder), claim["claim_id"], "--out", str(tmp_path / "p.txt")]) in (0, 3)
    assert capsys.readouterr().out.strip() == (tmp_path / "p.txt").read_text("utf-8").strip()
    assert cli.main(["packet", str(folder), "nobody", "--out", str(tmp_path / "q.pdf")]) == 1
    assert cli.main(["packet", str(folder), claim["claim_id"], "--out", str(tmp_path / "q.doc")]) == 1
    assert "there is no claim 'nobody'" in capsys.readouterr().err and not (tmp_path / "q.pdf").exists()
