"""The sandbox pays nobody, and does what an address asks for."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from chalicelib.config import MissingSetting, Settings, settings
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.money import Money
from chalicelib.gateways import processor_secrets
from chalicelib.gateways.payouts import Accepted, OutcomeUnknown, PayoutItem, ProcessorMisconfigured
from chalicelib.gateways.sandbox_payouts import SandboxPayouts
from tests.builders import NOW

TAGS = ("", "+unclaimed", "+returned", "+failed", "+blocked")


@pytest.fixture
def sandbox(aws: None) -> Iterator[SandboxPayouts]:
    return SandboxPayouts()


def sent(sandbox: SandboxPayouts, *tags: str) -> str:
    items = [PayoutItem(f"pay_{n}", f"owner{tag}@acme.example", Money(1000, "USD")) for n, tag in enumerate(tags)]
    answer = sandbox.send(batch_id="prun_1", items=items, now=NOW)
    assert isinstance(answer, Accepted)
    return answer.reference


def test_each_address_has_its_outcome(sandbox: SandboxPayouts) -> None:
    reference = sent(sandbox, *TAGS)

    def statuses(days: int) -> list[str]:
        found = sandbox.find_batch(reference=reference, now=NOW + timedelta(days=days))
        assert found is not None
        return [item.status.value for item in found.items]

    assert statuses(29) == ["paid", "unclaimed", "unclaimed", "failed", "blocked"]
    assert statuses(30) == ["paid", "returned", "returned", "failed", "blocked"]


def test_a_batch_is_sent_once_whatever_is_sent_again(sandbox: SandboxPayouts) -> None:
    first = sent(sandbox, "")

    assert sent(sandbox, "", "") == first
    found = sandbox.find_batch(reference=first, now=NOW)
    assert found is not None
    assert len(found.items) == 1


def test_the_first_answer_to_a_silent_recipient_is_lost(sandbox: SandboxPayouts) -> None:
    with pytest.raises(OutcomeUnknown):
        sent(sandbox, "+silent")

    found = sandbox.find_batch(reference=sent(sandbox, "+silent"), now=NOW)
    assert found is not None
    assert [item.status for item in found.items] == [ItemStatus.PAID]


def test_an_unclaimed_item_can_be_taken_back(sandbox: SandboxPayouts) -> None:
    reference = sent(sandbox, "", "+unclaimed")

    assert sandbox.cancel_item(reference=f"{reference}-0", now=NOW) is None
    taken_back = sandbox.cancel_item(reference=f"{reference}-1", now=NOW)

    assert taken_back is not None
    assert taken_back == sandbox.find_item(reference=f"{reference}-1", now=NOW)
    assert taken_back.status is ItemStatus.RETURNED


@pytest.mark.parametrize(
    ("stage", "asked_for", "chosen"),
    [("prod", "", "paypal"), ("prod", "paypal", "paypal"), ("dev", "", "sandbox"), ("dev", "paypal", "paypal")],
)
def test_only_production_pays_anybody_unasked(stage: str, asked_for: str, chosen: str) -> None:
    found = Settings(environment={"STAGE": stage, "PAYOUT_PROCESSOR": asked_for})

    assert found.payout_processor == chosen
    assert ("sandbox" in found.paypal_api_base) is (stage != "prod")


@pytest.mark.parametrize(("stage", "asked_for"), [("prod", "sandbox"), ("dev", "stripe")])
def test_what_would_pay_nobody_in_production_is_refused(stage: str, asked_for: str) -> None:
    with pytest.raises(MissingSetting, match="PAYOUT_PROCESSOR"):
        _ = Settings(environment={"STAGE": stage, "PAYOUT_PROCESSOR": asked_for}).payout_processor


@pytest.mark.parametrize(("stored", "fault"), [("id:secret", None), ("secret", "id:secret"), (None, "can't be read")])
def test_paypals_credentials_are_a_parameter(
    aws: None, monkeypatch: pytest.MonkeyPatch, stored: str | None, fault: str | None
) -> None:
    monkeypatch.setenv("PAYPAL_CREDENTIALS_PARAMETER", "/test/paypal" if stored else "/test/nothing")
    settings.cache_clear()
    parameters.clear_caches()
    if stored is not None:
        boto3.client("ssm").put_parameter(Name="/test/paypal", Value=stored, Type="SecureString", Overwrite=True)

    if fault is None:
        assert processor_secrets.paypal_credentials() == stored
    else:
        with pytest.raises(ProcessorMisconfigured, match=fault):
            processor_secrets.paypal_credentials()

    monkeypatch.undo()
    settings.cache_clear()
