"""Variants of one piece of work, each in a process of its own, in interleaved rounds (A B C A B C …).

A shared machine slows every variant of a round alike, so what counts is the ratio to the first variant of the same
round; medians over the rounds are shown. Imports are not measured: seconds and CPU seconds are those of the work.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

FIELDS = ("seconds", "cpu", "peak")


def measured(work: Callable[[], object], answer: Callable[[object], object] = lambda result: result) -> dict:
    """Seconds, CPU seconds of all threads, peak memory in MB, and `answer` of what `work` gives (not measured)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"seconds": wall, "cpu": cpu, "peak": peak_memory(), "answer": answer(result)}


def peak_memory() -> float:
    """The most memory this process has held at once, mapped files included, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1024)


def compared(module: str, variants: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[dict]]:
    """What `python -m module --one ARGUMENTS` measured, per variant, one entry a round."""
    found: dict[str, list[dict]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, arguments in variants.items():
            command = [sys.executable, "-m", module, "--one", *arguments]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def table(found: dict[str, list[dict]]) -> list[dict]:
    """One row per variant: medians, and the ratio to the first variant in the same round."""
    first = next(iter(found.values()))
    rows = []
    for name, runs in found.items():
        pairs = list(zip(runs, first, strict=True))
        rows.append({"variant": name, **{field: median(run[field] for run in runs) for field in FIELDS},
                     "ratio": median(run["seconds"] / other["seconds"] for run, other in pairs),
                     "cpu_ratio": median(run["cpu"] / max(other["cpu"], 1e-9) for run, other in pairs)})
    return rows


def shown(rows: list[dict], title: str) -> str:
    """The rows as a Markdown table."""
    lines = [f"### {title}", "", "| variant | seconds | ratio | CPU seconds | CPU ratio | peak MB |",
             "|---|---|---|---|---|---|"]
    lines += ["| {variant} | {seconds:.3f} | {ratio:.2f} | {cpu:.2f} | {cpu_ratio:.2f} | {peak:.0f} |".format(**row)
              for row in rows]
    return "\n".join([*lines, ""])


def same_answers(found: dict[str, list[dict]]) -> None:
    """Raises unless all runs gave the same answer: a fast wrong figure is worth nothing."""
    answers = {json.dumps(run["answer"], sort_keys=True): name for name, runs in found.items() for run in runs}
    if len(answers) > 1:
        raise AssertionError(f"the variants disagree: {answers}")


def installed(*names: str) -> list[str]:
    """The modules that are there; the others are named on stderr and left out."""
    there = [name for name in names if importlib.util.find_spec(name)]
    for name in set(names) - set(there):
        print(f"{name} is not installed (pip install fba-workbench[bench]): left out", file=sys.stderr)
    return there


def folder(chosen: argparse.Namespace) -> Path:
    """Where the files of a run with these options lie."""
    return (chosen.folder or Path(tempfile.gettempdir()) / "fba-benchmarks") / f"{chosen.rows}"


def begun(description: str, rows: int, variants: Mapping[str, Callable[[Path], dict]]) -> tuple[argparse.Namespace, Path]:
    """The options of a run and its folder, with the cache in it; a process of one variant measures, prints and ends."""
    options = parser(description, rows)
    options.add_argument("exports", nargs="?", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(variants[chosen.one](chosen.exports)))
        raise SystemExit
    os.environ["WORKBENCH_CACHE"] = str(folder(chosen) / "cache")
    return chosen, folder(chosen)


def parser(description: str, rows: int) -> argparse.ArgumentParser:
    """The options every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--rows", type=int, default=rows, help="ledger rows (default: %(default)s)")
    options.add_argument("--rounds", type=int, default=5, help="rounds of all variants (default: %(default)s)")
    options.add_argument("--folder", type=Path, help="where the files are written, kept for the next run "
                                                     "(default: fba-benchmarks in the folder for temporary files)")
    options.add_argument("--one", help=argparse.SUPPRESS)
    return options
