"""A flat file's encoding, separator, quoting and broken lines: every row read right, or named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import reports

LEDGER = ["Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Quantity", "Fulfillment Center", "Disposition", "Reason"]
ROWS = [["05/13/2026", "X000000001", "B000000001", "00123", "Mug", "Shipments", "-1", "ABE2", "SELLABLE", ""],
        ["05/14/2026", "X000000002", "B000000002", "1E5", "Towel, blue", "Adjustments", "-3", "ONT8", "SELLABLE", "M"],
        ["05/14/2026", "X000000002", "B000000002", "1E5", "Towel, blue", "Adjustments", "2", "ONT8", "SELLABLE", "F"]]


def text(rows=ROWS, separator="\t", quoted=False, end="\r\n", header=LEDGER):
    if quoted:
        rows, header = ([f'"{cell}"' for cell in row] for row in rows), [f'"{cell}"' for cell in header]
    return "".join(separator.join(row) + end for row in [header, *rows])


def returns(*titles, separator="\t"):
    header = separator.join(["return-date", "order-id", "sku", "product-name", "quantity", "detailed-disposition"])
    lines = [separator.join(["2026-05-13T08:15:00+00:00", "111-1234567-1234567", "SKU-1", title, "1", "SELLABLE"])
             for title in titles]
    return "\r\n".join([header, *lines, ""])


@pytest.fixture
def read(tmp_path):
    def one(content, name="export.txt", **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return reports.read(tmp_path / name, **options)
    return one


def told(report, *kinds):
    return [(p.line, p.column) for p in report.found if p.kind in kinds]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(("separator", "quoted"), [("\t", False), ("\t", True), (",", True), (";", True)])
def test_separator_quotes_and_line_ends_do_not_matter(read, separator, quoted, end):
    found = read(text(separator=separator, quoted=quoted, end=end))
    assert found.table["units"].tolist() == [-1, -3, 2]
    assert found.table["line"].tolist() == [2, 3, 4]
    assert found.table["title"].tolist() == ["Mug", "Towel, blue", "Towel, blue"]
    assert not told(found, "row", "doubt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_western_text_is_read_in_the_encoding_it_has(read, encoding):
    name = "cp1252" if encoding == "latin-1" else encoding  # the same bytes
    found = read(returns("Crème brûlée", "Größe XL").encode(encoding))
    assert (found.encoding, found.table["title"].tolist()) == (name, ["Crème brûlée", "Größe XL"])
    assert not told(found, "doubt")


def test_japanese_titles_are_evidence_and_so_is_the_region(read):
    kana, kanji = returns("コーヒーマグカップ").encode("cp932"), returns("保温瓶").encode("cp932")
    assert (read(kana).encoding, read(kana).table["title"][0]) == ("cp932", "コーヒーマグカップ")
    assert (read(kanji, region="JP").encoding, read(kanji, region="JP").table["title"][0]) == ("cp932", "保温瓶")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_a_chinese_header_settles_the_encoding(read, encoding):
    found = read("商品SKU,采购成本,币种\n水杯-01,9.50,USD\n".encode(encoding), "costs.csv")
    assert (found.encoding, found.table["msku"][0], found.table["unit_cost"][0]) == (encoding, "水杯-01", 9.5)


def test_chinese_titles_are_evidence_for_gb18030(read):
    found = read(returns("不锈钢保温水杯大容量", "家用垃圾桶").encode("gb18030"))
    assert (found.encoding, found.table["title"].tolist()) == ("gb18030", ["不锈钢保温水杯大容量", "家用垃圾桶"])


def test_cp1252_that_is_valid_cp932_stays_cp1252(read):
    titles = ["Édition spéciale", "Crème brûlée", "Größe XL", "Señor"]
    found = read(returns(*titles).encode("cp1252"))
    assert (found.encoding, found.table["title"].tolist()) == ("cp1252", titles)


def test_text_that_is_only_nominally_cp1252_is_doubted(read):
    found = read(returns("保温瓶", "陶器皿").encode("cp932"))
    assert [p.why for p in found.found if p.kind == "doubt"]


def test_foreign_bytes_in_a_utf_8_file_cost_their_lines_only(read):
    whole = returns("Crème brûlée", "Größe XL", "Señor").encode()
    found = read(whole.replace("Größe".encode(), "Größe".encode("cp1252")))
    assert found.encoding == "utf-8" and found.table["title"].tolist() == ["Crème brûlée", "Señor"]
    assert told(found, "row") == [(3, "")]


def test_a_text_cut_inside_a_character_is_refused_or_named(read):
    with pytest.raises(reports.NotReadable):
        read("商品SKU,采购成本\n杯,9.50\n".encode("gb18030")[:-7])
    with pytest.raises(reports.NotReadable):
        read(text().encode("utf-16")[:-1])


def test_lost_characters_are_counted(read):
    found = read(returns("Kubek ma\ufffdy", "Kubek ??", "Mug?"))
    assert [(p.column, "2 cells" in p.why) for p in found.found if p.kind == "note"] == [("title", True)]


def test_nul_bytes_are_refused(read):
    with pytest.raises(reports.NotReadable, match="NUL"):
        read(text().replace("Mug", "M\0g"))


def test_a_preamble_and_blank_lines_are_passed_over_and_lines_keep_their_numbers(read):
    lines = text().splitlines()
    found = read("\r\n".join(["All events of May 2026", "", *lines[:2], "", "", *lines[2:], "", ""]))
    assert found.table["line"].tolist() == [4, 7, 8] and found.rows == 3


def test_bare_quotes_in_an_unquoted_tab_file_are_part_of_the_title(read):
    titles = ['5" pipe', 'The "best" mug', '"quoted"', "6' x 4\""]
    assert read(returns(*titles)).table["title"].tolist() == titles


def test_tabs_that_a_spreadsheet_wrote_have_their_quotes_taken_off(read):
    assert read(returns('"5"" pipe, blue"', "Mug", '"Towel, red"')).table["title"].tolist() == [
        '5" pipe, blue', "Mug", "Towel, red"]
    assert read(returns('5" pipe, blue', "Mug", '"Towel, red"')).table["title"].tolist() == [
        '5" pipe, blue', "Mug", '"Towel, red"']


def test_a_byte_order_mark_that_was_written_twice_is_no_text(read):
    assert read(b"\xef\xbb\xbf" * 2 + text(quoted=True).encode()).table["units"].tolist() == [-1, -3, 2]


def test_a_column_without_a_header_is_kept_where_it_holds_values(read):
    rows = [[*row, "", ""] for row in ROWS]
    assert not told(read(text(rows, header=[*LEDGER, "", ""])), "note", "row")
    rows[1][-1] = "see case 12"
    found = read(text(rows, header=[*LEDGER, "", ""]))
    assert found.table["column 12"].tolist() == ["", "see case 12", ""] and told(found, "note") == [(0, "column 12")]


def test_a_number_where_a_count_belongs_is_doubted(read):
    found = read(text([[*ROWS[0][:6], "24495221541", *ROWS[0][7:]], *ROWS[1:]]))
    assert told(found, "doubt") == [(2, "units")]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_inner_quotes_of_a_quoted_file_may_be_doubled_or_not(read, separator):
    for title in ('5" pipe', '5"" pipe'):
        rows = [[*ROWS[0][:4], title, *ROWS[0][5:]], *ROWS[1:]]
        found = read(text(rows, separator, quoted=True))
        assert found.table["title"][0] == '5" pipe' and not told(found, "row")


def test_a_title_over_two_lines_is_one_row(read):
    rows = [[*ROWS[0][:4], "Mug\nblue", *ROWS[0][5:]], *ROWS[1:]]
    found = read(text(rows, ",", quoted=True), "export.csv")
    assert found.table["line"].tolist() == [2, 4, 5] and found.table["title"][0] == "Mug\nblue"


def test_quotes_that_do_not_close_swallow_no_row(read):
    sheet = 'sku,unit_cost,note\na,"1,x\nb,2,y\nc,3",z\nd,4,w\n'
    found = read(sheet, "costs.csv")
    assert found.table["msku"].tolist() == ["b", "d"]
    assert told(found, "row") == [(2, ""), (4, "")]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_half_a_cell_of_another_line_is_no_part_of_a_title(read, separator):
    whole = text(separator=separator, quoted=True)
    found = read(whole[:whole.index('"Shipments"')] + whole[whole.index("el, blue"):])  # "Mug",el, blue","Adjustments",…
    assert found.table["line"].tolist() == [3] and told(found, "row") == [(2, "")]


@pytest.mark.parametrize(("line", "change"), [
    (3, lambda line: line.replace("\t", "", 1)), (3, lambda line: line.replace("\t", "\t\t", 1)),
    (3, lambda line: line.replace("-3", "-3x")), (3, lambda line: line.replace("05/14", "13/32")),
    (3, lambda line: line + "\tmore"), (3, lambda line: line[:20])])
def test_a_broken_line_is_set_aside_with_its_number_and_the_others_stay(read, line, change):
    lines = text().split("\r\n")
    lines[line - 1] = change(lines[line - 1])
    found = read("\r\n".join(lines))
    assert found.table["line"].tolist() == [2, 4] and [at for at, _ in told(found, "row")] == [line]
    assert found.rows == 3


def test_a_separator_too_many_before_a_blank_last_cell_shifts_nothing_in_silence(read):
    rows = [row[:6] + ["", *row[6:-1], ""] if at == 0 else row for at, row in enumerate(ROWS)]
    found = read(text(rows))
    assert found.table["units"].tolist() == [-3, 2] and told(found, "row") == [(2, "")]


def test_empty_cells_that_a_spreadsheet_adds_to_every_line_are_dropped(read):
    found = read(text([[*row, "", ""] for row in ROWS]))
    assert found.table["units"].tolist() == [-1, -3, 2] and not told(found, "row")


def test_a_line_broken_in_its_first_cell_leaves_a_doubt_about_the_rest(read):
    sheet = "sku\tunit_cost\nMUG\n-1\t9.50\nCUP\t3.00\n"
    found = read(sheet)
    assert told(found, "row") == [(2, "")] and (3, "") in told(found, "doubt")


def test_a_last_cell_that_may_be_cut_is_doubted(read):
    header, rows = ["sku", "unit_cost"], [["A", "12.00"], ["B", "7.5"], ["C", "12.00"]]
    whole = text(rows, header=header)
    assert not told(read(whole), "doubt", "note")
    assert told(read(whole.removesuffix("0\r\n")), "doubt") == [(4, "")]
    assert told(read(whole.removesuffix("\n")), "doubt") == [(4, "")]


def test_a_last_cell_as_long_as_those_above_is_whole_but_lines_may_miss(read):
    header = ["return-date", "sku", "quantity", "detailed-disposition", "order-id"]
    rows = [["2026-05-13", "A", "1", "SELLABLE", f"111-1234567-123456{at}"] for at in range(3)]
    found = read(text(rows, header=header).rstrip())
    assert told(found, "note") == [(4, "")] and not told(found, "doubt") and len(found.table) == 3


def test_a_header_without_rows_is_an_empty_report_and_says_so(read):
    found = read(text([]))
    assert found.rows == 0 and found.table.columns.tolist()[:2] == ["event_date", "fnsku"]
    assert told(found, "empty") == [(0, "")]


def test_a_header_again_in_the_middle_is_set_aside(read):
    found = read(text([ROWS[0], LEDGER, ROWS[1]]))
    assert found.table["line"].tolist() == [2, 4] and [line for line, _ in told(found, "row")] == [3]


@pytest.mark.parametrize(("separator", "quoted"), [("\t", False), ("\t", True), (",", True)])
def test_an_export_glued_below_another_is_read_where_they_share_no_row_and_refused_where_they_do(read, separator, quoted):
    one, two = text(ROWS[:1], separator, quoted), text(ROWS[1:], separator, quoted)
    report = read(one + two)
    assert report.loaded == 3 and told(report, "row") == [(3, "")] and not told(report, "doubt", "note")
    for glued in (one + one, "\ufeff" + one + "\ufeff" + one, text(ROWS, separator, quoted) + two):
        with pytest.raises(reports.NotReadable, match="glued together would count it twice"):
            read(glued)
    with pytest.raises(reports.NotReadable, match="begins inside a line"):
        read(one.rstrip() + two)


def test_a_web_page_after_the_rows_is_set_aside_line_by_line(read):
    found = read(text() + "<html>\n<body>503</body>\n</html>\n")
    assert found.table["units"].tolist() == [-1, -3, 2]
    assert [line for line, _ in told(found, "row")] == [5, 6, 7] and found.rows == 6


def test_a_header_twice_is_named(read):
    found = read(text([[*row, "9"] for row in ROWS], header=[*LEDGER, "Quantity"]))
    assert found.table["units"].tolist() == [-1, -3, 2] and (1, "Quantity") in told(found, "doubt")


@pytest.mark.parametrize("content", [
    b"\t".join(b"c%d" % at for at in range(50_000)), b"a" * 3_000_000, b"\t" * 3_000_000])
def test_a_header_beyond_the_caps_is_refused(read, content):
    with pytest.raises((reports.NotReadable, reports.UnknownReport)):
        read(content)


@pytest.mark.parametrize("endless", ["x" * 200_000 + "\t", "x" * 40_000_000])
def test_one_endless_line_is_set_aside(read, endless):
    lines = text().split("\r\n")
    found = read("\r\n".join([*lines[:2], endless, *lines[2:]]))
    assert found.table["units"].tolist() == [-1, -3, 2] and [line for line, _ in told(found, "row")] == [3]


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t\"\ufeff", exclude_categories=("Cs",)), max_size=8)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(cell, cell, cell), max_size=8), st.sampled_from(["\t", ","]), st.booleans())
def test_rows_read_are_rows_loaded_and_rows_set_aside(tmp_path_factory, rows, separator, quoted):
    place = tmp_path_factory.mktemp("sheets") / "costs.txt"
    place.write_bytes(text(rows, separator, quoted, header=["sku", "unit_cost", "category"]).encode())
    found = reports.read(place)
    aside = {p.line for p in found.found if p.kind == "row"}
    lines = place.read_text("utf-8").split("\n")[1:]
    filled = sum(bool(line.strip('\r"\t, ')) for line in lines)
    assert found.rows == found.table["line"].nunique() + len(aside) >= filled * (not quoted)
    assert not aside & set(found.table["line"])
