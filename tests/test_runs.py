"""What runs leave behind: whole files or none, and folders of their own."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from workbench import export, grid, runs

posix = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
WRITES = """
import sys
from pathlib import Path
from workbench import runs
print("begun", flush=True)
while True:
    for letter in "ab":
        runs.write(Path(sys.argv[1]), letter * 400_000)
"""


@pytest.mark.slow
@posix
def test_a_write_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    place, moments = tmp_path / "page.html", random.Random(6)
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(place)], stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(moments.random() / 20)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        if place.exists():
            text = place.read_text("utf-8")
            assert text in ("a" * 400_000, "b" * 400_000)
    assert place.exists()
    runs.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"], "what killed runs began is swept away"


def test_what_a_living_run_has_begun_is_not_swept_away(tmp_path):
    begun = export.unfinished(tmp_path / "loss-rate.ipynb")
    begun.write_text("half", "utf-8")
    runs.sweep(tmp_path)
    assert begun.exists() and begun.suffix == ".ipynb"


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    place = tmp_path / "page.html"
    runs.write(place, "old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        runs.write(place, "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("page.html", "old")]


def test_sellers_of_one_name_have_folders_of_their_own_and_a_moved_one_keeps_its_reports(tmp_path):
    one, other, out = tmp_path / "1" / "shop", tmp_path / "2" / "shop", tmp_path / "out"
    one.mkdir(parents=True)
    other.mkdir(parents=True)
    assert [runs.home(out, "shop", seller).name for seller in (one, other, one, other)] == [
        "shop", "shop-2", "shop", "shop-2"]
    moved = tmp_path / "3" / "shop"
    moved.parent.mkdir()
    one.rename(moved)
    assert runs.home(out, "shop", moved).name == "shop"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/", "..", "", "C:\\x", "a/b", "CON", "nul.txt", ".hidden",
                                  "店铺 一号", "𠮷" * 100, "x" * 500, "a\0b", "line\nbreak", "~", "-rf", "＜script＞"])
def test_no_name_leaves_the_output_folder(tmp_path, name):
    made = grid.slug(name)
    place = (tmp_path / made).resolve()
    assert place.parent == tmp_path.resolve() and len(made.encode()) <= 130 and not made.startswith((".", "-"))
    assert made.split(".")[0].casefold() not in grid.RESERVED
    place.mkdir()


def test_the_index_tells_sellers_of_one_name_apart_and_names_the_cell_that_failed(tmp_path):
    for home, error in (("shop", ""), ("shop-2", "Shop 2026-01 loss: cell 7: KeyError: 'fnsku'")):
        runs.save(tmp_path / home / "2026-01" / "loss.run.json", {
            "seller": "Shop", "month": "2026-01", "notebook": "loss", "ok": not error, "error": error, "figures": []})
    found = {run["seller"]: run for run in runs.records(tmp_path)}
    assert {name: run["cell"] for name, run in found.items()} == {"Shop (shop)": "", "Shop (shop-2)": "7"}
    assert all(run["page"] == "" and not run["locked"] for run in found.values())


def test_a_record_that_cannot_be_read_is_as_good_as_none(tmp_path):
    (tmp_path / "run.json").write_text("[1, 2", "utf-8")
    assert runs.read(tmp_path / "run.json") == {} and runs.read(tmp_path / "none.json") == {}
    (tmp_path / "lock.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="the lock has no 'as_of'"):
        runs.lock(tmp_path)
