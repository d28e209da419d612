"""Mail on its way out: through SES, and into the sandbox's inbox."""

from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import boto3
import pytest
from moto.ses import ses_backends

from chalicelib.config import MissingSetting, Settings, settings
from chalicelib.gateways import sandbox_mail
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail
from chalicelib.gateways.ses_mail import SesMailer, _ses

pytestmark = pytest.mark.usefixtures("aws")

NOW = datetime(2026, 12, 14, 6, 0, 0, tzinfo=UTC)


def mail(**overrides: Any) -> Mail:
    fields: dict[str, Any] = {"to": "ops@bright.example", "subject": "Über", "text": "Grüße", "html": "<p>Grüße</p>"}
    return Mail(**fields | overrides)


@pytest.mark.parametrize("field", ["to", "subject", "from_name", "reply_to"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\x00", "\x85", "\u2028"])
def test_what_becomes_a_header_is_one_line(field: str, end: str) -> None:
    with pytest.raises(ValueError, match=field):
        mail(**{field: f"Acme{end}Bcc: all@bright.example"})


class TestSes:
    @pytest.fixture(autouse=True)
    def verified(self, aws: None) -> None:
        boto3.client("ses").verify_email_identity(EmailAddress=settings().mail_sender)

    def test_ses_is_given_both_parts(self) -> None:
        message_id = SesMailer().send(mail(reply_to="help@bright.example"), now=NOW)

        assert message_id
        *_, sent = ses_backends["123456789012"]["us-east-1"].sent_messages
        assert sent.destinations["ToAddresses"] == ["ops@bright.example"]
        assert (sent.source, sent.subject, sent.body) == (settings().mail_sender, "Über", "<p>Grüße</p>")

    @pytest.mark.parametrize(
        "name", ["💩" * 60, "بريد " * 12, "é" * 60, '"' * 60], ids=["emoji", "Arabic", "accents", "quotes"]
    )
    def test_a_senders_long_name_is_in_words_that_mailers_take(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: dict[str, Any] = {}
        monkeypatch.setattr(_ses(), "send_email", lambda **given: asked.update(given) or {"MessageId": "m1"})

        SesMailer().send(mail(from_name=name.strip()), now=NOW)

        written = asked["FromEmailAddress"]
        assert written.isascii()
        assert len(written) <= 320
        assert name.isascii() or all(len(word) <= 75 for word in written.split())
        read, address = parseaddr(str(make_header(decode_header(written))))
        assert address == settings().mail_sender
        assert len(read) > 40
        assert name.startswith(read)

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("Bright Mail", "Bright Mail <notices@example.com>"),
            ('Acme "The, Best"', '"Acme \\"The, Best\\"" <notices@example.com>'),
            ("Grün", "=?utf-8?b?R3LDvG4=?= <notices@example.com>"),
        ],
    )
    def test_the_senders_name_is_written_as_headers_are(
        self, name: str, written: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: dict[str, Any] = {}
        monkeypatch.setattr(_ses(), "send_email", lambda **given: asked.update(given) or {"MessageId": "m1"})

        SesMailer().send(mail(from_name=name, tags={"notice": "renewal_upcoming"}), now=NOW)

        assert asked["FromEmailAddress"] == written
        assert asked["ConfigurationSetName"] == "sublet-mail"
        assert asked["EmailTags"] == [{"Name": "notice", "Value": "renewal_upcoming"}]


class TestSandbox:
    def test_what_was_sent_can_be_read_in_its_order(self) -> None:
        for minute, subject in enumerate(("first", "second", "second")):
            mailer().send(mail(subject=subject), now=NOW.replace(minute=minute))

        kept = sandbox_mail.kept()

        assert [(row.subject, row.at) for row in kept] == [
            ("first", "2026-12-14T06:00:00Z"),
            ("second", "2026-12-14T06:01:00Z"),
            ("second", "2026-12-14T06:02:00Z"),
        ]
        assert (kept[0].to, kept[0].text, kept[0].html) == ("ops@bright.example", "Grüße", "<p>Grüße</p>")


class TestWhoSends:
    @pytest.mark.parametrize(
        ("environment", "mailer"),
        [
            ({"STAGE": "prod"}, "ses"),
            ({"STAGE": "prod", "MAILER": ""}, "ses"),
            ({"STAGE": "local"}, "sandbox"),
            ({"STAGE": "staging", "MAILER": "ses"}, "ses"),
        ],
    )
    def test_production_sends_and_the_rest_keeps(self, environment: dict[str, str], mailer: str) -> None:
        assert Settings(environment=environment).mailer == mailer

    @pytest.mark.parametrize("environment", [{"STAGE": "prod", "MAILER": "sandbox"}, {"STAGE": "x", "MAILER": "smtp"}])
    def test_mail_that_nobody_gets_is_refused(self, environment: dict[str, str]) -> None:
        with pytest.raises(MissingSetting):
            _ = Settings(environment=environment).mailer
