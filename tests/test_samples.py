"""Files nobody here wrote: every one reads, and what is true of it is true of its table."""

import shutil
from pathlib import Path

import pytest

from workbench import cli, reports

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"
if not SAMPLES.is_dir():
    SAMPLES = Path(__file__).parent.parent.parent.parent / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample files are not here")


def table(name):
    report = reports.read(SAMPLES / name)
    assert not [problem for problem in report.found if problem.kind in ("row", "file")]
    return report.table


@pytest.mark.parametrize(("name", "spec", "rows"), [
    ("ES-account-all-orders.txt", "orders", 380), ("ES-account-fba-inventory.txt", "inventory", 4),
    ("ES-account-fee-preview.txt", "fee_preview", 4), ("ES-account-inventory-planning.txt", "inventory_planning", 4),
    ("ES-account-ledger-detail.txt", "ledger_detail", 16), ("ES-account-multicountry.txt", "country_inventory", 16),
    ("ES-account-reimbursements.txt", "reimbursements", 4), ("ES-account-returns.txt", "returns", 38),
    ("ES-account-storage-fees.txt", "storage_fees", 4), ("date-range-FR.csv", "transactions", 1),
    ("ledger-detail-US-2026.txt", "ledger_detail", 1), ("ledger-detail-identical-rows.csv", "ledger_detail", 3),
    ("ledger-summary-IN-40rows.csv", "ledger_summary", 40), ("ledger-summary-US-2026.txt", "ledger_summary", 1),
    ("reimbursements-US-2026.txt", "reimbursements", 1), ("removal-shipments-US.csv", "removal_shipments", 1),
    ("renamed-headers-ledger-summary.csv", "ledger_summary", 1), ("settlement-v2-US-verbatim.txt", "settlement_v2", 2),
    ("settlement-v1-CA-50011020300.txt", "settlement_v1", 4), ("settlement-v1-CA-50034020328.txt", "settlement_v1", 190),
    ("settlement-v1-CA-50044020356.txt", "settlement_v1", 730), ("settlement-v2-synthetic.txt", "settlement_v2", 24),
])
def test_every_line_of_a_sample_is_read_and_no_column_is_unknown(name, spec, rows):
    report = reports.read(SAMPLES / name)
    assert (report.spec.name, report.rows, report.table["line"].nunique()) == (spec, rows, rows)
    assert "nobody knows" not in " ".join(problem.why for problem in report.found)


@pytest.mark.parametrize("name", ["settlement-v1-CA-50011020300.txt", "settlement-v1-CA-50034020328.txt",
                                  "settlement-v1-CA-50044020356.txt", "settlement-v2-synthetic.txt"])
def test_a_settlements_lines_sum_to_its_total(name):
    lines = table(name)
    assert round(lines["amount"].sum(), 2) == lines["total_amount"].max()


def test_the_french_transaction_sums_and_knows_its_moment_and_currency():
    row = table("date-range-FR.csv").iloc[0]
    assert round(6.58 + 1.32 - 0.75 - 0.02, 2) == row["amount"] == 7.13
    assert (row["transaction_type"], row["currency"], row["transaction_status"]) == ("Order", "EUR", "Released")
    assert str(row["posted_at"]) == "2026-07-01 08:31:35+00:00"
    assert str(row["released_at"]) == "2026-07-10 20:51:27+00:00"


def test_three_identical_ledger_rows_are_three_events():
    assert table("ledger-detail-identical-rows.csv")["units"].tolist() == [-1, -1, -1]


def test_a_latin_1_ledger_keeps_its_accents_and_iso_dates():
    events = table("ES-account-ledger-detail.txt")
    assert "Set de bandas elásticas" in set(events["title"])
    assert str(events["event_date"].max().date()) == "2026-08-18"


def test_a_date_with_a_zone_and_no_time_is_a_day():
    paid = table("ES-account-reimbursements.txt")
    assert [str(day.date()) for day in paid["approved_on"]] == ["2026-08-12", "2026-08-11", "2026-08-10", "2026-08-09"]
    assert (paid["amount_per_unit"] * paid["units_cash"]).round(2).tolist() == paid["amount"].tolist()


def test_stock_by_country_sums_to_the_stock():
    by_country = table("ES-account-multicountry.txt").groupby("msku", observed=True)["units_fulfillable"].sum()
    stock = table("ES-account-fba-inventory.txt").set_index("msku")["units_fulfillable"]
    planned = table("ES-account-inventory-planning.txt").set_index("msku")["units_fulfillable"]
    assert by_country.astype(int).to_dict() == stock.astype(int).to_dict() == planned.astype(int).to_dict()


def test_a_storage_fee_is_its_volume_times_its_rate():
    fees = table("ES-account-storage-fees.txt")
    assert ((fees["total_volume"] * fees["storage_rate"] - fees["storage_fee"]).abs() < 0.02).all()
    assert set(fees["charged_month"].astype(str)) == {"2026-07-01"}


def test_titles_of_a_tab_file_and_a_csv_keep_their_quotes_and_commas():
    assert table("ledger-summary-IN-40rows.csv")["title"].str.contains("Men, Women", regex=False).any()


def test_all_files_of_one_account_are_checked_together(tmp_path, capsys):
    for path in SAMPLES.glob("ES-account-*"):
        shutil.copy2(path, tmp_path)
    cli.main(["check", str(tmp_path)])
    told = capsys.readouterr().out
    for line in ("region EU", "9 files: 9 read", "passed    files_read of 9", "passed    rows_read of 470"):
        assert line in told


def test_files_of_five_accounts_are_not_mixed(capsys):
    assert cli.main(["check", str(SAMPLES)]) == 1
    assert "different regions: CA" in capsys.readouterr().err
