"""The analyst's sheets: templates, row-precise checks, nothing lost on saving."""

import pandas as pd
import pytest

from workbench import books, reports, sheets


@pytest.fixture
def folder(tmp_path):
    text = "sku,unit_cost,currency,from_date,buyer\n00123,9.50,USD,2026-01-01,Li\n=1+1,2,USD,,\n"
    (tmp_path / "costs.csv").write_text(text)
    return tmp_path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_template_is_a_sheet_without_rows(tmp_path, language):
    made = sheets.templates(tmp_path, language=language)
    assert [path.stem for path in made] == list(sheets.SHEETS)
    for path in made:
        found = reports.read(path)
        assert (found.spec.name, found.rows) == (path.stem, 0)
    assert not sheets.templates(tmp_path), "what is there is left alone"


def test_rows_come_back_as_they_would_be_typed(folder):
    table = sheets.rows(books.open(folder), "costs")
    assert table["sku"].tolist() == ["00123", "=1+1"]
    assert table[["unit_cost", "from_date", "freight_per_unit", "buyer"]].values.tolist() == [
        ["9.5", "2026-01-01", "", "Li"], ["2", "", "", ""]]


def test_a_saved_sheet_holds_the_same_values_and_the_old_one_is_kept(folder):
    before = sheets.rows(books.open(folder), "costs")
    old = (folder / "costs.csv").read_bytes()
    path = sheets.save(books.open(folder), "costs", before)
    assert path == folder / "costs.xlsx" and not (folder / "costs.csv").exists()
    assert (folder / ".old" / "costs-0001.csv").read_bytes() == old
    pd.testing.assert_frame_equal(sheets.rows(books.open(folder), "costs"), before)
    sheets.save(books.open(folder), "costs", before)
    assert (folder / ".old" / "costs-0001.xlsx").exists()


def test_a_row_that_cannot_be_read_is_named_and_nothing_is_saved(folder):
    table = sheets.rows(books.open(folder), "costs")
    table.loc[1, "unit_cost"] = "two"
    assert sheets.problems("costs", table)[["row", "column", "value"]].values.tolist() == [[2, "unit_cost", "two"]]
    with pytest.raises(sheets.SheetError, match=r"row 2: unit_cost - found 'two'.*Nothing was saved"):
        sheets.save(books.open(folder), "costs", table)
    assert (folder / "costs.csv").exists() and not (folder / "costs.xlsx").exists()


def test_a_case_is_added_to_the_cases_there_are(folder):
    case = {"case_id": "17", "claim_type": "lost_warehouse", "filed_on": "2026-06-01", "outcome": "pending", "sku": "00123"}
    sheets.append(books.open(folder), "cases", case)
    sheets.append(books.open(folder), "cases", {**case, "case_id": "18"})
    assert books.open(folder)["cases"]["case_id"].tolist() == ["17", "18"]


def test_a_name_that_is_no_sheet_is_refused(folder):
    with pytest.raises(sheets.SheetError, match="there is no sheet 'cost'"):
        sheets.headers("cost")


def test_a_date_with_day_and_month_either_way_round_is_named_by_its_row(folder):
    table = pd.DataFrame({"sku": ["A", "B", "C"], "unit_cost": ["9.5", "2", "3"],
                          "from_date": ["2026-01-01", "03/04/2026", ""]})
    wrong = sheets.problems("costs", table)
    assert wrong[["row", "column", "value"]].values.tolist() == [[2, "from_date", "03/04/2026"]]
    with pytest.raises(sheets.SheetError, match="row 2: from_date - found '03/04/2026', expected a date like 2025-12-31"):
        sheets.save(books.open(folder), "costs", table)
    assert (folder / "costs.csv").exists()
