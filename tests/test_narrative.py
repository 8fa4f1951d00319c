"""One claim told line by line, in both languages, with the lines of its files."""

import ast
import datetime as dt
import re
from pathlib import Path

import pytest
from handmade import cost, ledger, paid, quiet, refund, sold, write

from workbench import books, claims, narrative, policy, words

AS_OF = dt.date(2026, 6, 18)


@pytest.fixture(scope="module")
def seller(tmp_path_factory):
    """A loss found and paid in part, a refund without a return, a payment too low, a loss whose value nobody knows."""
    rows = [ledger("1", "2026-04-20", "M", -3), ledger("1", "2026-04-28", "F", 1),
            paid("1", "2026-05-02", "Lost_Warehouse", 1, 8.0), cost("1"),
            *sold("2", "2026-03-01", "A1"), *refund("2", "2026-03-20", "A1"), cost("2", 40.0),
            ledger("3", "2026-04-01", "M", -2), paid("3", "2026-04-10", "Lost_Warehouse", 2, 3.0, id="00123"), cost("3"),
            ledger("4", "2026-06-01", "M", -1)]
    return books.open(write(tmp_path_factory.mktemp("narrative") / "seller", [*quiet(), *rows]))


@pytest.fixture(scope="module")
def table(seller):
    return claims.claims(seller, AS_OF, policy.load("amazon", "US"))


def one(table, sku, claim_type):
    return table[(table["msku"] == sku) & (table["claim_type"] == claim_type)].iloc[0]


def told(seller, table, sku, claim_type):
    return narrative.told(table, seller, one(table, sku, claim_type)["claim_id"])


def test_a_claim_is_told_with_raw_lines_arithmetic_and_rule(seller, table):
    said = told(seller, table, "S-1", "lost_warehouse").en
    for place in one(table, "S-1", "lost_warehouse")["sources"].split(";"):
        assert place in said
    assert '"Adjustments"' in said and "Lost_Warehouse" in said  # the lines as they stand in the files
    assert "Open: 1 unit can be claimed from Apr 20, 2026 to Jun 19, 2026, the last day included; 1 day is left." in said
    assert "3 owed - 1 found again - 1 reimbursed = 1 open" in said and "1 x $8.00 (sourcing cost) = $8.00" in said
    assert "to day 60 after the report of the event, since 2024-10-23" in said and "costs.csv:" in said


def test_the_same_is_told_in_chinese(seller, table):
    said = told(seller, table, "S-1", "lost_warehouse").zh
    assert "可索赔：1 件，2026年4月20日至 2026年6月19日（含最后一天）；还剩 1 天。" in said
    assert "应赔 3 件 - 找回 1 件 - 已赔付 1 件 = 未结 1 件" in said and "1 件 x US$8.00（采购成本）= US$8.00" in said
    assert "自事件记录起第 0 天至第 60 天" in said and '"Adjustments"' in said


def test_every_claim_has_as_many_lines_and_the_same_lines_of_files_in_both_languages(seller, table):
    for claim in table["claim_id"]:
        said = narrative.told(table, seller, claim)
        en, zh = said.en.split("\n"), said.zh.split("\n")
        assert len(en) == len(zh)
        assert [line for line in en if line.startswith("    ")] == [line for line in zh if line.startswith("    ")]


def test_nothing_is_told_in_the_names_of_columns_and_codes(seller, table):
    """Only the lines of files, their places and the policy's sources hold words with underscores."""
    for claim in table["claim_id"]:
        said = narrative.told(table, seller, claim)
        for text in (said.en, said.zh):
            ours = [line.split(".csv:")[0] for line in text.split("\n") if not line.startswith("    ")]
            assert not [line for line in ours if re.search("[a-z]_[a-z]", line)]


def test_an_unknown_value_is_told_as_unknown_with_its_reason(seller, table):
    said = told(seller, table, "S-4", "lost_warehouse")
    assert "1 unit open; the value of each is unknown: no unit cost for the SKU in the cost sheet" in said.en
    assert "未结 1 件；单件价值未知：成本表中没有该 SKU 的单位成本" in said.zh


def test_a_claim_that_cannot_be_judged_says_why(seller, table):
    doubt = one(table, "S-1", "lost_warehouse").copy()
    doubt["status"], doubt["ambiguous"] = "ambiguous", "the ledger may still book it"
    said = narrative.told(doubt.to_frame().T.assign(units_open=1), seller, doubt["claim_id"])
    assert "Not claimed: the ledger may still book it." in said.en and "不作主张：分类账之后可能还会入账。" in said.zh


def test_a_line_of_megabytes_is_cut(seller, monkeypatch, table):
    monkeypatch.setattr(type(seller), "lines", lambda _, places: ["x" * 10_000] * len(places))
    lines = told(seller, table, "S-1", "lost_warehouse").en.split("\n")
    assert max(map(len, lines)) < narrative.LONGEST + 10


def test_a_claim_nobody_knows_is_refused(seller, table):
    with pytest.raises(ValueError, match="there is no claim 'nope'"):
        narrative.told(table, seller, "nope")


def roles():
    """The roles that the detectors give to lines."""
    for path in (Path(claims.__file__).parent / "detectors").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                yield from [part.value for part in node.args if name in ("settle", "witnesses", "lines")
                            and isinstance(part, ast.Constant) and isinstance(part.value, str)]
                yield from [part.value.value for part in node.keywords if part.arg == "role"
                            and isinstance(part.value, ast.Constant)]


def test_every_role_of_a_line_has_a_word():
    named = set(roles()) - {*claims.VALUE_ROLES, ""}
    assert {"event", "found", "paid", "refund", "reversed"} <= named
    assert not [role for role in named if not words.known(f"role.{role}")]


def test_every_basis_of_a_value_has_a_word():
    for name in policy.names():
        for rule in policy.load(name, "US").facts["valuation"]:
            assert words.known(f"basis.{rule['basis']}"), rule["basis"]
