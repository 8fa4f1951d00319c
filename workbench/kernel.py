"""The kernel that reports run in: an ordinary IPython kernel that starts faster, alone or forked from a nursery.

`rfc3987_syntax` builds grammars for 0.9 s when jsonschema is first imported, for a check of `iri` formats that no
notebook needs; jsonschema does without it when it cannot be imported.

A nursery is one process that has imported what notebooks import, and drawn a first chart, and then only forks: each
kernel is a child of its own, used for one notebook and never again, that finds its imports done. Forking is safe only
where no thread runs, so a nursery is a process without threads or it does not open; where it does not, kernels start
the ordinary way.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import time

PRELOADED = (  # what a kernel imports when it starts, then what notebooks import
    "ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.oinspect", "IPython.extensions.storemagic", "sqlite3", "tornado.platform.asyncio",
    "ipywidgets", "altair", "babel.dates", "babel.numbers", "pyarrow.dataset", "scipy.stats", "statsmodels.api",
    "statsmodels.formula.api", "workbench.books", "workbench.figures", "workbench.claims", "workbench.policy",
    "workbench.explore")
# what would start a thread on import: OpenBLAS, OpenMP, and the housekeeping of Arrow's allocator
UNTHREADED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
              "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def skip_slow_imports() -> None:
    """Keep jsonschema from importing its IRI grammars; to be called before altair, nbformat or papermill is imported."""
    sys.modules.setdefault("rfc3987_syntax", None)


def main() -> None:
    """Run a kernel (the arguments are those of ipykernel), or with `--nursery` fork one for every request."""
    skip_slow_imports()
    if sys.argv[1:] == ["--nursery"] and not _nursery():
        return
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


def _nursery() -> bool:
    """Answer requests, a line of JSON each, until standard input ends; True in a forked kernel, which has its arguments.

    {"fork": arguments, "cwd": folder, "env": variables} gives {"pid": number}; {"poll": pid} gives {"code": exit code,
    null while it runs}; {"end": pid} kills the kernel and what it started. The first line answered says whether the
    nursery is open.
    """
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)

    def answer(**said: object) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    _preload()
    threads = len(os.listdir("/proc/self/task"))
    answer(open=threads == 1, threads=threads)
    codes: dict[int, int | None] = {}
    for line in requests if threads == 1 else ():
        asked = json.loads(line)
        if "fork" in asked:
            child = os.fork()
            if not child:
                requests.close()
                answers.close()
                _become(asked)
                return True
            codes[child] = None
            answer(pid=child)
        else:
            child = asked.get("poll") or asked["end"]
            if codes.get(child) is None:
                codes[child] = _left(child, end="end" in asked)
            answer(code=codes[child])
    for child in [child for child, code in codes.items() if code is None]:
        _left(child, end=True)
    return False


def _preload() -> None:
    """Import what kernels and notebooks import.

    statsmodels imports polars where it finds it, and polars starts a thread. Without debugpy a kernel has no debugger,
    which nobody asks of a recorded run, and starts with a quarter of the work.
    """
    sys.modules.setdefault("debugpy", None)
    sys.modules.setdefault("polars", None)
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if sys.modules["polars"] is None:
        del sys.modules["polars"]
    _rehearse()
    gc.collect()
    gc.freeze()  # collecting in a kernel then leaves the pages of the nursery shared


def _rehearse() -> None:
    """Draw charts of no rows and read the facts and words: what the first use reads, builds and keeps, every kernel has."""
    import pandas as pd

    from workbench import charts, policy, specs, words

    rates = pd.DataFrame(columns=["month", "msku", "fulfillment_center", "units_lost", "units_handled", "loss_rate",
                                  "loss_rate_low", "loss_rate_high", "is_mature"], dtype=float)
    nothing = words.say("loss.over_time", baseline=0.003)
    charts.over_months(rates, 0.003, nothing)
    for by in ("msku", "fulfillment_center"):
        charts.intervals(rates, by, 0.003, nothing)
    words.form("2026-01", "month")
    specs.tables()
    policy.load("amazon", "US")


def _left(child: int, *, end: bool) -> int | None:
    """The exit code of a child, None while it runs; `end` kills it and its process group first."""
    if end:
        for kill in (os.killpg, os.kill):  # it may not have a group of its own yet
            with contextlib.suppress(ProcessLookupError):
                kill(child, signal.SIGKILL)
    try:
        gone, status = os.waitpid(child, 0 if end else os.WNOHANG)
    except ChildProcessError:
        return -signal.SIGKILL
    return os.waitstatus_to_exitcode(status) if gone else None


def _become(asked: dict) -> None:
    """Make a fresh child what a started process would be: its own session, folder, environment and randomness."""
    import numpy

    os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"], JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    numpy.random.seed()
    sys.argv = [sys.argv[0], *asked["fork"]]


if __name__ == "__main__":
    main()
