"""Words for what Amazon writes as codes, and for the reasons that reading gives."""

import ast
import datetime as dt
import re
import tomllib
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from workbench import figures, specs, words


def test_every_code_of_the_ledger_has_a_word_in_both_languages():
    ledger = specs.reports()["ledger_detail"]
    reasons = {code for column, code, *_ in ledger.meanings if column == "reason"}
    assert len(reasons) == 17
    for key in [*(f"reason.{code}" for code in reasons),
                *(f"disposition.{word}" for word in specs.registry()["disposition"]["words"])]:
        assert words.known(key), key


def test_losses_by_reason_are_told_in_words():
    rates = pd.DataFrame({"reason": ["H"], "disposition": ["CUSTOMER_DAMAGED"], "units_lost_gross": [0], "units_found": [0],
                          "units_lost": [0], "units_damaged": [2], "amount_lost": [3.0], "currency": ["USD"]})
    (row,) = figures.by_reason(rates).data()["rows"]
    assert row[0][1:] == ["H · 在亚马逊运营中心损坏（原为买家损坏）", "H"]
    assert row[1] == ["Customer damaged", "买家损坏", "CUSTOMER_DAMAGED"]


def test_a_code_has_one_word_in_chinese_wherever_it_is_named():
    for report in ("ledger_detail", "inventory_adjustments"):
        assert specs.meaning(report, "reason", "M", "zh").startswith(words.say("reason.M").zh.partition(" · ")[2])


def test_chinese_has_its_own_punctuation_beside_chinese_characters():
    texts = [told for room in tomllib.loads((ROOM / "words" / "zh.toml").read_text("utf-8")).values()
             if isinstance(room, dict) for told in room.values()]
    texts += [told for spec in specs.reports().values() for told in (spec.title["zh"], spec.menu.get("zh", ""))]
    wrong = [told for told in texts if re.search(r"[\u3400-\u9fff）”][,;:()?!](?=\S)|[,;:()?!](?=[\u3400-\u9fff])",
                                                 re.sub(r"\{[^}]*\}", "一", told))]
    assert not wrong


def test_no_blank_parts_a_value_from_the_chinese_character_that_it_meets():
    told = words.say("recovery.by_type", day=dt.date(2026, 6, 30)).zh
    assert "在 2026年6月30日的" in told
    names = words.say("explore.no_sku", sku="杯子 ").zh  # the value itself stays as it is
    assert "杯子 " in names and "包含杯子" in names


def test_english_counts_its_nouns():
    english = (ROOM / "words" / "en.toml").read_text("utf-8")
    assert "(s)" not in english
    told = words.say("evidence.sum_all", open=1).en, words.say("evidence.sum_all", open=2).en
    assert "reimburse 1 unit." in told[0] and "reimburse 2 units." in told[1]


def test_a_report_has_one_name_in_chinese_wherever_it_is_named():
    for name in ("ledger_detail", "ledger_summary"):
        assert words.say(f"table.{name}").zh == specs.reports()[name].title["zh"]


# ---------------------------------------------------------------------------------------------------- reasons

ROOM = Path(words.__file__).parents[1]
READING = ("lines", "flatfile", "records", "reports", "values", "denomination", "doubts", "encoding", "files",
           "specs")
SAID = {"Problem": 3, "NotReadable": 0, "Refused": 0, "UnknownReport": 0, "Ambiguous": 0, "Undecodable": 0, "_told": 4}
ASSIGNED = ("why", "text", "DECIMAL", "SHORTENED", "TORN", "EMPTY", "NO_RULE")  # what is said by its name elsewhere
WHOLE = ("expected", "notes", "said", "found", "what", "WHY", "ANCHORS", "FOREIGN", "OTHERS")  # what is said as it stands
PLACE = "7"  # stands in every place of a form: a count, a name, a report


def written(node, named):
    """Every text that an expression can be, with PLACE for what it fills in. `named`: texts by the name they are given."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else [PLACE]
    if isinstance(node, ast.Name):
        return named.get(node.id, [PLACE])
    if isinstance(node, ast.FormattedValue | ast.Starred):
        return written(node.value, named)
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in product(*(written(part, named) for part in node.values))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ["".join(parts) for parts in product(written(node.left, named), written(node.right, named))]
    if isinstance(node, ast.IfExp):
        return written(node.body, named) + written(node.orelse, named)
    if isinstance(node, ast.List | ast.Tuple | ast.Dict):
        parts = node.values if isinstance(node, ast.Dict) else node.elts
        return [text for part in parts for text in written(part, named)]
    if isinstance(node, ast.DictComp):
        return written(node.value, named)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return written(node.elt, named)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tuple":
        return written(node.args[0], named)
    return [PLACE]


def reasons(path):
    """The sentences that a module says of a file, a row or a claim: as an error, in a problem, as a doubt or a note."""
    constants = {}
    for part in ast.parse(path.read_text("utf-8")).body:
        named = constants if isinstance(part, ast.Assign) else dict(constants)
        for node in ast.walk(part):
            if isinstance(node, ast.Assign | ast.AugAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if getattr(target, "id", "") in ASSIGNED + WHOLE:
                    adds = isinstance(getattr(node, "op", None), ast.Add) and not isinstance(node.value, ast.ListComp)
                    texts = [PLACE * adds + text for text in written(node.value, named)]
                    named[target.id] = named.get(target.id, []) + texts
                    yield from texts if target.id in WHOLE else []
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                at = SAID.get(getattr(node.func, "id", ""))
                yield from [] if at is None or len(node.args) <= at else written(node.args[at], named)
                yield from [text for word in node.keywords if word.arg == "doubt" for text in written(word.value, named)]
            elif isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") == "str":
                yield from [text for line in ast.walk(node) if isinstance(line, ast.Return)
                            for text in written(line.value, named) if text.count(" ") > 2]


def sentences(path):
    """All texts of a module that read like a sentence, but for docstrings: the detectors say nothing else."""
    whole = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(whole):
        if isinstance(node, ast.Expr):
            node.value = ast.Constant(0)
        elif isinstance(node, ast.JoinedStr):
            yield from [text for text in written(node, {}) if " " in text and text[0].isalnum()]
            node.values = []
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "contains":
            node.args = []
    yield from [node.value for node in ast.walk(whole) if isinstance(node, ast.Constant) and isinstance(node.value, str)
                and re.fullmatch(r"\w[\w' ():;,]*", node.value) and node.value.count(" ") >= 2]


def found(name):
    paths = sorted((ROOM / name).glob("*.py")) or [ROOM / f"{name}.py"]
    tell = sentences if name == "detectors" else reasons
    return sorted({text for path in paths for text in tell(path) if re.search("[a-z]", text)})


def is_chinese(text):
    return bool(re.search("[一-鿿]", words.reason(text).zh))


@pytest.mark.parametrize("name", [*READING, "detectors", "worth", "policy"])
def test_every_reason_has_its_chinese(name):
    said = found(name)
    assert said
    assert not [text for text in said if not is_chinese(text) and not is_chinese(text.removeprefix(f"{PLACE}: "))]


def test_a_reason_keeps_what_it_quotes_and_counts():
    said = "found '12,5 kg', expected a whole number, not an empty cell"
    assert words.reason(said) == words.Text(said, "读到 '12,5 kg'，应为整数，不能为空")
    told = words.reason("not the shape of fnsku (was a column moved?): 31 cells, the first 'a, the first'; "
                        "read as it stands")
    assert told.zh == "不符合 fnsku 的格式（是否有列错位？）：31 个单元格，第一个是 'a, the first'；按原样读取"
    assert words.reason("reimbursements ends already on 2026-01-31").zh == "赔偿报告到 2026-01-31 就结束了"


def test_what_differs_between_two_exports_is_told_in_chinese_and_other_words_are_not_taken_for_it():
    said = "2026-06-01..2026-06-25 in ledger/a b.txt and ledger/c.txt"
    assert words.reason(said).zh == "2026-06-01..2026-06-25：ledger/a b.txt 与 ledger/c.txt 不同"
    assert words.reason("x in a.txt and c.txt") == words.same("x in a.txt and c.txt")


def test_a_rate_of_more_than_everything_is_not_told_to_the_decimal():
    assert [words.form(rate, "percent").en for rate in (1.0, 1.47)] == ["100.00%", "over 100%"]
    assert words.form(1.47, words.alike("percent", [0.001, 1.47])) == words.Text("over 100%", "超过 100%")


def test_a_share_that_is_nothing_but_rounding_needs_no_decimals():
    assert words.alike("share", [1.4e-17, 0.46]) == "share" and words.form(1.4e-17, "share").en == "0%"
    assert words.alike("share", [0.012, 0.46]) == "share1"


def test_a_reason_that_nobody_translated_stays_english():
    assert words.reason("a new thing: {1}") == words.same("a new thing: {1}")


def test_no_form_of_a_reason_has_other_places_in_chinese():
    forms = tomllib.loads((ROOM / "words" / "reasons.toml").read_text("utf-8"))
    for en, zh in forms.items():
        places = re.findall(r"\{(\d):?\w*\}", en)
        assert places == [str(at) for at in range(1, len(places) + 1)], en
        spoken = set(places) - ({places[-2]} if "cell{" in en else set())  # the plural's s
        assert set(re.findall(r"\{(\d)\}", zh)) == spoken, en
