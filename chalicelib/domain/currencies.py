"""The decimals of each currency, and amounts formatted for people and spreadsheets."""

from chalicelib.domain.money import Money

_UNUSUAL = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""The ISO 4217 currencies that do not have two decimals, by their number of decimals."""

_MINOR_DIGITS = {currency: digits for digits, currencies in _UNUSUAL.items() for currency in currencies.split()}


def decimals(currency: str) -> int:
    """How many decimals the currency has."""
    return _MINOR_DIGITS.get(currency, 2)


def decimal_text(money: Money, *, grouped: bool = False) -> str:
    """The exact amount in major units: ``39.20`` or, with its thousands ``grouped``, ``-1,234.50``."""
    digits = decimals(money.currency)
    whole, rest = divmod(abs(money.amount), 10**digits)  # exact: the rest becomes the decimals
    sign = "-" if money.amount < 0 else ""
    return sign + (f"{whole:,}" if grouped else str(whole)) + (f".{rest:0{digits}}" if digits else "")
