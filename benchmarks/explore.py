"""How long a control of the loss-rate panel takes to answer on a large seller: in the kernel, and in the browser.

    python -m benchmarks.explore --rows 10000000
    python -m benchmarks.explore --rows 10000000 --browser

Opens the books, adds the ledger up into the cube once, then moves each control in turn as a reader would. An answer is
everything the kernel does: the counts, rates and intervals, both charts' rows, the tables' HTML. The same answer without
the cube, `loss.loss_rates` on the ledger itself, stands beside it: the two give the same rates. With --browser it is
JupyterLab in headless Chromium, and the clock stops when the changed picture is painted (`benchmarks.browser`).
"""

from __future__ import annotations

import os
import time
from statistics import median

import pandas as pd

from benchmarks import browser, data, rounds


def main() -> None:
    """Prints the medians; raises AssertionError when the cube and the ledger disagree."""
    options = rounds.parser(__doc__.splitlines()[0], 1_000_000)
    options.add_argument("--browser", action="store_true", help="to the painted picture, in JupyterLab")
    asked = options.parse_args()
    root = rounds.folder(asked)
    os.environ["WORKBENCH_CACHE"] = str(root / "cache")
    data.months(root / "months", asked.rows)
    if asked.browser:
        print(f"{asked.rows:,} ledger rows, from a control's change to the painted picture:")
        _print(browser.times(root / "months", asked.rounds))
        return
    from workbench import books, explore, loss

    known = books.open(root / "months")
    month, day = f"{known.through:%Y-%m}", known.through
    ledger = known.table("ledger_detail", list(loss.NEEDED))
    started = time.perf_counter()
    panel = explore.loss_rates(known, month, as_of=f"{day}", interactive=True).panel
    built = time.perf_counter() - started
    spans = [value for _, value in panel.widgets["span"].options]
    center, sku = panel.widgets["center"].options[5][1], panel.widgets["sku"].options[7]
    moves = {"one centre": ("center", center), "all centres": ("center", ""), "by SKU": ("split", "msku"),
             "one SKU": ("sku", sku), "all SKUs": ("sku", ""), "by centre": ("split", "fulfillment_center"),
             "baseline": ("baseline", 0.4), "three months": ("span", (spans[-3], spans[-1]))}
    times: dict[str, list[float]] = {name: [] for name in moves}
    for turn in range(asked.rounds):
        for name, (control, value) in moves.items():
            value = 0.4 + turn / 100 if name == "baseline" else value
            started = time.perf_counter()
            panel.widgets[control].value = value
            times[name].append(time.perf_counter() - started)
        panel.widgets["span"].value = (spans[0], spans[-1])
    started = time.perf_counter()
    rates = loss.loss_rates(ledger, ["msku"], as_of=day)
    direct = time.perf_counter() - started
    from workbench.cube import Cube

    pd.testing.assert_frame_equal(Cube(ledger, as_of=day).rates(["msku"]), rates)
    print(f"{len(ledger):,} ledger rows; the panel was ready after {built:.1f} s; loss_rates by SKU on the ledger itself: "
          f"{direct * 1000:.0f} ms")
    _print({name: [seconds * 1000 for seconds in each] for name, each in times.items()})


def _print(times: dict[str, list[float]]) -> None:
    for name, each in {**times, "every answer": sum(times.values(), [])}.items():
        print(f"  {name:14} median {median(each):6.1f} ms  slowest {max(each):6.1f} ms")


if __name__ == "__main__":
    main()
