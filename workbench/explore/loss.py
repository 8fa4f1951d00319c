"""The loss rate for any months, marketplace, centres and SKUs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from workbench import figures
from workbench.books import Books
from workbench.cube import Cube
from workbench.display import Note, Page
from workbench.explore.live import ANY, Control, live
from workbench.loss import NEEDED
from workbench.words import same, say

SUGGESTED = 2000  # SKUs offered while typing; any other can be typed


def loss_rates(books: Books, month: str, *, as_of: str, interactive: bool):
    """The loss rate over time and where it sits, with controls for months, marketplace, centre, SKU and baseline.

    At its first values it shows the twelve months up to `month`, all centres and SKUs.
    """
    ledger = books.table("ledger_detail", list(NEEDED))
    cube = Cube(ledger, as_of=dt.date.fromisoformat(as_of), costs=None if books.is_absent("costs") else books["costs"])
    months = [name for name in cube.months if name <= month]
    if not months:
        return Page((Note(say("loss.no_months"), "warn"),))
    countries = sorted(set(cube.places["country"]))
    first = max(figures.months_back(month, 11), months[0])

    def show(span: tuple[str, str], country: str, center: str, sku: str, split: str, baseline: float) -> Page:
        chosen = {"months": span, "country": country, "centers": [center] if center else [],
                  "products": _found(sku, cube), "baseline": baseline}
        by_month = cube.rates(["month"], **chosen)
        return Page((figures.rate_over_time(by_month, span[1], baseline),
                     figures.where(cube.rates([split], **chosen), split, span[0], baseline)))

    def centers(values: dict) -> list[str]:
        here = cube.places if not values["country"] else cube.places[cube.places["country"] == values["country"]]
        return [ANY, *sorted(set(here["fulfillment_center"]))]

    controls = {
        "span": Control("span", say("explore.months"), (first, months[-1]), months),
        "country": Control("choice", say("explore.country"), ANY, [ANY, *countries], picks="country"),
        "center": Control("choice", say("explore.center"), ANY, centers, picks="fulfillment_center"),
        "sku": Control("search", say("explore.sku"), "", sorted(set(cube.products["msku"]))[:SUGGESTED], picks="msku"),
        "split": Control("choice", say("explore.split"), "fulfillment_center", ["fulfillment_center", "msku", "fnsku"],
                         room="column"),
        "baseline": Control("share", say("explore.baseline"), books.seller.baseline),
    }
    return live(show, controls, interactive=interactive)


def _found(sku: str, cube: Cube) -> Sequence[str]:
    """The SKU as typed, else every SKU or FNSKU that contains it. Raises ValueError when there is none."""
    if not sku:
        return []
    names = sorted(set(cube.products["msku"]) | set(cube.products["fnsku"]))
    if sku in names:
        return [sku]
    found = [name for name in names if sku.casefold() in name.casefold()]
    if not found:
        raise ValueError(say("explore.no_sku", sku=same(sku)).in_("en"))
    return found
