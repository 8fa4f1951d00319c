"""Who the seller is, from the files or from seller.toml; and whose calendar a month is."""

import time

import pytest

from workbench import books, cli, seller

RETURNS = "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tdetailed-disposition"
PAID = ("approval-date\treimbursement-id\treason\tsku\tcurrency-unit\tamount-total")
LEDGER = "Date\tFNSKU\tASIN\tMSKU\tEvent Type\tQuantity\tFulfillment Center\tDisposition\tReason\tCountry"
ORDERS = "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tsales-channel\tsku\tquantity\titem-price"


def returned(moment):
    return f"{moment}\t111-1\tS\tB0\tX001\tT\t1\tSELLABLE"


def paid(currency):
    return f"2026-05-01T00:00:00+00:00\tR{currency}\tLost_Warehouse\tS\t{currency}\t5.00"


def stock(country):
    return f"05/13/2026\tX001\tB0\tS\tReceipts\t1\tFC1\tSELLABLE\t\t{country}"


def ordered(site):
    return f"111-{site}\t2026-05-01T00:00:00+00:00\tShipped\tAmazon\t{site}\tS\t1\t5.00"


def opened(folder, **files):
    for name, lines in files.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return books.open(folder)


@pytest.mark.parametrize(("files", "region"), [
    ({"r": [PAID, paid("USD")]}, "US"), ({"r": [PAID, paid("JPY")]}, "JP"), ({"r": [PAID, paid("AED")]}, "AE"),
    ({"l": [LEDGER, stock("DE"), stock("FR"), stock("PL")]}, "EU"), ({"l": [LEDGER, stock("GB")]}, "UK"),
    ({"o": [ORDERS, ordered("Amazon.de"), ordered("Amazon.fr"), ordered("Non-Amazon")]}, "EU"), ({}, ""),
])
def test_the_region_is_read_from_the_files(tmp_path, files, region):
    assert opened(tmp_path, **files).seller.region == region


def test_marketplaces_of_one_account_are_no_contradiction(tmp_path):
    known = opened(tmp_path, o=[ORDERS, ordered("Amazon.com"), ordered("Amazon.ca"), ordered("Amazon.com.mx")],
                   l=[LEDGER, stock("US"), stock("US"), stock("CA")], r=[PAID, paid("USD")])
    assert (known.seller.region, known.seller.currency) == ("US", "USD")


def test_the_stock_says_more_than_the_sales(tmp_path):
    known = opened(tmp_path, o=[ORDERS, *[ordered("Amazon.co.uk")] * 3, ordered("Amazon.de")], l=[LEDGER, stock("DE")])
    assert known.seller.region == "EU"


@pytest.mark.parametrize(("one", "other", "named"), [("USD", "EUR", "EU (EUR in b.txt); US (USD in a.txt)"),
                                                     ("JPY", "GBP", "JP (JPY in a.txt); UK (GBP in b.txt)"),
                                                     ("USD", "CAD", "CA (CAD in b.txt); US (USD in a.txt)")])
def test_contradicting_files_are_an_error_that_names_both(tmp_path, one, other, named):
    with pytest.raises(seller.SellerError) as error:
        opened(tmp_path, a=[PAID, paid(one)], b=[PAID, paid(other)])
    assert named in str(error.value) and "seller.toml" in str(error.value)


def test_a_stated_region_ends_the_contradiction(tmp_path):
    (tmp_path / "seller.toml").write_text('region = "EU"\n', "utf-8")
    assert opened(tmp_path, a=[PAID, paid("USD")], b=[PAID, paid("EUR")]).seller.time_zone == "Europe/Berlin"


@pytest.mark.parametrize(("text", "why"), [('region = "XX"', "'XX' is not known"),
                                           ('reegion = "US"', "no setting 'reegion'"),
                                           ('time_zone = "Mars/Base"', "'Mars/Base' is not known"),
                                           ("baseline_loss_rate = 3", "a share like 0.003"), ("name = ", "must be TOML")])
def test_a_setting_nobody_knows_is_refused(tmp_path, text, why):
    (tmp_path / "seller.toml").write_text(text, "utf-8")
    with pytest.raises(seller.SellerError, match=why):
        seller.settings(tmp_path)


BOUNDARIES = {  # currency -> (moment, the marketplace's own day)
    "USD": [("2026-06-01T06:59:59+00:00", "2026-05-31"), ("2026-06-01T07:00:00+00:00", "2026-06-01"),
            ("2026-03-08T07:59:59+00:00", "2026-03-07"), ("2026-03-09T06:59:59+00:00", "2026-03-08"),  # a day of 23 hours
            ("2026-11-02T07:59:59+00:00", "2026-11-01"), ("2026-11-02T08:00:00+00:00", "2026-11-02")],  # of 25
    "EUR": [("2026-05-31T21:59:59+00:00", "2026-05-31"), ("2026-05-31T22:00:00+00:00", "2026-06-01"),
            ("2026-03-29T21:59:59+00:00", "2026-03-29"), ("2026-10-25T22:59:59+00:00", "2026-10-25")],
    "JPY": [("2026-05-31T14:59:59+00:00", "2026-05-31"), ("2026-05-31T15:00:00+00:00", "2026-06-01")],
}


@pytest.mark.parametrize("currency", BOUNDARIES)
def test_a_moment_belongs_to_the_marketplaces_own_day(tmp_path, currency):
    known = opened(tmp_path, p=[PAID, paid(currency)], r=[RETURNS, *(returned(at) for at, _ in BOUNDARIES[currency])])
    assert known["returns"]["returned_on"].astype(str).tolist() == [day for _, day in BOUNDARIES[currency]]


def test_a_month_takes_each_moment_once_wherever_it_is_cut(tmp_path):
    lines = [RETURNS, *(returned(at) for at, _ in BOUNDARIES["USD"])]
    whole = opened(tmp_path, p=[PAID, paid("USD")], r=lines)
    may = books.open(tmp_path, through="2026-05-31")["returns"]
    june_on = whole["returns"][whole["returns"]["returned_on"] > "2026-05-31"]
    assert len(may) + len(june_on) == len(lines) - 1


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one time zone")
def test_the_machines_own_time_zone_changes_nothing(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "shop"
    folder.mkdir()
    opened(folder, p=[PAID, paid("USD")], r=[RETURNS, *(returned(at) for at, _ in BOUNDARIES["USD"])])
    told = set()
    with monkeypatch.context() as machine:
        for zone in ("UTC", "Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati", "America/St_Johns"):
            machine.setenv("TZ", zone)
            machine.setenv("WORKBENCH_CACHE", str(tmp_path / zone))
            time.tzset()
            cli.main(["check", str(folder)])
            told.add(capsys.readouterr().out)
    time.tzset()
    assert len(told) == 1 and "2026-03-07..2026-11-02" in told.pop()
