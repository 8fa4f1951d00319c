"""A folder of exports as one set of books: nothing lost, nothing doubled, whatever the files' order and overlaps."""

import datetime as dt
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import books, cache, checks, files, specs

FIRST = dt.date(2026, 5, 1)
HEADER = "Date\tFNSKU\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason"
PAID = "approval-date\treimbursement-id\treason\tsku\tcurrency-unit\tamount-total"


def day(at):
    return FIRST + dt.timedelta(days=at)


def ledger(events):
    """A ledger export of (day number, FNSKU, units)."""
    lines = [f"{day(at):%m/%d/%Y}\t{fnsku}\tAdjustments\t{units}\tABE2\tSELLABLE\tM" for at, fnsku, units in events]
    return "\r\n".join([HEADER, *lines, ""])


def reimbursements(*rows):
    lines = [f"{at}\t{number}\tLost_Warehouse\tA\tUSD\t{amount}" for at, number, amount in rows]
    return "\r\n".join([PAID, *lines, ""])


def put(folder, name, content, stamp=0):
    """A file, `stamp` minutes younger than the first."""
    place = Path(folder) / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(place, (1_780_000_000 + 60 * stamp,) * 2)
    return place


def rows(known, table="ledger_detail"):
    """The table's rows as a sorted list, without file and line."""
    frame = known[table].drop(columns=["file", "line"])
    return sorted(map(tuple, frame.astype("str").to_numpy().tolist()))


def units(known):
    return int(known["ledger_detail"]["units"].sum())


def test_identical_rows_inside_one_export_are_separate_events(tmp_path):
    put(tmp_path, "ledger.txt", ledger([(0, "X1", -1)] * 3))
    assert units(books.open(tmp_path)) == -3


def test_a_file_twice_counts_once_under_whatever_name(tmp_path):
    for name in ("ledger.txt", "copy/ledger (1).txt", "z.txt"):
        put(tmp_path, name, ledger([(0, "X1", -1), (1, "X1", -1)]))
    known = books.open(tmp_path)
    assert units(known) == -2
    assert sorted(known.files["status"]) == ["identical to copy/ledger (1).txt"] * 2 + ["read"]


def test_a_regional_report_saved_for_three_marketplaces_counts_once(tmp_path):
    for at, name in enumerate(("US", "CA", "MX")):
        extra = "" if name == "US" else "\r\n" * at  # the same rows, other bytes
        paid = [("2026-05-01T10:00:00+00:00", "R1", "5.00"), ("2026-05-02T10:00:00+00:00", "R2", "7.50")]
        put(tmp_path, f"{name}/reimbursements.txt", reimbursements(*paid) + extra)
    assert books.open(tmp_path)["reimbursements"]["amount"].sum() == 12.5


def test_the_newest_export_owns_a_day_by_amazons_own_file_name_before_the_files_time(tmp_path):
    old, new = ledger([(0, "X1", -1), (1, "X1", -1)]), ledger([(1, "X1", -4), (2, "X1", -1)])
    put(tmp_path, f"50000{0}{20600}.txt", old, stamp=9)
    put(tmp_path, f"50000{0}{20601}.txt", new, stamp=0)
    known = books.open(tmp_path)
    assert known["ledger_detail"]["units"].tolist() == [-1, -4, -1]
    assert known.files.set_index("file")["rows_replaced"].to_dict() == {"50000020600.txt": 1, "50000020601.txt": 0}


def preview(*rows):
    lines = [f"{sku}\tX1\t{store}\tStd\t{currency}\t1.00\t{fee}" for sku, store, currency, fee in rows]
    return "\n".join(["sku\tfnsku\tamazon-store\tproduct-size-tier\tcurrency\testimated-referral-fee-per-unit\t"
                      "expected-fulfillment-fee-per-unit", *lines, ""])


def test_the_newest_snapshot_of_a_store_counts_and_hides_no_other_store(tmp_path):
    put(tmp_path, "us.txt", preview(("A", "US", "USD", 5.0), ("B", "US", "USD", 6.0)))
    put(tmp_path, "us again.txt", preview(("A", "US", "USD", 5.5)), stamp=2)
    put(tmp_path, "ca.txt", preview(("A", "CA", "CAD", 7.0)), stamp=1)
    put(tmp_path, "empty.txt", preview(), stamp=3)
    known = books.open(tmp_path)["fee_preview"]
    assert sorted(zip(known["file"], known["fulfillment_fee"], strict=True)) == [("ca.txt", 7.0), ("us again.txt", 5.5)]


@pytest.mark.parametrize("names", [("a/50011020300.txt", "b/50011020500.txt"), ("b/50011020300.txt", "a/50011020500.txt")])
def test_snapshots_of_several_days_come_in_the_order_of_their_days(tmp_path, names):
    for name, fee in zip(names, (5.0, 6.0), strict=True):
        put(tmp_path, name, preview(("A", "US", "USD", fee)))
    assert list(books.open(tmp_path)["fee_preview"]["fulfillment_fee"]) == [5.0, 6.0]


@pytest.mark.parametrize("region", ["US", "EU", "JP"])
def test_rolling_windows_cut_by_utc_days_lose_no_hour_of_the_marketplaces_days(tmp_path, region):
    put(tmp_path, "seller.toml", f'region = "{region}"\n')
    moments = [dt.datetime(2026, 5, 1) + dt.timedelta(hours=5 * at) for at in range(48)]
    for at in range(8):
        held = [moment for moment in moments if at < moment.day <= at + 3]
        put(tmp_path, f"{at}.txt", reimbursements(*((f"{moment:%Y-%m-%dT%H:%M:%S}+00:00", f"{moment:%d%H}", 1)
                                                    for moment in held)), stamp=at)
    known = books.open(tmp_path)
    assert sorted(known["reimbursements"]["reimbursement_id"]) == [f"{moment:%d%H}" for moment in moments]
    restated = checks.checks(known).table.set_index(["check", "report"]).loc[("restated", "reimbursements")]
    assert restated["outcome"] != "failed", restated["detail"]


def test_rows_after_the_day_asked_for_are_kept_out_and_counted(tmp_path):
    put(tmp_path, "ledger.txt", ledger([(0, "X1", -1), (9, "X1", -1)]))
    known = books.open(tmp_path, day(5))
    assert units(known) == -1 and known.files["rows_later"].tolist() == [1] and known.through == day(5)


def test_every_row_of_every_file_is_used_replaced_later_or_set_aside(tmp_path):
    put(tmp_path, "a.txt", ledger([(0, "X1", -1), (3, "X1", -2), (9, "X1", -3)]).replace("-2", "two"), 0)
    put(tmp_path, "b.txt", ledger([(0, "X1", -1), (1, "X1", -5)]), 1)
    files = books.open(tmp_path, day(5)).files
    parts = files[["rows_used", "rows_replaced", "rows_later", "rows_set_aside"]]
    assert (parts.sum(axis=1) == files["rows"]).all() and files["rows_set_aside"].sum() == 1


def test_only_the_rows_of_the_days_asked_for_are_loaded(tmp_path):
    put(tmp_path, "a.txt", ledger([(0, "X1", -1), (3, "X2", -2)]))
    put(tmp_path, "b.txt", ledger([(3, "X3", -3), (4, "X4", -4), (9, "X5", -5)]), stamp=1)
    known = books.open(tmp_path, through=day(8))
    for first, last, wanted in ((0, 2, [-1]), (0, 3, [-1, -3]), (3, 9, [-3, -4]), (5, 8, []), (20, 30, [])):
        table = known.table("ledger_detail", ["units"], days=(day(first), day(last)))
        assert (table["units"].tolist(), str(table["units"].dtype)) == (wanted, "int64")


def test_an_absent_report_is_known_to_be_absent_and_an_empty_one_is_not(tmp_path):
    put(tmp_path, "reimbursements.txt", PAID + "\r\n")
    known = books.open(tmp_path)
    assert known.is_absent("returns") and not known.is_absent("reimbursements")
    for name in ("returns", "reimbursements"):
        assert known[name].empty and set(known[name].columns) >= {column.name for column in specs.tables()[name]}
    assert known.problems[["file", "kind"]].values.tolist() == [["reimbursements.txt", "empty"]]


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path):
    put(tmp_path, "ledger.txt", ledger([(0, "X1", -1)]))
    put(tmp_path, "bad.zip", b"PK\x03\x04 cut")
    put(tmp_path, "bad.txt.gz", b"\x1f\x8b cut")
    put(tmp_path, "notes.csv", "dear,diary\n1,2\n")
    put(tmp_path, "photo.jpg", b"\xff\xd8")
    known = books.open(tmp_path)
    assert units(known) == -1
    assert known.files.set_index("file")["status"].to_dict() == {
        "bad.txt.gz": "not read", "bad.zip": "not read", "ledger.txt": "read", "notes.csv": "not read",
        "photo.jpg": "not an export"}
    assert set(known.problems[known.problems["kind"] == "file"]["file"]) == {"bad.txt.gz", "bad.zip", "notes.csv"}


def test_two_regions_in_one_folder_are_an_error_that_names_both(tmp_path):
    put(tmp_path, "us.txt", reimbursements(("2026-05-01T10:00:00+00:00", "R1", "5.00")))
    put(tmp_path, "jp.txt", reimbursements(("2026-05-01T10:00:00+00:00", "R2", "500")).replace("USD", "JPY"))
    with pytest.raises(ValueError, match="(?s)(US.*JP|JP.*US)"):
        books.open(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        books.open(tmp_path / "nowhere")


events = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["X1", "X2"]), st.integers(-3, 3)), min_size=1, max_size=25)


@settings(max_examples=12, deadline=None)
@given(events, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5), st.randoms(use_true_random=False))
def test_overlapping_exports_of_the_same_events_are_the_events_whatever_their_order(events, windows, dice):
    """Any windows over the same events, cut, copied, renamed and in any order of age, are the events themselves."""
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as cut:
        put(whole, "ledger.txt", ledger(sorted(events)))
        covered = [(0, 30), *(tuple(sorted(window)) for window in windows)]
        ages = dice.sample(range(100), len(covered))
        for at, ((first, last), age) in enumerate(zip(covered, ages, strict=True)):
            inside = sorted(event for event in events if first <= event[0] <= last)
            put(cut, f"{dice.choice('abc')}/{at}.txt", ledger(inside), age)
            if dice.random() < 0.3:
                put(cut, f"copy {at}.txt", ledger(inside), dice.randrange(100))
        assert rows(books.open(cut)) == rows(books.open(whole))
        names = sorted(Path(cut).rglob("*.txt"))
        dice.shuffle(names)
        for at, place in enumerate(names):  # the same files under other names
            place.rename(place.with_name(f"{at} {random.Random(at).random()}.txt"))
        assert rows(books.open(cut)) == rows(books.open(whole))


INCIDENTS = "date,kind,sku,estimated_loss,currency,note"


def incidents(*rows):
    return "\n".join([INCIDENTS, *rows, ""])


def test_the_newer_of_two_versions_of_the_incidents_sheet_owns_what_it_states_again(tmp_path):
    old = ["2026-05-01,listing deleted,A,,USD,", "2026-05-02,wrong price,A,80,USD,"]
    put(tmp_path, "incidents.csv", incidents(*old), 1)
    put(tmp_path, "incidents (1).csv", incidents("2026-05-01,listing deleted,A,120,USD,now estimated", old[1],
                                                 "2026-05-02,wrong price,B,60,USD,"), 2)
    known = books.open(tmp_path)["incidents"]
    assert sorted(known["estimated_loss"]) == [60, 80, 120]
    put(tmp_path, "incidents.csv", incidents(*old, ""), 3)  # saved again, later than the other
    assert sorted(books.open(tmp_path)["incidents"]["estimated_loss"].fillna(0)) == [0, 60, 80]


def test_two_identical_incidents_inside_one_sheet_stay_two(tmp_path):
    twice = ["2026-05-01,wrong price,A,80,USD,"] * 2
    put(tmp_path, "incidents.csv", incidents(*twice), 1)
    put(tmp_path, "incidents (1).csv", incidents(*twice, "2026-05-02,wrong price,,60,USD,"), 2)
    assert sorted(books.open(tmp_path)["incidents"]["estimated_loss"]) == [60, 80, 80]


def test_sheets_of_incidents_split_by_year_stay_whole(tmp_path):
    for year in (2024, 2025):
        rows = f"{year}-05-01,wrong price,A,80,USD,", f"{year}-05-01,stock-out,,9,,"
        put(tmp_path, f"incidents-{year}.csv", incidents(*rows))
    assert len(books.open(tmp_path)["incidents"]) == 4


def test_a_second_opening_from_the_cache_is_the_same(tmp_path):
    put(tmp_path, "ledger.txt", ledger([(0, "X1", -1), (1, "X2", 2)]).replace("2\tABE2", "2x\tABE2"))
    one, two = books.open(tmp_path), books.open(tmp_path)
    pd.testing.assert_frame_equal(one["ledger_detail"], two["ledger_detail"])
    pd.testing.assert_frame_equal(one.problems, two.problems)


@pytest.mark.parametrize("fresh", [-60.0, 2.0])
def test_a_file_rewritten_in_its_size_and_with_its_old_time_is_read_anew(tmp_path, monkeypatch, fresh):
    monkeypatch.setattr(cache, "FRESH_SECONDS", fresh)
    for found in (-1, -2):
        put(tmp_path, "ledger.txt", ledger([(0, "X1", found)]))
        assert units(books.open(tmp_path)) == found


def test_tables_load_though_the_cache_was_deleted_after_the_opening(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    put(tmp_path / "seller", "ledger.txt", ledger([(0, "X1", -1), (1, "X2", 2)]))
    known = books.open(tmp_path / "seller")
    shutil.rmtree(tmp_path / "cache")
    assert rows(known) == rows(books.open(tmp_path / "seller"))


def test_a_table_of_which_no_row_is_wanted_keeps_its_columns_types(tmp_path):
    (tmp_path / "costs.csv").write_text("sku,unit_cost,currency,from_date\nA,1.5,USD,2026-01-01\n")
    known = books.open(tmp_path)
    none = known.table("costs", where=("currency", ("EUR",)))
    assert none.empty and none.dtypes.astype("str").equals(known.table("costs").dtypes.astype("str"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_line_is_shown_as_it_stands_in_the_file(tmp_path, encoding):
    text = ("return-date\torder-id\tsku\tproduct-name\tquantity\tdetailed-disposition\n"
            "2026-05-13T08:15:00+00:00\t111-1234567-1234567\tSKU-1\tCrème brûlée\t1\tSELLABLE\n")
    put(tmp_path, "returns.txt", text.encode(encoding))
    known = books.open(tmp_path)
    assert [known.line(f"returns.txt:{number}") for number in range(4)] == ["", *text.splitlines(), ""]


def test_lines_of_several_files_are_shown_as_asked_for_and_each_file_is_read_once(tmp_path, monkeypatch):
    paid, lost = reimbursements((day(0), 1, "9.99"), (day(1), 2, "5.00")), ledger([(0, "X1", -1), (1, "X2", -2)])
    health = json.dumps({"accountStatuses": [{"marketplaceId": "ATVPDKIKX0DER", "status": "AT_RISK"}],
                         "performanceMetrics": []}, indent=1)
    put(tmp_path, "paid.txt", paid)
    put(tmp_path, "sub/lost.txt", lost)
    put(tmp_path, "health.json", health)
    with xlsxwriter.Workbook(tmp_path / "costs.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("sku", "unit_cost", "currency"))
        sheet.write_row(1, 0, ("A", 2, "USD"))
    known, opened, pieces = books.open(tmp_path), [], files.Part.pieces
    assert (known.files["status"] == "read").all()
    monkeypatch.setattr(files.Part, "pieces", lambda part: [opened.append(part.label), pieces(part)][1])
    asked = {"paid.txt:3": paid.splitlines()[2], "sub/lost.txt:2": lost.splitlines()[1], "costs.xlsx:2": "",
             "health.json:4": health.splitlines()[3], "gone.txt:1": "", "paid.txt:2": paid.splitlines()[1],
             "paid.txt:9": "", "paid.txt:x": "", "paid.txt": ""}
    assert known.lines([*asked]) == [*asked.values()]
    assert sorted(opened) == ["health.json", "paid.txt", "sub/lost.txt"]
