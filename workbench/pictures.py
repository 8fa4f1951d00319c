"""Charts as pictures: a Vega-Lite specification drawn as SVG without a browser, here or in a process beside.

Pictures are half of what a page costs after its cells, and the cells run in another process: so the charts of a cell that
is done are drawn while later cells run. vl-convert lets no thread of its process run while it draws, hence a process of
its own. A chart gives the same bytes wherever it is drawn; what the process does not answer is drawn here.

    with Ahead() as ahead:
        ahead.begin(specs)  # after each cell
        ahead.drawn(spec)  # for the page
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

FONTS = Path(str(files("workbench") / "page" / "fonts"))
MEASURE = "Workbench Measure"  # in FONTS: text is as wide on every machine; the page's style names what it is shown in


def drawn(spec: dict) -> str:
    """A specification as SVG with real text, measured with a font that comes along: a machine's own change nothing."""
    import vl_convert

    _know_fonts()
    measured = {**spec, "config": {**spec.get("config", {}), "font": MEASURE}}
    return vl_convert.vegalite_to_svg(measured, vl_version=_version(spec), allowed_base_urls=[])


@functools.cache
def _know_fonts() -> None:
    """Let vl-convert know our font: how wide each character is, Chinese ones too, and nothing to draw, so it is fast."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))


def _version(spec: dict) -> str:
    """The Vega-Lite version a specification asks for, as vl-convert spells it."""
    import vl_convert

    found = re.search(r"/v(\d+)\.(\d+)", spec.get("$schema", ""))
    known = vl_convert.get_vegalite_versions()
    asked = f"{found[1]}.{found[2]}" if found else ""
    return asked if asked in known else known[-1]


# ---------------------------------------------------------------------------------------------------- beside

class Ahead:
    """The pictures of one notebook. Those that nobody came for are forgotten at its end."""

    def __init__(self) -> None:
        self._begun: dict[str, Future[str]] = {}

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *failure: object) -> None:
        for picture in self._begun.values():
            picture.cancel()

    def begin(self, specs: Iterable[dict]) -> None:
        """Have these drawn beside, in this order."""
        for spec in specs:
            asked = json.dumps(spec)
            with contextlib.suppress(OSError):  # where no process can be started
                if asked not in self._begun:
                    self._begun[asked] = _beside().begin(asked)

    def drawn(self, spec: dict) -> str:
        """The picture of a chart, waited for where it was begun, else drawn now."""
        begun = self._begun.get(json.dumps(spec))
        with contextlib.suppress(OSError, ValueError, CancelledError):
            if begun:
                return begun.result()
        return drawn(spec)


class _Beside:
    """A process that draws what it is asked for, one picture after another, and ends with this one."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workbench.pictures"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.turns = ThreadPoolExecutor(1)
        atexit.register(self.close)

    def begin(self, asked: str) -> Future[str]:
        """The picture to come of a specification in JSON; it may fail with OSError or ValueError."""
        return self.turns.submit(self._draw, asked)

    def close(self) -> None:
        """End the process."""
        self.turns.shutdown(cancel_futures=True)
        self.process.communicate()

    def _draw(self, asked: str) -> str:
        self.process.stdin.write(asked + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@functools.lru_cache(maxsize=1)
def _beside_of(process: int) -> _Beside:
    return _Beside()


def _beside() -> _Beside:
    """This process's own; a new one when the last has died."""
    if _beside_of(os.getpid()).process.poll() is not None:
        _beside_of.cache_clear()
    return _beside_of(os.getpid())


def main() -> None:
    """Draw every line of standard input; a line each is answered, an empty one for what cannot be drawn."""
    for line in sys.stdin:
        with contextlib.suppress(ValueError):
            print(json.dumps(drawn(json.loads(line))), end="")
        print(flush=True)


if __name__ == "__main__":
    main()
