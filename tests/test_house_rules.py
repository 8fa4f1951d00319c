"""The rules of ARCHITECTURE.md that a machine can hold."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "workbench").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
READS_FILES = {
    "books",
    "cache",
    "checks",
    "cli",
    "engine",
    "evidence",
    "explore",
    "export",
    "files",
    "flatfile",
    "grid",
    "kernel",
    "lab",
    "lines",
    "packet",
    "page",
    "pictures",
    "policy",
    "publish",
    "reports",
    "runs",
    "seller",
    "sheets",
    "simulate",
    "specs",
    "words",
}
READS_THE_CLOCK = {"cache", "cli", "publish", "simulate"}
PARAMETERS = ["seller", "month", "as_of", "policy", "interactive"]
ids = {"ids": lambda path: path.name}


def module(path):
    parts = path.relative_to(ROOT / "workbench").parts
    return parts[0] if len(parts) > 1 else path.stem


def calls(path):
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", PACKAGE, **ids)
def test_frames_are_neither_changed_in_place_nor_walked_row_by_row(path):
    for call in calls(path):
        words = {word.arg: word.value for word in call.keywords}
        name = dotted(call.func).rsplit(".", 1)[-1]
        assert "inplace" not in words, f"line {call.lineno}"
        assert name != "iterrows", f"line {call.lineno}"
        assert not (name == "apply" and "axis" in words), f"line {call.lineno}"
        if name == "merge" and isinstance(call.func, ast.Attribute):
            assert "validate" in words, f"line {call.lineno}: merge says what it expects of the keys"


@pytest.mark.parametrize("path", [path for path in PACKAGE if module(path) not in READS_THE_CLOCK], **ids)
def test_only_the_command_knows_what_day_it_is(path):
    clocks = {"datetime.now", "date.today", "dt.date.today", "dt.datetime.now", "time.time", "pd.Timestamp.now",
              "pd.Timestamp.today", "datetime.utcnow"}
    assert not [call.lineno for call in calls(path) if dotted(call.func) in clocks]


@pytest.mark.parametrize("path", [path for path in PACKAGE if module(path) not in READS_FILES], **ids)
def test_analyses_open_no_files(path):
    opens = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "read_csv", "to_csv", "read_parquet"}
    assert not [call.lineno for call in calls(path) if dotted(call.func).rsplit(".", 1)[-1] in opens]


@pytest.mark.parametrize("path", PACKAGE, **ids)
def test_a_module_is_one_room(path):
    assert path.stem not in {"utils", "helpers", "common", "core", "base", "manager"}
    assert len(path.read_text("utf-8").splitlines()) <= 500
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), "a module says what it knows"


@pytest.mark.parametrize("path", NOTEBOOKS, **ids)
def test_a_notebook_is_a_page_not_a_program(path):
    book = json.loads(path.read_text("utf-8"))
    cells = book["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert 8 <= len(cells) <= 24
    assert code[0]["metadata"].get("tags") == ["parameters"]
    first = ast.parse("".join(code[0]["source"]))
    assert [node.targets[0].id for node in first.body][:5] == PARAMETERS
    assert all(isinstance(node.value, ast.Constant) for node in first.body), "plain literals only"
    for cell in code:
        assert not cell["outputs"] and cell["execution_count"] is None, "committed without outputs"
        source = "".join(cell["source"])
        assert len([line for line in source.splitlines() if line.strip()]) <= 6 or cell is code[0]
        banned = (ast.FunctionDef, ast.For, ast.If, ast.While, ast.Lambda, ast.ClassDef, ast.With, ast.Try)
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, banned)]
    titles = [line for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"] if "##" in line]
    assert "How far can this be trusted?" in titles[-1]


def test_no_tracked_file_names_a_package_registry_or_a_machine_path():
    words = ["py" + "pi.org", "python" + "hosted", "npm" + "js.org", "debian" + ".org", "/" + "work/", "/" + "farm/"]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        text = (ROOT / name).read_bytes()
        if (ROOT / name).suffix not in {".gz", ".zip", ".xlsx", ".png"}:
            assert not [word for word in words if word.encode() in text], name


def test_the_requirements_are_hashed_and_name_no_host():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in text and "://" not in text


def test_every_promise_names_tests_that_exist_and_says_which_are_long():
    named = re.findall(r"(\*?)`(test_\w+\.py)::(\w+)`", (ROOT / "docs" / "promises.md").read_text("utf-8"))
    assert len(named) > 50
    for italic, file, name in named:
        source = (ROOT / "tests" / file).read_text("utf-8")
        found = re.search(rf"(?m)((?:^@.*\n(?:^ .*\n)*)*)^def {name}\(", source)
        assert found, f"{file}::{name}"
        is_long = re.search(r"(?m)^@pytest\.mark\.slow", found[1]) or re.search(r"(?m)^pytestmark = .*slow", source)
        assert bool(is_long) == bool(italic), f"{file}::{name}"


def test_both_readmes_give_the_same_commands():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    given = re.findall(r"^ *\.venv/bin/workbench .*|^python3 -m venv .*|^py -m venv .*", chinese, re.MULTILINE)
    assert len(given) >= 7 and set(given) <= set(english.splitlines())
    named = {re.match(r"\| `workbench (\w+)", line)[1] for line in chinese.splitlines() if line.startswith("| `workbench ")}
    assert named == {re.match(r"\| `workbench (\w+)", line)[1] for line in english.splitlines()
                     if line.startswith("| `workbench ")}
