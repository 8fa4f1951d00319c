"""The papers of a claim: which are asked for, which lie in the seller's `evidence/` folder, whether they fit.

A file belongs to a claim when its name (or a folder's on the way) holds the claim's shipment id, order id or FNSKU as a
whole word, in any case. Which paper it is, its name says too (invoice, POD, packing list, 发票, 签收 …), and a picture is
a photo; a file whose name does not say is shown, and counts for nothing. What stands inside is compared only where it
can be read for sure: tables (CSV, XLSX) and PDFs with text. Everything else is "not readable", never guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from workbench.books import Books

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file is said here, with its name

FOLDER = "evidence"
LARGEST = 25 << 20  # bytes; a larger file is listed, not opened
PAGES_READ = 20  # pages of a PDF that are searched for text
SHORTEST = 5  # characters of an id; a shorter one could stand in any name
IDS = ("shipment_id", "order_id", "fnsku")
PICTURES = (".jpg", ".jpeg", ".png")
# Papers that the reports themselves are: what the claim must hold for them.
IN_REPORTS = {"ledger_lines": "sources", "transactions": "sources", "removal_orders": "sources", "order_id": "order_id",
              "removal_order_id": "order_id", "shipment_id": "shipment_id", "reimbursement_id": "reimbursement_id"}
INVOICE = ("invoice", "receipt", "fapiao", "发票", "收据")
# Papers that are files, and the words by which a file's name says so: Latin words whole, Chinese ones anywhere.
WORDS = {"invoice_for_cost": INVOICE, "commercial_invoice": INVOICE,
         "proof_of_ownership": (*INVOICE, "ownership", "packing slip", "所有权"),
         "value_proof": (*INVOICE, "value", "purchase", "采购", "价值"),
         "proof_of_delivery": ("pod", "delivery", "delivered", "bol", "signature", "签收", "送达"),
         "packing_list": ("packing list", "packinglist", "packing", "装箱单"),
         "gps_track": ("gps", "track", "轨迹"), "tracking": ("tracking", "waybill", "awb", "运单", "快递单"),
         "waybill": ("waybill", "awb", "tracking", "运单", "快递单"), "photos": ("photo", "photos", "照片", "图片"),
         "dimensions_photo": ("dimension", "dimensions", "weight", "measurement", "尺寸", "重量"),
         "purchase_contract": ("contract", "payment", "合同", "付款")}
PRODUCT = ("fnsku", "sku", "msku", "asin", "sellersku", "itemsku", "商品编码", "产品编码", "货号")
QUANTITY = ("quantity", "qty", "units", "pcs", "数量", "件数")
DATE = ("date", "invoicedate", "purchasedate", "deliverydate", "delivered", "日期", "开票日期", "签收日期", "采购日期")
YEAR = 365  # days; an older invoice does not prove today's cost
DAMAGED = "damaged"  # the first word of why a file that is cut or broken cannot be read
LATE_DAYS = 3  # a proof of delivery may be dated so much after the day the report gives


def files(seller: Path | str) -> pd.DataFrame:
    """One row per file below the seller's evidence folder, by name: file (relative to the seller folder), path, bytes,
    and papers (the names of the papers it can be, joined by ";"; "" where its name does not say)."""
    root = Path(seller)
    found = sorted(path for folder in root.glob("*") if folder.is_dir() and folder.name.casefold() == FOLDER
                   for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))
    rows = [(path.relative_to(root).as_posix(), path, path.stat().st_size, ";".join(_papers(path.name))) for path in found]
    return pd.DataFrame(rows, columns=["file", "path", "bytes", "papers"])


def papers(claims: pd.DataFrame, folder: pd.DataFrame, books: Books) -> pd.DataFrame:
    """One row per claim and paper its `evidence` column asks for: claim_id, paper, state and files (joined by ";").

    state: "in_reports" (the exports themselves hold it), "present" (a file of that kind belongs to the claim), "missing".
    `folder`: of `files`.
    """
    held = claims.assign(paper=claims["evidence"].str.split(";")).explode("paper")
    held = held[held["paper"] != ""].reset_index(drop=True)
    own = belonging(claims, folder)
    kinds = own.assign(paper=own["papers"].str.split(";")).explode("paper")
    found = kinds.groupby(["claim_id", "paper"])["file"].agg(";".join).rename("files").reset_index()
    out = held.merge(found, on=["claim_id", "paper"], how="left", validate="many_to_one")
    reports = pd.Series(False, index=out.index)
    for paper, column in IN_REPORTS.items():
        reports |= out["paper"].eq(paper) & out[column].ne("")
    sent = books["removal_shipments"]
    tracked = set(sent.loc[sent["tracking_number"].astype("str").ne("") & sent["tracking_number"].notna(), "order_id"]
                  .astype("str"))
    reports |= out["paper"].isin(["tracking", "waybill"]) & out["order_id"].isin(tracked)
    out["files"] = out["files"].astype("object").fillna("").astype("str")
    out["state"] = "missing"
    out["state"] = out["state"].mask(out["files"] != "", "present").mask(reports, "in_reports")
    return out[["claim_id", "paper", "state", "files"]]


def complete(table: pd.DataFrame) -> pd.Series:
    """claim_id -> whether no paper is missing. `table`: of `papers`."""
    return table["state"].ne("missing").groupby(table["claim_id"]).all()


def missing(table: pd.DataFrame) -> pd.Series:
    """claim_id -> the papers it still lacks, joined by ";"."""
    rows = table[table["state"] == "missing"]
    return rows.groupby("claim_id")["paper"].agg(";".join)


def belonging(claims: pd.DataFrame, folder: pd.DataFrame) -> pd.DataFrame:
    """Which files belong to which claim: claim_id, file, path, papers; in the order of the files."""
    names = {at: _phrases(file.split("/", 1)[1]) for at, file in enumerate(folder["file"])}
    ids = claims[["claim_id", *IDS]].melt("claim_id", value_name="id").drop_duplicates(["claim_id", "id"])
    same = pd.concat([ids.loc[ids["id"].str.len() >= SHORTEST, ["claim_id", "id"]],
                      claims[["claim_id"]].assign(id=claims["claim_id"])])
    same["phrase"] = same["id"].map({text: " ".join(_words(text)) for text in same["id"].unique()})
    phrases = pd.DataFrame([(phrase, at) for at, held in names.items() for phrase in held], columns=["phrase", "at"])
    pairs = same.merge(phrases, on="phrase", validate="many_to_many")[["claim_id", "at"]].drop_duplicates()
    pairs = pairs.sort_values(["claim_id", "at"])
    return folder.iloc[pairs["at"].to_numpy(int)].assign(claim_id=pairs["claim_id"].to_numpy())[
        ["claim_id", "file", "path", "papers"]].reset_index(drop=True)


def readable(papers: pd.DataFrame, fit: pd.DataFrame) -> pd.DataFrame:
    """A claim's rows of `papers` without its damaged files: a paper that no other file holds is missing.

    `papers` goes by the names of files; here they have been opened. `fit`: of `fits`.
    """
    damaged = set(fit.loc[fit["what"].eq("file") & fit["found"].str.startswith(DAMAGED), "file"])
    whole = [";".join(file for file in files.split(";") if file not in damaged) for files in papers["files"]]
    out = papers.assign(files=pd.Series(whole, index=papers.index, dtype="str"))
    return out.assign(state=out["state"].mask(out["state"].eq("present") & out["files"].eq(""), "missing"))


# ---------------------------------------------------------------------------------------------------- do they fit

def fits(claim: pd.Series, own: pd.DataFrame) -> pd.DataFrame:
    """What a claim's files say beside what the claim says: file, what, found, expected, verdict.

    what: product (is the claim's product or id named?), quantity (at least the units owed), date (an invoice: not after
    the event and at most a year old; a delivery: not after the day the report gives). verdict: fits, differs, not_found
    (readable, but it does not say), not_readable. `own`: the claim's rows of `belonging`.
    """
    rows: list[tuple] = []
    for file, path, kinds in zip(own["file"], own["path"], own["papers"], strict=True):
        lines, why = _lines(Path(path))
        if why:
            rows.append((file, "file", why, "", "not_readable"))
            continue
        rows += [(file, *found) for found in _compared(claim, lines, kinds.split(";"))]
    return pd.DataFrame(rows, columns=["file", "what", "found", "expected", "verdict"])


def _compared(claim: pd.Series, lines: list[list[object]], kinds: Sequence[str]) -> Iterator[tuple]:
    products = {str(claim[name]).casefold() for name in ("fnsku", "msku", "asin")} - {""}
    ids = products | {str(claim[name]).casefold() for name in ("shipment_id", "order_id")} - {""}
    text = "\n".join(" ".join(str(cell) for cell in line) for line in lines).casefold()
    named = sorted(word for word in ids if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text))
    yield ("product", ", ".join(named), ", ".join(sorted(ids)), "fits" if named else "not_found")
    invoice = bool({"invoice_for_cost", "proof_of_ownership"} & set(kinds))
    units, day = _table(lines, products)
    if invoice or "packing_list" in kinds:
        owed = int(claim["units_owed"])
        yield ("quantity", "" if units is None else f"{units:g}", f">= {owed}",
               "not_found" if units is None else "fits" if units >= owed else "differs")
    event = None if pd.isna(claim["event_date"]) else claim["event_date"].date()
    if event and (invoice or "proof_of_delivery" in kinds):
        first = event - dt.timedelta(days=YEAR) if invoice else dt.date.min
        last = event if invoice else event + dt.timedelta(days=LATE_DAYS)
        expected = f"{first}..{last}" if invoice else f"<= {last}"
        yield ("date", str(day or ""), expected, "not_found" if day is None else
               "fits" if first <= day <= last else "differs")


def _table(lines: list[list[object]], products: set[str]) -> tuple[float | None, dt.date | None]:
    """Units of the claim's product and the date, from columns or labels that say what they are; None where none does."""
    units, days, columns = None, [], {}
    for line in lines:
        words = [re.sub(r"[\s_\-.:：]", "", str(cell)).casefold() for cell in line]
        at = {kind: next((i for i, word in enumerate(words) if word in names), None)
              for kind, names in (("product", PRODUCT), ("quantity", QUANTITY), ("date", DATE))}
        if at["product"] is not None and at["quantity"] is not None:
            columns = at
            continue
        cells = dict(enumerate(line))
        if columns and str(cells.get(columns["product"], "")).strip().casefold() in products:
            count = _number(cells.get(columns["quantity"]))
            units = units if count is None else (units or 0) + count
            days += [_date(cells.get(columns["date"]))] if columns["date"] is not None else []
        labelled = re.search(rf"(?:{'|'.join(DATE)})\s*[:：]?\s*(.+)", " ".join(str(cell) for cell in line), re.IGNORECASE)
        if labelled and not (columns and columns.get("date") is not None):
            days.append(_date(labelled[1]))
    known = [day for day in days if day]
    return units, max(known) if known else None


def _number(cell: object) -> float | None:
    text = str(cell).strip().replace(",", "")
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _date(cell: object) -> dt.date | None:
    """A day that cannot be misread: year first, or a real date of a workbook; None for 03/04/2025."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    found = re.match(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})", str(cell))
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


# ---------------------------------------------------------------------------------------------------- reading

def _lines(path: Path) -> tuple[list[list[object]], str]:
    """The cells of each line of a file, or why it cannot be read."""
    kind = path.suffix.lower()
    if path.stat().st_size > LARGEST:
        return [], "larger than 25 MB"
    try:
        if kind in (".csv", ".tsv", ".txt"):
            return _text_lines(path.read_bytes())
        if kind == ".xlsx":
            from python_calamine import CalamineWorkbook

            book = CalamineWorkbook.from_path(str(path))
            return [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()], ""
        if kind == ".pdf":
            return _pdf_lines(path)
        if kind in PICTURES:
            return _seen(path)
    except Exception as error:  # a damaged file of any kind is not readable, and stops nothing
        return [], f"{DAMAGED} ({type(error).__name__})"
    return [], f"a {kind or 'nameless'} file"


def _text_lines(data: bytes) -> tuple[list[list[object]], str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        head = text[:4096]
        separator = max(",;\t", key=head.count)
        return list(csv.reader(io.StringIO(text), delimiter=separator)), ""
    return [], "an unknown encoding"


def _seen(path: Path) -> tuple[list[list[object]], str]:
    """A picture is not read, only opened: one that is cut or broken raises."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()
    return [], "a picture"


def _pdf_lines(path: Path) -> tuple[list[list[object]], str]:
    from pypdf import PdfReader

    reader = PdfReader(path)
    if reader.is_encrypted:
        return [], "encrypted"
    if not reader.pages:
        raise ValueError("no page")
    text = "\n".join(page.extract_text() or "" for page in reader.pages[:PAGES_READ])
    if not text.strip():
        return [], "a scan without text"
    return [re.split(r"\s{2,}|\t|\s\|\s", line.strip()) if re.search(r"\s{2,}|\t|\|", line) else line.split()
            for line in text.splitlines()], ""


def _papers(name: str) -> list[str]:
    """The papers a file of that name can be.

    >>> _papers("FBA123_POD.pdf"), _papers("X001 发票.csv"), _papers("scan.pdf")
    (['proof_of_delivery'], ['invoice_for_cost', 'commercial_invoice', 'proof_of_ownership', 'value_proof'], [])
    """
    phrases = _phrases(name)
    found = [paper for paper, words in WORDS.items()
             if any(word in phrases if word.isascii() else word in name for word in words)]
    if name.lower().endswith(PICTURES):
        found += [paper for paper in ("photos", "dimensions_photo") if paper not in found]
    return found


def _words(text: str) -> list[str]:
    """The words of a name: letters and digits, folded; whatever stands between them parts them."""
    return re.findall(r"[^\W_]+", text.casefold())


def _phrases(name: str) -> set[str]:
    """Every run of up to four words of a name; Chinese letters beside Latin ones part them too."""
    spaced = re.sub(r"([\u3040-\u9fff]+)", r" \1 ", name.casefold())
    words = _words(spaced)
    return {" ".join(words[at:at + count]) for at in range(len(words)) for count in range(1, 5)}
