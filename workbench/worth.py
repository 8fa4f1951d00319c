"""What an owed unit is worth under a policy: sourcing cost, proceeds, the sale less its fees, or the article's formula."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench import coded, currencies, radix
from workbench.detectors import Papers, has_money, ordered, preview, sales, sku_in
from workbench.policy import Policy

PRICE_DAYS = 30  # a SKU's price on a day is its average over so many days before
PAPERS = (ordered, preview, sales)  # what detectors may have made that prices are taken from
LOW = 0.02  # a payment less than this share below its basis is rounding, not underpayment
WHY = {"sourcing_cost": "unknown: no unit cost for the SKU in the cost sheet",
       "estimated_proceeds": "unknown: no sale of the SKU or no fee in the files",
       "cost_plus_freight": "unknown: no unit cost in the cost sheet, or no selling price to cap it by",
       "sale_price_less_fees": "unknown: the order's price or fees are not in the files",
       "": "unknown: no rule is known for that day",
       "undated": "unknown: no day of the event is in the files"}


def valued(table: pd.DataFrame, papers: Papers, policy: Policy, as_of: dt.date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The claims with unit_value (NaN when unknown), currency and valuation_basis; and the lines of the cost sheet that
    say so (claim, role, units, file, line).

    Units lost before an order are valued by the policy's basis of the event's day (`valued_on`), units that were sold by
    the sale; fees and reversals by their own amounts; a payment (`stage` "paid") by how much it lies below its basis, 0
    if it does not. Nothing is compared across currencies.
    """
    table = table.assign(currency=_currencies(table["currency"], papers)).reset_index(drop=True)
    for name in ("kind", "paid", "stated", "net_price"):
        table[name] = table.get(name, np.nan)
    paid, ordered = ((table[name] == word).to_numpy() for name, word in (("stage", "paid"), ("kind", "order")))
    table["unit_value"] = table["unit_value"].where(~(paid & ordered), table["net_price"])
    value, money = table["unit_value"].to_numpy(float, copy=True), table["currency"].cat.codes.to_numpy(copy=True)
    said, reasons = np.zeros(len(table), np.int16), {"own_amount": 0}
    told = [pd.DataFrame({"claim": np.empty(0, np.int64), "role": pd.Series(dtype="str"), "units": np.empty(0, np.int64),
                          "file": pd.Series(dtype="str"), "line": np.empty(0, np.int64)})]

    unit = table[["msku", "valued_on", "stage", "currency", "unit_value"]]

    def say(rows: np.ndarray, word: str) -> None:
        said[rows] = reasons.setdefault(word, len(reasons))

    for stage, wanted in (("before_order", paid & ~ordered), ("after_order", paid & ordered)):
        rows = np.flatnonzero(wanted | (table["stage"] == stage).to_numpy())
        basis = policy.bases(stage, table["valued_on"].iloc[rows], as_of)
        for name in sorted(set(basis.unique())):
            part = rows[basis == name]
            value[part], money[part], averaged, lines = _by(name, unit.iloc[part], papers)
            unknown = part[np.isnan(value[part])]
            say(part, name)
            say(part[averaged], "category_average")
            say(unknown, WHY.get(name, WHY[""]))
            if not name:
                say(unknown[table["valued_on"].iloc[unknown].isna()], WHY["undated"])
            told.append(lines)
    table["currency"] = pd.Categorical.from_codes(money, dtype=table["currency"].dtype)
    cap = policy.cap()
    if cap:
        capped = (table["currency"] == cap["currency"]) & table["stage"].isin(["before_order", "after_order", "paid"])
        value[capped & (value > cap["per_item"])] = cap["per_item"]
    value, stated = _shortfall(table, value, paid)
    say(stated, "amount_per_unit")
    table["valuation_basis"] = pd.Categorical.from_codes(said, pd.Index(list(reasons), dtype="str"))
    value = currencies.rounded(pd.Series(value).clip(lower=0), table["currency"])
    return table.assign(unit_value=value), coded.stacked(told)


def _currencies(column: pd.Series, papers: Papers) -> pd.Categorical:
    """The column with the seller's currency where it has none, as codes of all currencies of the claims and the costs."""
    own = papers.books.seller.currency
    known = coded.replaced(column, (column == "").to_numpy(), own)
    return known.set_categories(list(dict.fromkeys([own, *known.categories, *papers.books["costs"]["currency"].unique()])))


# ---------------------------------------------------------------------------------------------------- the bases

def _by(basis: str, rows: pd.DataFrame, papers: Papers) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """What a unit of each claim is worth by one basis, in which currency (its code), and whether it is the average of its
    category; and the cost lines used."""
    costs, paid = _costs(rows, papers), rows["stage"] == "paid"
    used, averaged, money = np.zeros(len(rows), bool), np.zeros(len(rows), bool), rows["currency"]
    if basis == "sale_price_less_fees":
        value = rows["unit_value"]
    elif basis == "estimated_proceeds":
        value = _proceeds(rows, papers)
    elif basis in ("sourcing_cost", "cost_plus_freight"):
        value = costs["unit_cost"]
        if basis == "cost_plus_freight":
            value, averaged = _article(rows, costs, papers)
        foreign = paid & (costs["currency"] != rows["currency"])  # a payment in another currency cannot be compared
        value = value.where(~foreign)
        money = costs["currency"].where(value.notna() & ~paid, rows["currency"])
        used = (value.notna() & costs["unit_cost"].notna()).to_numpy()
    else:
        value = pd.Series(np.nan, index=rows.index)
    lines = costs[["file", "line"]][used].assign(claim=rows.index[used], role="cost", units=0)
    return value.to_numpy(float), money.cat.codes.to_numpy(), averaged, lines[["claim", "role", "units", "file", "line"]]


def _shortfall(table: pd.DataFrame, value: np.ndarray, paid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Payments as what they lack: below their basis, or below what Amazon itself says it paid per unit (which rows)."""
    if not paid.any():
        return value, paid
    stated, given = (table[name].to_numpy(float) for name in ("stated", "paid"))
    least = currencies.half_unit(table["currency"])
    own = paid & np.isnan(value) & (stated - given > least)
    basis = np.where(own, stated, value)
    short = basis - given
    lacking = np.where(np.isnan(basis), np.nan, np.where(short > np.maximum(basis * LOW, least), short, 0.0))
    return np.where(paid, lacking, value), own


def _costs(rows: pd.DataFrame, papers: Papers) -> pd.DataFrame:
    """unit_cost, freight, category, currency (the seller's where the sheet has none), file and line of each row's SKU on
    its day, from the analyst's sheet."""
    sheet, size = papers.books["costs"], len(rows)
    day = rows["valued_on"].fillna(pd.Timestamp("1995-01-02")).to_numpy("datetime64[D]").astype(np.int64)
    since = sheet["from_date"].fillna(pd.Timestamp("1995-01-01")).to_numpy("datetime64[D]").astype(np.int64)
    sku = coded.stacked([rows[["msku"]], sheet[["msku"]]])["msku"].cat.codes.to_numpy(np.int64)
    width = max(day.max(initial=0), since.max(initial=0)) + 1  # from the latest day of a SKU that is not after the row's
    order = np.append(radix.argsort(sku[size:], since), len(sheet))
    place = np.append(sku[size:] * width + since, -1)[order]
    at = np.searchsorted(place[:-1], sku[:size] * width + day, "right") - 1
    at = np.where(place[at] // width == sku[:size], order[at], len(sheet))
    numbers = {name: np.append(sheet[name].to_numpy(float), np.nan)[at] for name in ("unit_cost", "freight_per_unit")}
    category = pd.Series(np.append(sheet["category"].astype("str").to_numpy("object"), ""), dtype="str").take(at)
    money = _currencies(sheet["currency"], papers).set_categories(rows["currency"].cat.categories)
    money = np.append(money.codes, rows["currency"].cat.categories.get_loc(papers.books.seller.currency))[at]
    file = pd.Categorical.from_codes(np.append(sheet["file"].cat.codes, -1)[at], sheet["file"].cat.categories)
    return pd.DataFrame({**numbers, "category": category.array, "file": file,
                         "currency": pd.Categorical.from_codes(money, dtype=rows["currency"].dtype),
                         "line": np.append(sheet["line"].to_numpy(np.int64), 0)[at]}, index=rows.index)


def _prices(rows: pd.DataFrame, sold: pd.DataFrame, by: pd.Series, groups: pd.Series, money: pd.Series) -> pd.DataFrame:
    """`average`: over the PRICE_DAYS up to each row's day, of all sales whose group (`groups`: SKU -> group) is the row's
    (`by`), in the row's currency (`money`); `latest`: of the last day with a sale up to then. NaN where nothing sold."""
    group = sold["msku"].map(groups).astype("object").fillna("") + "\x1f" + sold["currency"]
    daily = pd.DataFrame({"group": group, "day": sold["sold_on"], "money": sold["unit_price"] * sold["units_sold"],
                          "units": sold["units_sold"]}).groupby(["group", "day"], as_index=False).sum()
    if daily.empty:
        return pd.DataFrame({"average": np.nan, "latest": np.nan}, index=rows.index)
    daily = daily.sort_values(["group", "day"], ignore_index=True)
    daily["latest"] = daily["money"] / daily["units"]
    daily[["money", "units"]] = daily.groupby("group")[["money", "units"]].cumsum()
    wanted = pd.DataFrame({"group": by.astype("str") + "\x1f" + money.astype("str"), "at": np.arange(len(rows)),
                           "day": rows["valued_on"].fillna(pd.Timestamp("1995-01-01"))})
    sums = []
    for days in (0, PRICE_DAYS):
        shifted = wanted.assign(day=(wanted["day"] - pd.Timedelta(days=days)).astype(daily["day"].dtype))
        sums.append(pd.merge_asof(shifted.sort_values("day", kind="stable"), daily.sort_values("day", kind="stable"),
                                  on="day", by="group").sort_values("at"))
    amount, units = (sums[0][["money", "units"]].fillna(0).to_numpy(float)
                     - sums[1][["money", "units"]].fillna(0).to_numpy(float)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(units > 0, amount / units, np.nan)
    return pd.DataFrame({"average": average, "latest": sums[0]["latest"].to_numpy(float)}, index=rows.index)


def _sold(papers: Papers) -> list[pd.DataFrame]:
    """What was sold, for how much and when: by the settlements and transactions, then by the order reports."""
    told = [papers.once(ordered)]
    if has_money(papers):
        rows = papers.once(sales)
        told.insert(0, rows[rows["unit_price"].notna() & rows["sold_on"].notna() & (rows["units_sold"] > 0)])
    return told


def _own_price(rows: pd.DataFrame, papers: Papers, money: pd.Series) -> pd.Series:
    """The SKU's average price of the days before, else its last one; NaN where it never sold in that currency. The order
    reports tell it where no settlement does."""
    skus, price = rows["msku"].astype("str"), pd.Series(np.nan, index=rows.index)
    for sold in _sold(papers):
        if price.isna().any():
            found = _prices(rows, sold, skus, pd.Series(skus.unique(), index=skus.unique()), money)
            price = price.fillna(found["average"]).fillna(found["latest"])
    return price


def _listed(rows: pd.DataFrame, papers: Papers, money: pd.Series) -> pd.Series:
    """The SKU's price in the fee preview: what it sells for, else what the seller asks."""
    return sku_in(rows["msku"], money).map(papers.once(preview)["price"])


def _proceeds(rows: pd.DataFrame, papers: Papers) -> pd.Series:
    """The SKU's average price, else its listed one, less its usual fees (fee preview, else what its own sales were
    charged)."""
    price = _own_price(rows, papers, rows["currency"])
    price = price.fillna(_listed(rows, papers, rows["currency"]))
    wanted = sku_in(rows["msku"], rows["currency"])
    own = wanted.map(papers.once(preview)["fees"])
    if has_money(papers):
        table = papers.once(sales)
        own = own.fillna(wanted.map(table["unit_fees"].groupby(sku_in(table["msku"], table["currency"])).median()))
    return price - own


def _article(rows: pd.DataFrame, costs: pd.DataFrame, papers: Papers) -> tuple[pd.Series, np.ndarray]:
    """Purchase cost + first-leg freight, at most the selling price; what never sold at its category's 30-day average (in
    which rows), and where nothing of the category sold, at most the listed price."""
    price = _own_price(rows, papers, costs["currency"])
    cost = costs["unit_cost"] + costs["freight_per_unit"].fillna(0)
    sheet = papers.books["costs"]
    groups = pd.Series(sheet["category"].astype("str").to_numpy(), index=sheet["msku"].astype("str").to_numpy())
    groups = groups[(groups != "") & ~groups.index.duplicated()]
    named = costs["category"].where(costs["category"] != "", "\x1fnone")
    value = np.fmin(cost, price).where(cost.notna() & price.notna())
    for sold in _sold(papers):
        average = _prices(rows, sold, named, groups, costs["currency"])["average"]
        value = value.where(price.notna() | value.notna(), average)
    averaged = (price.isna() & value.notna()).to_numpy()
    listed = _listed(rows, papers, costs["currency"])
    return value.where(price.notna() | value.notna(), np.minimum(cost, listed)), averaged
