"""Pages: what a run leaves behind, and that a failed one never looks like a good one."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import altair as alt
import nbformat
import pytest

from workbench import cli, engine, grid, publish, runs
from workbench.simulate import simulate

MONTH = "2026-03"


@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seller") / "shop"
    simulate(folder, seed=4, skus=8, months=4, last_month=MONTH, name="Shop & Söhne </script>")
    return folder


@pytest.fixture(scope="module")
def made(seller, tmp_path_factory):
    """The pages of the seller's last month, made once, and the folder they are in."""
    out = tmp_path_factory.mktemp("reports")
    return publish.publish([seller], out=out, quiet=True), out


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of notebooks of our own in place of the real ones; `write(name, *cells)` adds one."""
    monkeypatch.setattr(grid, "_beside", lambda name: tmp_path / name)
    (tmp_path / "notebooks").mkdir()

    def write(name, *cells):
        first = nbformat.v4.new_code_cell('seller = ""\nmonth = "2026-01"\nas_of = "2026-01-31"\npolicy = "amazon"\n'
                                          "interactive = True", metadata={"tags": ["parameters"]})
        book = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)], metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        nbformat.write(book, tmp_path / "notebooks" / f"{name}.ipynb")

    return write


GOOD = ("from workbench.display import Record, Note\nfrom workbench.words import same\n"
        "Record({'files': []}, incomplete=False)")


def test_the_default_month_is_the_last_complete_one_and_every_notebook_gives_a_page(made):
    outcomes, out = made
    assert [outcome.notebook for outcome in outcomes] == publish.all_notebooks()
    assert all(outcome.ok and outcome.month == MONTH for outcome in outcomes), outcomes
    for outcome in outcomes:
        folder = Path(outcome.page).parent
        assert folder.parent.parent == out
        names = {path.name for path in folder.iterdir() if path.stem.split(".")[0] == outcome.notebook}
        assert names == {f"{outcome.notebook}.html", f"{outcome.notebook}.ipynb", f"{outcome.notebook}.run.json"}
    assert "<a href=" in (out / "index.html").read_text("utf-8")


def test_a_page_asks_nothing_of_the_network_and_holds_both_languages(made):
    for outcome in made[0]:
        text = Path(outcome.page).read_text("utf-8")
        outside = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
        assert not re.search(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|@import|url\(\s*["']?http""", outside)
        assert "default-src 'none'" in text and "unsafe-eval" not in text
        assert "<svg" in outside and 'lang="zh"' in outside and "这些数字有多可信？" in outside
        assert len(text.encode()) < 2_000_000


def test_every_chart_is_valid_by_the_schema_of_vega_lite(made):
    specs = [spec for outcome in made[0] for spec in _specs(nbformat.read(Path(outcome.page).with_suffix(".ipynb"), 4))]
    assert len(specs) > 20
    for spec in specs:
        assert alt.Chart.from_dict(spec, validate=True) is not None


def _specs(found):
    """Every Vega-Lite specification somewhere in the outputs of a notebook."""
    if isinstance(found, dict):
        if "vega-lite" in str(found.get("$schema")):
            yield found
        found = list(found.values())
    for inner in found if isinstance(found, list) else ():
        yield from _specs(inner)


def test_the_page_shows_no_folder_of_this_machine(made, seller):
    for outcome in made[0]:
        assert str(seller.parent) not in Path(outcome.page).read_text("utf-8")


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes_in_another_place_zone_and_order(made, seller, tmp_path):
    other = tmp_path / "moved" / "there"
    for path in sorted((path for path in seller.rglob("*") if path.is_file()), reverse=True):
        (other / path.relative_to(seller)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, other / path.relative_to(seller))
    elsewhere = os.environ | {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    run = subprocess.run([sys.executable, "-m", "workbench.cli", "publish", str(other), "--out", str(tmp_path / "out"),
                          "--quiet", "--jobs", "2"], env=elsewhere, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode in (0, 3), run.stderr
    for outcome in made[0]:
        again = (tmp_path / "out" / Path(outcome.page).relative_to(made[1])).read_text("utf-8")
        first = Path(outcome.page).read_text("utf-8")
        at = next((at for at, (a, b) in enumerate(zip(first, again, strict=False)) if a != b), min(len(first), len(again)))
        assert first[at - 200:at + 200] == again[at - 200:at + 200], outcome.notebook


@pytest.mark.slow
def test_the_recorded_notebook_is_the_one_papermill_alone_would_record(made, seller, tmp_path):
    import papermill

    given = {"seller": str(seller), "month": MONTH, "as_of": "2026-03-31", "policy": "amazon", "interactive": False}
    alone = papermill.execute_notebook(str(publish.notebook_path("loss-rate")), str(tmp_path / "alone.ipynb"), given,
                                       progress_bar=False)
    ours = nbformat.read(Path(made[0][0].page).parent / "loss-rate.ipynb", 4)
    assert [(cell.source, cell.get("outputs")) for cell in ours.cells] == [
        (cell.source, cell.get("outputs")) for cell in alone.cells]
    assert [cell.metadata.get("tags") for cell in ours.cells] == [cell.metadata.get("tags") for cell in alone.cells]


def test_unchanged_pages_are_left_alone(made, seller):
    again = publish.publish([seller], out=made[1], quiet=True)
    assert all(outcome.skipped and outcome.ok for outcome in again)


def test_the_figures_on_the_page_are_those_of_the_truth(made, seller):
    import pandas as pd

    truth = pd.read_csv(seller.parent / "shop.truth" / "loss.csv", dtype={"month": "str"})
    month = truth[truth["month"] == MONTH]
    record = json.loads((Path(made[0][0].page).parent / "loss-rate.run.json").read_text("utf-8"))
    figures = {card["name"]: card["raw"] for card in record["figures"]}
    assert figures["units"] == month["units_lost"].sum()
    assert figures["rate"] == pytest.approx(month["units_lost"].sum() / month["units_handled"].sum())


def test_a_wrong_parameter_fails_before_a_kernel_starts():
    path = publish.notebook_path("loss-rate")
    with pytest.raises(publish.ParameterError, match="has no parameter 'mnoth'; it has seller, month"):
        publish.checked(path, {"mnoth": "2026-01"})
    with pytest.raises(publish.ParameterError, match="interactive = 'no'"):
        publish.checked(path, {"interactive": "no"})
    with pytest.raises(publish.ParameterError, match="expected a month like"):
        publish.checked(path, {"month": "June"})


def test_a_failed_cell_keeps_the_earlier_page_and_is_named(notebooks, seller, tmp_path):
    out = tmp_path / "out"
    notebooks("loss-rate", GOOD)
    first = publish.publish([seller], out=out, quiet=True)[0]
    assert first.ok
    before = Path(first.page).read_bytes()
    notebooks("loss-rate", "x = 1", "1 / 0", GOOD)
    failed = publish.publish([seller], out=out, quiet=True)[0]
    assert not failed.ok and "cell 3: ZeroDivisionError: division by zero" in failed.error
    assert Path(failed.page).read_bytes() == before
    assert "FAILED, earlier page kept" in (out / "index.html").read_text("utf-8")


def test_only_what_failed_is_done_again(notebooks, seller, tmp_path):
    notebooks("a-good-one", GOOD)
    notebooks("b-bad-one", "1 / 0")
    first = publish.publish([seller], out=tmp_path / "out", quiet=True)
    notebooks("b-bad-one", GOOD)
    again = publish.publish([seller], out=tmp_path / "out", quiet=True)
    assert [outcome.ok for outcome in first] == [True, False]
    assert [(outcome.ok, outcome.skipped) for outcome in again] == [(True, True), (True, False)]
    record = runs.read(Path(again[1].page).with_suffix(".run.json"))
    assert record["ok"] and record["key"] and record["page_sha256"] == runs.sha256(Path(again[1].page))
    assert record["parameters"]["month"] == MONTH and record["inputs"] and record["started"] < record["finished"]
    runs_kept = sorted((tmp_path / "out" / "runs").glob("*.json"))
    assert [sum(page["ok"] for page in runs.read(path)["pages"]) for path in runs_kept] == [1, 2]


def test_a_page_that_was_altered_is_made_again(notebooks, seller, tmp_path):
    notebooks("loss-rate", GOOD)
    made = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    before = Path(made.page).read_bytes()
    Path(made.page).write_text("0 units lost", "utf-8")
    again = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    assert again.ok and not again.skipped and Path(again.page).read_bytes() == before


def test_a_job_asked_twice_by_one_run_is_done_once(notebooks, seller, tmp_path):
    notebooks("loss-rate", GOOD)
    job = grid.jobs(seller, grid.Wanted(tmp_path / "out", None, None, None, ("en",), ("loss-rate",), "run"))[0]
    first = publish.make(job, force=True)
    stamp = job.place.stat().st_mtime_ns
    assert publish.make(job, force=True) == first and job.place.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(("cell", "said"), [
    ("import os\nos._exit(1)", "DeadKernel"),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "DeadKernel"),
    ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\nheld = bytearray(4 << 30)",
     "cell 2: MemoryError"),
    ("pass", "did not reach its closing record"),
    ("raise SystemExit(0)", "cell 2"),
])
def test_a_run_that_did_not_reach_its_end_leaves_no_page(notebooks, seller, tmp_path, cell, said):
    notebooks("loss-rate", cell)
    outcome = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    assert not outcome.ok and said in outcome.error and outcome.page == ""
    assert "FAILED, no page" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_a_cell_that_never_ends_is_stopped(notebooks, seller, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "SECONDS_A_CELL", 2)
    notebooks("loss-rate", "import time\ntime.sleep(600)")
    started = time.monotonic()
    outcome = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    assert not outcome.ok and "CellTimeoutError" in outcome.error and time.monotonic() - started < 60


LATE = ("import sys, time\nfrom workbench.display import Note\nfrom workbench.words import same\n"
        "sys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1\n"
        "get_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(5))\nNote(same('the table that comes late'))")


@pytest.mark.slow
def test_what_a_cell_shows_late_is_waited_for(notebooks, seller, tmp_path):
    notebooks("loss-rate", LATE, GOOD)
    outcome = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    assert outcome.ok and "the table that comes late" in Path(outcome.page).read_text("utf-8")


def test_a_page_without_what_a_cell_showed_is_a_failure(notebooks, seller, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS_FOR_OUTPUT", 1)
    notebooks("loss-rate", LATE, GOOD)
    outcome = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    assert not outcome.ok and "CellTimeoutError" in outcome.error and outcome.page == ""


@pytest.mark.slow
def test_one_failed_page_does_not_stop_the_others(notebooks, seller, tmp_path):
    notebooks("a-good-one", GOOD)
    notebooks("b-bad-one", "1 / 0")
    notebooks("c-good-one", GOOD)
    outcomes = publish.publish([seller], out=tmp_path / "out", quiet=True, jobs=1)
    assert [outcome.ok for outcome in outcomes] == [True, False, True]


def test_a_page_that_cannot_be_written_is_a_failure(notebooks, seller, tmp_path, monkeypatch):
    notebooks("loss-rate", GOOD)

    def full(place, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish.page, "html", lambda *args, **words: "")
    job = grid.jobs(seller, grid.Wanted(tmp_path / "out", None, None, None, ("en",), ("loss-rate",), "run"))[0]
    monkeypatch.setattr(runs, "write", full)
    outcome = publish.make(job)
    assert not outcome.ok and "No space left on device" in outcome.error


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_disk_that_is_full_keeps_the_earlier_page(notebooks, seller, tmp_path):
    import resource

    notebooks("loss-rate", GOOD)
    before = publish.publish([seller], out=tmp_path / "out", quiet=True)[0]
    text = Path(before.page).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        after = publish.publish([seller], out=tmp_path / "out", quiet=True, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not after[0].ok and "File too large" in after[0].error
    assert Path(before.page).read_bytes() == text and not list((tmp_path / "out").rglob("*.part*"))


def test_a_place_that_cannot_be_written_is_a_failure_of_the_run(seller, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder", "utf-8")
    assert cli.main(["publish", str(seller), "--out", str(tmp_path / "file"), "--quiet", "--jobs", "1"]) == 1
    assert "Not a directory" in capsys.readouterr().err or os.name != "posix"


def test_one_seller_that_cannot_be_used_stops_no_other(notebooks, seller, tmp_path):
    notebooks("loss-rate", GOOD)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "seller.toml").write_text('region = "MOON"', "utf-8")
    outcomes = publish.publish([tmp_path / "odd", seller, tmp_path / "none"], out=tmp_path / "out", quiet=True)
    assert sorted((outcome.ok, outcome.error.split(":")[0].rsplit("/", 1)[-1]) for outcome in outcomes) == [
        (False, "none"), (False, "seller.toml"), (True, "")]


def test_sellers_of_one_name_do_not_overwrite_each_other(notebooks, tmp_path):
    notebooks("loss-rate", GOOD)
    for number in "12":
        (tmp_path / number / "shop").mkdir(parents=True)
    outcomes = publish.publish([tmp_path / "1" / "shop", tmp_path / "2" / "shop"], months=[MONTH], out=tmp_path / "out",
                               quiet=True)
    assert len({outcome.page for outcome in outcomes}) == 2 and all(outcome.ok for outcome in outcomes)


def test_a_policy_or_month_there_is_not_is_an_error_before_a_kernel_starts(seller, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(publish, "make", None)
    with pytest.raises(publish.ParameterError, match="expected a month like"):
        publish.publish([seller], months=["../../etc"], out=tmp_path / "out", quiet=True)
    for option in (["--policy", "amazno"], ["--month", "2026-13"]):
        with pytest.raises(SystemExit) as wrong:
            cli.main(["publish", str(seller), *option, "--out", str(tmp_path / "out"), "--jobs", "1"])
        assert wrong.value.code == 2 and f"found '{option[1]}', expected" in capsys.readouterr().err
    shutil.copytree(seller, tmp_path / "shop")
    (tmp_path / "shop" / "seller.toml").write_text('policy = "amazno"')
    assert cli.main(["publish", str(tmp_path / "shop"), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 1
    assert "found 'amazno', expected one of amazon" in capsys.readouterr().err


def test_a_month_outside_the_files_is_unknown_not_a_crash(seller, tmp_path):
    outcome = publish.publish([seller], months=["2031-01"], out=tmp_path, quiet=True, notebooks=["loss-rate"])[0]
    assert outcome.ok and outcome.incomplete
    text = Path(outcome.page).read_text("utf-8")
    assert "unknown" in re.findall(r'<dd class="value">(.*?)</dd>', text, re.DOTALL)[0]


def test_the_command_says_what_it_made_what_is_incomplete_and_what_failed(notebooks, seller, tmp_path, capsys):
    asked = ["publish", str(seller), "--out", str(tmp_path / "out"), "--month", MONTH, "--jobs", "1"]
    notebooks("a-good-one", GOOD)
    assert cli.main(asked) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [str(next((tmp_path / "out").rglob("a-good-one.html")))]
    assert f"[1/1] Shop & Söhne </script> {MONTH} a-good-one" in told.err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    notebooks("b-incomplete-one", GOOD.replace("False", "True"))
    assert cli.main([*asked, "--quiet"]) == 3
    assert cli.main(["publish", str(tmp_path / "nowhere"), *asked[1:], "--quiet"]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_an_empty_folder_gives_a_page_that_says_unknown(tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = publish.publish([tmp_path / "empty"], months=[MONTH], out=tmp_path / "out", quiet=True,
                              notebooks=["loss-rate"])[0]
    text = Path(outcome.page).read_text("utf-8")
    assert outcome.ok and outcome.incomplete
    assert "is unknown: no inventory ledger" in text
    values = re.findall(r'<dd class="value">(.*?)</dd>', text)
    assert values and all("unknown" in value for value in values)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_stopping_a_run_leaves_nothing_half_made(seller, tmp_path):
    out = tmp_path / "out"
    run = subprocess.Popen([sys.executable, "-m", "workbench.cli", "publish", str(seller), "--out", str(out)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(out.rglob("*.part*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1].decode()
    assert run.returncode == 1 and "stopped; nothing half-made was left behind" in said and "Traceback" not in said
    assert not list(out.rglob("*.part*"))
    for path in out.rglob("*.html"):
        assert path.read_text("utf-8").rstrip().endswith("</html>")


def test_pages_finished_before_a_run_was_stopped_are_in_the_index(seller, tmp_path, monkeypatch):
    made, make = [], publish.make

    def stopped(job, force=False):
        if made:
            raise KeyboardInterrupt
        made.append(make(job, force))
        return made[0]

    monkeypatch.setattr(publish, "make", stopped)
    with pytest.raises(KeyboardInterrupt):
        publish.publish([seller], months=["2026-02", MONTH], out=tmp_path, notebooks=["data-health"], quiet=True)
    assert made[0].ok and Path(made[0].page).name in (tmp_path / "index.html").read_text("utf-8")


def test_a_name_cannot_leave_the_output_folder():
    assert publish.slug("../../../etc/passwd") == "etc-passwd"
    assert publish.slug("a\\b:c") == "a-b-c"
