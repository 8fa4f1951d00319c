"""Workers: one that dies takes no other job along, and stopping leaves nobody behind."""

import functools
import operator
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor

import psutil
import pytest

from workbench import crew

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")]


def job(title, code):
    """A job that any process can do without this file."""
    made = functools.partial(eval, code)
    made.title = title
    return made


@pytest.fixture(autouse=True)
def no_nursery(monkeypatch):
    monkeypatch.setenv("WORKBENCH_FORK", "0")


def test_a_worker_that_dies_takes_no_other_job_along():
    jobs = [job(str(number), f"__import__('time').sleep(0.05) or {number}") for number in range(6)]
    jobs.insert(2, job("killer", "__import__('os')._exit(3)"))
    with crew.crew(None, 2) as hands, crew.Progress(7, 0, quiet=True) as progress:
        found = {done.title: result for done, result in hands.each(operator.call, jobs, progress=progress)}
    assert isinstance(found.pop("killer"), BrokenExecutor)
    assert found == {str(number): number for number in range(6)}


def test_a_job_that_raises_gives_its_exception():
    jobs = [job("good", "1"), job("bad", "1 / 0")]
    with crew.crew(None, 2) as hands, crew.Progress(2, 0, quiet=True) as progress:
        found = {done.title: result for done, result in hands.each(operator.call, jobs, progress=progress)}
    assert found["good"] == 1 and isinstance(found["bad"], ZeroDivisionError)


RUN = """
import functools, operator, sys
from workbench import crew
code = "open(%r, 'a').write('begun ') and __import__('time').sleep(60)" % sys.argv[1]
jobs = [functools.partial(eval, code) for _ in "ab"]
for one in jobs:
    one.title = "sleeps"
with crew.crew(None, 2) as hands, crew.Progress(2, 0, quiet=True) as progress:
    list(hands.each(operator.call, jobs, progress=progress))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_or_killed_leaves_no_worker_behind(tmp_path, number):
    log = tmp_path / "log"
    run = subprocess.Popen([sys.executable, "-c", RUN, str(log)], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while (not log.exists() or log.read_text().count("begun") < 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = psutil.Process(run.pid).children(recursive=True)
    assert len(workers) >= 2
    run.send_signal(number)
    assert run.wait(30) != 0
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


ARRIVING = """
import operator, sys, time
from workbench import crew
class Job:
    title = "on its way"
    def __reduce__(self):
        log = f"open({sys.argv[1]!r}, 'a').write"
        return eval, (f"({log}('arriving '), __import__('time').sleep(3), "
                      f"__import__('functools').partial(eval, {log + '(chr(98))'!r}))[-1]",)
with crew.crew(None, 2) as hands, crew.Progress(2, 0, quiet=True) as progress:
    list(hands.each(operator.call, [Job(), Job()], progress=progress))
"""


def test_a_job_that_is_on_its_way_to_a_worker_when_the_run_is_stopped_is_not_begun(tmp_path):
    log = tmp_path / "log"
    run = subprocess.Popen([sys.executable, "-c", ARRIVING, str(log)], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while (not log.exists() or log.read_text().count("arriving") < 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.wait(30) != 0
    assert log.read_text() == "arriving arriving "


def test_a_cluster_nobody_answers_for_is_a_clear_error():
    pytest.importorskip("distributed")
    with pytest.raises(OSError), crew.cluster("tcp://127.0.0.1:9", patience=1):
        pass
