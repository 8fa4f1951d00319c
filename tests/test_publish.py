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

import nbformat
import pytest

from workbench import cli, display, grid, page, publish, runs, words
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
        assert "<svg" in outside and 'lang="zh"' in outside and "这些数字有多可信?" in outside
        assert len(text.encode()) < 2_000_000


def test_the_page_shows_no_folder_of_this_machine(made, seller):
    for outcome in made[0]:
        assert str(seller.parent) not in Path(outcome.page).read_text("utf-8")


def test_the_same_inputs_give_the_same_bytes_elsewhere(made, seller, tmp_path):
    other = tmp_path / "moved" / "there"
    shutil.copytree(seller, other)
    again = publish.publish([other], out=tmp_path / "out", quiet=True, notebooks=["loss-rate"])
    first = next(outcome for outcome in made[0] if outcome.notebook == "loss-rate")
    assert Path(again[0].page).read_bytes() == Path(first.page).read_bytes()


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


@pytest.mark.parametrize(("cell", "said"), [
    ("import os\nos._exit(1)", "DeadKernel"),
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


def test_pages_made_side_by_side_are_the_same(seller, tmp_path):
    one = publish.publish([seller], months=["2026-02", MONTH], out=tmp_path / "one", quiet=True, notebooks=["loss-rate"])
    two = publish.publish([seller], months=["2026-02", MONTH], out=tmp_path / "two", quiet=True, jobs=2,
                          notebooks=["loss-rate"])
    assert [outcome.month for outcome in two] == ["2026-02", MONTH]
    for left, right in zip(one, two, strict=True):
        assert Path(left.page).read_bytes() == Path(right.page).read_bytes()


def test_the_command_says_what_it_made_and_what_is_incomplete(seller, tmp_path, capsys):
    assert cli.main(["publish", str(seller), "--out", str(tmp_path / "r"), "--quiet", "--month", MONTH]) in (0, 3)
    (tmp_path / "empty").mkdir()
    code = cli.main(["publish", str(tmp_path / "empty"), "--out", str(tmp_path / "r"), "--month", MONTH])
    assert code == 3
    assert cli.main(["publish", str(tmp_path / "nowhere"), "--out", str(tmp_path / "r")]) == 1
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


def test_hostile_text_stays_text():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    import pandas as pd

    blocks = [display.Note(words.same(evil)), display.Figures((display.Card("x", words.same(evil), words.same(evil)),)),
              display.Table(pd.DataFrame({"sku": [evil]}), (display.Column("sku", words.same(evil)),), words.same(evil)),
              display.Chart({language: {"$schema": "https://vega.github.io/schema/vega-lite/v6.1.0.json", "mark": "bar",
                                        "data": {"values": [{"a": evil, "b": 1}]}, "encoding": {
                  "x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}}}
                  for language in words.LANGUAGES}, words.same(evil))]
    cell = nbformat.v4.new_code_cell("1", outputs=[
        nbformat.v4.new_output("display_data", {display.MIME: block.data(), "text/html": evil}) for block in blocks]
        + [nbformat.v4.new_output("display_data", {"text/html": evil, "text/plain": evil}),
           nbformat.v4.new_output("stream", text=evil)])
    text = page.html(nbformat.v4.new_notebook(cells=[cell]), title=words.same(evil), seller=evil, month=MONTH,
                     as_of="2026-03-31", script=False)
    assert "<script>alert" not in text and "<img" not in text and "&lt;img" in text


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_stopping_a_run_leaves_nothing_half_made(seller, tmp_path):
    out = tmp_path / "out"
    run = subprocess.Popen([sys.executable, "-m", "workbench.cli", "publish", str(seller), "--out", str(out)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(2.5)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    left = [path.name for path in out.rglob("*") if path.is_file()]
    assert not [name for name in left if ".part" in name]
    for path in out.rglob("*.html"):
        assert path.read_text("utf-8").rstrip().endswith("</html>")


def test_a_name_cannot_leave_the_output_folder():
    assert publish.slug("../../../etc/passwd") == "etc-passwd"
    assert publish.slug("a\\b:c") == "a-b-c"
