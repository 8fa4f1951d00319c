"""The lines that a claim cites: each names it, and together they add up to its units and its value."""

import csv
import gzip
import io
import json
import re
import zipfile

import pytest
from handmade import claims_of, ledger, quiet, write

from workbench import books
from workbench.simulate import simulate


def raw_lines(folder, name):
    """A file's lines, read without the reader: gzip and zip members opened, decoded leniently."""
    path, _, member = name.partition("!")
    data = (folder / path).read_bytes()
    if member:
        data = zipfile.ZipFile(io.BytesIO(data)).read(member)
    elif path.endswith(".gz"):
        data = gzip.decompress(data)
    for codec in ("utf-8-sig", "cp932", "cp1252"):
        try:
            return data.decode(codec).replace("\r\n", "\n").split("\n")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1").split("\n")


def cited(folder, place, cache):
    """The cells of one cited line by their headers."""
    name, _, line = place.rpartition(":")
    if name not in cache:
        cache[name] = raw_lines(folder, name)
    lines = cache[name]
    if name.endswith(".jsonl"):
        return dict(enumerate(re.findall(r'"([^"]+)"', lines[int(line) - 1])))
    mark = "," if name.split("!")[-1].removesuffix(".gz").endswith(".csv") else "\t"
    header, cells = (next(csv.reader([text], delimiter=mark, quoting=csv.QUOTE_MINIMAL if mark == "," or '"' in lines[0]
                                     else csv.QUOTE_NONE)) for text in (lines[0], lines[int(line) - 1]))
    return {re.sub(r"[^a-z]", "", name.casefold()): cell for name, cell in zip(header, cells, strict=True)}


@pytest.fixture(scope="module", params=["US", "JP"])
def simulated(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / request.param
    simulate(folder, seed=4, region=request.param, skus=10, months=6, messy=request.param == "US")
    return folder, claims_of(folder, str(books.open(folder).through))


def test_every_cited_line_names_the_claim_and_the_lines_add_up_to_its_units(simulated):
    folder, table = simulated
    cache, checked = {}, 0
    for claim in table.itertuples():
        names = {claim.fnsku, claim.msku, claim.order_id, claim.shipment_id, claim.reimbursement_id} - {""}
        owed, settled, adjusted = 0, 0, False
        for place, role in zip(claim.sources.split(";"), claim.roles.split(";"), strict=True):
            cells = cited(folder, place, cache)
            assert names & set(cells.values()), (place, names)
            what, units = role.split(":")
            if what == "event" and claim.claim_type in ("lost_warehouse", "damaged_warehouse", "disposed_unrequested"):
                owed -= int(cells["quantity"])
                assert cells["reason"] in "M5E67HKUDG"
            if what in ("found", "paid", "returned", "regraded", "asked", "back", "sibling"):
                settled += int(units)
                adjusted = True
                limit = max(abs(int(cells.get(name) or 0)) for name in (
                    "quantity", "quantityreimbursedtotal", "quantityreimbursedcash", "requestedquantity",
                    "quantityreceived"))
                assert 0 < int(units) <= limit, place
        if owed:
            assert owed == claim.units_owed, claim
        if adjusted and not claim.note.startswith("Amazon's own"):
            assert settled == claim.units_settled, claim
        checked += 1
    assert checked > 50 and {"lost_warehouse", "refund_not_returned", "inbound_shortage"} <= set(table["claim_type"])


def test_a_refunds_lines_sum_to_its_price_and_value_to_the_cent(simulated):
    folder, table = simulated
    cache, checked = {}, 0
    for claim in table[table["claim_type"] == "refund_not_returned"].itertuples():
        parts = {"price": 0.0, "fees": 0.0, "units": 0}
        for place in claim.value_sources.split(";"):
            cells = cited(folder, place, cache)
            amount = float(cells["amount"])
            parts["price" if cells["amountdescription"] == "Principal" else "fees"] += amount
            parts["units"] += int(cells["quantitypurchased"] or 0) if cells["amountdescription"] == "Principal" else 0
        paid_back = -sum(float(cited(folder, place, cache)["amount"]) for place, role in zip(
            claim.sources.split(";"), claim.roles.split(";"), strict=True) if role.startswith("refund"))
        assert round((parts["price"] + parts["fees"]) / parts["units"], 2) == pytest.approx(claim.unit_value)
        assert round(paid_back / (parts["price"] / parts["units"])) == claim.units_owed
        checked += 1
    assert checked > 10


def test_an_answer_that_tells_of_the_shortage_and_of_its_sibling_in_one_line_is_cited_for_the_units_short(tmp_path):
    folder = write(tmp_path / "s", quiet())
    heads = [{"ShipmentId": f"FBA{at}", "ShipmentName": f"FBA (03/01/2026, 08:15) - {at}", "ShipmentStatus": "CLOSED"}
             for at in (1, 2)]
    items = [{"ShipmentId": f"FBA{at}", "SellerSKU": "S-1", "FulfillmentNetworkSKU": "X001", "QuantityShipped": 10,
              "QuantityReceived": received} for at, received in ((1, 7), (2, 12))]
    answers = [{"payload": {"ShipmentData": heads}}, {"payload": {"ItemData": items}}]
    (folder / "inbound.jsonl").write_text("\n".join(map(json.dumps, answers)), "utf-8")
    claim = claims_of(folder, types=["inbound_shortage"]).iloc[0]
    assert (claim["units_owed"], claim["units_settled"]) == (3, 2)
    assert (claim["sources"], claim["roles"]) == ("inbound.jsonl:2", "event:3")


def test_lines_are_cited_inside_archives(tmp_path):
    folder = write(tmp_path / "s", [*quiet(), ledger("1", "2026-06-01", "M", -2)])
    plain = (folder / "ledger.txt").read_bytes()
    (folder / "ledger.txt").unlink()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("in/ledger.txt", plain)
    place = claims_of(folder, types=["lost_warehouse"]).iloc[0]["sources"]
    assert place.startswith("all.zip!in/ledger.txt:") and cited(folder, place, {})["quantity"] == "-2"
    assert "X001" in books.open(folder).line(place)
