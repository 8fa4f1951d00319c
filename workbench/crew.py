"""Who does the work of a run: this process, a pool of processes, or a cluster; and how far it is.

A worker that dies takes no other page along: what was running is tried again alone, and what kills its worker alone
has failed. Stopping (Ctrl-C, SIGTERM) lets every worker clean up behind itself; a worker whose run was killed ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from typing import Any

MOST = 4  # workers by default: each takes some 500 MB with its kernel


def default_jobs() -> int:
    """How many pages are made at a time when nobody says: as many as there are cores, at most MOST."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST)


@contextlib.contextmanager
def stopped_by(number: int) -> Iterator[None]:
    """A signal ends what is done here as Ctrl-C does; afterwards it does again what it did before."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def crew(executor: Executor | None, jobs: int) -> Iterator[Crew]:
    """Somebody to do the work: the `executor` given, this process for one job at a time, else a pool of processes."""
    hands = Crew(executor, jobs)
    try:
        yield hands
    except BaseException:
        hands.stop()
        raise
    finally:
        hands.close()


@contextlib.contextmanager
def cluster(address: str | None, patience: float = 10) -> Iterator[Executor | None]:
    """The executor of the Dask cluster whose scheduler listens at `address`; None without an address.

    Raises ValueError when distributed is not installed or a worker runs another version, OSError when nobody answers
    within `patience` seconds.
    """
    if not address:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("publish: --scheduler needs Dask, the extra `cluster`: install fba-workbench[cluster].") from error
    from workbench import grid

    with Client(address, timeout=patience) as client:
        strangers = [worker for worker, found in client.run(grid.program).items() if found != grid.program()]
        if strangers:
            raise ValueError(f"publish: {strangers[0]} runs another version of the workbench or of its libraries. "
                             "Install the same on every worker.")
        yield client.get_executor(pure=False)


class Crew:
    """Does jobs side by side; see `each`."""

    def __init__(self, executor: Executor | None, jobs: int) -> None:
        self.given, self.jobs = executor, jobs
        self.others = set(multiprocessing.active_children())
        self.pool: Executor | None = executor or (_Here() if jobs <= 1 else None)

    def each(self, do: Callable, jobs: Sequence, *more: Any, progress: Progress) -> Iterator[tuple[Any, Any]]:
        """`do(job, *more)` for every job: pairs of the job and what it gave, or the exception, as they are finished."""
        queue, suspects, waiting = deque(jobs), deque(), {}
        while queue or suspects or waiting:
            alone = bool(suspects) and not waiting
            width = 0 if suspects else len(queue) if self.given else max(self.jobs, 1)
            while (alone and suspects) or len(waiting) < width and queue:
                job = suspects.popleft() if alone else queue.popleft()
                waiting[self._submit(do, job, *more)] = job
                if alone:
                    break
            progress.running(waiting.values())
            for finished in wait(waiting, return_when=FIRST_COMPLETED).done:
                job = waiting.pop(finished)
                failure = finished.exception()
                if isinstance(failure, BrokenExecutor) and not self.given:
                    self.close()
                    if not alone:
                        suspects.append(job)
                        continue
                progress.finished(job)
                yield job, finished.result() if failure is None else failure

    def stop(self) -> None:
        """Nothing more is begun, and what runs is ended."""
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)
        if isinstance(self.pool, ProcessPoolExecutor):
            for worker in set(multiprocessing.active_children()) - self.others:
                worker.terminate()

    def close(self) -> None:
        """The workers go home; another executor's stay."""
        if self.pool is not None and not self.given:
            self.pool.shutdown()
            self.pool = None

    def _submit(self, do: Callable, *words: Any) -> Future:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(self.jobs, multiprocessing.get_context("spawn"), initializer=_begin)
        if isinstance(self.pool, ProcessPoolExecutor):
            return self.pool.submit(_in_worker, do, *words)
        return self.pool.submit(do, *words)


class Progress:
    """What is running and what is left: a bar on a terminal, a line per page elsewhere, nothing when quiet."""

    def __init__(self, total: int, standing: int, quiet: bool) -> None:
        from tqdm import tqdm

        self.total, self.done, self.quiet = total, standing, quiet
        self.shown = not quiet and sys.stderr.isatty()
        width = shutil.get_terminal_size().columns  # a terminal that does not know its own says 0, and tqdm nothing then
        self.bar = tqdm(total=total, initial=standing, ncols=width, disable=not self.shown,
                        bar_format="pages {n_fmt}/{total_fmt} |{bar:20}| {elapsed}, {remaining} left{postfix}")
        self.now: list = []

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *failure: object) -> None:
        self.bar.close()

    def running(self, jobs: Any) -> None:
        """These jobs are being done now."""
        self.now = [job.title for job in jobs]
        self.bar.set_postfix_str(_side_by_side(self.now[:3]) + (" …" if len(self.now) > 3 else ""))

    def finished(self, job: Any) -> None:
        """One more is done."""
        self.done += 1
        if self.done == self.total:
            self.bar.set_postfix_str("", refresh=False)
        self.bar.update()
        if not self.quiet and not self.shown:
            print(f"[{self.done}/{self.total}] {job.title}", file=sys.stderr, flush=True)


def _side_by_side(titles: Sequence[str]) -> str:
    """Titles in a row; the words that all begin with are said once.

    >>> _side_by_side(["Shop 2026-05 loss-rate", "Shop 2026-05 sop-impact"])
    'Shop 2026-05 loss-rate, sop-impact'
    """
    split = [title.split() for title in titles]
    shared = len(os.path.commonprefix(split))
    return ", ".join([*titles[:1], *(" ".join(words[shared:]) for words in split[1:])])


class _Here(Executor):
    """Does each job at once in this process: one page needs no pool."""

    def submit(self, fn: Callable, /, *args: Any, **words: Any) -> Future:
        done: Future = Future()
        done.set_result(fn(*args, **words))
        return done


# ---------------------------------------------------------------------------------------------------- in a worker

_busy = _leaving = False


def _begin() -> None:
    """A worker begins: it leaves Ctrl-C to its run, ends when its run is gone, and has a nursery prepared."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stopped)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    from workbench import kernel

    kernel.skip_slow_imports()
    from workbench import engine

    engine.nursery()


def _in_worker(do: Callable, *words: Any) -> Any:
    global _busy
    _busy = True
    try:
        if _leaving:
            raise KeyboardInterrupt
        return do(*words)
    finally:
        _busy = False


def _stopped(number: int, frame: object) -> None:
    """Leave the job as Ctrl-C would, once; a worker without one begins none, though its next may be on the way."""
    global _busy, _leaving
    _leaving = True
    if _busy:
        _busy = False
        raise KeyboardInterrupt


def _end_with(run: Any) -> None:
    run.join()
    os._exit(1)
