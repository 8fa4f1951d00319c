"""Each check passes on five good rows and names exactly what was planted."""

import datetime as dt
from pathlib import Path

import pytest

from workbench import books, checks

SUMMARY = ("Date\tFNSKU\tASIN\tMSKU\tTitle\tDisposition\tStarting Warehouse Balance\tIn Transit Between Warehouses\t"
           "Receipts\tCustomer Shipments\tCustomer Returns\tVendor Returns\tWarehouse Transfer In/Out\tFound\tLost\t"
           "Damaged\tDisposed\tOther Events\tEnding Warehouse Balance\tUnknown Events\tLocation")
DETAIL = ("Date\tFNSKU\tASIN\tMSKU\tTitle\tEvent Type\tReference ID\tQuantity\tFulfillment Center\tDisposition\tReason\t"
          "Country")
PAID = ("approval-date\treimbursement-id\tcase-id\tamazon-order-id\treason\tsku\tfnsku\tasin\tproduct-name\tcondition\t"
        "currency-unit\tamount-per-unit\tamount-total\tquantity-reimbursed-cash\tquantity-reimbursed-inventory\t"
        "quantity-reimbursed-total\toriginal-reimbursement-id\toriginal-reimbursement-type")
SETTLED = ("settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t"
           "transaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\tamount\tposted-date-time\tsku")
TRADED = "date/time,settlement id,type,order id,sku,marketplace,product sales,selling fees,fba fees,other,total"


def summary(day, fnsku, start, end, received=0, shipped=0, lost=0):
    return (f"{day}\t{fnsku}\tB0\t{fnsku}-S\tT\tSELLABLE\t{start}\t0\t{received}\t{shipped}\t0\t0\t0\t0\t{lost}\t0\t0\t0\t"
            f"{end}\t0\tUS")


def event(day, fnsku, kind, units, reason="", disposition="SELLABLE", title="T"):
    return f"{day}\t{fnsku}\tB0\t{fnsku}-S\t{title}\t{kind}\t\t{units}\tPHX3\t{disposition}\t{reason}\tUS"


def paid(number, per_unit, total, units, fnsku="X001"):
    return (f"2026-05-{number:02d}T09:59:13+00:00\t{number}\t\t\tLost_Warehouse\tS\t{fnsku}\tB0\tT\tNew\tUSD\t{per_unit}\t"
            f"{total}\t{units}\t0\t{units}\t\t")


def written(folder, **files):
    for name, lines in files.items():
        Path(folder, name.replace("__", ".")).write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def checked(folder, check, **settings):
    """(outcome, count, detail) of the one row of a check, and what breaks it."""
    found = checks.checks(books.open(folder), **settings)
    rows = found.table[found.table["check"] == check]
    assert len(rows) == 1, found.table.to_string()
    row = rows.iloc[0]
    return (row["outcome"], row["count"], row["detail"]), found.breaks[found.breaks["check"] == check]


MAY = [summary("05/01/2026", "X001", 10, 12, 2), summary("05/01/2026", "X002", 5, 4, 0, -1),
       summary("05/02/2026", "X001", 12, 11, 0, -1), summary("05/02/2026", "X002", 4, 3, 0, 0, -1),
       summary("05/03/2026", "X001", 11, 11)]
EVENTS = [event("05/01/2026", "X001", "Receipts", 2), event("05/01/2026", "X002", "Shipments", -1),
          event("05/02/2026", "X001", "Shipments", -1), event("05/02/2026", "X002", "Adjustments", -1, "M"),
          event("05/03/2026", "X003", "Receipts", 0)]


def test_the_ledgers_identity_closes_or_names_the_row(tmp_path):
    written(tmp_path, s__txt=[SUMMARY, *MAY])
    assert checked(tmp_path, "identity")[0] == ("passed", 0, "")
    written(tmp_path, s__txt=[SUMMARY, *MAY[:4], summary("05/03/2026", "X001", 11, 9)])
    (outcome, count, _), breaks = checked(tmp_path, "identity")
    assert (outcome, count, breaks["fnsku"].tolist(), breaks["line"].tolist()) == ("failed", 1, ["X001"], [6])


def test_a_period_starts_where_the_last_one_ended(tmp_path):
    written(tmp_path, s__txt=[SUMMARY, *MAY])
    assert checked(tmp_path, "chain")[0][:2] == ("passed", 0)
    written(tmp_path, s__txt=[SUMMARY, *MAY[:4], summary("05/03/2026", "X001", 8, 8)])
    (outcome, count, _), breaks = checked(tmp_path, "chain")
    assert (outcome, count, breaks["expected"].tolist(), breaks["found"].tolist()) == ("failed", 1, [11], [8])


def test_two_skus_of_one_label_are_chained_together(tmp_path):
    other = summary("05/01/2026", "X001", 5, 5).replace("X001-S", "X001-T")
    both = [*MAY[:2], other, *MAY[2:4], summary("05/02/2026", "X001", 5, 5).replace("X001-S", "X001-T")]
    written(tmp_path, s__txt=[SUMMARY, *both])
    assert checked(tmp_path, "chain")[0][:2] == ("passed", 0)
    written(tmp_path, s__txt=[SUMMARY, *both[:5], summary("05/02/2026", "X001", 4, 4).replace("X001-S", "X001-T")])
    (outcome, count, _), breaks = checked(tmp_path, "chain")
    assert (outcome, count, breaks["expected"].tolist(), breaks["found"].tolist()) == ("failed", 1, [17], [16])


@pytest.mark.parametrize("gone", range(4))
def test_one_row_deleted_from_the_detail_names_exactly_its_sku(tmp_path, gone):
    written(tmp_path, s__txt=[SUMMARY, *MAY], d__txt=[DETAIL, *EVENTS])
    assert checked(tmp_path, "detail_summary")[0] == ("passed", 0, "")
    written(tmp_path, d__txt=[DETAIL, *EVENTS[:gone], *EVENTS[gone + 1:]])
    (outcome, _, _), breaks = checked(tmp_path, "detail_summary")
    assert (outcome, breaks["fnsku"].tolist()) == ("failed", [EVENTS[gone].split("\t")[1]])


@pytest.mark.parametrize(("first", "outcome"), [
    ("05/31/2026", "passed"), ("05/25/2026", "passed"), ("05/01/2026", "passed"), ("04/30/2026", "failed")])
def test_a_summary_of_one_date_is_a_day_a_week_or_a_month(tmp_path, first, outcome):
    begun = [event("04/30/2026", "X002", "Shipments", -1), event("05/01/2026", "X002", "Shipments", 0)]
    written(tmp_path, s__txt=[SUMMARY, summary("05/31/2026", "X001", 0, 6, 10, -3, -1)],
            d__txt=[DETAIL, *begun, event(first, "X001", "Receipts", 10), event(first, "X001", "Shipments", -3),
                    event("05/31/2026", "X001", "Adjustments", -1, "M")])
    assert checked(tmp_path, "detail_summary")[0][0] == outcome


def test_damaged_units_come_back_in_another_disposition(tmp_path):
    pair = [event("05/01/2026", "X001", "Adjustments", -1, "E"),
            event("05/01/2026", "X001", "Adjustments", 1, "P", "WAREHOUSE_DAMAGED")]
    written(tmp_path, d__txt=[DETAIL, *pair, event("05/01/2026", "X002", "Shipments", -1)])
    assert checked(tmp_path, "damage_pairs")[0] == ("passed", 0, "")
    written(tmp_path, d__txt=[DETAIL, *pair, event("05/01/2026", "X002", "Adjustments", -1, "E")])
    (outcome, count, _), breaks = checked(tmp_path, "damage_pairs")
    assert (outcome, count, breaks["fnsku"].tolist()) == ("failed", 1, ["X002"])


def test_a_settlements_lines_sum_to_its_total(tmp_path):
    head = "1\t2026-05-01 00:00:00 UTC\t2026-05-15 00:00:00 UTC\t2026-05-17 00:00:00 UTC\t{}\tUSD" + "\t" * 8
    lines = [f"1\t\t\t\t\t\tOrder\t11{n}\tAmazon.com\tItemPrice\tPrincipal\t{n}.10\t2026-05-02 08:00:00 UTC\tS"
             for n in range(1, 5)]
    written(tmp_path, s__txt=[SETTLED, head.format("10.40"), *lines])
    assert checked(tmp_path, "settlement_totals")[0] == ("passed", 0, "")
    written(tmp_path, s__txt=[SETTLED, head.format("10.40"), *lines[:3]])
    (outcome, _, _), breaks = checked(tmp_path, "settlement_totals")
    assert (outcome, breaks["place"].tolist(), breaks["found"].round(2).tolist()) == ("failed", ["1"], [6.3])


def test_a_transactions_parts_sum_to_its_total(tmp_path):
    rows = [f'"May {n}, 2026 1:00:00 PM PDT",9,Order,11{n},S,amazon.com,10.00,-1.50,-3.10,0,5.40' for n in range(1, 6)]
    written(tmp_path, t__csv=[TRADED, *rows])
    assert checked(tmp_path, "row_totals")[0] == ("passed", 0, "")
    written(tmp_path, t__csv=[TRADED, *rows[:4], rows[4].replace("5.40", "54.0")])
    (outcome, count, _), breaks = checked(tmp_path, "row_totals")
    assert (outcome, count, breaks["line"].tolist()) == ("failed", 1, [6])


def test_a_reimbursement_is_its_units_times_the_amount_per_unit(tmp_path):
    rows = [paid(1, "12.34", "24.68", 2), paid(2, "-6.38", "-6.38", -1), paid(3, "3.33", "10.00", 3),
            paid(4, "7.00", "7.00", 1), paid(5, "0.00", "0.00", 0)]
    written(tmp_path, r__txt=[PAID, *rows])
    assert checked(tmp_path, "reimbursement_amounts")[0] == ("passed", 0, "")
    written(tmp_path, r__txt=[PAID, *rows[:4], paid(5, "7.00", "70.00", 1)])
    (outcome, count, _), breaks = checked(tmp_path, "reimbursement_amounts")
    assert (outcome, count, breaks["place"].tolist()) == ("failed", 1, ["5"])


def test_zeros_that_another_report_has_are_missed(tmp_path):
    rows = [paid(n, "1.00", "1.00", 1, fnsku="X001").replace("\tS\t", f"\t{sku}\t")
            for n, sku in enumerate(("00123", "9", "NA", "1E5", "007"), 1)]
    written(tmp_path, r__txt=[PAID, *rows], d__txt=[DETAIL, event("05/01/2026", "X001", "Receipts", 1)])
    assert checked(tmp_path, "identifiers")[0] == ("passed", 0, "")
    written(tmp_path, d__txt=[DETAIL, event("05/01/2026", "X001", "Receipts", 1).replace("X001-S", "123")])
    assert checked(tmp_path, "identifiers")[0] == ("failed", 1, "d.txt: msku 123 for 00123")


@pytest.mark.parametrize(("fnsku", "told"), [("1.23E+11", "d.txt: fnsku 1.23E+11"),
                                             ("123456789", "d.txt: fnsku 123456789 for 0123456789")])
def test_numbers_made_of_identifiers_are_named(tmp_path, fnsku, told):
    written(tmp_path, d__txt=[DETAIL, *EVENTS[:4], event("05/02/2026", fnsku, "Receipts", 1)])
    assert checked(tmp_path, "identifiers")[0] == ("failed", 1, told)


def test_a_shortened_order_id_is_named_too(tmp_path):
    shortened = paid(2, "1.00", "1.00", 1).replace("\t2\t", "\t2.00769E+13\t")
    written(tmp_path, r__txt=[PAID, paid(1, "1.00", "1.00", 1), shortened])
    assert checked(tmp_path, "identifiers")[0] == ("failed", 1, "r.txt: reimbursement_id 2.00769E+13")


def test_rows_dated_after_today_and_years_away_are_named(tmp_path):
    written(tmp_path, d__txt=[DETAIL, *EVENTS])
    assert checked(tmp_path, "dates", today=dt.date(2026, 5, 3))[0] == ("passed", 0, "")
    assert checked(tmp_path, "dates", today=dt.date(2026, 5, 1))[0] == ("failed", 1, "d.txt:6 2026-05-03")
    days = [event(f"05/{n:02d}/2026", "X001", "Receipts", 1) for n in range(1, 31)]
    written(tmp_path, d__txt=[DETAIL, *days, event("05/31/2062", "X001", "Receipts", 1)])
    assert checked(tmp_path, "dates")[0] == ("failed", 1, "d.txt:32 2062-05-31")


def test_missing_days_are_listed(tmp_path):
    days = [event(f"05/{n:02d}/2026", "X001", "Receipts", 1) for n in range(1, 31)]
    written(tmp_path, d__txt=[DETAIL, *days])
    assert checked(tmp_path, "days")[0] == ("passed", 0, "")
    written(tmp_path, d__txt=[DETAIL, *days[:10], *days[17:]])
    assert checked(tmp_path, "days")[0] == ("failed", 1, "2026-05-11..2026-05-17")


OLD = [event(f"05/{n:02d}/2026", "X001", "Receipts", n) for n in range(1, 11)]


def test_a_settled_day_told_otherwise_by_a_newer_export_is_named(tmp_path):
    written(tmp_path, **{"ledger_20260511080000__txt": [DETAIL, *OLD],
                         "ledger_20260601080000__txt": [DETAIL, *OLD, event("05/11/2026", "X001", "Receipts", 9)]})
    assert checked(tmp_path, "restated")[0] == ("passed", 0, "")
    changed = [*OLD[:3], event("05/04/2026", "X001", "Receipts", 40), *OLD[4:]]
    written(tmp_path, **{"ledger_20260601080000__txt": [DETAIL, *changed]})
    assert checked(tmp_path, "restated")[0] == (
        "failed", 1, "2026-05-04 in ledger_20260601080000.txt and ledger_20260511080000.txt")


def test_the_last_days_of_an_export_may_still_change(tmp_path):
    later = event("05/09/2026", "X001", "Receipts", 1)
    written(tmp_path, **{"ledger_20260511080000__txt": [DETAIL, *OLD[:9]],
                         "ledger_20260601080000__txt": [DETAIL, *OLD[:8], later, OLD[9]]})
    assert checked(tmp_path, "restated")[0] == ("passed", 0, "")


def test_a_newer_export_with_less_than_half_of_the_rows_is_named(tmp_path):
    written(tmp_path, **{"ledger_20260511080000__txt": [DETAIL, *OLD],
                         "ledger_20260601080000__txt": [DETAIL, OLD[0], OLD[9]]})
    outcome, count, detail = checked(tmp_path, "shrunk")[0]
    assert (outcome, count) == ("failed", 1) and "ledger_20260601080000.txt has 2 rows" in detail


def test_one_report_under_three_names_counts_once_and_is_told(tmp_path):
    for site in ("US", "CA", "MX"):
        titled = [line.replace("\tT\t", f"\tTitle {site}\t") for line in OLD]
        written(tmp_path, **{f"{site}__txt": [DETAIL, *titled]})
    outcome, count, detail = checked(tmp_path, "copies")[0]
    assert (outcome, count) == ("passed", 3) and "CA.txt" in detail
    assert books.open(tmp_path)["ledger_detail"]["units"].sum() == sum(range(1, 11))


def test_without_a_report_its_checks_cannot_tell(tmp_path):
    written(tmp_path, r__txt=[PAID, paid(1, "1.00", "1.00", 1)])
    found = checks.checks(books.open(tmp_path)).table.set_index("check")["outcome"]
    assert {found[name] for name in checks.CORE} == {"unknown"}


def test_legacy_adjustments_need_not_reach_the_present_and_are_no_losses(tmp_path):
    header = ("adjusted-date\ttransaction-item-id\tfnsku\tsku\tproduct-name\tfulfillment-center-id\tquantity\treason\t"
              "disposition")
    old = "2018-05-01T00:00:00+00:00\t123\tX001\tS\tT\tPHX3\t-4\t5\tSELLABLE"
    written(tmp_path, a__txt=[header, old], d__txt=[DETAIL, *EVENTS])
    known = books.open(tmp_path)
    assert known["ledger_detail"]["reason"].eq("5").sum() == 0
    assert known["inventory_adjustments"]["units"].tolist() == [-4]
    table = checks.checks(known).table
    assert not len(table[(table["report"] == "inventory_adjustments") & (table["check"] == "up_to_date")])


def test_exports_of_the_same_days_that_share_no_sku_are_two_sellers(tmp_path):
    ours, theirs = ([event("05/01/2026", f"X{who}{n}", "Receipts", 1) for n in range(5)] for who in "AB")
    written(tmp_path, a__txt=[DETAIL, *ours], b__txt=[DETAIL, *theirs])
    outcome, count, detail = checked(tmp_path, "one_seller")[0]
    assert (outcome, count) == ("failed", 1) and "share no fnsku" in detail
    written(tmp_path, b__txt=[DETAIL, *theirs[:4], ours[0]])
    assert not (checks.checks(books.open(tmp_path)).table["check"] == "one_seller").any()


def test_a_weekly_report_misses_a_week_and_no_day(tmp_path):
    weeks = [dt.date(2026, 1, 4) + dt.timedelta(days=7 * n) for n in range(12)]
    rows = [summary(f"{day:%m/%d/%Y}", "X001", 5, 5) for day in weeks]
    written(tmp_path, s__txt=[SUMMARY, *rows])
    assert checked(tmp_path, "days")[0][0] == "passed"
    written(tmp_path, s__txt=[SUMMARY, *rows[:5], *rows[6:]])
    assert checked(tmp_path, "days")[0] == ("failed", 1, "2026-02-02..2026-02-14")


def test_a_few_days_tell_no_rhythm(tmp_path):
    rows = [paid(n, "1.00", "1.00", 1) for n in range(1, 5)]
    days = [event(f"05/{n:02d}/2026", "X001", "Receipts", 1) for n in range(1, 13)]
    written(tmp_path, r__txt=[PAID, *rows], d__txt=[DETAIL, *days])
    table = checks.checks(books.open(tmp_path)).table
    told = table[table["check"] == "up_to_date"].set_index("report")["outcome"]
    assert told.to_dict() == {"reimbursements": "unknown", "ledger_detail": "passed"}


def test_one_payment_long_ago_tells_not_whether_there_were_later_ones_but_days_in_a_row_that_stop_do(tmp_path):
    days = [event(f"{month:02d}/{n:02d}/2026", "X001", "Receipts", 1) for month in (5, 6, 7) for n in range(1, 31)]
    for count, outcome in ((1, "unknown"), (5, "failed")):
        rows = [paid(n, "1.00", "1.00", 1) for n in range(1, count + 1)]
        written(tmp_path, d__txt=[DETAIL, *days], r__txt=[PAID, *rows])
        table = checks.checks(books.open(tmp_path)).table
        told = table[table["check"] == "up_to_date"].set_index("report")["outcome"]
        assert told["reimbursements"] == outcome


def test_orders_exported_site_by_site_leave_each_other_out_and_are_told(tmp_path):
    header = "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tsales-channel\tsku\tquantity\titem-price"
    for site in ("de", "fr"):
        rows = [f"{site}-{n}\t2026-05-0{n}T08:00:00+00:00\tShipped\tAmazon\tAmazon.{site}\tS\t1\t9.00" for n in range(1, 7)]
        written(tmp_path, **{f"{site}__txt": [header, *rows]})
    outcome, count, detail = checked(tmp_path, "shrunk")[0]
    assert (outcome, count) == ("failed", 1) and "has 0 of the 6 order_id of" in detail
    written(tmp_path, **{"fr__txt": [header, *rows, *(row.replace("fr", "de") for row in rows)]})
    assert checked(tmp_path, "shrunk")[0][0] == "passed"
