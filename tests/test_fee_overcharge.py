"""Fulfilment fees against the fee preview that was in force on the day of the charge."""

import datetime as dt

import pytest
from handmade import claims_of, fee, quiet, sold, write


def judged(root, charges, previews, as_of="2026-06-30"):
    """Order -> (fee above the expected one, status) of the claims; `previews`: the day in the file's name ("" for none) and
    its rows."""
    folder = write(root / "seller", [*quiet(), *(row for charge in charges for row in charge)])
    for day, rows in previews:
        made = write(root / f"preview {day}", rows) / "fee-preview.txt"
        made.rename(folder / f"fees {day and day + 'T08-00-00'}.txt")
    found = claims_of(folder, as_of, types=["fee_overcharge"])
    return {row.order_id: (row.unit_value, row.status) for row in found.itertuples()}


def test_an_older_preview_with_a_higher_fee_hides_no_later_overcharge(tmp_path):
    charges = [sold("1", "2026-04-10", "before", fee=6.0), sold("1", "2026-05-20", "after", fee=6.0)]
    assert judged(tmp_path, charges, [("2026-04-01", [fee("1", 6.0)]), ("2026-05-15", [fee("1", 5.0)])]) == {
        "after": (1.0, "open")}


@pytest.mark.parametrize("day, owed", [("2026-03-20", {}), ("2026-04-01", {}), ("2026-04-30", {}),
                                       ("2026-05-01", {"O": (1.0, "open")}), ("2026-06-20", {"O": (1.0, "open")})])
def test_a_charge_is_measured_against_the_newest_preview_up_to_its_day_else_the_earliest_after_it(tmp_path, day, owed):
    previews = [("2026-04-01", [fee("1", 6.0)]), ("2026-05-01", [fee("1", 5.0)]), ("2026-06-25", [fee("1", 6.0)])]
    assert judged(tmp_path, [sold("1", day, "O", fee=6.0)], previews) == owed


def test_previews_without_a_day_count_by_their_highest_fee_also_beside_one_with_a_day(tmp_path):
    charges = [sold("1", "2026-05-20", "O1", fee=6.0), sold("2", "2026-05-20", "O2", fee=6.0),
               sold("3", "2026-05-20", "O3", fee=6.0)]
    previews = [("", [fee("1", 6.0), fee("2", 5.0), fee("3", 5.5)]), ("2026-05-15", [fee("1", 5.0), fee("3", 5.2)])]
    assert judged(tmp_path, charges, previews) == {"O2": (1.0, "open"), "O3": (0.5, "open")}


def test_a_sku_that_the_newest_preview_leaves_out_is_measured_against_the_last_that_has_it(tmp_path):
    previews = [("2026-04-01", [fee("1", 5.0)]), ("2026-05-01", [fee("2", 5.0)])]
    assert judged(tmp_path, [sold("1", "2026-05-20", "O", fee=6.0)], previews) == {"O": (1.0, "open")}


def test_a_new_card_between_two_previews_makes_no_overcharge_of_either_side(tmp_path):
    days = [dt.date(2026, 3, 2) + dt.timedelta(days=at) for at in range(0, 112, 2)]
    charges = [sold(f"C{sku}", day.isoformat(), f"{sku} {day}", fee=5.0 if day < dt.date(2026, 4, 15) else 5.5)
               for day in days for sku in range(4)]
    charges.append(sold("C1", "2026-05-30", "wrong", fee=7.0))
    previews = [("2026-03-01", [fee(f"C{sku}", 5.0) for sku in range(4)]),
                ("2026-06-20", [fee(f"C{sku}", 5.5) for sku in range(4)])]
    assert judged(tmp_path, charges, previews) == {"wrong": (1.5, "open")}


@pytest.mark.parametrize("skus", [1, 4])
def test_an_old_preview_cannot_tell_the_card_of_the_next_year_where_no_charge_shows_it_change(tmp_path, skus):
    charges = [sold(f"C{sku}", "2026-05-20", f"O{sku}", fee=5.5) for sku in range(skus)]
    found = judged(tmp_path, charges, [("2025-11-01", [fee(f"C{sku}", 5.0) for sku in range(skus)])])
    assert {status for _, status in found.values()} == {"ambiguous"} and len(found) == skus


@pytest.mark.parametrize("as_of, status", [("2026-01-14", "open"), ("2026-02-20", "ambiguous")])
def test_a_preview_without_a_day_may_show_a_newer_card_than_the_charge(tmp_path, as_of, status):
    assert judged(tmp_path, [sold("1", "2025-12-20", "O", fee=6.0)], [("", [fee("1", 5.0)])], as_of) == {"O": (1.0, status)}
