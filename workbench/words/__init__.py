"""Every word a reader sees, in English and Chinese, and how each language writes numbers, money and dates.

`say("loss.rate_found", rate=0.0031)` gives a `Text`: the same sentence from the same values in both languages. The
sentences stand in `en.toml` and `zh.toml`; a value's form stands in the sentence: `{rate:percent}`, `{lost:units}`,
`{lost:units unit|units}` (a number with its noun), `{amount:money}`, `{day:date}`, `{month:month}`. An unknown value
(None, NaN, NaT) is written as the word for unknown.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

LANGUAGES = ("en", "zh")
_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")  # a Chinese character or its punctuation
_PLACES = {"": "(.*?)", "units": r"(\d[\d,]*)", "table": r"(\w+)",
           "days": r"(\d{4}-\d\d-\d\d(?:\.\.\d{4}-\d\d-\d\d)?)"}  # what may stand in a place of a reason


class Money(NamedTuple):
    """An amount in one currency; NaN when unknown."""

    amount: float
    currency: str


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_(self, language: str) -> str:
        """The text in "en" or "zh"."""
        return self.zh if language == "zh" else self.en

    def __add__(self, other: Text) -> Text:
        """Two sentences one after the other; Chinese needs no blank between them."""
        return joined([self, other], " ", "")


def same(text: object) -> Text:
    """A text that is no language: a SKU, a file name."""
    return Text(str(text), str(text))


def say(key: str, /, **values: object) -> Text:
    """The sentence `key` ("room.name") with `values` in their forms. Raises KeyError for a sentence nobody wrote.

    >>> say("value.lost_of", lost=1234, handled=56789)
    Text(en='1,234 of 56,789 units', zh='56,789 件中的 1,234 件')
    """
    return Text(*(_form(language).format(_sentence(language, key), **values) for language in LANGUAGES))


def named(room: str, name: str) -> Text:
    """The word for `name` in a room of the words; itself where nobody has written one.

    >>> named("claim_type", "nobody_knows").en
    'nobody_knows'
    """
    return say(f"{room}.{name}") if known(f"{room}.{name}") else same(name)


def listed(parts: Iterable[Text]) -> Text:
    """Texts in a row: with commas, in Chinese with its own.

    >>> listed([same("A"), same("B")])
    Text(en='A, B', zh='A、B')
    """
    return joined(parts, ", ", "、")


def joined(parts: Iterable[Text], en: str, zh: str | None = None) -> Text:
    """Texts one after another, parted by `en` and `zh`; by `en` in both languages when there is no `zh`.

    >>> joined([same("A"), Text("and B", "和B")], " ", "")
    Text(en='A and B', zh='A和B')
    """
    parts = list(parts)
    return Text(en.join(part.en for part in parts), (en if zh is None else zh).join(part.zh for part in parts))


def known(key: str) -> bool:
    """Whether both languages have the sentence."""
    return all(_find(language, key) is not None for language in LANGUAGES)


def translated(text: str) -> Text:
    """An English paragraph of a notebook with its Chinese, from [notebook] in zh.toml; the same text when none is."""
    plain = " ".join(text.split())
    return Text(text, _paragraphs().get(plain, text))


@functools.lru_cache(1 << 14)
def reason(why: str) -> Text:
    """A reason that reading or judging gives in English with its Chinese, from reasons.toml; what it quotes or counts
    stays as it is, and so does a reason that nobody has translated.

    >>> reason("found 'x', expected a whole number").zh
    "读到 'x'，应为整数"
    """
    return Text(why, _of_reason(why))


def form(value: object, kind: str) -> Text:
    """One value in both languages; `kind`: units, number, percent, money, date, covered, month,
    month_short, share, hash, text.

    >>> form(0.0031, "percent"), form(dt.date(2026, 6, 30), "date").zh
    (Text(en='0.310%', zh='0.310%'), '2026年6月30日')
    """
    return Text(*(written(value, kind, language) for language in LANGUAGES))


def alike(kind: str, values: Iterable[object]) -> str:
    """The form in which values of one kind have as many decimals as the smallest needs, so that they stand in line.

    >>> alike("percent", [0.0, 0.012]), alike("share", [0.0, 0.5])
    ('percent3', 'share')
    """
    least, most = {"percent": (0.0, 0.01), "share": (0.0005, 0.1)}.get(kind, (0.0, 0.0))  # a share of 1e-17 is none
    fine = any(least <= abs(value) < most for value in values if not is_unknown(value))
    return f"{kind}{'3' if kind == 'percent' else '1'}" if fine else kind


def written(value: object, kind: str, language: str) -> str:
    """One value in one language, as `form`."""
    return _form(language).format_field(value, kind)


def change(now: float | None, before: float | None, written: Text, month: str) -> Text:
    """A figure against that of an earlier month, which is `written` in the reader's form.

    >>> change(0.002, 0.001, same("0.100%"), "2026-05").en
    'up from 0.100% in May 2026'
    """
    if is_unknown(now) or is_unknown(before):
        return say("change.was", before=written, month=month)
    return say(f"change.{'same' if now == before else 'up' if now > before else 'down'}", before=written, month=month)


# ---------------------------------------------------------------------------------------------------- inside

@functools.cache
def _words(language: str) -> dict:
    return tomllib.loads((files("workbench") / "words" / f"{language}.toml").read_text("utf-8"))


def _find(language: str, key: str) -> str | None:
    room, _, name = key.partition(".")
    found = _words(language).get(room, {}).get(name)
    return found if isinstance(found, str) else None


def _sentence(language: str, key: str) -> str:
    found = _find(language, key)
    if found is None:
        raise KeyError(f"words/{language}.toml has no {key!r}")
    return found


@functools.cache
def _paragraphs() -> dict[str, str]:
    return {" ".join(row["en"].split()): row["zh"] for row in _words("zh")["notebook"]}


def _of_reason(why: str) -> str:
    """The reason, or a part of one, in Chinese; the most particular form that it has counts."""
    for pattern, kinds, zh in (*_reasons().get(why.partition(" ")[0], ()), *_reasons()[""]):
        if found := pattern.fullmatch(why):
            parts = [_find("zh", f"table.{part}") or part if kind == "table" else _of_reason(part)
                     for part, kind in zip(found.groups(), kinds, strict=True)]
            return zh.format("", *parts)
    return why


@functools.cache
def _reasons() -> dict[str, list[tuple[re.Pattern, list[str], str]]]:
    """First word of a form ("" where it begins with what differs) -> such forms, the kinds of their places and their
    Chinese, the longest first."""
    forms: dict[str, list[tuple[re.Pattern, list[str], str]]] = {"": []}
    known = tomllib.loads((files("workbench") / "words" / "reasons.toml").read_text("utf-8"))
    for en in sorted(known, key=len, reverse=True):
        pieces = re.split(r"\{\d:?(\w*)\}", en)  # text and kinds in turn
        form = "".join(_PLACES[piece] if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
        first = pieces[0].partition(" ")[0] if " " in pieces[0] or len(pieces) == 1 else ""
        forms.setdefault(first, []).append((re.compile(form, re.DOTALL), pieces[1::2], known[en]))
    return forms


def is_unknown(value: object) -> bool:
    """None, NaN and NaT, and money without an amount; a text never is, whatever it says."""
    if isinstance(value, Money):
        value = value.amount
    if isinstance(value, (str, int)):
        return False
    return math.isnan(value) if isinstance(value, float) else value is None or str(value) in ("NaT", "<NA>")


@functools.cache
def _form(language: str) -> _Form:
    return _Form(language)


class _Form(string.Formatter):
    """Fills a sentence in one language; a field's form is its format specification."""

    def __init__(self, language: str) -> None:
        self.language = language

    def vformat(self, sentence: str, args: Sequence[object], values: Mapping[str, object]) -> str:
        """The sentence filled in; in Chinese no blank parts a value from the character that it meets."""
        parts = []
        for text, name, kind, _ in self.parse(sentence):
            parts += [text, "" if name is None else self.format_field(values[name], kind)]
        if self.language == "zh":
            for at in range(0, len(parts), 2):  # the sentence's own parts; a value stays as it is
                before, after = (parts[at - 1][-1:] if at else ""), parts[at + 1][:1]
                if _HAN.match(before) and parts[at][:1] == " " and _HAN.match(parts[at][1:2]):
                    parts[at] = parts[at][1:]
                if _HAN.match(after) and parts[at][-1:] == " " and _HAN.match(parts[at][-2:-1]):
                    parts[at] = parts[at][:-1]
        return "".join(parts)

    def format_field(self, value: object, kind: str) -> str:
        if isinstance(value, Text):
            return value.in_(self.language)
        kind, _, nouns = kind.partition(" ")
        known = not is_unknown(value)
        written = getattr(self, f"_{kind or 'text'}")(value) if known else _sentence(
            self.language, "value.no_dates" if kind == "covered" else "value.unknown")
        one, _, many = nouns.partition("|")
        return f"{written} {one if known and value == 1 else many}" if nouns else written

    @functools.cached_property
    def _locale(self) -> str:
        return {"en": "en_US", "zh": "zh_Hans_CN"}[self.language]

    def _text(self, value: object) -> str:
        return str(value)

    def _hash(self, value: str) -> str:
        """Enough of a digest to compare by eye."""
        return f"{value[:12]}…" if len(value) > 12 else value

    def _units(self, value: float) -> str:
        return f"{round(value):,}".replace("-", "−")

    def _line(self, value: int) -> str:
        """A line of a file: a place, not a quantity."""
        return str(value)

    def _number(self, value: float) -> str:
        return f"{value:,.2f}".replace("-", "−")

    def _percent(self, value: float) -> str:
        """A rate: three decimals below one per cent, where loss rates live; more than everything is not told apart."""
        if value > 1:
            return _sentence(self.language, "value.over_all")
        return f"{value * 100:.{3 if abs(value) < 0.01 else 2}f}%".replace("-", "−")

    def _percent3(self, value: float) -> str:
        """A rate beside others of which one is below one per cent."""
        return self._percent(value) if value > 1 else f"{value * 100:.3f}%".replace("-", "−")

    def _share1(self, value: float) -> str:
        """A share beside others of which one is below a tenth."""
        return f"{value * 100:.1f}%"

    def _share(self, value: float) -> str:
        return f"{value * 100:.0f}%" if value >= 0.1 or value < 0.0005 else f"{value * 100:.1f}%"

    def _change(self, value: float) -> str:
        """A relative change with its sign."""
        return f"{value * 100:+.0f}%".replace("-", "−")

    def _times(self, value: float) -> str:
        return f"{value:.1f}×"

    def _money(self, value: Money) -> str:
        from babel.numbers import format_currency, format_decimal

        if not value.currency:
            return format_decimal(round(value.amount, 2), locale=self._locale)
        return format_currency(value.amount, value.currency, locale=self._locale).replace("-", "−")

    def _date(self, value: dt.date) -> str:
        from babel.dates import format_date

        return format_date(value, "medium", locale=self._locale)

    _covered = _date  # a day that rows reach to: unknown where they have no dates

    def _month(self, value: str) -> str:
        """A month given as "2026-06"."""
        return self._of_month("yMMMM", value)

    def _month_short(self, value: str) -> str:
        return self._of_month("yMMM", value)

    def _of_month(self, skeleton: str, value: str) -> str:
        from babel.dates import format_skeleton

        return format_skeleton(skeleton, dt.date(int(value[:4]), int(value[5:7]), 1), locale=self._locale)
