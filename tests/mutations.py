"""What becomes of a damaged file: every report, every kind of damage, one table of outcomes.

    python -m tests.mutations            # prints the table; exit code 1 when anything was read wrong in silence

Each report's file is made from its spec, damaged in one place, and read. The outcome is one of

    right        every row as in the whole file
    set aside    the rows that are loaded are right, the others stand in the problems with their reason
    doubted      read otherwise than before, and the file or line is named as doubtful
    refused      the file as a whole, with a reason
    SILENT       other rows than in the whole file, and nothing said: must never happen

Some damage leaves a perfectly good file: a line dropped or doubled, a cell changed for another good value. No reader can
see it in that one file; BY_NATURE names those, and the check that sees it from elsewhere.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench import reports, specs

OUTCOMES = ("right", "set aside", "doubted", "refused", "SILENT", "by nature")
BY_NATURE = {
    "line dropped": "days; ledger identity and chain; detail against summary; settlement totals; an overlapping export",
    "line doubled": "the same, and genuine identical rows are kept on purpose",
    "cut between two lines": "the same, and up_to_date (the report ends before the month does)",
    "two good values swapped": "ledger identity; detail against summary; settlement totals",
    "one digit changed": "ledger identity; detail against summary; settlement totals; damage pairs",
}


@dataclass(frozen=True)
class Held(reports.Part):
    """An export that exists in memory only."""

    content: bytes = b""

    def pieces(self):
        return iter([self.content] if self.content else [])


@dataclass(frozen=True)
class Sample:
    """A small whole file of one report in one shape."""

    spec: str
    shape: str  # tab, quoted tab, csv, quoted csv
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        return f"{self.spec}, {self.shape}"

    @property
    def separator(self) -> str:
        return "\t" if "tab" in self.shape else ","

    def line(self, cells: tuple[str, ...]) -> str:
        if "quoted" in self.shape:
            return self.separator.join('"' + cell.replace('"', '""') + '"' for cell in cells)
        return self.separator.join(cells)

    def text(self, rows: tuple[tuple[str, ...], ...] | None = None, end: str = "\r\n") -> str:
        return "".join(self.line(cells) + end for cells in (self.header, *(self.rows if rows is None else rows)))


# ---------------------------------------------------------------------------------------------------- whole files

VALUES = {
    "count": ("1", "-12", "30", "4", "57", "6"),
    "money": ("12.34", "-5.10", "230.00", "0.99", "7.25", "64.80"),
    "number": ("1.5", "2.25", "30.75", "4.5", "9.8", "6.1"),
    "instant": tuple(f"2026-05-{day}T08:15:{day}+00:00" for day in (13, 14, 17, 21, 22, 28)),
    "date": tuple(f"2026-05-{day}" for day in (13, 14, 17, 21, 22, 28)),
    "currency": ("USD",) * 6,
    "flag": ("Yes", "No", "Yes", "Yes", "No", "No"),
    "text": ("Crème brûlée torch", "Garden hose 20 m", "Mug", "Lamp (LED)", "Towel 50x70", "Größe XL Señor"),
}


def cells(column: specs.Column, spec: specs.Spec) -> tuple[str, ...]:
    """Six good values of a column, all different where the column allows it."""
    if column.type == "date" and spec.dates == "MDY":
        return tuple(f"05/{day}/2026" for day in (13, 14, 17, 21, 22, 28))
    if column.type == "code":
        words = column.words or ("Alpha", "Beta", "Gamma")
        return tuple(words[at % len(words)] for at in range(6))
    if column.name in ("fnsku", "asin"):
        return tuple(f"{'X' if column.name == 'fnsku' else 'B'}00{at}7Q{at}9KZ" for at in range(6))
    if column.type == "id":
        stem = "".join(c for c in column.name.upper() if c.isalpha())[:4]
        return tuple(f"{stem}0{at}7Q{at}" for at in range(6))
    return VALUES[column.type]


def samples(names: tuple[str, ...] = ()) -> Iterator[Sample]:
    """A file of every report in every shape a seller may bring: tab or comma, quoted or not."""
    for name, spec in specs.reports().items():
        if names and name not in names:
            continue
        columns: dict[str, tuple[str, ...]] = {}
        for column in spec.columns:
            if column.headers:
                columns.setdefault(column.headers[0][1], cells(column, spec))
        for item in spec.unfold:
            if item.description:
                columns.setdefault(item.description, ("Principal", "Tax", "Fee", "Other", "Fee", "Tax"))
            columns.setdefault(item.amount, VALUES["money"])
        rows = tuple(zip(*columns.values(), strict=True))
        for shape in ("tab", "quoted tab", "csv", "quoted csv"):
            if "tab" in shape or "quoted" in shape or not any("," in text for text in (*columns, *sum(rows, ()))):
                yield Sample(name, shape, tuple(columns), rows)


# ---------------------------------------------------------------------------------------------------- damage

# The damaged bytes (with the rows they hold, where those are others than the sample's), or None: does not apply.
Damage = Callable[[Sample, random.Random], "bytes | tuple[bytes, Sample] | None"]
TEXT_MATTERS = {"saved as cp1252", "saved as UTF-16 (Excel's Unicode text)", "saved as cp932", "UTF-8 with one cp1252 cell",
                "byte order mark"}
DAMAGE: dict[str, Damage] = {}


def damage(name: str) -> Callable[[Damage], Damage]:
    def known(function: Damage) -> Damage:
        DAMAGE[name] = function
        return function
    return known


def _body(sample: Sample, dice: random.Random) -> tuple[str, int]:
    """The text, and a place below the header line."""
    text = sample.text()
    return text, dice.randrange(len(sample.line(sample.header)) + 2, len(text))


def _places(text: str, what: str, start: int) -> list[int]:
    return [at for at in range(start, len(text)) if text[at] == what]


def _with(text: str, at: int, more: str, drop: int = 0) -> bytes:
    return (text[:at] + more + text[at + drop:]).encode()


@damage("quote added")
def _quote_added(sample, dice):
    text, at = _body(sample, dice)
    return _with(text, at, '"')


@damage("two quotes added")
def _quotes_added(sample, dice):
    text, at = _body(sample, dice)
    text = text[:at] + '"' + text[at:]
    _, at = _body(sample, dice)
    return _with(text, at, '"')


@damage("quote lost")
def _quote_lost(sample, dice):
    text, at = _body(sample, dice)
    places = _places(text, '"', len(sample.line(sample.header)) + 2)
    return _with(text, dice.choice(places), "", 1) if places else None


@damage("two quotes lost")
def _quotes_lost(sample, dice):
    text = sample.text()
    places = _places(text, '"', len(sample.line(sample.header)) + 2)
    if not places:
        return None
    one, two = sorted(dice.sample(places, 2))
    return _with(text[:one] + text[one + 1:], two - 1, "", 1)


@damage("quote moved")
def _quote_moved(sample, dice):
    text, at = _body(sample, dice)
    places = _places(text, '"', len(sample.line(sample.header)) + 2)
    if not places:
        return None
    lost = dice.choice(places)
    text = text[:lost] + text[lost + 1:]
    return _with(text, min(at, len(text)), '"')


@damage("separator added")
def _separator_added(sample, dice):
    text, at = _body(sample, dice)
    return _with(text, at, sample.separator)


@damage("separator lost")
def _separator_lost(sample, dice):
    text, _ = _body(sample, dice)
    return _with(text, dice.choice(_places(text, sample.separator, len(sample.line(sample.header)) + 2)), "", 1)


@damage("separator doubled in one line and lost in the next")
def _separator_twice(sample, dice):
    at = dice.randrange(len(sample.rows) - 1)
    lines = sample.text().split("\r\n")
    one, two = lines[at + 1], lines[at + 2]
    place, other = dice.choice(_places(one, sample.separator, 0)), dice.choice(_places(two, sample.separator, 0))
    lines[at + 1] = one[:place] + sample.separator + one[place:]
    lines[at + 2] = two[:other] + two[other + 1:]
    return "\r\n".join(lines).encode()


@damage("wrong separator")
def _wrong_separator(sample, dice):
    text, _ = _body(sample, dice)
    at = dice.choice(_places(text, sample.separator, len(sample.line(sample.header)) + 2))
    return _with(text, at, dice.choice(" ;|" + ("," if sample.separator == "\t" else "\t")), 1)


@damage("cut inside a line")
def _cut(sample, dice):
    text = sample.text().encode()
    while text[(at := dice.randrange(1, len(text))) - 1:at] in b"\r\n":
        pass
    return text[:at]


@damage("cut between two lines")
def _cut_between(sample, dice):
    return sample.text(sample.rows[:dice.randrange(len(sample.rows))]).encode()


@damage("cut at the start")
def _cut_start(sample, dice):
    text = sample.text().encode()
    return text[dice.randrange(1, len(text)):]


@damage("a hole in the middle")
def _hole(sample, dice):
    text, at = _body(sample, dice)
    hole = text[at:at + dice.randrange(2, 400)]
    if hole.count(sample.separator) % (len(sample.header) - 1) == 0:  # what is left is one line of good cells
        return None
    return _with(text, at, "", len(hole))


@damage("line dropped")
def _line_dropped(sample, dice):
    at = dice.randrange(len(sample.rows))
    return sample.text(sample.rows[:at] + sample.rows[at + 1:]).encode()


@damage("line doubled")
def _line_doubled(sample, dice):
    at = dice.randrange(len(sample.rows))
    return sample.text(sample.rows[:at] + sample.rows[at:at + 1] + sample.rows[at:]).encode()


@damage("line end lost")
def _line_end_lost(sample, dice):
    text = sample.text()
    at = dice.choice(_places(text, "\r", 0)[:-1])
    return _with(text, at, "", 2)


@damage("line end added")
def _line_end_added(sample, dice):
    text, at = _body(sample, dice)
    return _with(text, at, dice.choice(["\n", "\r\n", "\r"]))


@damage("header line again in the middle")
def _header_again(sample, dice):
    at = dice.randrange(1, len(sample.rows) + 1)
    return sample.text((*sample.rows[:at], sample.header, *sample.rows[at:])).encode()


@damage("columns in another order")
def _columns_moved(sample, dice):
    order = dice.sample(range(len(sample.header)), len(sample.header))
    moved = Sample(sample.spec, sample.shape, tuple(sample.header[at] for at in order),
                   tuple(tuple(row[at] for at in order) for row in sample.rows))
    return moved.text().encode()


@damage("two headers swapped")
def _headers_swapped(sample, dice):
    """Only of columns that hold different kinds of values: nothing tells two columns of counts apart."""
    kinds = {header: column.type for column in specs.reports()[sample.spec].columns for _, header in column.headers}
    pairs = [(a, b) for a in range(len(sample.header)) for b in range(a)
             if {kinds.get(sample.header[a], "text"), kinds.get(sample.header[b], "text")} in
             ({"count", "id"}, {"money", "date"}, {"instant", "id"}, {"count", "date"}, {"money", "code"})]
    if not pairs:
        return None
    a, b = dice.choice(pairs)
    header = list(sample.header)
    header[a], header[b] = header[b], header[a]
    return Sample(sample.spec, sample.shape, tuple(header), sample.rows).text().encode()


@damage("header renamed")
def _header_renamed(sample, dice):
    at = dice.randrange(len(sample.header))
    header = (*sample.header[:at], sample.header[at] + " (neu)", *sample.header[at + 1:])
    return Sample(sample.spec, sample.shape, header, sample.rows).text().encode()


@damage("header in another language")
def _header_localised(sample, dice):
    header = list(sample.header)
    for column in specs.reports()[sample.spec].columns:
        others = [text for language, text in column.headers if language != "en"]
        if others and column.headers[0][1] in header:
            header[header.index(column.headers[0][1])] = dice.choice(others)
    return Sample(sample.spec, sample.shape, tuple(header), sample.rows).text().encode()


@damage("a header twice")
def _header_twice(sample, dice):
    a, b = dice.sample(range(len(sample.header)), 2)
    header = (*sample.header[:a], sample.header[b], *sample.header[a + 1:])
    return Sample(sample.spec, sample.shape, header, sample.rows).text().encode()


@damage("two good values swapped")
def _values_swapped(sample, dice):
    rows = list(sample.rows)
    a, b = dice.sample(range(len(rows)), 2)
    at = dice.randrange(len(sample.header))
    one, two = list(rows[a]), list(rows[b])
    one[at], two[at] = two[at], one[at]
    rows[a], rows[b] = tuple(one), tuple(two)
    return sample.text(tuple(rows)).encode()


@damage("one digit changed")
def _digit(sample, dice):
    text, _ = _body(sample, dice)
    places = [at for at in range(len(sample.line(sample.header)) + 2, len(text)) if text[at].isdigit()]
    return _with(text, dice.choice(places), dice.choice("0123456789"), 1)


@damage("saved as cp1252")
def _cp1252(sample, dice):
    try:
        return sample.text().encode("cp1252")
    except UnicodeEncodeError:
        return None


@damage("saved as UTF-16 (Excel's Unicode text)")
def _utf16(sample, dice):
    return sample.text().encode("utf-16")


@damage("UTF-16, cut")
def _utf16_cut(sample, dice):
    data = sample.text().encode("utf-16")
    return data[:dice.randrange(3, len(data))]


@damage("saved as cp932")
def _cp932(sample, dice):
    words = {"Größe XL Señor": "保温ボトル　おおきめ", "Crème brûlée torch": "コーヒーマグ"}
    rows = tuple(tuple(words.get(cell, cell) for cell in row) for row in sample.rows)
    if rows == sample.rows:
        return None
    japanese = Sample(sample.spec, sample.shape, sample.header, rows)
    try:
        return japanese.text().encode("cp932"), japanese
    except UnicodeEncodeError:
        return None


@damage("one byte that is no UTF-8")
def _bad_byte(sample, dice):
    text, at = _body(sample, dice)
    data = text.encode()
    return data[:at] + dice.choice([b"\xff", b"\xe9", b"\x81", b"\xa0"]) + data[at:]


@damage("UTF-8 with one cp1252 cell")
def _mixed(sample, dice):
    data = sample.text().encode()
    return data.replace("Größe".encode(), "Größe".encode("cp1252"), 1) if "Größe".encode() in data else None


@damage("line ends \\n, or mixed")
def _ends(sample, dice):
    text = sample.text(end="\n")
    return (text if dice.random() < 0.5 else text.replace("\n", "\r\n", dice.randrange(len(sample.rows)))).encode()


@damage("line ends \\r")
def _old_mac(sample, dice):
    return sample.text(end="\r").encode()


@damage("byte order mark")
def _bom(sample, dice):
    return b"\xef\xbb\xbf" + sample.text().encode()


@damage("blank lines")
def _blank_lines(sample, dice):
    text = sample.text()
    places = _places(text, "\n", 0)
    return _with(text, dice.choice(places) + 1, "\r\n" * dice.randrange(1, 4))


@damage("preamble")
def _preamble(sample, dice):
    return ("Includes all of May 2026\r\n\r\n" * dice.randrange(1, 4) + sample.text()).encode()


@damage("a total line")
def _total(sample, dice):
    blank = ["Total", *[""] * (len(sample.header) - 1)]
    return (sample.text() + sample.line(tuple(blank)) + "\r\n").encode()


@damage("NUL byte")
def _nul(sample, dice):
    text, at = _body(sample, dice)
    return _with(text, at, "\0")


@damage("HTML error page after it")
def _html(sample, dice):
    return (sample.text() + "<!DOCTYPE html>\n<html><head><title>503</title></head>\n<body>Service Unavailable, try "
            "again</body></html>\n").encode()


@damage("HTML error page inside")
def _html_inside(sample, dice):
    text, at = _body(sample, dice)
    return _with(text, at, "<html><body>\r\n<h1>Sorry</h1>\r\n</body></html>\r\n")


@damage("spaces around a cell")
def _spaces(sample, dice):
    row, at = dice.randrange(len(sample.rows)), dice.randrange(len(sample.header))
    rows = list(sample.rows)
    rows[row] = tuple(f" {cell} " if place == at else cell for place, cell in enumerate(rows[row]))
    return sample.text(tuple(rows)).encode()


# ---------------------------------------------------------------------------------------------------- outcomes

def loaded(report: reports.Report, text: bool) -> Counter:
    """The rows that were read, without their line numbers; free text only where `text`: a title is what the file says."""
    names = [name for name in report.data.schema.names
             if specs.registry().get(name, {"type": "text"})["type"] != "text" or text and name in specs.registry()]
    return Counter(zip(*(report.data.column(name).to_pylist() for name in names), strict=True))


def read(name: str, data: bytes) -> reports.Report:
    return reports.read_part(Held(Path(name), name, "", 0.0, data))


def outcome(whole: reports.Report, name: str, data: bytes, text: bool = False) -> tuple[str, str]:
    """What became of the damaged file, and the reasons given."""
    try:
        found = read(name, data)
    except ValueError as error:
        return "refused", str(error)
    known = {(p.column, p.why, p.kind) for p in whole.found}
    reasons = [p for p in found.found if (p.column, p.why, p.kind) not in known]
    before, after = loaded(whole, text), loaded(found, text)
    said = "; ".join(f"{p.line}: {p.column} {p.why}" for p in reasons)
    if found.rows != len(set(found.data.column("line").to_pylist())) + len({p.line for p in reasons if p.kind == "row"}):
        return "SILENT", f"rows read are not rows loaded and set aside. {said}"
    if found.spec.name != whole.spec.name:
        return "SILENT", f"read as {found.spec.name}"
    if before == after:
        return "right", said
    if not after - before and any(p.kind == "row" for p in reasons):
        return "set aside", said
    if any(p.kind in ("doubt", "note") for p in reasons):
        return "doubted", said
    return "SILENT", f"more {list(after - before)[:2]} fewer {list(before - after)[:2]}"


def table(names: tuple[str, ...] = (), times: int = 12, seed: int = 0) -> tuple[dict[str, Counter], list[str]]:
    """Damage -> how often each outcome, over every report and shape; and what was silently different."""
    dice = random.Random(seed)
    found: dict[str, Counter] = defaultdict(Counter)
    silent = []
    for sample in samples(names):
        file = f"{sample.spec}{'.txt' if sample.separator == chr(9) else '.csv'}"
        whole = read(file, sample.text().encode())
        for kind, function in DAMAGE.items():
            for _ in range(times):
                data = function(sample, dice)
                if data is None:
                    continue
                data, held = data if isinstance(data, tuple) else (data, sample)
                before = whole if held is sample else read(file, held.text().encode())
                result, why = outcome(before, file, data, kind in TEXT_MATTERS)
                if result == "SILENT" and kind in BY_NATURE:
                    result = "by nature"
                found[kind][result] += 1
                if result == "SILENT":
                    silent.append(f"{sample.name}, {kind}: {why}\n{data!r}")
    return found, silent
