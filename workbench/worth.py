"""What an owed unit is worth under a policy: sourcing cost, proceeds, the sale less its fees, or the article's formula."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from workbench.detectors import Papers, has_money, sales
from workbench.policy import Policy

PRICE_DAYS = 30  # a SKU's price on a day is its average over so many days before
LOW = 0.02  # a payment less than this share below its basis is rounding, not underpayment
WHY = {"sourcing_cost": "unknown: no unit cost for the SKU in the cost sheet",
       "estimated_proceeds": "unknown: no sale of the SKU or no fee in the files",
       "cost_plus_freight": "unknown: no unit cost, and no sale to average",
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
    table = table.assign(valuation_basis="own_amount", currency=table["currency"].where(
        table["currency"] != "", papers.books.seller.currency)).reset_index(drop=True)
    for name in ("kind", "paid", "stated", "net_price"):
        table[name] = table.get(name, np.nan)
    paid, ordered = table["stage"].eq("paid"), table["kind"].eq("order")
    after = table["stage"].eq("after_order") | paid & ordered
    table["unit_value"] = table["unit_value"].where(~(paid & ordered), table["net_price"])
    told = [pd.DataFrame({"claim": np.empty(0, np.int64), "role": pd.Series(dtype="str"), "units": np.empty(0, np.int64),
                          "file": pd.Series(dtype="str"), "line": np.empty(0, np.int64)})]
    for stage, rows in (("before_order", table["stage"].eq("before_order") | paid & ~ordered), ("after_order", after)):
        basis = policy.bases(stage, table.loc[rows, "valued_on"], as_of)
        for name, part in basis.groupby(basis).groups.items():
            table, lines = _by(name, table, part, papers)
            told.append(lines)
    cap = policy.cap()
    if cap:
        capped = table["currency"].eq(cap["currency"]) & table["stage"].isin(["before_order", "after_order", "paid"])
        table["unit_value"] = table["unit_value"].where(~capped | ~(table["unit_value"] > cap["per_item"]), cap["per_item"])
    table = _shortfall(table)
    table["unit_value"] = table["unit_value"].clip(lower=0)
    return rounded(table, "unit_value", table["unit_value"]), pd.concat(told, ignore_index=True)


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

def _by(basis: str, table: pd.DataFrame, part: pd.Index, papers: Papers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The claims `part` valued by one basis, and the cost lines used."""
    rows, costs = table.loc[part], _costs(table.loc[part], papers)
    paid = rows["stage"].eq("paid")
    used, money = np.zeros(len(rows), bool), rows["currency"]
    if basis == "sale_price_less_fees":
        value = rows["unit_value"]
    elif basis == "estimated_proceeds":
        value = _proceeds(rows, papers)
    elif basis in ("sourcing_cost", "cost_plus_freight"):
        value = costs["unit_cost"] if basis == "sourcing_cost" else _article(rows, costs, papers)
        foreign = paid & (costs["currency"] != rows["currency"])  # a payment in another currency cannot be compared
        value = value.where(~foreign)
        money = costs["currency"].where(value.notna() & ~paid, rows["currency"])
        used = (value.notna() & costs["unit_cost"].notna()).to_numpy()
    else:
        value = pd.Series(np.nan, index=part)
    table.loc[part, "unit_value"] = value
    table.loc[part, "currency"] = money
    why = np.where(rows["valued_on"].isna() & (basis == ""), WHY["undated"], WHY.get(basis, WHY[""]))
    table.loc[part, "valuation_basis"] = np.where(value.notna(), basis, why)
    lines = costs[used].assign(claim=part[used], role="cost", units=0)[["claim", "role", "units", "file", "line"]]
    lines = lines.astype({"line": "int64"})
    return table, lines


def _shortfall(table: pd.DataFrame) -> pd.DataFrame:
    """Payments as what they lack: below their basis, or below what Amazon itself says it paid per unit."""
    paid = table["stage"].eq("paid")
    if not paid.any():
        return table
    least = table["currency"].map({name: 0.5 * 10.0 ** -precision(name) for name in table["currency"].unique()})
    own = paid & table["unit_value"].isna() & (table["stated"] - table["paid"] > least)
    table["valuation_basis"] = table["valuation_basis"].where(~own, "amount_per_unit")
    basis = table["unit_value"].where(~own, table["stated"])
    short = basis - table["paid"]
    low = short > np.maximum(basis * LOW, least)
    table["unit_value"] = table["unit_value"].where(~paid, short.where(low, 0.0).where(basis.notna()))
    return table


def _costs(rows: pd.DataFrame, papers: Papers) -> pd.DataFrame:
    """unit_cost, freight, category, currency (the seller's where the sheet has none), file and line of each row's SKU on
    its day, from the analyst's sheet."""
    sheet, own = papers.books["costs"], papers.books.seller.currency
    names = ["unit_cost", "freight_per_unit", "category", "currency", "file", "line"]
    if sheet.empty:
        return pd.DataFrame({"unit_cost": np.nan, "freight_per_unit": np.nan, "category": "", "currency": own, "file": "",
                             "line": 0}, index=rows.index)
    day = rows["valued_on"].fillna(pd.Timestamp("1995-01-02"))
    left = pd.DataFrame({"msku": rows["msku"].astype("str"), "day": day, "at": np.arange(len(rows))})
    right = sheet[["msku", *names]].astype({"msku": "str", "category": "str", "currency": "str", "file": "str"})
    right["day"] = sheet["from_date"].fillna(pd.Timestamp("1995-01-01")).astype(left["day"].dtype)
    joined = pd.merge_asof(left.sort_values("day", kind="stable"), right.sort_values("day", kind="stable"), on="day",
                           by="msku").sort_values("at")
    joined.index = rows.index
    joined = joined[names].fillna({"category": "", "currency": "", "file": "", "line": 0})
    return joined.assign(currency=joined["currency"].where(joined["currency"] != "", own))


def _prices(rows: pd.DataFrame, papers: Papers, by: pd.Series, groups: pd.Series, money: pd.Series) -> pd.DataFrame:
    """`average`: over the PRICE_DAYS up to each row's day, of all sales whose group (`groups`: SKU -> group) is the row's
    (`by`), in the row's currency (`money`); `latest`: of the last day with a sale up to then. NaN where nothing sold."""
    nothing = pd.DataFrame({"average": np.nan, "latest": np.nan}, index=rows.index)
    if not has_money(papers):
        return nothing
    sold = papers.once(sales)
    sold = sold[sold["unit_price"].notna() & sold["sold_on"].notna() & (sold["units_sold"] > 0)]
    group = sold["msku"].map(groups).astype("object").fillna("") + "\x1f" + sold["currency"]
    daily = pd.DataFrame({"group": group, "day": sold["sold_on"], "money": sold["unit_price"] * sold["units_sold"],
                          "units": sold["units_sold"]}).groupby(["group", "day"], as_index=False).sum()
    if daily.empty:
        return nothing
    daily = daily.sort_values(["group", "day"], ignore_index=True)
    daily["latest"] = daily["money"] / daily["units"]
    daily[["money", "units"]] = daily.groupby("group")[["money", "units"]].cumsum()
    wanted = pd.DataFrame({"group": by.astype("str") + "\x1f" + money, "at": np.arange(len(rows)),
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


def _own_price(rows: pd.DataFrame, papers: Papers, money: pd.Series) -> pd.Series:
    """The SKU's average price of the days before, else its last one; NaN where it never sold in that currency."""
    skus = rows["msku"].astype("str")
    found = _prices(rows, papers, skus, pd.Series(skus.unique(), index=skus.unique()), money)
    return found["average"].fillna(found["latest"])


def _proceeds(rows: pd.DataFrame, papers: Papers) -> pd.Series:
    """The SKU's average price less its usual fees (fee preview, else what its own sales were charged)."""
    price = _own_price(rows, papers, rows["currency"])
    preview = papers.books["fee_preview"]
    place = preview["msku"].astype("str") + "\x1f" + preview["currency"].astype("str")
    fees = pd.Series((preview["fulfillment_fee"] + preview["referral_fee"]).to_numpy(float), index=place.to_numpy())
    wanted = rows["msku"].astype("str") + "\x1f" + rows["currency"]
    own = wanted.map(fees[~fees.index.duplicated(keep="last")])
    if has_money(papers):
        table = papers.once(sales)
        own = own.fillna(wanted.map(table["unit_fees"].groupby(table["msku"] + "\x1f" + table["currency"]).median()))
    return price - own


def _article(rows: pd.DataFrame, costs: pd.DataFrame, papers: Papers) -> pd.Series:
    """Purchase cost + first-leg freight, at most the selling price; what never sold at its category's 30-day average."""
    price = _own_price(rows, papers, costs["currency"])
    cost = costs["unit_cost"] + costs["freight_per_unit"].fillna(0)
    capped = np.fmin(cost, price).where(cost.notna())
    sheet = papers.books["costs"]
    groups = pd.Series(sheet["category"].astype("str").to_numpy(), index=sheet["msku"].astype("str").to_numpy())
    groups = groups[(groups != "") & ~groups.index.duplicated()]
    named = costs["category"].where(costs["category"] != "", "\x1fnone")
    return capped.where(price.notna(), _prices(rows, papers, named, groups, costs["currency"])["average"])

