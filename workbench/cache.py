"""Read exports, kept: one Arrow file per export, keyed by its content and by what reads it.

The cache is a folder of its own (the user's cache folder, or WORKBENCH_CACHE). It may be deleted at any time. Files
are written beside their place and moved there, so two processes and a crash leave whole files only. A file that
cannot be read is as good as none.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import time
from pathlib import Path

import platformdirs
import pyarrow as pa

from workbench import doubts, encoding, files, flatfile, lines, records, reports, specs, values
from workbench.files import Part
from workbench.flatfile import Problem

FRESH_SECONDS = 2.0  # a file changed this recently may change again within its time stamp: hash it anew


def folder() -> Path:
    """Where read exports are kept."""
    return Path(os.environ.get("WORKBENCH_CACHE") or platformdirs.user_cache_dir("fba-workbench", False))


@functools.cache
def version() -> str:
    """A digest of everything that decides how bytes become tables: the specs and the reader's own text."""
    readers = (Path(module.__file__).read_bytes()
               for module in (doubts, encoding, files, flatfile, lines, records, reports, values))
    return hashlib.sha256(specs.version().encode() + b"".join(readers)).hexdigest()[:16]


def digest(part: Part) -> str:
    """The sha256 of the export's bytes (unpacked). Known files of unchanged size and time are not read again."""
    stat = part.path.stat()
    key = hashlib.sha256(f"{part.path.resolve()}\0{part.member}".encode()).hexdigest()
    note = folder() / "digests" / key[:2] / key
    stamp = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
    with contextlib.suppress(OSError, ValueError):
        known, sha = note.read_text("ascii").rsplit(" ", 1)
        if known == stamp and len(sha) == 64:
            return sha
    found = hashlib.sha256()
    for piece in part.pieces():
        found.update(piece)
    sha = found.hexdigest()
    if time.time() - stat.st_mtime > FRESH_SECONDS:
        _write(note, f"{stamp} {sha}".encode())
    return sha


def read(part: Part, sha: str, region: str) -> reports.Report:
    """The export's report, from the cache or from its bytes. Raises what reports.read_part raises."""
    place = folder() / "exports" / sha[:2] / f"{sha}-{version()}-{region}.arrow"
    with contextlib.suppress(OSError, pa.ArrowInvalid, KeyError, ValueError):
        return _load(place, part)
    report = reports.read_part(part, region=region)
    facts = {"spec": report.spec.name, "rows": report.rows, "encoding": report.encoding,
             "problems": [(p.line, p.column, p.value, p.why, p.kind) for p in report.found]}
    sink = pa.BufferOutputStream()
    table = report.data.replace_schema_metadata({"workbench": json.dumps(facts)})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    _write(place, sink.getvalue())
    return report


def _load(place: Path, part: Part) -> reports.Report:
    with pa.memory_map(str(place)) as source:
        table = pa.ipc.open_file(source).read_all()
    facts = json.loads(table.schema.metadata[b"workbench"])
    problems = tuple(Problem(*entry) for entry in facts["problems"])
    return reports.Report(specs.reports()[facts["spec"]], part, table, facts["rows"], facts["encoding"], problems)


def _write(place: Path, data: bytes | pa.Buffer) -> None:
    """Whole or not at all; a cache that cannot be written (full disk, read-only) is no reason to stop."""
    temporary = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(memoryview(data))
        os.replace(temporary, place)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()


