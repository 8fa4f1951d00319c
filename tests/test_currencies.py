"""How finely currencies divide."""

import tomllib
from importlib.resources import files

import pandas as pd
import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision

from workbench import currencies


def test_every_currency_amazon_sells_in_divides_as_it_is_written():
    regions = tomllib.loads((files("workbench") / "regions.toml").read_text("utf-8"))
    sold_in = {code for region in regions.values() for code in region.get("currencies", ())}
    assert sold_in >= {"USD", "JPY", "EUR"}
    assert {code: currencies.digits(code) for code in sold_in} == {code: get_currency_precision(code) for code in sold_in}


def test_no_currency_keeps_fewer_digits_than_are_written():
    assert not [code for code in get_global("currency_fractions") if code != "DEFAULT"
                and currencies.digits(code) < get_currency_precision(code)]


@pytest.mark.parametrize("code, digits", [("KRW", 0), ("VND", 0), ("CLP", 0), ("KWD", 3), ("BHD", 3), ("TND", 3), ("", 2)])
def test_currencies_without_or_with_three_digits(code, digits):
    assert currencies.digits(code) == digits


def test_a_sum_keeps_the_digits_of_its_own_currency():
    rows = pd.Series([1.0055, 1.5055, 0.1 + 0.2, float("nan")])
    found = currencies.rounded(rows, pd.Series(["KWD", "JPY", "USD", "USD"]))
    assert found.tolist()[:3] == [1.006, 2.0, 0.3] and pd.isna(found[3])


def test_rounding_moves_an_amount_by_half_a_minor_unit_of_its_own_currency():
    rows = pd.Series(["JPY", "USD", "KWD", "USD", "KRW"], dtype="category")
    assert currencies.half_unit(rows).tolist() == [0.5, 0.005, 0.0005, 0.005, 0.5]
    assert currencies.half_unit(rows.astype("str")).tolist() == [0.5, 0.005, 0.0005, 0.005, 0.5]
    assert currencies.half_unit(rows[:0]).tolist() == []
