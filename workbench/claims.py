"""Claims: what Amazon owes, what settled it, what it is worth under a policy, until when, and why.

The detectors find events and settlements; here they are valued and dated by the policy, and each gets a number that
stays the same from run to run. Nothing is asserted that the files cannot settle: such a claim is `ambiguous`, with the
reason, and a kind of claim whose reports are missing is unknown (`unknown`), never zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import coded, currencies, detectors, radix, worth
from workbench.books import Books
from workbench.policy import NO_RULE, Policy

COLUMNS = ["claim_id", "claim_type", "fnsku", "msku", "asin", "order_id", "shipment_id", "reimbursement_id",
           "fulfillment_center", "event_date", "units_owed", "units_settled", "units_open", "unit_value", "amount_open",
           "currency", "valuation_basis", "policy", "opens_on", "deadline", "days_left", "status", "evidence", "sources",
           "ambiguous", "rule", "roles", "value_sources", "note", "file_from"]
TYPES = tuple(detectors.DETECTORS)
ASSERTED = ("wait", "open", "expired")
MANY = ("order_id", "shipment_id", "reimbursement_id")  # nearly every claim has its own: text, not categories
VALUE_ROLES = ("price", "promotion", "fee", "referral", "cost")  # lines that say what a unit is worth, not what is owed
_IDS = ["claim_type", "fnsku", "msku", "order_id", "shipment_id", "reimbursement_id"]
_DIGITS = 12
GROWING = ("inbound_shortage", "removal_lost", "refund_not_returned", "fee_overcharge")  # these grow with later reports


class Detected(NamedTuple):
    """What is owed and what settled it, as the files tell on one day, before any policy: the same under all of them."""

    papers: detectors.Papers
    events: pd.DataFrame  # one row per event, of all claim types: what `detectors.Found.claims` has, and the claim type
    places: pd.DataFrame  # one row per line that bears witness to an event (`claim`: its row in `events`)


def claims(books: Books, as_of: dt.date, policy: Policy, *, types: Sequence[str] = ()) -> pd.DataFrame:
    """One row per event owed, COLUMNS, oldest first; settled events are there too, so that everything adds up.

    units_owed = units_settled + units_open. unit_value is NaN where the basis is unknown; amount_open = units_open x
    unit_value, rounded to the currency. status: wait, open, expired (these assert that units are owed), settled, or
    ambiguous (the files cannot settle it; `ambiguous` says why). deadline: the last day on which a claim is accepted.
    file_from: the first day on which filing is no false alarm, opens_on or, where Amazon mostly pays by itself, the end of
    the policy's `grace_days`, if the deadline leaves so long.
    sources: file:line of the event and of every row that settled it, joined by ";"; `roles` says of each what it is and
    for how many units ("event:5;found:2"); value_sources: the lines that give the value. note: worth knowing, not a doubt.
    As in the books, words and labels that many rows share are categories; what nearly every row has for itself is text.

    `types`: only these claim types. Kinds whose reports are missing give no row: see `unknown`.
    """
    return under(detected(books, as_of, types=types), policy)


def detected(books: Books, as_of: dt.date, *, types: Sequence[str] = ()) -> Detected:
    """What the detectors find, to be valued under one policy or several: nothing in it hangs on a policy, so that rules
    can be compared without looking for events again. `types`: only these claim types."""
    papers, none = detectors.Papers(books, as_of), detectors.nothing()
    pieces, places, at = [none.claims.assign(claim_type="")], [none.sources], 0
    for name, needs in detectors.DETECTORS.items():
        if types and name not in types or detectors.unknown(books, needs):
            continue
        found = needs.detect(papers)
        pieces.append(found.claims.assign(claim_type=coded.of(name, len(found.claims))))
        places.append(found.sources.assign(claim=found.sources["claim"].to_numpy(np.int64) + at))
        at += len(found.claims)
    events = coded.stacked(pieces)
    events = detectors.unread(papers, _with_products(events, papers)) if at else events
    return Detected(papers.only(*worth.PAPERS), events, coded.stacked(places))


def under(found: Detected, policy: Policy) -> pd.DataFrame:
    """What was detected, valued and dated by the policy: one row per event owed, as `claims` says."""
    papers, as_of = found.papers, found.papers.as_of
    if found.events.empty:
        return _none()
    says_value = found.places["role"].isin(VALUE_ROLES).to_numpy()
    with ThreadPoolExecutor(1) as beside:  # lines become text while values and days are found
        lines = beside.submit(_sources, found.places[~says_value], len(found.events))
        table, costs = worth.valued(found.events, papers, policy, as_of)
        places = coded.stacked([found.places[says_value], costs])
        value_lines = beside.submit(_value_sources, places, len(found.events))
        claimed = np.flatnonzero(_is_claim(table))
        if not len(claimed):
            return _none()
        table = _dated(table.iloc[claimed].reset_index(drop=True), policy, as_of)
        numbers = _numbers(table)
        day = detectors.day_numbers(table["event_date"])
        order = radix.argsort(day, coded.ranks(table["claim_type"]), numbers)
        table = table.assign(policy=coded.of(policy.name, len(table)), evidence=_evidence(table, papers, policy),
                             note=_noted(table, policy, as_of))
        made = {name: _told(table.pop(name).take(order), name) for name in COLUMNS if name in table}
        texts = dict(zip(("sources", "roles", "value_sources"), (*lines.result(), value_lines.result()), strict=True))
    for name, words in texts.items():
        made[name] = pd.Series(words.take(pa.array(claimed[order])), dtype="str")
    made["claim_id"] = pd.Series(_hexadecimal(numbers[order]), dtype="str")
    return pd.DataFrame({name: made[name] for name in COLUMNS}, copy=False)


def witnesses(table: pd.DataFrame) -> pd.DataFrame:
    """One row per claim and line that says what was owed or settled: claim_id, claim_type, fnsku, role (what the line is to
    the claim), units (how many of the claim's it tells of), file, line."""
    told = table[table["sources"] != ""]
    places, roles = (pc.split_pattern(coded.text(told[name]), ";") for name in ("sources", "roles"))
    (file, line), (role, units) = (_parted(pc.list_flatten(texts)) for texts in (places, roles))
    rows = told[["claim_id", "claim_type", "fnsku"]].take(pc.list_parent_indices(places).to_numpy())
    return rows.reset_index(drop=True).assign(role=role, units=units, file=file, line=line)


def payments(table: pd.DataFrame, books: Books, as_of: dt.date) -> pd.DataFrame:
    """One row per reimbursement: reimbursement_id, kind, fnsku, order_id, units, units_matched (that settled a claim),
    units_extra (that settled none), amount, currency, file, line. Nothing paid is lost: units = matched + extra.

    Reversals take back and settle nothing; fee corrections are money, matched as a whole.
    """
    paid = detectors.Papers(books, as_of).once(detectors.reimbursements)
    told = witnesses(table)
    told = told[told["role"].isin(["paid", "corrected"])]
    used = told.groupby(["file", "line"])["units"].sum()
    used[told[told["role"] == "corrected"].groupby(["file", "line"]).size().index] = np.iinfo(np.int64).max
    matched = used.reindex(pd.MultiIndex.from_frame(paid[["file", "line"]])).fillna(0).to_numpy()
    matched = np.minimum(matched, paid["units"].to_numpy()).astype(np.int64)
    names = ["reimbursement_id", "kind", "fnsku", "order_id", "units", "amount", "currency", "file", "line"]
    return paid[names].assign(units_matched=matched, units_extra=paid["units"].to_numpy() - matched)


def balances(books: Books, as_of: dt.date) -> pd.DataFrame:
    """The balance audit, apart from the claims: per label what should be there, what is, and what is missing."""
    return detectors.balances(detectors.Papers(books, as_of))


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


def unvalued(table: pd.DataFrame) -> pd.DataFrame:
    """What is owed and has no known amount: claim_type, `why`, and how many claims, units and SKUs."""
    rows = table[table["status"].isin(ASSERTED) & table["unit_value"].isna()]
    return rows.groupby(["claim_type", "valuation_basis"], as_index=False).agg(
        claims=("claim_id", "size"), units=("units_open", "sum"), skus=("msku", "nunique")).rename(
        columns={"valuation_basis": "why"})


def compared(found: Detected, one: Policy, other: Policy) -> pd.DataFrame:
    """What-if: per claim type and currency, what can be claimed now or later (wait, open), what is lost by expiry and how
    many open units have no known value, under two policies; columns end in the policy's name."""
    sides = []
    for policy in (one, other):
        table = under(found, policy)
        table = table[table["status"].isin(ASSERTED)].astype({"claim_type": "str", "currency": "str"})
        late, unvalued = table["status"] == "expired", table["unit_value"].isna()
        units, amount = table["units_open"], table["amount_open"]
        sides.append(table.assign(units=units.where(~late, 0), amount=amount.where(~late, 0.0),
                                  units_expired=units.where(late, 0), amount_expired=amount.where(late, 0.0),
                                  units_unvalued=units.where(unvalued, 0))
                     .groupby(["claim_type", "currency"])[["units", "amount", "units_expired", "amount_expired",
                                                           "units_unvalued"]].sum().add_suffix(f"_{policy.name}"))
    joined = pd.concat(sides, axis=1).fillna(0).sort_index().reset_index()
    joined = joined.loc[:, ~joined.columns.duplicated()]  # a policy compared with itself
    for name in joined.columns[2:]:
        if name.startswith("units"):
            joined[name] = joined[name].astype("int64")
        else:
            joined[name] = currencies.rounded(joined[name], joined["currency"])
    return joined


def rules(policy: Policy) -> pd.DataFrame:
    """Every rule of the policy for its market: windows and values, from when on, with source and confidence."""
    rows = [{"rule": table, "market": rule["market"], "for": rule.get("kind") or rule.get("stage"),
             "from": rule.get("from"), "anchor": rule.get("anchor", ""), "basis": rule.get("basis", ""),
             "opens_after_days": rule.get("opens_after_days", 0 if table == "window" else None),
             "closes_after_days": rule.get("closes_after_days"), "closes_after_months": rule.get("closes_after_months"),
             "automatic_from": rule.get("automatic_from"), "note": rule.get("note", ""),
             "source": rule["source"], "confidence": rule["confidence"]}
            for table in ("window", "valuation") for rule in policy.facts[table]
            if rule["market"] in (policy.market, "*")]
    return pd.DataFrame(rows).sort_values(["rule", "for", "from"], na_position="first", ignore_index=True)


# ---------------------------------------------------------------------------------------------------- inside

def _none() -> pd.DataFrame:
    """No claim, with all columns and their types."""
    texts = ("claim_id", *MANY, "sources", "roles", "value_sources")
    kinds = {**dict.fromkeys(("event_date", "opens_on", "file_from", "deadline"), "datetime64[s]"), "days_left": "Int64",
             "units_owed": "int64", "units_settled": "int64", "units_open": "int64", "unit_value": "float64",
             "amount_open": "float64", **dict.fromkeys(texts, "str")}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, coded.of("", 0).dtype)) for name in COLUMNS})


def _is_claim(table: pd.DataFrame) -> np.ndarray:
    """A payment is a claim only where it lies below its basis, or where that basis is unknown; every other event is one."""
    payment = table["stage"].eq("paid")
    return (~payment | (table["unit_value"] > 0) | table["unit_value"].isna()).to_numpy()


def _dated(table: pd.DataFrame, policy: Policy, as_of: dt.date) -> pd.DataFrame:
    today = pd.Timestamp(as_of)
    windows = policy.windows(table["claim_type"], table["event_date"], as_of)
    table = table.assign(**windows, units_open=table["units_owed"] - table["units_settled"])
    waits = table["event_date"] + pd.Timedelta(days=detectors.BACK_AFTER)
    for name in ("opens_on", "file_from"):
        table[name] = table[name].where(table["stage"] != "reversed", waits)  # stock may still come back
    table["days_left"] = (table["deadline"] - today).dt.days.astype("Int64")
    still = (table["units_open"] > 0).to_numpy()
    doubt, basis = table["ambiguous"], table["valuation_basis"]
    unjudged = ((table["stage"] == "paid") & table["unit_value"].isna() & (doubt == "")).to_numpy()
    paid_of = coded.mapped(basis, "what should have been paid is " + basis.cat.categories.to_series())
    doubt = coded.either(unjudged, paid_of, doubt)
    where = policy.market or "this region"
    why = coded.chosen([table["event_date"].isna(), table["rule"] == NO_RULE],
                       ["no day of the event is in the files", f"no claim window is known for {where} and that day"],
                       f"until when a claim is accepted is not known for {where}")
    doubt = coded.either((table["deadline"].notna() | (doubt != "")).to_numpy(), doubt, why)
    table["status"] = coded.chosen([~still, doubt != "", today < table["opens_on"], today <= table["deadline"]],
                                   ["settled", "ambiguous", "wait", "open"], "expired")
    table["ambiguous"] = coded.replaced(doubt, ~still, "")
    amount = (table["units_open"] * table["unit_value"]).where(still, 0.0)
    return table.assign(amount_open=currencies.rounded(amount, table["currency"]))


def _with_products(table: pd.DataFrame, papers: detectors.Papers) -> pd.DataFrame:
    """FNSKU, SKU and ASIN from whichever report names the product."""
    unnamed = {name: (table[name] == "").to_numpy() for name in ("msku", "fnsku", "asin")}
    if not any(rows.any() for rows in unnamed.values()):
        return table
    names = papers.once(detectors.products)
    by_sku = names.set_index("msku")
    for column in ("fnsku", "asin"):
        table[column] = coded.either(~unnamed[column], table[column], coded.mapped(table["msku"], by_sku[column]))
    by_fnsku = names.drop_duplicates("fnsku").set_index("fnsku")["msku"]
    table["msku"] = coded.either(~unnamed["msku"], table["msku"], coded.mapped(table["fnsku"], by_fnsku))
    return table


def _sources(places: pd.DataFrame, size: int) -> tuple[pa.Array, pa.Array]:
    """Per event, of `size`, its lines ("file:line;…") and what each is to it ("role:units;…"): every line once, in the
    order they were found, as the first thing it is to the event and with the units of that."""
    places, units, ends = _by_event(places, size)
    return _joined(_cited(places), ends), _joined(_named(places["role"], units), ends)


def _value_sources(places: pd.DataFrame, size: int) -> pa.Array:
    """Per event the lines that give its value, as `_sources` has them."""
    places, _, ends = _by_event(places, size)
    return _joined(_cited(places), ends)


def _by_event(places: pd.DataFrame, size: int) -> tuple[pd.DataFrame, np.ndarray, pa.Array]:
    """The places event by event, every line once, with its units; and where each event's places end."""
    event = places["claim"].to_numpy(np.int64)
    order = radix.argsort(event)
    event, places = event[order], places[["role", "units", "file", "line"]].take(order)
    first, units = _once(event, places)
    return places.iloc[first], units, pa.array(np.searchsorted(event[first], np.arange(size + 1)).astype(np.int32))


def _cited(places: pd.DataFrame) -> pa.Array:
    return pc.binary_join_element_wise(coded.text(places["file"]), coded.text(places["line"]), ":")


def _joined(words: pa.Array, ends: pa.Array) -> pa.Array:
    return pc.binary_join(pa.ListArray.from_arrays(ends, words), ";")


def _once(event: np.ndarray, places: pd.DataFrame) -> tuple[np.ndarray | slice, np.ndarray]:
    """Which places are the first of their line for their event, and the units that their role has there: an API answer is
    one line of many rows."""
    line, units = places["line"].to_numpy(np.int64), places["units"].to_numpy(np.int64)
    place = places["file"].cat.codes.to_numpy(np.int64) * (line.max(initial=0) + 1) + line
    if place.max(initial=0) > np.iinfo(np.int64).max // (event.max(initial=0) + 2):
        place = pd.factorize(place)[0]
    key = event * (place.max(initial=0) + 1) + place
    sorted_ = np.sort(key)
    if (sorted_[1:] != sorted_[:-1]).all():
        return slice(None), units
    each, first = _firsts(key)
    role = places["role"].cat.codes.to_numpy()
    return first, np.bincount(each, np.where(role == role[first][each], units, 0)).astype(np.int64)


def _named(role: pd.Series, units: np.ndarray) -> pa.Array:
    """"role:units" of each row; each pair is written once."""
    each, first = _firsts(coded.together(role, pd.Series(units)))
    words = pc.binary_join_element_wise(coded.text(role.iloc[first]), coded.text(pd.Series(units[first])), ":")
    return words.take(pa.array(each))


def _firsts(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per row the number of its key, and per number the first row that has it."""
    each = pd.factorize(keys)[0]
    return each, np.flatnonzero(np.diff(np.maximum.accumulate(each), prepend=-1))  # numbers are given as the rows come


def _parted(texts: pa.Array) -> tuple[pd.Series, np.ndarray]:
    """What stands before the last colon of each text, and the number behind it."""
    pairs = pc.split_pattern(texts, ":", max_splits=1, reverse=True)
    word, number = (pc.list_element(pairs, at) for at in (0, 1))
    return pd.Series(word, dtype="str"), number.cast(pa.int64()).to_numpy()


def _evidence(table: pd.DataFrame, papers: detectors.Papers, policy: Policy) -> pd.Categorical:
    """The papers asked for, joined by ";": of the claim type, and more for the categories the policy names."""
    words, types = policy.facts["evidence"], detectors.DETECTORS
    base = pd.Series({name: ";".join(words.get(name, ())) for name in types})
    extra, named, more = policy.facts.get("extra_papers_for", ()), papers.books["costs"], ";".join(words.get("extra", ()))
    papers_asked = coded.mapped(table["claim_type"], base)
    if not extra or named.empty or not more:
        return papers_asked
    category = named["category"].astype("str").str.casefold()
    delicate = category.map(lambda text: any(word in text for word in extra)).to_numpy()
    skus = set(named["msku"].astype("str")[delicate])
    return coded.either(table["msku"].isin(skus).to_numpy(), coded.mapped(table["claim_type"], base + ";" + more),
                        papers_asked)


def _noted(table: pd.DataFrame, policy: Policy, as_of: dt.date) -> pd.Categorical:
    """What is worth knowing of each open claim: that Amazon may still pay by itself, that a rule announces an audit."""
    note, open_now = table["note"], table["units_open"] > 0
    young = open_now & (note == "") & (table["file_from"] > table["opens_on"]) & (table["file_from"] > pd.Timestamp(as_of))
    note = coded.replaced(note, young.to_numpy(), "Amazon mostly pays such cases by itself: give it "
                                                  f"{policy.facts.get('grace_days', 0)} days")
    running = policy.facts.get("audit_after_months_in_a_row", 0)
    if not running:
        return note
    lost = table[(table["claim_type"] == "lost_warehouse") & (table["asin"] != "")]
    months = pd.DataFrame({"asin": lost["asin"], "month": lost["event_date"].dt.year * 12 + lost["event_date"].dt.month})
    months = months.drop_duplicates().astype({"asin": "str"}).sort_values(["asin", "month"], ignore_index=True)
    run = (months["month"] - months.groupby("asin").cumcount()).astype("str") + months["asin"]
    long = set(months.loc[run.groupby(run).transform("size") >= running, "asin"])
    flagged = open_now & (table["claim_type"] == "lost_warehouse") & table["asin"].isin(long)
    return coded.replaced(note, flagged.to_numpy(),
                          f"the ASIN was lost in {running} months running: these rules announce an audit")


def _numbers(table: pd.DataFrame) -> np.ndarray:
    """A number per claim, from what identifies it; equal claims are numbered in turn.

    A shipment, an order, a removal order keeps its number when more of its units turn out to be owed, or an earlier day of
    it becomes known.
    """
    grows = table["claim_type"].isin(GROWING).to_numpy()
    event = {"fulfillment_center": coded.replaced(table["fulfillment_center"], grows, ""),
             "event_date": table["event_date"].where(~grows), "units_owed": table["units_owed"].where(~grows, 0)}
    same = pd.util.hash_pandas_object(table[_IDS].assign(**event), index=False)
    turns = pd.DataFrame({"same": same, "turn": 0})
    again = same.duplicated(keep=False)
    turns.loc[again, "turn"] = same[again].groupby(same[again]).cumcount()
    return pd.util.hash_pandas_object(turns, index=False).to_numpy() >> np.uint64(64 - 4 * _DIGITS)


def _hexadecimal(numbers: np.ndarray) -> pa.Array:
    """The numbers as text of _DIGITS letters."""
    letters = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)[:, -(_DIGITS // 2):].tobytes().hex()
    return pa.Array.from_buffers(pa.binary(_DIGITS), len(numbers), [None, pa.py_buffer(letters.encode())]).cast(
        pa.binary()).cast(pa.string())


def _told(column: pd.Series, name: str) -> pd.Series:
    """The column as it is handed out: words as categories, MANY as text."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.reset_index(drop=True)
    return pd.Series(coded.text(column), dtype="str") if name in MANY else pd.Series(coded.alphabetical(column))
