"""Changes of accounts that ask nobody for money, while others write the same rows."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.models.transactions import Busy, WriteConflict
from chalicelib.services.accounts import transitions
from chalicelib.services.accounts.transitions import Transition
from chalicelib.services.partners import partners
from tests.world import ACTOR, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")


def test_a_wallet_that_others_keep_changing_ends_the_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    account = world.create(plan=TRIAL)
    tried = []

    def others_were_quicker(*args: Any, **kwargs: Any) -> None:
        tried.append(args)
        raise WriteConflict([world.partner_id])

    monkeypatch.setattr(transitions, "_write", others_were_quicker)
    change = Transition(account, replace(account, language="de"), "account.updated")
    program = partners.program_of(partner_id=world.partner_id)

    with pytest.raises(Busy):
        transitions.write_transitions([change], program=program, now=world.now, actor=ACTOR)

    assert len(tried) == 50
