"""The balance audit: per label, what should be there if nothing were lost, against what Amazon says is there.

A catch-all that stands apart: a difference is a place to look, not a claim, because the files need not show its cause.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.detectors.papers import Papers, paid_for

TRANSFER_DAYS = 60  # units that left one centre this long ago and reached no other are not on the way any more
MOVES = {"Receipts": "units_received", "Shipments": "units_sold", "CustomerReturns": "units_returned",
         "VendorReturns": "units_removed", "WhseTransfers": "units_transferred"}
REASONS = {"M": "units_lost", "5": "units_lost", "F": "units_found", "D": "units_disposed", "G": "units_disposed",
           "N": "units_corrected", "O": "units_corrected", "3": "units_corrected", "4": "units_corrected"}
PARTS = ["units_start", "units_received", "units_sold", "units_returned", "units_removed", "units_disposed",
         "units_corrected"]
COLUMNS = ["fnsku", *PARTS, "units_under_way", "units_reimbursed", "units_expected", "units_held", "units_missing", "state"]


def balances(papers: Papers) -> pd.DataFrame:
    """One row per FNSKU, COLUMNS, the largest gap first; units signed, negative leaves stock.

    units_expected = start + received + sold + returned + removed + disposed + corrected (N, O, 3, 4), less what is on the
    way between centres for at most 60 days (units_under_way). units_held: the latest balance of the ledger summary, over
    all dispositions, so that a regrade is no loss. units_missing = expected - held. state: matched, over (more than
    expected), reimbursed (Amazon paid for all that is missing), look (it did not), unknown (no summary of those days).
    """
    books = papers.books
    table = books.table("ledger_detail", ["event_date", "fnsku", "event_type", "reason", "units"])
    if table.empty:
        return pd.DataFrame({name: pd.Series(dtype="str" if name in ("fnsku", "state") else "float64") for name in COLUMNS})
    start, held, end = _summary(papers, table["event_date"].min())
    table = table[(table["event_date"] <= end).to_numpy()] if end is not None else table
    what = table["event_type"].astype("str").map(MOVES)
    what = what.fillna(table["reason"].astype("str").map(REASONS)).fillna("regraded")
    sums = table["units"].groupby([table["fnsku"].astype("str"), what]).sum().unstack(fill_value=0)
    sums = sums.reindex(columns=[*PARTS, "units_transferred"], fill_value=0)
    today = end if end is not None else pd.Timestamp(papers.as_of)
    recent = table[(what == "units_transferred").to_numpy() & (table["event_date"] > today - pd.Timedelta(
        days=TRANSFER_DAYS)).to_numpy()]
    away = recent["units"].groupby(recent["fnsku"].astype("str")).sum().reindex(sums.index).fillna(0)
    sums["units_start"] = np.nan if start is None else start.reindex(sums.index).fillna(0)
    paid = paid_for(papers, "lost", "damaged", "other")
    cash = paid["units_cash"].fillna(0).astype("int64").groupby(paid["key"]).sum()
    out = sums[PARTS].assign(units_under_way=np.maximum(-np.minimum(away, 0), 0),
                             units_reimbursed=cash.reindex(sums.index).fillna(0),
                             units_held=np.nan if held is None else held.reindex(sums.index).fillna(0))
    out["units_expected"] = out[PARTS].sum(axis=1, skipna=False) - out["units_under_way"]
    out["units_missing"] = out["units_expected"] - out["units_held"]
    gap = out["units_missing"]
    out["state"] = np.select([gap.isna(), gap == 0, gap < 0, gap <= out["units_reimbursed"]],
                             ["unknown", "matched", "over", "reimbursed"], "look")
    out = out.rename_axis("fnsku").reset_index()[COLUMNS]
    return out.sort_values(["units_missing", "fnsku"], ascending=[False, True], ignore_index=True)


def _summary(papers: Papers, first: pd.Timestamp) -> tuple[pd.Series | None, pd.Series | None, pd.Timestamp | None]:
    """Per FNSKU the balance where the ledger begins (None when the summary does not show that period) and at the end of
    the summary's last period, and that day."""
    table = papers.books.table("ledger_summary", ["event_date", "fnsku", "units_start", "units_end"])
    if table.empty:
        return None, None, None
    days = table["event_date"]
    fnsku = table["fnsku"].astype("str")
    early = days == days.min()
    start = table["units_start"].astype("float64")[early].groupby(fnsku[early]).sum()
    last = days == days.max()
    held = table["units_end"].astype("float64")[last].groupby(fnsku[last]).sum()
    same = days.min().to_period("M") == first.to_period("M") and first.day == 1 or days.min() == first
    return start if same else None, held, days.max()
