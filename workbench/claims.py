"""Claims: what Amazon owes, what settled it, what it is worth under a policy, until when, and why.

The detectors find events and settlements; here they are valued and dated by the policy, and each gets a number that
stays the same from run to run. Nothing is asserted that the files cannot settle: such a claim is `ambiguous`, with the
reason, and a kind of claim whose reports are missing is unknown (`unknown`), never zero.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench import detectors, specs, worth
from workbench.books import Books
from workbench.policy import Policy

COLUMNS = ["claim_id", "claim_type", "fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id",
           "fulfillment_center", "event_date", "units_owed", "units_settled", "units_open", "unit_value", "amount_open",
           "currency", "valuation_basis", "policy", "opens_on", "deadline", "days_left", "status", "evidence", "sources",
           "ambiguous", "rule"]
ASSERTED = ("wait", "open", "expired")
_IDS = ["claim_type", "fnsku", "msku", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center", "event_date",
        "units_owed"]


def claims(books: Books, as_of: dt.date, policy: Policy, *, types: Sequence[str] = ()) -> pd.DataFrame:
    """One row per event owed, COLUMNS, oldest first; settled events are there too, so that everything adds up.

    units_owed = units_settled + units_open. unit_value is NaN where the basis is unknown; amount_open = units_open x
    unit_value, rounded to the currency. status: wait, open, expired (these assert that units are owed), settled, or
    ambiguous (the files cannot settle it; `ambiguous` says why). deadline: the last day on which a claim is accepted.
    sources: file:line of the event and of every row that settled it, joined by ";".

    `types`: only these claim types. Kinds whose reports are missing give no row: see `unknown`.
    """
    papers = detectors.Papers(books, as_of)
    pieces, places, at = [], [], 0
    for name, needs in detectors.DETECTORS.items():
        if types and name not in types or detectors.unknown(books, needs):
            continue
        found = needs.detect(papers)
        pieces.append(found.claims.assign(claim_type=name))
        places.append(found.sources.assign(claim=found.sources["claim"].astype("int64") + at))
        at += len(found.claims)
    if not pieces:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    table = pd.concat(pieces, ignore_index=True)
    table["sources"] = _joined(pd.concat(places, ignore_index=True), len(table))
    table = worth.valued(table, books, papers, policy, as_of)
    table = table[_is_claim(table)].reset_index(drop=True)
    table = _dated(table, policy, as_of)
    table["policy"] = policy.name
    table["evidence"] = table["claim_type"].map(lambda name: ";".join(policy.facts["evidence"].get(name, ())))
    table = _with_products(table, papers)
    table["claim_id"] = _numbers(table)
    table = table.sort_values(["event_date", "claim_type", "claim_id"], ignore_index=True)
    return table[COLUMNS]


def unknown(books: Books) -> pd.DataFrame:
    """The claim types about which nothing can be said: claim_type and the tables it lacks (`missing`, joined by ";")."""
    rows = [(name, ";".join(lacking)) for name, needs in detectors.DETECTORS.items()
            if (lacking := detectors.unknown(books, needs))]
    return pd.DataFrame(rows, columns=["claim_type", "missing"])


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Per claim type, status and currency: claims, units_open, amount_open, and claims_unvalued (open, value unknown)."""
    rows = table.assign(unvalued=table["unit_value"].isna() & (table["units_open"] > 0))
    return rows.groupby(["claim_type", "status", "currency"], as_index=False).agg(
        claims=("claim_id", "size"), units_open=("units_open", "sum"), amount_open=("amount_open", "sum"),
        claims_unvalued=("unvalued", "sum"))


def compared(books: Books, as_of: dt.date, one: Policy, other: Policy) -> pd.DataFrame:
    """What-if: units and money that can be claimed now or later (wait, open) per claim type under two policies."""
    sides = []
    for policy in (one, other):
        table = claims(books, as_of, policy)
        open_now = table[table["status"].isin(["wait", "open"])]
        sides.append(open_now.groupby("claim_type").agg(units=("units_open", "sum"), amount=("amount_open", "sum")))
    joined = sides[0].join(sides[1], how="outer", lsuffix=f"_{one.name}", rsuffix=f"_{other.name}").fillna(0)
    return joined.reset_index()


def rules(policy: Policy) -> pd.DataFrame:
    """Every rule of the policy for its market: windows and values, from when on, with source and confidence."""
    rows = [{"rule": table, "market": rule["market"], "for": rule.get("kind") or rule.get("stage"),
             "from": rule.get("from"), "anchor": rule.get("anchor", ""), "basis": rule.get("basis", ""),
             "opens_after_days": rule.get("opens_after_days", 0 if table == "window" else None),
             "closes_after_days": rule.get("closes_after_days"), "closes_after_months": rule.get("closes_after_months"),
             "source": rule["source"], "confidence": rule["confidence"]}
            for table in ("window", "valuation") for rule in policy.facts[table]
            if rule["market"] in (policy.market, "*")]
    return pd.DataFrame(rows).sort_values(["rule", "for", "from"], na_position="first", ignore_index=True)


def story(table: pd.DataFrame, books: Books, claim_id: str) -> str:
    """One claim told line by line: the events and payments with their files and lines, the rule, the arithmetic.

    Raises ValueError when there is no such claim.
    """
    found = table[table["claim_id"] == claim_id]
    if found.empty:
        raise ValueError(f"claims: there is no claim {claim_id!r} on that day under that policy. --out lists them all.")
    claim = found.iloc[0]
    names = " ".join(str(claim[name]) for name in ("fnsku", "msku", "order_id", "shipment_id", "reimbursement_id",
                                                   "fulfillment_center") if claim[name])
    said = [f"{claim.claim_type}  {names}  {claim.event_date:%Y-%m-%d}", "", "What the files say"]
    said += [f"  {place}  {_row(books, place)}" for place in claim.sources.split(";") if place]
    worth_each = "unknown" if pd.isna(claim.unit_value) else f"{claim.unit_value:.2f} {claim.currency}"
    amount = "unknown" if pd.isna(claim.amount_open) else f"{claim.amount_open:.2f} {claim.currency}"
    until = "unknown" if pd.isna(claim.deadline) else f"{claim.opens_on:%Y-%m-%d} to {claim.deadline:%Y-%m-%d}"
    said += ["", "Arithmetic",
             f"  {claim.units_owed} owed - {claim.units_settled} settled = {claim.units_open} open",
             f"  {claim.units_open} x {worth_each} ({claim.valuation_basis}) = {amount}", "", "Rule",
             f"  policy {claim.policy}: {claim.rule}", f"  can be claimed {until}: {claim.status}"
             + (f" ({claim.ambiguous})" if claim.ambiguous else ""), f"  papers: {claim.evidence.replace(';', ', ')}"]
    return "\n".join(said)


def _row(books: Books, place: str) -> str:
    """What stands in one line of one file: its filled columns, without the long ones."""
    file, _, line = place.rpartition(":")
    reports = books.files.loc[books.files["file"] == file, "report"]
    if reports.empty:
        return ""
    table = books[specs.reports()[reports.iloc[0]].table]
    rows = table[(table["file"] == file).to_numpy() & (table["line"] == int(line)).to_numpy()]
    if rows.empty:
        return ""
    cells = rows.iloc[0].drop(["file", "line", "title"], errors="ignore")
    return "  ".join(f"{name}={value.date() if isinstance(value, pd.Timestamp) else value}"
                     for name, value in cells.items() if not pd.isna(value) and value != "" and not name.endswith("_at"))


# ---------------------------------------------------------------------------------------------------- inside

def _is_claim(table: pd.DataFrame) -> np.ndarray:
    """A payment is a claim only where it lies below its basis, or where that basis is unknown; every other event is one."""
    payment = table["stage"].eq("paid")
    return (~payment | (table["unit_value"] > 0) | table["unit_value"].isna()).to_numpy()


def _dated(table: pd.DataFrame, policy: Policy, as_of: dt.date) -> pd.DataFrame:
    today = pd.Timestamp(as_of)
    windows = policy.windows(table["claim_type"], table["event_date"], as_of)
    table = table.assign(**windows, units_open=table["units_owed"] - table["units_settled"])
    waits = table["event_date"] + pd.Timedelta(days=detectors.BACK_AFTER)
    table["opens_on"] = table["opens_on"].where(table["stage"] != "reversed", waits)  # stock may still come back
    table["days_left"] = (table["deadline"] - today).dt.days.astype("Int64")
    unjudged = table["stage"].eq("paid") & table["unit_value"].isna() & (table["ambiguous"] == "")
    table["ambiguous"] = table["ambiguous"].where(~unjudged, "what should have been paid is " + table["valuation_basis"])
    no_rule = table["deadline"].isna() & (table["ambiguous"] == "")
    table["ambiguous"] = table["ambiguous"].where(~no_rule, f"no rule is known for {policy.market or 'this region'} and "
                                                            "that day")
    table["status"] = np.select(
        [table["units_open"] <= 0, table["ambiguous"] != "", today < table["opens_on"], today <= table["deadline"]],
        ["settled", "ambiguous", "wait", "open"], "expired")
    table["ambiguous"] = table["ambiguous"].where(table["units_open"] > 0, "")
    amount = (table["units_open"] * table["unit_value"]).where(table["units_open"] > 0, 0.0)
    return worth.rounded(table, "amount_open", amount)


def _with_products(table: pd.DataFrame, papers: detectors.Papers) -> pd.DataFrame:
    """FNSKU, SKU and ASIN from whichever report names the product."""
    names = papers.once(detectors.products)
    by_sku = names.set_index("msku")
    for column in ("fnsku", "asin"):
        table[column] = table[column].where(table[column] != "", table["msku"].map(by_sku[column]).fillna(""))
    by_fnsku = names.drop_duplicates("fnsku").set_index("fnsku")["msku"]
    table["msku"] = table["msku"].where(table["msku"] != "", table["fnsku"].map(by_fnsku).fillna(""))
    return table


def _joined(places: pd.DataFrame, size: int) -> pd.Series:
    """file:line of each claim, each once, in the order they were found."""
    places = places.drop_duplicates()
    text = places["file"].astype("str") + ":" + places["line"].astype("str")
    joined = text.groupby(places["claim"].to_numpy()).agg(";".join)
    return joined.reindex(range(size)).fillna("").astype("str")


def _numbers(table: pd.DataFrame) -> list[str]:
    """A number per claim, from what identifies it; equal claims are numbered in turn."""
    rows = table[_IDS].astype("str")
    text = rows[_IDS[0]].str.cat([rows[name] for name in _IDS[1:]], sep="\x1f")
    again = text.groupby(text).cumcount()
    return [hashlib.sha256(f"{key}\x1f{turn}".encode()).hexdigest()[:12]
            for key, turn in zip(text.tolist(), again.tolist(), strict=True)]
