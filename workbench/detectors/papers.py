"""The seller's reports as the detectors read them: which products they name, and what was paid, for which kind of event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from workbench import coded
from workbench.books import Books

# the reports that name a product, the surest first
NAMING = ("ledger_detail", "shipment_sales", "fee_preview", "inventory", "returns", "reimbursements", "removal_orders")
LOST_WORDS = "lost|missing|misplaced"


class Papers:
    """A seller's books as the detectors read them on one day; what several of them need is made once."""

    def __init__(self, books: Books, as_of: dt.date) -> None:
        self.books, self.as_of = books, as_of
        self._made: dict[Callable, object] = {}

    def once(self, make: Callable[[Papers], object]):
        """`make(papers)`, made at the first call."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def only(self, *kept: Callable[[Papers], object]) -> Papers:
        """The same papers with nothing made yet but `kept`: the rest may leave memory."""
        papers = Papers(self.books, self.as_of)
        papers._made = {make: made for make, made in self._made.items() if make in kept}
        return papers


# ---------------------------------------------------------------------------------------------------- products

def products(papers: Papers) -> pd.DataFrame:
    """One row per SKU that a report gives an FNSKU: msku, fnsku, asin ("" where unknown), as the first report of NAMING
    that has it says. Amazon's own SKUs for units it found without a label (Amazon.Found.…) are none of the seller's."""
    pieces = [_distinct(papers.books, name) for name in NAMING if not papers.books.is_absent(name)]
    if not pieces:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("msku", "fnsku", "asin")})
    table = pd.concat(pieces, ignore_index=True)
    table = table[(table["msku"] != "") & ~table["msku"].str.startswith("Amazon.Found")]
    return table.drop_duplicates("msku", ignore_index=True)


def _distinct(books: Books, name: str) -> pd.DataFrame:
    """The first row of each SKU that has an FNSKU, in order. By codes: a ledger names its few products in every row."""
    table = books.table(name, ["msku", "fnsku", "asin"] if name != "removal_orders" else ["msku", "fnsku"])
    msku = coded.coded(table["msku"])
    named = np.flatnonzero((table["fnsku"] != "").to_numpy())[::-1]
    first = np.full(len(msku.categories), -1)
    first[msku.codes[named]] = named  # the last one written is the first of the table
    table = table.iloc[np.sort(first[first >= 0])]
    return pd.DataFrame({column: table[column].astype("str") if column in table else "" for column in
                         ("msku", "fnsku", "asin")})


def key(papers: Papers, table: pd.DataFrame) -> pd.Series:
    """The label Amazon counts by: FNSKU, else the FNSKU that another report gives the SKU, else the SKU."""
    return pd.Series(labels(papers, table), index=table.index).astype("str")


def labels(papers: Papers, table: pd.DataFrame) -> pd.Categorical:
    """`key` as categories."""
    named = (table["fnsku"] != "").to_numpy()
    if named.all():
        return coded.coded(table["fnsku"])
    known = papers.once(products).set_index("msku")["fnsku"]
    other = coded.mapped(table["msku"], known)
    return coded.either(named, table["fnsku"], coded.either(other != "", other, table["msku"]))


# ---------------------------------------------------------------------------------------------------- payments

def reimbursements(papers: Papers) -> pd.DataFrame:
    """The reimbursement rows with `kind` (lost, damaged, inbound, removal, order, fee, reversal, other), `day`, `key`
    and `units` covered: cash and stock; of a reversal what was taken back, 1 or more. A reversal that names no payment is
    of the one whose id it bears.

    Reasons are folded (`lost_warehouse` is `Lost_Warehouse`); with an order id the order's, without the warehouse's. A
    reversal that names no order has that of its payment.
    """
    books = papers.books
    table = books["reimbursements"]
    word = coded.each(table["reason"], lambda words: words.str.casefold().str.replace(r"[^a-z]", "", regex=True))
    word = word.astype("category")
    removal = set(books["removal_orders"]["order_id"].astype("str")) if not books.is_absent("removal_orders") else set()
    order, amount = table["order_id"].astype("str"), table["amount"].fillna(0.0)
    back = word.eq("reimbursementreversal") | (amount < 0) & ~word.eq("feecorrection")
    kind = np.select(
        [back, word.eq("feecorrection"), order.isin(removal) & order.ne(""), word.str.contains("inbound"),
         word.isin(["lostoutbound", "removalorderlost"]) & order.eq(""),
         order.ne("") | word.isin(["customerreturn", "customerserviceissue"]), word.str.contains("damage"),
         word.str.contains(LOST_WORDS, regex=True)],
        ["reversal", "fee", "removal", "inbound", "removal", "order", "damaged", "lost"], "other")
    cash, stock, total = (table[name].fillna(0).astype("int64") for name in
                          ("units_cash", "units_inventory", "units_total"))
    taken = np.select([cash != 0, total != 0, stock != 0], [cash.abs(), total.abs(), stock.abs()], 1)
    given = np.where(cash + stock != 0, cash + stock, total)
    if back.any():
        first, own = (table[name].astype("str") for name in ("original_reimbursement_id", "reimbursement_id"))
        table = table.assign(original_reimbursement_id=first.where(~back | (first != ""), own))
        order = order.where(~back | (order != ""), _order_of_payment(table, back))
    return table.assign(units=np.where(back, taken, np.maximum(given, 0)).astype(np.int64), kind=kind,
                        day=table["approved_on"], key=key(papers, table), order_id=order, amount=amount)


def _order_of_payment(table: pd.DataFrame, back: pd.Series) -> pd.Series:
    """The order of the payment that each row takes back; "" where it is not in the files or has none."""
    first = table[~back].drop_duplicates("reimbursement_id").set_index("reimbursement_id")["order_id"].astype("str")
    return table["original_reimbursement_id"].map(first).astype("object").fillna("").astype("str")


def paid_for(papers: Papers, *kinds: str) -> pd.DataFrame:
    """One row per row of the reimbursement report that is of one of the kinds, with the columns of `reimbursements`."""
    rows = papers.once(reimbursements)
    return rows[rows["kind"].isin(kinds)].reset_index(drop=True)


def sure_labels(paid: pd.DataFrame, owed: pd.DataFrame) -> pd.DataFrame:
    """The payments, with a blank `key` where one names no label and its SKU is owed under several: it is for none of them
    more than for another, and settles the SKU's oldest event."""
    pairs = owed[["msku", "key"]].drop_duplicates().astype("str")
    several = pairs.loc[pairs["msku"].duplicated(), "msku"]
    unsure = (paid["fnsku"] == "").to_numpy() & paid["msku"].isin(several).to_numpy()
    return paid.assign(key=paid["key"].where(~unsure, ""))
