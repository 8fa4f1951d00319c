"""Notebooks to pages: papermill runs a notebook with checked parameters, nbconvert and our template make it a page.

One page per seller, month and notebook, at `<out>/<seller>/<month>/<notebook>.html`, with the recorded notebook and the
run's record beside it, and `<out>/index.html` over all. A page appears only when its notebook ran to its end; a failed
run keeps the earlier page, names the cell, and is marked in the index. Every file is written whole or not at all.
"""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from workbench import kernel

kernel.skip_slow_imports()

from workbench import __version__, books, page, words  # noqa: E402

SECONDS_A_CELL = 600  # a cell that takes longer is stopped: no batch hangs for ever
INCOMPLETE = "inputs incomplete"


@dataclass(frozen=True)
class Job:
    """One page to make."""

    seller: Path
    name: str  # of the seller, as shown
    month: str
    as_of: str
    policy: str
    notebook: str
    languages: tuple[str, ...]
    folder: Path  # where the page goes
    key: str  # digest of everything the page depends on


@dataclass(frozen=True)
class Outcome:
    """What became of one job. `page` is the page that now stands there, "" when none does."""

    seller: str
    month: str
    as_of: str
    notebook: str
    page: str
    ok: bool
    error: str = ""
    incomplete: bool = False
    skipped: bool = False
    seconds: float = 0.0


class ParameterError(ValueError):
    """A parameter the notebook does not have, or a value of another kind."""


def publish(sellers: Sequence[Path], *, months: Sequence[str] | None = None, out: Path = Path("reports"),
            as_of: dt.date | None = None, policy: str | None = None, lang: str = "both", jobs: int = 1,
            force: bool = False, quiet: bool = False, notebooks: Sequence[str] | None = None,
            executor: Executor | None = None) -> list[Outcome]:
    """Make the pages of every seller, month and notebook; one outcome each, in that order.

    `months`: None is each seller's last complete month of the ledger. `as_of`: None is the month's end. Pages whose
    inputs have not changed are left alone unless `force`. `jobs` processes work side by side; an `executor` of another
    kind (a cluster's) may be given instead.

    Raises ParameterError before anything runs; SellerError and FileNotFoundError for a folder that cannot be used.
    """
    from tqdm import tqdm

    languages = words.LANGUAGES if lang == "both" else (lang,)
    todo: list[Job] = []
    done: dict[Job, Outcome] = {}
    for folder in sellers:
        for job in _jobs(Path(folder), months, Path(out), as_of, policy, languages, notebooks or all_notebooks()):
            earlier = None if force else _unchanged(job)
            if earlier:
                done[job] = earlier
            todo.append(job)
    left = [job for job in todo if job not in done]
    bar = tqdm(total=len(left), desc="pages", unit="page", disable=quiet or not sys.stderr.isatty())
    with bar, _executor(executor, min(jobs, len(left))) as pool:
        waiting = {pool.submit(make, job): job for job in left}
        try:
            for finished in as_completed(waiting):
                job = waiting[finished]
                done[job] = _result(job, finished)
                bar.set_postfix_str(f"{job.name} {job.month} {job.notebook}")
                bar.update()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    index(Path(out), languages)
    return [done[job] for job in todo]


def make(job: Job) -> Outcome:
    """Run one notebook and write its page; never raises for what the notebook does."""
    started = time.perf_counter()
    place = job.folder / f"{job.notebook}.html"
    error, found, notebook = "", page.Recorded([], {}), None
    try:
        notebook = _run(job)
        found = page.recorded(notebook)
        error = _flaw(notebook, found)
        if not error:
            title = words.say(f"title.{job.notebook}") if words.known(f"title.{job.notebook}") \
                else words.same(job.notebook)
            _write(place, page.html(notebook, title=title, seller=job.name, month=job.month, as_of=job.as_of,
                                    languages=job.languages))
    except Exception as failure:  # a dead kernel, a full disk, a time limit: the page must not look like a good one
        error = _first_line(failure)
    outcome = Outcome(job.name, job.month, job.as_of, job.notebook, str(place) if place.exists() else "", not error,
                      f"{job.name} {job.month} {job.notebook}: {error}" if error else "",
                      bool(found.record.get("incomplete")), seconds=round(time.perf_counter() - started, 2))
    _record(job, outcome, found)
    return outcome


def index(out: Path, languages: Sequence[str] = words.LANGUAGES) -> Path:
    """Write `index.html` over every run record below `out`."""
    runs = []
    for record in sorted(out.glob("*/*/*.run.json")):
        with contextlib.suppress(ValueError, KeyError, OSError):
            run = json.loads(record.read_text("utf-8"))
            shown = record.with_name(f"{run['notebook']}.html")
            run["page"] = shown.relative_to(out).as_posix() if shown.exists() else ""
            runs.append(run)
    _write(out / "index.html", page.overview(runs, languages))
    return out / "index.html"


# ---------------------------------------------------------------------------------------------------- notebooks

def all_notebooks() -> list[str]:
    """The names of the notebooks that make monthly pages."""
    return sorted(path.stem for path in _beside("notebooks").glob("*.ipynb"))


def notebook_path(name: str) -> Path:
    """The notebook file; raises ParameterError for a name there is not."""
    path = _beside("notebooks") / f"{name}.ipynb"
    if not path.exists():
        raise ParameterError(f"there is no notebook {name!r}; there are {', '.join(all_notebooks())}.")
    return path


def demo_seller() -> Path:
    """The folder of the demo seller that comes with the workbench."""
    return _beside("data_samples") / "demo"


def parameters(notebook: Path) -> dict[str, object]:
    """The notebook's parameters and their defaults, from its cell tagged `parameters`."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            return {line.targets[0].id: ast.literal_eval(line.value)
                    for line in ast.parse("".join(cell["source"])).body if isinstance(line, ast.Assign)}
    return {}


def checked(notebook: Path, given: dict[str, object]) -> dict[str, object]:
    """`given` when the notebook has those parameters with values of that kind; ParameterError otherwise.

    papermill only warns of an unknown name, and writes a value of another type as text.
    """
    known = parameters(notebook)
    for name, value in given.items():
        if name not in known:
            raise ParameterError(f"{notebook.name} has no parameter {name!r}; it has {', '.join(known)}.")
        if type(value) is not type(known[name]):
            raise ParameterError(f"{notebook.name}: {name} = {value!r}, expected a value like {known[name]!r}.")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(given.get("month", "2000-01"))):
        raise ParameterError(f"{notebook.name}: month = {given['month']!r}, expected a month like '2026-06'.")
    dt.date.fromisoformat(str(given.get("as_of", "2000-01-01")))
    return given


# ---------------------------------------------------------------------------------------------------- one run

def _run(job: Job):
    """The executed notebook; papermill injects the parameters, our engine runs the cells."""
    import papermill

    from workbench import engine

    source = notebook_path(job.notebook)
    given = checked(source, {"seller": str(job.seller.resolve()), "month": job.month, "as_of": job.as_of,
                             "policy": job.policy, "interactive": False})
    job.folder.mkdir(parents=True, exist_ok=True)
    record = job.folder / f".{job.notebook}.{os.getpid()}.ipynb"
    try:
        executed = papermill.execute_notebook(
            str(source), str(record), given, engine_name=engine.NAME, progress_bar=False, log_output=False,
            request_save_on_cell_execute=False, start_timeout=120, execution_timeout=SECONDS_A_CELL)
        os.replace(record, job.folder / f"{job.notebook}.ipynb")
        return executed
    finally:
        record.unlink(missing_ok=True)


def _flaw(notebook, found: page.Recorded) -> str:
    """Why an executed notebook must not become a page; "" when it ran to its end.

    papermill marks every cell completed after a dead kernel, so success is what the last cell left behind. Cells are
    counted from 1 as in the notebook; the cell of injected parameters, which papermill puts in second place, is not.
    """
    for at, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors:
            return f"cell {at}: {errors[0].ename}: {errors[0].evalue}"
        if cell.source.strip() and cell.execution_count is None:
            return f"cell {at} was not run"
    return "" if found.record else "the notebook did not reach its closing record"


def _first_line(failure: Exception) -> str:
    """An exception as one line; of a failed cell its number and what it said."""
    cell = getattr(failure, "cell_index", None)
    if cell is not None and hasattr(failure, "ename"):
        return f"cell {cell}: {failure.ename}: {failure.evalue}".splitlines()[0]
    said = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {said[0] if said else ''}".rstrip(": ")


def _record(job: Job, outcome: Outcome, found: page.Recorded) -> None:
    """The run's record beside the page: what it was made from, its key figures, what happened."""
    record = asdict(outcome) | {
        "page": f"{job.notebook}.html" if outcome.page else "", "policy": job.policy, "key": job.key if outcome.ok else "",
        "languages": job.languages, "version": __version__, "facts": found.record.get("facts", {}),
        "figures": [{"name": card["name"], "label": card["label"], "value": card["value"], "raw": card["raw"]}
                    for card in found.figures]}
    with contextlib.suppress(OSError):  # the outcome is told anyway; a full disk must not hide the first error
        _write(job.folder / f"{job.notebook}.run.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _unchanged(job: Job) -> Outcome | None:
    """The outcome of an earlier run from the very same inputs, if its page still stands."""
    place = job.folder / f"{job.notebook}.html"
    with contextlib.suppress(OSError, ValueError, KeyError):
        run = json.loads((job.folder / f"{job.notebook}.run.json").read_text("utf-8"))
        if run["ok"] and run["key"] == job.key and place.exists():
            return Outcome(job.name, job.month, job.as_of, job.notebook, str(place), True,
                           incomplete=run["incomplete"], skipped=True)
    return None


# ---------------------------------------------------------------------------------------------------- the grid

def _jobs(folder: Path, months: Sequence[str] | None, out: Path, as_of: dt.date | None, policy: str | None,
          languages: tuple[str, ...], notebooks: Sequence[str]) -> Iterator[Job]:
    known = books.open(folder)
    sources = json.dumps(known.files[["file", "sha256"]].values.tolist())
    rules = policy or known.seller.policy
    for month in months or [_last_complete_month(known)]:
        day = (as_of or _last_day(month)).isoformat()
        for name in notebooks:
            key = hashlib.sha256("\0".join((
                program(), notebook_path(name).read_text("utf-8"), sources, _settings(folder), month, day, rules,
                *languages)).encode()).hexdigest()
            yield Job(folder, known.seller.name, month, day, rules, name, languages,
                      out / slug(known.seller.name) / month, key)


def _last_complete_month(known: books.Books) -> str:
    last = known.last_day("ledger_detail")
    if last is None:
        last = known.through
    month = last.strftime("%Y-%m")
    if last == _last_day(month):
        return month
    return (last.replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")


def _last_day(month: str) -> dt.date:
    year, number = map(int, month.split("-"))
    return dt.date(year + number // 12, number % 12 + 1, 1) - dt.timedelta(days=1)


def _settings(folder: Path) -> str:
    settings = folder / "seller.toml"
    return settings.read_text("utf-8") if settings.exists() else ""


@functools.cache
def program() -> str:
    """A digest of the program: when it changes, pages are made anew."""
    root = Path(str(files("workbench")))
    kept = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".j2", ".css", ".js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in kept)).hexdigest()


def slug(name: str) -> str:
    """A seller's name as a folder name: letters of any script, digits, dots and dashes; never a path.

    >>> slug("Acme / Home & Garden"), slug("../../etc"), slug("深圳 家居"), slug("")
    ('Acme-Home-Garden', 'etc', '深圳-家居', 'seller')
    """
    return re.sub(r"[^\w.]+", "-", name).strip("-._")[:80] or "seller"


@contextlib.contextmanager
def _executor(given: Executor | None, jobs: int) -> Iterator[Executor]:
    if given is not None:
        yield given
    elif jobs <= 1:
        yield _Here()
    else:
        import multiprocessing

        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool


class _Here(Executor):
    """Runs each job at once in this process: one page needs no pool."""

    def submit(self, fn, /, *args, **kwargs):
        from concurrent.futures import Future

        done: Future = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _result(job: Job, finished) -> Outcome:
    """A finished job's outcome; a worker that died is a failed page."""
    try:
        return finished.result()
    except Exception as failure:
        outcome = Outcome(job.name, job.month, job.as_of, job.notebook, "", False,
                          f"{job.name} {job.month} {job.notebook}: {_first_line(failure)}")
        _record(job, outcome, page.Recorded([], {}))
        return outcome


def _beside(name: str) -> Path:
    """A folder that lives inside the installed package, or beside it in a checkout."""
    root = Path(str(files("workbench")))
    return root / name if (root / name).is_dir() else root.parent / name


def _write(place: Path, text: str) -> None:
    """Whole or not at all: beside its place, on the disk, then moved there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)
