"""Amazon's own payments: too low, or taken back without the stock coming back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import coded
from workbench.detectors.account import EVER, Account, keys, lines, settle_near
from workbench.detectors.found import Found, first_of, found
from workbench.detectors.orders import refund_account
from workbench.detectors.papers import Papers, key, paid_for, reimbursements
from workbench.detectors.reach import uncovered
from workbench.detectors.sales import LINE, has_money, net_price, returned, sales, witnesses
from workbench.detectors.warehouse import BACK_AFTER, BACK_BEFORE, Stock, warehouse

PRE_ORDER = ("lost", "damaged", "inbound", "removal")


def underpaid(papers: Papers) -> Found:
    """Reimbursements in cash, one row each, with the unit's sale less its fees where an order id says the unit was sold.

    Whether a payment is too low is for the policy to say, by its rule on the day of the event that the payment settled
    (`valued_on`): `paid` is what was paid per unit, `stated` what Amazon says it paid per unit, `net_price` an ordered
    unit's value. Units whose payment was taken back are left to the reversals; one order paid in parts is judged as a
    whole.
    """
    rows = papers.once(reimbursements)
    back = rows[rows["kind"] == "reversal"]
    cash = rows["units_cash"].fillna(0).astype("int64").clip(lower=0)
    kept = np.maximum(cash - (_taken_back(papers, rows, back) if len(back) else 0), 0).astype("int64")
    owed = rows.assign(units=kept, amount=rows["amount"] * kept / cash.clip(lower=1))
    owed = owed[rows["kind"].isin([*PRE_ORDER, "order"]) & (kept > 0) & (rows["amount"] > 0)].reset_index(drop=True)
    if owed.empty:
        return found(owed, np.empty(0), [], stage="paid")
    owed["valued_on"] = _event_days(papers, owed).fillna(owed["day"])
    values = owed[LINE].merge(_prices(papers), on=LINE, how="left", validate="many_to_one")
    money = owed["currency"].astype("str")
    values["net_price"] = values["net_price"].where((money == values["currency"]) | (money == ""))  # else not comparable
    paid, parts = _whole(owed, values)
    sources = [] if not has_money(papers) else [_of_orders(papers, owed)]
    result = found(owed, np.zeros(len(owed), np.int64), sources, stage="paid",
                   ambiguous=coded.chosen([parts], ["the order was paid in several parts"]))
    return Found(result.claims.assign(
        paid=paid, kind=owed["kind"].to_numpy(), stated=owed["amount_per_unit"].abs().to_numpy(float),
        net_price=np.where(owed["kind"] == "order", values["net_price"], np.nan)), result.sources)


def wrong_reversal(papers: Papers) -> Found:
    """Reversals of reimbursements, less the units whose stock came back: found (F) or transferred in (N) from 60 days
    before to 14 days after, regraded where damage was paid, or returned by the customer on any day.

    What is taken back beyond the payment is wrong whatever came back. What Amazon pays again from then on, and for nothing
    else, settles it. A reversal whose original payment is not in the files cannot be judged, nor one of an order where the
    returns do not reach, nor one of the warehouse's where the ledger does not. Until its 14 days are over a claim waits.
    """
    rows = papers.once(reimbursements)
    originals = papers.once(_originals)
    stock = papers.once(warehouse)
    order = rows[(rows["kind"] == "reversal") & (rows["order_id"] != "")].reset_index(drop=True)
    came = Account(order)
    for by, supply in _came_back(papers):
        came.settle(supply, by, "back")
    owed = pd.concat([order.assign(units_back=came.settled), stock.reversals], ignore_index=True)
    if owed.empty:
        return found(owed, np.empty(0), [], stage="reversed")
    sources = [*came.sources, stock.back.assign(claim=stock.back["claim"].astype("int64") + len(order))]
    named = _named(owed, originals)
    known = named.isin(originals.index)
    first = originals.reindex(named[known])
    sources.append(lines(np.flatnonzero(known), first, "reversed"))
    kind = named.map(originals["kind"]).astype("object").fillna("")
    of_order = (owed["order_id"] != "").to_numpy()
    doubt = first_of(
        coded.chosen([~known, kind == "removal", (kind == "inbound") & _receipts_near(papers, owed)],
                     ["the payment that was taken back is not in the files",
                      "whether the removed units were sent after all is not in the files",
                      "receipts of those days may be the units that were paid for"]),
        coded.replaced(uncovered(papers, "returns", owed["day"]), ~of_order, ""),
        coded.replaced(uncovered(papers, "ledger_detail", owed["day"]), of_order, ""),
        coded.chosen([_paid_twice(stock, owed, originals.reindex(named))],
                     ["another payment had settled what this one was for"]))
    value = (owed["amount"].abs() / owed["units"].clip(lower=1)).to_numpy(float)
    settled = np.minimum(owed["units_back"].to_numpy(np.int64), _allowed(owed, named, originals))
    again = Account(owed)
    again.open = again.open - settled
    later = papers.once(refund_account)[1] if has_money(papers) else paid_for(papers, "order")
    again.settle(later.assign(day=later["approved_on"]), LINE, "paid", only=of_order)
    again.settle(stock.extra, ["key"], "paid", only=~of_order)
    return found(owed, again.settled, [*sources, *again.sources], stage="reversed", unit_value=value, ambiguous=doubt)


# ---------------------------------------------------------------------------------------------------- inside

def _originals(papers: Papers) -> pd.DataFrame:
    """The payments that reversals name: kind, units, file and line by reimbursement id and label, and by the id alone,
    since one id may stand on several lines."""
    rows = papers.once(reimbursements)
    back, number = rows["kind"] == "reversal", rows["reimbursement_id"].astype("str")
    named = set(rows.loc[back, "original_reimbursement_id"].astype("str")) - {""}
    paid = rows[~back & number.isin(named)]
    number = paid["reimbursement_id"].astype("str")
    both = pd.concat([paid.assign(named=number + "\x1f" + paid["key"]), paid.assign(named=number)], ignore_index=True)
    return both.groupby("named", sort=False).agg({"kind": "first", "units": "sum", "file": "first", "line": "first"})


def _taken_back(papers: Papers, rows: pd.DataFrame, back: pd.DataFrame) -> pd.Series:
    """Units of each payment (`rows`) that reversals (`back`) took back."""
    taken = back["units"].groupby(_named(back, papers.once(_originals))).sum()
    number = rows["reimbursement_id"].astype("str")
    return sum(name.map(taken).fillna(0) for name in (number, number + "\x1f" + rows["key"]))


def _named(owed: pd.DataFrame, originals: pd.DataFrame) -> pd.Series:
    """Which of the originals each reversal names: the line of its own label where there is one."""
    number = owed["original_reimbursement_id"].astype("str")
    own = number + "\x1f" + owed["key"]
    return own.where(own.isin(originals.index), number)


def _paid_twice(stock: Stock, owed: pd.DataFrame, first: pd.DataFrame) -> np.ndarray:
    """Whether the payments that were taken back (`first`) had settled nothing, while others of the label had."""
    left = stock.extra.set_index(["file", "line"])["units"]
    unused = left.reindex(pd.MultiIndex.from_frame(first[["file", "line"]])).fillna(0).to_numpy()
    paid = [piece["claim"][piece["role"] == "paid"] for piece in stock.account.sources if len(piece)]
    keys = set(stock.account.owed["key"].iloc[np.concatenate(paid)]) if paid else set()
    return (unused >= owed["units"].to_numpy()) & owed["key"].isin(keys).to_numpy()


def _event_days(papers: Papers, owed: pd.DataFrame) -> pd.Series:
    """The day of the earliest event that each payment settled; NaT where none is in the files."""
    days = []
    if not papers.books.is_absent("ledger_detail"):
        days.append(papers.once(warehouse).account)
    if has_money(papers):
        days.append(papers.once(refund_account)[0])
    pieces = [piece.assign(day=account.owed["day"].to_numpy()[piece["claim"]])
              for account in days for piece in account.sources if len(piece)]
    if not pieces:
        return pd.Series(pd.NaT, index=owed.index, dtype="datetime64[s]")
    paid = coded.stacked([piece[piece["role"] == "paid"] for piece in pieces])
    settled, asked = keys(paid, owed, ["file", "line"])
    first = paid["day"].groupby(settled).min()
    return pd.Series(first.reindex(asked).to_numpy(), index=owed.index)


def _whole(owed: pd.DataFrame, values: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What was paid per unit, and whether that cannot be told. More units paid than the order had are parts of one
    payment: all of them together are its price."""
    paid = (owed["amount"] / owed["units"]).to_numpy(float)
    group = owed.groupby([*LINE, "kind"], sort=False)
    sold = values["units_sold"].fillna(0).to_numpy(float)
    several = (group["units"].transform("size") > 1).to_numpy() & (owed["kind"] == "order").to_numpy()
    parts = several & ((sold == 0) | (group["units"].transform("sum").to_numpy() > sold))
    whole = (group["amount"].transform("sum") / np.maximum(sold, 1)).to_numpy(float)
    enough = parts & (sold > 0) & (whole >= values["net_price"].fillna(np.inf).to_numpy(float) * 0.98)
    return np.where(enough, whole, paid), parts & ~enough


def _prices(papers: Papers) -> pd.DataFrame:
    """The net price, its currency and the units sold of every order line."""
    if not has_money(papers):
        return pd.DataFrame({name: pd.Series(dtype="str") for name in [*LINE, "currency"]}
                            | {name: pd.Series(dtype="float64") for name in ("net_price", "units_sold")})
    table = papers.once(sales)
    return table.assign(net_price=net_price(table))[[*LINE, "currency", "net_price", "units_sold"]]


def _of_orders(papers: Papers, owed: pd.DataFrame) -> pd.DataFrame:
    """The settlement lines that say what the orders were sold for; the first payment of an order line carries them."""
    first = owed[(owed["kind"] == "order").to_numpy()].drop_duplicates(LINE)
    told = witnesses(papers, first, "price", "promotion", "fee", "referral")
    return told.assign(claim=first.index.to_numpy()[told["claim"]])


def _came_back(papers: Papers) -> list[tuple[list[str], pd.DataFrame]]:
    """Returned units that no refund still waits for: of a line that was refunded twice and paid once, the one that came
    back was the one not paid."""
    back = papers.once(returned).assign(day=EVER)
    if not has_money(papers):
        return [(LINE, back), (["order_id"], back.iloc[:0])]
    lines_sold = papers.once(sales).groupby(LINE)["units_refunded"].sum()
    paid = paid_for(papers, "order").groupby(LINE)["units"].sum()
    waits = (lines_sold - paid.reindex(lines_sold.index).fillna(0)).clip(lower=0)
    place = pd.MultiIndex.from_frame(back[LINE])
    wanted = waits.reindex(place).fillna(0).to_numpy()
    before = back.groupby(LINE)["units"].cumsum().to_numpy() - back["units"].to_numpy()
    used = np.clip(wanted - before, 0, back["units"].to_numpy()).astype(np.int64)
    back = back.assign(units=back["units"].to_numpy(np.int64) - used)
    foreign = ~place.isin(pd.MultiIndex.from_frame(papers.once(sales)[LINE]))
    return [(LINE, back), (["order_id"], back[foreign].reset_index(drop=True))]


def _allowed(owed: pd.DataFrame, named: pd.Series, originals: pd.DataFrame) -> np.ndarray:
    """Units that each reversal may take back: what earlier reversals have left of the payment."""
    paid = named.map(originals["units"]).fillna(np.inf).to_numpy(float)
    rank = owed.assign(named=named).sort_values("day", kind="stable")
    before = (rank.groupby("named")["units"].cumsum() - rank["units"]).reindex(owed.index).to_numpy(float)
    return np.minimum(np.clip(paid - before, 0, None), owed["units"].to_numpy(float)).astype(np.int64)


def _receipts_near(papers: Papers, owed: pd.DataFrame) -> np.ndarray:
    """Whether the ledger received units of the label around the reversal."""
    rows = papers.books.table("ledger_detail", ["event_date", "fnsku", "msku", "units"],
                              where=("event_type", ("Receipts",)))
    rows = rows[(rows["units"] > 0).to_numpy()].reset_index(drop=True)
    rows = rows.assign(key=key(papers, rows), day=rows["event_date"])
    return settle_near(owed, rows, ["key"], BACK_BEFORE, BACK_AFTER).units > 0
