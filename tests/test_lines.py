"""Lines across the pieces a file is read in: how it is cut changes nothing, and a plain reader reads the same."""

import csv
import io
import random

import pytest

from workbench import flatfile, lines

HEADER = ["Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Quantity", "Fulfillment Center", "Disposition", "Reason"]
ROW = ["05/13/2026", "X000000001", "B000000001", "sku", "Mug", "Shipments", "-1", "ABE2", "SELLABLE", "M"]
TITLE = HEADER.index("Title")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(lines, "PIECE", 1)


def text(titles, separator="\t", quoted=True, end="\n", doubled=True):
    rows = [[*ROW[:TITLE], title.replace('"', '""') if doubled else title, *ROW[TITLE + 1:]] for title in titles]
    return "".join(separator.join(f'"{cell}"' if quoted else cell for cell in row) + end for row in [HEADER, *rows])


def read(content, size=0):
    """The file read in pieces of `size` bytes after its header, or in one."""
    content = content if isinstance(content, bytes) else content.encode()
    first = content.index(b"Reason") + 12
    pieces = [content[:first], *(content[at:at + size] for at in range(first, len(content), size))] if size else [content]
    found = flatfile.read(lambda: iter(pieces))
    return ({found.header[position]: cells.to_pylist() for position, cells in found.cells.items()}, found.lines.tolist(),
            found.encoding, found.problems)


def odd(draw):
    """A small file with all that goes wrong: inner quotes, broken, blank and joined lines, in some encoding."""
    separator, end = draw.choice("\t\t,"), draw.choice(["\n", "\r\n", "\r"])
    titles = [draw.choice(["Mug", "", '24" rack', '24"" rack', '"', '"a"', "a\tb", "a,b", "é™", "a\nb", "\r"])
              if draw.random() < 0.1 else "Mug" for _ in range(draw.choice([1, 5, 60]))]
    first, *rest = text(titles, separator, draw.random() < 0.7, end, draw.random() < 0.5).split(end)[:-1]
    broken = {0.02: lambda line: "", 0.04: lambda line: line + separator, 0.06: lambda line: line[:len(line) // 2],
              0.08: lambda line: line.replace('"', "", 1), 0.09: lambda line: separator * (len(HEADER) - 1)}
    for at, chance in enumerate(draw.random() for _ in rest):
        rest[at] = next((change for limit, change in broken.items() if chance < limit), str)(rest[at])
    last = end if draw.random() < 0.8 else ""
    return (end.join([first, *rest]) + last).encode(draw.choice(["utf-8", "cp1252", "utf-8-sig"]))


@pytest.mark.parametrize("seed", range(150))
def test_where_a_file_is_cut_into_pieces_changes_nothing(seed):
    draw = random.Random(seed)
    content = odd(draw)
    assert read(content, draw.randint(40, 400)) == read(content)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_plain_reader_reads_the_same(separator, end, size):
    content = text(['24" rack', "Mug", 'the "best" mug', "a, b", ""] * 4, separator, end=end)
    header, *rows = csv.reader(io.StringIO(content), delimiter=separator)
    cells, numbers, _, problems = read(content, size)
    assert [list(row) for row in zip(*(cells[name] for name in header), strict=True)] == rows
    assert (numbers, problems) == (list(range(2, 22)), [])


def test_a_bare_quote_far_down_makes_doubled_ones_two_everywhere():
    early, late = text(['24"" rack', "Mug"], doubled=False), text(['5" pan'], doubled=False).split("\n", 1)[1]
    assert read(early + late, 120)[0]["Title"] == ['24"" rack', "Mug", '5" pan']
    assert read(early, 120)[0]["Title"] == ['24" rack', "Mug"]


def test_a_cell_that_runs_on_into_the_next_piece_is_one_cell():
    content = text(["Mug", "two\nlines", "Cup"])
    for size in range(1, 200, 13):
        cells, numbers, _, problems = read(content, size)
        assert (cells["Title"], numbers, problems) == (["Mug", "two\nlines", "Cup"], [2, 3, 5], [])


def test_a_line_beyond_the_cap_is_set_aside_and_the_others_are_read():
    content = text(["Mug", "x" * 3 * lines.LONGEST, "Cup"], quoted=False)
    cells, numbers, _, problems = read(content)
    assert (cells["Title"], numbers) == (["Mug", "Cup"], [2, 4])
    assert [(p.line, p.kind) for p in problems] == [(3, "row")]


def test_blank_lines_are_no_rows_and_are_counted_as_lines():
    content = text(["Mug", "Cup"], quoted=False).replace("\n05", "\n" * 1000 + "05")
    for size in (0, 50):
        assert read(content, size)[1:] == ([1001, 2001], "utf-8", [])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_lines_of_a_file_are_found_by_their_numbers(end, size):
    texts = [b"line %d" % at for at in range(1, 40)]
    content = end.join(texts)
    found = lines.numbered((content[at:at + size] for at in range(0, len(content), size)), [39, 2, 20, 1, 2, 40])
    assert found == {number: texts[number - 1] for number in (1, 2, 20, 39)}


def test_what_follows_the_last_line_asked_for_is_not_read():
    def pieces():
        yield b"one\ntwo\n" + b"x\n" * lines.PIECE
        raise AssertionError("read on")

    assert lines.numbered(pieces(), [2]) == {2: b"two"}
