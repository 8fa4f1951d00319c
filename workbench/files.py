"""The files of a seller folder, archives opened: names, times and bytes, with every size under a stated cap.

One `Part` is what one export holds: a plain file, what is inside a `.gz`, or one member of a `.zip`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

SUFFIXES = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xlsx")
ARCHIVES = (".gz", ".zip")
# What may hold a report and cannot be read: told, where a picture is passed over.
FOREIGN = {".xls": "an old Excel workbook: save it as .xlsx", ".xlsm": "a workbook with macros: save it as .xlsx",
           ".xlsb": "a binary Excel workbook: save it as .xlsx", ".ods": "an OpenDocument sheet: save it as .xlsx",
           ".numbers": "a Numbers sheet: export it as .xlsx", ".et": "a WPS sheet: save it as .xlsx",
           ".rar": "an archive: unpack it into the folder", ".7z": "an archive: unpack it into the folder",
           ".tar": "an archive: unpack it into the folder", ".tgz": "an archive: unpack it into the folder"}
LARGEST = 8 << 30  # unpacked bytes of one export
RATIO = 100  # an archive that unpacks to more than this many times its size, beyond 100 MB, is a bomb
MEMBERS = 2000
PIECE = 1 << 19  # bytes read at a time
CELLS = 50_000_000  # rows x columns of a sheet's used range
# Every way a damaged archive can fail inside gzip and zipfile.
_DAMAGE = (zlib.error, zipfile.BadZipFile, struct.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
           LookupError, OverflowError)


class Refused(ValueError):
    """A file that cannot or must not be opened; the message says why and what to do."""


@dataclass(frozen=True)
class Part:
    """One export: where it lies (`label`, as it stands in `sources`), and how to get at its bytes."""

    path: Path
    label: str  # relative to the seller folder; members as x.zip!member
    member: str  # name inside the zip, "" outside
    modified: float  # seconds since 1970, of the file or the archive member

    @property
    def name(self) -> str:
        """The export's own file name, without `.gz`."""
        name = (self.member or self.path.name).replace("\\", "/").rsplit("/", 1)[-1]
        return name[:-3] if name.lower().endswith(".gz") else name

    @property
    def is_packed(self) -> bool:
        """Whether the bytes must be unpacked."""
        return bool(self.member) or self.path.suffix.lower() == ".gz"

    def pieces(self) -> Iterator[bytes]:
        """The bytes, unpacked, a piece at a time. Raises Refused for a damaged archive or one past the cap."""
        size = self.path.stat().st_size
        if self.member:
            yield from _member(self)
        elif self.is_packed:
            with _unpacking(self.label), gzip.open(self.path) as stream:
                yield from _capped(stream, size, _stated(self.path, size), self.label)
        elif size > LARGEST:
            raise Refused(f"{self.label}: {size} bytes, more than the cap of {LARGEST}. Export shorter periods.")
        else:
            with self.path.open("rb", buffering=0) as stream:
                while piece := stream.read(PIECE):
                    yield piece

    def data(self) -> pa.Buffer:
        """All the bytes at once: for workbooks and API answers, which cannot be read in pieces."""
        return pa.py_buffer(b"".join(self.pieces()))


def _member(part: Part) -> Iterator[bytes]:
    """One member of a zip; where it is packed itself, what is inside."""
    with _zip(part.path, part.label) as archive, _unpacking(part.label):
        info = archive.getinfo(part.member)
        inside = _capped(archive.open(info), info.compress_size, info.file_size, part.label)
        if not part.member.lower().endswith(".gz"):
            yield from inside
            return
        data = b"".join(inside)
        with gzip.open(io.BytesIO(data)) as stream:
            yield from _capped(stream, len(data), 0, part.label)


def parts(path: Path, label: str = "") -> list[Part]:
    """What `path` holds. Raises Refused for a damaged zip. Members that are no exports are left out.

    >>> from pathlib import Path
    >>> parts(Path("ledger.txt"))[0].label
    'ledger.txt'
    """
    label = label or path.name
    if path.suffix.lower() != ".zip":
        modified = path.stat().st_mtime if path.exists() else 0.0
        return [Part(path, label, "", modified)]
    with _zip(path, label) as archive, _unpacking(label):
        members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        if len(members) > MEMBERS:
            raise Refused(f"{label}: {len(members)} members, more than the cap of {MEMBERS}.")
        if len(archive.infolist()) % 65536 != _entries(path):
            raise Refused(f"{label}: the archive lists other files than it counts: it is damaged. Download it again.")
        if len({info.filename for info in members}) < len(members):
            raise Refused(f"{label}: two files of one name in the archive. Unpack it into the folder.")
        return [Part(path, f"{label}!{_readable(info)}", info.filename, _zip_time(info)) for info in members]


def walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below `folder` that may be an export, with its label, in the order of the labels.

    `evidence/` holds the seller's documents, not exports; hidden files and the seller's settings are passed over.
    """
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        passed = relative.parts[0].casefold() == "evidence" or any(_is_hidden(part) for part in relative.parts)
        if path.is_file() and not passed:
            found.append((relative.as_posix(), path))
    for label, path in sorted(found):
        if path.name != "seller.toml":
            yield path, label


def may_be_export(path: Path) -> bool:
    """Whether the name ends like an export's; another file is listed, not read."""
    name = path.name.lower()
    return name.endswith(SUFFIXES) or name.endswith(ARCHIVES)


def foreign(label: str) -> str:
    """What a file that is no export is and what to do about it, where it may hold a report all the same; "" elsewhere."""
    suffix = Path(label).suffix.lower()
    what = FOREIGN.get(suffix, "an archive inside an archive: unpack it into the folder" if suffix == ".zip" else "")
    return f"the file is {what}." if what else ""


def _is_hidden(name: str) -> bool:
    last = name.rstrip("/").rsplit("/", 1)[-1]
    return last.startswith((".", "~$")) or name.startswith("__MACOSX/")


def _readable(info: zipfile.ZipInfo) -> str:
    """The member's name. Archives made on a Chinese Windows write it in GB18030 without saying so."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return info.filename.encode("cp437").decode(encoding)
        except UnicodeError:
            pass
    return info.filename


def _zip_time(info: zipfile.ZipInfo) -> float:
    """The member's time as if it were UTC: zip keeps no zone, and the order of members is what counts."""
    import calendar

    return float(calendar.timegm((*info.date_time, 0, 0, 0)))


def _zip(path: Path, label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise Refused(f"{label}: not a whole zip archive ({error}). Download it again.") from error


def _entries(path: Path) -> int:
    """How many members the archive's last record counts."""
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - 66000, 0))
        tail = stream.read()
    return int.from_bytes(tail[(at := tail.rfind(b"PK\5\6")) + 10:at + 12], "little")


def _stated(path: Path, size: int) -> int:
    """What a gzip file says it unpacks to (modulo 4 GB); the reading itself finds out whether that is true."""
    if size < 18:
        return 0
    with path.open("rb") as stream:
        stream.seek(-4, io.SEEK_END)
        return int.from_bytes(stream.read(4), "little")


@contextlib.contextmanager
def _unpacking(label: str) -> Iterator[None]:
    """Turns every way an archive can be damaged into one message."""
    try:
        yield
    except Refused:
        raise
    except _DAMAGE as error:
        raise Refused(f"{label}: the archive is damaged or cut off ({error}). Download it again.") from error


def _capped(stream: io.BufferedIOBase, packed: int, stated: int, label: str) -> Iterator[bytes]:
    """All bytes of the stream; `stated` is what it claims to hold. Refused beyond the cap."""
    cap = min(LARGEST, max(packed * RATIO, 100 << 20))
    size = 0
    while size <= cap and stated <= cap and (piece := stream.read(PIECE)):
        size += len(piece)
        yield piece
    if size > cap or stated > cap:
        raise Refused(f"{label}: unpacks to more than {cap} bytes from {packed}; refused as an archive bomb.")


def check_workbook(data: pa.Buffer, label: str) -> None:
    """Reads an .xlsx through once: Refused when it is damaged, a bomb, or its used range is beyond the cap.

    A sheet with one cell far down to the right would be unrolled to billions of empty ones.
    """
    cap = min(LARGEST, max(data.size * RATIO, 100 << 20))
    if bytes(memoryview(data)[:4]) == b"\xd0\xcf\x11\xe0":
        raise Refused(f"{label}: an old Excel workbook, or one with a password. Save it as .xlsx without a password.")
    if bytes(memoryview(data)[:2]) != b"PK" and b"\0" not in bytes(memoryview(data)[:1000]):
        raise Refused(f"{label}: no workbook but a text file. Name it .csv.")
    size = 0
    with _unpacking(label), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            rows, columns, tail = 0, 0, b""
            with archive.open(info) as stream:
                while piece := stream.read(1 << 20):
                    size += len(piece)
                    if size > cap:
                        raise Refused(f"{label}: unpacks to more than {cap} bytes from {data.size}; refused as an archive "
                                      "bomb.")
                    for letters, number in re.findall(rb'<c r="([A-Z]{1,3})(\d{1,7})"', tail + piece):
                        rows, columns = max(rows, int(number)), max(columns, column_number(letters) + 1)
                    tail = piece[-32:]
            if rows * columns > CELLS:
                raise Refused(f"{label}: a sheet has {rows} rows by {columns} columns, more than the cap of {CELLS} cells. "
                              "Delete the empty rows and columns, or save it as .csv.")


def column_number(letters: bytes) -> int:
    """The position of a sheet's column, from 0.

    >>> column_number(b"A"), column_number(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
