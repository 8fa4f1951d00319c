"""Words for what Amazon writes as codes, and for the reasons that reading gives."""

from workbench import specs, words


def test_every_code_of_the_ledger_has_a_word_in_both_languages():
    ledger = specs.reports()["ledger_detail"]
    reasons = {code for column, code, *_ in ledger.meanings if column == "reason"}
    assert len(reasons) == 17
    for key in [*(f"reason.{code}" for code in reasons),
                *(f"disposition.{word}" for word in specs.registry()["disposition"]["words"])]:
        assert words.known(key), key


def test_a_report_has_one_name_in_chinese_wherever_it_is_named():
    for name in ("ledger_detail", "ledger_summary"):
        told = specs.reports()[name].title["zh"].replace("(", "（").replace(")", "）")
        assert words.say(f"table.{name}").zh == told
