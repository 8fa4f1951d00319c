import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from workbench import export

TABLE = pd.DataFrame({
    "sku": ["00123", "1E5", "=HYPERLINK(1)", "@sum", "-2+3"],
    "units": [1, -2, 3, 4, 5],
    "amount": [1.5, None, 3.0, 0.1, 2.0],
    "day": pd.to_datetime(["2026-01-31", None, "2026-02-01", "2026-02-02", "2026-02-03"]),
})


def test_csv_text_that_a_spreadsheet_would_run_is_made_inert(tmp_path):
    export.write(TABLE, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text("utf-8").splitlines()
    assert lines == ["sku,units,amount,day", "00123,1,1.5,2026-01-31", "1E5,-2,,", "'=HYPERLINK(1),3,3.0,2026-02-01",
                     "'@sum,4,0.1,2026-02-02", "'-2+3,5,2.0,2026-02-03"]


def test_xlsx_keeps_identifiers_as_text_and_numbers_as_numbers(tmp_path):
    export.write(TABLE, tmp_path / "t.xlsx", rules=pd.DataFrame({"rule": ["60 days"]}))
    book = CalamineWorkbook.from_path(tmp_path / "t.xlsx")
    assert book.sheet_names == ["t", "rules"]
    rows = book.get_sheet_by_name("t").to_python()
    assert rows[1] == ["00123", 1.0, 1.5, "2026-01-31"]
    assert rows[3][0] == "=HYPERLINK(1)" and rows[2][2] == ""


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("t.csv", "t.xlsx"):
        export.write(TABLE, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        export.write(TABLE, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first


def test_a_failed_write_leaves_the_earlier_file_and_nothing_else(tmp_path, monkeypatch):
    export.write(TABLE, tmp_path / "t.csv")
    before = (tmp_path / "t.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        export.write(TABLE.head(1), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_another_ending_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"expected a name that ends in \.csv or \.xlsx"):
        export.write(TABLE, tmp_path / "t.pdf")
