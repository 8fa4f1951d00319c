"""How far the files can be trusted: Amazon's own open balance of a ledger event, and rows that could not be read."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from workbench import coded, radix
from workbench.detectors.account import Account, day_numbers
from workbench.detectors.found import nothing
from workbench.detectors.papers import Papers


def amazons_balance(papers: Papers, account: Account) -> tuple[np.ndarray, pd.Categorical]:
    """Lets Amazon's own balance count where the ledger has it; per row of the account whether it did, and a note.

    It already allows for finds and payments, also across labels, so never both. It is used where it and Reconciled
    Quantity add up to the event. In the newest export it stands for the finds, not for a payment that the reimbursement
    report shows: what was paid is not owed. In an older export it may only lower what is open. Rows after `as_of` in the
    file mean that it knows the future: then it is left alone, as where nothing in the ledger was ever reconciled.
    """
    owed = account.owed
    known, note = np.zeros(len(owed), bool), coded.of("", len(owed))
    events = owed["claim_type"].isin(["lost_warehouse", "damaged_warehouse"]).to_numpy()
    rest, done = (owed[name].astype("Float64").abs() for name in ("units_unreconciled", "units_reconciled"))
    valid = ((rest + done) == owed["units"]).fillna(False).to_numpy(bool) & events
    files = papers.books.files
    files = files[files["report"] == "ledger_detail"]
    if not valid.any() or files["rows_later"].sum() or papers.books.through > papers.as_of:
        return known, note
    theirs = np.where(valid, rest.fillna(0).to_numpy(float), 0).astype(np.int64)
    if account.settled[valid].any() and not done[valid].gt(0).any():
        return known, note
    ends = owed["file"].astype("str").map(files.set_index("file")["last_day"])
    newest = (ends >= files["last_day"].max() - pd.Timedelta(days=1)).to_numpy()
    pairs = coded.stacked([nothing().sources, *account.sources])
    paid = pairs[pairs["role"] == "paid"].groupby("claim")["units"].sum()
    by_payment = np.zeros(len(owed), np.int64)
    by_payment[paid.index.to_numpy(np.int64)] = paid.to_numpy()
    known = valid & newest
    wanted = np.minimum(theirs, owed["units"].to_numpy(np.int64) - by_payment)
    differs = known & (wanted != account.open)
    account.sources = [piece[~(differs[piece["claim"]] & (piece["role"] != "paid"))] for piece in account.sources]
    account.open = np.where(known, wanted, account.open)
    cut = _excess(owed, account.open, theirs, valid, events & ~known)
    account.open = account.open - cut
    return known, coded.chosen([cut > 0, differs], ["Amazon's own open balance of the product is smaller, and counts",
                                                    "Amazon's own open balance (Unreconciled Quantity) counts"])


def _excess(owed: pd.DataFrame, still: np.ndarray, theirs: np.ndarray, valid: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Units by which our balance of a product exceeds Amazon's, taken from its oldest events; only products all of whose
    events have a balance."""
    cut = np.zeros(len(owed), np.int64)
    at = np.flatnonzero(rows)
    if not len(at):
        return cut
    product = pd.factorize(coded.together(owed["claim_type"].iloc[at], owed["key"].iloc[at]))[0]
    still, theirs = still[at], theirs[at]
    usable = np.bincount(product, ~valid[at]) == 0
    excess = np.where(usable, np.bincount(product, still) - np.bincount(product, theirs), 0).clip(0).astype(np.int64)
    spare = np.maximum(still - theirs, 0)
    order = radix.argsort(product, day_numbers(owed["day"].iloc[at]))
    before = np.cumsum(spare[order]) - spare[order]
    first = np.r_[True, product[order][1:] != product[order][:-1]]
    before -= np.repeat(before[first], np.diff(np.r_[np.flatnonzero(first), len(order)]))
    cut[at[order]] = np.clip(excess[product[order]] - before, 0, spare[order])
    return cut


BY_LABEL = {"lost_warehouse": "lost", "damaged_warehouse": "damaged", "inbound_shortage": "inbound"}  # a reason's own word
BY_ORDER = ("refund_not_returned", "returned_damaged", "returned_not_restocked", "removal_lost", "removal_short")
ID = {"reimbursements": "reimbursement_id", "returns": "license_plate"}  # what a row is known by in another export
MOST_UNREAD = 1000  # lines that are looked at


def unread(papers: Papers, table: pd.DataFrame) -> pd.DataFrame:
    """The claims, `ambiguous` where a row that was set aside may settle them: a line of the payments or returns that no
    other export holds and that names the claim's order; else, of a line with its label or SKU, the oldest open claim of
    each kind it can be for.

    `table`: claim_type, fnsku, msku, order_id, event_date, units_owed, units_settled and ambiguous of all claims.
    """
    aside = _unread_lines(papers)
    if not aside:
        return table
    doubt = table["ambiguous"].astype("str").to_numpy("object", copy=True)
    for report, place, words in aside:
        still = (table["units_owed"] > table["units_settled"]).to_numpy() & (doubt == "")
        here = still & table["order_id"].isin(words).to_numpy() & table["claim_type"].isin(
            BY_ORDER if report == "reimbursements" else ["refund_not_returned"]).to_numpy()
        if report == "reimbursements" and not here.any():
            own = still & (table["fnsku"].isin(words) | table["msku"].isin(words)).to_numpy()
            said = " ".join(words).casefold()
            kinds = [kind for kind, word in BY_LABEL.items() if word in said] or list(BY_LABEL)
            first = table.loc[own & table["claim_type"].isin(kinds).to_numpy(), ["claim_type", "event_date"]]
            here[first.sort_values("event_date", kind="stable").drop_duplicates("claim_type").index] = True
        doubt[here] = f"{place} could not be read and names it: it may have settled it"
    return table.assign(ambiguous=pd.Categorical(doubt))


def _unread_lines(papers: Papers) -> list[tuple[str, str, set[str]]]:
    """Report, file:line and cells of the rows of payments and returns that were set aside, but for reversals and rows that
    another export holds."""
    books = papers.books
    rows = books.problems[books.problems["kind"] == "row"].drop_duplicates(["file", "line"])
    report = rows["file"].map(books.files.set_index("file")["report"])
    found = []
    for name, column in ID.items():
        known, here = None, rows[(report == name).to_numpy()].head(MOST_UNREAD)
        places = (here["file"].astype("str") + ":" + here["line"].astype("str")).tolist()
        for place, text in zip(places, books.lines(places), strict=True):
            known = set(books.table(name, [column])[column].astype("str")) - {""} if known is None else known
            words = {word.strip() for word in re.split(r'[\t,;"]', text)} - {""}
            if words and not words & known and not any("reversal" in word.casefold() for word in words):
                found.append((name, place, words))
    return found
