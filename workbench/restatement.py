"""What became of a closed month: from what was published then to what is known now, to the unit and the cent.

A month's `items` are what its figures are sums of: each loss of the ledger, each claim, each reimbursement. Two lists of
items, then and now, give the bridge: opening + restated + new = closing. Pure: tables in, one table out.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench import claims, loss
from workbench.books import Books
from workbench.coverage import uncovered
from workbench.months import first_day, last_day
from workbench.policy import Policy

KEYS = ["kind", "measure", "currency"]
ITEM = [*KEYS, "item"]
ITEMS = [*ITEM, "product", "event_date", "value", "sources"]
BRIDGE = [*KEYS, "opening", "restated", "new", "closing", "items_restated", "items_new", "opening_unvalued",
          "closing_unvalued"]
CHANGES = [*ITEM, "product", "event_date", "opening", "closing", "change", "nature", "why", "sources"]
LOSS = ("units_lost_gross", "units_found", "units_lost")
CLAIM = ("units_owed", "units_settled", "units_open", "amount_open")
PAYMENT = ("units_paid", "amount_paid")
MILS = 1000  # no currency has more than three decimals: sums are made in whole thousandths, so they are exact


def items(books: Books, month: str, as_of: dt.date, policy: Policy) -> pd.DataFrame:
    """One row per item and measure of the month (ITEMS), as known on `as_of`.

    kind: "loss" (losses of the month, by the day of the loss), a claim type (events of the month), or "payments"
    (reimbursements approved in the month; what was taken back is negative). `value`: units, or money in `currency`; NaN
    where it is not known. A kind about which the files say nothing is one row per measure without an item and value.
    """
    pieces = [_losses(books, month, as_of), _claims(books, month, as_of, policy), _payments(books, month)]
    return pd.concat(pieces, ignore_index=True)[ITEMS].sort_values(ITEM, ignore_index=True)


def bridge(opening: pd.DataFrame, closing: pd.DataFrame) -> pd.DataFrame:
    """One row per kind, measure and currency (BRIDGE): opening + restated + new = closing, exactly.

    opening, closing: items (see `items`), as published and as known now. restated: what changed of the items that were
    published, those that are gone included. new: items that were not. A measure that is not known on one side is NaN
    there, and so are its changes; opening_unvalued and closing_unvalued count items without a known value, which no sum
    holds.

    >>> then = pd.DataFrame([["loss", "units_lost", "", "a", "X1", "2026-03-02", 3.0, "l.txt:2"]], columns=ITEMS)
    >>> now = pd.DataFrame([["loss", "units_lost", "", "a", "X1", "2026-03-02", 1.0, "l.txt:2"],
    ...                     ["loss", "units_lost", "", "b", "X2", "2026-03-09", 5.0, "m.txt:7"]], columns=ITEMS)
    >>> bridge(then, now)[["opening", "restated", "new", "closing"]].to_numpy().tolist()
    [[3.0, -2.0, 5.0, 6.0]]
    """
    both = _paired(opening, closing)
    mils = {side: _mils(both[f"value_{side}"]) for side in ("opening", "closing")}
    fresh = both["nature"].eq("new").to_numpy()
    moved = mils["closing"] - mils["opening"]
    touched = moved.ne(0) | both["value_opening"].isna().ne(both["value_closing"].isna())
    there = {side: both[f"item_{side}"] & both["item"].ne("") for side in ("opening", "closing")}
    sums = both[KEYS].assign(
        opening=mils["opening"], closing=mils["closing"], new=moved.where(fresh, 0), restated=moved.where(~fresh, 0),
        items_restated=touched & ~fresh & both["item"].ne(""), items_new=fresh & both["item"].ne(""),
        **{f"{side}_unvalued": there[side] & both[f"value_{side}"].isna() for side in there})
    out = sums.groupby(KEYS, as_index=False, sort=True).sum()
    for name in ("opening", "restated", "new", "closing"):
        out[name] = out[name] / MILS
    for side, table in (("opening", opening), ("closing", closing)):
        unknown = _unknown(out, table)
        for name in (side, "restated", "new"):
            out[name] = out[name].mask(unknown)
    return out[BRIDGE]


def changes(opening: pd.DataFrame, closing: pd.DataFrame) -> pd.DataFrame:
    """One row per item and measure that changed (CHANGES), the largest change of each measure first.

    nature: "restated" or "new", as in `bridge`. why: "new" (was not there), "gone" (is no longer there), "valued" (its
    value became known), "unvalued" (is no longer known), "more", "less".
    """
    both = _paired(opening, closing)
    both = both[both["item"].ne("")]
    before, after = both["value_opening"], both["value_closing"]
    both = both.assign(opening=before, closing=after, change=(_mils(after) - _mils(before)) / MILS)
    both["why"] = np.select(
        [both["nature"].eq("new"), ~both["item_closing"], before.isna() & after.notna(), before.notna() & after.isna(),
         both["change"] > 0], ["new", "gone", "valued", "unvalued", "more"], "less")
    both = both[both["change"].ne(0) | both["why"].isin(["new", "gone", "valued", "unvalued"])]
    size = both["change"].abs()
    order = both[KEYS].assign(size=-size, item=both["item"]).sort_values([*KEYS, "size", "item"]).index
    return both.loc[order, CHANGES].reset_index(drop=True)


# ---------------------------------------------------------------------------------------------------- items

def _losses(books: Books, month: str, as_of: dt.date) -> pd.DataFrame:
    ledger = books.table("ledger_detail", [*loss.NEEDED, "reference_id"])
    days = np.unique(ledger["event_date"].to_numpy("datetime64[D]"))
    if books.is_absent("ledger_detail") or uncovered(days, first_day(month), min(last_day(month), as_of)):
        return _nothing_known("loss", LOSS)
    found = loss.losses(ledger, as_of=as_of, months=(month, month))
    names = ["event_date", "fnsku", "fulfillment_center", "disposition", "reason", "reference_id"]
    return _long(found, "loss", LOSS, _numbered(found, names), found["fnsku"], found["event_date"])


def _claims(books: Books, month: str, as_of: dt.date, policy: Policy) -> pd.DataFrame:
    table = claims.claims(books, as_of, policy)
    table = table[pd.to_datetime(table["event_date"]).dt.strftime("%Y-%m").eq(month)].reset_index(drop=True)
    known = _long(table, table["claim_type"].astype("str"), CLAIM, table["claim_id"], _product(table), table["event_date"])
    return pd.concat([known, *(_nothing_known(name, CLAIM) for name in claims.unknown(books)["claim_type"])])


def _payments(books: Books, month: str) -> pd.DataFrame:
    if books.is_absent("reimbursements"):
        return _nothing_known("payments", PAYMENT)
    table = books["reimbursements"]
    table = table[table["approved_on"].dt.strftime("%Y-%m").eq(month)].reset_index(drop=True)
    table = table.assign(
        units_paid=table["units_total"].astype("float64"), amount_paid=table["amount"].astype("float64"),
        sources=table["file"].astype("str") + ":" + table["line"].astype("str"))
    names = ["reimbursement_id", "reason", "fnsku", "msku", "order_id"]
    return _long(table, "payments", PAYMENT, _numbered(table, names), _product(table), table["approved_on"])


def _product(rows: pd.DataFrame) -> pd.Series:
    """The label of the product, else its SKU."""
    return rows["fnsku"].astype("str").where(rows["fnsku"].ne(""), rows["msku"].astype("str"))


def _long(rows: pd.DataFrame, kind: str | pd.Series, measures: tuple[str, ...], item: pd.Series, product: pd.Series,
          day: pd.Series) -> pd.DataFrame:
    """One row per item and measure."""
    facts = pd.DataFrame({"kind": kind, "item": item, "product": product.astype("str"), "sources": rows["sources"],
                          "event_date": pd.to_datetime(day).dt.strftime("%Y-%m-%d")}, index=rows.index)
    pieces = [facts.assign(measure=name, value=rows[name].astype("float64"),
                           currency=rows["currency"].astype("str") if name.startswith("amount") else "")
              for name in measures]
    return pd.concat(pieces, ignore_index=True)


def _nothing_known(kind: str, measures: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({"kind": kind, "measure": list(measures), "currency": "", "item": "", "product": "",
                         "event_date": "", "value": np.nan, "sources": ""})


def _numbered(rows: pd.DataFrame, names: list[str]) -> pd.Series:
    """What identifies a row, in words; equal rows are numbered in turn."""
    text = rows[names[0]].astype("str").str.cat([rows[name].astype("str") for name in names[1:]], sep="|")
    again = text.groupby(text).cumcount() + 1
    return text.where(again.eq(1), text + "|" + again.astype("str"))


# ---------------------------------------------------------------------------------------------------- the two sides

def _paired(opening: pd.DataFrame, closing: pd.DataFrame) -> pd.DataFrame:
    """Items of both sides, each once: value_opening, value_closing, whether it is there, and its nature."""
    sides = [table.assign(there=True).astype({name: "str" for name in ITEM}) for table in (opening, closing)]
    both = sides[0].merge(sides[1], on=ITEM, how="outer", suffixes=("_opening", "_closing"), validate="one_to_one")
    for side in ("opening", "closing"):
        both[f"item_{side}"] = both.pop(f"there_{side}").eq(True)
    both["nature"] = np.where(both["item_opening"], "restated", "new")
    for name in ("product", "event_date", "sources"):
        both[name] = both.pop(f"{name}_closing").fillna(both.pop(f"{name}_opening")).astype("str")
    return both.sort_values(ITEM, ignore_index=True)


def _mils(values: pd.Series) -> pd.Series:
    """Values as whole thousandths; what is not known adds nothing."""
    return (values.fillna(0) * MILS).round().astype("int64")


def _unknown(rows: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Which rows of the bridge are of a kind that one side knows nothing about."""
    named = pd.MultiIndex.from_frame(table.loc[table["item"].astype("str").eq(""), ["kind", "measure"]].astype("str"))
    return pd.MultiIndex.from_frame(rows[["kind", "measure"]]).isin(named)
