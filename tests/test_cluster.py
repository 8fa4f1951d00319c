"""The same grid on a Dask cluster of separate processes: one killed in mid-run, nothing lost, nothing done twice."""

import os
import signal
import threading
import time
from collections import Counter

import nbformat
import pytest

from workbench import cli, grid, runs
from workbench.display import MIME

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kills a process"),
              pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
                                         "ignore::pytest.PytestUnhandledThreadExceptionWarning")]
PRELOAD = "from pathlib import Path\nfrom workbench import grid\ngrid._beside = lambda name: Path({place!r}) / name\n"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Two worker processes with a notebook of their own, which logs when it begins and when it ends."""
    first = nbformat.v4.new_code_cell('seller = ""\nmonth = "2026-01"\nas_of = "2026-01-31"\npolicy = "amazon"\n'
                                      "interactive = True", metadata={"tags": ["parameters"]})
    log = tmp_path / "log"
    cell = nbformat.v4.new_code_cell(
        "import os, time\nfrom IPython.display import display\nworker = os.getppid()\n"
        f"with open({str(log)!r}, 'a') as file:\n    _ = file.write(f'begun {{month}} {{worker}}\\n')\ntime.sleep(0.5)\n"
        f"with open({str(log)!r}, 'a') as file:\n    _ = file.write(f'ended {{month}}\\n')\n"
        f"display({{{MIME!r}: {{'kind': 'record', 'facts': {{'files': []}}, 'incomplete': False}}}}, raw=True)")
    book = nbformat.v4.new_notebook(cells=[first, cell], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    (tmp_path / "notebooks").mkdir()
    nbformat.write(book, tmp_path / "notebooks" / "one.ipynb")
    monkeypatch.setenv("WORKBENCH_FORK", "0")  # kernels are then children of their workers
    monkeypatch.setattr(grid, "_beside", lambda name: tmp_path / name)
    preload = tmp_path / "preload.py"
    preload.write_text(PRELOAD.format(place=str(tmp_path)), "utf-8")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                  preload=[str(preload)], local_directory=str(tmp_path)) as made:
        yield made


def killed_in_mid_run(log, killed):
    """Kill the worker of the first page whose notebook has begun."""
    deadline = time.monotonic() + 120
    while not killed and time.monotonic() < deadline:
        for line in log.read_text().splitlines() if log.exists() else ():
            killed.append(int(line.split()[2]))
            os.kill(killed[0], signal.SIGKILL)
            return
        time.sleep(0.02)


def test_a_killed_worker_loses_nothing_and_no_page_is_made_twice(cluster, tmp_path, capsys):
    seller, out, killed = tmp_path / "shop", tmp_path / "out", []
    seller.mkdir()
    killer = threading.Thread(target=killed_in_mid_run, args=(tmp_path / "log", killed))
    killer.start()
    asked = ["publish", str(seller), "--months", "2026-01..2026-06", "--out", str(out), "--quiet", "--jobs", "1"]
    code = cli.main([*asked, "--scheduler", cluster.scheduler_address])
    killer.join()
    assert code == 0 and killed, capsys.readouterr().err
    months = [f"2026-0{number}" for number in range(1, 7)]
    assert sorted(path.parent.name for path in out.rglob("one.html")) == months
    assert all(runs.read(path)["ok"] for path in out.rglob("*.run.json"))
    lines = Counter((tmp_path / "log").read_text().split("\n")[:-1])
    begun = Counter(line.split()[1] for line in lines.elements() if line.startswith("begun"))
    assert begun == {**dict.fromkeys(months, 1), begun.most_common(1)[0][0]: 2}, "only the killed page is begun again"
    assert all(lines[f"ended {month}"] == 1 for month in months if begun[month] == 1)
    assert cli.main(asked) == 0
    assert not list(out.rglob("*.part*")), "what the killed worker had begun is swept away"
