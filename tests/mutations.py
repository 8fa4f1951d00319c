"""What becomes of a damaged file: every report, every kind of damage, one table of outcomes.

    python -m tests.mutations [--seed N] [--times N] [REPORT…]      # prints the table

Exit code 1 when anything was read wrong in silence. Another seed damages other places.

Each report's file is made from its spec in four shapes of text, as a workbook and as an API answer (and taken from
../shared/samples where they are), damaged in one place, and read. The outcome is one of

    right        every row as in the whole file
    set aside    the rows that are loaded are right; the others stand in the problems, with their line and a reason
    doubted      a row reads otherwise than before, and a doubt or a note names it or its column
    refused      the file as a whole, with a reason
    by nature    the damage leaves a perfectly good file; BY_NATURE says which check sees it from elsewhere
    SILENT       other rows than in the whole file, and nothing said: must never happen

Free text (titles) is compared only where the damage is one of encoding: a title that was changed is what the file says.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import damage_records
from tests.damage import DAMAGE, TEXT_MATTERS, Packed
from tests.whole_files import Sample, real, samples
from workbench import reports, specs

OUTCOMES = ("right", "set aside", "doubted", "refused", "SILENT", "by nature")
BY_NATURE = {
    "line dropped": "identity, chain, detail_summary; settlement_totals; days; an export that overlaps",
    "line doubled": "the same. Identical rows are kept on purpose: three equal events are three events",
    "cut between two lines": "the same, and up_to_date: the report ends before the month does",
    "two good values swapped": "identity, detail_summary, damage_pairs; settlement_totals",
    "one digit changed": "identity, detail_summary, damage_pairs; settlement_totals",
    "record dropped": "days; an answer that overlaps",
    "record doubled": "an answer that overlaps",
}


@dataclass(frozen=True)
class Held(reports.Part):
    """An export that exists in memory only."""

    content: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        return iter([self.content] if self.content else [])


# ---------------------------------------------------------------------------------------------------- outcomes

def loaded(report: reports.Report, text: bool) -> Counter:
    """The rows that were read, without their line numbers; free text only where `text`: a title is what the file says."""
    names = [name for name in report.data.schema.names
             if specs.registry().get(name, {"type": "text"})["type"] != "text" or text and name in specs.registry()]
    return Counter(zip(*(report.data.column(name).to_pylist() for name in names), strict=True))


def read(name: str, data: bytes | Packed) -> reports.Report:
    """The report in the bytes, as if they lay in a file `name`; an archive really lies in one."""
    if not isinstance(data, Packed):
        return reports.read_part(Held(Path(name), name, "", 0.0, data))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / data.name
        place.write_bytes(data.data)
        return reports.read(place)


def outcome(whole: reports.Report, name: str, data: bytes | Packed, text: bool = False) -> tuple[str, str]:
    """What became of the damaged file, and the reasons given."""
    try:
        found = read(name, data)
    except ValueError as error:
        return "refused", str(error)
    known = {(p.column, p.why, p.kind) for p in whole.found}
    reasons = [p for p in found.found if (p.column, p.why, p.kind) not in known]
    aside = {p.line for p in found.found if p.kind == "row"}
    if found.rows != found.loaded + len(aside):
        return "SILENT", "rows read are not rows loaded and rows set aside"
    if found.spec.name != whole.spec.name:
        unknown = [p.column for p in reasons if "nobody knows" in p.why]
        return ("doubted" if unknown else "SILENT"), f"read as {found.spec.name}; unknown: {unknown}"
    before, after = loaded(whole, text), loaded(found, text)
    if before == after:
        return "right", ""
    said = "; ".join(f"{p.line}: {p.column} {p.why}" for p in reasons)
    if not after - before and aside:
        return "set aside", said
    if any(p.kind != "row" for p in reasons):
        return "doubted", said
    return "SILENT", f"more {list(after - before)[:2]} fewer {list(before - after)[:2]}"


def damages(sample: Sample) -> dict[str, Callable]:
    """The kinds of damage that a file of the sample's shape may have."""
    return damage_records.DAMAGE.get(sample.shape, DAMAGE)


def tried(sample: Sample, kind: str, dice: random.Random) -> tuple[str, str, bytes | Packed | None]:
    """Outcome, reasons and bytes of one damage to one sample; ("", "", None) where it does not apply."""
    data = damages(sample)[kind](sample, dice)
    if data is None:
        return "", "", None
    held = sample
    if isinstance(data, tuple) and not isinstance(data, Packed):
        data, held = data
    result, why = outcome(whole(held), _name(held), data, kind in TEXT_MATTERS)
    return ("by nature" if result == "SILENT" and kind in BY_NATURE else result), why, data


def _name(sample: Sample) -> str:
    suffix = {"workbook": ".xlsx", "answer": ".json"}.get(sample.shape, ".txt" if sample.separator == chr(9) else ".csv")
    return f"{sample.spec}{suffix}"


@functools.lru_cache(500)
def whole(sample: Sample) -> reports.Report:
    data = damage_records.whole(sample) if sample.shape in damage_records.DAMAGE else sample.text().encode()
    return read(_name(sample), data)


def every(names: tuple[str, ...] = ()) -> Iterator[Sample]:
    """All samples: texts, workbooks, answers, and the files nobody here wrote."""
    yield from samples(names)
    yield from damage_records.records(names)
    yield from (sample for sample in real() if not names or sample.spec in names)


def table(names: tuple[str, ...] = (), times: int = 3, seed: int = 0) -> tuple[dict[str, Counter], list[str]]:
    """Damage -> how often each outcome, over every report and shape; and what was silently different."""
    dice = random.Random(seed)
    kinds = dict.fromkeys([*DAMAGE, *(kind for known in damage_records.DAMAGE.values() for kind in known)])
    found: dict[str, Counter] = {kind: Counter() for kind in kinds}
    silent = []
    for sample in every(names):
        for kind in damages(sample):
            for _ in range(times):
                result, why, data = tried(sample, kind, dice)
                found[kind][result] += bool(result)
                if result == "SILENT":
                    silent.append(f"{sample.name}, {kind}: {why}\n{data!r}")
    return found, silent


# ---------------------------------------------------------------------------------------------------- beyond the caps

def monsters() -> dict[str, Callable[[Path], None]]:
    """Files that would fill the memory of a careless reader."""
    head = b"sku\tunit_cost\r\nA\t1\r\n"

    def packed(place: Path) -> None:
        with gzip.open(place, "wb", 1) as stream:
            for _ in range(1024):
                stream.write(bytes(1 << 20))

    def zipped(place: Path) -> None:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.txt", "w") as stream:
            for _ in range(1024):
                stream.write(bytes(1 << 20))

    return {
        "bomb.txt.gz": packed, "bomb.zip": zipped, "bomb.xlsx": zipped,
        "one line of 100 MB.txt": lambda place: place.write_bytes(head + b"A" * 100_000_000 + b"\t1\r\n"),
        "a million columns.txt": lambda place: place.write_bytes(b"\t".join(b"c%d" % at for at in range(1_000_000))),
        "a line of a million cells.txt": lambda place: place.write_bytes(head + b"1\t" * 1_000_000 + b"\r\n"),
        "brackets.json": lambda place: place.write_bytes(b"[" * 1_000_000),
    }


def met(place: Path) -> str:
    """What became of one monster, in how many seconds."""
    start = time.perf_counter()
    try:
        found = reports.read(place)
        result = "; ".join(f"line {p.line}: {p.why}" for p in found.found if p.kind == "row")
    except ValueError as error:
        result = str(error).removeprefix(f"{place.name}: ")
    return f"{time.perf_counter() - start:5.1f} s  {result[:150]}"


def main(names: tuple[str, ...], times: int, seed: int) -> int:
    found, silent = table(names, times, seed)
    print(f"{'damage':52}" + "".join(f"{name:>11}" for name in OUTCOMES))
    for kind, counts in found.items():
        print(f"{kind:52}" + "".join(f"{counts[name] or '·':>11}" for name in OUTCOMES))
    print("\nNo reader can see these in one file; the checks that see them from elsewhere:")
    for kind, checks in BY_NATURE.items():
        print(f"  {kind:26} {checks}")
    print("\nBeyond the caps:")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in monsters().items():
            make(Path(folder) / name)
            print(f"  {name:32} {met(Path(folder) / name)}")
    for case in silent:
        print(f"\nSILENT {case}")
    sums = Counter()
    for counts in found.values():
        sums.update({name: counts[name] for name in OUTCOMES})
    print(f"\n{sum(sums.values())} damaged files: " + ", ".join(f"{sums[name]} {name}" for name in OUTCOMES))
    return 1 if silent else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.partition("\n")[0])
    options.add_argument("reports", nargs="*", metavar="REPORT", help="default: all")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--times", type=int, default=3, help="damages of each kind to each file")
    given = options.parse_args()
    if unknown := set(given.reports) - set(specs.reports()):
        options.error(f"no such report: {', '.join(sorted(unknown))}")
    sys.exit(main(tuple(given.reports), given.times, given.seed))
