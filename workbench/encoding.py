"""Which encoding the bytes of a text are in, and the same text in UTF-8. Decided by evidence, decoded strictly.

Amazon's exports come in UTF-8, with and without a byte order mark, and in the old encodings of each market: cp1252,
cp932 (Japan), GB18030 (China); Excel adds UTF-16. A successful decode proves nothing: cp1252 text is often valid cp932,
and cp1252 decodes nearly everything. A header that only one encoding spells is proof; kana and common hanzi are evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

WHOLE = 32 << 20  # texts up to this size are weighed as a whole, larger ones by a sample
SAMPLE = 1 << 16
_SIGNS = "\u00a0–—‘’“”…•™®©€£°«»´²³½×"  # beside letters, what titles hold in cp1252


class Undecodable(ValueError):
    """The bytes are in no encoding that can be named, or damaged in the one they are in."""


@dataclass(frozen=True)
class Decoded:
    """A text in UTF-8."""

    data: pa.Buffer
    encoding: str  # the encoding it came in
    damaged: tuple[int, ...] = ()  # numbers of the lines with bytes that the encoding does not allow
    doubt: str = ""  # why the choice may be wrong


def decoded(data: pa.Buffer, *, region: str, spelled: Callable[[str], bool]) -> Decoded:
    """The text of `data`. `spelled` says whether a text begins with a known header that is not plain ASCII.

    A UTF-8 text with a few foreign bytes (two exports glued together, a damaged download) stays UTF-8, and their lines
    are named. Raises Undecodable for UTF-16, or a header in cp932 or GB18030, that does not decode to its end.
    """
    start = bytes(memoryview(data)[:4])
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Decoded(_recoded(data, "utf-16"), "utf-16")
    marked = start.startswith(b"\xef\xbb\xbf")
    body = data.slice(3) if marked else data
    name = "utf-8-sig" if marked else "utf-8"
    if _is_utf8(body):
        return Decoded(body, name)
    sample = bytes(memoryview(body)) if body.size <= WHOLE else _high_bytes(body)
    good, bad = _weigh(sample)
    if marked or good > bad:
        return _mended(body, name)
    for encoding in ("cp932", "gb18030"):
        if spelled(str(bytes(memoryview(data)[:SAMPLE]), encoding, "ignore")):
            return Decoded(_recoded(data, encoding), encoding)
    for encoding in _candidates(_high_bytes(data), region):
        try:
            return Decoded(_recoded(data, encoding), encoding, doubt=_doubt(sample, encoding, good))
        except Undecodable:
            continue
    raise Undecodable("the text is in no known encoding")  # latin-1 decodes anything, so this is never reached


def _recoded(data: pa.Buffer, encoding: str) -> pa.Buffer:
    try:
        return pa.py_buffer(str(memoryview(data), encoding).encode("utf-8"))
    except UnicodeError as error:
        at = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise Undecodable(f"the text begins as {encoding} but is damaged{at}. Download it again.") from error


def _is_utf8(data: pa.Buffer) -> bool:
    whole = pa.py_buffer(np.array([0, data.size], np.int64).tobytes())
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, whole, data]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _weigh(sample: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII are good UTF-8, and how many bytes are none."""
    text = str(sample, "utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text))
    return len(re.findall(r"[^\x00-\x7f]", text)) - bad, bad


def _mended(data: pa.Buffer, encoding: str) -> Decoded:
    """UTF-8 with U+FFFD where bytes are none, and the lines where that is."""
    text = str(memoryview(data), "utf-8", "surrogateescape")
    lines = re.split("\r\n|\n|\r", text)
    damaged = tuple(number for number, line in enumerate(lines, 1) if re.search("[\udc80-\udcff]", line))
    return Decoded(pa.py_buffer(re.sub("[\udc80-\udcff]", "\ufffd", text).encode("utf-8")), encoding, damaged)


def _high_bytes(data: pa.Buffer) -> bytes:
    """Up to 64 KiB around the bytes that are not ASCII, not cut inside a character: where the evidence is."""
    view = np.frombuffer(data, np.uint8)
    at = int(np.argmax(view > 127))
    sample = view[max(at - 64, 0):at + SAMPLE].tobytes()
    return sample if at + SAMPLE >= len(view) else re.sub(rb"[\x80-\xff]+\Z", b"", sample)


def _candidates(sample: bytes, region: str) -> list[str]:
    if _looks_japanese(sample) or region == "JP":
        return ["cp932", "cp1252", "latin-1"]
    if _looks_chinese(sample):
        return ["gb18030", "cp1252", "latin-1"]
    return ["cp1252", "latin-1"]


def _looks_japanese(sample: bytes) -> bool:
    text = str(sample, "cp932", "ignore")
    wide = [c for c in text if ord(c) > 127]
    kana = sum("\u3041" <= c <= "\u30fe" for c in wide)
    return kana >= 4 and kana >= 0.2 * len(wide)


def _looks_chinese(sample: bytes) -> bool:
    runs = re.findall(rb"[\x80-\xff]+", sample)[:-1] or re.findall(rb"[\x80-\xff]+", sample)
    pairs = [run[i:i + 2] for run in runs for i in range(0, len(run), 2)]
    common = sum(len(pair) == 2 and (0xB0 <= pair[0] <= 0xD7 or 0xA1 <= pair[0] <= 0xA3) and pair[1] >= 0xA1
                 for pair in pairs)
    return len(pairs) >= 4 and common >= 0.8 * len(pairs)


def _doubt(sample: bytes, encoding: str, good: int) -> str:
    """What speaks against an encoding that was chosen only because nothing spoke for another one."""
    if encoding == "latin-1":
        return "some bytes are no text in cp1252: read as latin-1, the file may be damaged"
    if encoding != "cp1252":
        return ""
    if good:
        return f"two encodings in one file: read as cp1252, but {good} characters look like UTF-8"
    high = [c for c in str(sample, "cp1252", "ignore") if ord(c) > 127]
    odd = sum(not (c.isalpha() or c in _SIGNS) for c in high)
    if len(high) >= 6 and odd > 0.4 * len(high):
        return "read as cp1252, but it hardly looks like it. If it is Japanese or Chinese, state the region in seller.toml"
    return ""
