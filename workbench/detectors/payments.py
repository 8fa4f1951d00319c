"""Amazon's own payments: too low, or taken back without the stock coming back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.detectors.found import Found, Papers, found, lines, reimbursements, settle
from workbench.detectors.orders import LINE, returned, sales
from workbench.detectors.warehouse import stock_back


def underpaid(papers: Papers) -> Found:
    """Reimbursements in cash, one row each, with the unit's sale less its fees where an order id says the unit was sold.

    Whether a payment is too low is for the policy to say: `unit_value` is what was paid per unit, `net_price` of an
    ordered unit its value. Payments that were taken back are left to the reversals.
    """
    rows = papers.once(reimbursements)
    back = set(rows.loc[rows["kind"] == "reversal", "original_reimbursement_id"])
    cash = rows["units_cash"].fillna(0).astype("int64")
    owed = rows[rows["kind"].isin(["lost", "damaged", "inbound", "removal", "order"]) & (cash > 0)
                & (rows["amount"] > 0) & ~rows["reimbursement_id"].isin(back)]
    owed = owed.assign(units=cash, msku=owed["msku"].astype("str"), order_id=owed["order_id"].astype("str"))
    owed = owed.reset_index(drop=True)
    together = owed.groupby(["order_id", "msku", "kind"], sort=False)
    parts = (owed["kind"] == "order") & (together["units"].transform("size") > 1)
    result = found(owed, np.zeros(len(owed), np.int64), [], stage="paid")
    if not len(owed):
        return result
    values = owed[LINE].merge(_prices(papers), on=LINE, how="left", validate="many_to_one")
    claims = result.claims.assign(
        paid=(owed["amount"] / owed["units"]).to_numpy(float), kind=owed["kind"].to_numpy(),
        net_price=np.where(owed["kind"] == "order", values["net_price"], np.nan),
        ambiguous=np.where(parts, "the order was paid in several parts", ""))
    return Found(claims, result.sources)


def wrong_reversal(papers: Papers) -> Found:
    """Reversals of reimbursements, less the units whose stock came back: found (F) from 60 days before to 14 days after,
    or returned by the customer on any day.

    A reversal whose original payment is not in the files cannot be judged. Until its 14 days are over a claim waits.
    """
    rows = papers.once(reimbursements)
    originals = rows[rows["kind"] != "reversal"].drop_duplicates("reimbursement_id").set_index("reimbursement_id")
    warehouse, finds = stock_back(papers)
    order = rows[(rows["kind"] == "reversal") & (rows["order_id"] != "")].reset_index(drop=True)
    order = order.assign(order_id=order["order_id"].astype("str"), msku=order["msku"].astype("str"))
    back = papers.once(returned)
    whenever = back.assign(day=pd.Timestamp("2200-01-01"))
    came = settle(order, whenever, LINE)
    sources = [lines(came.owed, back.iloc[came.supply])]
    owed = pd.concat([order.assign(units_back=came.units), warehouse], ignore_index=True)
    if owed.empty:
        return found(owed, np.empty(0), [], stage="reversed")
    if len(finds):
        sources.append(finds.assign(claim=finds["claim"].astype("int64") + len(order)))
    known = owed["original_reimbursement_id"].isin(originals.index)
    first = originals.reindex(owed.loc[known, "original_reimbursement_id"])
    sources.append(lines(np.flatnonzero(known), first))
    doubt = np.where(known, "", "the payment that was taken back is not in the files")
    value = (owed["amount"].abs() / owed["units"].clip(lower=1)).to_numpy(float)
    return found(owed, owed["units_back"].to_numpy(np.int64), sources, stage="reversed", unit_value=value,
                 ambiguous=doubt)


def _prices(papers: Papers) -> pd.DataFrame:
    table = papers.once(sales) if not papers.books.is_absent("settlements") else pd.DataFrame(
        {name: pd.Series(dtype="str") for name in LINE} | {"unit_price": pd.Series(dtype=float),
                                                           "unit_fees": pd.Series(dtype=float)})
    return table.assign(net_price=(table["unit_price"] - table["unit_fees"]).round(2))[[*LINE, "net_price"]]


