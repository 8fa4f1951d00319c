"""The commands a seller types: what `check` names, what `loss` writes, and how they end."""

import csv
import subprocess
import sys

import pytest

from workbench import cli

LEDGER = ["Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity", "Fulfillment Center",
          "Disposition", "Reason", "Country"]


def row(day, units, reason="", event="Adjustments"):
    return [f"06/{day:02}/2026", "X000000001", "B000000001", "00123", "Mug", event, "", str(units), "ABE2", "SELLABLE",
            reason, "US"]


def text(*rows, header=LEDGER):
    return "".join("\t".join(cells) + "\r\n" for cells in (header, *rows))


@pytest.fixture
def seller(tmp_path):
    """A folder in which four things are wrong, each in a file of its own, and one file is good."""
    folder = tmp_path / "acme"
    folder.mkdir()
    good = [row(day, -1, event="Shipments") for day in range(1, 31)]
    rows = [*good, row(3, -2, "M"), row(9, 1, "F"), row(12, "-2x", "M")]
    (folder / "ledger.txt").write_bytes(text(*rows).encode())
    (folder / "returns.txt").write_bytes(
        b"return-date\torder-id\tsku\tquantity\tdetailed-disposition\r\n"
        b"2026-06-05T10:00:00+00:00\t111-1234567-1234567\t00123\t1\tSELLABLE\r\n2026-06-06T10:00:00+00:00\t111-12")
    (folder / "reimbursements.txt").write_bytes(
        b"approval-date\treimbursement-id\treason\tsku\tcurrency-unit\tamount-total\r\n")
    (folder / "diary.csv").write_text("dear,diary\n1,2\n", "utf-8")
    return folder


def test_check_names_the_corrupt_row_the_cut_line_the_unrelated_file_and_the_empty_report(seller, tmp_path, capsys):
    out = tmp_path / "problems.csv"
    assert cli.main(["check", str(seller), "--out", str(out)]) == 3
    said = capsys.readouterr().out
    for named in ("ledger.txt:34: units", "returns.txt:3:", "diary.csv: header", "reimbursements.txt: the report is empty"):
        assert named in said
    with out.open(encoding="utf-8-sig", newline="") as stream:
        told = list(csv.DictReader(stream))
    assert list(told[0]) == ["file", "line", "column", "value", "why"]
    assert {(problem["file"], problem["line"], problem["column"]) for problem in told} >= {
        ("ledger.txt", "34", "units"), ("returns.txt", "3", ""), ("diary.csv", "0", ""), ("reimbursements.txt", "0", "")}
    assert next(problem["value"] for problem in told if problem["line"] == "34").lstrip("'") == "-2x"


def test_nothing_is_lost_or_invented_beside_what_is_named(seller, tmp_path):
    out = tmp_path / "loss.csv"
    assert cli.main(["loss", str(seller), "--by", "month", "--as-of", "2026-06-30", "--out", str(out)]) == 3
    with out.open(encoding="utf-8-sig", newline="") as stream:
        (june,) = csv.DictReader(stream)
    assert (june["units_handled"], june["units_lost_gross"], june["units_lost"]) == ("30", "2", "1")


def test_who_is_told_incomplete_is_told_what_is(seller, tmp_path, capsys):
    for command in ("loss", "claims"):
        assert cli.main([command, str(seller), "--quiet", "--as-of", "2026-06-30", "--out", str(tmp_path / "out.csv")]) == 3
        assert "incomplete: rows_read failed: 2 of" in capsys.readouterr().err


def test_a_report_that_ends_early_is_told_by_its_last_day(seller, tmp_path, capsys):
    cli.main(["loss", str(seller), "--quiet", "--as-of", "2026-09-30", "--out", str(tmp_path / "out.csv")])
    told = capsys.readouterr().err
    assert "ledger_detail up_to_date failed: nothing after 2026-0" in told and " of 0 " not in told


def test_a_clean_folder_ends_with_0_and_has_no_problems(seller, tmp_path, capsys):
    for name in ("returns.txt", "reimbursements.txt", "diary.csv"):
        (seller / name).unlink()
    place = seller / "ledger.txt"
    place.write_bytes(place.read_bytes().replace(b"-2x", b"-2"))
    assert cli.main(["check", str(seller), "--out", str(tmp_path / "none.csv")]) == 0
    assert (tmp_path / "none.csv").read_text("utf-8-sig").splitlines() == ["file,line,column,value,why"]
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  ledger_detail"))
    assert line.split() == ["ledger_detail", "1", "33", "2026-06-01..2026-06-30", "0", "0"]
    assert cli.main(["loss", str(seller), "--out", str(tmp_path / "loss.csv")]) == 0


def test_quiet_says_nothing(seller, capsys):
    assert cli.main(["check", str(seller), "--quiet"]) == 3
    assert capsys.readouterr().out == ""


def test_without_a_ledger_the_loss_rate_is_unknown_not_zero(seller, tmp_path, capsys):
    (seller / "ledger.txt").unlink()
    assert cli.main(["loss", str(seller), "--out", str(tmp_path / "loss.csv")]) == 3
    assert "unknown" in capsys.readouterr().err
    assert len((tmp_path / "loss.csv").read_text("utf-8-sig").splitlines()) == 1


@pytest.mark.parametrize("arguments", [
    ["loss", "{seller}"], ["loss", "{seller}", "--as-of", "June", "--out", "x.csv"], ["nothing"], ["check"],
    ["loss", "{seller}", "--by", "mood", "--out", "x.csv"], ["loss", "{seller}", "--by", ",", "--out", "x.csv"],
    ["loss", "{seller}", "--out", "x.pdf"], ["claims", "{seller}", "--out", "x"], ["check", "{seller}", "--out", "x.json"],
    ["claims", "{seller}", "--policy", "nobody", "--out", "x.csv"], ["publish", "{seller}", "--policy", "nobody"]])
def test_wrong_usage_ends_with_2(seller, arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([argument.format(seller=seller) for argument in arguments])
    assert stopped.value.code == 2


@pytest.mark.parametrize(("arguments", "said"), [
    (["check", "{seller}/nowhere"], "no such folder"),
    (["loss", "{seller}", "--out", "{seller}/ledger.txt/x.csv"], "ledger.txt"),
    (["claims", "{seller}", "--explain", "nothing"], "nothing")])
def test_what_cannot_be_done_is_one_line_and_ends_with_1(seller, arguments, said, capsys):
    assert cli.main([argument.format(seller=seller) for argument in arguments]) == 1
    err = capsys.readouterr().err
    assert said in err and err.startswith("workbench: ") and len(err.splitlines()) == 1


def test_an_empty_folder_has_no_month_to_publish_and_is_told_what_to_do(tmp_path, capsys):
    (tmp_path / "shop").mkdir()
    assert cli.main(["publish", str(tmp_path / "shop"), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    told = capsys.readouterr().err
    assert "no month to report" in told and "Inventory Ledger > Detailed view" in told and "Traceback" not in told


def test_publish_ends_with_how_many_pages_were_made_left_alone_and_failed(tmp_path, monkeypatch, capsys):
    from workbench import publish

    outcomes = [publish.Outcome("Shop", "2026-05", "2026-05-31", name, page, ok, error, skipped=skipped)
                for name, page, ok, error, skipped in (("loss-rate", "a.html", True, "", False),
                                                       ("sop-impact", "b.html", True, "", True),
                                                       ("data-health", "", False, "cell 3: out of memory", False))]
    monkeypatch.setattr(publish, "publish", lambda *sellers, **asked: outcomes)
    assert cli.main(["publish", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert said.out.split() == ["a.html", "b.html"] and "cell 3: out of memory" in said.err
    assert f"1 made, 1 unchanged, 1 failed; all pages: {tmp_path / 'out' / 'index.html'}" in said.err
    assert cli.main(["publish", str(tmp_path), "--quiet"]) == 1 and "unchanged" not in capsys.readouterr().err


def test_python_m_workbench_is_the_command_with_its_exit_codes():
    def run(*arguments):
        return subprocess.run([sys.executable, "-m", "workbench", *arguments], capture_output=True, text=True)

    told, failed = run("--version"), run("check", "nowhere")
    assert (told.returncode, told.stdout.split()[0]) == (0, "workbench")
    assert failed.returncode == 1 and failed.stderr.startswith("workbench: nowhere")


def test_help_says_what_every_argument_of_every_command_is():
    commands = next(action for action in cli._parser()._actions if action.choices)
    assert len(commands.choices) == 9
    assert not [f"{name} {action.metavar or action.dest}" for name, command in commands.choices.items()
                for action in command._actions if not action.help]
