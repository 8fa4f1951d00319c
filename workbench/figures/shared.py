"""What the pages share: columns by their registered names, and how claims and their amounts are told."""

from __future__ import annotations

import re

import pandas as pd

from workbench import currencies, specs, words
from workbench import policy as policies
from workbench.books import Books
from workbench.display import ROWS_SHOWN, Column, Note
from workbench.words import Money, Text, form, joined, reason, same, say

TYPE = {"claim_type": "claim_type"}  # the words' room of a table's claim types

FORMS = {"units": "units", "loss_rate": "percent", "amount": "money", "share": "share", "rows": "units", "count": "units",
         "exceptions": "units", "checked": "units", "line": "line", "files": "units", "concentration": "times",
         "sha256": "hash", "first_day": "covered", "last_day": "covered",
         # claims, cases, recovery
         "claims": "units", "cases": "units", "payments": "units", "approved": "units", "decided": "units", "days": "units",
         "pending": "units", "waiting": "units", "paid": "money", "taken_back": "money", "unit_value": "money",
         "p_above": "share", "rate": "share", "within": "share", "chance": "share", "forecast": "number",
         "forecast_low": "units", "forecast_high": "units", "brier": "number"}
DATES = ("event_date", "opens_on", "deadline", "filed_on", "decided_on", "file_on")


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by their registered names: what they are called and how their values are written."""
    return tuple(Column(name, say(f"column.{name}"), _form(name)) for name in names)


def titled(report: str) -> Text:
    """A report's name as Seller Central calls it."""
    return Text(*(specs.reports()[report].title[language] for language in ("en", "zh")))


def reasons(why: pd.Series) -> list[Text]:
    """Why rows were set aside, doubted or noted, in both languages; in English beyond the rows that a page shows."""
    said = why.tolist()
    return [*map(reason, said[:ROWS_SHOWN]), *map(same, said[ROWS_SHOWN:])]


def _form(name: str) -> str:
    if name in DATES:
        return "date"
    if name == "month":
        return "month"
    return FORMS.get(name) or FORMS.get(name.split("_")[0]) or (
        "percent" if name.startswith("loss_rate") else "text")


# ---------------------------------------------------------------------------------------------------- claims

def money(rows: pd.DataFrame, books: Books, column: str = "amount_open") -> Text:
    """The sum of each currency, side by side; unknown where no amount is known."""
    sums = rows.groupby("currency")[column].agg(total)
    sums = currencies.rounded(sums, sums.index.to_series())
    sums = sums[(sums != 0) | (len(sums) == 1)]
    if sums.empty:
        return form(Money(0.0, books.seller.currency), "money")
    return joined((form(Money(amount, currency), "money") for currency, amount in sums.items()), " + ")


def total(amounts: pd.Series) -> float:
    """The sum of what is known; unknown where something is owed and no amount is known."""
    return float("nan") if len(amounts) and amounts.isna().all() else float(amounts.sum())


def all_named(room: str, names: object) -> Text:
    """Names of a words' room, joined by ";", as a list in both languages; nothing for NaN."""
    found = [name for name in names.split(";") if name] if isinstance(names, str) else []
    return words.listed(words.named(room, name) for name in found)


def claim_type(name: str) -> Text:
    """What a kind of claim is called."""
    return words.named("claim_type", name)


def about(rows: pd.DataFrame) -> pd.Series:
    """What a claim is about beside its product: its order, else its shipment, else its reimbursement; "" for none."""
    order, shipment, paid = (rows[name].astype("str") for name in ("order_id", "shipment_id", "reimbursement_id"))
    first = order.where(order != "", shipment)
    return first.where(first != "", paid)


def rules_named(policy: str, *, short: bool = False) -> Text:
    """What a policy is called; `short` leaves out what stands in brackets."""
    called = policies.title(policy)
    return Text(**{language: re.split("[(（]", text)[0].strip() if short else text for language, text in called.items()})


def unknown_kinds(lacking: pd.DataFrame) -> list[Note]:
    """That some kinds of claims are unknown and in no figure of a section."""
    names = words.listed(claim_type(name) for name in lacking["claim_type"])
    return [Note(say("recovery.unknown_here", names=names), "warn")] if len(lacking) else []


def at_least(rows: pd.DataFrame, lacking: pd.DataFrame, books: Books) -> Text:
    """The open amounts, "at least" so much where a kind of claim or a value is unknown."""
    amount = money(rows, books)
    if len(rows) and rows["amount_open"].isna().all():
        return amount
    return say("recovery.at_least", amount=amount) if len(lacking) or rows["amount_open"].isna().any() else amount


def lacking_reports(lacking: pd.DataFrame) -> Text:
    """The kinds of claims that are unknown, each with the reports it lacks."""
    return joined((say("recovery.lacking", kind=claim_type(row.claim_type), tables=all_named("table", row.missing))
                   for row in lacking.itertuples()), "; ", ";")
