"""Who the seller is: name, region, calendar, currency, policy, from `seller.toml` or from the files themselves."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BASELINE = 0.003  # the article's 0.3 % (article_2026_01, unverified)
SETTINGS = ("name", "region", "marketplaces", "time_zone", "currency", "policy", "baseline_loss_rate")


@dataclass(frozen=True)
class Seller:
    """What does not stand in any report row. `region` is "" when neither settings nor files tell."""

    folder: Path
    name: str
    region: str
    marketplaces: tuple[str, ...]
    time_zone: str  # of the marketplace's calendar; "UTC" when the region is not known
    currency: str
    policy: str
    baseline: float  # units lost per unit handled
    market: str  # whose reimbursement rules apply


class Evidence(NamedTuple):
    """A word of the files that gives a region away: countries of stock say more than currencies, these more than sites."""

    region: str
    kind: str  # countries, currencies, sites
    word: str
    file: str
    rows: int


class SellerError(ValueError):
    """seller.toml cannot be used, or the files contradict each other about the region."""


@functools.cache
def regions() -> dict[str, dict]:
    """Region -> its facts in regions.toml."""
    return tomllib.loads((files("workbench") / "regions.toml").read_text("utf-8"))


def settings(folder: Path) -> dict:
    """The settings in seller.toml; {} when there is none. Raises SellerError for a word or value nobody knows."""
    path = folder / "seller.toml"
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SellerError(f"seller.toml: {error}. It must be TOML, like: name = \"My shop\"") from error
    unknown = [key for key, value in found.items() if key not in SETTINGS and not isinstance(value, dict)]
    if unknown:
        raise SellerError(f"seller.toml has no setting {unknown[0]!r}; it has {', '.join(SETTINGS)}.")
    region = found.get("region", "")
    if region and region not in regions():
        raise SellerError(f"seller.toml: region {region!r} is not known; expected one of {', '.join(regions())}.")
    try:
        ZoneInfo(found.get("time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
        raise SellerError(f"seller.toml: time_zone {found['time_zone']!r} is not known; expected one like "
                          "'America/Los_Angeles'.") from error
    baseline = found.get("baseline_loss_rate", BASELINE)
    if isinstance(baseline, bool) or not isinstance(baseline, int | float) or not 0 < baseline < 1:
        raise SellerError(f"seller.toml: baseline_loss_rate {baseline!r}; expected a share like 0.003.")
    return found


def seller(folder: Path, evidence: Sequence[Evidence]) -> Seller:
    """The seller of `folder`. What seller.toml leaves open is taken from `evidence`.

    Raises SellerError when the files point to two regions that share no account and seller.toml names none.
    """
    stated = settings(folder)
    region = stated.get("region") or _region_of(evidence)
    facts = regions().get(region, {})
    marketplaces = stated.get("marketplaces") or []
    return Seller(
        folder=folder, name=str(stated.get("name") or folder.resolve().name), region=region,
        marketplaces=tuple(str(place) for place in marketplaces),
        time_zone=stated.get("time_zone") or facts.get("time_zone", "UTC"),
        currency=stated.get("currency") or (facts.get("currencies") or [""])[0],
        policy=stated.get("policy") or "amazon", baseline=float(stated.get("baseline_loss_rate", BASELINE)),
        market=facts.get("policy_market", region))


def region_of_word(kind: str, word: str) -> str:
    """The region a currency, site or country belongs to, "" when none.

    >>> region_of_word("currencies", "JPY"), region_of_word("sites", "Amazon.de"), region_of_word("countries", "GB")
    ('JP', 'EU', 'UK')
    """
    folded = word.strip().casefold()
    for region, facts in regions().items():
        if folded in (entry.casefold() for entry in facts[kind]):
            return region
    return ""


def _region_of(evidence: Sequence[Evidence]) -> str:
    """The one region; of several that share an account, the one where most of the stock is, else of the money, else of
    the sales. Two that share none, or a tie, are a contradiction."""
    if len({regions()[item.region].get("area", item.region) for item in evidence}) <= 1:
        for kind in ("countries", "currencies", "sites"):
            rows: dict[str, int] = {}
            for item in evidence:
                if item.kind == kind:
                    rows[item.region] = rows.get(item.region, 0) + item.rows
            leading = [region for region, count in rows.items() if count == max(rows.values())]
            if len(leading) == 1:
                return leading[0]
        if not evidence:
            return ""
    first = {item.region: item for item in sorted(evidence, key=lambda item: item.rows)}
    said = "; ".join(f"{region} ({item.word} in {item.file})" for region, item in sorted(first.items()))
    raise SellerError(f"the files point to different regions: {said}. Keep each region's files in a folder of their "
                      "own, or write region = \"US\" (or EU, UK, JP …) in seller.toml.")
