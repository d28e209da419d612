"""Tables are restored beside, audited, and put back while the stack is closed; no card is charged again."""

import subprocess
import sys

import pytest
from rich.console import Console

from infra.audit import WRONG
from infra.commands import DONE
from infra.local.emulator import CREDENTIALS
from infra.local.stack import STACK, LocalStack
from infra.restore.__main__ import Restore
from tests.stack.client import new_partner


@pytest.fixture
def restore(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Restore:
    settings = {**stack.deployed.environment, **CREDENTIALS, "AWS_ENDPOINT_URL": stack.deployed.endpoint}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Restore(STACK, Console(record=True, width=200), drain_seconds=0)


@pytest.mark.prove
def test_what_came_after_the_moment_is_gone_and_is_charged_once_when_it_is_repeated(
    stack: LocalStack, restore: Restore
) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    id_, card = partner.get("/v1/partner")["id"], partner.card()
    wanted = partner.account_body("restored-lost", billing_profile_id=card)
    kept = partner.post("/v1/accounts", partner.account_body("restored-kept", billing_profile_id=card))
    stamp = restore.beside(None)
    assert restore.check(stamp, partner=id_) == DONE

    lost = partner.post("/v1/accounts", wanted, Idempotency_Key="the-lost-one")
    assert restore.check(stamp, partner=id_) == WRONG, "a card was charged that the restored books don't know of"
    restore.open(stamp)

    assert partner.get(f"/v1/accounts/{kept['id']}")["status"] == "active"
    assert partner.request("GET", f"/v1/accounts/{lost['id']}").status_code == 404
    again = partner.post("/v1/accounts", wanted, Idempotency_Key="the-lost-one")
    assert again["id"] == lost["id"]
    assert audited(stack, id_) == DONE, "its card was charged once"
    restore.drop(stamp)
    assert not [name for name in restore.dynamodb.list_tables()["TableNames"] if stamp in name]


def audited(stack: LocalStack, partner: str) -> int:
    command = [sys.executable, "-m", "infra.audit", "--stack", STACK, "--partner", partner]
    return subprocess.run(command, check=False).returncode
