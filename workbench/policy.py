"""What the reimbursement rules were on a given day: claim windows and values as dated, cited data in `policies/`.

A policy is chosen by name; `amazon` holds the market's rule on the event's date, `article_2026_01` the article's own.
Where no rule is known for a market and day, the deadline or the value is unknown, never guessed.
"""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

# Which window a claim falls under.
KINDS = {"lost_warehouse": "fulfillment_center", "damaged_warehouse": "fulfillment_center",
         "disposed_unrequested": "fulfillment_center", "refund_not_returned": "customer_return",
         "returned_damaged": "customer_return", "returned_not_restocked": "customer_return",
         "inbound_shortage": "inbound", "removal_lost": "removal_lost", "fee_overcharge": "fee",
         "removal_short": "removal_other", "underpaid": "valuation", "wrong_reversal": "valuation"}

# What starts the clock of a window.
ANCHORS = {"reported": "the report of the event", "refund": "the first refund", "shipment_created": "the first parcel",
           "delivered": "the delivery", "charged": "the charge", "reimbursed": "the payment", "discovered": "the discovery"}
NO_RULE = "no rule is known"


class PolicyError(ValueError):
    """A policy nobody knows."""


@dataclass(frozen=True)
class Policy:
    """One named set of rules for one market."""

    name: str
    market: str
    facts: dict

    def windows(self, claim_types: pd.Series, days: pd.Series, as_of: dt.date) -> pd.DataFrame:
        """opens_on, deadline (the last day in; NaT when unknown), file_from and rule (its source) for each event.

        file_from: when opens_on, or where Amazon pays events of that kind and day by itself in most cases, when the days of
        grace (`grace_days`) are over, if the deadline leaves them.
        """
        opens, closes, starts = (np.full(len(days), "NaT", "datetime64[s]") for _ in range(3))
        grace = pd.Timedelta(days=self.facts.get("grace_days", 0))
        parts = []
        for rule, rows in self._windows(claim_types, days, as_of):
            anchor = days.iloc[rows]
            opens[rows] = starts[rows] = anchor + pd.Timedelta(days=rule.get("opens_after_days", 0))
            if "closes_after_months" in rule:
                closes[rows] = anchor + pd.DateOffset(months=rule["closes_after_months"])
            elif "closes_after_days" in rule:
                closes[rows] = anchor + pd.Timedelta(days=rule["closes_after_days"])
            if "automatic_from" in rule:
                later = rows[((anchor >= pd.Timestamp(rule["automatic_from"])) & (anchor + grace > opens[rows])
                              & (anchor + grace <= closes[rows])).to_numpy()]
                starts[later] = days.iloc[later] + grace
            parts.append((f"{_span(rule)}: {rule['source']} [{rule['confidence']}]", rows))
        rule = _words(len(days), NO_RULE, parts)
        return pd.DataFrame({"opens_on": opens, "deadline": closes, "file_from": starts, "rule": rule}, index=days.index)

    def bases(self, stage: str, days: pd.Series, as_of: dt.date) -> pd.Categorical:
        """The valuation basis of each event by its day: sourcing_cost, estimated_proceeds, …; "" when unknown. `stage`: the
        unit was lost "before_order" or "after_order"."""
        spans = self._spans("valuation", stage, days, as_of)
        return _words(len(days), "", [(rule["basis"], rows) for rule, rows in spans])

    def cap(self) -> dict | None:
        """The most that is paid for one item (per_item, currency); None where no cap is known."""
        return next((rule for rule in self.facts.get("cap", ()) if rule["market"] == self.market), None)

    def _windows(self, claim_types: pd.Series, days: pd.Series, as_of: dt.date) -> Iterator[tuple[dict, np.ndarray]]:
        """Each window rule with the places of the events that fall under it."""
        for claim_type, at in claim_types.groupby(claim_types, observed=True).indices.items():
            for rule, part in self._spans("window", KINDS.get(claim_type, claim_type), days.iloc[at], as_of):
                yield rule, at[part]

    def _spans(self, table: str, kind: str, days: pd.Series, as_of: dt.date) -> list[tuple[dict, np.ndarray]]:
        """Which events fall under which rule: their places."""
        name = "kind" if table == "window" else "stage"
        rules = [rule for rule in self.facts[table] if rule["market"] in (self.market, "*") and rule[name] in (kind, "*")]
        rules.sort(key=lambda rule: rule.get("from", dt.date.min))
        if not rules or days.empty:
            return []
        known = np.flatnonzero(days.notna())
        starts = np.array([_start(rule, as_of) for rule in rules], "datetime64[D]")
        order = np.argsort(starts, kind="stable")
        at = np.searchsorted(starts[order], days.iloc[known].to_numpy("datetime64[D]"), "right") - 1
        return [(rules[order[i]], known[at == i]) for i in range(len(rules)) if (at == i).any()]


def load(name: str = "amazon", market: str = "US") -> Policy:
    """The policy `name` for the market; PolicyError for a name there is not.

    >>> lost = pd.Series(["lost_warehouse"]), pd.Series([pd.Timestamp("2024-10-23")])
    >>> load("amazon", "US").windows(*lost, dt.date(2026, 1, 1))["deadline"].item().date().isoformat()
    '2024-12-22'
    """
    if name not in names():
        raise PolicyError(f"policy: found {name!r}, expected one of {', '.join(names())}. Change it in seller.toml, or "
                          "name one with --policy.")
    return Policy(name, market, _facts(name))


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all policies."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in (files("workbench") / "policies").iterdir()
                        if entry.name.endswith(".toml")))


def title(name: str) -> dict[str, str]:
    """What a policy is called in each language, "en" and "zh"; its own name where nobody knows it.

    >>> title("amazon")["en"]
    "Amazon's own rules"
    """
    return _facts(name)["title"] if name in names() else {"en": name, "zh": name}


@functools.cache
def _facts(name: str) -> dict:
    """A policy's file; one that extends another adds its rules, and replaces those it restates from a later day on. One
    that is frozen on a day has no rule of a later one."""
    facts = tomllib.loads((files("workbench") / "policies" / f"{name}.toml").read_text("utf-8"))
    if "extends" not in facts:
        return {"window": [], "valuation": [], **facts}
    base = _facts(facts["extends"])
    merged = {**base, **facts}
    if "frozen_on" in facts:
        return merged | {table: [rule for rule in base[table] if rule.get("from", dt.date.min) <= facts["frozen_on"]]
                         for table in ("window", "valuation")}
    for table, key in (("window", "kind"), ("valuation", "stage")):
        own = facts.get(table, [])
        restated = {(rule["market"], rule[key]) for rule in own}
        kept = [rule for rule in base[table] if (rule["market"], rule[key]) not in restated or "from" not in rule]
        merged[table] = kept + own
    return merged


def _words(size: int, default: str, parts: Iterable[tuple[str, np.ndarray]]) -> pd.Categorical:
    """`size` rows of the words of the parts they belong to; `default` in the others."""
    words, code = {default: 0}, np.zeros(size, np.int16)
    for word, rows in parts:
        code[rows] = words.setdefault(word, len(words))
    return pd.Categorical.from_codes(code, pd.Index(list(words), dtype="str"))


def _span(rule: dict) -> str:
    """A window in words: from day 60 to 120 days after the first refund, since 2024-10-23."""
    months, days = rule.get("closes_after_months"), rule.get("closes_after_days")
    closes = f"{months} months" if months else f"day {days}" if days is not None else "an unknown day"
    since = f", since {rule['from']}" if "from" in rule else ""
    return f"from day {rule.get('opens_after_days', 0)} to {closes} after {ANCHORS[rule['anchor']]}{since}"


def _start(rule: dict, as_of: dt.date) -> dt.date:
    """The first day a rule holds for: its own, or any day once it works backwards."""
    start = rule.get("from", dt.date(1995, 1, 1))
    if rule.get("retroactive") and as_of >= start:
        return dt.date(1995, 1, 2)  # after the rule it replaces
    return start

