"""JupyterLab as an analyst opens it: started here, used through headless Chromium, with no other machine to talk to."""

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from workbench import lab, publish
from workbench.simulate import simulate

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(__file__).parent.parent / "build" / "screenshots"
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed: apt-get install chromium")]
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def free_port():
    with contextlib.closing(socket.socket()) as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    seller = tmp_path_factory.mktemp("shops") / "seller"
    simulate(seller, seed=5, region="US", skus=8, months=8, demand=0.5)
    command = [sys.executable, "-m", "workbench.cli", "lab", str(seller), "--quiet", "--no-browser", "--port", str(port),
               "--folder", str(folder)]
    log = folder.parent / "lab.log"
    with log.open("wb") as written:
        server = subprocess.Popen(command, stdout=written, stderr=written, env={
            **os.environ, "JUPYTER_TOKEN": "secret", "WORKBENCH_CACHE": str(folder / ".cache")})
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).close()
                break
            assert server.poll() is None, log.read_text("utf-8")
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking",
                                                                         "--disable-component-update"])
        yield opened
        opened.close()


@pytest.fixture
def seen(browser):
    """A page, and what must stay empty: errors in its console, and requests to other machines."""
    page = browser.new_page(viewport={"width": 1500, "height": 1400})
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    own = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
    yield page, wrong
    page.close()


def run_all(page, address, name):
    page.goto(f"{address}/lab/tree/{name}.ipynb?reset&token=secret")
    page.wait_for_selector(f"{PANEL} .jp-Notebook", timeout=60_000)
    page.get_by_text("Workbench | Idle").wait_for(timeout=60_000)  # the kernel answers
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    page.wait_for_function("""(panel) => {
      const cells = Array.from(document.querySelectorAll(panel + ' .jp-CodeCell .jp-InputPrompt'));
      return cells.length > 3 && cells.every((one) => /\\[\\d+\\]/.test(one.textContent));
    }""", arg=PANEL, timeout=300_000)


@pytest.mark.parametrize("name", publish.all_notebooks())
def test_every_notebook_runs_and_every_control_answers(address, seen, name):
    page, wrong = seen
    run_all(page, address, name)
    assert not page.locator(f"{PANEL} [data-mime-type='application/vnd.jupyter.error']").count()
    READ.get(name, lambda page: None)(page)
    for panel in page.locator(f"{PANEL} .workbench-panel").all():
        move_every_control(page, panel)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"lab-{name}.png")
    assert not wrong


def move_every_control(page, panel):
    """Moves each control of the panel once; the view must say that it ran again and be drawn."""
    view, controls = panel.locator(".workbench-view"), panel.locator(".workbench-controls")
    controls.scroll_into_view_if_needed()
    for widget in controls.locator("select, input[type=text], input[type=number], input[type=checkbox], input[type=date], "
                                   ".noUi-handle-lower, .widget-toggle-button:not(.mod-active)").all():
        before = int(view.get_attribute("data-run"))
        kind = widget.evaluate("(one) => one.tagName === 'INPUT' ? one.type : one.tagName")
        if kind == "SELECT":
            values = widget.evaluate("(one) => Array.from(one.options).map((option) => option.value)")
            if len(values) < 2:
                continue
            widget.select_option(values[-1] if not widget.evaluate("(one) => one.multiple") else [values[-1]])
        elif kind in ("checkbox", "BUTTON"):
            widget.click()
        elif kind == "date":
            widget.fill("2026-01-15")
        elif kind == "number":
            widget.fill("0.7")
            widget.press("Enter")
        elif kind == "text":
            widget.fill("0")
            widget.press("Enter")
        else:
            widget.focus()
            widget.press("ArrowRight")
        page.wait_for_function("([one, run]) => +one.dataset.drawn > run", arg=[view.element_handle(), before],
                               timeout=20_000)


def file_a_claim_and_plan_the_others(page):
    """The claims page: a clicked claim's story, marked filed, exported, packed; then the plan at another pace."""
    work, plan = page.locator(f"{PANEL} .workbench-panel").all()
    work.locator("tbody tr").first.click()
    work.get_by_text("Arithmetic").wait_for(timeout=30_000)
    assert work.locator("tbody tr[aria-current]").count() == 1
    work.get_by_label("Case number", exact=True).fill("C-1")
    work.get_by_label("Case number", exact=True).press("Enter")
    for button, said in (("Mark as filed", "under C-1, pending"), ("Make the packet", "Packet written to packets/"),
                         ("Export the selection", "written to claims-selected.xlsx")):
        work.get_by_role("button", name=button).click()
        work.locator(".workbench-status").get_by_text(said).wait_for(timeout=30_000)
    plan.get_by_label("Cases a day", exact=True).fill("2")
    plan.get_by_label("Cases a day", exact=True).press("Enter")
    plan.get_by_text("The filing plan, 2 cases a day.").wait_for(timeout=20_000)
    days = plan.locator("[data-name=filing-plan] tbody td:first-child").all_text_contents()
    assert max(Counter(days).values()) == 2


READ = {"claim-recovery": file_a_claim_and_plan_the_others}  # what is read from a page once it has run


def test_a_changed_baseline_is_read_back_from_the_page(address, seen):
    page, wrong = seen
    run_all(page, address, "loss-rate")
    page.get_by_label("Baseline (%)", exact=True).fill("0.45")
    page.get_by_label("Baseline (%)", exact=True).press("Enter")
    page.get_by_text("the baseline of 0.450%").first.wait_for(timeout=20_000)
    centers = page.get_by_label("Fulfilment centre", exact=True)
    center = centers.evaluate("(one) => one.options[1].value")
    centers.select_option(center)
    page.get_by_text(f"{center} holds 100% of all units lost").wait_for(timeout=20_000)
    assert not wrong


def test_a_sheet_that_cannot_be_read_is_not_saved(address, seen):
    page, _ = seen
    run_all(page, address, "data-health")
    costs = page.locator(f"{PANEL} .workbench-sheet").first
    costs.get_by_label("unit_cost 1", exact=True).fill("ten")
    costs.get_by_text("Check and save").click()
    costs.get_by_text("Nothing was saved").wait_for(timeout=20_000)
    assert costs.get_by_label("unit_cost 1", exact=True).get_attribute("aria-invalid") == "true"


def test_a_copy_keeps_the_parameters_that_only_its_notebook_has(tmp_path):
    lab.prepare(publish.demo_seller(), tmp_path, month="2026-06", as_of=dt.date(2026, 6, 30), policy="amazon")
    assert "pace = 5" in (tmp_path / "claim-recovery.ipynb").read_text("utf-8")


def test_a_copy_speaks_one_language_and_says_how_to_begin(tmp_path):
    for language, title, begin in (("en", "# Loss rate", "press ▶▶"), ("zh", "# 库存丢失率", "点击上方的 ▶▶")):
        lab.prepare(publish.demo_seller(), tmp_path, month="2026-06", as_of=dt.date(2026, 6, 30), policy="amazon",
                    language=language)
        first, *others = [cell for cell in json.loads((tmp_path / "loss-rate.ipynb").read_text("utf-8"))["cells"]
                          if cell["cell_type"] == "markdown"]
        assert first["source"].startswith(title) and begin in first["source"]
        assert all(re.search("[\u4e00-\u9fff]", cell["source"]) for cell in others) == (language == "zh")


def test_a_copy_that_the_analyst_changed_is_kept(tmp_path):
    values = {"month": "2026-06", "as_of": dt.date(2026, 6, 30), "policy": "amazon"}
    lab.prepare(publish.demo_seller(), tmp_path, **values)
    copy = tmp_path / "data-health.ipynb"
    text = copy.read_text("utf-8")
    copy.write_text(text.replace("## What is loaded", "## My own heading"), "utf-8")
    lab.prepare(publish.demo_seller(), tmp_path, **values)
    assert "My own heading" in copy.read_text("utf-8")
    copy.write_text(text, "utf-8")
    lab.prepare(publish.demo_seller(), tmp_path, **{**values, "month": "2026-05"})
    assert "month = '2026-05'" in copy.read_text("utf-8")
