"""The loss rate for any months, marketplace, centres and SKUs."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench import books as sellers
from workbench import figures
from workbench.books import Books
from workbench.cube import Cube
from workbench.display import Note, Page
from workbench.explore.live import ANY, Control, live
from workbench.loss import NEEDED
from workbench.words import same, say

SUGGESTED = 2000  # SKUs offered while typing; any other can be typed


def loss_rates(books: Books, month: str, *, as_of: str, interactive: bool):
    """The loss rate over time and where it sits, with controls for seller, months, marketplace, centre, SKU and baseline.

    At its first values it shows the twelve months up to `month`, all centres and SKUs. Other sellers are the folders
    beside this one; their books are opened when they are chosen.
    """
    own = books.seller.folder.name
    known = functools.cache(lambda name: _cube(
        books if name == own else sellers.open(books.seller.folder.parent / name, as_of), as_of))
    if not [name for name in known(own).months if name <= month]:
        return Page((Note(say("loss.no_months"), "warn"),))

    def months(values: Mapping) -> list[str]:
        return [name for name in known(values["seller"]).months if name <= month]

    def show(seller: str, span: tuple[str, str], country: str, center: str, sku: str, split: str, baseline: float) -> Page:
        cube = known(seller)
        chosen = {"months": span, "country": country, "centers": [center] if center else [],
                  "products": _found(sku, cube), "baseline": baseline}
        by_month = cube.rates(["month"], **chosen)
        return Page((figures.rate_over_time(by_month, span[1], baseline),
                     figures.where(cube.rates([split], **chosen), split, span[0], baseline)))

    def countries(values: Mapping) -> list[str]:
        return [ANY, *sorted(set(known(values["seller"]).places["country"]))]

    def centers(values: Mapping) -> list[str]:
        places = known(values["seller"]).places
        here = places[places["country"] == values["country"]] if values["country"] else places
        return [ANY, *sorted(set(here["fulfillment_center"]))]

    here = months({"seller": own})
    controls = {
        "seller": Control("choice", say("page.seller"), own, _beside(books.seller.folder)),
        "span": Control("span", say("explore.months"), (max(figures.months_back(month, 11), here[0]), here[-1]), months),
        "country": Control("choice", say("explore.country"), ANY, countries, picks="country"),
        "center": Control("choice", say("explore.center"), ANY, centers, picks="fulfillment_center"),
        "sku": Control("search", say("explore.sku"), "", sorted(set(known(own).products["msku"]))[:SUGGESTED],
                       picks="msku"),
        "split": Control("choice", say("explore.split"), "fulfillment_center", ["fulfillment_center", "msku", "fnsku"],
                         room="column"),
        "baseline": Control("share", say("explore.baseline"), books.seller.baseline),
    }
    return live(show, controls, interactive=interactive)


def _cube(books: Books, as_of: str) -> Cube:
    return Cube(books.table("ledger_detail", list(NEEDED)), as_of=dt.date.fromisoformat(as_of),
                costs=None if books.is_absent("costs") else books["costs"])


def _beside(folder: Path) -> list[str]:
    """The seller folders beside this one, itself among them."""
    return sorted(path.name for path in folder.resolve().parent.iterdir()
                  if path.is_dir() and not path.name.startswith(".") and path.suffix != ".truth")


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
