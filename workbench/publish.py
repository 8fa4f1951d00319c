"""Notebooks to pages: papermill runs a notebook with checked parameters, nbconvert and our template make it a page.

One page per seller, month and notebook, at `<out>/<seller>/<month>/<notebook>.html`, with the recorded notebook and the
run's record beside it, and `<out>/index.html` over all. A page appears only when its notebook ran to its end; a failed
run keeps the earlier page, names the cell, and is marked in the index. Every file is written whole or not at all.

A month can be closed (`lock`): its pages then stay as they are, or are made again byte for byte from the inputs it was
closed with, and a page beside them says what changed since.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench import kernel

kernel.skip_slow_imports()

from workbench import __version__, crew, export, grid, page, pictures, runs, words  # noqa: E402
from workbench.grid import (  # noqa: E402
    Job,
    ParameterError,
    Wanted,
    all_notebooks,
    checked,
    demo_seller,
    notebook_path,
    parameters,
    slug,
)

__all__ = ["Job", "Outcome", "ParameterError", "all_notebooks", "checked", "demo_seller", "index", "make",
           "notebook_path", "parameters", "publish", "slug"]

SECONDS_A_CELL = 600  # a cell that takes longer is stopped: no batch hangs for ever


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


def publish(sellers: Sequence[Path], *, months: Sequence[str] | None = None, out: Path = Path("reports"),
            as_of: dt.date | None = None, policy: str | None = None, lang: str = "both", jobs: int = 1,
            force: bool = False, quiet: bool = False, notebooks: Sequence[str] | None = None,
            executor: Executor | None = None, lock: bool = False) -> list[Outcome]:
    """Make the pages of every seller, month and notebook; one outcome each, in that order.

    `months`: None is each seller's last complete month of the ledger. `as_of`: None is the month's end. Pages whose
    inputs have not changed are left alone unless `force`. `jobs` processes work side by side; an `executor` of another
    kind (a cluster's) may be given instead. `lock` closes the months when all their pages are there.

    A seller that cannot be used is a failed outcome and stops no other. Raises ParameterError, before anything runs, for
    a month or notebook there is not.
    """
    out, started = Path(out), time.time()
    for month in months or ():
        grid.last_day(month)
    languages = words.LANGUAGES if lang == "both" else (lang,)
    wanted = Wanted(out, tuple(months) if months else None, as_of, policy, languages,
                    tuple(notebooks or all_notebooks()), uuid.uuid4().hex[:12])
    for name in wanted.notebooks:
        notebook_path(name)
    runs.sweep(out)
    todo, refused = _asked_for(grid.together(sellers), wanted)
    done = {job: found for job in todo if (found := _standing(job, force))}
    left = [job for job in todo if job not in done]
    side_by_side = min(jobs, (len(left) + 1) // 2)  # a worker with one page costs more than it saves
    try:
        with crew.crew(executor, side_by_side) as hands, crew.Progress(len(todo), len(done), quiet) as progress:
            for job, result in hands.each(make, left, force, progress=progress):
                done[job] = result if isinstance(result, Outcome) else _lost(job, result)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            index(out, wanted.languages)  # what was finished can be found
        raise
    outcomes = [*refused, *(done[job] for job in todo)]
    if lock:
        outcomes += _close(todo, done, wanted)
    try:
        index(out, wanted.languages)
        runs.save(out / "runs" / f"{_moment(started).replace(':', '')}-{wanted.run}.json", {
            "run": wanted.run, "started": _moment(started), "finished": _moment(time.time()), "version": __version__,
            "sellers": [str(folder) for folder in sellers], "months": months, "as_of": as_of, "policy": policy,
            "languages": wanted.languages, "notebooks": wanted.notebooks, "jobs": jobs, "force": force, "lock": lock,
            "pages": [asdict(outcome) for outcome in outcomes]})
    except OSError as failure:
        outcomes.append(_failed("", "", "index", failure))
    return outcomes


def make(job: Job, force: bool = False) -> Outcome:
    """Run one notebook and write its page; never raises for what the notebook does. Asked again by the same run, it
    gives the same outcome without doing anything twice."""
    standing = _standing(job, force)
    if standing:
        return standing
    started = time.time()
    error, found, sha = "", page.Recorded([], {}), ""
    try:
        with contextlib.ExitStack() as stack:
            closed = runs.lock(job.folder) if job.locked else None
            source = stack.enter_context(runs.as_locked(job.seller, closed)) if closed else job.seller
            ahead = stack.enter_context(pictures.Ahead())
            notebook = _run(job, source, ahead)
            found = page.recorded(notebook)
            error = _flaw(notebook, found)
            if not error:
                text = page.html(notebook, title=words.named("title", job.notebook), seller=job.name, month=job.month,
                                 as_of=job.as_of, languages=job.languages, draw=ahead.drawn)
                error = _not_as_closed(job, closed, text)
            if not error:
                if "lock" in parameters(notebook_path(job.notebook)):
                    _export_bridge(job)
                sha = runs.write(job.place, text)
    except Exception as failure:  # a dead kernel, a full disk, a time limit: the page must not look like a good one
        error = _first_line(failure)
    outcome = Outcome(job.name, job.month, job.as_of, job.notebook, str(job.place) if job.place.exists() else "",
                      not error, f"{job.title}: {error}" if error else "", bool(found.record.get("incomplete")),
                      seconds=round(time.time() - started, 2))
    _record(job, outcome, found, started, sha)
    return outcome


def index(out: Path, languages: Sequence[str] = words.LANGUAGES) -> Path:
    """Write `index.html` over every run record below `out`."""
    runs.write(out / "index.html", page.overview(runs.records(out), languages))
    return out / "index.html"


# ---------------------------------------------------------------------------------------------------- one run

def _run(job: Job, source: Path, ahead: pictures.Ahead):
    """The executed notebook; papermill injects the parameters, our engine runs the cells, whose charts are begun."""
    import papermill

    from workbench import engine

    given = grid.given(job, source)
    job.folder.mkdir(parents=True, exist_ok=True)
    record = export.unfinished(job.folder / f"{job.notebook}.ipynb")
    try:
        executed = papermill.execute_notebook(
            str(notebook_path(job.notebook)), str(record), given, engine_name=engine.NAME, progress_bar=False,
            log_output=False, request_save_on_cell_execute=False, start_timeout=120, execution_timeout=SECONDS_A_CELL,
            on_cell_executed=lambda cell, **told: ahead.begin(page.charts(cell, job.languages)))
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


def _first_line(failure: BaseException) -> str:
    """An exception as one line; of a failed cell its number and what it said."""
    cell = getattr(failure, "cell_index", None)
    if cell is not None and hasattr(failure, "ename"):
        return f"cell {cell}: {failure.ename}: {failure.evalue}".splitlines()[0]
    said = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {said[0] if said else ''}".rstrip(": ")


# ---------------------------------------------------------------------------------------------------- outcomes

def _asked_for(sellers: Sequence[Path], wanted: Wanted) -> tuple[list[Job], list[Outcome]]:
    """Every page to have, and the sellers of which there can be none."""
    todo: list[Job] = []
    refused: list[Outcome] = []
    for folder in sellers:
        try:
            todo += grid.jobs(folder, wanted)
        except ParameterError:
            raise
        except (ValueError, OSError) as failure:
            refused.append(Outcome(folder.name, "", "", "", "", False, str(failure)))
    return todo, refused


def _standing(job: Job, force: bool) -> Outcome | None:
    """The outcome of an earlier run from the very same inputs whose page still stands as it was written.

    A page of a closed month stands whatever became of its inputs. With `force` only a page made by this run stands.
    """
    run, sha = runs.read(job.folder / f"{job.notebook}.run.json"), runs.sha256(job.place)
    if not sha or not run.get("ok") or run.get("page_sha256") != sha:
        return None
    again = run.get("run") == job.run
    closed = runs.lock(job.folder) if job.locked else None
    same = closed.pages.get(job.notebook) == sha if closed else run.get("key") == job.key
    if again or same and not force:
        return Outcome(job.name, job.month, job.as_of, job.notebook, str(job.place), True,
                       incomplete=bool(run.get("incomplete")), skipped=not again, seconds=run["seconds"] if again else 0.0)
    return None


def _not_as_closed(job: Job, closed: runs.Lock | None, text: str) -> str:
    """Why a page of a closed month is not the one it was closed with; "" when it is, or when the month is open."""
    if closed is None or closed.pages.get(job.notebook) == hashlib.sha256(text.encode()).hexdigest():
        return ""
    return (f"the month is closed, and version {__version__} does not make the page it was closed with (version "
            f"{closed.version}). The page was left as it was; remove {job.folder.name}/lock.json to open the month")


def _lost(job: Job, failure: BaseException) -> Outcome:
    """The outcome of a job whose worker died: a failed page."""
    outcome = _failed(job.name, job.month, job.notebook, failure)
    _record(job, outcome, page.Recorded([], {}), time.time(), "")
    return outcome


def _failed(seller: str, month: str, notebook: str, failure: BaseException | str) -> Outcome:
    said = failure if isinstance(failure, str) else _first_line(failure)
    return Outcome(seller, month, "", notebook, "", False, f"{seller} {month} {notebook}: {said}".strip())


def _record(job: Job, outcome: Outcome, found: page.Recorded, started: float, sha: str) -> None:
    """The run's record beside the page: what it was made from, its key figures, when, and what happened.

    Of a failed run whose earlier page was kept, `kept` says what that page is.
    """
    place = job.folder / f"{job.notebook}.run.json"
    earlier = runs.read(place)
    kept = {name: earlier.get(name) for name in ("as_of", "finished", "figures", "page_sha256")} \
        if earlier.get("ok") else earlier.get("kept", {})
    record = asdict(outcome) | {
        "page": f"{job.notebook}.html" if job.place.exists() else "", "run": job.run, "started": _moment(started),
        "finished": _moment(time.time()), "key": job.key if outcome.ok else "", "page_sha256": sha,
        "parameters": {"seller": str(job.seller.resolve()), "month": job.month, "as_of": job.as_of, "policy": job.policy},
        "languages": job.languages, "policy": job.policy, "version": __version__, "program": grid.program(),
        "inputs": dict(job.inputs), "facts": found.record.get("facts", {}),
        "figures": [{"name": card["name"], "label": card["label"], "value": card["value"], "raw": card["raw"],
                     "better": card.get("better", ""), "change": card["change"], "before": card["before"],
                     "note": card["note"], "tone": card["tone"]}
                    for card in found.figures]} | ({} if outcome.ok else {"kept": kept})
    with contextlib.suppress(OSError):  # the outcome is told anyway; a full disk must not hide the first error
        runs.save(place, record)


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")


# ---------------------------------------------------------------------------------------------------- closed months

def _close(todo: Sequence[Job], done: dict[Job, Outcome], wanted: Wanted) -> list[Outcome]:
    """Close the months whose pages are all there; an outcome for each that could not be closed."""
    failures = []
    for folder in dict.fromkeys(job.folder for job in todo):
        month = [job for job in todo if job.folder == folder]
        if runs.lock(folder) is not None:
            continue
        try:
            if not all(done[job].ok for job in month):
                raise ValueError("not closed: a page failed")
            _lock(month, wanted)
        except (ValueError, OSError) as failure:
            failures.append(_failed(month[0].name, month[0].month, "lock", str(failure)))
    return failures


def _lock(month: Sequence[Job], wanted: Wanted) -> None:
    """Write the lock of a month. Its items come first: a month is closed when its lock stands."""
    first = month[0]
    inputs = runs.inputs(first.seller)
    items = _items(first.seller, first.month, first.as_of, first.policy)
    if {job.key for job in grid.jobs(first.seller, wanted)}.isdisjoint(job.key for job in month):
        raise ValueError("not closed: the files changed while its pages were made. Run it again")
    runs.save_items(first.folder, items)
    runs.save(first.folder / "lock.json", {
        "seller": first.name, "month": first.month, "as_of": first.as_of, "policy": first.policy,
        "languages": first.languages, "version": __version__, "inputs": inputs, "settings": grid.settings(first.seller),
        "pages": {job.notebook: runs.sha256(job.place) for job in month}})


def _items(seller: Path, month: str, as_of: str, policy: str):
    from workbench import books, restatement
    from workbench import policy as policies

    known = books.open(seller, through=as_of)
    return restatement.items(known, month, dt.date.fromisoformat(as_of), policies.load(policy, known.seller.market))


def _export_bridge(job: Job) -> None:
    """The bridge of a closed month as CSV and JSON beside its page."""
    from workbench import restatement

    then, now = runs.items(job.folder), _items(job.seller, job.month, job.as_of, job.policy)
    bridge, changes = restatement.bridge(then, now), restatement.changes(then, now)
    export.write(bridge, job.folder / f"{job.notebook}.csv")
    export.write(changes, job.folder / f"{job.notebook}-changes.csv")
    closed = runs.lock(job.folder)
    runs.save(job.folder / f"{job.notebook}.json", {
        "seller": job.name, "month": job.month,
        "closed": {"as_of": closed.as_of, "policy": closed.policy, "version": closed.version},
        "now": {"as_of": job.as_of, "policy": job.policy, "version": __version__},
        "bridge": json.loads(bridge.to_json(orient="records", double_precision=3)),
        "changes": json.loads(changes.to_json(orient="records", double_precision=3))})
