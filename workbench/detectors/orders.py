"""Customer orders: refunds whose goods never came back, goods that came back broken, fees charged too high."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.books import Books
from workbench.detectors.found import Found, Papers, found, lines, reimbursements, settle, uncovered
from workbench.matching import Stream, fifo

WHOLE = 0.98  # a refund of at least this share of the price is a refund of the unit; less is goodwill
AMAZON_DAMAGED = ("CARRIER_DAMAGED", "WAREHOUSE_DAMAGED", "DAMAGED")
CARD_SHARE, CARD_SKUS = 0.5, 3  # a fee that moves on one day for this share, and number, of the SKUs is a new fee card
LINE = ["order_id", "msku"]


def refund_not_returned(papers: Papers) -> Found:
    """FBA units refunded in full, less returned on any day, less reimbursed; one row per order and SKU.

    A refund counts as many units as it pays back whole prices: goodwill counts none, two halves count one. Returns and
    payments booked on another SKU of the same order count too. A payment taken back is judged as a reversal.
    """
    order_lines = papers.once(sales)
    owed = order_lines[order_lines["units_refunded"] > 0].reset_index(drop=True)
    owed = owed.assign(units=owed["units_refunded"], day=owed["refunded_on"])
    back = papers.once(returned)
    paid = papers.once(reimbursements)
    paid = paid[paid["kind"] == "order"].reset_index(drop=True)
    settled, sources = _of_the_order(owed, [back, paid])
    sources.append(lines(*_witnesses(papers, owed)))
    doubt = np.where(owed["unit_price"].isna(), "the price of the order is not in the files", "")
    for table in ("returns", "reimbursements"):
        doubt = np.where(doubt == "", uncovered(papers, table, owed["day"]), doubt)
    return found(owed, settled, sources, stage="after_order", ambiguous=doubt, unit_value=_net_price(owed))


def returned_damaged(papers: Papers) -> Found:
    """Units that customers sent back and Amazon or its carrier broke, less those reimbursed; one row per return row."""
    back = papers.once(returned)
    owed = back[back["disposition"].isin(AMAZON_DAMAGED)].reset_index(drop=True)
    paid = papers.once(reimbursements)
    paid = paid[paid["kind"] == "order"].reset_index(drop=True)
    settled, sources = _of_the_order(owed, [paid])
    prices = papers.once(sales).drop_duplicates(LINE)[[*LINE, "unit_price", "unit_fees"]]
    priced = owed[LINE].merge(prices, on=LINE, how="left", validate="many_to_one")
    return found(owed, settled, sources, stage="after_order", unit_value=_net_price(priced),
                 ambiguous=uncovered(papers, "reimbursements", owed["day"]))


def fee_overcharge(papers: Papers) -> Found:
    """Fulfilment fees charged per unit above the fee preview, one row per order and SKU, less fee corrections.

    The preview shows today's fee card. Where the fees of many SKUs moved on one day, that is a new card: what came
    before is measured against the same SKU's fee on the card of that time. Multi-channel orders have another card.
    """
    charges = papers.once(sales)
    charges = charges[(charges["fee_charged"] > 0) & ~charges["is_other_channel"] & (charges["units_sold"] > 0)]
    preview = papers.books["fee_preview"].dropna(subset=["fulfillment_fee"]).drop_duplicates("msku", keep="last")
    preview = pd.DataFrame({"msku": preview["msku"].astype("str"), "expected": preview["fulfillment_fee"],
                            "preview_file": preview["file"].astype("str"), "preview_line": preview["line"]})
    charges = charges.merge(preview, on="msku", how="inner", validate="many_to_one")
    charges = charges.assign(charged=(charges["fee_charged"] / charges["units_sold"]).round(2))
    charges["expected"] = charges["expected"] * _card(charges)
    excess = (charges["charged"] - charges["expected"]).round(2)
    tolerance = np.maximum(0.005, charges["expected"] * 0.005)
    over = charges[excess > tolerance].assign(excess=excess[excess > tolerance], day=charges["sold_on"])
    over = over.assign(units=over["units_sold"]).reset_index(drop=True)
    paid = papers.once(reimbursements)
    paid = paid[(paid["kind"] == "fee") & (paid["amount"] > 0)].reset_index(drop=True)
    settled, sources = _corrected(over, paid)
    sources += [pd.DataFrame({"claim": np.arange(len(over)), "file": over["preview_file"], "line": over["preview_line"]}),
                lines(*_witnesses(papers, over, "fee"))]
    return found(over, settled, sources, stage="charged", unit_value=over["excess"].to_numpy(float))


# ---------------------------------------------------------------------------------------------------- the order lines

def sales(books: Books) -> pd.DataFrame:
    """One row per FBA order and SKU with money in a settlement: units_sold, unit_price, unit_fees (referral and
    fulfilment, per unit), fee_charged, sold_on, units_refunded (whole prices paid back), refunded_on (the first)."""
    table = money_lines(books)
    part = {name: table[table["what"] == name] for name in ("price", "fee", "referral", "refund")}
    grouped = {name: rows.groupby(LINE, sort=False)["amount"].sum() for name, rows in part.items()}
    out = pd.DataFrame({"principal": grouped["price"], "fee_charged": -grouped["fee"],
                        "referral": -grouped["referral"], "refunded": -grouped["refund"]})
    out["sold_on"] = table[table["what"].isin(["price", "fee"])].groupby(LINE)["posted_on"].min()
    out["refunded_on"] = part["refund"].groupby(LINE)["posted_on"].min()
    out["units_sold"] = table[table["what"].isin(["price", "fee"])].groupby([*LINE, "what"])["units"].sum().groupby(
        LINE).max()
    out["is_other_channel"] = table.groupby(LINE)["is_other_channel"].any()
    out["currency"] = table.groupby(LINE)["currency"].first()
    out = out.reset_index()
    out = _from_orders(books, out)
    price = out["principal"] / out["units_sold"].where(out["units_sold"] > 0)
    out["unit_price"] = price.where(price > 0).fillna(out["order_price"])
    whole = out["refunded"] / out["unit_price"]
    out["units_refunded"] = np.floor(whole.fillna(0) + 1 - WHOLE).astype("int64")
    out["units_refunded"] = np.minimum(out["units_refunded"], out["units_sold"].where(out["units_sold"] > 0, 10**6))
    fees = out[["fee_charged", "referral"]].fillna(0).sum(axis=1) / out["units_sold"].where(out["units_sold"] > 0)
    out["unit_fees"] = fees.where(out["fee_charged"].notna() | out["referral"].notna())
    return out.merge(products(books), on="msku", how="left", validate="many_to_one").fillna({"fnsku": "", "asin": ""})


def money_lines(books: Books) -> pd.DataFrame:
    """The settlement amounts of FBA orders and refunds: what (price, fee, referral, refund), order_id, msku, amount,
    units, posted_on, file, line."""
    table = books.table("settlements", ["transaction_type", "order_id", "marketplace", "amount_type", "amount_description",
                                        "amount", "fulfillment_channel", "posted_on", "msku", "units", "currency"])
    kind, group, text = (_folded(table[name]) for name in ("transaction_type", "amount_type", "amount_description"))
    principal = text.eq("principal") & group.isin(["itemprice", ""])
    what = np.select([kind.eq("order") & principal, kind.eq("order") & text.eq("fbaperunitfulfillmentfee"),
                      kind.eq("order") & text.eq("commission"), kind.eq("refund") & principal],
                     ["price", "fee", "referral", "refund"], "")
    keep = (what != "") & table["order_id"].ne("").to_numpy() & ~table["fulfillment_channel"].isin(["MFN"]).to_numpy()
    rows = table[keep]
    out = pd.DataFrame({"what": what[keep], "order_id": rows["order_id"].astype("str"), "msku": rows["msku"].astype("str"),
                        "amount": rows["amount"], "units": rows["units"].astype("Float64").abs().fillna(0).astype(float),
                        "posted_on": rows["posted_on"], "currency": rows["currency"].astype("str"),
                        "is_other_channel": _folded(rows["marketplace"]).str.startswith("nonamazon"),
                        "file": rows["file"].astype("str"), "line": rows["line"]})
    merchant = books["orders"]
    merchant = set(merchant.loc[_folded(merchant["fulfillment_channel"]).isin(["merchant", "mfn"]), "order_id"]) \
        if not books.is_absent("orders") else set()
    return out[~out["order_id"].isin(merchant)].reset_index(drop=True) if merchant else out.reset_index(drop=True)


def products(books: Books) -> pd.DataFrame:
    """SKU -> FNSKU and ASIN, from whichever report names them; one row per SKU."""
    pieces = [books.table(name, ["msku", "fnsku", "asin"])[["msku", "fnsku", "asin"]].astype("str").drop_duplicates()
              for name in ("ledger_detail", "shipment_sales", "fee_preview", "inventory", "returns", "reimbursements")
              if not books.is_absent(name)]
    if not pieces:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("msku", "fnsku", "asin")})
    table = pd.concat(pieces, ignore_index=True)
    return table[table["fnsku"] != ""].drop_duplicates("msku", ignore_index=True)


def _from_orders(books: Books, out: pd.DataFrame) -> pd.DataFrame:
    """Units and unit price from the orders report, for orders sold before the settlements at hand."""
    out["order_price"] = np.nan
    if not books.is_absent("orders"):
        orders = books.table("orders", ["order_id", "msku", "units", "item_price", "sales_channel"])
        orders = orders[(orders["units"] > 0).to_numpy()]
        orders = orders.astype({"order_id": "str", "msku": "str"})
        other = orders.loc[_folded(orders["sales_channel"]).str.startswith("nonamazon").to_numpy(), "order_id"]
        whole = orders.groupby(LINE, as_index=False).agg(order_units=("units", "sum"), order_amount=("item_price", "sum"))
        out = out.merge(whole, on=LINE, how="left", validate="one_to_one")
        out["order_price"] = (out["order_amount"] / out["order_units"]).where(out["order_amount"] > 0)
        out["units_sold"] = out["units_sold"].where(out["units_sold"] > 0, out["order_units"])
        out["is_other_channel"] = out["is_other_channel"] | out["order_id"].isin(set(other))
    if not books.is_absent("shipment_sales"):
        shipped = books.table("shipment_sales", ["order_id", "msku", "units", "unit_price"]).astype(
            {"order_id": "str", "msku": "str"})
        shipped = shipped.groupby(LINE, as_index=False).agg(sent=("units", "sum"), sent_price=("unit_price", "max"))
        out = out.merge(shipped, on=LINE, how="left", validate="one_to_one")
        out["order_price"] = out["order_price"].fillna(out["sent_price"].where(out["sent_price"] > 0))
        out["units_sold"] = out["units_sold"].where(out["units_sold"] > 0, out["sent"])
    out["units_sold"] = out["units_sold"].fillna(0).astype("int64")
    return out


def _folded(column: pd.Series) -> pd.Series:
    """Codes without case, blanks, dashes and underscores."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = pd.Index(column.cat.categories.astype("str")).str.casefold().str.replace(r"[\W_]", "", regex=True)
        return pd.Series(names.to_numpy()[column.cat.codes.to_numpy()] if len(names) else "", index=column.index,
                         dtype="str")
    return column.astype("str").str.casefold().str.replace(r"[\W_]", "", regex=True)


# ---------------------------------------------------------------------------------------------------- inside

def returned(books: Books) -> pd.DataFrame:
    """The returned units, with `day`; one row per row of the report."""
    table = books["returns"]
    return table.assign(day=table["returned_on"], order_id=table["order_id"].astype("str"),
                        msku=table["msku"].astype("str"), disposition=table["disposition"].astype("str"),
                        units=table["units"].abs()).reset_index(drop=True)


def _of_the_order(owed: pd.DataFrame, supplies: list[pd.DataFrame]) -> tuple[np.ndarray, list[pd.DataFrame]]:
    """Units settled by what came for the same order and SKU, then for the same order; on any day."""
    wanted, settled, sources = owed["units"].to_numpy(np.int64), np.zeros(len(owed), np.int64), []
    whenever = pd.Timestamp("2200-01-01")
    for by in (LINE, ["order_id"]):
        for at, supply in enumerate(supplies):
            part = settle(owed, supply.assign(day=whenever), by, open_units=wanted - settled)
            settled = settled + part.units
            sources.append(lines(part.owed, supply.iloc[part.supply]))
            supplies[at] = supply.assign(units=part.left)
    return settled, sources


def _net_price(rows: pd.DataFrame) -> np.ndarray:
    """The sale price less the order's own fees; NaN where either is not in the files."""
    return (rows["unit_price"] - rows["unit_fees"]).round(2).to_numpy(float)


def _witnesses(papers: Papers, owed: pd.DataFrame, what: str = "refund") -> tuple[np.ndarray, pd.DataFrame]:
    """The settlement lines of each owed order line; none is the event's own row, which is their sum."""
    table = papers.once(money_lines)
    table = table[table["what"] == what]
    at = owed[LINE].assign(claim=np.arange(len(owed)))
    joined = table.merge(at, on=LINE, how="inner", validate="many_to_one")
    return joined["claim"].to_numpy(), joined


def _card(charges: pd.DataFrame) -> np.ndarray:
    """What the fee card of each charge's day was, relative to the newest: 1 where no card has changed since.

    A day on which the fees of CARD_SHARE of the SKUs sold on both sides move together begins a new card; each card's
    level is the median over SKUs of their usual fee then over their usual fee now.
    """
    usual = charges.groupby(["msku", pd.Grouper(key="sold_on", freq="W-MON")])["charged"].median().unstack()
    filled = usual.ffill(axis=1)
    moved = (filled.diff(axis=1).abs() > 0.004) & filled.shift(axis=1).notna()
    share = moved.sum() / filled.shift(axis=1).notna().sum().clip(lower=1)
    starts = share.index[(share >= CARD_SHARE) & (moved.sum() >= CARD_SKUS)]
    if not len(starts):
        return np.ones(len(charges))
    edges = np.array([_edge(charges, filled, week) for week in starts], "datetime64[s]")
    card = np.searchsorted(edges, charges["sold_on"].to_numpy("datetime64[s]"), "right")
    level = charges.assign(card=card).groupby(["msku", "card"])["charged"].median().unstack()
    relative = level.div(level[level.columns.max()], axis=0).median()
    return pd.Series(card).map(relative).fillna(1.0).to_numpy()


def _edge(charges: pd.DataFrame, usual: pd.DataFrame, week: pd.Timestamp) -> np.datetime64:
    """The first day of the new card: the day around the week that ends on `week` which best parts the old fees from the
    new ones."""
    days = pd.date_range(week - pd.Timedelta(days=14), week + pd.Timedelta(days=1))
    at = usual.columns.get_loc(week)
    old, new = usual.iloc[:, max(at - 2, 0)], usual.iloc[:, min(at + 1, usual.shape[1] - 1)]
    near = charges[charges["sold_on"].between(days[0], days[-1])]
    is_new = (near["charged"] - near["msku"].map(new)).abs() < (near["charged"] - near["msku"].map(old)).abs()
    is_old = (near["charged"] - near["msku"].map(old)).abs() < (near["charged"] - near["msku"].map(new)).abs()
    wrong = [int((is_new & (near["sold_on"] < day)).sum() + (is_old & (near["sold_on"] >= day)).sum()) for day in days]
    return days[int(np.argmin(wrong))].to_datetime64()


def _corrected(over: pd.DataFrame, paid: pd.DataFrame) -> tuple[np.ndarray, list[pd.DataFrame]]:
    """Units whose excess was paid back: corrections are money per SKU, oldest charge first."""
    if paid.empty or over.empty:
        return np.zeros(len(over), np.int64), []
    both = pd.concat([over["msku"], paid["msku"].astype("str")], ignore_index=True)
    code = pd.factorize(both)[0]
    owed = (over["excess"] * over["units"] * 100).round().astype("int64").to_numpy()
    day = np.r_[over["day"].to_numpy("datetime64[D]"), paid["day"].to_numpy("datetime64[D]")].astype(np.int64)
    matched = fifo(Stream(code[:len(over)], day[:len(over)], owed),
                   Stream(code[len(over):], day[len(over):], (paid["amount"] * 100).round().astype("int64").to_numpy()))
    settled = np.floor((owed - matched.open) / np.maximum(over["excess"].to_numpy() * 100, 1) + 0.01).astype(np.int64)
    return settled, [lines(matched.demand, paid.iloc[matched.supply])]
