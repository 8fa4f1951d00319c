"""Events owed, what settled them, and the lines of the files that say both."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import specs
from workbench.books import Books
from workbench.coverage import longest_silence
from workbench.detectors import coded
from workbench.matching import Matched, Stream, fifo, within

TEXTS = ("fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center")
COLUMNS = (*TEXTS, "event_date", "valued_on", "units_owed", "units_settled", "unit_value", "currency", "stage", "ambiguous",
           "note")
WITNESS = ("claim", "role", "units", "file", "line")
Columns = Mapping[str, pd.Series]
GRACE_DAYS = 7  # reports are not in step: a payment may be dated this much before its event
EVER = pd.Timestamp("2200-01-01")  # the day of a supply that settles an event of its key whenever it came


class Found(NamedTuple):
    """`claims`: one row per event owed, COLUMNS; unit_value is NaN where the policy values the unit (by `stage`:
    "before_order" or "after_order", at the rules of `valued_on`). `sources`: one row per line of a file that bears
    witness: claim (row of `claims`), role ("event", "found", "paid", …), units, file, line."""

    claims: pd.DataFrame
    sources: pd.DataFrame


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


class Needs(NamedTuple):
    """A detector and the tables without which it can say nothing."""

    detect: Callable[[Papers], Found]
    tables: tuple[str, ...]


# ---------------------------------------------------------------------------------------------------- settling

class Settled(NamedTuple):
    """Units settled per owed row, units left of each supply row, and which supply settled which owed row, by how much."""

    units: np.ndarray
    left: np.ndarray
    owed: np.ndarray
    supply: np.ndarray
    shared: np.ndarray


class Account:
    """Events owed and what has settled them so far: supplies are offered in turn, each takes what is still open."""

    def __init__(self, owed: pd.DataFrame) -> None:
        self.owed = owed
        self.open = owed["units"].to_numpy(np.int64).copy()
        self.sources: list[pd.DataFrame] = []

    def settle(self, supply: pd.DataFrame, by: Sequence[str], role: str, *, grace: int = 0,
               near: tuple[int, int] | None = None, only: np.ndarray | None = None) -> pd.DataFrame:
        """The supply with the units it has left. `only`: the owed rows that it may settle; `near`: from so many days
        before to so many after the event; `role` "": that of each row of the supply."""
        wanted = self.open if only is None else np.where(only, self.open, 0)
        part = settle(self.owed, supply, by, open_units=wanted, grace=grace) if near is None else \
            settle_near(self.owed, supply, by, *near, open_units=wanted)
        self.open = self.open - part.units
        if len(part.owed):
            told = lines(part.owed, supply[["file", "line"]].iloc[part.supply], role, part.shared)
            self.sources.append(told if role else told.assign(role=supply["role"].iloc[part.supply].array))
        return supply.assign(units=part.left)

    @property
    def settled(self) -> np.ndarray:
        return self.owed["units"].to_numpy(np.int64) - self.open

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is settled inside is forgotten afterwards; `open` may be looked at before."""
        kept = self.open.copy(), len(self.sources)
        yield
        self.open, self.sources = kept[0], self.sources[:kept[1]]


def settle(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], *, open_units: np.ndarray | None = None,
           grace: int = 0) -> Settled:
    """First in, first out: each supply settles the oldest open event of its key, dated at most `grace` days after it.

    Both frames: the `by` columns, `day` (datetime) and `units` (0 or more).
    """
    def match(demand: Stream, offer: Stream) -> Matched:
        return fifo(demand._replace(time=demand.time - grace), offer)

    return _settled(owed, supply, by, open_units, match)


def settle_near(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], before: int, after: int, *,
                open_units: np.ndarray | None = None) -> Settled:
    """Oldest first, but only by supplies from `before` days before the event to `after` days after it."""
    return _settled(owed, supply, by, open_units, lambda demand, offer: within(demand, offer, before, after))


def _settled(owed: pd.DataFrame, supply: pd.DataFrame, by: Sequence[str], open_units: np.ndarray | None,
             match: Callable[[Stream, Stream], Matched]) -> Settled:
    """`match` of the rows that have units."""
    wanted = owed["units"].to_numpy(np.int64) if open_units is None else open_units
    offered = supply["units"].to_numpy(np.int64)
    at, of = np.flatnonzero(wanted), np.flatnonzero(offered)
    if not len(at) or not len(of):
        return Settled(np.zeros(len(owed), np.int64), offered, at[:0], of[:0], offered[:0])
    one, other = ({name: frame[name].iloc[rows] for name in ("day", *by)} for frame, rows in ((owed, at), (supply, of)))
    left, right = keys(one, other, by)
    matched = match(Stream(left, _days(one["day"]), wanted[at]), Stream(right, _days(other["day"]), offered[of]))
    units, surplus = np.zeros(len(owed), np.int64), np.zeros(len(supply), np.int64)
    units[at], surplus[of] = wanted[at] - matched.open, matched.surplus
    return Settled(units, surplus, at[matched.demand], of[matched.supply], matched.units)


def keys(one: Columns, other: Columns, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The same integer (0 or more, below 2**32) for the same key in two tables; a blank key equals no other row's."""
    size, columns = len(one[by[0]]), [coded.alike(one[name], other[name]) for name in by]
    code = coded.together(*columns)
    blank = np.logical_or.reduce([(column == "").to_numpy() for column in columns])
    code[blank] = code.max(initial=0) + 1 + np.arange(int(blank.sum()))
    return code[:size], code[size:]


def _days(column: pd.Series) -> np.ndarray:
    """Days since 1970; an unknown day is later than every other."""
    return column.fillna(EVER).to_numpy("datetime64[D]").astype(np.int64)


def lines(claim: np.ndarray, rows: pd.DataFrame, role: str, units: np.ndarray | None = None) -> pd.DataFrame:
    """Which claims the rows (with file and line) bear witness to; `claim` and `rows` go side by side."""
    units = rows["units"].to_numpy() if units is None else units
    return pd.DataFrame({"claim": np.asarray(claim, np.int64), "role": coded.of(role, len(rows)),
                         "units": np.asarray(units, np.int64), "file": coded.coded(rows["file"]),
                         "line": rows["line"].to_numpy(np.int64)})


# ---------------------------------------------------------------------------------------------------- claims

@functools.cache
def nothing() -> Found:
    """No event at all."""
    claims = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    claims = claims.astype({"event_date": "datetime64[s]", "valued_on": "datetime64[s]", "units_owed": "int64",
                            "units_settled": "int64", "unit_value": "float64"})
    sources = pd.DataFrame({name: pd.Series(dtype="str") for name in WITNESS})
    return Found(claims, sources.astype({"claim": "int64", "units": "int64", "line": "int64"}))


def found(events: pd.DataFrame, settled: np.ndarray, sources: Sequence[pd.DataFrame], *, stage: str,
          ambiguous: pd.Categorical | str = "", note: pd.Categorical | str = "",
          unit_value: np.ndarray | float = np.nan) -> Found:
    """Events (fnsku, msku, day, units and what else they have) as claims. `valued_on` is the day itself where the events
    have no such column."""
    size = len(events)
    if not size:
        return nothing()
    claims = pd.DataFrame({name: coded.coded(events[name]) if name in events else coded.of("", size) for name in TEXTS})
    claims["event_date"] = events["day"].to_numpy("datetime64[s]")
    claims["valued_on"] = events["valued_on" if "valued_on" in events else "day"].to_numpy("datetime64[s]")
    claims["units_owed"] = events["units"].to_numpy(np.int64)
    claims["units_settled"] = np.asarray(settled, np.int64)
    claims["unit_value"] = unit_value
    claims["stage"] = coded.of(stage, size)
    claims["currency"] = coded.coded(events["currency"]) if "currency" in events else coded.of("", size)
    for name, words in (("ambiguous", ambiguous), ("note", note)):
        claims[name] = coded.of(words, size) if isinstance(words, str) else words
    own = [lines(np.arange(size), events, "event")] if "file" in events else []
    return Found(claims, coded.stacked([nothing().sources, *own, *sources]))


def first_of(*reasons: pd.Categorical) -> pd.Categorical:
    """Per row the first reason that is given."""
    every = coded.united(reasons)
    codes = every.codes.reshape(len(reasons), len(reasons[0]))
    given = codes != every.categories.get_indexer([""])
    return pd.Categorical.from_codes(codes[given.argmax(axis=0), np.arange(len(reasons[0]))], every.categories)


# ---------------------------------------------------------------------------------------------------- products

NAMING = ("ledger_detail", "shipment_sales", "fee_preview", "inventory", "returns", "reimbursements", "removal_orders")


def products(papers: Papers) -> pd.DataFrame:
    """SKU -> FNSKU and ASIN, from whichever report names them; one row per SKU."""
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


# ---------------------------------------------------------------------------------------------------- what is not known

DAY = {"reimbursements": "approved_on", "returns": "returned_on", "removal_shipments": "shipped_on",
       "removal_orders": "requested_on", "settlements": "posted_on"}
FEW = 6  # days with a row; fewer tell no rhythm
FEW_SILENCE = 125  # days: longer than any claim window opens and closes
LATE_DAYS, HORIZON = 45, 120  # what may be missing at the end of a report, and how late an event may still be settled
LEAST_SILENCE = 10


STAND_IN = {"settlements": ("transactions",)}  # what orders were sold for, refunded and charged, in another report


class Reach(NamedTuple):
    """From when to when a table can be relied on; `late` is "" where it reaches `as_of`."""

    first: np.datetime64
    last: np.datetime64
    slack: int  # days before its first row that its own rhythm explains
    late: str


def unknown(books: Books, needs: Needs) -> list[str]:
    """The tables that a detector needs and that are absent, or that hold no row and so cover no day."""
    used = books.files.groupby("report")["rows_used"].sum()
    held = {spec.table for name, spec in specs.reports().items() if used.get(name, 0)}
    return [table for table in needs.tables if table not in held and not set(STAND_IN.get(table, ())) & held]


def uncovered(papers: Papers, table: str, days: pd.Series) -> pd.Categorical:
    """Why what settles an event of that day may be missing from `table`; "" where the table reaches far enough."""
    reach = papers.once(_REACHES[table])
    if reach is None:
        return coded.of(f"{table} holds no row", len(days))
    day = days.fillna(EVER).to_numpy("datetime64[D]")
    late = (day > reach.last - np.timedelta64(HORIZON, "D")) & bool(reach.late)
    return coded.chosen([late, day < reach.first - np.timedelta64(reach.slack, "D")],
                        [reach.late, f"{table} begins only on {reach.first}"])


def _reach(table: str) -> Callable[[Papers], Reach | None]:
    """How far a table reaches. It ends too early when its silence up to `as_of`, or up to the last day of the folder's
    other reports, is longer than its own rhythm explains."""
    def made(papers: Papers) -> Reach | None:
        books = papers.books
        first, last = books.first_day(table), books.last_day(table)
        if first is None or last is None:
            return None
        if table in DAY:
            days = np.unique(books.table(table, [DAY[table]])[DAY[table]].dropna().to_numpy("datetime64[D]"))
        else:
            days = np.arange(first, last + dt.timedelta(days=1), dtype="datetime64[D]")  # a ledger has rows every day
        few = len(days) < FEW
        silence = FEW_SILENCE if few else max(longest_silence(days), LEAST_SILENCE, int(np.diff(days).max().astype(int)))
        others = [day for name in (*DAY, "ledger_detail") if (day := books.last_day(name)) and day <= papers.as_of]
        behind = (max(others, default=last) - last).days > silence
        old = (papers.as_of - last).days > max(silence, LATE_DAYS)
        return Reach(np.datetime64(first), np.datetime64(last), 2 * silence,  # before it there may have been nothing
                     f"{table} ends already on {last}" if behind or old else "")
    return made


_REACHES = {table: _reach(table) for table in (*DAY, "ledger_detail")}


# ---------------------------------------------------------------------------------------------------- payments

LOST_WORDS = "lost|missing|misplaced"


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
    """The reimbursement rows of those kinds."""
    rows = papers.once(reimbursements)
    return rows[rows["kind"].isin(kinds)].reset_index(drop=True)
