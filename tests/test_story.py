"""What `workbench check` says: grouped, so that a hundred files say one thing once; nothing unsaid."""

import zipfile

import pytest

from workbench import books, checks, cli, findings, story

COSTS = "sku,unit_cost\r\nA,1.5\r\n"


def told(folder):
    known = books.open(folder)
    return story.story(known, checks.checks(known))


def test_what_many_files_say_is_said_once_with_the_first_places(tmp_path):
    for n in range(30):
        (tmp_path / f"costs-{n:02}.csv").write_text(f"sku,unit_cost,colour\nA{n},1.5,red\nB{n},x{n},red\n", "utf-8")
    rows = findings.grouped(books.open(tmp_path))
    assert rows[["kind", "column", "count", "files"]].values.tolist() == [
        ["row", "unit_cost", 30, 30], ["note", "colour", 30, 30]]
    said = told(tmp_path)
    assert "30 × unit_cost - found 'x0', expected a number like 12.34  (in 30 files, first costs-00.csv:3, " in said
    assert len(said.splitlines()) < 40


def test_an_empty_folder_is_told_what_to_do_and_has_no_last_day(tmp_path):
    said = told(tmp_path)
    assert "Put the exports of Seller Central into it" in said and "1970" not in said
    assert "no Inventory ledger, summary view in the folder (Reports > Fulfillment" in said


def test_why_one_check_cannot_tell_is_said_in_words(tmp_path):
    header = ("request-date,order-id,shipment-date,sku,fnsku,disposition,shipped-quantity,carrier,tracking-number,"
              "removal-order-type\n")
    (tmp_path / "removal-shipments.csv").write_text(header, "utf-8")
    (tmp_path / "costs.csv").write_text(COSTS, "utf-8")
    line = next(line for line in told(tmp_path).splitlines() if "removal_shipments days" in line)
    assert line == "  unknown   removal_shipments days: nothing in the files can be compared"


def test_what_lies_beside_exports_is_passed_over_or_told_by_what_it_is(tmp_path):
    for name in (".DS_Store", "~$costs.xlsx", "Thumbs.db", "photo.jpg", "old.xls", "all.rar"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.txt").write_bytes(b"")
    nested = tmp_path / "子文件夹" / "深"
    nested.mkdir(parents=True)
    (nested / "成本.csv").write_text(COSTS, "utf-8")
    (nested / "成本 (1).csv").write_text(COSTS, "utf-8")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", b"x")
        archive.writestr("readme.pdf", b"x")
    known = books.open(tmp_path)
    assert known.files.set_index("file")["status"].to_dict() == {
        "Thumbs.db": "not an export", "photo.jpg": "not an export", "outer.zip!readme.pdf": "not an export",
        "old.xls": "not read", "all.rar": "not read", "empty.txt": "not read", "outer.zip!inner.zip": "not read",
        "子文件夹/深/成本 (1).csv": "read", "子文件夹/深/成本.csv": "identical to 子文件夹/深/成本 (1).csv"}
    said = told(tmp_path)
    for line in ("old.xls: the file is an old Excel workbook: save it as .xlsx.", "all.rar: the file is an archive: unpack",
                 "inner.zip: the file is an archive inside an archive", "Thumbs.db, outer.zip!readme.pdf, photo.jpg"):
        assert line in said


@pytest.mark.parametrize(("content", "why"), [
    ("sku,unit_cost\r\nA,x\r\n", "failed: rows_read"), (COSTS.strip(), "1 doubt about what was read"),
    ("", "no report was found")], ids=["row", "doubt", "nothing"])
def test_a_quiet_check_says_in_one_line_why_it_is_not_content(tmp_path, capsys, content, why):
    (tmp_path / "costs.csv").write_text(content, "utf-8")
    assert cli.main(["check", "--quiet", str(tmp_path)]) == 3
    captured = capsys.readouterr()
    assert not captured.out and why in captured.err and len(captured.err.splitlines()) == 1
