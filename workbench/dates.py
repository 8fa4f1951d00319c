"""How a text becomes a day, a moment or a month: in every order, with the words and zones that Amazon prints.

Whether day or month comes first is decided by the values that allow one reading only, else by what is known of the file,
the report and the region; where nothing decides, the file is ambiguous, never guessed.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench import specs

# Offsets in minutes of the zone words Amazon prints.
ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360, "CST": -360, "CDT": -300,
         "EST": -300, "EDT": -240, "BRT": -180, "BST": 60, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MEZ": 60,
         "MESZ": 120, "EET": 120, "EEST": 180, "TRT": 180, "GST": 240, "IST": 330, "SGT": 480, "JST": 540, "AEST": 600,
         "AEDT": 660, "HNP": -480, "HAP": -420, "HNE": -300, "HAE": -240}
MONTH_LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "sv", "pl", "pt", "tr")

_TAIL = (r"(?:(?:T|,? )(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
         r"(?: ?(?P<half>[AaPp])\.? ?[Mm]\.?)?)?"
         r"(?: ?(?P<zone>[A-Z]{1,5}|(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?))?\Z")
_STAMP = re.compile(r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})" + _TAIL, re.ASCII)
_WORDS = (re.compile(r"(?P<day>\d{1,2})\.? (?:de )?(?P<word>[^\W\d_]{3,})\.?,? (?:de )?(?P<year>\d{4})" + _TAIL),
          re.compile(r"(?P<word>[^\W\d_]{3,})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _TAIL),
          re.compile(r"(?P<day>\d{1,2})-(?P<word>[^\W\d_]{3,})\.?-(?P<year>\d{4}|\d{2})" + _TAIL))
_CJK_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_CJK_HALF = (re.compile(r"(?:上午|午前) ?([\d:]+)"), re.compile(r"(?:下午|午後) ?([\d:]+)"))
_BARE_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})\Z", re.ASCII)
_MONTH = (re.compile(r"(?P<year>\d{4})[-/年](?P<month>\d{1,2})月?\Z"),
          re.compile(r"(?P<word>[^\W\d_]{3,})[-. ]+(?P<year>\d{4}|\d{2})\Z"))  # spreadsheets turn 2026-07 into Jul-26
_FAST_STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"
TURNED = 4  # days that lie as only a spreadsheet lays them: fewer may be chance
STRAYS = 0.05  # dates the wrong way round, of those that decide, that are errors rather than another way of writing


class Ambiguous(ValueError):
    """The file does not decide how its dates are written, and neither does the report."""


@dataclass(frozen=True)
class Known:
    """What is known of the order of day and month beside a column's own values: "MDY", "DMY" or ""."""

    dates: str  # as the report writes them
    local: str  # as the seller's region writes them
    told: Callable[[], str]  # as the file's other dates are written


def day_order(columns: Iterable[pa.Array]) -> str:
    """How a file writes dates, by those with a day beyond 12: "MDY" or "DMY"; "" where none tells or two disagree.

    >>> day_order([pa.array(["03/04/2025", "2025-12-31"]), pa.array(["25/12/2025 10:00"])])
    'DMY'
    """
    parts = [_part(text) for raw in columns for text in pc.unique(raw).to_pylist()]
    day_first, month_first = _votes(parts)
    return "" if bool(day_first) == bool(month_first) else "DMY" if day_first else "MDY"


def _votes(parts: Iterable[dict[str, str] | None]) -> tuple[int, int]:
    """How many of the dates that do not say which is which can only be day first, and only month first."""
    pairs = [(int(part["a"]), int(part["b"])) for part in parts if part and "year" not in part]
    return sum(a > 12 >= b for a, b in pairs), sum(b > 12 >= a for a, b in pairs)


class Moments(NamedTuple):
    """Distinct texts, read as moments."""

    at: pa.Array  # UTC seconds; null where the text has no time or no zone
    days: pa.Array  # as printed
    bad: np.ndarray  # bool: which texts are no moment
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def moments(texts: pa.Array, column: specs.Column, known: Known) -> Moments:
    """Distinct texts as moments and as the days they print. Raises Ambiguous where nothing decides their order.

    >>> column = specs.Column("moment", "instant", (("en", "Date"),))
    >>> found = moments(pa.array(["12/31/2025 23:00 PST", "1/2/2026"]), column, Known("MDY", "", str))
    >>> [str(day) for day in found.days.to_pylist()], [str(at) for at in found.at.to_pylist()]
    (['2025-12-31', '2026-01-02'], ['2026-01-01 07:00:00', 'None'])
    """
    if len(texts) and pc.all(pc.match_substring_regex(texts, _FAST_STAMP)).as_py():
        try:
            at = pc.utf8_slice_codeunits(texts, 0, 19).cast(pa.timestamp("s"))
            return Moments(at, at.cast(pa.date32()), np.zeros(len(texts), bool), (), ())
        except pa.ArrowInvalid:
            pass  # one of them is no day of the calendar: look at each
    written = [_part(text) for text in texts.to_pylist()]
    parts = _whole_years(written)
    whole = parts == written
    order, notes, doubts = _order(parts, known, column, whole=whole)
    stamps: list[int | None] = []
    days: list[int | None] = []
    for part in parts:
        moment = _moment(part, order) if part else None
        stamps.append(moment[0] if moment else None)
        days.append(moment[1] if moment else None)
    bad = np.array([day is None for day in days], bool)
    doubts += _turned(parts, {day for day in days if day is not None}, known, column)
    return Moments(pa.array(stamps, pa.int64()).cast(pa.timestamp("s")), pa.array(days, pa.int32()).cast(pa.date32()),
                   bad, notes, doubts)


def _part(text: str) -> dict[str, str] | None:
    """The pieces of one written date: year, month, day where it says which is which, else a, b, c in its order."""
    text = text.strip() if text.isascii() else " ".join(unicodedata.normalize("NFKC", text).split())
    if not text.isascii():
        text = _CJK_DAY.sub(r"\1-\2-\3", text)
        for half, word in zip(_CJK_HALF, ("AM", "PM"), strict=True):
            text = half.sub(rf"\1 {word}", text)
    text = _BARE_DAY.sub(r"\1-\2-\3", text)
    if found := _STAMP.match(text):
        part = found.groupdict()
        if len(part["a"]) == 4:
            return part | {"year": part["a"], "month": part["b"], "day": part["c"]}
        if len(part["a"]) > 2 or len(part["c"]) not in (2, 4):
            return None
        return part | {"year": part["c"], "month": part["b"], "day": part["a"]} if part["sep"] == "." else part
    found = next((found for pattern in _WORDS if (found := pattern.match(text))), None)
    month = found and month_words().get(_plain_word(found["word"]))
    return found.groupdict() | {"month": str(month)} if month else None


def _whole_years(parts: list[dict[str, str] | None]) -> list[dict[str, str] | None]:
    """The dates with years of four digits. Years of two digits (business reports write 12/01/25, spreadsheets 3-May-26)
    count only where the whole column has them and the values tell that they stand last: some first number is no year, or
    the last ones repeat while the first ones change. A cut-off 12/01/20 among whole years is no date."""
    last = [part.get("year") or part["c"] for part in parts if part and len(part.get("a") or "") != 4]
    short = [year for year in last if len(year) == 2]
    if not short:
        return parts
    firsts = [int(part.get("a") or part["day"]) for part in parts if part and len(part.get("a") or "") != 4]
    told = (len(short) == len(parts) - parts.count(None) and min(map(int, short)) >= 20
            and (min(firsts) < 20 or len(set(short)) < len(set(firsts))))
    found: list[dict[str, str] | None] = []
    for part in parts:
        name = "year" if part and "year" in part else "c"
        if part and len(part[name] or "") == 2:
            part = part | {name: f"20{part[name]}"} if told else None
        found.append(part)
    return found


@functools.cache
def month_words() -> dict[str, int]:
    """Month words of the languages Amazon writes, without accents and points -> month. Words that two languages use
    for different months are in none."""
    from babel import dates

    found = {word: {month} for word, month in (("sept", 9), ("sep", 9), ("set", 9), ("mrz", 3), ("mar", 3))}
    for language in MONTH_LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, word in dates.get_month_names(width, context, language).items():
                    found.setdefault(_plain_word(word), set()).add(month)
    return {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}


def _plain_word(word: str) -> str:
    """A word without case, accents and points."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in letters if c.isalpha())


def months(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Distinct texts as the first day of the month they name, and which name none.

    >>> [part.tolist() for part in months(pa.array(["2026-07", "Jul-26", "13"]))]
    [[datetime.date(2026, 7, 1), datetime.date(2026, 7, 1), None], [False, False, True]]
    """
    days: list[dt.date | None] = []
    for text in texts.to_pylist():
        part = _part(text) or {}
        found = next((found for pattern in _MONTH if (found := pattern.match(text.strip()))), None)
        if found:
            part = found.groupdict()
            part["month"] = part.get("month") or month_words().get(_plain_word(part["word"]), "")
            part["year"] = part["year"] if len(part["year"]) == 4 else f"20{part['year']}"
        try:
            days.append(dt.date(int(part["year"]), int(part["month"]), 1))
        except (KeyError, ValueError):
            days.append(None)
    return pa.array(days, pa.date32()), np.array([day is None for day in days], bool)


def _turned(parts: list[dict[str, str] | None], days: set[int], known: Known, column: specs.Column) -> tuple[str, ...]:
    """Doubts about dates that a spreadsheet of another country has turned round: it takes 06/05/2026 for 6 May and keeps
    06/13/2026 as text, for no month is the thirteenth.

    Raises Ambiguous where TURNED days or more lie so: the dates it understood all have days up to 12 and those it kept
    never; or, where it understood all of them and the report writes days in an order of its own, each is the same day of
    another month.
    """
    kept = {(part["a"], part["b"]) for part in parts if part and "year" not in part}
    taken = {(part["year"], part["month"], part["day"]) for part in parts if part and "year" in part and "word" not in part}
    mixed = (kept and taken and all(max(int(a), int(b)) > 12 for a, b in kept)
             and all(int(day) <= 12 for *_, day in taken))
    when = [dt.date.fromordinal(day + 719163) for day in days]
    same = (known.dates in ("MDY", "DMY") and len(when) >= TURNED and len({day.day for day in when}) == 1
            and 1 < when[0].day <= 12)
    if not mixed and not same:
        return ()
    if same or len(kept) + len(taken) >= TURNED:
        raise Ambiguous(f"{column.headers[0][1]}: a spreadsheet seems to have turned day and month round where it could. "
                        "Download the report again and do not save it in a spreadsheet, or save the dates as 2025-12-31.")
    return ("dates written in two ways: a spreadsheet may have turned day and month round where it could",)


def _order(parts: list[dict[str, str] | None], known: Known, column: specs.Column, *,
           whole: bool) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """MDY or DMY for dates written 03/04/2025, notes and doubts: what the values allow, else what the file's other dates
    say, else what the report is known to write, else what the region writes.

    Raises Ambiguous when the values contradict each other or nothing decides: a few months read the wrong way round
    would be wrong in silence. A stray date in a column of a known order is no contradiction; it cannot be read. What is
    written otherwise than Amazon writes (3/4/2025, or years that are not `whole`) went through a spreadsheet, which may
    have turned it round: a doubt.
    """
    dates = known.dates if known.dates in ("MDY", "DMY") else ""
    slashed = [part for part in parts if part and "year" not in part]
    if not slashed:
        return dates, (), ()
    day_first, month_first = _votes(slashed)
    if day_first and month_first:
        strays = day_first if dates == "MDY" else month_first if dates == "DMY" else len(slashed)
        if strays > STRAYS * (day_first + month_first):
            raise Ambiguous(f"{column.headers[0][1]} holds dates written day first and month first. "
                            "Save them as 2025-12-31.")
        return dates, (), ()
    if day_first or month_first:
        return ("DMY" if day_first else "MDY"), (), ()
    if told := known.told():
        return told, (), ()
    first, second = ({int(part[name]) for part in slashed} for name in "ab")
    one, many = sorted((first, second), key=len)
    if dates and len(one) == 1 and len(many) >= TURNED and one != {1}:  # else each the same day of another month
        order, word = ("MDY", "month") if one is first else ("DMY", "day")
        return order, (f"no date decides the order of day and month; read {word} first, so that they are days of one "
                       "month",), ()
    own = whole and all((part["sep"], len(part["a"]), len(part["b"])) == ("/", 2, 2) for part in slashed)
    order = dates if dates and own else known.local or ("" if any(part["sep"] == "-" for part in slashed) else dates)
    if not order:
        example = f"{slashed[0]['a']}{slashed[0]['sep']}{slashed[0]['b']}{slashed[0]['sep']}{slashed[0]['c']}"
        raise Ambiguous(f"{column.headers[0][1]}: found {example!r}, and nothing in the file tells whether day or month "
                        "comes first. Save the dates as 2025-12-31, or state the region in seller.toml.")
    said = (f"no date decides the order of day and month; read {'month' if order == 'MDY' else 'day'} first, as "
            f"{'this report is written' if order == dates else 'the region writes'}")
    return (order, (said,), ()) if own or known.local else (order, (), (said + ", but a spreadsheet has rewritten it",))


def _moment(part: dict[str, str], order: str) -> tuple[int | None, int] | None:
    """(UTC seconds or None, day number) of one written date, None when it is no date of a calendar."""
    if "year" in part:
        year, month, day = part["year"], part["month"], part["day"]
    else:
        year, (month, day) = part["c"], (part["b"], part["a"]) if order == "DMY" else (part["a"], part["b"])
    hour, half = int(part["h"] or 0), (part["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    try:
        at = dt.datetime(int(year), int(month), int(day), hour, int(part["mi"] or 0), int(part["s"] or 0), tzinfo=dt.UTC)
    except ValueError:
        return None
    if not 1995 <= at.year <= 2099:
        return None
    number = at.date().toordinal() - 719163  # days since 1970-01-01
    zone = part["zone"]
    minutes = _offset(zone) if zone else None
    if zone and minutes is None:
        return None
    if minutes is None or part["h"] is None:
        return None, number
    return int(at.timestamp()) - minutes * 60, number


def _offset(zone: str) -> int | None:
    """Minutes east of Greenwich of a zone word or of +0100, GMT+1, +05:30."""
    if zone in ZONES:
        return ZONES[zone]
    digits = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if not digits:
        return None
    return (-1 if digits[1] == "-" else 1) * (int(digits[2]) * 60 + int(digits[3] or 0))
