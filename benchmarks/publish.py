"""How fast pages are made, against `papermill` and `nbconvert` commands in a loop: ratios from one interleaved run.

    python benchmarks/publish.py [--sellers 3] [--months 12] [--rounds 2] [--jobs 2] [--skus 20]

The sellers are simulated; the notebooks, parameters and machine are the same on both sides. Each round times a page of
each notebook by commands, then the whole grid by `workbench publish` into an empty folder, then a page of each again. Wall
time tells what a user waits for; processor time tells the same on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench import grid, publish
from workbench.months import months_back
from workbench.simulate import simulate

LAST = "2026-06"


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of `work` and the processes it waited for."""
    before, started = _processor(), time.perf_counter()
    work()
    return time.perf_counter() - started, _processor() - before


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(entry.ru_utime + entry.ru_stime for entry in used)


def by_commands(job: grid.Job, folder: Path) -> None:
    """One page by the commands everybody has."""
    made = folder / f"{job.month}-{job.notebook}.ipynb"
    given = {"seller": job.seller.resolve(), "month": job.month, "as_of": job.as_of, "policy": job.policy}
    words = [word for name, value in given.items() for word in ("-r", name, str(value))]
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "papermill", str(grid.notebook_path(job.notebook)), str(made), *words, "-p",
                    "interactive", "False", "--no-progress-bar"], **run)
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(made)], **run)


def by_publish(sellers: Sequence[Path], months: str, out: Path, jobs: int) -> None:
    """The whole grid by our command."""
    subprocess.run([sys.executable, "-m", "workbench.cli", "publish", *map(str, sellers), "--months", months, "--out",
                    str(out), "--jobs", str(jobs), "--quiet"], check=False)


def warm(job: grid.Job, times: int) -> tuple[float, float]:
    """Seconds of one page in a process that has made one before, and of its own cells in it: the median of `times`."""
    import nbformat

    publish.make(job, force=True)
    pages, cells = [], []
    for number in range(times):
        again = grid.Job(**(vars(job) | {"run": str(number)}))
        pages.append(timed(lambda job=again: publish.make(job, force=True))[0])
        book = nbformat.read(job.folder / f"{job.notebook}.ipynb", 4)
        cells.append(sum(cell.metadata.papermill.duration or 0 for cell in book.cells if cell.cell_type == "code"))
    return statistics.median(pages), statistics.median(cells)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("sellers", 3), ("months", 12), ("rounds", 2), ("jobs", 2), ("skus", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as above:
        os.environ.setdefault("WORKBENCH_CACHE", f"{above}/cache")
        sellers = [Path(above) / f"shop-{number}" for number in range(args.sellers)]
        for number, seller in enumerate(sellers):
            simulate(seller, seed=number, skus=args.skus, months=args.months, last_month=LAST, name=seller.name)
        months = tuple(months_back(LAST, count) for count in reversed(range(args.months)))
        span = f"{months[0]}..{LAST}"
        wanted = grid.Wanted(Path(above) / "warm", months, None, None, ("en", "zh"), tuple(grid.all_notebooks()), "")
        jobs = [job for seller in sellers for job in grid.jobs(seller, wanted)]
        middle = months[len(months) // 2]
        spread = [next(job for job in jobs if (job.month, job.notebook) == (middle, name)) for name in grid.all_notebooks()]
        commands, ours = [], []
        for number in range(args.rounds):
            commands += [timed(lambda job=job: by_commands(job, Path(above))) for job in spread]
            ours.append(timed(lambda at=number: by_publish(sellers, span, Path(above) / str(at), args.jobs)))
            commands += [timed(lambda job=job: by_commands(job, Path(above))) for job in spread]
        made = len(list((Path(above) / "0").rglob("*.html"))) - 1
        one, all_of = ([statistics.mean(column) for column in zip(*rows, strict=True)] for rows in (commands, ours))
        print(f"{made} pages of {args.sellers} sellers, {', '.join(grid.all_notebooks())}; {args.jobs} jobs, "
              f"{len(commands)} pages by commands")
        for kind, command, publishing in zip(("wall", "processor"), one, all_of, strict=True):
            print(f"{kind:10} commands {command:6.2f} s a page   publish {publishing / made:6.2f} s a page   "
                  f"ratio {command * made / publishing:5.1f}")
        for name in grid.all_notebooks():
            page, cells = warm(next(job for job in jobs if job.notebook == name), 3)
            print(f"{'warm':10} {name}: page {page:.2f} s, its own cells {cells:.2f} s, beyond them {page - cells:.2f} s, "
                  f"ratio {page / cells:.2f}")


if __name__ == "__main__":
    main()
