"""Silently different = 0: a damaged file is read right, set aside row by row, doubted or refused, never wrong unsaid."""

import dataclasses
import gzip
import random

import mutations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import books, checks, reports, specs
from workbench.simulate import simulate

WHOLE = list(mutations.every())


def named(sample):
    return f"{sample.name}, {len(sample.rows)} rows"


@pytest.mark.parametrize("spec", list(specs.reports()))
def test_every_report_is_read_alike_in_every_shape(spec):
    shapes = [sample for sample in WHOLE if sample.spec == spec and len(sample.rows) == 6]
    tables = [mutations.loaded(mutations.whole(sample), True) for sample in shapes]
    assert len(tables) >= 3 and all(table == tables[0] for table in tables)
    assert sum(tables[0].values()) >= 6


@settings(max_examples=100, deadline=None, derandomize=True)  # the search for more: python -m tests.mutations
@given(st.sampled_from(WHOLE), st.integers(0, 2**32))
def test_no_damage_to_any_report_is_read_wrong_in_silence(sample, seed):
    kind = random.Random(seed).choice(list(mutations.damages(sample)))
    result, why, data = mutations.tried(sample, kind, random.Random(seed))
    assert result != "SILENT", f"{named(sample)}, {kind}, seed {seed}: {why}\n{data!r}"


@pytest.mark.parametrize("kind", list(mutations.DAMAGE))
def test_each_damage_to_the_ledger_has_an_outcome_that_is_known(kind):
    """The quoted ledger is the file that everything stands on: what each damage to it ends in is pinned here."""
    sample = next(sample for sample in WHOLE if sample.name == "ledger_detail, quoted tab" and len(sample.rows) == 6)
    found = {mutations.tried(sample, kind, random.Random(seed))[0] for seed in range(4)}
    harmless = {"columns in another order", "saved as cp1252", "saved as UTF-16 (Excel's Unicode text)", "byte order mark",
                "saved as cp932", "line ends \\n, or mixed", "line ends \\r", "blank lines", "preamble", "a total line",
                "HTML error page after it", "header in another language", "header line again in the middle"}
    if kind in harmless:
        assert found == {"right"}
    elif kind in ("NUL byte", "cut at the start", "gzip, cut", "zip, cut"):
        assert found == {"refused"}
    elif kind in ("separator lost", "line end lost", "quote lost"):
        assert found == {"set aside"}
    elif kind in mutations.BY_NATURE:
        assert "set aside" not in found or kind == "one digit changed"
    else:
        assert found <= {"right", "set aside", "doubted", "refused", ""}


RECORDS = {
    "right": ("numbers stored as text", "dates as dates", "hidden rows and columns", "a sheet beside it", "numbers as text",
              "header row further down", "blank rows between", "a total row of formulas", "a record that is none",
              "one answer a line", "an answer with a byte order mark"),
    "set aside": ("a word in a number's cell", "a formula whose value was not saved", "an error in a cell",
                  "a date as a day's number", "one row moved a cell to the right"),
    "doubted": ("a number in an identifier's cell", "a key twice"),
    "refused": ("an old copy in a hidden sheet", "workbook, cut", "an answer, cut", "an error answer after it"),
}


@pytest.mark.parametrize(("kind", "known"), [(kind, known) for known, kinds in RECORDS.items() for kind in kinds])
def test_each_damage_to_a_workbook_or_an_answer_has_an_outcome_that_is_known(kind, known):
    shape = next(shape for shape, damages in mutations.damage_records.DAMAGE.items() if kind in damages)
    sample = next(sample for sample in WHOLE if sample.name == f"campaigns, {shape}")
    assert {mutations.tried(sample, kind, random.Random(seed))[0] for seed in range(3)} == {known}


# ---------------------------------------------------------------------------------------------------- found once

@pytest.mark.parametrize("lost", ["\n", "\r\n", "0\r\n"])
def test_a_file_that_ends_early_is_doubted_at_its_last_line(tmp_path, lost):
    sample = next(sample for sample in WHOLE if sample.name == "settlement_v1, tab" and len(sample.rows) == 6)
    whole = sample.text()
    (tmp_path / "s.txt").write_bytes(whole.removesuffix(lost).encode())
    assert [p.line for p in reports.read(tmp_path / "s.txt").found if "line end" in p.why] == [7]


def test_a_settlement_whose_first_line_is_broken_has_no_currency_and_says_so(tmp_path):
    header = "settlement-id\ttotal-amount\tcurrency\ttransaction-type\tposted-date\tother-amount\n"
    (tmp_path / "s.txt").write_text(header + "1\t5.0x\tCAD\t\t\t\n1\t\t\tFee\t2026-05-13T08:00:00+00:00\t5.00\n"
                                    .replace("1\t5.0x", "1\t\t5.0x"), "utf-8")
    found = reports.read(tmp_path / "s.txt")
    assert found.table["currency"].tolist() == [""]
    assert [(p.line, p.column) for p in found.found if p.kind == "doubt"] == [(3, "currency")]


def test_blanks_in_a_settlements_currency_are_no_currency(tmp_path):
    header = "settlement-id\ttotal-amount\tcurrency\ttransaction-type\tposted-date\tother-amount\n"
    rows = "".join(f"1\t\t{word}\tFee\t2026-05-13T08:00:00+00:00\t5.00\n" for word in ("  ", ""))
    (tmp_path / "s.txt").write_text(header + "1\t10.00\tCAD\t\t\t\n" + rows, "utf-8")
    assert reports.read(tmp_path / "s.txt").table["currency"].tolist() == ["CAD"] * 3


def test_a_moment_in_an_id_column_is_doubted(tmp_path):
    (tmp_path / "s.txt").write_text(
        "settlement-id\ttotal-amount\tcurrency\ttransaction-type\tposted-date\tshipment-id\tdeposit-date\tother-amount\n"
        "1\t5.00\tCAD\t\t\t2026-05-13T08:00:00+00:00\t\t\n1\t\t\tFee\t2026-05-13T08:00:00+00:00\t\t\t5.00\n", "utf-8")
    assert [p.column for p in reports.read(tmp_path / "s.txt").found if p.kind == "doubt"] == ["shipment_id"]


# ---------------------------------------------------------------------------------------------------- seen from elsewhere

@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sellers") / "whole"
    simulate(folder, seed=3, skus=3, months=3, demand=0.9)
    assert not outcomes(folder) & {"detail_summary", "settlement_totals"}
    return folder


def outcomes(folder):
    table = checks.checks(books.open(folder)).table
    return set(table[table["outcome"] == "failed"]["check"])


def rewritten(folder, place, change):
    """The folder with the lines of one packed file changed; put back afterwards."""
    before = place.read_bytes()
    text = gzip.decompress(before) if place.suffix == ".gz" else before
    lines = text.decode("utf-8-sig").split("\r\n" if b"\r\n" in text else "\n")
    place.write_bytes(gzip.compress("\r\n".join(change(lines)).encode()))
    try:
        return outcomes(folder)
    finally:
        place.write_bytes(before)


@pytest.mark.parametrize(("kind", "change"), [
    ("line dropped", lambda lines: lines[:20] + lines[21:]), ("line doubled", lambda lines: lines[:21] + lines[20:]),
    ("one digit changed", lambda lines: "\n".join(lines).replace('\t"-1"\t', '\t"-7"\t', 1).split("\n")),
    ("cut between two lines", lambda lines: [*lines[:len(lines) // 2], ""])])
def test_what_no_reader_sees_in_a_ledger_the_summary_tells(seller, kind, change):
    assert kind in mutations.BY_NATURE
    place = sorted((seller / "ledger").glob("*.txt.gz"))[1]
    assert "detail_summary" in rewritten(seller, place, change)


@pytest.mark.parametrize("change", [lambda lines: lines[:20] + lines[21:], lambda lines: lines[:21] + lines[20:]])
def test_what_no_reader_sees_in_a_settlement_its_total_tells(seller, change):
    place = sorted((seller / "settlements").glob("*.txt.gz"))[1]
    assert "settlement_totals" in rewritten(seller, place, change)


@pytest.mark.parametrize(("column", "value", "why"), [
    ("fulfillment-id", "-321.69", "an amount where an id belongs"), ("shipment-id", "2", "not the shape"),
    ("adjustment-id", "1", "not the shape"), ("merchant-order-id", "12.50", "an amount where an id belongs")])
def test_an_amount_or_a_count_in_a_settlements_ids_is_doubted(tmp_path, column, value, why):
    sample = next(one for one in WHOLE if one.name == "settlement_v2, tab" and len(one.rows) == 6)
    at = sample.header.index(column)
    first, second, *others = sample.rows
    moved = dataclasses.replace(sample, rows=(first, (*second[:at], value, *second[at + 1:]), *others))
    told = mutations.read("s.txt", moved.text().encode()).found
    assert any(problem.kind == "doubt" and why in problem.why for problem in told)
    assert not any(why in problem.why for problem in mutations.whole(sample).found)
