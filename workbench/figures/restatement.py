"""The page of a closed month: what was published, what is known now, and the bridge between the two."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from workbench.display import Card, Column, Figures, Note, Page, Table
from workbench.words import Money, Text, form, known, say

FORMS = {"opening": "", "restated": "", "new": "", "closing": "", "change": "", "items_restated": "units",
         "items_new": "units", "opening_unvalued": "units", "closing_unvalued": "units", "event_date": "text"}
LABELS = {name: "restatement" for name in ("measure", "why")}


def restated_in_short(bridge: pd.DataFrame, month: str, as_of: str) -> Page:
    """Units lost, units and money open, then and now, and what they say. `bridge`: `restatement.bridge`."""
    open_units = _total(bridge, "units_open", "")
    currencies = sorted(set(bridge.loc[bridge["measure"].eq("amount_open"), "currency"]) - {""})
    rows = [("units_lost", _total(bridge, "units_lost", ""), ""), ("units_open", open_units, ""),
            *(("amount_open", _total(bridge, "amount_open", name), name) for name in currencies)]
    cards = tuple(Card(f"{name}{'_' + money if money else ''}", say(f"restatement.{name}"), _said(row["closing"], money),
                       _way(row, money), raw=_raw(row["closing"])) for name, row, money in rows)
    moved = int(bridge["items_restated"].sum() + bridge["items_new"].sum())
    told = say("restatement.changed" if moved else "restatement.same", month=month, as_of=dt.date.fromisoformat(as_of))
    return Page((Figures(cards), Note(told)))


def bridge_of_units(bridge: pd.DataFrame) -> Table:
    """The bridge of everything that is counted in units; what is unknown on either side comes last."""
    rows = _named(bridge[~bridge["measure"].str.startswith("amount")])
    return Table(rows, _columns("kind", "measure", "opening", "restated", "new", "closing", "items_restated", "items_new",
                                form="units"), say("restatement.units"), name="bridge-units", labels=LABELS)


def bridge_of_money(bridge: pd.DataFrame) -> Table:
    """The bridge of everything that is counted in money, with the items no sum holds because their value is not known."""
    rows = _named(bridge[bridge["measure"].str.startswith("amount")])
    return Table(rows, _columns("kind", "measure", "opening", "restated", "new", "closing", "opening_unvalued",
                                "closing_unvalued", form="money"), say("restatement.money"), name="bridge-money",
                 labels=LABELS)


def restated_items(changes: pd.DataFrame) -> Page:
    """What changed, item by item: units first, then money. `changes`: `restatement.changes`."""
    money = changes["measure"].str.startswith("amount")
    names = ("kind", "measure", "product", "event_date", "opening", "closing", "change", "why", "sources")
    tables = [Table(_named(rows), _columns(*names, form=kind), say(f"restatement.items_{kind}"), name=f"changes-{kind}",
                    labels=LABELS)
              for kind, rows in (("units", changes[~money]), ("money", changes[money])) if len(rows)]
    return Page(tuple(tables) or (Note(say("restatement.no_items")),))


# ---------------------------------------------------------------------------------------------------- inside

def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their kinds in words, what changed before what did not, and what is unknown last."""
    words = {kind: say(f"{'claim_type' if known(f'claim_type.{kind}') else 'restatement'}.{kind}")
             for kind in rows["kind"].unique()}
    if "restated" in rows:
        rank = rows["closing"].isna() * 2 + rows[["items_restated", "items_new"]].sum(axis=1).eq(0)
        rows = rows.loc[rank.sort_values(kind="stable").index]
    return rows.assign(kind=rows["kind"].map(words))


def _columns(*names: str, form: str) -> tuple[Column, ...]:
    return tuple(Column(name, say(f"restatement.{name}"), FORMS.get(name, "text") or form) for name in names)


def _total(bridge: pd.DataFrame, measure: str, currency: str) -> pd.Series:
    """One measure over all kinds; unknown where it is unknown of one of them."""
    rows = bridge[bridge["measure"].eq(measure) & bridge["currency"].isin([currency, ""])]
    return rows[["opening", "restated", "new", "closing"]].sum(skipna=False).round(3)


def _way(row: pd.Series, currency: str) -> Text:
    """How a figure came from what it was to what it is; in one word where a kind of claim is unknown."""
    if row.isna().all():
        return say("restatement.card_unknown")
    return say("restatement.card", **{name: _said(row[name], currency) for name in ("opening", "restated", "new")})


def _said(value: float, currency: str) -> Text:
    return form(Money(value, currency), "money") if currency else form(value, "units")


def _raw(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
