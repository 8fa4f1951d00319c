"""Controls run the function that the report prints; headless it runs once, without widgets."""

import sys

import pytest

from workbench import books, claims, display, explore, figures, impact, loss
from workbench.explore.live import ANY, Control, live, parts
from workbench.simulate import simulate
from workbench.words import same, say


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore") / "seller"
    simulate(folder, seed=5, region="US", skus=8, months=5, demand=0.5)
    return books.open(folder)


@pytest.fixture
def panel(known):
    return explore.loss_rates(known, f"{known.through:%Y-%m}", as_of=f"{known.through}", interactive=True).panel


def said(panel):
    return " ".join(part.get("html", part.get("label", "")) for part in panel.view.parts)


def test_headless_it_shows_what_the_report_prints(known):
    month = f"{known.through:%Y-%m}"
    shown = explore.loss_rates(known, month, as_of=f"{known.through}", interactive=False)
    costs, ledger = known["costs"], known["ledger_detail"]
    rates = loss.loss_rates(ledger, ["month"], as_of=known.through, costs=costs, baseline=known.seller.baseline)
    expected = figures.rate_over_time(rates[rates["month"] >= figures.months_back(month, 11)], month, known.seller.baseline)
    assert shown.blocks[0].data() == expected.data()


def test_headless_no_widget_is_made(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    shown = live(lambda side: display.Note(same(side)), {"side": Control("choice", same("side"), "a", "ab")},
                 interactive=False)
    assert shown.text.en == "a"


def test_a_control_runs_the_function_again_and_says_so(panel):
    before, first = said(panel), panel.view.run
    panel.widgets["baseline"].value = 0.9
    assert panel.view.run == first + 1 and f"Run {first + 1}" in panel.status.value
    assert "0.900%" in said(panel) and said(panel) != before


def test_choosing_a_centre_shows_only_its_units(known, panel):
    center = panel.widgets["center"].options[1][1]
    panel.widgets["center"].value = center
    rates = loss.loss_rates(known["ledger_detail"], ["month", "fulfillment_center"], as_of=known.through)
    lost = rates[rates["fulfillment_center"] == center].set_index("month")["units_handled"]
    chart = next(part["chart"] for part in panel.view.parts if "chart" in part)
    assert {row["month"]: row["units_handled"] for row in chart["datasets"]["rows"]} == lost.to_dict()


def test_a_click_on_a_row_chooses_it_and_a_second_click_frees_it(panel):
    center = panel.widgets["center"].options[1][1]
    panel.view.picked = {"fulfillment_center": center, "_at": 1}
    assert panel.widgets["center"].value == center
    panel.view.picked = {"fulfillment_center": center, "_at": 2}
    assert panel.widgets["center"].value == ANY


def test_another_seller_beside_this_one_can_be_chosen(known, tmp_path):
    for name, months in (("one", 3), ("two", 2)):
        simulate(tmp_path / name, seed=7, region="US", skus=4, months=months, demand=0.5)
    first = books.open(tmp_path / "one")
    panel = explore.loss_rates(first, f"{first.through:%Y-%m}", as_of=f"{first.through}", interactive=True).panel
    assert [value for _, value in panel.widgets["seller"].options] == ["one", "two"]
    panel.widgets["seller"].value = "two"
    chart = next(part["chart"] for part in panel.view.parts if "chart" in part)
    rates = loss.loss_rates(books.open(tmp_path / "two")["ledger_detail"], ["month"], as_of=first.through)
    assert [row["units_handled"] for row in chart["datasets"]["rows"]] == rates["units_handled"].tolist()


def test_a_seller_that_cannot_be_shown_is_explained_and_left_again(known, tmp_path):
    simulate(tmp_path / "one", seed=7, region="US", skus=4, months=3, demand=0.5)
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "seller.toml").write_text("region = ", "utf-8")
    first = books.open(tmp_path / "one")
    panel = explore.loss_rates(first, f"{first.through:%Y-%m}", as_of=f"{first.through}", interactive=True).panel
    before = said(panel)
    panel.widgets["seller"].value = "empty"
    assert "the ledger holds nothing" in said(panel)
    panel.widgets["seller"].value = "odd"
    assert "seller.toml" in said(panel)
    panel.tongue.value = "zh"
    assert "seller.toml" in said(panel)
    panel.tongue.value = "en"
    panel.widgets["seller"].value = "one"
    assert said(panel) == before


def test_what_cannot_be_found_is_explained(panel):
    panel.widgets["sku"].value = "no such sku"
    assert "No SKU or FNSKU contains no such sku" in said(panel)


def test_the_other_language_changes_labels_and_sentences_but_no_number(panel):
    english = [part["chart"]["datasets"] for part in panel.view.parts if "chart" in part]
    panel.tongue.value = "zh"
    assert panel.widgets["center"].description == "运营中心" and "库存丢失率" in said(panel)
    assert [part["chart"]["datasets"] for part in panel.view.parts if "chart" in part] == english


def test_options_that_no_longer_hold_fall_back_to_the_first_value():
    parts_of = {"a": ["a1", "a2"], "b": ["a1", "b1"]}
    controls = {"side": Control("choice", same("side"), "a", ["a", "b"]),
                "part": Control("choice", same("part"), "a1", lambda values: parts_of[values["side"]])}
    box = live(lambda side, part: display.Note(same(f"{side}{part}")), controls, interactive=True)
    box.panel.widgets["part"].value = "a2"
    box.panel.widgets["side"].value = "b"
    assert box.panel.widgets["part"].value == "a1" and "ba1" in said(box.panel)


def test_no_output_widget_is_used_so_no_headless_run_can_stall(panel, known):
    box = explore.loss_rates(known, f"{known.through:%Y-%m}", as_of=f"{known.through}", interactive=True)
    kinds = {type(child).__name__ for child in (*box.children, *box.children[0].children)}
    assert "Output" not in kinds and "View" in kinds


def test_parts_leave_out_the_record_of_the_run():
    page = display.Page((display.Note(same("a")), display.Record({}, incomplete=False)))
    assert parts(page, "en") == [{"html": '<p class="note ">a</p>'}]


# ---------------------------------------------------------------------------------------------------- claims

@pytest.fixture(scope="module")
def desk(known):
    return explore.claims.desk(claims.detected(known, known.through), "amazon")


@pytest.fixture
def list_panel(known, desk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return explore.work_list(known, desk, as_of=f"{known.through}", policy="amazon", interactive=True).panel


def press(panel, at):
    panel.buttons[at][1].click()
    return panel.status.value


def test_a_kind_of_claim_is_the_only_one_shown(list_panel, desk):
    kind = desk.table["claim_type"].iloc[0]
    list_panel.widgets["status"].value = "settled"
    list_panel.widgets["kind"].value = kind
    settled = desk.table[desk.table["status"] == "settled"]
    assert all(claim in said(list_panel) for claim in settled.loc[settled["claim_type"] == kind, "claim_id"].head(50))
    assert not any(claim in said(list_panel) for claim in settled.loc[settled["claim_type"] != kind, "claim_id"])


def test_a_clicked_claim_tells_its_story_with_its_lines(list_panel, desk):
    claim = desk.table.iloc[0]
    list_panel.view.picked = {"claim_id": claim["claim_id"], "fulfillment_center": claim["fulfillment_center"], "_at": 1}
    assert list_panel.values["center"] == ""  # the list stays as it was
    assert claim["sources"].split(";")[0] in said(list_panel) and "Arithmetic" in said(list_panel)
    assert list_panel.view.chosen == {"claim_id": claim["claim_id"]}


def test_a_row_that_stands_for_several_claims_tells_the_story_of_the_first(list_panel, desk):
    claim = desk.table.iloc[0]
    list_panel.view.picked = {"claim_id": f"{claim['claim_id']} +48", "_at": 1}
    assert list_panel.widgets["claim"].value == claim["claim_id"] and "Arithmetic" in said(list_panel)


def test_nothing_is_filed_or_packed_before_a_claim_is_chosen(list_panel, tmp_path):
    assert "Choose a claim first" in press(list_panel, 0) and "Choose a claim first" in press(list_panel, 2)
    assert not list(tmp_path.iterdir())


def test_a_published_sheet_is_in_the_readers_words_and_columns_of_ones_own_keep_their_headers(tmp_path):
    (tmp_path / "cases.csv").write_text("case_id,claim_type,filed_on,outcome,sku,who\n"
                                        "7,lost_warehouse,2026-05-02,denied,A,Li\n")
    table = explore.sheet(books.open(tmp_path), "cases", interactive=False)
    titles = {column.name: column.title for column in table.columns}
    assert (titles["claim_type"], titles["who"]) == (say("column.claim_type"), same("who"))
    assert (titles["sku"].en, titles["sku"].zh) == ("SKU", "SKU")
    shown = dict(zip([head["name"] for head in table.data()["heads"]], table.data()["rows"][0], strict=True))
    assert shown["claim_type"][:2] == [say("claim_type.lost_warehouse").en, say("claim_type.lost_warehouse").zh]
    assert shown["outcome"][0] == say("case_outcome.denied").en and shown["who"] == ["Li"]


def test_a_published_sheet_aligns_its_amounts_and_writes_its_days_as_the_page_does(tmp_path):
    (tmp_path / "costs.csv").write_text("sku,unit_cost,freight_per_unit,currency,from_date\n"
                                        "A,2,1,USD,2026-05-02\nB,3,,USD,\n")
    data = explore.sheet(books.open(tmp_path), "costs", interactive=False).data()
    at = [head["name"] for head in data["heads"]].index
    assert data["heads"][at("unit_cost")]["numeric"] and not data["heads"][at("sku")]["numeric"]
    assert [row[at("freight_per_unit")] for row in data["rows"]] == [["$1.00", "US$1.00", "1"], [""]]
    assert [row[at("from_date")][0] for row in data["rows"]] == ["May 2, 2026", ""]


def test_a_filed_claim_stands_in_the_case_sheet(list_panel, known, desk):
    list_panel.widgets["claim"].value = desk.table["claim_id"].iloc[0]
    list_panel.widgets["case"].value = "C-77"
    assert "under C-77" in press(list_panel, 0)
    cases = books.open(known.seller.folder)["cases"].set_index("case_id")
    assert cases.loc["C-77", "claim_id"] == desk.table["claim_id"].iloc[0] and cases.loc["C-77", "outcome"] == "pending"


def test_the_selection_and_a_packet_are_written_beside_the_notebook(list_panel, desk, tmp_path):
    list_panel.widgets["claim"].value = desk.expected["claim_id"].iloc[0]
    press(list_panel, 1)
    press(list_panel, 2)
    assert (tmp_path / "claims-selected.xlsx").stat().st_size > 1000
    assert (tmp_path / "packets" / f"{desk.expected['claim_id'].iloc[0]}.pdf").read_bytes().startswith(b"%PDF")


# ---------------------------------------------------------------------------------------------------- SOPs

def test_moving_the_adoption_dates_asks_the_estimator_again(known):
    ledger = known.table("ledger_detail", [*impact.NEEDED, "disposition"])
    found = impact.impact(ledger, known["sops"], as_of=known.through)
    panel = explore.sop_impact(known, ledger, found, {}, interactive=True).panel
    before = said(panel)
    panel.widgets["shift"].value = -28
    assert "28 days" in said(panel) and said(panel) != before
    panel.widgets["shift"].value = 0
    assert said(panel) == before
