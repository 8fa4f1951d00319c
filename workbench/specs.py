"""What each report is: its columns in every spelling, read from `specs/*.toml`, and which report a header belongs to.

The facts live in the TOML files; nothing here, and nothing in the reader, knows a report by name.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from workbench import currencies

TYPES = ("id", "code", "text", "currency", "count", "money", "number", "date", "month", "instant", "flag")
OWN = ("file", "line", "snapshot_on")  # columns that every table, or every snapshot, has beside those of its report


@dataclass(frozen=True)
class Column:
    """One column of a tidy table, and how one report spells it."""

    name: str
    type: str
    headers: tuple[tuple[str, str], ...]  # (language, header as Amazon writes it)
    required: bool = False  # the header must be there
    filled: bool = False  # every cell must hold a value
    down: bool = False  # a blank cell takes the value above (settlements name their currency once)
    sole: bool = False  # a blank cell takes the file's one value (fees of a marketplace's report name no site)
    many: bool = False  # nearly every row has its own value: stored as text, not as codes
    day: str = ""  # for an instant: the column that holds its calendar day
    words: tuple[str, ...] = ()  # the known words of a code
    spellings: tuple[tuple[str, str], ...] = ()  # (as a language or an older report spells it, the known word)


@dataclass(frozen=True)
class Unfold:
    """One money column of a wide line that becomes a row of its own (settlement V1)."""

    amount: str
    description: str
    type: str


@dataclass(frozen=True)
class Spec:
    """One report shape. Several shapes may feed one table."""

    name: str
    table: str
    title: dict[str, str]
    menu: dict[str, str]
    grain: str
    columns: tuple[Column, ...]
    day: str = ""  # the column that dates a row
    owner: tuple[str, ...] | None = None  # the newest export owns the rows of each value of these; None: whole days
    snapshot: bool = False  # a state on the day of the export, not events
    dates: str = ""  # the order Amazon writes dates in, where a file does not decide it: MDY, DMY, YMD
    ignored: tuple[str, ...] = ()  # known headers that are not loaded
    private: tuple[str, ...] = ()  # buyers' personal data: dropped on load
    needs: tuple[tuple[str, ...], ...] = ()  # at least one of these groups of columns must be there
    unfold: tuple[Unfold, ...] = ()
    json: tuple[str, ...] = ()  # paths to the records in an API answer
    twins: tuple[str, ...] = ()  # endings of columns that repeat another for a part of the sales (B2B): not loaded
    seldom: bool = False  # rows come seldom, or Amazon no longer makes it: silence says nothing
    final: bool = False  # once a day has settled, its rows no longer change
    parts: tuple[str, ...] = ()  # the amounts that sum to `amount` in every row
    currencies: tuple[tuple[str, str], ...] = ()  # (word of the preamble or site, currency) where no column tells
    meanings: tuple[tuple[str, str, str, str], ...] = ()  # (column, code, language, what the code means in this report)

    @functools.cached_property
    def known(self) -> dict[str, Column]:
        """Folded header -> column."""
        return {fold(header): column for column in self.columns for _, header in column.headers}

    @functools.cached_property
    def languages(self) -> dict[str, tuple[str, ...]]:
        """Folded header -> the languages that spell its column so."""
        found: dict[str, list[str]] = {}
        for text, column in self.known.items():
            found[text] = [language for language, header in column.headers if fold(header) == text]
        return {text: tuple(dict.fromkeys(languages)) for text, languages in found.items()}

    @functools.cached_property
    def wide(self) -> frozenset[str]:
        """Folded headers of the amounts that become rows of their own, and of what describes them."""
        return frozenset(fold(name) for item in self.unfold for name in (item.amount, item.description) if name)

    @functools.cached_property
    def skipped(self) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
        """Folded headers that are known and not loaded; how such headers begin; how twins of known headers end."""
        names = [*self.ignored, *self.private]
        return (frozenset(fold(name) for name in names if not name.endswith("*")),
                tuple(fold(name) for name in names if name.endswith("*")), tuple(fold(name) for name in self.twins))


@dataclass(frozen=True)
class Match:
    """A header line that fits a report: which cell is which column."""

    spec: Spec
    columns: dict[int, Column]  # position -> column
    unfold: dict[int, tuple[int | None, Unfold]]  # position of the amount -> position of its description
    unknown: dict[int, str]  # positions nobody knows, or without a header: kept as text under a name, and reported
    repeated: tuple[str, ...]  # headers that stand there twice; the first counts
    language: str

    @property
    def size(self) -> int:
        """How much of the header the report knows, less what it does not."""
        return len(self.columns) + len(self.unfold) - len(self.unknown)


class UnknownReport(ValueError):
    """No known report has this header, or several have."""


@functools.lru_cache(1 << 16)
def fold(header: str) -> str:
    """A header without case, blanks, punctuation, accents' composition or British spelling.

    >>> fold("Fulfilment centre") == fold("FulfillmentCenter") == fold("fulfillment_center")
    True
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    letters = "".join(c for c in text if c.isalnum())
    return letters.replace("fulfilment", "fulfillment").replace("centre", "center")


@functools.cache
def registry() -> dict[str, dict]:
    """Column name -> its entry in specs/columns.toml."""
    entries = tomllib.loads((files("workbench") / "specs" / "columns.toml").read_text("utf-8"))
    for name, entry in entries.items():
        if entry["type"] not in TYPES:
            raise ValueError(f"specs/columns.toml: {name} has the type {entry['type']!r}, expected one of {TYPES}")
    return entries


@functools.cache
def moments() -> dict[str, str]:
    """Column of days -> the column of the moments behind them.

    >>> moments()["posted_on"]
    'posted_at'
    """
    return {entry["day"]: name for name, entry in registry().items() if "day" in entry}


@functools.cache
def reports() -> dict[str, Spec]:
    """Spec name -> spec, in the order of their names.

    >>> reports()["returns"].table
    'returns'
    """
    folder = files("workbench") / "specs"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name[:-5]: _spec(name[:-5], tomllib.loads((folder / name).read_text("utf-8")))
            for name in names if name != "columns.toml"}


@functools.cache
def version() -> str:
    """A digest of every spec: cached tables made with other specs are not used."""
    folder = files("workbench") / "specs"
    texts = sorted((entry.name, entry.read_bytes()) for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return hashlib.sha256(repr(texts).encode()).hexdigest()[:16]


@functools.cache
def tables() -> dict[str, tuple[Column, ...]]:
    """Table name -> all columns that any report gives it, each once."""
    found: dict[str, dict[str, Column]] = {}
    for spec in reports().values():
        columns = found.setdefault(spec.table, {})
        for column in spec.columns:
            columns.setdefault(column.name, column)
        for name in ("amount_type", "amount_description", "amount") if spec.unfold else ():
            columns.setdefault(name, _column(name, {}))
    return {name: tuple(columns.values()) for name, columns in found.items()}


def match(header: Sequence[str]) -> Match:
    """The one report whose required headers are all in `header`.

    Raises UnknownReport, naming the nearest report and what it misses, when none fits, when two fit equally well, or when
    a report that lacks one header knows more of the others than the one that fits: a renamed header makes no other report.

    >>> match(["sku", "unit_cost"]).spec.name
    'costs'
    """
    return _match(tuple(header))


@functools.lru_cache(1 << 10)
def _match(header: tuple[str, ...]) -> Match:
    folded = [fold(currencies.headed(cell)[0]) for cell in header]
    present = _present(folded)
    fits = [found for name in sorted(present) if _required(name) <= present[name]
            and (found := _fit(reports()[name], header, folded))]
    if not fits:
        raise UnknownReport(_nearest(header, present))
    best = max(found.size for found in fits)
    winners = [found for found in fits if found.size == best]
    if len(winners) > 1:
        names = " and ".join(found.spec.name for found in winners)
        raise UnknownReport(f"header {_shown(header)} fits {names} equally well. Rename a column so that one fits.")
    winner = winners[0]
    rivals = [name for name, columns in present.items() if len(columns) > len(winner.columns) + len(winner.unfold)
              and len(_required(name) - columns) == 1 and _required(name) & columns]
    if winner.unknown and rivals:
        raise UnknownReport(_nearest(header, {name: present[name] for name in rivals}))
    return winner


@functools.cache
def _index() -> dict[str, tuple[tuple[str, str], ...]]:
    """Folded header -> the (report, column) pairs that spell it so."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, spec in reports().items():
        for text, column in spec.known.items():
            found.setdefault(text, []).append((name, column.name))
    return {text: tuple(pairs) for text, pairs in found.items()}


@functools.cache
def _required(name: str) -> frozenset[str]:
    """The columns without which a header is not this report's."""
    return frozenset(column.name for column in reports()[name].columns if column.required)


def _present(folded: Sequence[str]) -> dict[str, set[str]]:
    """Report -> those of its columns that the header has; no entry for a report of which it has none."""
    found: dict[str, set[str]] = {}
    for text in folded:
        for name, column in _index().get(text, ()):
            found.setdefault(name, set()).add(column)
    return found


def money_column(name: str) -> Column:
    """A column of amounts that has no name in the registry: one of the wide amounts of a settlement line."""
    return Column(name, "money", (("en", name),))


def _fit(spec: Spec, header: Sequence[str], folded: list[str]) -> Match | None:
    known = spec.known
    columns: dict[int, Column] = {}
    unknown: dict[int, str] = {}
    repeated = []
    for position, name in enumerate(folded):
        column = known.get(name)
        if column and any(column is taken for taken in columns.values()):
            repeated.append(header[position])
        elif column:
            columns[position] = column
        elif not name:
            unknown[position] = f"column {position + 1}"
        elif name not in spec.wide and not _is_skipped(spec, name):
            unknown[position] = header[position]
    present = {column.name for column in columns.values()}
    if any(column.required and column.name not in present for column in spec.columns):
        return None
    if spec.needs and not any(all(name in present for name in group) for group in spec.needs):
        return None
    unfold = {folded.index(fold(item.amount)): (_position(folded, item.description), item)
              for item in spec.unfold if fold(item.amount) in folded}
    if spec.unfold and not unfold:
        return None
    language = _language(spec, columns, folded)
    return Match(spec, columns, unfold, _apart(unknown), tuple(repeated), language)


def _apart(unknown: dict[int, str]) -> dict[int, str]:
    """Unknown headers, none like another or like a tidy column: an export's own "units" must not stand for ours."""
    taken = {*registry(), *OWN}
    named = {}
    for position, header in unknown.items():
        while header in taken:
            header += " (as exported)"
        taken.add(header)
        named[position] = header
    return named


def _is_skipped(spec: Spec, folded: str) -> bool:
    """Whether a folded header is known and not loaded."""
    names, starts, ends = spec.skipped
    if folded in names or folded.startswith(starts):
        return True
    stems = [folded.removesuffix(end) for end in ends if folded.endswith(end)]
    return any(stem in spec.known or stem in names for stem in stems)


def meaning(report: str, column: str, code: str, language: str = "en") -> str:
    """What a code means in the report it stands in, "" where nobody says: the same letter means other things elsewhere.

    >>> meaning("ledger_detail", "reason", "5"), meaning("inventory_adjustments", "reason", "5")
    ('Inventory misplaced', 'Unrecoverable inventory')
    """
    return next((text for *known, text in reports()[report].meanings if known == [column, code, language]), "")


def _position(folded: list[str], name: str) -> int | None:
    return folded.index(fold(name)) if name and fold(name) in folded else None


def _language(spec: Spec, columns: dict[int, Column], folded: list[str]) -> str:
    """The language that spells most of the headers; English where it is a tie."""
    votes: dict[str, int] = {"en": 0}
    for position in columns:
        for language in spec.languages[folded[position]]:
            votes[language] = votes.get(language, 0) + 1
    return max(votes, key=lambda language: votes[language])


def _nearest(header: Sequence[str], present: dict[str, set[str]]) -> str:
    """Which of the reports in `present` the header comes nearest to, and what it lacks for that."""
    def score(name: str) -> tuple[float, int]:
        return len(_required(name) & present[name]) / max(len(_required(name)), 1), len(present[name])

    text = f"header {_shown(header)} fits no known report."
    if sum("??" in cell for cell in header) > 1:
        return text + " Its letters were lost when it was saved (??). Download it again, or save it as CSV UTF-8."
    nearest = max(sorted(present), key=score, default="")
    if not nearest or score(nearest)[0] < 0.5:
        return text + " Is it an Amazon report, with its header line?"
    lost = ", ".join(repr(column.headers[0][1]) for column in reports()[nearest].columns
                     if column.name in _required(nearest) - present[nearest]) or "a group of columns it needs"
    return (f"{text} Nearest is {nearest}: missing {lost}. "
            f"If Amazon renamed it, add the new spelling to specs/{nearest}.toml.")


def _shown(header: Sequence[str]) -> str:
    cells = [cell[:40] for cell in header[:8]]
    return f"{cells}" if len(header) <= 8 else f"{cells[:8]} and {len(header) - 8} more"


def _spec(name: str, facts: dict) -> Spec:
    return Spec(
        name=name, table=facts["table"], title=facts["title"], menu=facts["menu"], grain=facts["grain"],
        columns=tuple(_column(column, entry, facts.get("words", {}).get(column, {}))
                      for column, entry in facts["columns"].items()),
        day=facts.get("day", ""), owner=tuple(facts["owner"]) if "owner" in facts else None,
        snapshot=facts.get("snapshot", False), dates=facts.get("dates", ""),
        ignored=tuple(facts.get("ignored", ())), private=tuple(facts.get("private", ())),
        needs=tuple(tuple(group) for group in facts.get("needs", {}).get("any", ())),
        unfold=tuple(Unfold(item["amount"], item.get("description", ""), item["type"])
                     for item in facts.get("unfold", ())),
        json=tuple(facts.get("json", ())), twins=tuple(facts.get("twins", ())), seldom=facts.get("seldom", False),
        final=facts.get("final", False),
        parts=tuple(facts.get("parts", ())), currencies=tuple(facts.get("currencies", {}).items()),
        meanings=tuple((column, code, language, text) for column, codes in facts.get("meanings", {}).items()
                       for code, texts in codes.items() for language, text in texts.items()),
    )


def _column(name: str, entry: dict, words: dict[str, list[str]] | None = None) -> Column:
    """One column of a report. `words`: known word of a code -> how languages and older reports spell it."""
    fact = registry()[name]
    words = words or {}
    languages = {key: value for key, value in entry.items() if key not in ("required", "filled", "down", "sole", "words")}
    headers = tuple((language, header) for language, value in languages.items()
                    for header in ([value] if isinstance(value, str) else value))
    return Column(name, fact["type"], headers, entry.get("required", False), entry.get("filled", False),
                  entry.get("down", False), entry.get("sole", False), fact.get("many", False), fact.get("day", ""),
                  tuple(entry.get("words", fact.get("words", ()))) or tuple(words),
                  tuple((spelling, word) for word, spellings in words.items() for spelling in spellings))
