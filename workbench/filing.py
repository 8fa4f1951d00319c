"""What to file next, at a pace the analyst sets: the plan that loses the least expected money to expiry.

A case takes one place in one day; each day has `pace` places; a case has a first and a last day. The sets of cases that
can all be filed in time are the independent sets of a transversal matroid (Edmonds and Fulkerson 1965), so taking cases
by value, each one kept if all kept ones can still be filed in time, gives the set worth most (Rado 1957; Edmonds 1971;
with one first day it is the textbook's unit-time tasks with deadlines and penalties, Cormen et al., ch. 16). Earliest
deadline first keeps whatever is due first, and loses more whenever the pace is too slow for all.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench import currencies

# Claims that one case tells together: a shipment, an order, a product's fees of one month; every other claim is a case.
TOGETHER = {"inbound_shortage": "shipment_id", "removal_lost": "order_id", "refund_not_returned": "order_id",
            "removal_short": "order_id", "returned_damaged": "order_id", "fee_overcharge": "msku"}
HORIZON = 400  # days; whoever plans further replans before


def to_file(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims gathered into the cases that would be filed, the first deadline first.

    Columns: claim_type, subject (the id they share), claims, claim_id (joined by ";"), msku, units, amount_open,
    amount_expected (NaN where a part is unknown), amount_known (what the known parts bring: expected, or open while no
    case is decided), currency, file_from (when all of it can be filed without a false alarm), deadline (of the claim that
    closes first). `claims`: open or waiting ones, with amount_expected.
    """
    by = claims["claim_type"].map(TOGETHER)
    subject = claims["claim_id"].astype("str").copy()
    for name in set(TOGETHER.values()):
        subject = subject.where(by.ne(name) | claims[name].eq(""), claims[name])
    fees = claims["claim_type"].eq("fee_overcharge")
    when = claims["deadline"].dt.strftime("%Y-%m").where(fees, claims["deadline"].dt.strftime("%Y-%m-%d"))
    rows = claims.assign(subject=subject, when=when.fillna(""), known=claims["amount_open"].notna(),
                         known_expected=claims["amount_expected"].notna(), amount_known=_ranked(claims))
    out = rows.groupby(["claim_type", "currency", "subject", "when"], as_index=False, sort=False).agg(
        claims=("claim_id", "size"), claim_id=("claim_id", ";".join), msku=("msku", "first"), units=("units_open", "sum"),
        amount_open=("amount_open", "sum"), amount_expected=("amount_expected", "sum"),
        amount_known=("amount_known", "sum"), file_from=("file_from", "max"),
        deadline=("deadline", "min"), known=("known", "all"), known_expected=("known_expected", "all"))
    out["amount_open"] = currencies.rounded(out["amount_open"].where(out.pop("known")), out["currency"])
    out["amount_expected"] = out["amount_expected"].where(out.pop("known_expected"))
    single = out["subject"].eq(out["claim_id"])
    out["subject"] = out["subject"].where(~single, out["msku"])
    return out.drop(columns="when").sort_values(["deadline", "claim_type", "subject"], ignore_index=True)


def plan(cases: pd.DataFrame, as_of: dt.date, pace: int, *, first: str = "value") -> pd.DataFrame:
    """The cases with `file_on`, the day to file each, NaT for those that cannot be filed in time; in the order of filing.

    `first`: "value" keeps the set of cases worth most (by amount_expected, else amount_open; unknown last), then files
    each as early as it can be; "deadline" files whatever is due first, for comparison. Raises ValueError for amounts in
    two currencies, and for a pace below 1.
    """
    currencies = sorted(set(cases["currency"].astype("str")) - {""})
    if len(currencies) > 1:
        raise ValueError(f"filing: amounts in {' and '.join(currencies)} cannot be ranked. Plan each currency by itself.")
    if pace < 1:
        raise ValueError(f"filing: pace = {pace}, expected at least one case a day.")
    opens, closes = _days(cases, as_of)
    chosen = np.flatnonzero(closes >= opens)
    if first == "value":
        chosen = _kept(chosen[np.argsort(-worth(cases)[chosen], kind="stable")], opens, closes, pace)
    on = _earliest_deadline(chosen, opens, closes, pace)
    out = cases.assign(file_on=(np.datetime64(as_of, "D") + on.astype("timedelta64[D]")).astype("datetime64[s]"))
    out["file_on"] = out["file_on"].where(on >= 0)
    return out.sort_values(["file_on", "deadline", "claim_type", "subject"], ignore_index=True)


def worth(cases: pd.DataFrame) -> np.ndarray:
    """What a plan goes by: the expected amount; without any decided case the open amount, all chances being alike; of a
    case that is partly unknown its known part. A case of unknown value counts 0, so it takes only a place nobody needs."""
    return _ranked(cases).fillna(cases.get("amount_known", 0.0)).fillna(0).to_numpy(float)


def lost(planned: pd.DataFrame) -> float:
    """The expected amount (see `worth`) of the cases a plan leaves to expire."""
    return float(worth(planned)[planned["file_on"].isna().to_numpy()].sum())


# ---------------------------------------------------------------------------------------------------- inside

def _ranked(rows: pd.DataFrame) -> pd.Series:
    return rows["amount_expected"] if rows["amount_expected"].notna().any() else rows["amount_open"]


def _days(cases: pd.DataFrame, as_of: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each case, counted from `as_of`; a case without a known deadline has the whole horizon."""
    today = np.datetime64(as_of, "D")
    opens = (cases["file_from"].fillna(pd.Timestamp(as_of)).to_numpy("datetime64[D]") - today).astype(np.int64)
    last = cases["deadline"].fillna(pd.Timestamp(as_of) + pd.Timedelta(days=HORIZON))
    closes = (last.to_numpy("datetime64[D]") - today).astype(np.int64)
    return np.maximum(opens, 0), np.minimum(closes, HORIZON)


def _kept(order: np.ndarray, opens: np.ndarray, closes: np.ndarray, pace: int) -> np.ndarray:
    """Of the cases in `order`, those that can be kept: each is, if all kept so far can still be filed in time with it.

    A case finds a place by moving others along days that are full. Where that fails, every day it reached is full of
    cases that fit nowhere else, for good: such days are closed, and later cases inside them are refused at once.
    """
    first, last = opens.tolist(), closes.tolist()
    places: list[list[int]] = [[] for _ in range(HORIZON + 1)]
    closed = np.zeros(HORIZON + 1, bool)
    kept = []
    for case in order.tolist():
        low, high = first[case], last[case]
        if closed[low:high + 1].all():
            continue
        came_from = dict.fromkeys(range(low, high + 1), (-1, case))
        free = next((day for day in came_from if len(places[day]) < pace), -1)
        queue = list(came_from) if free < 0 else []
        for day in queue:  # the days reached are always one span, low to high: every case here can be moved along it
            if len(places[day]) < pace:
                free = day
                break
            for other in places[day]:
                more = (*range(first[other], low), *range(high + 1, last[other] + 1))
                came_from.update(dict.fromkeys(more, (day, other)))
                queue.extend(more)
                low, high = min(low, first[other]), max(high, last[other])
        if free < 0:
            closed[low:high + 1] = True
            continue
        kept.append(case)
        while free >= 0:
            before, moved = came_from[free]
            if before >= 0:
                places[before].remove(moved)
            places[free].append(moved)
            free = before
    return np.array(kept, np.int64)


def _earliest_deadline(chosen: np.ndarray, opens: np.ndarray, closes: np.ndarray, pace: int) -> np.ndarray:
    """The day of each case, -1 for none: every day files those of the open ones that are due first."""
    import heapq

    on = np.full(len(opens), -1, np.int64)
    coming = sorted(chosen.tolist(), key=lambda case: (opens[case], closes[case], case), reverse=True)
    ready: list[tuple[int, int]] = []
    for day in range(HORIZON + 1):
        while coming and opens[coming[-1]] <= day:
            case = coming.pop()
            heapq.heappush(ready, (closes[case], case))
        filed = 0
        while ready and filed < pace:
            due, case = heapq.heappop(ready)
            if due >= day:
                on[case], filed = day, filed + 1
    return on
