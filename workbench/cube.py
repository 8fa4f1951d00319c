"""The loss counts of a whole ledger, added up once, so that a control is answered in milliseconds.

Holds one row per month, country, fulfilment centre and product in which anything was handled, lost or damaged, in two
orders (by centre, by product), and the two sums that leave out the centre or the product. A question reads only the rows
it needs: those of the chosen centres, of the chosen products, or the small sums. The answers are those of
`loss.loss_rates` on the ledger itself, to the unit and the cent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench import loss, rates

COUNTS = ("units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "units_unvalued",
          "amount_lost")
PLACE, PRODUCT = ("country", "fulfillment_center"), ("fnsku", "msku")
BY = ("month", *PLACE, *PRODUCT)
SMALL = 1_000_000  # so many possible combinations are counted in one array without sorting


class _Rows(NamedTuple):
    """Counts under integer codes: month, place and product of each row (0 where summed over), and the counts."""

    month: np.ndarray
    place: np.ndarray
    product: np.ndarray
    counts: dict[str, np.ndarray]

    def take(self, at: np.ndarray | slice) -> _Rows:
        return _Rows(self.month[at], self.place[at], self.product[at],
                     {name: values[at] for name, values in self.counts.items()})


class Cube:
    """What `loss.loss_rates` needs of a ledger up to `as_of`, for any months, centres and products.

    `months`, `places` (country, fulfillment_center) and `products` (fnsku, msku) are what can be asked for. Building it
    takes one pass over the ledger; its size is that of the distinct combinations, not of the ledger.
    """

    def __init__(self, ledger: pd.DataFrame, *, as_of: dt.date, costs: pd.DataFrame | None = None) -> None:
        self.as_of = as_of
        finest = loss.counts(ledger, list(BY), as_of=as_of, costs=costs)
        self.has_costs = costs is not None
        self.currency = str(finest["currency"].iloc[0]) if len(finest) else ""
        month, self.months = _coded(finest["month"])
        place, self.places = _paired(finest, PLACE)
        product, self.products = _paired(finest, PRODUCT)
        counts = {name: np.nan_to_num(finest[name].to_numpy()) for name in COUNTS}
        rows = _Rows(month, place, product, counts)
        self._by_place = rows.take(np.argsort(place, kind="stable"))
        self._by_product = rows.take(np.argsort(product, kind="stable"))
        self._place_at = np.searchsorted(self._by_place.place, np.arange(len(self.places) + 1))
        self._product_at = np.searchsorted(self._by_product.product, np.arange(len(self.products) + 1))
        self._labels = {name: _coded(table[name]) for table in (self.places, self.products) for name in table}
        country, self._countries = self._labels["country"]
        sums, counts = _summed(rows, [month, place], [self.months, self.places])
        self._of_places = _Rows(sums[0], sums[1], np.zeros_like(sums[0]), counts)
        sums, counts = _summed(rows, [month, country[place], product], [self.months, self._countries, self.products])
        self._of_products = _Rows(*sums, counts)
        self._known = self._clusters(loss.losses(ledger, as_of=as_of))

    def _clusters(self, events: pd.DataFrame) -> rates.Clusters:
        """Net units lost per product and week, and what months vary beyond that: what `loss` takes the dispersion from."""
        week = (events["event_date"].to_numpy("datetime64[D]").astype(np.int64) + 3) // 7
        weekly = pd.DataFrame({"fnsku": pd.factorize(events["fnsku"].astype("str"))[0], "week": week,
                               "units": events["units_lost"].to_numpy()})
        found = rates.cluster_moments(weekly.groupby(["fnsku", "week"])["units"].sum().to_numpy())
        rows = self._of_places
        return rates.restless(found, *(np.bincount(rows.month, rows.counts[name], len(self.months))
                                       for name in ("units_lost", "units_handled")))

    def rates(self, by: Sequence[str] = ("month",), *, months: tuple[str, str] | None = None, country: str = "",
              centers: Sequence[str] = (), products: Sequence[str] = (), baseline: float = 0.003,
              mature_days: int = loss.MATURE_DAYS) -> pd.DataFrame:
        """The rows of `loss.loss_rates(by)` for these months, this country, these centres and these SKUs (MSKU or FNSKU).

        What is empty or None is not restricted. Raises ValueError for a `by` column that the cube does not keep.
        """
        if not by or not set(by) <= set(BY):
            raise ValueError(f"cube: cannot group by {', '.join(by) or 'nothing'}; expected some of {', '.join(BY)}.")
        rows, whole_country = self._rows(by, country, centers, products)
        first, last = months or (self.months[0], self.months[-1]) if self.months else ("", "")
        inside = np.array([first <= month <= last for month in self.months], bool)
        if not inside.all():
            rows = rows.take(inside[rows.month])
        counted = self._counted(rows, by, whole_country)
        return loss.rated(counted, clusters=self._clusters_in(inside), as_of=self.as_of, baseline=baseline,
                          mature_days=mature_days)

    def _rows(self, by: Sequence[str], country: str, centers: Sequence[str],
              products: Sequence[str]) -> tuple[_Rows, bool]:
        """The rows that answer the question, from the smallest sum that holds them; whether `place` is a country."""
        here = self._chosen_places(country, centers)
        wanted = self._chosen_products(products)
        if wanted is not None:
            rows = self._by_product.take(_slices(self._product_at, wanted))
            return (rows if here is None else rows.take(here[rows.place])), False
        if set(by) & {"fnsku", "msku"}:
            if not centers and "fulfillment_center" not in by:
                rows = self._of_products
                return (rows.take(self._countries_named(country)[rows.place]) if country else rows), True
            rows = self._by_place
            return (rows if here is None else rows.take(_slices(self._place_at, np.flatnonzero(here)))), False
        rows = self._of_places
        return (rows if here is None else rows.take(here[rows.place])), False

    def _chosen_places(self, country: str, centers: Sequence[str]) -> np.ndarray | None:
        if not country and not centers:
            return None
        here = np.ones(len(self.places), bool)
        if country:
            here &= self.places["country"].to_numpy() == country
        if centers:
            here &= self.places["fulfillment_center"].isin(list(centers)).to_numpy()
        return here

    def _countries_named(self, country: str) -> np.ndarray:
        return np.array([name == country for name in self._countries], bool)

    def _chosen_products(self, products: Sequence[str]) -> np.ndarray | None:
        if not products:
            return None
        named = self.products["msku"].isin(list(products)) | self.products["fnsku"].isin(list(products))
        return np.flatnonzero(named.to_numpy())

    def _counted(self, rows: _Rows, by: Sequence[str], whole_country: bool) -> pd.DataFrame:
        """`loss.counts` of these rows."""
        codes, labels = [], []
        for name in by:
            if name == "month":
                code, label = rows.month, self.months
            elif name == "country" and whole_country:
                code, label = rows.place, self._countries
            else:
                each, label = self._labels[name]
                code = each[rows.place if name in PLACE else rows.product]
            codes.append(code)
            labels.append(label)
        codes, counts = _summed(rows, codes, labels)
        out = pd.DataFrame({name: pd.Series(np.asarray(label, "object")[code], dtype="str")
                            for name, label, code in zip(by, labels, codes, strict=True)})
        for name in COUNTS[:-1]:
            out[name] = counts[name].astype(np.int64)
        lost, unvalued = out["units_lost"], out["units_unvalued"]
        nothing_known = (lost > 0) & (unvalued == lost) | (not self.has_costs)
        out["amount_lost"] = np.where(nothing_known, np.nan, np.round(counts["amount_lost"], 2))
        out["currency"] = self.currency
        return out

    def _clusters_in(self, inside: np.ndarray) -> rates.Clusters:
        """The clusters of all months, for a question about those `inside`."""
        handled = np.bincount(self._of_places.month, self._of_places.counts["units_handled"] != 0, len(inside)) > 0
        return self._known._replace(months=max(int((handled & inside).sum()), 1))


def _summed(rows: _Rows, codes: Sequence[np.ndarray],
            labels: Sequence[Sequence]) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """The combinations of the codes that occur, in their order, and the counts of each."""
    key = np.zeros(len(rows.month), np.int64)
    for code, label in zip(codes, labels, strict=True):
        key = key * max(len(label), 1) + code
    size = int(np.prod([max(len(label), 1) for label in labels]))
    if size <= SMALL:
        left = np.flatnonzero(np.bincount(key, minlength=size))
        counts = {name: np.bincount(key, values, size)[left] for name, values in rows.counts.items()}
    else:
        left, at = np.unique(key, return_inverse=True)
        counts = {name: np.bincount(at, values, len(left)) for name, values in rows.counts.items()}
    parts: list[np.ndarray] = []
    for label in reversed(labels):
        left, part = np.divmod(left, max(len(label), 1))
        parts.insert(0, part)
    return parts, counts


def _slices(starts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The row numbers of the wanted groups of sorted rows."""
    if not len(wanted):
        return np.empty(0, np.int64)
    sizes = starts[wanted + 1] - starts[wanted]
    return np.repeat(starts[wanted] - np.r_[0, np.cumsum(sizes)[:-1]], sizes) + np.arange(sizes.sum())


def _coded(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Integer codes and their labels, in the labels' order."""
    codes, labels = pd.factorize(column.astype("str"), sort=True)
    return codes.astype(np.int64), list(labels)


def _paired(frame: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Codes of the pairs that occur, and the pairs."""
    one, other = (_coded(frame[name]) for name in names)
    key = one[0] * max(len(other[1]), 1) + other[0]
    cells, at = np.unique(key, return_inverse=True)
    first, second = np.divmod(cells, max(len(other[1]), 1))
    return at.astype(np.int64), pd.DataFrame({names[0]: np.asarray(one[1], "object")[first],
                                              names[1]: np.asarray(other[1], "object")[second]}).astype("str")
