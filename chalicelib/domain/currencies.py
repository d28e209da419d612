"""How many decimals a currency has, and amounts written out for people and spreadsheets."""

from chalicelib.domain.money import Money

_MINOR_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
"""The currencies of ISO 4217 whose minor unit is not a hundredth."""


def minor_digits(currency: str) -> int:
    """The number of decimals of a currency: 2 for USD, 0 for JPY."""
    return _MINOR_DIGITS.get(currency, 2)


def decimal_text(money: Money, *, grouped: bool = False) -> str:
    """The amount in whole units with its decimals, exact: `39.20`, or grouped in thousands: `-1,234.50`."""
    digits = minor_digits(money.currency)
    whole, rest = divmod(abs(money.amount), 10**digits)  # exact: the rest is written out behind the point
    sign = "-" if money.amount < 0 else ""
    return sign + (f"{whole:,}" if grouped else str(whole)) + (f".{rest:0{digits}}" if digits else "")
