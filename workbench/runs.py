"""What a run leaves behind besides its pages: records, locks, whole files or none, and whose folder is whose.

    <out>/<seller>/seller.json                     whose folder this is
    <out>/<seller>/<month>/<notebook>.run.json     what the page was made from, when, and what became of it
    <out>/<seller>/<month>/lock.json, lock.items.json   a closed month: the inputs and pages it was closed with
    <out>/runs/<time>-<run>.json                   one publish: what was asked for, and every outcome
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench import export, files

UNFINISHED = re.compile(r"\..+\.([^.]*)-(\d+)\.part(\.\w+)?")


@dataclass(frozen=True)
class Lock:
    """A closed month: what its pages were made from, so that they can be made again byte for byte."""

    as_of: str
    policy: str
    languages: tuple[str, ...]
    inputs: tuple[dict, ...]  # file, sha256 of its bytes as they lie there, modified (seconds since 1970)
    settings: str  # seller.toml
    pages: dict[str, str]  # notebook -> sha256 of its page
    version: str
    digest: str = ""  # of the lock itself


# ---------------------------------------------------------------------------------------------------- whole or not at all

def write(place: Path, text: str) -> str:
    """Write a text whole or not at all. Gives its sha256."""
    data = text.encode()
    export.write_bytes(data, place)
    return hashlib.sha256(data).hexdigest()


def sweep(out: Path) -> None:
    """Remove what runs of this machine that no longer live left unfinished."""
    for path in [*out.glob(".*.part*"), *out.glob("*/.*.part*"), *out.glob("*/*/.*.part*")]:
        found = UNFINISHED.fullmatch(path.name)
        if found and found[1] == export.host() and not _lives(int(found[2])):
            path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The sha256 of a file, "" when there is none."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def _lives(process: int) -> bool:
    import psutil  # only where something unfinished lies there; signal 0 would end a process on Windows

    return psutil.pid_exists(process)


# ---------------------------------------------------------------------------------------------------- folders and records

def home(out: Path, name: str, seller: Path) -> Path:
    """The folder of a seller below `out`: `name`, or `name-2` … where another seller of that name already is.

    A seller folder that was moved takes its reports along: an owner that is no longer there owns nothing.
    """
    own = str(seller.resolve())
    for number in range(1, 1000):
        place = out / (name if number == 1 else f"{name}-{number}")
        owner = read(place / "seller.json").get("folder", "")
        if owner == own:
            return place
        if not owner or not Path(owner).is_dir():
            write(place / "seller.json", json.dumps({"folder": own}, ensure_ascii=False) + "\n")
            return place
    raise OSError(f"{out}: a thousand sellers are called {name}. Give each a name of its own in seller.toml.")


def read(place: Path) -> dict:
    """A JSON object that a run left; {} when there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(place.read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def save(place: Path, record: dict) -> None:
    """Write a record."""
    write(place, json.dumps(record, ensure_ascii=False, indent=1, default=str) + "\n")


def records(out: Path) -> list[dict]:
    """Every page record below `out`, for the index.

    Added to each record: `page` (its address, "" when none), `cell` (of a failure, "" when unknown), `locked`, and
    `restated` (the address of the page that says what changed since the month was closed, "" when none).
    """
    found = []
    for path in sorted(out.glob("*/*/*.run.json")):
        run = read(path)
        if {"seller", "month", "notebook", "ok", "figures"} <= run.keys():
            shown, restated = (path.with_name(f"{name}.html") for name in (run["notebook"], "restatement"))
            run["home"] = path.parent.parent.name
            run["page"], run["restated"] = (place.relative_to(out).as_posix() if place.exists() else ""
                                            for place in (shown, restated))
            run["locked"] = run["notebook"] in read(path.with_name("lock.json")).get("pages", {})
            run["cell"] = (re.search(r"\bcell (\d+)", run.get("error", "")) or ("", ""))[1]
            found.append(run)
    homes = {(run["seller"], run["home"]) for run in found}
    names = [name for name, _ in homes]
    for run in found:
        if names.count(run["seller"]) > 1:  # two sellers of one name
            run["seller"] += f" ({run['home']})"
    return found


# ---------------------------------------------------------------------------------------------------- closed months

def lock(folder: Path) -> Lock | None:
    """The lock of a month's folder; None when the month is open. Raises ValueError for a lock that was damaged."""
    place = folder / "lock.json"
    if not place.exists():
        return None
    stated = read(place)
    try:
        return Lock(stated["as_of"], stated["policy"], tuple(stated["languages"]), tuple(stated["inputs"]),
                    stated["settings"], dict(stated["pages"]), stated["version"], sha256(place))
    except KeyError as error:
        raise ValueError(f"{place}: the lock has no {error}. Restore the file, or remove it to open the month.") from None


def inputs(seller: Path) -> tuple[dict, ...]:
    """The files of a seller folder as they lie there: file, sha256 and modified."""
    return tuple({"file": label, "sha256": sha256(path), "modified": path.stat().st_mtime_ns / 1e9}
                 for path, label in files.walk(seller))


@contextlib.contextmanager
def as_locked(seller: Path, closed: Lock) -> Iterator[Path]:
    """A folder with the inputs a month was closed with, taken from the seller's files by content.

    Raises ValueError when a file is no longer there.
    """
    lying = {sha256(path): path for path, _ in files.walk(seller)}
    missing = [entry["file"] for entry in closed.inputs if entry["sha256"] not in lying]
    if missing:
        raise ValueError(f"the month was closed with {', '.join(missing)}, which {seller} no longer holds as it was. "
                         "Put the file back, or remove lock.json to open the month.")
    with tempfile.TemporaryDirectory(prefix="workbench-") as above:
        view = Path(above) / seller.resolve().name
        view.mkdir()
        for entry in closed.inputs:
            place = view / entry["file"]
            place.parent.mkdir(parents=True, exist_ok=True)
            _placed(lying[entry["sha256"]].resolve(), place, entry["modified"])
        if closed.settings:
            (view / "seller.toml").write_text(closed.settings, "utf-8")
        yield view


def _placed(source: Path, place: Path, modified: float) -> None:
    """A link where one is as good, else a copy with the time the file had."""
    if abs(source.stat().st_mtime - modified) < 0.001:
        with contextlib.suppress(OSError):
            place.symlink_to(source)
            return
    shutil.copyfile(source, place)
    os.utime(place, (modified, modified))


def save_items(folder: Path, items) -> None:
    """Keep the items a month was closed with (a table of `restatement.items`)."""
    cells = items.astype(object).where(items.notna(), None)
    held = {"columns": list(items.columns), "rows": cells.to_numpy().tolist()}
    write(folder / "lock.items.json", json.dumps(held, ensure_ascii=False) + "\n")


def items(folder: str | Path):
    """The items a month was closed with, as a table. Raises ValueError when they cannot be read."""
    import pandas as pd

    place = Path(folder) / "lock.items.json"
    kept = read(place)
    if not {"columns", "rows"} <= kept.keys():
        raise ValueError(f"{place}: the items of the closed month cannot be read. Restore the file.")
    table = pd.DataFrame(kept["rows"], columns=kept["columns"])
    return table.astype({name: "float64" if name == "value" else "str" for name in table})
