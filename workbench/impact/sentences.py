"""The verdict in words, and the answer of `workbench impact` as JSON: both from the same object."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping

from workbench.impact import Check, Impact, Reason
from workbench.impact.estimate import Estimate
from workbench.words import Text, say


def verdict(found: Impact) -> Text:
    """The verdict as one sentence that a seller may quote."""
    values = {"sop": found.sop, "ratio": found.ratio, "low": found.low, "high": found.high, "fall": 1 - found.ratio,
              "least": 1 - found.high, "most": 1 - found.low}
    if found.verdict == "effect":
        return say("impact.effect_fell" if found.ratio < 1 else "impact.effect_rose", **values)
    if found.verdict == "no_effect":
        return say("impact.no_effect", **values)
    if not found.sop:
        return say("impact.no_sop")
    return say("impact.cannot_say", **values)


def reason(told: Reason) -> Text:
    """One reason as a sentence."""
    return _told(told.code, told.values)


def _told(key: str, values: Mapping[str, object]) -> Text:
    """The sentence for these values; where they name a cause, the one for that cause."""
    key = f"{key}_{values['cause']}" if "cause" in values else key
    return say(f"impact.{key}", **{name: limit(value) for name, value in values.items()})


def check(told: Check) -> Text:
    """What a check found; the same sentence whether it passed or failed."""
    if told.outcome == "unknown":
        return say("impact.check_unknown")
    found = _told(f"check_{told.name}", told.values)
    return found + say("impact.check_explains") if told.values.get("explains") else found


def answer(found: Impact, others: list[Impact] = ()) -> dict:
    """The JSON of the contract: ratio, ci_low, ci_high, verdict, reasons, method, checks; and what they stand on.

    Unknown and unlimited numbers are null. `others`: the seller's other SOPs, under `sops` together with this one.
    """
    told = {
        "sop": found.sop or None, "as_of": found.as_of.isoformat(), "verdict": found.verdict,
        "sentence": verdict(found).en, "sentence_zh": verdict(found).zh,
        **_numbers(found.estimate), "method": found.method,
        "reasons": [reason(each).en for each in found.reasons], "reasons_zh": [reason(each).zh for each in found.reasons],
        "reason_codes": [each.code for each in found.reasons],
        "checks": {each.name: {"outcome": each.outcome, "found": check(each).en,
                               **{name: _finite(value) for name, value in each.values.items()}} for each in found.checks},
        "methods": {name: _numbers(each) for name, each in found.methods.items()},
        "smallest_fall_seen": _finite(found.fall_seen), "adopters": found.adopters, "controls": found.controls,
        "first_adoption": found.first_adoption and found.first_adoption.isoformat(),
        "last_adoption": found.last_adoption and found.last_adoption.isoformat(),
        "period_days": found.period_days, "outcome": "loss and damage incidents (ledger rows of M, 5, E) per unit handled",
        "incidents_seen": _finite(found.estimate.seen), "incidents_expected": _finite(found.estimate.expected),
        "event_study": [{name: _finite(value) for name, value in row.items()}
                        for row in found.event_study.to_dict("records")]}
    if others:
        told["sops"] = [answer(each) for each in (found, *others)]
    return told


def _numbers(found: Estimate) -> dict:
    return {"ratio": _finite(found.ratio), "ci_low": _finite(found.low), "ci_high": _finite(found.high)}


def _finite(value: object) -> object:
    """A value as JSON can hold it: numbers rounded, None for unknown and unlimited."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() and not isinstance(value, float) else round(float(value), 6)


def limit(value: object) -> object:
    """No upper limit is said in words."""
    return say("impact.no_limit") if isinstance(value, float) and math.isinf(value) else value
