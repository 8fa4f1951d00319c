"""Every kind of damage a text file may have suffered on its way here.

A damage takes a sample and dice and gives the damaged bytes. It is registered by its name, in the words of the table that
`python -m tests.mutations` prints.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import NamedTuple

from tests.whole_files import Sample
from workbench import specs


class Packed(NamedTuple):
    """An archive, to be opened from a file."""

    name: str
    data: bytes


# The damaged bytes (with the rows they hold, where those are others than the sample's), or None: does not apply.
Damage = Callable[[Sample, random.Random], "bytes | tuple[bytes, Sample] | Packed | None"]
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
    left = text[:at] + text[at + dice.randrange(2, 400):]
    widths = {len(row) for row in csv.reader(left.splitlines(), delimiter=sample.separator) if row}
    return None if widths == {len(sample.header)} else left.encode()  # None: what is left is lines of good cells


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
        data = sample.text().encode("cp1252")
    except UnicodeEncodeError:
        return None
    undone = re.search("[^\x00-\x7f]", data.decode("utf-8", "ignore"))  # titles that were UTF-8 read as cp1252 before
    return None if undone else data


@damage("saved as UTF-16 (Excel's Unicode text)")
def _utf16(sample, dice):
    return sample.text().encode("utf-16")


@damage("UTF-16, cut")
def _utf16_cut(sample, dice):
    data = sample.text().encode("utf-16")
    left = data[:dice.randrange(3, len(data))]
    return None if left.endswith("\n".encode("utf-16-le")) else left  # None: cut between two lines


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


def _zip(sample: Sample) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("export.txt"), sample.text(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _flipped(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1:]


@damage("gzip, one bit flipped")
def _gzip_flipped(sample, dice):
    return Packed("export.txt.gz", _flipped(gzip.compress(sample.text().encode()), dice))


@damage("gzip, cut")
def _gzip_cut(sample, dice):
    data = gzip.compress(sample.text().encode())
    return Packed("export.txt.gz", data[:dice.randrange(len(data))])


@damage("zip, one bit flipped")
def _zip_flipped(sample, dice):
    return Packed("export.zip", _flipped(_zip(sample), dice))


@damage("zip, cut")
def _zip_cut(sample, dice):
    data = _zip(sample)
    return Packed("export.zip", data[:dice.randrange(len(data))])
