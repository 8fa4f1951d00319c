"""Units lost, damaged or disposed of inside Amazon's warehouses, from the ledger's adjustments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import coded, radix
from workbench.detectors.account import EVER, GRACE_DAYS, Account, day_numbers, settle, settle_near, sources_of
from workbench.detectors.found import Found, first_of, found, nothing
from workbench.detectors.papers import Papers, key, labels, paid_for, sure_labels
from workbench.detectors.reach import uncovered
from workbench.detectors.trust import amazons_balance

LOST, FOUND, DAMAGED = ("M", "5"), ("F",), ("E",)
UNSELLABLE_DAMAGE = ("6", "7", "H", "K", "U")  # damage to units that could not be sold anyway
DISPOSED = ("D", "G")
BROKEN = "WAREHOUSE_DAMAGED"
NOT_OWED = ("CUSTOMER_DAMAGED", "DEFECTIVE")  # Amazon answers neither for the customer nor for the maker
BACK_BEFORE, BACK_AFTER = 60, 14  # days around a reversal in which the stock comes back
ORDERED_WITHIN = 30  # days around a disposal in which the removal order lies
PAIRED_WITHIN = 30  # days between the two rows of a stock payment, or of a transfer in and out
NEEDED = ["event_date", "fnsku", "msku", "asin", "fulfillment_center", "disposition", "reason", "reference_id", "units",
          "units_reconciled", "units_unreconciled"]


class Stock(NamedTuple):
    """The warehouse's accounts, settled as far as the files tell."""

    account: Account  # rows of all three claim types, column `claim_type`
    ambiguous: pd.Categorical  # per row of the account
    note: pd.Categorical
    reversals: pd.DataFrame  # of payments without an order, with `units_back`: the stock that came back for them
    back: pd.DataFrame  # sources: which ledger rows brought the stock of which reversal
    extra: pd.DataFrame  # payments with the units that settled no event of the ledger


def lost_warehouse(papers: Papers) -> Found:
    """Units of ledger adjustments M and 5, less found (F) and paid, oldest first, across centres. What was paid under
    another label of the SKU, or under none, counts where nothing of the label itself was left to pay.

    Amazon's own open balance counts where the ledger has it. Finds that Amazon takes back after it has paid (O), and
    finds that belong to a reversal, settle nothing. N is stock given as payment or a transfer: the payment counts, not
    the row. Units lost from damaged stock are owed as damage.
    """
    return _claims(papers, "lost_warehouse")


def damaged_warehouse(papers: Papers) -> Found:
    """Units Amazon damaged (E), less those regraded out of WAREHOUSE_DAMAGED (Q) and paid, oldest first.

    6, 7, H, K and U hit units that were unsellable already; whether anything is owed for them cannot be told.
    """
    return _claims(papers, "damaged_warehouse")


def disposed_unrequested(papers: Papers) -> Found:
    """Sellable units disposed of (D) or donated (G), less what removal orders asked to dispose within 30 days.

    Removal orders are named in the ledger's reference or matched by FNSKU.
    """
    return _claims(papers, "disposed_unrequested")


def _claims(papers: Papers, claim_type: str) -> Found:
    stock = papers.once(warehouse)
    own = (stock.account.owed["claim_type"] == claim_type).to_numpy()
    return found(stock.account.owed[own], stock.account.settled[own], sources_of(own, stock.account.sources),
                 stage="before_order", ambiguous=stock.ambiguous[own], note=stock.note[own])


# ---------------------------------------------------------------------------------------------------- the accounts

def _adjustments(papers: Papers) -> pd.DataFrame:
    """The ledger's adjustments with key, day, signed units and their size."""
    table = papers.books.table("ledger_detail", NEEDED, where=("event_type", ("Adjustments",)))
    return table.assign(key=labels(papers, table), day=table["event_date"], signed=table["units"],
                        units=table["units"].abs()).reset_index(drop=True)


def warehouse(papers: Papers) -> Stock:
    """Losses, damage and disposals of one seller, and everything that settles them."""
    rows = _adjustments(papers)
    out, into, reason = rows["signed"] < 0, rows["signed"] > 0, rows["reason"]
    kind = coded.chosen([out & coded.is_one_of(reason, LOST), out & coded.is_one_of(reason, (*DAMAGED, *UNSELLABLE_DAMAGE)),
                         out & coded.is_one_of(reason, DISPOSED) & (rows["disposition"] == "SELLABLE")],
                        ["lost_warehouse", "damaged_warehouse", "disposed_unrequested"])
    owed = _in_turn(rows[kind != ""].assign(claim_type=kind[kind != ""]).reset_index(drop=True))
    account = Account(owed.assign(grade=_grade(owed["disposition"])))
    paid = paid_for(papers, "lost", "damaged", "other")
    finds = rows[into & coded.is_one_of(reason, FOUND)].reset_index(drop=True)
    given = rows[into & (rows["reason"] == "N")].reset_index(drop=True)
    taken = rows[out & (rows["reason"] == "O")].reset_index(drop=True)
    regraded = rows[out & (rows["reason"] == "Q") & (rows["disposition"] == BROKEN)].reset_index(drop=True)

    finds, taken = _kept_by_amazon(finds, taken, paid)
    given = _stock_payments(given, paid)
    reversals, back, finds, given, regraded = _given_back(papers, owed, paid, finds, given, regraded)
    given = given.assign(units=settle_near(taken, given, ["key"], PAIRED_WITHIN, PAIRED_WITHIN).left)

    lost = (owed["claim_type"] == "lost_warehouse").to_numpy()
    hurt = (owed["claim_type"] == "damaged_warehouse").to_numpy()
    paid = sure_labels(paid, owed)
    spare, for_losses = _settle_losses(account, lost, finds, paid[paid["kind"] == "lost"])
    for_damage = _settle_damage(account, hurt, regraded, paid[paid["kind"] == "damaged"])
    known, note = amazons_balance(papers, account)
    doubt = _settle_disposals(papers, account, (owed["claim_type"] == "disposed_unrequested").to_numpy())
    for_any = account.pay(paid[paid["kind"] == "other"], only=~known)
    doubt = first_of(doubt, _maybe_found(account, lost & ~known, given, spare), _not_owed(owed),
                     _unseen(papers, owed, known))
    extra = coded.stacked([part[["key", "day", "units", "file", "line"]] for part in (for_losses, for_damage, for_any)])
    return Stock(account, doubt, first_of(note, _doubtful_value(owed)), reversals, back, extra)


def _in_turn(owed: pd.DataFrame) -> pd.DataFrame:
    """The events by label and day; those of one label and day by centre, reference and size, whatever their order in the
    files: of events of one day the first is settled first."""
    first = [coded.ranks(owed["key"]), day_numbers(owed["day"]), coded.ranks(owed["fulfillment_center"])]
    order = radix.argsort(*first)
    again = np.logical_and.reduce([part[order][1:] == part[order][:-1] for part in first])
    tied = np.flatnonzero(np.append(again, False) | np.append(False, again))
    same = owed[["reference_id", "disposition", "reason", "msku", "units"]].iloc[order[tied]]
    words = [coded.ranks(same.pop(name)) for name in ("reference_id", "disposition", "reason", "msku")]
    place = np.cumsum(~np.append(False, again))[tied]
    order[tied] = order[tied][radix.argsort(place, *words, same["units"].to_numpy())]
    return owed.iloc[order].reset_index(drop=True)


def _grade(disposition: pd.Series) -> pd.Categorical:
    return coded.chosen([disposition.isin(["", "SELLABLE"])], ["sellable"], "unsellable")


def _settle_losses(account: Account, lost: np.ndarray, finds: pd.DataFrame,
                   paid: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Finds and payments in the order of their days, of the same kind of stock first; then payments a few days early; then
    those under another label of the SKU. The finds and the payments come back with the units that settled nothing."""
    both = _supplies(finds.assign(role="found", grade=_grade(finds["disposition"])),
                     paid.assign(role="paid", grade="sellable"))
    for by in (["key", "grade"], ["key"]):
        both = account.settle(both, by, "", only=lost)
    finds, paid = (both[both["role"] == role].reset_index(drop=True) for role in ("found", "paid"))
    return finds, account.pay(paid, grace=GRACE_DAYS, only=lost)


def _settle_damage(account: Account, hurt: np.ndarray, regraded: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """Regrades and payments, of what could be sold first. The payments come back with the units that settled nothing."""
    both = _supplies(regraded.assign(role="regraded", grade=""), paid.assign(role="paid", grade=""))
    sellable = hurt & account.owed["reason"].isin(DAMAGED).to_numpy()
    for only in (sellable, hurt):
        both = account.settle(both, ["key"], "", only=only)
        early = both["role"].eq("paid").to_numpy()
        late = account.settle(both[early].reset_index(drop=True), ["key"], "paid", grace=GRACE_DAYS, only=only)
        both.loc[early, "units"] = late["units"].to_numpy()
    left = both[both["role"] == "paid"].reset_index(drop=True)
    return account.settle(left, ["msku"], "paid", grace=GRACE_DAYS, only=hurt)  # under another label of the SKU


def _supplies(*rows: pd.DataFrame) -> pd.DataFrame:
    """Different supplies of one account below each other, with what settling needs of them."""
    return coded.stacked([part[["key", "grade", "day", "units", "role", "msku", "asin", "file", "line"]] for part in rows])


def _settle_disposals(papers: Papers, account: Account, disposed: np.ndarray) -> pd.Categorical:
    """What removal orders asked to dispose; "" or, per row, which disposals an order may have asked for."""
    if not disposed.any() or papers.books.is_absent("removal_orders"):
        return coded.of("", len(account.owed))
    asked = _asked(papers)
    asked = account.settle(asked.assign(day=EVER), ["key", "reference_id"], "asked", only=disposed)
    for day in ("requested_on", "updated_on"):
        asked = account.settle(asked.assign(day=asked[day].fillna(asked["requested_on"])), ["key"], "asked",
                               near=(ORDERED_WITHIN, ORDERED_WITHIN), only=disposed)
    asked_at_all = account.would_settle(asked.assign(day=EVER), ["key"], only=disposed)
    return coded.chosen([asked_at_all], ["a removal order of another time may have asked for it"])


def _asked(papers: Papers) -> pd.DataFrame:
    """Units of sellable stock that removal orders asked to dispose: what a disposal order has not cancelled, else what an
    order of another kind says was disposed of."""
    table = papers.books["removal_orders"]
    names = ("units_requested", "units_cancelled", "units_disposed")
    wanted, cancelled, done = (table[name].fillna(0).astype("int64") for name in names)
    disposal = table["order_type"].astype("str").str.casefold().str.contains("dispos")
    table = table.assign(units=np.where(disposal, np.maximum(wanted - cancelled, done), done), key=key(papers, table),
                         reference_id=table["order_id"].astype("str"), file=table["file"].astype("str"))
    sellable = ~table["disposition"].astype("str").str.upper().isin(["UNSELLABLE", BROKEN, *NOT_OWED])
    return table[sellable & (table["units"] > 0)].reset_index(drop=True)


# ---------------------------------------------------------------------------------------------------- what finds are for

def _kept_by_amazon(finds: pd.DataFrame, taken: pd.DataFrame, paid: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Finds without those that Amazon took as its own because it had paid (O after a payment in cash); and the other O."""
    cash = paid.assign(units=paid["units_cash"].fillna(0).astype("int64").clip(lower=0))
    explained = settle(cash, taken, ["key"], grace=GRACE_DAYS)
    bought = taken.assign(units=taken["units"].to_numpy(np.int64) - explained.left, day=_mirror(taken["day"]))
    latest = settle(bought, finds.assign(day=_mirror(finds["day"])), ["key"])
    return finds.assign(units=latest.left), taken.assign(units=explained.left)


def _mirror(days: pd.Series) -> pd.Series:
    """Days counted backwards, so that first in, first out takes the latest find before."""
    zero = pd.Timestamp("2000-01-01")
    return zero - (days - zero)


def _stock_payments(given: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """N rows without those that are the other side of a payment in stock."""
    stock = paid.assign(units=paid["units_inventory"].fillna(0).astype("int64").clip(lower=0))
    return given.assign(units=settle_near(stock, given, ["key"], PAIRED_WITHIN, PAIRED_WITHIN).left)


def _given_back(papers: Papers, owed: pd.DataFrame, paid: pd.DataFrame, finds: pd.DataFrame, given: pd.DataFrame,
                regraded: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Reversals with the stock that came back for them: finds, those first that no open loss was waiting for, transfers
    in (N), and for damage what was regraded. What they used settles nothing else."""
    reversals = paid_for(papers, "reversal")
    reversals = reversals[reversals["order_id"] == ""].reset_index(drop=True)
    if reversals.empty:
        return reversals.assign(units_back=0), nothing().sources, finds, given, regraded
    damage = reversals["original_reimbursement_type"].astype("str").str.contains("damage", case=False).to_numpy()
    account, near = Account(reversals), (BACK_BEFORE, BACK_AFTER)
    regraded = account.settle(regraded, ["key"], "back", near=near, only=damage)
    spare = _spare(finds, owed, paid)
    left = account.settle(finds.assign(units=spare), ["key"], "back", near=near)
    finds = finds.assign(units=finds["units"] - spare + left["units"])
    given = account.settle(given, ["key"], "back", near=near)
    finds = account.settle(finds, ["key"], "back", near=near)
    told = coded.stacked([nothing().sources, *account.sources])
    return reversals.assign(units_back=account.settled), told, finds, given, regraded


def _spare(finds: pd.DataFrame, owed: pd.DataFrame, paid: pd.DataFrame) -> np.ndarray:
    """Units of each find that no open loss was waiting for."""
    losses = owed[owed["claim_type"] == "lost_warehouse"]
    both = coded.stacked([part[["key", "day", "units"]] for part in (finds, paid[paid["kind"] == "lost"])])
    return settle(losses, both, ["key"], grace=GRACE_DAYS).left[:len(finds)]


# ---------------------------------------------------------------------------------------------------- what is in doubt

def _maybe_found(account: Account, lost: np.ndarray, given: pd.DataFrame, spare: pd.DataFrame) -> pd.Categorical:
    """Why an open loss may not be one: transfers in (N) that pay for nothing, finds under another label of the product."""
    skus = spare["msku"].cat.categories
    asin = skus.to_series().str.extract(r"^Amazon\.Found\.(B[0-9A-Z]{9})", expand=False)
    asin = coded.mapped(spare["msku"], asin)
    spare = spare.assign(asin=coded.either(asin != "", asin, spare["asin"]))
    return coded.chosen([account.would_settle(given, ["key"], only=lost), account.would_settle(spare, ["asin"], only=lost)],
                        ["stock transferred in (N) may be the units that were lost",
                         "units of the product were found under another label"])


def _not_owed(owed: pd.DataFrame) -> pd.Categorical:
    lost = owed["claim_type"] == "lost_warehouse"
    return coded.chosen([lost & (owed["disposition"] == BROKEN), owed["reason"].isin(UNSELLABLE_DAMAGE)],
                        ["the units were damaged before: owed as damage", "the unit was unsellable already"])


def _doubtful_value(owed: pd.DataFrame) -> pd.Categorical:
    """A loss of unsellable stock is a loss all the same, but Amazon may pay little for it."""
    broken = (owed["claim_type"] == "lost_warehouse") & owed["disposition"].isin(NOT_OWED)
    return coded.chosen([broken], ["the units were unsellable: Amazon may pay less, or nothing"])


def _unseen(papers: Papers, owed: pd.DataFrame, known: np.ndarray) -> pd.Categorical:
    """Reports that may lack what settled the event; Amazon's own balance needs none of them."""
    doubt = first_of(coded.replaced(uncovered(papers, "reimbursements", owed["day"]), known, ""),
                     uncovered(papers, "ledger_detail", owed["day"]))
    if papers.books.is_absent("removal_orders"):
        return doubt
    disposed = owed["claim_type"].eq("disposed_unrequested").to_numpy()
    return first_of(doubt, coded.replaced(uncovered(papers, "removal_orders", owed["day"]), ~disposed, ""))
