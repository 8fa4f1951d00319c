"""What an owed unit is worth under a policy: sourcing cost, proceeds, the sale less its fees, or the article's formula."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench.books import Books
from workbench.detectors import Papers, sales
from workbench.policy import Policy

PRICE_DAYS = 30  # a SKU's price on a day is its average over so many days before
LOW = 0.02  # a payment less than this share below its basis is rounding, not underpayment


def valued(table: pd.DataFrame, books: Books, papers: Papers, policy: Policy, as_of: dt.date) -> pd.DataFrame:
    """The claims with unit_value (NaN when unknown), currency and valuation_basis.

    Units lost before an order are valued by the policy's basis of the event's day, units that were sold by the sale;
    fees and reversals by their own amounts; a payment (`stage` "paid") by how much it lies below its basis, 0 if it
    does not.
    """
    table = table.assign(valuation_basis="own_amount")
    paid, kind = table["stage"].eq("paid"), table.get("kind", pd.Series("", table.index))
    before = table["stage"].eq("before_order") | paid & kind.ne("order")
    after = table["stage"].eq("after_order") | paid & ~before
    if "net_price" in table:
        table["unit_value"] = table["unit_value"].where(~(after & table["stage"].eq("paid")), table["net_price"])
    for stage, rows in (("before_order", before), ("after_order", after)):
        basis = policy.bases(stage, table.loc[rows, "event_date"], as_of)
        for name, part in basis.groupby(basis).groups.items():
            table = _by(name, table, part, books, papers)
    if "paid" in table:
        paid = table["stage"].eq("paid")
        short = table["unit_value"] - table["paid"]
        low = short > np.maximum(table["unit_value"] * LOW, 0.5 * 10.0 ** -precision(books.seller.currency))
        table["unit_value"] = table["unit_value"].where(~paid, short.where(low, 0.0).where(table["unit_value"].notna()))
    table["currency"] = table["currency"].where(table["currency"] != "", books.seller.currency)
    return rounded(table, "unit_value", table["unit_value"])


def rounded(table: pd.DataFrame, column: str, values: pd.Series) -> pd.DataFrame:
    """`values` as `column`, rounded to the minor unit of each row's currency."""
    digits = table["currency"].map({name: precision(name) for name in table["currency"].unique()})
    scale = 10.0 ** digits.astype(float)
    return table.assign(**{column: (values.astype(float) * scale).round() / scale})


def precision(currency: str) -> int:
    """Digits after the decimal point: 2 for USD, 0 for JPY."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency) if currency else 2


# ---------------------------------------------------------------------------------------------------- the bases

def _by(basis: str, table: pd.DataFrame, part: pd.Index, books: Books, papers: Papers) -> pd.DataFrame:
    """The claims `part` valued by one basis."""
    rows = table.loc[part]
    if basis == "sale_price_less_fees":
        table.loc[part, "valuation_basis"] = np.where(rows["unit_value"].notna(), basis,
                                                      "unknown: the order's price or fees are not in the files")
        return table
    costs = _costs(rows, books)
    if basis == "sourcing_cost":
        value, why = costs["unit_cost"], "unknown: no unit cost for the SKU in the cost sheet"
    elif basis == "estimated_proceeds":
        value, why = _proceeds(rows, books, papers), "unknown: no sale of the SKU or no fee in the files"
    elif basis == "cost_plus_freight":
        value, why = _article(rows, costs, papers), "unknown: no unit cost, and no sale to average"
    else:
        value, why = pd.Series(np.nan, index=part), "unknown: no rule is known for that day"
    table.loc[part, "unit_value"] = value
    table.loc[part, "valuation_basis"] = np.where(value.notna(), basis or "unknown", why)
    if len(costs) and basis in ("sourcing_cost", "cost_plus_freight"):
        own = costs["currency"].where(value.notna(), "")
        table.loc[part, "currency"] = own.where(own != "", rows["currency"])
    return table


def _costs(rows: pd.DataFrame, books: Books) -> pd.DataFrame:
    """unit_cost, freight, category and currency of each row's SKU on its day, from the analyst's sheet."""
    sheet = books["costs"]
    names = ["unit_cost", "freight_per_unit", "category", "currency"]
    if sheet.empty:
        return pd.DataFrame({"unit_cost": np.nan, "freight_per_unit": np.nan, "category": "", "currency": ""},
                            index=rows.index)
    day = rows["event_date"].fillna(pd.Timestamp("1995-01-02"))
    left = pd.DataFrame({"msku": rows["msku"].astype("str"), "day": day, "at": np.arange(len(rows))})
    right = sheet[["msku", *names]].astype({"msku": "str", "category": "str", "currency": "str"})
    right["day"] = sheet["from_date"].fillna(pd.Timestamp("1995-01-01")).astype(left["day"].dtype)
    joined = pd.merge_asof(left.sort_values("day", kind="stable"), right.sort_values("day", kind="stable"), on="day",
                           by="msku").sort_values("at")
    joined.index = rows.index
    return joined[names].assign(category=joined["category"].fillna(""), currency=joined["currency"].fillna(""))


def _prices(rows: pd.DataFrame, papers: Papers, by: pd.Series, groups: pd.Series) -> pd.Series:
    """The average price over the PRICE_DAYS before each row's day, of all sales whose group (`groups`: SKU -> group) is
    the row's (`by`)."""
    if papers.books.is_absent("settlements"):
        return pd.Series(np.nan, index=rows.index)
    sold = papers.once(sales)
    sold = sold[sold["unit_price"].notna() & sold["sold_on"].notna() & (sold["units_sold"] > 0)]
    group = sold["msku"].map(groups).fillna("")
    daily = pd.DataFrame({"group": group, "day": sold["sold_on"], "money": sold["unit_price"] * sold["units_sold"],
                          "units": sold["units_sold"]}).groupby(["group", "day"], as_index=False).sum()
    daily = daily.sort_values(["group", "day"], ignore_index=True)
    daily[["money", "units"]] = daily.groupby("group")[["money", "units"]].cumsum()
    wanted = pd.DataFrame({"group": by.astype("str"), "at": np.arange(len(rows)), "day": rows["event_date"]})
    sums = []
    for days in (0, PRICE_DAYS):
        shifted = wanted.assign(day=(wanted["day"] - pd.Timedelta(days=days)).astype(daily["day"].dtype))
        found = pd.merge_asof(shifted.sort_values("day", kind="stable"), daily.sort_values("day", kind="stable"), on="day",
                              by="group").sort_values("at")
        sums.append(found[["money", "units"]].fillna(0).to_numpy(float))
    money, units = (sums[0] - sums[1]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.Series(np.where(units > 0, money / units, np.nan), index=rows.index)


def _own_price(rows: pd.DataFrame, papers: Papers) -> pd.Series:
    skus = rows["msku"].astype("str")
    return _prices(rows, papers, skus, pd.Series(skus.unique(), index=skus.unique()))


def _proceeds(rows: pd.DataFrame, books: Books, papers: Papers) -> pd.Series:
    """The SKU's average price less its usual fees (fee preview, else what its own sales were charged)."""
    price = _own_price(rows, papers)
    preview = books["fee_preview"].drop_duplicates("msku", keep="last")
    fees = pd.Series((preview["fulfillment_fee"] + preview["referral_fee"]).to_numpy(float),
                     index=preview["msku"].astype("str").to_numpy())
    own = rows["msku"].map(fees[~fees.index.duplicated()])
    if not books.is_absent("settlements"):
        charged = papers.once(sales).groupby("msku")["unit_fees"].median()
        own = own.fillna(rows["msku"].map(charged))
    return price - own


def _article(rows: pd.DataFrame, costs: pd.DataFrame, papers: Papers) -> pd.Series:
    """Purchase cost + first-leg freight, at most the selling price; without a sale the category's 30-day average."""
    price = _own_price(rows, papers)
    cost = costs["unit_cost"] + costs["freight_per_unit"].fillna(0)
    capped = np.fmin(cost, price).where(cost.notna())
    sheet = papers.books["costs"]
    groups = pd.Series(sheet["category"].astype("str").to_numpy(), index=sheet["msku"].astype("str").to_numpy())
    groups = groups[(groups != "") & ~groups.index.duplicated()]
    category = _prices(rows, papers, costs["category"].where(costs["category"] != "", "\0none"), groups)
    return pd.Series(np.where(price.notna(), capped, category), index=rows.index)
