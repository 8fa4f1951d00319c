"""What a folder holds, and archives: opened whole, or refused with a reason and little memory."""

import gzip
import io
import random
import zipfile
from collections import deque

import pytest

from workbench import files, reports

SHEET = "sku,unit_cost,currency\r\n" + "".join(f"SKU-{at:03},{at}.50,USD\r\n" for at in range(40))


def zipped(members, **options):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 6, 1, 8, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def costs(place):
    """Every part's costs, by label."""
    return {part.label: reports.read_part(part).table["unit_cost"].tolist() for part in files.parts(place)}


def test_plain_gzip_and_zip_hold_the_same(tmp_path):
    for name, data in (("a.csv", SHEET.encode()), ("a.csv.gz", gzip.compress(SHEET.encode())),
                       ("a.zip", zipped([("in/a.csv", SHEET)])),
                       ("b.zip", zipped([("a.csv.gz", gzip.compress(SHEET.encode()))]))):
        (tmp_path / name).write_bytes(data)
        assert list(costs(tmp_path / name).values()) == [[at + 0.5 for at in range(40)]], name


def test_every_member_of_a_zip_is_an_export_of_its_own_with_its_own_time(tmp_path):
    (tmp_path / "x.zip").write_bytes(zipped([("a.csv", SHEET), ("in/b.csv", SHEET[:60] + "\r\n"), ("in/", ""),
                                             ("__MACOSX/._a.csv", "x"), (".DS_Store", "x")]))
    assert list(costs(tmp_path / "x.zip")) == ["x.zip!a.csv", "x.zip!in/b.csv"]
    assert {part.modified for part in files.parts(tmp_path / "x.zip")} == {1780300800.0}


def test_a_folder_is_walked_in_the_order_of_its_labels_without_settings_evidence_and_hidden_files(tmp_path):
    for name in ("b.txt", "a/c.txt", "seller.toml", "evidence/pod.csv", ".hidden/x.csv", "~$open.xlsx", "letter.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    assert [label for _, label in files.walk(tmp_path)] == ["a/c.txt", "b.txt", "letter.pdf"]
    assert [files.may_be_export(path) for path, _ in files.walk(tmp_path)] == [True, True, False]


def test_two_members_of_one_name_are_refused_for_one_would_be_lost(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        (tmp_path / "x.zip").write_bytes(zipped([("a.csv", SHEET), ("a.csv", SHEET)]))
    with pytest.raises(files.Refused, match="one name"):
        files.parts(tmp_path / "x.zip")


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip"])
def test_every_prefix_of_an_archive_is_refused(tmp_path, name):
    whole = gzip.compress(SHEET.encode()) if name.endswith("gz") else zipped([("x.csv", SHEET)])
    for size in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:size])
        with pytest.raises(ValueError):
            costs(tmp_path / name)


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip"])
def test_a_flipped_bit_in_an_archive_is_refused_or_changes_nothing(tmp_path, name):
    whole = gzip.compress(SHEET.encode()) if name.endswith("gz") else zipped([("x.csv", SHEET), ("y.csv", SHEET)])
    (tmp_path / name).write_bytes(whole)
    right = list(costs(tmp_path / name).values())
    refused = 0
    for at in random.Random(0).sample(range(len(whole) * 8), 90):
        (tmp_path / name).write_bytes(whole[:at // 8] + bytes([whole[at // 8] ^ 1 << at % 8]) + whole[at // 8 + 1:])
        try:
            assert list(costs(tmp_path / name).values()) == right, f"bit {at}"
        except ValueError:
            refused += 1
    assert refused > 45


@pytest.mark.parametrize("name", ["x.txt.gz", "x.zip", "x.xlsx"])
def test_a_bomb_is_refused_before_it_goes_off(tmp_path, name):
    if name.endswith("gz"):
        with gzip.open(tmp_path / name, "wb", 1) as stream:
            for _ in range(130):
                stream.write(bytes(1 << 20))
    else:
        with (zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
              archive.open("xl/worksheets/sheet1.xml", "w") as stream):
            for _ in range(130):
                stream.write(bytes(1 << 20))
    with pytest.raises(files.Refused, match="bomb"):
        reports.read(tmp_path / name)


def test_a_gzip_file_that_lies_about_its_size_is_stopped_on_the_way(tmp_path):
    with gzip.open(tmp_path / "x.txt.gz", "wb", 1) as stream:
        for _ in range(130):
            stream.write(bytes(1 << 20))
    data = (tmp_path / "x.txt.gz").read_bytes()
    (tmp_path / "x.txt.gz").write_bytes(data[:-4] + (1000).to_bytes(4, "little"))
    with pytest.raises(files.Refused, match="bomb"):
        deque(files.parts(tmp_path / "x.txt.gz")[0].pieces(), maxlen=0)


def test_a_sheet_with_a_cell_at_the_far_end_is_refused(tmp_path):
    (tmp_path / "far.xlsx").write_bytes(zipped([("xl/worksheets/sheet1.xml", '<c r="A1"/><c r="XFD1048576" t="s"/>')]))
    with pytest.raises(files.Refused, match="1048576 rows by 16384 columns"):
        reports.read(tmp_path / "far.xlsx")


@pytest.mark.parametrize(("name", "data", "what"), [
    ("a.csv", zipped([("a.csv", SHEET)]), "zip archive or a workbook"), ("a.txt", gzip.compress(b"x"), "gzip"),
    ("a.txt", b"%PDF-1.7\n", "PDF"), ("a.csv", b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "web page"),
    ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"), ("a.txt", b"", "empty"), ("a.txt", b"hello\n", "header"),
    ("a.json", b"[" * 100_000, "damaged"), ("a.json", b"\xff\xfe\x00", "damaged"),
    ("a.xlsx", b"sku,unit_cost", r"Name it \.csv"),
    ("a.csv", b"<table><tr><td>sku", "web page: download"), ("a.txt", b"From: <Saved by Blink>\r\n", "web page: download"),
    ("a.csv", b'<?xml version="1.0"?>', "XML"), ("a.txt", b'{"payload": {}}', r"name it \.json"),
    ("a.csv", b"??,????,SKU\r\n", "letters were lost"),
    ("a.csv", b'"sku,""unit_cost""",,\r\n"A,""1""",,\r\n', "fits no known report"),
    ("a.csv", b'"sku,""unit_cost"""\r\n"A,""1"""\r\n', "every line stands in quotes as one cell"),
    ("a.zip", b"PK\x03\x04", "not a whole zip")],
    ids=["zip", "gzip", "pdf", "web page", "old excel", "empty", "text", "deep json", "utf-16 json", "csv as xlsx",
         "table", "saved page", "xml", "json as text", "lost letters", "more cells", "lines as cells", "cut zip"])
def test_what_is_no_export_is_refused_by_what_it_is_and_by_its_name(tmp_path, name, data, what):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=what) as refused:
        reports.read(tmp_path / name)
    assert str(refused.value).startswith(name)


def test_an_encrypted_archive_is_refused(tmp_path):
    data = bytearray(zipped([("a.csv", SHEET)]))
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(start) + at] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(files.Refused, match="encrypted"):
        costs(tmp_path / "x.zip")


def test_a_member_named_by_a_chinese_windows_is_readable(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("costs.csv", "sku,unit_cost\r\nA,1.5\r\n")
    data = (tmp_path / "a.zip").read_bytes().replace(b"costs.csv", "成本.csv".encode("gb18030") + b"s")
    (tmp_path / "a.zip").write_bytes(data)
    (part,) = files.parts(tmp_path / "a.zip")
    assert part.label == "a.zip!成本.csvs" and b"".join(part.pieces()).startswith(b"sku")


def test_a_workbook_with_a_password_is_refused_as_one(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(files.Refused, match="with a password"):
        reports.read(tmp_path / "a.xlsx")
