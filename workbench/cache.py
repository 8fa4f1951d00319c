"""Read exports, kept: one Arrow file per export, keyed by its content and by what reads it.

The cache is a folder of its own (the user's cache folder, or WORKBENCH_CACHE). It may be deleted at any time. Files
are written beside their place and moved there, so two processes and a crash leave whole files only. A file that
cannot be read is as good as none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.compute as pc

from workbench import (
    cells,
    currencies,
    dates,
    denomination,
    doubts,
    encoding,
    files,
    flatfile,
    lines,
    numerals,
    records,
    reports,
    specs,
    values,
)
from workbench import seller as sellers
from workbench.files import Part
from workbench.flatfile import Problem

AHEAD = 2  # exports under way at once
WORDS = ("currency", "marketplace", "sales_channel", "country")  # columns that tell the seller's region
FRESH_SECONDS = 2.0  # a file changed this recently may change again within its time stamp: hash it anew


def folder() -> Path:
    """Where read exports are kept."""
    return Path(os.environ.get("WORKBENCH_CACHE") or platformdirs.user_cache_dir("fba-workbench", False))


@functools.cache
def version() -> str:
    """A digest of everything that decides how bytes become tables: the specs, the regions, the reader's own text."""
    readers = (Path(module.__file__).read_bytes()
               for module in (cells, currencies, dates, denomination, doubts, encoding, files, flatfile, lines, numerals,
                              records, reports, specs, values))
    return hashlib.sha256(f"{specs.version()}{sellers.regions()}".encode() + b"".join(readers)).hexdigest()[:16]


def read_all(parts: Iterable[Part], region: str) -> Iterator[tuple[Part, Callable[[], tuple[str, reports.Report]]]]:
    """Each export with a call that gives its sha256 and its report, or raises what reports.read_part raises.

    The next export is being read while this one is used: one is split on all cores while another is typed and written.
    """
    waiting: deque[tuple[Part, Future]] = deque()
    with ThreadPoolExecutor(AHEAD) as pool:
        for part in parts:
            waiting.append((part, pool.submit(_read, part, region)))
            if len(waiting) > AHEAD:
                done, report = waiting.popleft()
                yield done, report.result
        while waiting:
            done, report = waiting.popleft()
            yield done, report.result


def facts(report: reports.Report) -> dict:
    """What is known of a report without looking at its rows: `lines` (how many lines gave rows), `printed` and `moments`
    (the first and last of the days of rows without a moment, and of the moments), `words` (column -> word -> rows)."""
    return json.loads(report.data.schema.metadata[b"workbench"])


def rows(report: reports.Report) -> pa.Table:
    """The report's rows, mapped anew: what is looked at of them leaves memory with this table. Where the cache is gone,
    the rows that the report itself holds."""
    with contextlib.suppress(OSError, pa.ArrowInvalid):
        if report.kept:
            return _mapped(report.kept)
    return report.data


def _read(part: Part, region: str) -> tuple[str, reports.Report | Exception]:
    """The export's sha256, and its report from the cache or from its bytes, or why there is none."""
    sha = digest(part)
    try:
        return sha, read(part, sha, region)
    except (ValueError, OSError) as error:
        return sha, error


def digest(part: Part) -> str:
    """The sha256 of the export's bytes (unpacked). Known files of unchanged size and times are not read again: the time of
    the last change to the file counts too, since any program can set the other back to an earlier one's."""
    stat = part.path.stat()
    key = hashlib.sha256(f"{part.path.resolve()}\0{part.member}".encode()).hexdigest()
    note = folder() / "digests" / key[:2] / key
    stamp = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
    with contextlib.suppress(OSError, ValueError):
        known, sha = note.read_text("ascii").rsplit(" ", 1)
        if known == stamp and len(sha) == 64:
            return sha
    sha = _sha256(part)
    if time.time() - max(stat.st_mtime, stat.st_ctime) > FRESH_SECONDS:
        _write(note, lambda path: path.write_text(f"{stamp} {sha}", "ascii"))
    return sha


def _sha256(part: Part) -> str:
    if not part.is_packed:
        with part.path.open("rb", buffering=0) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    found = hashlib.sha256()
    for piece in part.pieces():
        found.update(piece)
    return found.hexdigest()


def read(part: Part, sha: str, region: str) -> reports.Report:
    """The export's report, from the cache or from its bytes. Raises what reports.read_part raises."""
    place = folder() / "exports" / sha[:2] / f"{sha}-{version()}-{region}.arrow"
    with contextlib.suppress(OSError, pa.ArrowInvalid, KeyError, ValueError):
        return _load(place, part)
    report = reports.read_part(part, region=region)
    table = _narrow(report.data).replace_schema_metadata({"workbench": json.dumps(_facts(report))})

    def save(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    _write(place, save)
    with contextlib.suppress(OSError, pa.ArrowInvalid, KeyError, ValueError):
        return _load(place, part)  # mapped: the rows of many files need not be in memory at once
    return dataclasses.replace(report, data=table)


def _mapped(place: Path) -> pa.Table:
    with pa.memory_map(str(place)) as source:
        return pa.ipc.open_file(source).read_all()


def _load(place: Path, part: Part) -> reports.Report:
    table = _mapped(place)
    known = json.loads(table.schema.metadata[b"workbench"])
    problems = tuple(Problem(*entry) for entry in known["problems"])
    return reports.Report(specs.reports()[known["spec"]], part, table, known["rows"], known["encoding"], problems, place)


def _narrow(table: pa.Table) -> pa.Table:
    """The table in one piece, its codes as small as they can be: what is mapped later is read from disk."""
    def small(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        if not pa.types.is_dictionary(column.type) or not column.num_chunks:
            return column
        coded = column.chunk(0)
        size = np.min_scalar_type(-max(len(coded.dictionary), 1))
        return pa.DictionaryArray.from_arrays(coded.indices.to_numpy().astype(size), coded.dictionary, safe=False)

    columns = [small(column) for column in table.combine_chunks().columns]
    fields = [pa.field(field.name, column.type, metadata=field.metadata)
              for field, column in zip(table.schema, columns, strict=True)]
    return pa.table(columns, schema=pa.schema(fields))


def _facts(report: reports.Report) -> dict:
    table, day = report.data, report.spec.day
    known = {"spec": report.spec.name, "rows": report.rows, "encoding": report.encoding,
             "problems": [(p.line, p.column, p.value, p.why, p.kind) for p in report.found],
             "lines": report.loaded,
             "words": {name: dict(_counted(table.column(name))) for name in WORDS if name in table.schema.names}}
    if day:
        moment = specs.moments().get(day, "")
        days = table.column(day).cast(pa.int32())
        if moment in table.schema.names:
            moments = table.column(moment)
            days = days.filter(pc.is_null(moments))
            known["moments"] = _span(moments.cast(pa.int64()))
        known["printed"] = _span(days)
    return known


def _span(values: pa.ChunkedArray) -> list[int] | None:
    ends = pc.min_max(values).as_py()
    return None if ends["min"] is None else [ends["min"], ends["max"]]


def _counted(column: pa.ChunkedArray) -> list[tuple[str, int]]:
    return [(entry["values"] or "", entry["counts"]) for entry in pc.value_counts(column).to_pylist()]


def _write(place: Path, save: Callable[[Path], object]) -> None:
    """Whole or not at all; a cache that cannot be written (full disk, read-only) is no reason to stop."""
    temporary = place.with_name(f"{place.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        save(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, place)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
