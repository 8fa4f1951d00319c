"""The files of a seller folder, archives opened: names, times and bytes, with every size under a stated cap.

One `Part` is what one export holds: a plain file, what is inside a `.gz`, or one member of a `.zip`.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

SUFFIXES = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xlsx")
ARCHIVES = (".gz", ".zip")
LARGEST = 8 << 30  # unpacked bytes of one export
RATIO = 300  # an archive that unpacks to more than this many times its size, beyond 100 MB, is a bomb
MEMBERS = 2000


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

    def data(self) -> pa.Buffer:
        """The bytes, unpacked. Raises Refused for a damaged archive or one past the cap."""
        if self.member:
            with _zip(self.path, self.label) as archive, _unpacking(self.label):
                info = archive.getinfo(self.member)
                return _capped(archive.open(info), info.compress_size, self.label)
        if self.path.suffix.lower() == ".gz":
            with _unpacking(self.label), gzip.open(self.path) as stream:
                return _capped(stream, self.path.stat().st_size, self.label)
        size = self.path.stat().st_size
        if size > LARGEST:
            raise Refused(f"{self.label}: {size} bytes, more than the cap of {LARGEST}. Export shorter periods.")
        if not size:
            return pa.py_buffer(b"")
        with pa.memory_map(str(self.path)) as source:
            return source.read_buffer()


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
    with _zip(path, label) as archive:
        members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        if len(members) > MEMBERS:
            raise Refused(f"{label}: {len(members)} members, more than the cap of {MEMBERS}.")
        return [Part(path, f"{label}!{info.filename}", info.filename, _zip_time(info)) for info in members]


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


def _is_hidden(name: str) -> bool:
    last = name.rstrip("/").rsplit("/", 1)[-1]
    return last.startswith((".", "~$")) or name.startswith("__MACOSX/")


def _zip_time(info: zipfile.ZipInfo) -> float:
    """The member's time as if it were UTC: zip keeps no zone, and the order of members is what counts."""
    import calendar

    return float(calendar.timegm((*info.date_time, 0, 0, 0)))


def _zip(path: Path, label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused(f"{label}: not a whole zip archive ({error}). Download it again.") from error


class _unpacking:
    """Turns every way an archive can be damaged into one message."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, EOFError, NotImplementedError,
                              RuntimeError, OSError)):
            raise Refused(f"{self.label}: the archive is damaged or cut off ({error}). Download it again.") from error


def _capped(stream: io.BufferedIOBase, packed: int, label: str) -> pa.Buffer:
    cap = min(LARGEST, max(packed * RATIO, 100 << 20))
    pieces = []
    size = 0
    while piece := stream.read(1 << 22):
        size += len(piece)
        if size > cap:
            raise Refused(f"{label}: unpacks to more than {cap} bytes from {packed}; refused as an archive bomb.")
        pieces.append(piece)
    return pa.py_buffer(b"".join(pieces))
