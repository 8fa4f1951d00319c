"""The claims work list: filter it, read one claim's story, mark it filed, export what is shown, make its packet."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from workbench import approval, claims, evidence, export, figures, narrative, packet, recovery, sheets
from workbench import books as sellers
from workbench import policy as policies
from workbench.books import Books
from workbench.display import Lines, Note, Page, Table
from workbench.explore.live import ANY, Action, Control, live
from workbench.words import Text, same, say

STATUSES = ("open", "wait", "expired", "settled", "ambiguous")
PACKETS, SELECTION = Path("packets"), Path("claims-selected.xlsx")  # in the folder of the notebooks


class Desk(NamedTuple):
    """One seller's claims under one policy (`claims.under`), what is expected of the open ones, the papers they have."""

    found: claims.Detected
    table: pd.DataFrame
    expected: pd.DataFrame
    papers: pd.DataFrame
    folder: pd.DataFrame


def desk(found: claims.Detected, name: str) -> Desk:
    """What was detected, under the policy `name`."""
    books, as_of = found.papers.books, found.papers.as_of
    rules = policies.load(name, books.seller.market)
    table = claims.under(found, rules)
    account = recovery.account(table, books["cases"], books["reimbursements"], as_of, books.seller.currency,
                               has_sheet=not books.is_absent("cases"))
    folder = evidence.files(books.seller.folder)
    expected = approval.expected(account.standing("open", "wait"), approval.rates(account.cases))
    return Desk(found, table, expected, evidence.papers(account.in_play(), folder, books), folder)


def work_list(books: Books, first: Desk, *, as_of: str, policy: str, interactive: bool):
    """The claims that can be filed, in the order to file them; in JupyterLab with filters, stories and what to do next.

    `first`: the claims under `policy`; those under other rules are valued when they are asked for. A click on a row
    chooses the claim: its story is then told below the list.
    """
    day, name = dt.date.fromisoformat(as_of), policy
    known = functools.cache(lambda under: first if under == name else desk(first.found, under))

    def show(status: str, claim: str, **at: str) -> Page:
        here, rows = known(at["policy"]), chosen(status=status, **at)
        listed = figures.work_list(rows, here.papers, here.folder) if status == "open" else _listed(rows, status)
        return Page((listed, Lines(narrative.told(here.table, books, claim))) if claim else (listed,))

    def chosen(policy: str, status: str, kind: str, center: str, sku: str, **_: object) -> pd.DataFrame:
        here = known(policy)
        rows = here.table[here.table["status"] == status]
        if status == "open":
            rows = here.expected[here.expected["standing"] == "open"]
        for column, wanted in (("claim_type", kind), ("fulfillment_center", center)):
            rows = rows[rows[column] == wanted] if wanted else rows
        if sku:
            named = rows["msku"].str.contains(sku, case=False, regex=False)
            rows = rows[named | rows["fnsku"].str.contains(sku, case=False, regex=False)]
        return rows

    def save(**at: object) -> Text:
        rows = chosen(**at)
        export.write(rows, SELECTION)
        return say("desk.exported", n=len(rows), path=same(SELECTION))

    def mark(policy: str, claim: str, case: str, filed: dt.date, **_: object) -> Text:
        one = _one(known(policy).table, claim)
        if not case:
            raise ValueError(say("desk.no_case").en)
        row = {"case_id": case, "claim_type": one["claim_type"], "filed_on": filed.isoformat(), "outcome": "pending",
               "claim_id": claim, "fnsku": one["fnsku"], "sku": one["msku"], "order_id": one["order_id"],
               "shipment_id": one["shipment_id"]}
        sheets.append(sellers.open(books.seller.folder), "cases", row)
        return say("desk.filed", claim=same(claim), case=same(case))

    def pack(policy: str, claim: str, **_: object) -> Text:
        here = known(policy)
        one = _one(here.table, claim)
        own = evidence.belonging(here.table[here.table["claim_id"] == claim], here.folder)
        papers, fit = here.papers[here.papers["claim_id"] == claim], evidence.fits(one, own)
        place = PACKETS / f"{claim}.pdf"
        story = narrative.told(here.table, books, claim)
        export.write_bytes(packet.pdf(one, papers, fit, own, story, books.seller.name), place)
        return say("desk.packed", path=same(place))

    table = first.table
    controls = {
        "policy": Control("choice", say("desk.policy"), name, policies.names(),
                          room=lambda rules: Text(**policies.title(rules))),
        "status": Control("choice", say("desk.status"), "open", STATUSES, room="claim_status"),
        "kind": Control("choice", say("desk.kind"), ANY, [ANY, *sorted(set(table["claim_type"]))], room="claim_type"),
        "center": Control("choice", say("explore.center"), ANY,
                          [ANY, *sorted(set(table["fulfillment_center"]) - {""})]),
        "sku": Control("search", say("explore.sku"), "", sorted(set(table["msku"]) - {""})),
        "claim": Control("search", say("desk.claim"), "", table["claim_id"].tolist()[:2000], picks="claim_id"),
        "case": Control("search", say("desk.case"), ""),
        "filed": Control("day", say("desk.filed_on"), day),
    }
    actions = (Action(say("desk.mark"), mark), Action(say("desk.export"), save), Action(say("desk.packet"), pack))
    return live(show, controls, interactive=interactive, actions=actions)


def filing_plan(expected: pd.DataFrame, rates: approval.Rates, tested: pd.DataFrame, lacking: pd.DataFrame, as_of: dt.date,
                pace: int, *, interactive: bool):
    """What to file on which day, as `figures.filing_plan`; in JupyterLab the analyst sets how many cases a day."""
    def show(pace: int) -> Page:
        return figures.filing_plan(expected, rates, tested, lacking, as_of, pace)

    return live(show, {"pace": Control("count", say("desk.pace"), pace)}, interactive=interactive)


# ---------------------------------------------------------------------------------------------------- inside

def _one(table: pd.DataFrame, claim: str) -> pd.Series:
    rows = table[table["claim_id"] == claim]
    if rows.empty:
        raise ValueError(say("desk.no_claim").en)
    return rows.iloc[0]


def _listed(rows: pd.DataFrame, status: str) -> Table | Note:
    """Claims that are not open: what they are, when they were due, and what settled them."""
    if rows.empty:
        return Note(say("desk.none"))
    shown = figures.columns("deadline", "claim_type", "amount_open", "units_owed", "units_settled", "units_open", "msku",
                            "fnsku", "order_id", "fulfillment_center", "event_date", "claim_id", "sources")
    return Table(rows.sort_values(["deadline", "claim_id"]), shown, say(f"desk.{status}"), name=f"claims-{status}",
                 labels={"claim_type": "claim_type"})
