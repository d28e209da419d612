"""What an exception is to a client."""

import pytest

from chalicelib.api import problems
from chalicelib.domain.wallet.wallets import Mismatch


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(
            Mismatch("cannot spend 2 of 1 USD"), 503, id="a wallet that changed between two reads may be asked"
        ),
        pytest.param(ValueError("cannot be"), 500, id="an error of ours may not"),
    ],
)
def test_what_may_succeed_when_asked_again_is_a_503(error: Exception, status: int) -> None:
    assert problems.of_error(error).status == status
