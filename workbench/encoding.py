"""Which encoding a text is in. Decided by evidence: its distinct values that are not plain ASCII.

Amazon's exports come in UTF-8, with and without a byte order mark, and in the old encodings of each market: cp1252,
cp932 (Japan), GB18030 (China); Excel adds UTF-16. A successful decode proves nothing: cp1252 text is often valid cp932,
and cp1252 decodes nearly everything. A header that only one encoding spells is proof; kana and common hanzi are evidence.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADERS = ("utf-8", "cp1252", "cp932", "gb18030")  # in which a header line may be written
_SIGNS = "\u00a0–—‘’“”…•™®©€£°«»´²³½×"  # beside letters, what titles hold in cp1252


class Undecodable(ValueError):
    """The bytes are in no encoding that can be named, or damaged in the one they are in."""


@dataclass(frozen=True)
class Choice:
    """One way to decode a text."""

    encoding: str
    mend: bool = False  # a few values that are no text in it are damage, and do not speak against it
    doubt: str = ""  # why the choice may be wrong


def mark(head: bytes) -> str:
    """The encoding that a byte order mark states, "" without one.

    >>> mark("SKU".encode("utf-8-sig")), mark("SKU".encode("utf-16")), mark(b"SKU")
    ('utf-8-sig', 'utf-16', '')
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def as_utf8(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The same text in UTF-8. Raises Undecodable where it is not what its mark says."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError as error:
        raise Undecodable(f"the text begins as {encoding} but is damaged. Download it again.") from error


def choices(sample: bytes, *, marked: bool, spelled: str, region: str) -> Iterator[Choice]:
    """Encodings of a text that is not all UTF-8, the likeliest first: the first that decodes it counts.

    `sample`: values that are not ASCII. `spelled`: the one encoding that gives a known header, if it is not ASCII. A
    UTF-8 text with a few foreign bytes (two exports glued together, a damaged download) stays UTF-8 and is mended. Raises
    Undecodable when the encoding that the header proves does not decode the rest.
    """
    good, bad = _weigh(sample)
    if marked or spelled == "utf-8" or good > bad:
        yield Choice("utf-8", mend=True)
        return
    if spelled in ("cp932", "gb18030"):
        yield Choice(spelled)
        raise Undecodable(f"the text begins as {spelled} but is damaged. Download it again.")
    if _looks_japanese(sample) or region == "JP":
        yield Choice("cp932")
    elif _looks_chinese(sample):
        yield Choice("gb18030")
    yield Choice("cp1252", doubt=_doubt(sample, good))
    yield Choice("latin-1", doubt="some bytes are no text in cp1252: read as latin-1, the file may be damaged")


def _weigh(sample: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII are good UTF-8, and how many bytes are none."""
    text = str(sample, "utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text))
    return len(re.findall(r"[^\x00-\x7f]", text)) - bad, bad


def _looks_japanese(sample: bytes) -> bool:
    text = str(sample, "cp932", "ignore")
    wide = [c for c in text if ord(c) > 127]
    kana = sum("\u3041" <= c <= "\u30fe" for c in wide)
    return kana >= 4 and kana >= 0.2 * len(wide)


def _looks_chinese(sample: bytes) -> bool:
    runs = re.findall(rb"[\x80-\xff]+", sample)
    pairs = [run[i:i + 2] for run in runs for i in range(0, len(run), 2)]
    common = sum(len(pair) == 2 and (0xB0 <= pair[0] <= 0xD7 or 0xA1 <= pair[0] <= 0xA3) and pair[1] >= 0xA1
                 for pair in pairs)
    return len(pairs) >= 4 and common >= 0.8 * len(pairs)


def _doubt(sample: bytes, good: int) -> str:
    """What speaks against cp1252, chosen only because nothing spoke for another encoding."""
    if good:
        return f"two encodings in one file: read as cp1252, but {good} characters look like UTF-8"
    high = [c for c in str(sample, "cp1252", "ignore") if ord(c) > 127]
    odd = sum(not (c.isalpha() or c in _SIGNS) for c in high)
    if len(high) >= 6 and odd > 0.4 * len(high):
        return "read as cp1252, but it hardly looks like it. If it is Japanese or Chinese, state the region in seller.toml"
    return ""
