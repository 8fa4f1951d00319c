"""One claim made ready to file: the case text to paste, and one PDF that joins its story with its evidence.

Nothing here files anything: there is no way to do so but by hand, and Amazon refuses unresearched or bulk requests. The
text states ids, days, quantities and the rule, and no urgency. The same claim and files give the same bytes. Text from
files is drawn as text; of evidence PDFs only the pages are taken, without scripts, links, actions or attachments.
"""

from __future__ import annotations

import contextlib
import io
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench import words
from workbench.evidence import DAMAGED, LARGEST, PICTURES, readable
from workbench.words import Money, Text, joined, listed, named, say

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle

PAGES_JOINED = 200  # pages of one evidence PDF
IDS = ("fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center")
OF_MONEY = ("underpaid", "wrong_reversal", "fee_overcharge")  # claims about an amount, not about missing units
CHINESE = "STSong-Light"  # one of Adobe's own CJK fonts: named in the PDF, drawn by every reader, not embedded
INERT_NOTES = ("/Link", "/FileAttachment", "/RichMedia", "/Movie", "/Screen", "/Sound", "/3D")


def case_text(claim: pd.Series, papers: pd.DataFrame) -> Text:
    """The case to paste into Seller Central, in English, with a Chinese gloss. `papers`: the claim's, of
    `evidence.papers`."""
    kind = str(claim["claim_type"])
    currency = str(claim["currency"])
    values = {"ids": listed([_labelled(name, claim) for name in IDS if claim[name]]), "day": claim["event_date"],
              "owed": int(claim["units_owed"]), "settled": int(claim["units_settled"]), "open": int(claim["units_open"]),
              "each": Money(claim["unit_value"], currency), "amount": Money(claim["amount_open"], currency)}
    known = words.known(f"evidence.case_{kind}")
    lines = [say("evidence.subject", kind=named("claim_type", kind), **values), Text("", ""),
             say(f"evidence.case_{kind}" if known else "evidence.case_other", kind=named("claim_type", kind), **values),
             say("evidence.sum_paid" if kind in OF_MONEY else "evidence.sum" if claim["units_settled"] else
                 "evidence.sum_all", **values)]
    if str(claim["policy"]).startswith("amazon"):
        cited = re.split(r" \(|;| \[", str(claim["rule"]))[0]  # the page, without our remarks on it
        lines.append(say("evidence.rule", rule=words.reason(cited), deadline=claim["deadline"]))
    attached = papers.loc[papers["state"] == "present", "paper"].tolist()
    if attached:
        lines.append(say("evidence.attached", papers=listed([named("paper", name) for name in attached])))
    return joined(lines, "\n")


def text(claim: pd.Series, papers: pd.DataFrame, fit: pd.DataFrame) -> str:
    """The case text in both languages, and below it what is still to be done before filing."""
    papers = readable(papers, fit)
    said = case_text(claim, papers)
    left = [f"- {line.en}  {line.zh}" for line in open_points(claim, papers, fit)]
    prepared, records = say("evidence.prepared"), say("evidence.records", sources=str(claim["sources"]).replace(";", ", "))
    return "\n".join([said.en, "", f"--- {say('evidence.gloss').zh}", said.zh, "",
                      f"--- {prepared.en} {prepared.zh}", *left, f"- {records.en}", ""])


def open_points(claim: pd.Series, papers: pd.DataFrame, fit: pd.DataFrame) -> list[Text]:
    """What speaks against filing now: a claim that is not open, papers missing, files that do not fit or cannot be read."""
    points, papers = [], readable(papers, fit)
    if claim["status"] != "open":
        points.append(say("evidence.point_status", status=say(f"claim_status.{claim['status']}"), opens=claim["opens_on"],
                          deadline=claim["deadline"]))
    if claim["ambiguous"]:
        points.append(say("evidence.point_ambiguous", why=words.reason(str(claim["ambiguous"]))))
    lacking = papers.loc[papers["state"] == "missing", "paper"]
    points += [say("evidence.point_missing", paper=named("paper", name)) for name in lacking]
    points += [say(f"evidence.point_{row.verdict}", file=row.file, what=say(f"evidence.what_{row.what}"),
                   found=words.reason(str(row.found)), expected=row.expected)
               for row in fit.itertuples() if row.verdict != "fits"]
    return points


def is_ready(claim: pd.Series, papers: pd.DataFrame, fit: pd.DataFrame) -> bool:
    """Whether the claim is open, no paper is missing or damaged, and nothing that could be read speaks against it."""
    against = readable(papers, fit)["state"].eq("missing").any() or fit["verdict"].eq("differs").any()
    return bool(claim["status"] == "open" and not against)


def pdf(claim: pd.Series, papers: pd.DataFrame, fit: pd.DataFrame, own: pd.DataFrame, story: Text, seller: str) -> bytes:
    """The packet: cover, case text, papers, story, then the evidence files (PDFs and pictures) in the order of their names.

    The story's own lines have their Chinese below them. A file that cannot be joined (encrypted, damaged, too large, a
    table) is named on the cover. `own`: the claim's rows of `evidence.belonging`; `story`: of `narrative.told`.
    """
    from pypdf import PdfReader, PdfWriter

    papers = readable(papers, fit)
    joined, left = [], []
    for file, path in zip(own["file"], own["path"], strict=True):
        pages, why = _pages(Path(path))
        if why:
            left.append(say("evidence.not_joined", file=file, why=words.reason(why)))
        else:
            joined.append((file, pages))
    notes = [say("evidence.joined", file=file, pages=len(pages)) for file, pages in joined] + left
    writer = PdfWriter()
    cover = PdfReader(io.BytesIO(_cover(claim, papers, fit, notes, story, seller)))
    for page in cover.pages:
        writer.add_page(page)
    for file, pages in joined:
        at = len(writer.pages)
        for page in pages:
            _disarm(writer.add_page(page))
        writer.add_outline_item(title="".join(mark for mark in file if mark.isprintable()), page_number=at)
    writer.add_metadata({"/Title": f"Claim {claim['claim_id']}", "/Producer": "FBA workbench"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# ---------------------------------------------------------------------------------------------------- words

def _labelled(name: str, claim: pd.Series) -> Text:
    label = say(f"column.{name}")
    return Text(f"{label.en} {claim[name]}", f"{label.zh} {claim[name]}")


def _twice(text: Text) -> str:
    """A label in both languages, once where they are the same."""
    return text.en if text.en == text.zh else f"{text.en}  {text.zh}"


# ---------------------------------------------------------------------------------------------------- evidence pages

def _pages(path: Path) -> tuple[list, str]:
    """The pages of an evidence file, or why it cannot be joined."""
    from pypdf import PdfReader

    if path.stat().st_size > LARGEST:
        return [], "> 25 MB"
    try:
        if path.suffix.lower() in PICTURES:
            return list(PdfReader(io.BytesIO(_picture(path))).pages), ""
        if path.suffix.lower() != ".pdf":
            return [], f"{path.suffix.lower() or '?'}"
        reader = PdfReader(io.BytesIO(path.read_bytes()))
        if reader.is_encrypted:
            return [], "encrypted"
        pages = list(reader.pages)
        return (pages, "") if 0 < len(pages) <= PAGES_JOINED else ([], f"{len(pages)} pages")
    except Exception as error:  # a damaged file stays out, and says so on the cover
        return [], f"{DAMAGED}: {type(error).__name__}"


def _picture(path: Path) -> bytes:
    """A picture as one page, as large as fits, its name below it."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Paragraph

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    image = ImageReader(io.BytesIO(path.read_bytes()))
    width, height = image.getSize()
    scale = min((A4[0] - 72) / width, (A4[1] - 108) / height)
    canvas.drawImage(image, 36, A4[1] - 36 - height * scale, width * scale, height * scale)
    caption = Paragraph(_marked(path.name), _body())
    caption.wrapOn(canvas, A4[0] - 72, 36)
    caption.drawOn(canvas, 36, 18)
    canvas.save()
    return out.getvalue()


def _body() -> ParagraphStyle:
    """The style of the packet's text, with the font of its Chinese parts at hand."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    with contextlib.suppress(KeyError):
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    return ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=14, spaceAfter=3, wordWrap="CJK")


def _disarm(page) -> None:
    """Takes from a page everything that acts when it is opened or touched; what is drawn stays."""
    page.pop("/AA", None)
    notes = page.get("/Annots")
    if notes is None:
        return
    from pypdf.generic import ArrayObject, NameObject

    kept = ArrayObject()
    for note in notes.get_object():
        shown = note.get_object()
        if shown.get("/Subtype") not in INERT_NOTES:
            for action in ("/A", "/AA", "/PA", "/FS"):
                shown.pop(action, None)
            kept.append(note)
    page[NameObject("/Annots")] = kept


# ---------------------------------------------------------------------------------------------------- the cover

def _cover(claim: pd.Series, papers: pd.DataFrame, fit: pd.DataFrame, notes: list[Text], story: Text, seller: str) -> bytes:
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    body = _body()
    small = ParagraphStyle("small", parent=body, fontSize=8, leading=11, textColor=colors.HexColor("#444444"))
    blue = colors.HexColor("#1d4f82")
    head = ParagraphStyle("head", parent=body, fontSize=12, leading=17, spaceBefore=10, textColor=blue)
    title = ParagraphStyle("title", parent=head, fontSize=17, leading=23, spaceBefore=0)
    code = ParagraphStyle("code", parent=small, fontName="Courier", fontSize=7, leading=9.5)

    def both(name: str, style: ParagraphStyle) -> Paragraph:
        label = say(f"evidence.{name}")
        return Paragraph(_marked(_twice(label)), style)

    def grid(rows: list[list[str]], widths: list[int]) -> Table:
        cells = [[Paragraph(_marked(cell), small) for cell in row] for row in rows]
        table = Table(cells, colWidths=widths, hAlign="LEFT", splitInRow=1)  # a claim may have hundreds of photos
        table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#cccccc")),
                                   ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
        return table

    said = case_text(claim, papers)
    states = [[_twice(named("paper", row.paper)), _twice(say(f"paper_state.{row.state}")), row.files.replace(";", ", ")]
              for row in papers.itertuples()]
    points = open_points(claim, papers, fit)
    kind = named("claim_type", str(claim["claim_type"]))
    flow = [Paragraph(_marked(_twice(kind)), title), Paragraph(_marked(seller), body),
            both("prepared", small), Spacer(1, 6), grid(_facts(claim), [150, 350]), both("case_head", head)]
    flow += [Paragraph(_marked(line) or "&nbsp;", body) for line in said.en.split("\n")]
    flow += [both("gloss", head), *(Paragraph(_marked(line) or "&nbsp;", body) for line in said.zh.split("\n"))]
    flow += [both("papers_head", head), *([grid(states, [170, 110, 220])] if states else [])]
    flow += [Paragraph(_marked(f"{line.en}  {line.zh}"), small) for line in notes]
    if points:
        flow += [both("points_head", head), *(Paragraph(_marked(f"- {line.en}  {line.zh}"), small) for line in points)]
    told = [line for pair in zip(story.en.split("\n"), story.zh.split("\n"), strict=True) for line in dict.fromkeys(pair)]
    flow += [both("story_head", head), *(Paragraph(_marked(line).replace("  ", "&nbsp; ") or "&nbsp;", code)
                                         for line in told)]
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, leftMargin=48, rightMargin=48, topMargin=44, bottomMargin=44, invariant=1,
                      title=f"Claim {claim['claim_id']}").build(flow)
    return out.getvalue()


def _facts(claim: pd.Series) -> list[list[str]]:
    """What the claims table says of the claim: a label and a value per line, both languages beside each other."""
    status, rule = say(f"claim_status.{claim['status']}"), words.reason(str(claim["rule"]))
    money = words.form(Money(claim["amount_open"], claim["currency"]), "money").en
    values = {"claim_id": str(claim["claim_id"]), "claim_type": _twice(named("claim_type", str(claim["claim_type"]))),
              "event_date": _day(claim["event_date"]), **{name: str(claim[name]) for name in IDS if claim[name]},
              "units_open": str(claim["units_open"]), "amount_open": money, "status": _twice(status),
              "opens_on": _day(claim["opens_on"]), "deadline": _day(claim["deadline"]), "policy": str(claim["policy"]),
              "rule": _twice(rule)}
    return [[_twice(say(f"column.{name}")), value] for name, value in values.items()]


def _day(value: object) -> str:
    return "unknown" if pd.isna(value) else f"{value:%Y-%m-%d}"


def _plain(text: str) -> str:
    """A text in what the Latin fonts can draw; another character is shown by its number.

    >>> _plain("Łódź: 5 €")
    '[U+0141]ód[U+017A]: 5 €'
    """
    drawn = text.encode("cp1252", "ignore").decode("cp1252")
    return "".join(mark if mark in drawn and mark.isprintable() or mark == "\xa0" else f"[U+{ord(mark):04X}]"
                   for mark in text)


def _marked(text: str) -> str:
    """A text as reportlab markup, escaped, its Chinese parts in the Chinese font."""
    text = re.sub(r"[\t\r\n]+", " ", text).replace("−", "-").replace("–", "-").replace("…", "...")
    pieces = re.split(r"([\u2018-\u201d\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+)", text)
    return "".join(f'<font name="{CHINESE}">{escape(piece)}</font>' if at % 2 else escape(_plain(piece))
                   for at, piece in enumerate(pieces))
