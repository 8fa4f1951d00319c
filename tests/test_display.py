"""Words, blocks and pages in both languages."""

import re
import tomllib
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from workbench import display, words
from workbench.display import Column, Table
from workbench.words import same

ROOT = Path(__file__).parent.parent
LANGUAGES = {name: tomllib.loads((ROOT / "workbench" / "words" / f"{name}.toml").read_text("utf-8"))
             for name in words.LANGUAGES}


def test_both_languages_have_the_same_sentences_with_the_same_values():
    assert set(LANGUAGES["en"]) == set(LANGUAGES["zh"]) - {"notebook"}
    for room, sentences in LANGUAGES["en"].items():
        assert set(sentences) == set(LANGUAGES["zh"][room]), room
        for name, text in sentences.items():
            fields = [sorted(re.findall(r"\{(\w+:?\w*)[^}]*\}", LANGUAGES[language][room][name])) for language in LANGUAGES]
            assert fields[0] == fields[1], f"{room}.{name}: {text}"


def test_one_is_written_with_its_noun_in_the_singular():
    assert [words.say("value.lost_of", lost=1, handled=n).en for n in (1, 2, None)] == [
        "1 of 1 unit", "1 of 2 units", "1 of unknown units"]


def test_every_paragraph_of_every_notebook_has_its_chinese():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                for paragraph in re.split(r"\n\s*\n", cell.source):
                    if not re.match(r"#\s", paragraph):
                        text = paragraph.lstrip("# ").strip()
                        assert words.translated(text).zh != text, f"{path.name}: {text}"


def test_chinese_sentences_have_chinese_punctuation():
    rooms = [(room, sentences) for room, sentences in LANGUAGES["zh"].items() if room != "notebook"]
    texts = [(f"{room}.{name}", text) for room, sentences in rooms for name, text in sentences.items()]
    texts += [("notebook", row["zh"]) for row in LANGUAGES["zh"]["notebook"]]
    ascii_marks = re.compile(r"[\u4e00-\u9fff][,:;?!](?!\d)|[,:;?!(][\u4e00-\u9fff]")
    assert not [(name, text) for name, text in texts if ascii_marks.search(text)]


@pytest.mark.parametrize(("value", "form", "en", "zh"), [
    (1234567, "units", "1,234,567", "1,234,567"),
    (-5, "units", "−5", "−5"),
    (0.00312, "percent", "0.312%", "0.312%"),
    (0.4567, "share", "46%", "46%"),
    (float("nan"), "percent", "unknown", "未知"),
    (None, "date", "unknown", "未知"),
    (pd.NaT, "date", "unknown", "未知"),
    (pd.Timestamp("2026-06-30"), "date", "Jun 30, 2026", "2026年6月30日"),
    ("2026-06", "month", "June 2026", "2026年6月"),
    (None, "covered", "no dates", "无日期"),
    (pd.Timestamp("2026-06-30"), "covered", "Jun 30, 2026", "2026年6月30日"),
    (words.Money(1234.5, "USD"), "money", "$1,234.50", "US$1,234.50"),
    (words.Money(-548.6, "USD"), "money", "−$548.60", "−US$548.60"),
    (words.Money(1234, "JPY"), "money", "¥1,234", "JP¥1,234"),
    (words.Money(float("nan"), "USD"), "money", "unknown", "未知"),
])
def test_values_are_written_as_each_reader_writes_them(value, form, en, zh):
    assert words.form(value, form) == words.Text(en, zh)


def test_a_sentence_nobody_wrote_is_an_error():
    with pytest.raises(KeyError, match="no.such"):
        words.say("no.such")


def test_a_table_keeps_the_value_behind_the_words():
    table = display.Table(pd.DataFrame({"day": [pd.Timestamp("2026-06-30")], "rate": [0.0031], "sku": ["00123"]}), (
        display.Column("day", words.same("Day"), "date"), display.Column("rate", words.same("Rate"), "percent"),
        display.Column("sku", words.same("SKU"))))
    assert table.data()["rows"] == [[["Jun 30, 2026", "2026年6月30日", "2026-06-30"], ["0.310%", "0.310%", "0.0031"],
                                     ["00123"]]]


def test_a_long_table_says_how_many_rows_it_leaves_out():
    frame = pd.DataFrame({"n": range(display.ROWS_SHOWN + 5)})
    text = display.html(display.Table(frame, (display.Column("n", words.same("n"), "units"),)).data(), ("en",))
    assert "5 more stand only in" in text


def test_a_story_is_one_text_to_copy_in_each_language_and_inert():
    text = display.html(display.Lines(words.Text("lost\n  <b>1", "丢失\n  <b>1"), words.same("Story")).data())
    assert '<pre class="said" tabindex="0" lang="en">lost\n  &lt;b&gt;1</pre>' in text and 'lang="zh">丢失' in text
    same = display.html(display.Lines(words.same("a.txt:1")).data())
    assert same.count("<pre") == 1 and "lang=" not in same


def test_no_line_ends_within_a_day_or_an_amount_below_zero():
    said = words.Text("Closes on Jul 1, 2026; −$5.20 back.", "2026年7月1日截止；收回 −US$5.20。")
    drawn = display.html(display.Note(said).data())
    assert re.findall('class="whole">([^<]*)<', drawn) == ["Jul 1, 2026", "−$5.20", "2026年7月1日", "−US$5.20"]


def test_one_long_figure_makes_all_beside_it_smaller():
    cards = [display.Card("a", words.same("a"), words.same(value)).data() for value in ("19", "at least $2,357.01")]
    assert 'class="figures long"' in display.cards_html(cards) and 'class="figures"' in display.cards_html(cards[:1])
    assert display.cards_html([]) == ""


def test_lab_shows_the_analysts_language(monkeypatch):
    note = display.Note(words.Text("lost", "丢失"))
    monkeypatch.setenv("WORKBENCH_LANG", "zh")
    assert "丢失" in note._repr_mimebundle_()["text/html"] and "lost" not in note._repr_mimebundle_()["text/html"]


def test_identifiers_stay_on_one_line_on_paper_and_words_may_break():
    frame = pd.DataFrame({"sku": ["KE-01-007", ""], "kind": ["Refunded, not returned", "Lost"]})
    drawn = display.html(Table(frame, (Column("sku", same("SKU")), Column("kind", same("Kind")))).data())
    assert "<td class=whole>KE-01-007</td>" in drawn and "<td>Lost</td>" in drawn


def test_a_table_asked_for_in_one_language_is_drawn_as_in_both():
    frame = pd.DataFrame({"msku": ["A<1>", "NaT"], "verdict": ["above", "unclear"], "units": [1200, 3],
                          "loss_rate": [0.0021, float("nan")], "day": pd.to_datetime(["2026-06-01", None])})
    columns = [Column(name, same(name), form) for name, form in zip(frame, ("text", "text", "units", "percent", "date"),
                                                                    strict=True)]
    table = Table(frame, tuple(columns), labels={"verdict": "verdict"})
    for language in ("en", "zh"):
        alone, both = (display.html(data, (language,)) for data in (table.data(languages=(language,)), table.data()))
        assert re.findall(r"<td[^>]*>([^<]*)<", alone) == re.findall(r"<td[^>]*>([^<]*)<", both)
        assert ">NaT<" in alone and "A&lt;1&gt;" in alone


def drawn(columns, **cells):
    """A table of one row as HTML."""
    return display.html(Table(pd.DataFrame({name: [value] for name, value in cells.items()}),
                              tuple(Column(name, same(name), form) for name, form in columns.items())).data())


def test_a_table_is_set_smaller_and_across_the_paper_by_what_it_holds_not_by_its_columns():
    numbers = {f"n{at}": 1.0 for at in range(14)}
    assert '<figure class="table"' in drawn(dict.fromkeys(numbers, "units"), **numbers)
    texts = {f"t{at}": "X" * 30 for at in range(5)}
    assert '<figure class="table wide wider"' in drawn(dict.fromkeys(texts, "text"), **texts)


def test_file_names_break_between_their_parts_and_only_what_fits_no_line_within_one():
    places = "ledger/50001020332.txt.gz:1644;ledger/50001020605.txt:88"
    html = drawn({"sources": "text"}, sources=places)
    assert "ledger/<wbr>50001020332.txt.gz:1644;<wbr>ledger/<wbr>50001020605.txt:88" in html and "long kept" in html
    assert re.sub("<[^>]*>", "", html).count(places) == 1
    assert "kept" not in drawn({"sku": "text"}, sku="X" * 80)
    assert drawn({"evil": "text"}, evil="a/<b>&;c" + " word" * 12).count("&lt;b&gt;&amp;;<wbr>c") == 1


def test_only_a_long_table_scrolls_in_its_own_box():
    for rows, tall in ((display.TALL, False), (display.TALL + 1, True)):
        html = display.html(Table(pd.DataFrame({"n": range(rows)}), (Column("n", same("n"), "units"),)).data())
        assert ("tall" in html) is tall
