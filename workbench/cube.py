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

from workbench import coded, currencies, loss, rates

COUNTS = ("units_handled", "units_lost_gross", "units_found", "units_lost", "units_damaged", "units_unvalued",
          "amount_lost")
PLACE, PRODUCT = ("country", "fulfillment_center"), ("fnsku", "msku")
BY = ("month", *PLACE, *PRODUCT)
SMALL, DENSE = 1_000_000, 30_000_000  # so many possible combinations of few rows, of a ledger, are counted without sorting


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
        self.as_of, self.has_costs = as_of, costs is not None
        parts = loss.parts(ledger, as_of=as_of, costs=costs)
        self.currency, self._known = parts.currency, parts.clusters
        counted = [rows for rows, _ in parts.added.values()]
        month, self.months = _months(parts.day, counted)
        place, self.places = _paired(parts.table, PLACE, counted)
        product, self.products = _paired(parts.table, PRODUCT, counted)
        sizes = [max(len(labels), 1) for labels in (self.places, self.months, self.products)]
        cell, cells = _numbered((place * sizes[1] + month) * sizes[2] + product, int(np.prod(sizes)), counted)
        cells, product = np.divmod(cells, sizes[2])
        place, month = np.divmod(cells, sizes[1])
        self._by_place = _Rows(month, place, product, {
            name: np.bincount(cell[rows], values, len(cells)) for name, (rows, values) in parts.added.items()})
        self._by_product = self._by_place.take(np.argsort(product, kind="stable"))
        self._place_at = np.searchsorted(self._by_place.place, np.arange(len(self.places) + 1))
        self._product_at = np.searchsorted(self._by_product.product, np.arange(len(self.products) + 1))
        self._labels = {name: _coded(table[name]) for table in (self.places, self.products) for name in table}
        self._texts: dict[str, pd.api.extensions.ExtensionArray] = {}
        country, self._countries = self._labels["country"]
        sums, counts = _summed(self._by_place, [month, place], [self.months, self.places])
        self._of_places = _Rows(sums[0], sums[1], np.zeros_like(sums[0]), counts)
        sums, counts = _summed(self._by_place, [month, country[place], product],
                               [self.months, self._countries, self.products])
        self._of_products = _Rows(*sums, counts)

    def rates(self, by: Sequence[str] = ("month",), *, months: tuple[str, str] | None = None, country: str = "",
              centers: Sequence[str] = (), products: Sequence[str] = (), baseline: float = 0.003) -> pd.DataFrame:
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
        return loss.rated(counted, clusters=self._clusters_in(inside), as_of=self.as_of, baseline=baseline)

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
        """These rows added up, as `loss.rated` takes them."""
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
        out: dict[str, object] = {name: self._words(name, label).take(code)
                                  for name, label, code in zip(by, labels, codes, strict=True)}
        out |= {name: counts[name].astype(np.int64) for name in COUNTS[:-1]}
        lost, unvalued = counts["units_lost"], counts["units_unvalued"]
        nothing_known = (lost > 0) & (unvalued == lost) | (not self.has_costs)
        amount = currencies.rounded(counts["amount_lost"], self.currency)
        out["amount_lost"] = np.where(nothing_known, np.nan, amount)
        return pd.DataFrame({**out, "currency": pd.array([self.currency], "str").take(np.zeros(len(lost), int))})

    def _words(self, name: str, labels: Sequence[str]) -> pd.api.extensions.ExtensionArray:
        """The labels as pandas holds text, made once."""
        if name not in self._texts:
            self._texts[name] = pd.array(labels, "str")
        return self._texts[name]

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
        cells = np.flatnonzero(np.bincount(key, minlength=size))
        counts = {name: np.bincount(key, values, size)[cells] for name, values in rows.counts.items()}
    else:
        cells, at = np.unique(key, return_inverse=True)
        counts = {name: np.bincount(at, values, len(cells)) for name, values in rows.counts.items()}
    return list(np.unravel_index(cells, [max(len(label), 1) for label in labels])), counts


def _slices(starts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The row numbers of the wanted groups of sorted rows."""
    if not len(wanted):
        return np.empty(0, np.int64)
    sizes = starts[wanted + 1] - starts[wanted]
    return np.repeat(starts[wanted] - np.r_[0, np.cumsum(sizes)[:-1]], sizes) + np.arange(sizes.sum())


def _coded(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Integer codes and their labels, in the labels' order."""
    held = coded.alphabetical(column)
    return held.codes.astype(np.int64), held.categories.tolist()


def _numbered(key: np.ndarray, size: int, counted: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The place of each row's key (below `size`) among the keys of the counted rows, and those keys in their order.

    What it says of rows that are not counted means nothing.
    """
    if size <= DENSE:
        seen = np.zeros(size, bool)
        for rows in counted:
            seen[key[rows]] = True
        return (np.cumsum(seen, dtype=np.int32) - 1)[key], np.flatnonzero(seen)
    cells = np.unique(key[np.concatenate(counted)])
    return np.searchsorted(cells, key), cells


def _months(day: np.ndarray, counted: Sequence[np.ndarray]) -> tuple[np.ndarray, list[str]]:
    """The month of each row, numbered among the counted ones, and their names."""
    first, last = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    month = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    found, months = _numbered((month - month[0])[day - first], int(month[-1] - month[0]) + 1, counted)
    return found, (months + month[0]).astype("datetime64[M]").astype("str").tolist()


def _paired(table: pd.DataFrame, names: Sequence[str], counted: Sequence[np.ndarray]) -> tuple[np.ndarray, pd.DataFrame]:
    """The pair of each row, numbered among those of the counted rows, and those pairs."""
    (one, ones), (other, others) = (_coded(table[name]) for name in names)
    size = max(len(others), 1)
    found, pairs = _numbered(one * size + other, max(len(ones), 1) * size, counted)
    first, second = np.divmod(pairs, size)
    return found, pd.DataFrame({names[0]: np.asarray(ones, "object")[first],
                                names[1]: np.asarray(others, "object")[second]}).astype("str")
