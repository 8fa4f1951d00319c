"""A recorded notebook as a page, and the index over all: what stands in the HTML, whatever reads it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from workbench import charts, display, page, pictures, words
from workbench.figures import columns
from workbench.figures.restatement import restated_in_short
from workbench.words import same

ROOT = Path(__file__).parent.parent
EVIL = "<b role=\"x\" id=\"y\">'</script><script>alert(1)</script>"
FACTS = {"policy": "amazon", "version": "0.1.0", "checks_failed": 0, "failed": [], "absent": ["returns"], "files": [
    {"file": "a.txt", "report": "ledger_detail", "rows": 3, "sha256": "ab" * 32, "first_day": "2026-03-01",
     "last_day": "2026-03-31"}]}


def made(*blocks, languages=words.LANGUAGES, **settings):
    """The page of a notebook whose only cell showed these blocks."""
    outputs = [nbformat.v4.new_output("display_data", {display.MIME: block.data()}) for block in blocks]
    cells = [nbformat.v4.new_markdown_cell("# Loss\n\nWhat happened?\n\n## The month in short"),
             nbformat.v4.new_code_cell("shown()", outputs=outputs)]
    return page.html(nbformat.v4.new_notebook(cells=cells), title=same("Loss"), seller="Shop", month="2026-03",
                     as_of="2026-03-31", languages=languages, **settings)


def claims(count):
    """A table as wide as that of the claims, `count` rows."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "msku": [f"SKU-{at % 97:03d}" for at in range(count)], "fnsku": [f"X00{at:07d}" for at in range(count)],
        "reference_id": rng.integers(10**9, 10**10, count).astype("str"), "fulfillment_center": "TPA1",
        "event_date": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, count), "D"),
        "deadline": pd.Timestamp("2026-04-01") + pd.to_timedelta(rng.integers(0, 60, count), "D"),
        "units_lost_gross": rng.integers(0, 40, count), "units_found": rng.integers(0, 9, count), "units_lost": 3,
        "loss_rate": rng.random(count) / 50, "amount_lost": rng.random(count).round(4) * 2000, "currency": "USD",
        "verdict": "unclear", "is_mature": True,
        "sources": [f"ledger/{at}.txt.gz:{at};ledger/{at}.txt.gz:{at + 7};returns.txt:{at}" for at in range(count)]})
    return display.Table(frame, columns(*(name for name in frame if name != "currency")), name="claims",
                         labels={"verdict": "verdict", "is_mature": "yes"})


def rates(count=12):
    months = (np.datetime64("2025-07") + np.arange(count)).astype("str")
    rate = np.linspace(0.001, 0.004, count)
    return pd.DataFrame({"month": months, "loss_rate": rate, "loss_rate_low": rate / 2, "loss_rate_high": rate * 2,
                         "units_lost": 5, "units_handled": 2000, "is_mature": True})


@pytest.mark.slow
def test_a_page_of_a_thousand_claims_stays_under_five_megabytes():
    text = made(claims(1000), charts.over_months(rates(), 0.003, same("Rates")))
    assert text.count("<tr>") >= 1000 and len(text.encode()) < 5_000_000


def test_what_a_reader_sees_is_the_value_behind_it_in_both_languages():
    text = made(claims(60), script=False)
    cells = re.findall(r'data-raw="([^"]*)"><span lang="en">([^<]*)</span><span lang="zh">([^<]*)</span>', text)
    dates = [(raw, en, zh) for raw, en, zh in cells if re.fullmatch(r"\d{4}-\d\d-\d\d", raw)]
    money = [(raw, en, zh) for raw, en, zh in cells if en.startswith("$")]
    assert len(dates) == 120 and len(money) == 60
    for raw, en, zh in dates:
        assert pd.Timestamp(raw) == pd.to_datetime(en, format="%b %d, %Y") == pd.to_datetime(zh, format="%Y年%m月%d日")
    for raw, en, zh in money:
        written = f"{float(raw):.2f}"
        assert en.lstrip("$").replace(",", "") == zh.removeprefix("US$").replace(",", "") == written
    rates = re.findall(r'<td class=number data-raw="([^"]*)">([\d.]+)%</td>', text)
    assert len(rates) == 60 and all(abs(float(raw) * 100 - float(shown)) < 0.0051 for raw, shown in rates)
    assert len(re.findall(r"<td class=number>\d+</td>", text)) == 180


def test_no_two_parts_of_a_page_share_a_name():
    chart = charts.over_months(rates(), 0.003, same("Rates"))
    text = made(claims(2), claims(3), chart, chart, script=False)
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) > 10 and len(names) == len(set(names))
    assert not set(re.findall(r'(?:url\(|href=")#([^)"]+)', text)) - set(names)


def test_nothing_but_the_chart_library_names_an_address():
    text = made(claims(2), charts.over_months(rates(), 0.003, same("Rates")), script=False)
    assert "//" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL).replace("</", "")


def test_hostile_text_stays_text():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    blocks = [display.Note(words.same(evil)), display.Figures((display.Card("x", words.same(evil), words.same(evil)),)),
              display.Table(pd.DataFrame({"sku": [evil]}), (display.Column("sku", words.same(evil)),), words.same(evil)),
              display.Chart({language: {"$schema": "https://vega.github.io/schema/vega-lite/v6.1.0.json", "mark": "bar",
                                        "data": {"values": [{"a": evil, "b": 1}]}, "encoding": {
                  "x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}}}
                  for language in words.LANGUAGES}, words.same(evil))]
    cell = nbformat.v4.new_code_cell("1", outputs=[
        nbformat.v4.new_output("display_data", {display.MIME: block.data(), "text/html": evil}) for block in blocks]
        + [nbformat.v4.new_output("display_data", {"text/html": evil, "text/plain": evil}),
           nbformat.v4.new_output("stream", text=evil)])
    text = page.html(nbformat.v4.new_notebook(cells=[cell]), title=words.same(evil), seller=evil, month="2026-03",
                     as_of="2026-03-31", script=False)
    assert "<script>alert" not in text and "<img" not in text and "&lt;img" in text


def test_only_the_named_scripts_and_style_may_run():
    text = made(display.Note(same("x")))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy and "script-src 'sha256-" in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")


def test_a_chart_names_no_font_and_gives_chinese_labels_their_room():
    bars = charts.alt.Chart(pd.DataFrame({"a": ["运营中心运营中心", "12"], "b": [1, 2]})).mark_bar().encode(
        charts.alt.Y("a:N", title=None), charts.alt.X("b:Q", title=None)).properties(width=400)
    drawn = page.drawing.svg(pictures.drawn(charts.spec(bars)), "c")
    left = int(re.search(r"translate\((\d+),", drawn)[1])
    assert "运营中心运营中心</text>" in drawn and "font-family" not in drawn
    assert 8 * 12 <= left <= 8 * 12 + 24  # one em a character


def test_an_interval_that_is_cut_ends_in_an_arrow():
    def marks(high):
        rows = rates(3).assign(msku=["A", "B", "C"], loss_rate_high=[0.004, 0.004, high])
        return pictures.drawn(charts.intervals(rows, "msku", 0.003, same("x")).specs["en"]).count("<path")

    assert marks(0.9) == marks(0.004) + 1


def test_text_that_looks_like_an_attribute_stays_as_it_is_in_a_chart():
    rows = rates(2).assign(msku=[EVIL, "B"])
    drawn = page.drawing.svg(pictures.drawn(charts.intervals(rows, "msku", 0.003, same("x")).specs["en"]), "c")
    assert '<b role="x"' not in drawn and "<script" not in drawn and '&lt;b role="x" id="y"' in drawn


def test_the_foot_says_what_is_needed_to_make_the_page_again():
    text = made(display.Record(FACTS, incomplete=True), script=False)
    foot = text[text.index('<footer'):]
    for part in ("Shop", "March 2026", "2026年3月", "Mar 31, 2026", "amazon", "0.1.0", "FBA customer returns",
                 "1 file, 3 rows, Mar 1, 2026 to Mar 31, 2026"):
        assert part in foot, part
    assert "inputs incomplete" in text[:text.index("<main")]
    failed = made(display.Record(FACTS | {"checks_failed": 1, "failed": ["chain"]}, incomplete=True), script=False)
    assert "Checks failed: 1" in failed[:failed.index("<main")]
    assert "This period" in failed[failed.index("<footer"):]


def test_a_card_points_up_or_down_and_says_whether_that_is_good():
    def card(now, before, better="low"):
        return display.card_html(display.Card("r", same("Rate"), same("1"), change=same("c"), raw=now, before=before,
                                              better=better).data())

    assert 'class="arrow bad"' in card(2.0, 1.0) and "▲" in card(2.0, 1.0)
    assert 'class="arrow good"' in card(1.0, 2.0) and "▼" in card(1.0, 2.0)
    assert 'class="arrow "' in card(2.0, 1.0, better="")
    assert "arrow" not in card(1.0, 1.0) and "arrow" not in card(float("nan"), 1.0)


def test_a_trail_leaves_out_what_is_unknown():
    assert display.trail([None, 1.0, 2.0]) == ""
    drawn = display.trail([1.0, None, 2.0, 3.0])
    assert len(re.search(r'points="([^"]*)"', drawn)[1].split()) == 3 and "nan" not in drawn


def test_one_language_has_no_switch():
    text = made(display.Note(words.Text("lost", "丢失")), languages=("zh",), script=False)
    assert "丢失" in text and "lost" not in text and 'type="radio"' not in text and '<html lang="zh-Hans">' in text


MAKE = """
import sys; sys.path.insert(0, "tests")
from workbench import kernel; kernel.skip_slow_imports()
import hashlib, test_page
block = test_page.charts.over_months(test_page.rates(), 0.003, test_page.same("Rates"))
print(hashlib.sha256(test_page.made(test_page.claims(5), block, test_page.display.Record(test_page.FACTS, True),
                                    script=False).encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_same_notebook_gives_the_same_bytes_under_another_seed_clock_zone_and_locale():
    digests = set()
    for seed, zone, locale in (("1", "Asia/Shanghai", "C"), ("2", "America/Los_Angeles", "C.UTF-8")):
        given = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": str(ROOT)}
        run = subprocess.run([sys.executable, "-c", MAKE], cwd=ROOT, env=given, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        digests.add(run.stdout)
    assert len(digests) == 1


# ---------------------------------------------------------------------------------------------------- the index

def run(month, value=1.0, *, ok=True, seller="Shop", notebook="loss-rate", **more):
    written = {"en": f"{value}%", "zh": f"{value}%"}
    figures = [{"name": "rate", "label": {"en": "Loss rate", "zh": "库存丢失率"}, "value": written, "raw": value,
                "better": "low"}] if ok else []
    return {"seller": seller, "month": month, "as_of": f"{month}-28", "notebook": notebook, "ok": ok, "incomplete": False,
            "figures": figures, "page": f"shop/{month}/{notebook}.html" if ok else ""} | more


def test_the_index_compares_each_month_with_the_month_before():
    text = page.overview([run("2026-02", 2.0), run("2026-03", 1.0), run("2026-01", 1.5)])
    assert "down from 2.0% in February 2026" in text
    assert re.findall(r'href="(shop/[^"]*)"', text) == [f"shop/2026-0{at}/loss-rate.html" for at in (3, 2, 1)]
    assert "<polyline" in text


def test_a_gap_between_months_is_no_comparison():
    text = page.overview([run("2026-01", 2.0), run("2026-03", 1.0)])
    assert "down from" not in text and 'class="arrow' not in text


@pytest.mark.parametrize(("record", "state", "said"), [
    (run("2026-03"), "ok", "complete"),
    (run("2026-03", incomplete=True), "incomplete", "inputs incomplete"),
    (run("2026-03", ok=False, error="cell 3: x"), "failed", "FAILED, no page"),
    (run("2026-03", ok=False, error="cell 3: x") | {"page": "shop/x.html"}, "failed", "FAILED, earlier page kept"),
])
def test_the_index_says_how_each_month_went(record, state, said):
    text = page.overview([record])
    assert f'<tr data-state="{state}">' in text and said in text and record.get("error", "") in text


def test_the_index_shows_closed_months_and_what_changed_since():
    text = page.overview([run("2026-03", locked=True, restated="shop/2026-03/restatement.html")])
    assert "closed" in text and 'href="shop/2026-03/restatement.html"' in text


def test_the_index_says_once_what_is_true_of_a_months_every_page():
    record = {**run("2026-03", incomplete=True), "facts": {"checks_failed": 4}}
    alike = page.overview([record, {**record, "notebook": "data-health"}])
    assert alike.count(">Checks failed: 4<") == alike.count('<span class="state failed">') == 1
    assert "Checks failed" in alike[alike.index("<th scope=\"row\""):]
    assert page.overview([record, {**run("2026-03"), "notebook": "data-health"}]).count(">Checks failed: 4<") == 1


def test_the_index_shows_the_change_a_page_tells_itself_where_the_month_before_has_no_page():
    record, change = run("2026-03", 2.0), {"en": "up from 1 in February 2026", "zh": "2 月为 1"}
    record["figures"][0] |= {"change": change, "before": 1.0}
    text = page.overview([record])
    assert "up from 1 in February 2026" in text and 'class="arrow' in text
    record["figures"][0]["raw"] = "2026-04-01"  # a day
    assert 'class="arrow' not in page.overview([record, run("2026-02", 1.0)])


def test_the_index_begins_with_what_is_owed_and_tells_what_a_day_means():
    owed = run("2026-03") | {"notebook": "claim-recovery"}
    owed["figures"] = [display.Card("deadline", words.same("Next deadline"), words.same("Apr 2, 2026"),
                                    words.same("3 claims within 7 days"), tone="bad", raw="2026-04-02").data()]
    text = page.overview([run("2026-03", 2.0), owed])
    assert text.index("3 claims within 7 days") < text.index(">Loss rate<")
    assert '<div class="card bad">' in text


def test_an_index_of_nothing_and_of_hostile_names_is_a_page():
    assert "No report was made yet." in page.overview([])
    text = page.overview([run("2026-03", ok=False, seller=EVIL, notebook=EVIL, error=EVIL)])
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_what_is_unknown_of_one_kind_is_said_once_and_the_day_in_the_readers_form():
    steps = ["opening", "restated", "new", "closing"]
    rows = [("losses", "units_lost", "", 3.0, 0.0, 0.0, 3.0), ("removal_lost", "units_open", "", *[float("nan")] * 4)]
    table = pd.DataFrame(rows, columns=["kind", "measure", "currency", *steps]).assign(items_restated=0, items_new=0)
    figures, note = restated_in_short(table, "2026-05", "2026-06-30").blocks
    assert [card.value.en for card in figures.cards] == ["3", "unknown"]
    assert "unknown" not in figures.cards[1].note.en and "Jun 30, 2026" in note.text.en
