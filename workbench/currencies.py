"""How a currency is named, and how finely it divides: the digits of its minor unit by ISO 4217."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

_DIGITS = {0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
           3: "BHD IQD JOD KWD LYD OMR TND", 4: "CLF UYW"}
SIGNS = {"€": "EUR", "£": "GBP", "円": "JPY", "元": "CNY", "RMB": "CNY"}  # before or after an amount, or in place of a code
_NAMES = {**SIGNS, "人民币": "CNY", "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY",
          "加元": "CAD"}  # as analysts write them in a sheet
_CODES = "USD CAD MXN BRL GBP EUR SEK PLN TRY AED SAR EGP INR SGD AUD JPY CNY"  # of Amazon's sites and the sellers' own
_IN_BRACKETS = re.compile(rf"\s*[(（]\s*({'|'.join([*_NAMES, *_CODES.split()])})\s*[)）]\s*\Z")
_BY_CODE = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}


def code(text: str) -> str:
    """The ISO code that a cell names; the cell in capitals where it is no name that is known.

    >>> code(" usd"), code("人民币"), code("dollars")
    ('USD', 'CNY', 'DOLLARS')
    """
    word = text.strip().upper()
    return _NAMES.get(word, word)


def headed(header: str) -> tuple[str, str]:
    """A header without the currency in brackets at its end, and the currency's code; "" without one.

    >>> headed("采购成本（元）"), headed("unit_cost (USD)"), headed("Cost Per Click (CPC)")
    (('采购成本', 'CNY'), ('unit_cost', 'USD'), ('Cost Per Click (CPC)', ''))
    """
    found = _IN_BRACKETS.search(header)
    return (header[:found.start()], code(found[1])) if found else (header, "")


def digits(currency: str) -> int:
    """Digits after the decimal point; 2 where the currency is not known.

    >>> digits("USD"), digits("JPY"), digits("KWD"), digits("")
    (2, 0, 3, 2)
    """
    return _BY_CODE.get(currency, 2)


def digits_of(currency: str | pd.Series) -> int | np.ndarray:
    """The digits of one currency for all rows, or of each row's own, as floats."""
    if isinstance(currency, str):
        return digits(currency)
    each = currency.astype("category")
    return np.array([digits(name) for name in (*each.cat.categories, "")], float)[each.cat.codes]


def rounded(amounts: float | np.ndarray | pd.Series, currency: str | pd.Series) -> float | np.ndarray | pd.Series:
    """Amounts at the minor unit of their currency, one for all or each row's own; what is unknown stays unknown.

    >>> float(rounded(0.1 + 0.2, "USD")), float(rounded(1.2345, "KWD"))
    (0.3, 1.234)
    """
    scale = 10.0 ** digits_of(currency)
    return np.round(amounts * scale) / scale


def half_unit(currency: pd.Series) -> np.ndarray:
    """Half the minor unit of each row's currency: as far as rounding may move an amount."""
    return 0.5 * 10.0 ** -digits_of(currency)
