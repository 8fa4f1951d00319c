"""Amazon's own open balance of a ledger event (Unreconciled Quantity), and how far it can be trusted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.detectors.found import Account, Papers


def amazons_balance(papers: Papers, account: Account) -> tuple[np.ndarray, np.ndarray]:
    """Lets Amazon's own balance count where the ledger has it; per row of the account whether it did, and a note.

    It already allows for finds and payments, also across labels, so never both. It is used where it and Reconciled
    Quantity add up to the event. In the newest export it stands for the finds, not for a payment that the reimbursement
    report shows: what was paid is not owed. In an older export it may only lower what is open. Rows after `as_of` in the
    file mean that it knows the future: then it is left alone, as where nothing in the ledger was ever reconciled.
    """
    owed = account.owed
    known, note = np.zeros(len(owed), bool), np.full(len(owed), "", "object")
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
    ends = owed["file"].map(files.set_index("file")["last_day"])
    newest = (ends >= files["last_day"].max() - pd.Timedelta(days=1)).to_numpy()
    pairs = pd.concat(account.sources, ignore_index=True) if account.sources else pd.DataFrame({"role": [], "claim": [],
                                                                                              "units": []})
    paid = pairs[pairs["role"] == "paid"].groupby("claim")["units"].sum()
    by_payment = np.zeros(len(owed), np.int64)
    by_payment[paid.index.to_numpy(np.int64)] = paid.to_numpy()
    known = valid & newest
    wanted = np.minimum(theirs, owed["units"].to_numpy(np.int64) - by_payment)
    differs = known & (wanted != account.open)
    note[differs] = "Amazon's own open balance (Unreconciled Quantity) counts"
    account.sources = [piece[~(differs[piece["claim"]] & (piece["role"] != "paid"))] for piece in account.sources]
    account.open = np.where(known, wanted, account.open)
    cut = _excess(owed, account.open, theirs, valid, events & ~known)
    note[cut > 0] = "Amazon's own open balance of the product is smaller, and counts"
    account.open = account.open - cut
    return known, note


def _excess(owed: pd.DataFrame, still: np.ndarray, theirs: np.ndarray, valid: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Units by which our balance of a product exceeds Amazon's, taken from its oldest events; only products all of whose
    events have a balance."""
    cut = np.zeros(len(owed), np.int64)
    at = np.flatnonzero(rows)
    if not len(at):
        return cut
    product = pd.factorize(owed["claim_type"].iloc[at] + "\x1f" + owed["key"].iloc[at])[0]
    still, theirs = still[at], theirs[at]
    usable = np.bincount(product, ~valid[at]) == 0
    excess = np.where(usable, np.bincount(product, still) - np.bincount(product, theirs), 0).clip(0).astype(np.int64)
    spare = np.maximum(still - theirs, 0)
    order = np.lexsort((owed["day"].to_numpy()[at], product))
    before = np.cumsum(spare[order]) - spare[order]
    first = np.r_[True, product[order][1:] != product[order][:-1]]
    before -= np.repeat(before[first], np.diff(np.r_[np.flatnonzero(first), len(order)]))
    cut[at[order]] = np.clip(excess[product[order]] - before, 0, spare[order])
    return cut
