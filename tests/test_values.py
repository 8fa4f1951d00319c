"""Texts become values: one reading, decided by evidence, or none."""

import datetime as dt

import pyarrow as pa
import pytest

from workbench import dates, numerals, specs, values


def read(texts, kind, **settings):
    column = specs.Column("it", kind, (("en", "It"),), day="day")
    found = values.typed(pa.array(texts), column, **settings)
    return found.arrays["it"].to_pylist(), found.bad.tolist(), found


def moment(text, dates=""):
    got, bad, found = read([text], "instant", dates=dates)
    return None if bad[0] else (got[0], found.arrays["day"][0].as_py())


@pytest.mark.parametrize(("text", "utc", "day"), [
    ("Jan 5, 2026 11:03:05 AM PST", "2026-01-05 19:03:05", "2026-01-05"),
    ("Jan 5, 2026 11:03:05\u202fPM PST", "2026-01-06 07:03:05", "2026-01-05"),
    ("Jul 1, 2026 12:08:01 a.m. PDT", "2026-07-01 07:08:01", "2026-07-01"),
    ("1 juil. 2026 08:31:35 UTC", "2026-07-01 08:31:35", "2026-07-01"),
    ("1 août 2026 08:31:35 UTC", "2026-08-01 08:31:35", "2026-08-01"),
    ("01.07.2026 08:31:35 UTC", "2026-07-01 08:31:35", "2026-07-01"),
    ("14.03.2026 09:30:00 UTC", "2026-03-14 09:30:00", "2026-03-14"),
    ("1 lug 2026 08:31:35 GMT+2", "2026-07-01 06:31:35", "2026-07-01"),
    ("5 ene. 2026 11:03:05 GMT-6", "2026-01-05 17:03:05", "2026-01-05"),
    ("3 mrt. 2026 10:00:00 CET", "2026-03-03 09:00:00", "2026-03-03"),
    ("1 maj 2026 08:31:35 UTC", "2026-05-01 08:31:35", "2026-05-01"),
    ("1. März 2026 08:31:35 MEZ", "2026-03-01 07:31:35", "2026-03-01"),
    ("2026/08/31 23:59:59 JST", "2026-08-31 14:59:59", "2026-08-31"),
    ("2026年8月31日 23:59:59 JST", "2026-08-31 14:59:59", "2026-08-31"),
    ("2026-05-13T00:00:00-0700", "2026-05-13 07:00:00", "2026-05-13"),
    ("2026-05-12T09:59:13+00:00", "2026-05-12 09:59:13", "2026-05-12"),
    ("2026-03-13 20:21:38 UTC", "2026-03-13 20:21:38", "2026-03-13"),
])
def test_a_moment_is_read_in_every_language_amazon_writes(text, utc, day):
    assert moment(text) == (dt.datetime.fromisoformat(utc), dt.date.fromisoformat(day))


@pytest.mark.parametrize(("text", "day"), [("Jun 03, 2026", "2026-06-03"), ("2026-08-12 PDT", "2026-08-12"),
                                           ("9 de junio de 2026", "2026-06-09"), ("05-Jun-2026", "2026-06-05")])
def test_a_day_without_a_time_is_no_moment(text, day):
    assert moment(text) == (None, dt.date.fromisoformat(day))


@pytest.mark.parametrize("text", ["31/02/2026", "2026-13-01", "Foo 5, 2026", "5 juil 26", "1 mai 2026 25:00:00 UTC",
                                  "Jan 5, 2026 13:00:00 PM PST", "2026-05-13 10:00:00 XYZ", "07/26", "12312025",
                                  "1899-12-31"])
def test_what_is_no_date_of_a_calendar_is_bad(text):
    assert moment(text, dates="DMY") is None


def test_one_day_above_twelve_decides_the_whole_column():
    assert read(["03/04/2026", "25/12/2026"], "date")[0] == [dt.date(2026, 4, 3), dt.date(2026, 12, 25)]
    assert read(["03/04/2026", "12/25/2026"], "date", dates="DMY")[0] == [dt.date(2026, 3, 4), dt.date(2026, 12, 25)]


def test_without_evidence_the_reports_known_order_decides_and_says_so():
    got, _, found = read(["03/04/2026"], "date", dates="MDY")
    assert got == [dt.date(2026, 3, 4)]
    assert "read month first" in found.notes[0]


def test_without_evidence_and_known_order_nothing_is_guessed():
    with pytest.raises(dates.Ambiguous, match="'03/04/2026'.*day or month"):
        read(["03/04/2026"], "date")


@pytest.mark.parametrize(("texts", "settings", "day", "said"), [
    (["03/04/2026"], {"told": lambda: "DMY"}, dt.date(2026, 4, 3), ""),
    (["03/04/2026"], {"dates": "MDY", "told": lambda: "DMY"}, dt.date(2026, 4, 3), ""),
    (["03/04/2026"], {"local": "DMY"}, dt.date(2026, 4, 3), "note: read day first, as the region writes"),
    (["03/04/2026"], {"dates": "MDY", "local": "DMY"}, dt.date(2026, 3, 4), "note: read month first, as this report"),
    (["3/4/2026"], {"dates": "MDY", "local": "DMY"}, dt.date(2026, 4, 3), "note: read day first, as the region writes"),
    (["3/4/2026"], {"dates": "MDY"}, dt.date(2026, 3, 4), "doubt: read month first, as this report is written, but"),
])
def test_the_order_of_day_and_month_is_told_by_the_file_then_the_report_then_the_region(texts, settings, day, said):
    got, _, found = read(texts, "date", **settings)
    kinds = [f"note: {text}" for text in found.notes] + [f"doubt: {text}" for text in found.doubts]
    assert got == [day]
    known = [text.replace("no date decides the order of day and month; ", "") for text in kinds]
    assert [text[:len(said)] for text in known] == [said] * bool(said)


def test_dates_with_hyphens_are_no_ledgers_own_and_nothing_is_guessed():
    with pytest.raises(dates.Ambiguous, match="'3-5-2026'"):
        read(["3-5-2026"], "date", dates="MDY")


def test_a_column_of_two_orders_is_not_read():
    with pytest.raises(dates.Ambiguous, match="day first and month first"):
        read(["13/04/2026", "04/13/2026", "03/04/2026"], "date", dates="MDY")


def test_a_stray_date_in_a_known_order_is_set_aside_alone():
    texts = [f"05/{day:02d}/2026" for day in range(13, 32)] + ["13/05/2026"]
    _, bad, _ = read(texts * 2, "date", dates="MDY")
    assert sum(bad) == 2


@pytest.mark.parametrize("rewritten", ["{day:02d}.{month:02d}.2026", "2026-{month:02d}-{day:02d}"])
def test_dates_that_a_spreadsheet_of_another_country_turned_round_are_not_read(rewritten):
    """06/05/2026, 5 June, becomes 6 May in a European spreadsheet; 06/13/2026 stays text."""
    texts = [rewritten.format(day=6, month=day) if day <= 12 else f"06/{day}/2026" for day in range(1, 31)]
    for some in (texts, texts[:12]):  # the second has no date left that the spreadsheet did not understand
        with pytest.raises(dates.Ambiguous, match="turned day and month round where it could"):
            read(some, "date", dates="MDY")
    with pytest.raises(dates.Ambiguous, match="turned day and month"):
        read(texts[10:14], "date")
    assert len(read([texts[11], texts[12]], "date")[2].doubts) == 1  # two dates of a sheet may be so by chance
    assert not read(["2026-06-13", "06/14/2026"], "date")[2].doubts


def test_dates_that_nothing_else_decides_are_days_of_one_month_not_one_day_of_many():
    for texts in ([f"06/{day:02d}/26" for day in range(1, 13)], [f"{day:02d}/06/26" for day in range(1, 13)]):
        got, _, found = read(texts, "date", dates="MDY")
        assert {day.month for day in got} == {6} and "days of one month" in found.notes[0]
    assert {day.day for day in read([f"{month:02d}/01/2026" for month in range(2, 8)], "date", dates="MDY")[0]} == {1}


def test_two_digit_years_are_no_reports_own_writing():
    assert read(["03/04/26", "05/04/26"], "date", dates="MDY")[2].doubts
    assert not read(["03/04/2026", "05/04/2026"], "date", dates="MDY")[2].doubts


@pytest.mark.parametrize("text", ["20260605", "2026/6/5 上午 10:20", "2026/6/5 下午3:20:00", "2026年6月5日",
                                  '="2026-06-05"'])
def test_days_as_chinese_spreadsheets_and_programs_write_them(text):
    assert moment(text)[1] == dt.date(2026, 6, 5)


@pytest.mark.parametrize(("texts", "numbers"), [
    (["1.234,56", "-0,75", "7"], [1234.56, -0.75, 7.0]),
    (["5.255,61\u00a0€", "1.000,00 €"], [5255.61, 1000.0]),
    (["₹71,168.00", "₹1,23,456.50"], [71168.0, 123456.5]),
    (["(3.00)", "($1,204.10)", "-$5.00", "$-6.00", "\u22127.00"], [-3.0, -1204.1, -5.0, -6.0, -7.0]),
    (["US$1,234.50", "￥4,907,860", "£3.20"], [1234.5, 4907860.0, 3.2]),
    (["1\u202f234,50", "12,5-"], [1234.5, -12.5]),
    (["--", "-", "", "–", "2.5"], [None, None, None, None, 2.5]),
    (["12,50", "1.234"], [12.5, 1234.0]),
    (["12.50", "1,234"], [12.5, 1234.0]),
])
def test_amounts_are_read_as_their_column_writes_them(texts, numbers):
    got, bad, _ = read(texts, "money")
    assert got == numbers and not any(bad)


def test_an_amount_that_two_readings_fit_is_decided_by_the_file_or_not_at_all():
    assert read(["1.234"], "money", decimal=",")[0] == [1234.0]
    assert read(["1.234"], "money", decimal=".")[0] == [1.234]
    assert read(["1.234", "0"], "money")[1] == [True, False]
    assert numerals.decimal_mark([pa.array(["1.234"]), pa.array(["0,50"])], "en") == ","
    assert numerals.decimal_mark([pa.array(["1.234"])], "fr") == ","


def test_amounts_as_accountants_write_them():
    texts = [" $(8.99)", "$ (1,204.10)", " $-   ", "(-5)", "RMB 12.50", "CN¥3"]
    got, bad, _ = read(texts, "money")
    assert got == [-8.99, -1204.1, 0.0, -5.0, 12.5, 3.0] and not any(bad)


@pytest.mark.parametrize("word", ["TBD", "USD", "$", "N/A", "(-)"])
@pytest.mark.parametrize("kind", ["money", "count"])
def test_a_word_or_a_currency_alone_is_no_blank_cell(word, kind):
    assert read([word, "3"], kind)[1] == [True, False]


def test_semicolons_speak_for_decimal_commas_and_leave_an_amount_with_two_readings_unread():
    assert numerals.decimal_mark([pa.array(["1,234"])], semicolons=True) == "?"
    assert numerals.decimal_mark([pa.array(["1,234", "0.50"])], semicolons=True) == "."
    assert numerals.decimal_mark([pa.array(["1,234"])], "de", semicolons=True) == ","
    assert read(["1,234", "2.345", "7"], "money", decimal="?")[1] == [True, True, False]
    assert read(["1,234", "0,50"], "money", decimal="?")[0] == [1.234, 0.5]
    assert read(["1,234", "7"], "count", decimal="?")[0] == [1234, 7]


def test_a_column_of_two_conventions_keeps_only_what_can_be_read_one_way():
    got, bad, _ = read(["12,50", "3,10", "12.50", "1.234"], "money")
    assert got[:2] == [12.5, 3.1] and bad == [False, False, True, True]


def test_counts_take_either_thousands_mark_and_no_fraction():
    assert read(["1,234", "2.345", "12", "3.0"], "count")[0] == [1234, 2345, 12, 3]
    assert read(["1.5", "1.000"], "count")[1] == [True, True]
    assert read(["1.000"], "count", decimal=",")[0] == [1000]
    assert read(["12,00", "3,0"], "count", decimal=",")[0] == [12, 3]
    assert read(["3,0", "7"], "count")[1] == [True, False]  # 30 with a separator too many


def test_years_of_two_digits_count_where_the_whole_column_has_them():
    assert read(["12/01/25", "12/31/25"], "date")[0] == [dt.date(2025, 12, 1), dt.date(2025, 12, 31)]
    assert read(["01.12.25", "31.12.25"], "date")[0] == [dt.date(2025, 12, 1), dt.date(2025, 12, 31)]
    assert read(["25/12/25", "26/12/25"], "date")[0] == [dt.date(2025, 12, 25), dt.date(2025, 12, 26)]  # years repeat
    assert read(["3-May-26", "14-Jun-26"], "date")[0] == [dt.date(2026, 5, 3), dt.date(2026, 6, 14)]
    assert read(["07/01/2026", "07/13/20"], "date", dates="MDY")[1] == [False, True]
    assert read(["25/12/21", "26/11/30"], "date", dates="DMY")[1] == [True, True]  # 2021 or 1921, or 2025-12-21


def test_a_spreadsheets_guard_is_taken_off_and_nothing_else():
    texts = ['="00123"', '="""555251554086397"""', "00123", "1E5", "NA", "TRUE", "=A1", " x "]
    assert read(texts, "id")[0] == ["00123", "555251554086397", "00123", "1E5", "NA", "TRUE", "=A1", " x "]


@pytest.mark.parametrize(("texts", "said"), [
    (["12345.0", "", "98765.0"], values.DECIMAL), (["12345.0", "A-1"], ""), (["2.0", "3.0"], ""),
    (["1.2345678902e+10", "7"], values.SHORTENED), (["1.23E+11"], values.SHORTENED), (["1E5", "1e5"], "")])
def test_identifiers_that_a_program_made_numbers_of_are_named_and_kept(texts, said):
    got, _, found = read(texts, "id")
    assert got == texts and [note.split(" ", 1)[1] for note in found.notes] == [said] * bool(said)


def test_a_month_is_kept_as_its_first_day():
    assert read(["2026-07", "Jul-26", "2026-07-01"], "month")[0] == [dt.date(2026, 7, 1)] * 3
    assert read(["2026-13", "07", ""], "month")[1] == [True, True, False]


def test_the_currency_of_an_amount_is_its_own_mark():
    found = read(["5,00 €", "US$3", "$2", "7.00", "￥9", "9元"], "money")[2]
    assert found.currency.to_pylist() == ["EUR", "USD", "", "", "¥", "CNY"]


def test_month_words_never_mean_two_months():
    assert dates.month_words()["juil"] == 7 and dates.month_words()["maggio"] == 5 and dates.month_words()["marz"] == 3
    assert dates.month_words()["okt"] == dates.month_words()["out"] == 10
