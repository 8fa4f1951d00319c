"""One claim told line by line: what happened, what settled it, what it is worth and by which rule, in both languages.

The words are ours, in each language; the lines of the files stand as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from workbench import policy, specs, words
from workbench.books import Books
from workbench.claims import witnesses
from workbench.words import Money, Text, joined, listed, named, reason, same, say

SETTLING = ("found", "paid", "returned", "regraded", "asked", "sibling", "back", "restocked")  # roles of lines
IDS = ("fnsku", "msku", "order_id", "shipment_id", "reimbursement_id", "fulfillment_center")
LONGEST = 400  # characters of a file's line that are shown: an API answer may be one line of megabytes


def told(table: pd.DataFrame, books: Books, claim_id: str) -> Text:
    """The claim's events and payments with their files and raw lines, the arithmetic, the rule: as many lines in Chinese as
    in English, from the same numbers. `table`: of `claims.claims`. Raises ValueError when there is no such claim.
    """
    found = table[table["claim_id"] == claim_id]
    if found.empty:
        raise ValueError(f"claims: there is no claim {claim_id!r} on that day under that policy. --out lists them all.")
    claim = found.iloc[0]
    lines = witnesses(found)
    lines = lines.assign(place=lines["file"].astype("str") + ":" + lines["line"].astype("str"))
    worth = claim["value_sources"].split(";") if claim["value_sources"] else []
    texts = _texts(books, [*lines["place"], *worth])
    settles = lines["role"].isin(SETTLING)
    parts = [_head(claim), _events("happened", texts, lines[~settles]), _events("settled", texts, lines[settles]),
             _worth(texts, worth), _arithmetic(claim, lines[settles]), _rule(claim)]
    return joined((line for part in parts for line in part), "\n")


def _head(claim: pd.Series) -> Iterator[Text]:
    """Which claim it is, and what can be done about it."""
    yield say("narrative.head", kind=named("claim_type", claim["claim_type"]), day=claim["event_date"],
              claim=claim["claim_id"])
    yield say("narrative.about", ids=listed([say("narrative.id", name=say(f"column.{name}"), value=claim[name])
                                             for name in IDS if claim[name]]))
    standing = "done" if claim["status"] == "settled" else claim["status"]
    yield say(f"narrative.{standing}", open=int(claim["units_open"]), opens=claim["opens_on"],
              deadline=claim["deadline"], left=claim["days_left"], why=reason(claim["ambiguous"]))


def _events(title: str, texts: dict[str, str], lines: pd.DataFrame) -> Iterator[Text]:
    """The lines that say so, each with its file, what it is and for how many units."""
    yield from _titled(f"narrative.{title}") if len(lines) else ()
    for line in lines.itertuples():
        role = say("narrative.line_units" if line.units else "narrative.line", role=named("role", line.role),
                   units=line.units)
        yield from _shown(line.place, role, texts)


def _worth(texts: dict[str, str], places: list[str]) -> Iterator[Text]:
    """The lines that say what a unit is worth."""
    yield from _titled("narrative.worth") if places else ()
    for place in places:
        yield from _shown(place, same(""), texts)


def _arithmetic(claim: pd.Series, settling: pd.DataFrame) -> Iterator[Text]:
    """What was owed less what settled it, and what the rest is worth."""
    yield from _titled("narrative.arithmetic")
    parts = settling[settling["units"] > 0].groupby("role", sort=False)["units"].sum()
    less = [say("narrative.less", units=units, role=named("role", role)) for role, units in parts.items()]
    if claim["units_settled"] and claim["units_settled"] != settling["units"].sum():
        less = [say("narrative.less", units=int(claim["units_settled"]), role=say("role.settled"))]
    open_units, basis = int(claim["units_open"]), str(claim["valuation_basis"])
    yield say("narrative.sum", owed=int(claim["units_owed"]), open=open_units, less=joined(less, ""))
    each, amount = (Money(claim[name], claim["currency"]) for name in ("unit_value", "amount_open"))
    if words.is_unknown(each):
        yield say("narrative.unvalued", open=open_units, why=reason(basis))
    else:
        yield say("narrative.amount", open=open_units, each=each, amount=amount, basis=named("basis", basis))


def _rule(claim: pd.Series) -> Iterator[Text]:
    """The policy's rule with its source, the papers asked for, and what is worth knowing."""
    yield from _titled("narrative.rule")
    yield say("narrative.policy", policy=Text(**policy.title(claim["policy"])), rule=reason(claim["rule"]))
    if claim["evidence"]:
        yield say("narrative.papers", papers=listed([named("paper", name) for name in claim["evidence"].split(";")]))
    if claim["note"]:
        yield say("narrative.note", note=reason(claim["note"]))


# ---------------------------------------------------------------------------------------------------- lines

def _titled(key: str) -> list[Text]:
    return [same(""), say(key)]


def _shown(place: str, what: Text, texts: dict[str, str]) -> list[Text]:
    """A line of a file: where it stands and what it is, then its text."""
    return [Text(f"  {place}{what.en}", f"  {place}{what.zh}"), same(f"    {texts[place]}")]


def _texts(books: Books, places: list[str]) -> dict[str, str]:
    """What stands in each place (of a workbook: its cells), on one line and not without end."""
    texts = (text.strip() or _row(books, place) for place, text in zip(places, books.lines(places), strict=True))
    whole = [" ".join(text.replace("\t", "  ").splitlines()) for text in texts]
    return {place: text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
            for place, text in zip(places, whole, strict=True)}


def _row(books: Books, place: str) -> str:
    """What stands in one line of a workbook: its filled columns, without the long ones."""
    file, _, line = place.rpartition(":")
    reports = books.files.loc[books.files["file"] == file, "report"]
    if reports.empty:
        return ""
    table = books[specs.reports()[reports.iloc[0]].table]
    rows = table[(table["file"] == file).to_numpy() & (table["line"] == int(line)).to_numpy()]
    if rows.empty:
        return ""
    cells = rows.iloc[0].drop(["file", "line", "title"], errors="ignore")
    return "  ".join(f"{name}={value.date() if isinstance(value, pd.Timestamp) else value}"
                     for name, value in cells.items() if not pd.isna(value) and value != "" and not name.endswith("_at"))
