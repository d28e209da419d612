"""Operators' messages about an account, over HTTP and as the mails that come of them (docs/rules.md §11)."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.events.suppressions import Reason, Suppression
from chalicelib.gateways import sandbox_mail
from chalicelib.models.events import suppressions
from tests.functional.conftest import OPERATOR, Answer, Api, Partner, record

MESSAGE = {
    "kind": "abuse",
    "subject": "Recipients complain",
    "text": "Three recipients complained.\n\nPlease <b>stop</b> the campaign.",
}


def send(api: Api, account: Any, *, key: str | None = OPERATOR, once: str = "message-1", **changes: Any) -> Answer:
    path = f"/v1/operator/accounts/{account['id']}/messages"
    return api.ask("POST", path, {**MESSAGE, **changes}, key=key, Idempotency_Key=once)


def mail_notices(api: Api) -> None:
    """Let the streams publish what happened and the queue's function mail it, each message twice."""
    api.stream()
    sqs, url = boto3.client("sqs"), settings().notices_queue_url
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            for _ in range(2):
                api.invoke("send_notices", {"Records": [record(message["Body"], group="", id=message["MessageId"])]})


def test_a_message_is_mailed_once_and_is_an_event_in_the_partners_log(api: Api, partner: Partner) -> None:
    account = partner.create(language="de")

    sent = send(api, account)
    again = send(api, account)
    mail_notices(api)

    assert (sent.status, sent.json["to"]) == (201, "ops@bright.example")
    assert again.json == sent.json
    (mail,) = sandbox_mail.kept()
    assert (mail.to, mail.subject) == ("ops@bright.example", "Recipients complain")
    assert "Three recipients complained.\n\nPlease <b>stop</b> the campaign." in mail.text
    assert "Please &lt;b&gt;stop&lt;/b&gt; the campaign." in mail.html
    assert "die Adresse für Benachrichtigungen über das Konto" in mail.text
    (event,) = partner.get(f"/v1/events?type=account.message_sent&account_id={account['id']}")["data"]
    assert event["actor"].startswith("api_key:")
    assert event["data"] == {
        "account_id": account["id"],
        "message_id": sent.json["id"],
        "kind": "abuse",
        "subject": "Recipients complain",
    }


def test_a_message_to_the_client_of_a_referred_account_is_not_its_partners_to_read(api: Api, partner: Partner) -> None:
    account = partner.client.account

    sent = send(api, account)
    mail_notices(api)

    assert sent.json["to"] == account["client"]["email"]
    assert [mail.subject for mail in sandbox_mail.kept()] == ["Recipients complain"]
    assert "account.message_sent" not in {event["type"] for event in partner.all("/v1/events")}


def test_another_message_needs_a_key_of_its_own(api: Api, partner: Partner) -> None:
    account = partner.create()
    send(api, account)

    assert send(api, account, text="Something else.").code == "idempotency_key_reused"
    assert send(api, account, text="Something else.", once="message-2").status == 201


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: all@x.example", "Hello\nBcc: all@x.example", "\x00", "", "x" * 151])
def test_a_subject_that_could_add_a_header_or_is_too_long_is_refused(api: Api, partner: Partner, subject: str) -> None:
    account = partner.create()

    assert send(api, account, subject=subject).faults.keys() == {"subject"}


def test_what_is_no_message_is_refused(api: Api, partner: Partner) -> None:
    account = partner.create()

    assert send(api, account, kind="praise", once="1").faults.keys() == {"kind"}
    assert send(api, account, text="x" * 5001, once="2").faults.keys() == {"text"}
    assert send(api, account, text=" \n ", once="3").faults.keys() == {"text"}
    assert send(api, {"id": "acct_none"}).code == "not_found"
    assert send(api, account, key=partner.key).code == "insufficient_scope"
    mail_notices(api)
    assert sandbox_mail.kept() == []


def test_an_address_that_refuses_mail_is_refused_with_the_reason(api: Api, partner: Partner) -> None:
    account = partner.create()
    bounced = Suppression("ops@bright.example", Reason.BOUNCE, "NoEmail", at=datetime(2026, 1, 31, tzinfo=UTC))
    suppressions.add(bounced, actor="mail")

    answer = send(api, account)

    assert (answer.status, answer.code) == (409, "address_refuses_mail")
