"""The data-health page: what an empty, a partial and a broken folder are told."""

import pytest

from workbench import books, figures

LEDGER = ("Date\tFNSKU\tASIN\tMSKU\tTitle\tEvent Type\tReference ID\tQuantity\tFulfillment Center\tDisposition\tReason\t"
          "Country\tReconciled Quantity\tUnreconciled Quantity\tDate and Time\n")


def row(day, units="-1"):
    return f"{day}\tX1\tB1\tA\tlamp\tShipments\t\t{units}\tPHX7\tSELLABLE\t\tUS\t0\t0\t\n"


@pytest.fixture
def partial(tmp_path):
    days = [f"06/{day:02}/2026" for day in range(1, 29)]
    (tmp_path / "ledger.txt").write_text(LEDGER + "".join(map(row, days)) + row("06/29/2026", "two"))
    return books.open(tmp_path)


def texts(block):
    return str(block.data())


def test_an_empty_folder_leads_by_the_hand(tmp_path):
    known = books.open(tmp_path)
    assert "Inventory Ledger > Detailed view" in texts(figures.health_in_short(known))
    assert "0 of 17" in texts(figures.possible(known))
    assert "FBA reimbursements" in texts(figures.to_download(known))
    for block in (figures.covered, figures.loaded, figures.set_aside, figures.worth_knowing):
        assert block(known).data()


def test_what_a_ledger_alone_allows_is_said_and_what_the_rest_needs(partial):
    rows = {row[0][0]: (row[1][0], row[2][0]) for row in figures.possible(partial).blocks[1].data()["rows"]}
    assert rows["Loss rate"] == ("yes", "")
    assert rows["Lost in warehouse"] == ("not yet", "FBA reimbursements")


def test_a_report_that_is_there_without_a_row_is_not_called_missing(tmp_path):
    header = "request-date,order-id,order-type,order-status,sku,fnsku,disposition,requested-quantity,shipped-quantity"
    (tmp_path / "removal-orders.csv").write_text(header + "\n", "utf-8")
    known = books.open(tmp_path)
    assert not known.is_absent("removal_orders")
    titles = [row[0][0] for row in figures.to_download(known).data()["rows"]]
    assert "Removal order detail (there, but without a row)" in titles and "FBA reimbursements" in titles


def test_a_line_that_was_set_aside_is_shown_as_it_stands(partial):
    cells = figures.set_aside(partial).data()["rows"][0]
    assert cells[0] == ["ledger.txt"] and cells[-1][0].startswith("06/29/2026\tX1\tB1\tA\tlamp\tShipments\t\ttwo")


def test_a_file_that_was_not_read_has_no_line(tmp_path):
    (tmp_path / "strange.csv").write_text("a,b\n1,2\n")
    cells = figures.set_aside(books.open(tmp_path)).data()["rows"][0]
    assert cells[0] == ["strange.csv"] and cells[1] == [""] and cells[-1] == [""]


def test_why_a_line_was_set_aside_is_told_in_both_languages(partial):
    told = figures.set_aside(partial).data()["rows"][0][-2]
    assert told[:2] == ["found 'two', expected a whole number", "读到 'two'，应为整数"]


def test_each_missing_report_is_found_by_its_menu_in_both_languages(partial):
    cells = figures.to_download(partial).data()["rows"]
    assert any("Fulfillment > Reimbursements" in row[1][0] and "赔偿" in row[1][1] for row in cells)


def test_what_many_files_say_is_one_row_with_its_first_places(tmp_path):
    for n in range(9):
        (tmp_path / f"costs-{n}.csv").write_text(f"sku,unit_cost,colour\nA{n},1.5,red\n", "utf-8")
    (row,) = figures.worth_knowing(books.open(tmp_path)).data()["rows"]
    assert [cell[0] for cell in row[:1]] == ["colour"] and "9" in [cell[0] for cell in row]
    assert row[-1][0] == "costs-0.csv:1, costs-1.csv:1, costs-2.csv:1"


def test_the_rules_of_a_page_are_those_of_its_own_figures(tmp_path):
    known = books.open(tmp_path)
    told = {}
    for about in ("loss", "claims", "impact", "files", "closing"):
        page = figures.trust(known, "2026-03", as_of="2026-03-31", policy="amazon", about=about).data()
        (table,) = [block for block in page["blocks"] if block["kind"] == "table" and block["name"] == "rules"]
        told[about] = [row[0][0] for row in table["rows"]]
    assert "Loss rate" in told["loss"] and "Loss rate" not in told["impact"] + told["claims"] + told["files"]
    assert "Effect" in told["impact"] and all("Policy" in names and "As known on" in names for names in told.values())
