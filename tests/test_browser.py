"""What a reader sees: one published page of a seller whose files are hostile, in Chromium with the network cut."""

import csv
import io
import re
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from workbench import display, page, publish, words
from workbench.simulate import simulate

sync = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(CHROMIUM is None, reason="the browser tests need Chromium: apt-get install chromium")]
MONTH = "2026-03"
EVIL = "</script><script>hacked=1</script><img src=x onerror=hacked=1><svg onload=hacked=1><b data-commandlinker-command=x>"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The loss-rate page of a seller whose SKUs, name and file name try to become markup."""
    folder = tmp_path_factory.mktemp("seller") / "shop"
    simulate(folder, seed=4, skus=12, months=4, last_month=MONTH, name=f"Shop {EVIL}")
    texts = [path for path in folder.rglob("*") if path.suffix in (".txt", ".csv")]
    costs = (folder / "costs.csv").read_text("utf-8").splitlines()
    skus = sorted((line.split(",")[costs[0].split(",").index("sku")] for line in costs[1:]), key=len, reverse=True)
    for path in texts:
        path.write_text(re.sub("|".join(map(re.escape, skus)), lambda found: EVIL + found[0], path.read_text("latin-1")),
                        "latin-1")
    (folder / "costs.csv").rename(folder / "<img src=x onerror=hacked=1>.csv")
    outcome = publish.publish([folder], out=tmp_path_factory.mktemp("reports"), quiet=True, notebooks=["loss-rate"])[0]
    assert outcome.ok, outcome.error
    return Path(outcome.page)


@pytest.fixture(scope="module")
def chromium():
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def read(chromium):
    """`read(path, …)` opens a page; what it asked the network for, said and tried stands in `page.seen`."""
    opened = []

    def open_(path, fragment="", **settings):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | settings)
        context.set_offline(True)
        opened.append(context)
        page = context.new_page()
        page.seen = []
        page.on("request", lambda request: page.seen.append(request.url))
        page.on("console", lambda message: page.seen.append(message.text))
        page.on("pageerror", lambda error: page.seen.append(str(error)))
        page.on("dialog", lambda dialog: (page.seen.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri() + fragment)
        return page

    yield open_
    for context in opened:
        context.close()


def alive(page):
    """Scroll through the page until its charts live."""
    charts = page.locator(".drawn:visible")
    for at in range(charts.count()):
        charts.nth(at).scroll_into_view_if_needed()
        charts.nth(at).locator(".alive svg").wait_for()
    return charts


def test_hostile_text_asks_for_nothing_runs_nothing_and_adds_nothing(place, read):
    page = read(place)
    assert alive(page).count() >= 4
    assert page.seen == [place.as_uri()]
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("img, iframe, object, embed, link, [data-commandlinker-command], main [onload]").count() == 0
    assert page.locator("script").count() == read(place, java_script_enabled=False).locator("script").count()
    assert page.locator("td", has_text=EVIL).count() > 5 and page.locator("td", has_text="<img src=x").count() > 5
    assert page.locator("h1").inner_text() == "Loss rate"


def test_the_policy_refuses_scripts_and_eval_and_the_network(place, read):
    page = read(place)
    page.evaluate("""() => { for (const text of ["hacked = 1", "try { eval('hacked = 2') } catch { hacked = 3 }"]) {
        document.body.append(Object.assign(document.createElement('script'), { textContent: text })) }
        const link = Object.assign(document.createElement('a'), { href: 'javascript:hacked = 4' });
        document.body.append(link); link.click() }""")
    assert page.evaluate("typeof hacked") == "undefined"
    assert sum("Content Security Policy" in said for said in page.seen) >= 3
    assert page.evaluate("fetch('data:,x').then(() => 'fetched', () => 'refused')") == "refused"


def test_charts_are_pictures_with_words_before_any_script(place, read):
    page = read(place, java_script_enabled=False)
    charts = page.locator(".drawn:visible")
    assert charts.count() >= 4
    for at in range(charts.count()):
        drawn = charts.nth(at)
        assert drawn.locator("svg").bounding_box()["width"] > 500
        assert len(drawn.locator("svg text").all()) > 5
        assert drawn.get_attribute("aria-label") == drawn.locator("xpath=../figcaption").inner_text()
    page.get_by_text("中文", exact=True).click()
    assert "库存丢失率" in page.locator("h1").inner_text()
    assert "运营中心" in page.locator("main").inner_text()


def test_a_chart_tells_its_values_and_keeps_the_tables_to_what_was_picked(place, read):
    page = read(place)
    alive(page)
    table = page.locator("figure.table[data-name=loss-by-fulfillment-center]")
    mark = table.locator("xpath=preceding-sibling::figure[1]").locator(".alive:visible .mark-symbol path").first
    tooltip = page.locator("#vg-tooltip-element.visible")
    for _ in range(40):  # a chart above may come alive and move this one
        mark.hover()
        page.wait_for_timeout(100)
        if tooltip.count():
            break
    assert "Units lost" in page.locator("#vg-tooltip-element").inner_text()
    mark.click()
    table.locator(".count", has_text="1 of").wait_for()
    assert table.locator("tbody tr:visible").count() == 1
    table.get_by_role("button", name="show all").click()
    assert table.locator("tbody tr:visible").count() > 1


def test_a_table_sorts_filters_and_saves_its_raw_values(place, read):
    page = read(place)
    table = page.locator("figure.table[data-name=loss-by-msku]")
    table.get_by_role("button", name="Handled", exact=True).click()
    shown = [int(text.replace(",", "")) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert shown == sorted(shown, reverse=True) and table.locator("th[aria-sort=descending]").count() == 1
    sought = table.locator("tbody tr td").nth(0).inner_text().removeprefix(EVIL)
    table.get_by_role("searchbox").fill(sought)
    kept = table.locator("tbody tr:visible")
    assert kept.count() < len(shown) and all(sought in text for text in kept.all_inner_texts())
    with page.expect_download() as saving:
        table.get_by_role("button", name="Save as CSV").click()
    content = Path(saving.value.path()).read_bytes()
    assert saving.value.suggested_filename == "loss-by-msku.csv"
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    header, row, *more = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert len(more) == kept.count() - 1 and header[:2] == ["msku", "units_handled"]
    assert any(saved[0].startswith(EVIL) for saved in (row, *more))
    rate = row[header.index("loss_rate")]
    cells = dict(zip(header, kept.first.locator("td").all_inner_texts(), strict=True))
    assert f"{float(rate) * 100:.3f}%" == cells["loss_rate"] or f"{float(rate) * 100:.2f}%" == cells["loss_rate"]


def test_a_saved_table_opens_in_a_spreadsheet_with_nothing_executed(read, tmp_path):
    given = ["=1+1", "+1", "@x", "-2", "\uff1d1", "\tx", 'say "a", b', "00123", "1E5"]
    table = display.Table(pd.DataFrame({"sku": given, "units": [-3.0] * len(given)}), (
        display.Column("sku", words.same("SKU")), display.Column("units", words.same("Units"), "units")))
    cell = nbformat.v4.new_code_cell("1", outputs=[
        nbformat.v4.new_output("display_data", {display.MIME: table.data()})])
    (tmp_path / "page.html").write_text(page.html(nbformat.v4.new_notebook(cells=[cell]), title=words.same("T"), seller="S",
                                                  month=MONTH, as_of="2026-03-31"), "utf-8")
    shown = read(tmp_path / "page.html")
    with shown.expect_download() as saving:
        shown.get_by_role("button", name="Save as CSV").click()
    saved = list(csv.reader(io.StringIO(Path(saving.value.path()).read_text("utf-8-sig"), newline="")))[1:]
    assert saved == [[f"'{text}" if text[0] in "=+@-\uff1d\t" else text, "-3"] for text in given]


def test_the_language_follows_the_address_the_choice_and_the_system(place, read):
    assert read(place, locale="zh-CN").locator("h1").inner_text() == "库存丢失率"
    page = read(place, "#zh")
    assert page.locator("h1").inner_text() == "库存丢失率"
    assert page.evaluate("document.documentElement.lang") == "zh-Hans" and "库存丢失率" in page.title()
    page.get_by_text("English", exact=True).click()
    assert page.locator("h1").inner_text() == "Loss rate"
    page.goto(place.as_uri())
    assert page.locator("h1").inner_text() == "Loss rate"
    page.get_by_text("中文", exact=True).click()
    page.reload()
    assert page.locator("a[data-page]").get_attribute("href").endswith("index.html#zh")
    assert page.locator("h1").inner_text() == "库存丢失率" and not [said for said in page.seen if "://" not in said]


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_makes_the_page_scroll_sideways(place, read, width):
    for path in (place, place.parent.parent.parent / "index.html"):
        page = read(path, viewport={"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out(place, read, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    for path in (place, place.parent.parent.parent / "index.html"):
        page = read(path, f"#{language}", color_scheme=scheme)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found
                 if one["impact"] in ("serious", "critical")]
        assert not grave


def test_print_leaves_out_what_only_a_screen_can_use_and_cuts_no_table(place, read, tmp_path):
    from pypdf import PdfReader

    page = read(place)
    page.emulate_media(media="print")
    for size in ("A4", "Letter"):
        page.pdf(path=tmp_path / "page.pdf", format=size)
        text = "\n".join(sheet.extract_text() for sheet in PdfReader(tmp_path / "page.pdf").pages)
        assert "Save as CSV" not in text and "Show the code" not in text
        assert "What this page was made from" in text
    page.set_viewport_size({"width": 680, "height": 900})  # an A4 sheet between its margins
    for box in page.locator(".scroll").all():
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 1, box.inner_text()[:80]


def test_a_table_over_several_sheets_of_paper_has_its_head_on_each(place, read, tmp_path):
    from pypdf import PdfReader

    page = read(place)
    page.locator("figure.table[data-name=files] tbody").evaluate(
        "body => { const [row] = body.rows; for (let at = 0; at < 200; at += 1) { body.append(row.cloneNode(true)); } }")
    digest = page.locator("figure.table[data-name=files] tbody tr").first.locator("td").last.inner_text()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    sheets = [text for text in (sheet.extract_text() for sheet in PdfReader(tmp_path / "page.pdf").pages)
              if text.count(digest[:8]) > 10]
    assert len(sheets) > 2 and all("SHA-256" in text for text in sheets)


def test_the_index_can_be_filtered_by_state_and_by_word(place, read):
    page = read(place.parent.parent.parent / "index.html")
    assert page.locator("tbody tr:visible").count() == 1
    page.get_by_role("searchbox").fill("no such seller")
    assert page.locator("tbody tr:visible").count() == 0
    page.get_by_role("searchbox").fill("march")
    assert page.locator("tbody tr:visible").count() == 1
    page.locator(".filters button").click()
    assert page.locator("tbody tr:visible").count() == 0
    assert page.evaluate("typeof hacked") == "undefined" and len(page.seen) == 1
