"""Which pages to make: one job per seller, month and notebook, its parameters checked before anything runs.

A job's key is a digest of everything its page depends on: the content of the files and which of them own what, the
seller's settings, the notebook, the program and its libraries, and the parameters. Equal keys, equal pages.
"""

from __future__ import annotations

import ast
import datetime as dt
import functools
import hashlib
import json
import platform
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from workbench import books, evidence, months, policy, runs

LIBRARIES = ("altair", "babel", "jinja2", "nbconvert", "numpy", "pandas", "pyarrow", "scipy", "statsmodels",
             "vl-convert-python")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
LONGEST_NAME = 120  # bytes


class ParameterError(ValueError):
    """A parameter the notebook does not have, or a value of another kind."""


@dataclass(frozen=True)
class Job:
    """One page to make."""

    seller: Path
    name: str  # of the seller, as shown
    month: str
    as_of: str
    policy: str
    notebook: str
    languages: tuple[str, ...]
    folder: Path  # where the page goes
    key: str  # digest of everything the page depends on
    inputs: tuple[tuple[str, str], ...] = ()  # file, sha256
    run: str = ""  # the run that asks for it: a job is done once a run, whoever is asked twice
    locked: bool = False  # of a month that is closed: made from the inputs it was closed with

    @property
    def place(self) -> Path:
        """Where the page goes."""
        return self.folder / f"{self.notebook}.html"

    @property
    def title(self) -> str:
        """The job in one line, as progress and errors name it."""
        return f"{self.name} {self.month} {self.notebook}"


@dataclass(frozen=True)
class Wanted:
    """What was asked for, of every seller alike."""

    out: Path
    months: tuple[str, ...] | None  # None: the last complete month
    as_of: dt.date | None  # None: the month's end
    policy: str | None  # None: the seller's
    languages: tuple[str, ...]
    notebooks: tuple[str, ...]
    run: str


def jobs(folder: Path, wanted: Wanted) -> list[Job]:
    """The pages of one seller, month by month. Raises SellerError, FileNotFoundError, PolicyError, ParameterError."""
    known = books.open(folder)
    rules = wanted.policy or known.seller.policy
    policy.load(rules, known.seller.market)
    name, through = known.seller.name, known.through
    owned = ["file", "sha256", "status", "rows_used", "rows_replaced"]
    papers = evidence.files(folder)["file"].tolist()  # pages show which papers there are, by their names
    sources = json.dumps([known.files[owned].astype("str").to_numpy().tolist(), settings(folder), papers])
    inputs = tuple((row.file, row.sha256) for row in known.files.itertuples() if row.sha256)
    home = runs.home(wanted.out, slug(name), folder)
    made = []
    for month in wanted.months or [last_complete_month(known)]:
        day = (wanted.as_of or last_day(month)).isoformat()
        lock = runs.lock(home / month)
        later = [] if lock is None else [notebook for notebook in _all() if "lock" in parameters(notebook_path(notebook))]
        for notebook in (*wanted.notebooks, *later):
            shown = notebook in later
            today = max(wanted.as_of or through, last_day(month)).isoformat() if shown else day
            key = digest(program(), notebook_path(notebook).read_text("utf-8"), sources, name, month, today, rules,
                         json.dumps(wanted.languages), lock.digest if shown else "")
            made.append(Job(folder, name, month, today, rules, notebook, wanted.languages, home / month, key, inputs,
                            wanted.run, lock is not None and not shown))
            given(made[-1], folder)
    return made


def given(job: Job, seller: Path) -> dict[str, object]:
    """The parameters of a job's notebook, checked; `seller`: the folder it reads, the job's own or a closed month's."""
    path = notebook_path(job.notebook)
    lock = {"lock": str(job.folder.resolve())} if "lock" in parameters(path) else {}
    return checked(path, {"seller": str(seller.resolve()), "month": job.month, "as_of": job.as_of, "policy": job.policy,
                          "interactive": False, **lock})


def digest(*parts: str) -> str:
    """One sha256 of several texts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def last_complete_month(known: books.Books) -> str:
    """The last month of the ledger that is over; of all files where there is no ledger.

    Raises ParameterError for a folder in which nothing is dated.
    """
    last = known.last_day("ledger_detail") or known.through
    if last == books.EPOCH:
        raise ParameterError(f"{known.seller.folder}: no export with dates is in the folder, so there is no month to "
                             "report. Put the inventory ledger into it (Reports > Fulfillment > Inventory Ledger > "
                             "Detailed view). `workbench lab` on the folder says what else is needed.")
    month = last.strftime("%Y-%m")
    if last == last_day(month):
        return month
    return months.months_back(month, 1)


def last_day(month: str) -> dt.date:
    """The last day of a month. Raises ParameterError for a text that is no month."""
    if not MONTH.fullmatch(month):
        raise ParameterError(f"publish: month = {month!r}, expected a month like '2026-06'.")
    return months.last_day(month)


def settings(folder: Path) -> str:
    """The seller's settings as they are written."""
    stated = folder / "seller.toml"
    return stated.read_text("utf-8-sig") if stated.exists() else ""


@functools.cache
def program() -> str:
    """A digest of the program and the libraries that draw and reckon: when it changes, pages are made anew."""
    root = Path(str(files("workbench")))
    kept = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".j2", ".css", ".js"))
    texts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept]
    return digest(platform.python_version(), *(version(name) for name in LIBRARIES), *texts)


def slug(name: str) -> str:
    """A seller's name as a folder name on any machine: letters of any script, digits, dots and dashes; never a path.

    >>> slug("Acme / Home & Garden"), slug("../../etc"), slug("深圳 家居"), slug(""), slug("aux"), slug("com1.shop")
    ('Acme-Home-Garden', 'etc', '深圳-家居', 'seller', 'seller-aux', 'seller-com1.shop')
    """
    text = re.sub(r"[^\w.]+", "-", unicodedata.normalize("NFC", name)).strip("-._")
    text = text.encode()[:LONGEST_NAME].decode("utf-8", "ignore").strip("-._")
    return f"seller-{text}" if text.split(".")[0].casefold() in RESERVED else text or "seller"


# ---------------------------------------------------------------------------------------------------- notebooks

def all_notebooks() -> list[str]:
    """The names of the notebooks that make monthly pages; those with a parameter `lock` belong to closed months."""
    return [name for name in _all() if "lock" not in parameters(notebook_path(name))]


def notebook_path(name: str) -> Path:
    """The notebook file; raises ParameterError for a name there is not."""
    if name not in _all():
        raise ParameterError(f"there is no notebook {name!r}; there are {', '.join(_all())}.")
    return _beside("notebooks") / f"{name}.ipynb"


def demo_seller() -> Path:
    """The folder of the demo seller that comes with the workbench."""
    return _beside("data_samples") / "demo"


def parameters(notebook: Path) -> dict[str, object]:
    """The notebook's parameters and their defaults, from its cell tagged `parameters`."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            return {line.targets[0].id: ast.literal_eval(line.value)
                    for line in ast.parse("".join(cell["source"])).body if isinstance(line, ast.Assign)}
    return {}


def checked(notebook: Path, given: dict[str, object]) -> dict[str, object]:
    """`given` when the notebook has those parameters with values of that kind; ParameterError otherwise.

    papermill only warns of an unknown name, and writes a value of another type as text.
    """
    known = parameters(notebook)
    for name, value in given.items():
        if name not in known:
            raise ParameterError(f"{notebook.name} has no parameter {name!r}; it has {', '.join(known)}.")
        if type(value) is not type(known[name]):
            raise ParameterError(f"{notebook.name}: {name} = {value!r}, expected a value like {known[name]!r}.")
    if not MONTH.fullmatch(str(given.get("month", "2000-01"))):
        raise ParameterError(f"{notebook.name}: month = {given['month']!r}, expected a month like '2026-06'.")
    try:
        dt.date.fromisoformat(str(given.get("as_of", "2000-01-01")))
    except ValueError as error:
        raise ParameterError(f"{notebook.name}: as_of = {given['as_of']!r}, expected a date like '2026-06-30'.") from error
    return given


def together(sellers: Iterable[Path]) -> list[Path]:
    """The seller folders, each once."""
    return list({folder.resolve(): folder for folder in map(Path, sellers)}.values())


def _all() -> Sequence[str]:
    return sorted(path.stem for path in _beside("notebooks").glob("*.ipynb"))


def _beside(name: str) -> Path:
    """A folder that lives inside the installed package, or beside it in a checkout."""
    root = Path(str(files("workbench")))
    return root / name if (root / name).is_dir() else root.parent / name
