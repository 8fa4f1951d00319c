"""The order lines behind refunds, fees and values: what was sold, for how much, charged and paid back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import coded
from workbench.books import Books
from workbench.detectors.account import lines
from workbench.detectors.papers import Papers, key, products

CLOSING = ("fixedclosingfee", "variableclosingfee", "digitalservicesfee", "digitalservicesfeefba", "peritemfee",
           "fbaperorderfulfillmentfee", "fbaweightbasedfee")  # fees of a sale besides the referral and the fulfilment fee
WHOLE = 0.98  # a refund of at least this share of the price is a refund of the unit; less is goodwill
LINE = ["order_id", "msku"]
MONEY = ["transaction_type", "order_id", "marketplace", "amount_type", "amount_description", "amount",
         "fulfillment_channel", "posted_on", "msku", "units", "currency"]


def sales(papers: Papers) -> pd.DataFrame:
    """One row per FBA order and SKU with money in a settlement: units_sold, unit_price (after promotions), unit_fees
    (referral and fulfilment, per unit), fee_charged, sold_on, units_refunded (whole prices paid back), refunded_on (the
    first), currency, country of the site, doubt (why the refund cannot be judged).

    Where the sale lies before the settlements at hand, the orders report tells its price, else what the SKU always costs;
    fees that no sale of the SKU tells are those of the fee preview.
    """
    table = papers.once(money_lines)
    part = {name: table[table["what"] == name] for name in ("price", "promotion", "fee", "referral", "refund")}
    counted = table[table["what"] == "count"]
    grouped = {name: rows.groupby("sale")["amount"].sum() for name, rows in part.items()}
    out = pd.DataFrame({"principal": grouped["price"], "off": grouped["promotion"], "fee_charged": -grouped["fee"],
                        "referral": -grouped["referral"], "refunded": -grouped["refund"]})
    out["principal"] = out["principal"] + out["off"].fillna(0)
    sold = pd.concat([part["price"], part["fee"]])
    out["sold_on"] = sold.groupby("sale")["posted_on"].min()
    out["refunded_on"] = part["refund"].groupby("sale")["posted_on"].min()
    out["units_sold"] = np.nan
    for rows in (part["price"][part["price"]["amount"] > 0], counted, part["fee"][part["fee"]["amount"] < 0]):
        units = rows.groupby("sale")["units"].sum().reindex(out.index)
        out["units_sold"] = out["units_sold"].where(out["units_sold"] > 0, units)
    by_sale = table.groupby("sale")
    for name in ("is_other_channel", "is_fba"):
        out[name] = by_sale[name].any()
    out = table.drop_duplicates("sale").set_index("sale")[[*LINE, "currency", "country"]].join(out, how="right")
    out = out[out[["principal", "fee_charged", "refunded"]].notna().any(axis=1)].reset_index(drop=True)
    out = _from_orders(papers.books, out)
    price = out["principal"] / out["units_sold"].where(out["units_sold"] > 0)
    out["unit_price"] = price.where(price > 0).fillna(out["order_price"])
    fees = out[["fee_charged", "referral"]].fillna(0).sum(axis=1) / out["units_sold"].where(out["units_sold"] > 0)
    own = fees.where(out["fee_charged"].notna() & out["referral"].notna())
    usual = own.groupby([out["msku"], out["currency"]]).transform("median")
    out["unit_fees"] = own.fillna(usual).fillna(sku_in(out["msku"], out["currency"]).map(papers.once(preview)["fees"]))
    out = _refunds(out)
    out = out.merge(papers.once(products), on="msku", how="left", validate="many_to_one")
    return out.fillna({"fnsku": "", "asin": ""})


def _refunds(out: pd.DataFrame) -> pd.DataFrame:
    """units_refunded and doubt. A refund counts as many units as it pays back whole prices."""
    usual = out["unit_price"].groupby([out["msku"], out["currency"]]).transform("median")
    known = out["unit_price"].notna()
    whole = out["refunded"] / out["unit_price"].where(known, usual)
    units = np.floor(whole.fillna(0) + 1 - WHOLE).astype("int64")
    exact = (whole - whole.round()).abs() <= 1 - WHOLE  # the SKU's usual price, so often
    unclear = (out["refunded"] > 0) & ~known & ~(exact & (whole > 0.5))
    out["units_refunded"] = np.where(unclear, np.maximum(units, 1), np.where(out["refunded"] > 0, units, 0))
    out["units_refunded"] = np.minimum(out["units_refunded"], out["units_sold"].where(out["units_sold"] > 0, 10**6))
    out["unit_price"] = out["unit_price"].fillna(usual.where(exact & (whole > 0.5)))
    out["doubt"] = np.select([unclear, ~out["is_fba"]],
                             ["the price of the order is not in the files",
                              "whether Amazon shipped the order is not in the files"], "")
    return out


def net_price(rows: pd.DataFrame) -> np.ndarray:
    """The sale price less the order's own fees; NaN where either is not in the files."""
    return (rows["unit_price"] - rows["unit_fees"]).round(2).to_numpy(float)


def has_money(papers: Papers) -> bool:
    """Whether a report says what orders were sold for and paid back."""
    return not (papers.books.is_absent("settlements") and papers.books.is_absent("transactions"))


def money_lines(papers: Papers) -> pd.DataFrame:
    """The amounts of FBA orders and refunds: sale (a number for the order and SKU), what (price, promotion, fee, referral:
    also closing fees, refund; count: units on a line of their own, as in flat file V1), order_id, msku, amount, units,
    posted_on, currency, country, is_other_channel, is_fba (some file says so), file, line.

    From the settlements and the date-range transactions: of each order line's sale, and of its refund, from the report that
    tells more of it; both tell the same money.
    """
    books = papers.books
    sides = [of(books) for name, of in (("settlements", _of_settlements), ("transactions", _of_transactions))
             if not books.is_absent(name)]
    rows = _fuller(*sides) if len(sides) > 1 else sides[0]
    channel, what = folded(rows["fulfillment_channel"]), rows["what"].to_numpy()
    out = pd.DataFrame({
        "what": what, "order_id": rows["order_id"].astype("str"), "msku": rows["msku"].astype("str"),
        "amount": rows["amount"], "units": rows["units"].astype("Float64").abs().fillna(0).astype(float),
        "posted_on": rows["posted_on"], "currency": rows["currency"].astype("str"), "country": country(rows["marketplace"]),
        "is_other_channel": folded(rows["marketplace"]).str.startswith("nonamazon"), "file": rows["file"].astype("str"),
        "line": rows["line"]})
    amazon, merchant = _channels(books)
    out["is_fba"] = channel.isin(["afn", "amazon"]).to_numpy() | coded.among(out["order_id"], amazon) | (what == "fee")
    by_seller = ~channel.isin(["afn", "amazon", ""]).to_numpy() | coded.among(out["order_id"], merchant)
    sale = out.groupby(LINE).ngroup().to_numpy()
    shipped = np.bincount(sale, by_seller & ~(what == "fee"), minlength=1)[sale] > 0 if len(out) else by_seller
    return out.assign(sale=sale)[~shipped].reset_index(drop=True)


def _of_settlements(books: Books) -> pd.DataFrame:
    table = books.table("settlements", MONEY)
    kind, group, text = (folded(table[name]) for name in ("transaction_type", "amount_type", "amount_description"))
    principal, order = text.eq("principal"), kind.eq("order")
    price = principal & group.isin(["itemprice", ""])
    promotion = principal & group.eq("promotion")
    what = np.select([order & price, order & promotion, order & text.eq("fbaperunitfulfillmentfee"),
                      order & text.isin(["commission", *CLOSING]), kind.eq("refund") & (price | promotion),
                      order & text.eq("") & group.eq("") & table["units"].gt(0).to_numpy(bool, na_value=False)],
                     ["price", "promotion", "fee", "referral", "refund", "count"], "")
    return table.assign(what=what)[(what != "") & table["order_id"].ne("").to_numpy()]


def _of_transactions(books: Books) -> pd.DataFrame:
    table = books["transactions"]
    kind = folded(table["transaction_type"])
    sold = kind.eq("refund") | table["product_sales"].fillna(0).ne(0)  # a fee without a sale is another channel's
    told = table["order_id"].ne("").to_numpy() & sold
    parts = [table[kind.eq(of) & table[column].fillna(0).ne(0) & told].assign(
        what=what, amount=lambda rows, column=column: rows[column])
        for of, what, column in (("order", "price", "product_sales"), ("order", "promotion", "promotional_rebates"),
                                 ("order", "fee", "fba_fees"), ("order", "referral", "selling_fees"),
                                 ("refund", "refund", "product_sales"), ("refund", "refund", "promotional_rebates"))]
    rows = pd.concat(parts, ignore_index=True)
    money = rows["currency"].astype("str") if "currency" in rows else ""
    return rows.assign(currency=np.where(money == "", books.seller.currency, money))


def _fuller(settled: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Of two reports of the same money the rows of the one that has more of it, per order line and per sale or refund; the
    settlement's where they have the same."""
    texts = dict.fromkeys([*LINE, "currency", "marketplace", "fulfillment_channel", "file"], "str")
    names = ["what", "amount", "units", "posted_on", "line", *texts]
    rows = pd.concat([settled[names].astype(texts), told[names].astype(texts)], ignore_index=True)
    group = rows.groupby([*LINE, rows["what"].eq("refund")], sort=False).ngroup().to_numpy()
    second = np.arange(len(rows)) >= len(settled)
    size = rows["amount"].abs().fillna(0).to_numpy()
    one, other = (np.bincount(group, np.where(side, size, 0)) for side in (~second, second))
    return rows[second == (other * WHOLE > one)[group]].reset_index(drop=True)


def _channels(books: Books) -> tuple[pd.Series, pd.Series]:
    """The orders that Amazon shipped, and those the seller shipped, as far as the order reports say."""
    amazon = merchant = pd.Series(dtype="str")
    if not books.is_absent("orders"):
        orders = books.table("orders", ["order_id", "fulfillment_channel"])
        order, channel = orders["order_id"].astype("str"), folded(orders["fulfillment_channel"])
        merchant, amazon = order[channel.isin(["merchant", "mfn", "seller"])], order[channel.isin(["amazon", "afn"])]
        amazon = amazon[~coded.among(amazon, merchant)]
    if not books.is_absent("shipment_sales"):
        amazon = pd.concat([amazon, books.table("shipment_sales", ["order_id"])["order_id"].astype("str")])
    return amazon, merchant[~coded.among(merchant, amazon)]


def _from_orders(books: Books, out: pd.DataFrame) -> pd.DataFrame:
    """Units and unit price from the orders report, for orders sold before the settlements at hand."""
    out["order_price"] = np.nan
    if not books.is_absent("orders"):
        orders = books.table("orders", [*LINE, "units", "item_price", "sales_channel"])
        orders = orders[(orders["units"] > 0).to_numpy()].astype({"order_id": "str", "msku": "str"})
        other = orders.loc[folded(orders["sales_channel"]).str.startswith("nonamazon").to_numpy(), "order_id"]
        whole = orders.groupby(LINE, as_index=False, sort=False).agg(
            order_units=("units", "sum"), order_amount=("item_price", "sum"))
        out = out.merge(whole, on=LINE, how="left", validate="one_to_one")
        out["order_price"] = (out["order_amount"] / out["order_units"]).where(out["order_amount"] > 0)
        out["units_sold"] = out["units_sold"].where(out["units_sold"] > 0, out["order_units"])
        out["is_other_channel"] = out["is_other_channel"] | coded.among(out["order_id"], other)
    if not books.is_absent("shipment_sales"):
        shipped = books.table("shipment_sales", [*LINE, "units", "unit_price"]).astype({"order_id": "str", "msku": "str"})
        shipped = shipped.groupby(LINE, as_index=False, sort=False).agg(
            sent=("units", "sum"), sent_price=("unit_price", "max"))
        out = out.merge(shipped, on=LINE, how="left", validate="one_to_one")
        out["order_price"] = out["order_price"].fillna(out["sent_price"].where(out["sent_price"] > 0))
        out["units_sold"] = out["units_sold"].where(out["units_sold"] > 0, out["sent"])
    out["units_sold"] = out["units_sold"].fillna(0).astype("int64")
    return out


def ordered(papers: Papers) -> pd.DataFrame:
    """One row per line of the order reports that has a price: msku, currency, unit_price, units_sold, sold_on. Orders that
    another channel took have none."""
    books, blank = papers.books, papers.books.seller.currency
    names = ["msku", "currency", "unit_price", "units_sold", "sold_on"]
    rows = books.table("orders", ["msku", "currency", "units", "item_price", "sales_channel", "purchased_on"])
    rows = rows[~folded(rows["sales_channel"]).str.startswith("nonamazon").to_numpy()]
    sold = rows.assign(unit_price=rows["item_price"] / rows["units"].where(rows["units"] > 0), units_sold=rows["units"],
                       sold_on=rows["purchased_on"])[names]
    sent = books.table("shipment_sales", ["msku", "currency", "units", "unit_price", "shipped_on"])
    sent = sent.assign(units_sold=sent["units"], sold_on=sent["shipped_on"])[names]
    rows = pd.concat([part.astype({"msku": "str", "currency": "str"}) for part in (sold, sent)], ignore_index=True)
    rows = rows.assign(currency=rows["currency"].replace("", blank), **{
        name: rows[name].astype("Float64").astype(float) for name in ("unit_price", "units_sold")})
    return rows[(rows["unit_price"] > 0) & (rows["units_sold"] > 0) & rows["sold_on"].notna()].reset_index(drop=True)


def sku_in(msku: pd.Series, currency: pd.Series) -> pd.Series:
    """SKU and currency as one text ("sku\\x1fUSD"): what is asked of one currency is asked of no other."""
    return msku.astype("str") + "\x1f" + currency.astype("str")


def preview(papers: Papers) -> pd.DataFrame:
    """The fee preview by SKU and currency (`sku_in`), its last row each: `price` (what the SKU sells for, else what
    the seller asks; NaN where neither is above 0) and `fees` (referral and fulfilment, per unit)."""
    table = papers.books["fee_preview"]
    sells, asks = (table[name].where(table[name] > 0) for name in ("sales_price", "your_price"))
    found = pd.DataFrame({"price": sells.fillna(asks), "fees": table["fulfillment_fee"] + table["referral_fee"]})
    found.index = sku_in(table["msku"], table["currency"])
    return found[~found.index.duplicated(keep="last")]


def returned(papers: Papers) -> pd.DataFrame:
    """One row per row of the returns report, with `day`, `key` (the label Amazon counts by) and units, 0 or more."""
    table = papers.books["returns"]
    texts = {name: table[name].astype("str") for name in ("order_id", "msku", "fnsku", "disposition", "return_status",
                                                          "file")}
    return table.assign(**texts, day=table["returned_on"], key=key(papers, table),
                        units=table["units"].abs()).reset_index(drop=True)


def witnesses(papers: Papers, owed: pd.DataFrame, *what: str) -> pd.DataFrame:
    """The settlement lines of each owed order line; none is the event's own row, which is their sum."""
    table = papers.once(money_lines)
    table = table[table["what"].isin(what)]
    at = owed[LINE].assign(claim=np.arange(len(owed)))
    joined = table.merge(at, on=LINE, how="inner", validate="many_to_one")
    return lines(joined["claim"].to_numpy(), joined, "", np.zeros(len(joined))).assign(role=joined["what"].to_numpy())


def country(column: pd.Series) -> pd.Series:
    """The site's country: "de" of Amazon.de, "uk" of amazon.co.uk and of GB, "us" of Amazon.com and of US; "" if none."""
    def made(words: pd.Series) -> pd.Series:
        word = folded(words, keep=".").str.replace(r"^(www\.)?amazon\.", "", regex=True)
        word = word.str.replace(r"^com?\.(?=..$)", "", regex=True)
        return word.replace({"com": "us", "gb": "uk"}).where(lambda code: code.str.len() == 2, "")

    return coded.each(column, made)


def folded(column: pd.Series, keep: str = "") -> pd.Series:
    """Codes without case, blanks, dashes and underscores.

    >>> folded(pd.Series(["Non-Amazon US", "non_amazon us"])).tolist()
    ['nonamazonus', 'nonamazonus']
    """
    return coded.each(column, lambda words: words.str.casefold().str.replace(rf"[^\w{keep}]|_", "", regex=True))
