import pytest

from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        pytest.param(3920, "USD", "39.20", id="cents"),
        pytest.param(5, "EUR", "0.05", id="less than one"),
        pytest.param(0, "USD", "0.00", id="nothing"),
        pytest.param(-30, "USD", "-0.30", id="less than nothing"),
        pytest.param(5000, "JPY", "5000", id="a currency without decimals"),
        pytest.param(1234567, "KWD", "1234.567", id="a currency of three decimals"),
        pytest.param(9_007_199_254_740_993, "USD", "90071992547409.93", id="more than a float holds"),
    ],
)
def test_an_amount_is_written_with_its_currencys_decimals(amount: int, currency: str, text: str) -> None:
    assert decimal_text(Money(amount, currency)) == text


def test_thousands_are_grouped_where_people_read_them() -> None:
    assert decimal_text(Money(-123456789, "USD"), grouped=True) == "-1,234,567.89"
