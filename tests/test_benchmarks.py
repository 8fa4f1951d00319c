"""The benchmarks run, on little data, and their variants agree. Clocks are never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import data, ingest, rounds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["ingest", "loss", "claims"])
def test_a_benchmark_runs_and_its_variants_agree(name, tmp_path):
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--rows", "600", "--rounds", "1",
                           "--folder", str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| variant | seconds | ratio |" in done.stdout


def test_the_files_are_the_same_on_every_run(tmp_path):
    one, other = (data.months(tmp_path / name, 240)[3].read_bytes() for name in ("one", "other"))
    assert one == other and one.count(b"\n") == 21


def test_every_shape_of_the_files_holds_the_same_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    made = ingest.folders(tmp_path, 600)
    answers = {name: ingest.first(folder)["answer"] for name, folder in made.items()}
    assert answers["months"] == answers["whole"] and answers["months"][0] == 600
    assert answers["month"] == answers["gz"] == answers["cp1252"]
    assert answers["month-ja"] == answers["cp932"]


def test_variants_that_disagree_are_told():
    with pytest.raises(AssertionError, match="disagree"):
        rounds.same_answers({"one": [{"answer": [1]}], "other": [{"answer": [2]}]})


def test_ratios_are_those_of_the_same_round():
    runs = {"base": [{"seconds": 1.0, "cpu": 1.0, "peak": 5.0}, {"seconds": 10.0, "cpu": 1.0, "peak": 5.0}],
            "ours": [{"seconds": 2.0, "cpu": 1.0, "peak": 5.0}, {"seconds": 20.0, "cpu": 1.0, "peak": 5.0}]}
    assert [row["ratio"] for row in rounds.table(runs)] == [1.0, 2.0]
