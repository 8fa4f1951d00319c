"""JupyterLab on the notebooks, with the seller chosen: on this machine only, and asking no other machine for anything.

`prepare` puts copies of the notebooks into a folder of the analyst's, their parameters filled in; a copy that the analyst
has changed is left alone. `open_` starts JupyterLab there, with our kernel, no news, no update check and no terminal.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path

from workbench import export, words

FIRST = "data-health"
KERNEL = "workbench"
MADE = "workbench_made"  # in a copy's metadata: the digest of its cells as we wrote them


def prepare(seller: Path, folder: Path, *, month: str, as_of: dt.date, policy: str, language: str = "en") -> list[Path]:
    """Copies of every notebook in `folder`, for this seller; those the analyst has changed are kept as they are.

    Their paragraphs are in `language`, the first says how to begin.
    """
    from workbench import grid

    folder.mkdir(parents=True, exist_ok=True)
    values = {"seller": str(seller.resolve()), "month": month, "as_of": as_of.isoformat(), "policy": policy,
              "interactive": True}
    made = []
    for name in grid.all_notebooks():
        copy = folder / f"{name}.ipynb"
        if not copy.exists() or _is_ours(copy):
            source = grid.notebook_path(name)
            export.write_json(_filled(source, grid.parameters(source) | values, language), copy)
        made.append(copy)
    return made


def open_(folder: Path, *, browser: bool = True, port: int = 0) -> None:
    """JupyterLab on `folder`; returns when it is stopped. Jupyter makes the token."""
    from workbench import cache, kernel

    kernel.skip_slow_imports()
    shared = cache.folder() / "lab"
    _kernel(shared / "kernels" / KERNEL)
    paths = [str(shared), *filter(None, [os.environ.get("JUPYTER_PATH", "")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)
    os.environ["WORKBENCH_LAB"] = "1"  # kernels show their blocks in the style of the panels
    from jupyterlab.labapp import LabApp

    settings = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.root_dir": str(folder.resolve()), "ServerApp.open_browser": browser,
        "ServerApp.allow_root": True,  # a container's only user; nobody else can reach the loopback address and the token
        "ServerApp.terminals_enabled": False, "LabApp.default_url": f"/lab/tree/{FIRST}.ipynb",
        "LabApp.app_settings_dir": str(files("workbench") / "lab"), "LabApp.news_url": None,
        "LabApp.extension_manager": "readonly", "KernelSpecManager.ensure_native_kernel": False,
        "KernelSpecManager.allowed_kernelspecs": [KERNEL], **({"ServerApp.port": port} if port else {})}
    sys.argv = ["jupyter-lab"]
    LabApp.launch_instance(argv=[f"--{name}={_argument(value)}" for name, value in settings.items()])


# ---------------------------------------------------------------------------------------------------- inside

def _argument(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _kernel(folder: Path) -> None:
    """The kernel that reports run in, as JupyterLab finds it."""
    spec = {"argv": [sys.executable, "-m", "workbench.kernel", "-f", "{connection_file}"], "display_name": "Workbench",
            "language": "python", "metadata": {"debugger": False}}
    export.write_json(spec, folder / "kernel.json")


def _filled(notebook: Path, values: dict[str, object], language: str) -> dict:
    """The notebook with these parameters, its paragraphs in one language, our kernel, and the digest of its cells."""
    found = json.loads(notebook.read_text("utf-8"))
    for at, cell in enumerate(found["cells"]):
        if cell["cell_type"] == "markdown":
            parts = [re.match(r"(#*\s*)(.*)", part, re.DOTALL).groups()
                     for part in re.split(r"\n\s*\n", "".join(cell["source"]).strip())]
            told = [marks + words.translated(text).in_(language) for marks, text in parts]
            cell["source"] = "\n\n".join([*told, *([f"*{words.say('lab.run').in_(language)}*"] if not at else [])])
        if "parameters" in cell["metadata"].get("tags", ()):
            cell["source"] = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    found["metadata"] = {**found["metadata"], "kernelspec": {"display_name": "Workbench", "language": "python",
                                                            "name": KERNEL}, MADE: _digest(found)}
    return found


def _is_ours(copy: Path) -> bool:
    """Whether the copy's cells are still as we wrote them; its outputs do not count."""
    try:
        found = json.loads(copy.read_text("utf-8"))
        return found["metadata"].get(MADE) == _digest(found)
    except (ValueError, KeyError, TypeError):
        return False


def _digest(notebook: dict) -> str:
    sources = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return hashlib.sha256(repr(sources).encode()).hexdigest()[:16]
