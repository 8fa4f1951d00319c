"""From a control's change to the changed picture on the screen: JupyterLab in headless Chromium, driven by Playwright.

Started by `python -m benchmarks.explore --browser`. JupyterLab opens on the seller's folder and runs the loss-rate
notebook whole; then controls of its panel are moved. The clock runs in the browser: from the control's own change event,
through the kernel and back, until the text and the charts have changed and the next frame but one begins.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CELLS = "Array.from(document.querySelectorAll('.jp-CodeCell .jp-InputPrompt'))"
MOVED = """async ([panel, label, value]) => {
  const view = panel.querySelector('.workbench-view'), before = view.textContent;
  const named = Array.from(panel.querySelectorAll('label')).find((one) => one.textContent.trim() === label);
  const control = named.parentElement.querySelector('select, input'), began = performance.now();
  if (control.tagName === 'SELECT') { control.selectedIndex = value; } else { control.value = value; }
  const drawn = new Promise((done) => new MutationObserver(done).observe(view, { attributeFilter: ['data-drawn'] }));
  control.dispatchEvent(new Event('change', { bubbles: true }));
  await drawn;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [performance.now() - began, view.textContent !== before];
}"""


def moves(turn: int) -> dict[str, tuple[str, object]]:
    """What is moved in one turn, always to something else: name -> (the control's label, its option's place or value)."""
    return {"one centre": ("Fulfilment centre", 1 + turn % 50), "all centres": ("Fulfilment centre", 0),
            "baseline": ("Baseline (%)", str(0.4 + turn / 100)), "by SKU": ("Split by", 1), "by centre": ("Split by", 0)}


def times(seller: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds to the changed picture, one per round and move."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {name: [] for name in moves(0)}
    with _lab(seller) as address, sync_playwright() as started:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(f"{address}/lab/tree/loss-rate.ipynb?reset&token=secret", timeout=120_000)
        page.get_by_text("Workbench | Idle").wait_for(timeout=120_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).first.click()
        page.wait_for_function(f"{CELLS}.length > 3 && {CELLS}.every((one) => /\\[\\d+\\]/.test(one.textContent))",
                               timeout=600_000)
        panel = page.locator(".workbench-panel").first
        panel.scroll_into_view_if_needed()
        for turn in range(rounds + 1):  # the first one warms up
            for name, (label, value) in moves(turn).items():
                spent, changed = page.evaluate(MOVED, [panel.element_handle(), label, value])
                if not changed:
                    raise AssertionError(f"{name}: the picture is the one from before")
                found[name] += [spent] if turn else []
        browser.close()
    return found


@contextlib.contextmanager
def _lab(seller: Path) -> Iterator[str]:
    """JupyterLab on a seller, until the block ends; its address."""
    with contextlib.closing(socket.socket()) as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-m", "workbench.cli", "lab", str(seller), "--quiet", "--no-browser",
                                   "--lang", "en", "--port", str(port), "--folder", folder],
                                  env={**os.environ, "JUPYTER_TOKEN": "secret"}, stderr=subprocess.DEVNULL)
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).close()
                    break
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(60)
