"""Accounts' weeks as seen in the inbox, on the deployed stack, whose functions are killed now and then."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.inbox import mails
from infra.local.stack import LocalStack
from tests.stack.client import TRIAL, new_partner
from tests.stack.kills import killed_at_random

pytestmark = pytest.mark.stack

INBOX = "inbox@bright.example"
CLIENT = {"name": "Acme Inc", "email": "client-of-notices@acme.example"}


def test_whom_it_concerns_is_told_once_on_the_day_it_happens_though_functions_are_killed(
    stack: LocalStack, tmp_path: Path
) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    told = {"client": CLIENT, "notification_email": INBOX, "language": "de"}
    broken = partner.card("pm_card_declinedOnRenewal")
    account = partner.post("/v1/accounts", partner.account_body("in-trouble", billing_profile_id=broken, **told))
    partner.post("/v1/accounts", partner.account_body("tried", plan=TRIAL, **told))
    start, renewal = (date.fromisoformat(account["current_period"][end]) for end in ("start", "end"))

    expected = [
        (start + timedelta(days=11), "Die Testzeit von tried endet"),
        (start + timedelta(days=14), "Die Testzeit von tried ist zu Ende"),
        (renewal - timedelta(days=7), "in-trouble verlängert sich"),
        (renewal, "Die Zahlung für in-trouble ist fehlgeschlagen"),
    ]
    with killed_at_random(stack, ["PublishChanges", "SpreadEvents"], times=2, home=tmp_path) as lots:
        for day, _ in expected:
            StackClock(stack.deployed).move_to(datetime.combine(day, time(18), tzinfo=UTC))
            move(stack.deployed, days=0)
        left = len(list(lots.iterdir()))

    found = mails(stack.deployed, to=INBOX)
    assert [(datetime.fromisoformat(mail.at).date(), mail.subject.split(" am ")[0]) for mail in found] == expected
    assert mails(stack.deployed, to=CLIENT["email"]) == []
    assert left < 4
