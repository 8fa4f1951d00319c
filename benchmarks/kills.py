"""Kill `workbench publish` again and again at random moments, and look at what lies there: no half page, ever.

    python -m benchmarks.kills --kills 200

Two small sellers, two months, three small notebooks, two workers. Each run is ended at a random moment by SIGKILL,
SIGTERM or SIGINT, sent to the run alone or to all its processes, and begun again until every page stands; then from an
empty folder.
After each kill: every page there is byte for byte the page of an undisturbed run, the index is whole, no process of the
run is left, and after a signal that can be caught no unfinished file either. A run that follows leaves alone what stands.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

import nbformat
import psutil

from workbench import runs
from workbench.simulate import simulate

MONTHS = "2026-02..2026-03"
PARAMETERS = ('seller = ""\nmonth = "2026-01"\nas_of = "2026-01-31"\npolicy = "amazon"\ninteractive = True')
CELLS = {
    "loss-rate": 'rates = loss.loss_rates(known.table("ledger_detail", list(loss.NEEDED)), ["month"], as_of=day)\n'
                 "figures.rate_over_time(rates, month, 0.003)",
    "files": "figures.covered(known)",
    "quick": "Note(same(as_of))",
}
FIRST = ("import datetime as dt\nfrom workbench import books, figures, loss\nfrom workbench.display import Note, Record\n"
         "from workbench.words import same\nday, known = dt.date.fromisoformat(as_of), books.open(seller, through=as_of)")
LAST = "Record({'files': []}, incomplete=False)"
FINE = (0, 3)  # the exit codes of a run that made its pages
LEAVING = 60  # seconds that the processes of a run have to leave


def prepare(above: Path) -> list[Path]:
    """The program with small notebooks beside it, and two sellers."""
    (above / "program").mkdir(parents=True)
    (above / "program" / "workbench").symlink_to(Path(str(files("workbench"))), target_is_directory=True)
    (above / "program" / "notebooks").mkdir()
    for name, cell in CELLS.items():
        first = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        book = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, (FIRST, cell, LAST))], metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        nbformat.write(book, above / "program" / "notebooks" / f"{name}.ipynb")
    sellers = [above / f"shop-{number}" for number in "12"]
    for number, seller in enumerate(sellers):
        simulate(seller, seed=number, skus=5, months=2, last_month=MONTHS[-7:], name=seller.name)
    return sellers


def run(above: Path, sellers: list[Path], out: Path) -> subprocess.Popen:
    """One publish of everything, in a process group of its own."""
    env = os.environ | {"PYTHONPATH": f"{above / 'program'}", "WORKBENCH_CACHE": f"{above / 'cache'}",
                        "KILLS": str(above)}
    command = [sys.executable, "-m", "workbench.cli", "publish", *map(str, sellers), "--months", MONTHS, "--out", str(out),
               "--jobs", "2", "--quiet"]
    return subprocess.Popen(command, env=env, cwd=above / "program", start_new_session=True, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def pages(out: Path) -> dict[str, str]:
    """Every page and its sha256."""
    return {path.relative_to(out).as_posix(): runs.sha256(path) for path in out.glob("*/*/*.html")}


def standing(out: Path) -> dict[Path, int]:
    """Every page whose record says that it is good and is that page's, with the time it was written."""
    found = {}
    for path in out.glob("*/*/*.run.json"):
        record, page = runs.read(path), path.with_name(path.name.replace(".run.json", ".html"))
        if record.get("ok"):
            assert record["page_sha256"] == runs.sha256(page), f"{path} calls a page good that is not there"
            found[page] = page.stat().st_mtime_ns
    return found


def left_running(above: Path) -> list[psutil.Process]:
    """The processes of a run that still live: all inherit its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("KILLS") == str(above) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def gone(above: Path) -> None:
    """Raises when a process of the run does not leave by itself."""
    deadline = time.monotonic() + LEAVING
    while found := left_running(above):
        assert time.monotonic() < deadline, f"left running: {[' '.join(process.cmdline()) for process in found]}"
        time.sleep(0.1)


def killed(above: Path, sellers: list[Path], out: Path, golden: dict[str, str], number: int, group: bool,
           after: float) -> bool:
    """One run, ended after so many seconds and looked at; False when it was done before."""
    stood = standing(out)
    one = run(above, sellers, out)
    try:
        said = one.communicate(timeout=after)[1]
        early = False
    except subprocess.TimeoutExpired:
        (os.killpg if group else os.kill)(one.pid, number)
        said = one.communicate(timeout=LEAVING)[1]
        early = True
    gone(above)
    ended = one.returncode
    assert early or ended in FINE, f"{ended}: {said}"
    for page, sha in pages(out).items():
        assert sha == golden[page], f"{page} is not the page of an undisturbed run"
    index = out / "index.html"
    assert not index.exists() or index.read_text("utf-8").rstrip().endswith("</html>")
    for page, written in stood.items():
        assert page.stat().st_mtime_ns == written, f"{page} stood, and was made again"
    if early and ended not in FINE and number != signal.SIGKILL:
        assert not list(out.rglob("*.part*")), f"signal {number} left unfinished files"
    standing(out)
    return early


def main(kills: int, seed: int, above: Path) -> str:
    """The kills, one after another; AssertionError at the first thing that is not as it should be."""
    chance, counts = random.Random(seed), Counter()
    sellers = prepare(above)
    run(above, sellers, above / "first").communicate()  # reads the exports once
    started = time.monotonic()
    finish(above, sellers, above / "golden", {})
    seconds, golden = time.monotonic() - started, pages(above / "golden")
    assert len(golden) == 2 * 2 * len(CELLS)
    out = above / "out"
    while sum(counts.values()) < kills:
        number = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        group = chance.random() < 0.5
        if killed(above, sellers, out, golden, number, group, chance.uniform(0.05, seconds)):
            counts[f"{signal.Signals(number).name} to {'all' if group else 'the run'}"] += 1
            print(f"{sum(counts.values())} kills, {len(standing(out))} pages stand", file=sys.stderr, flush=True)
        if len(standing(out)) == len(golden):
            finish(above, sellers, out, golden)
            shutil.rmtree(out)
    finish(above, sellers, out, golden)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count)
    return f"{kills} kills ({told}) of runs of {seconds:.1f} s: no half page, no false record, nothing made twice"


def finish(above: Path, sellers: list[Path], out: Path, golden: dict[str, str]) -> None:
    """A run that nobody disturbs: every page stands, and nothing unfinished."""
    stood, last = standing(out), run(above, sellers, out)
    said = last.communicate()[1]
    assert last.returncode in FINE, said
    assert len(standing(out)) == len(pages(out)) and pages(out) == (golden or pages(out))
    assert not list(out.rglob("*.part*"))
    for page, written in stood.items():
        assert page.stat().st_mtime_ns == written, f"{page} stood, and was made again"


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(main(given.kills, given.seed, Path(folder)))
