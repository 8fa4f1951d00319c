"""The simulated seller is physically possible, and the demo seller is what its command makes."""

import gzip
import os
import re
import shlex
import zipfile
from pathlib import Path

import pytest

from workbench import cli
from workbench.simulate import simulate

ROOT = Path(__file__).parent.parent


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def content(path):
    """A file's bytes, unpacked: another machine's zlib may pack the same bytes otherwise."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.slow
def test_the_demo_seller_is_what_its_command_makes(tmp_path, monkeypatch):
    line = re.search(r"^workbench (simulate .*)$", (ROOT / "data_samples" / "README.md").read_text("utf-8"), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    assert cli.main(shlex.split(line[1])) == 0
    made, committed = tmp_path / "data_samples", ROOT / "data_samples"
    for name in ("demo", "demo.truth"):
        assert files(made / name) == files(committed / name)
        for path in files(made / name):
            assert content(made / name / path) == content(committed / name / path), path
    size = sum(path.stat().st_size for path in committed.rglob("*") if path.is_file())
    assert size <= 6_000_000


def test_the_same_seed_gives_the_same_bytes_and_times(tmp_path):
    for name in ("a", "b"):
        simulate(tmp_path / name, seed=5, skus=3, months=3, messy=True, name="same")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    for path in files(tmp_path / "a"):
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    unpacked = [path for path in files(tmp_path / "a") if "Copy" not in path.name]
    times = [[os.stat(tmp_path / name / path).st_mtime for path in unpacked] for name in ("a", "b")]
    assert times[0] == times[1]


def test_another_seed_gives_another_seller(tmp_path):
    simulate(tmp_path / "a", seed=1, skus=3, months=3)
    simulate(tmp_path / "b", seed=2, skus=3, months=3)
    assert (tmp_path / "a" / "returns.txt").read_bytes() != (tmp_path / "b" / "returns.txt").read_bytes()


def test_a_folder_of_other_things_is_not_overwritten(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", "utf-8")
    assert cli.main(["simulate", str(tmp_path / "mine")]) == 1
    assert "not empty" in capsys.readouterr().err
    assert files(tmp_path / "mine") == [Path("letter.txt")]


@pytest.mark.parametrize("flag", [["--skus", "0"], ["--last-month", "2026-13"]])
def test_an_impossible_seller_is_refused(tmp_path, flag, capsys):
    assert cli.main(["simulate", str(tmp_path / "x"), *flag]) == 2
    assert "simulate needs" in capsys.readouterr().err
