"""What goes over the wire to Stripe, and what each of its answers, or none, is taken for.

A loopback server plays Stripe. The key comes from Parameter Store, as in production.
"""

import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest
import stripe
from aws_lambda_powertools.utilities import parameters

from chalicelib.config import settings
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.disputes import DisputeStatus, Reported
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card, CardName
from chalicelib.gateways import processor_secrets, stripe_client, stripe_lookups
from chalicelib.gateways.payments import (
    CardSetup,
    Charged,
    Declined,
    OutcomeUnknown,
    PaymentMethodRefused,
    ProcessorMisconfigured,
    Purpose,
    Refunded,
    Registered,
)
from chalicelib.gateways.stripe_payments import StripePayments

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY, SECRET_KEY = "inv_0001ABCDEF-1", "sk_test_51Secret"
READ_SECONDS = 0.3
INTENTS, DISPUTES = "/v1/payment_intents", "/v1/disputes"
PROFILE = BillingProfile(
    id="bp_1",
    partner_id="prt_1",
    name="Bright",
    payment_method="pm_1",
    card=Card("visa", "4242", 12, 2034),
    customer="cus_1",
    created_at=NOW,
    updated_at=NOW,
)
PURPOSE = Purpose(charge_id="inv_0001ABCDEF", subject="acct_1", payer="prt_1", description="Plus")


@dataclass(frozen=True)
class Says:
    """One answer; without a status the connection is closed instead, or left silent."""

    status: int | None
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False


DROPPED, SILENT = Says(None), Says(None, silent=True)


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


class Processor:
    """Answers requests one after the other as it was told to; more than that is an error."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Says] = []
        self.closing = threading.Event()
        processor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                processor._answer(self, "GET")

            def do_POST(self) -> None:
                processor._answer(self, "POST")

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def says(self, *answers: Says) -> None:
        self.answers += answers

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def _answer(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        self.asked.append(Asked(method, handler.path, dict(handler.headers), dict(parse_qsl(body))))
        says = self.answers.pop(0) if self.answers else Says(418)
        if says.status is None:
            if says.silent:
                self.closing.wait(5)
            handler.close_connection = True
            return
        content = json.dumps(says.body).encode()
        handler.send_response(says.status)
        for name, value in {"Content-Type": "application/json", **says.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def processor(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processor]:
    made = Processor()
    keep_key(SECRET_KEY)
    monkeypatch.setenv("STRIPE_API_BASE", made.base)
    monkeypatch.setenv("STRIPE_KEY_PARAMETER", "/test/stripe-key")
    monkeypatch.setattr(stripe_client, "READ_SECONDS", READ_SECONDS)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    forget()
    yield made
    made.close()
    monkeypatch.undo()
    forget()


def forget() -> None:
    settings.cache_clear()
    parameters.clear_caches()
    stripe_client._client_for.cache_clear()


def keep_key(key: str) -> None:
    boto3.client("ssm").put_parameter(Name="/test/stripe-key", Value=key, Type="SecureString", Overwrite=True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(stripe_client, "time", type("Time", (), {"sleep": staticmethod(waited.append)}))
    return waited


def intent(status: str, *, key: str = KEY, id: str = "pi_1", **more: Any) -> dict[str, Any]:
    return {"object": "payment_intent", "id": id, "status": status, "metadata": {"charge_key": key}} | more


def dispute(status: str, *, id: str = "du_1", amount: int = 3920, currency: str = "usd", **more: Any) -> dict[str, Any]:
    return {
        "object": "dispute",
        "id": id,
        "status": status,
        "amount": amount,
        "currency": currency,
        "reason": "fraudulent",
        "created": int(NOW.timestamp()),
        "evidence_details": {"due_by": int((NOW + timedelta(days=14)).timestamp())},
        "is_charge_refundable": False,
        **more,
    }


def prevented(case_type: str | None, moved: tuple[int, ...] = (), **more: Any) -> dict[str, Any]:
    card = {"brand": "visa", "case_type": case_type} if case_type else {"brand": "visa"}
    moves = [{"object": "balance_transaction", "amount": each, "currency": "usd"} for each in moved]
    details = {"type": "card", "card": card}
    return dispute("prevented", balance_transactions=moves, payment_method_details=details, **more)


def listing(*things: dict[str, Any], more: bool = False, url: str = INTENTS) -> Says:
    return Says(200, {"object": "list", "data": list(things), "has_more": more, "url": url})


def searched(*things: dict[str, Any]) -> Says:
    return Says(200, {"object": "search_result", "data": list(things), "has_more": False, "url": INTENTS + "/search"})


def refused(status: int, type: str, **error: Any) -> Says:
    return Says(status, {"error": {"type": type, "message": "Not that.", **error}})


PAID = Says(200, intent("succeeded"))
REUSED = refused(400, "idempotency_error")


def charge() -> Charged | Declined:
    return StripePayments().charge(key=KEY, amount=Money(3920, "USD"), profile=PROFILE, purpose=PURPOSE)


class TestOnceForAKey:
    def test_our_key_goes_along(self, processor: Processor) -> None:
        processor.says(PAID)

        assert charge() == Charged("stripe", "pi_1")

        [asked] = processor.asked
        assert (asked.method, asked.path) == ("POST", INTENTS)
        assert asked.headers["Idempotency-Key"] == KEY
        assert asked.headers["Authorization"] == f"Bearer {SECRET_KEY}"
        assert (asked.form["amount"], asked.form["currency"]) == ("3920", "usd")
        assert (asked.form["customer"], asked.form["payment_method"]) == ("cus_1", "pm_1")
        assert asked.form["metadata[charge_key]"] == KEY

    @pytest.mark.parametrize(
        "lost",
        [
            pytest.param(DROPPED, id="connection closed"),
            pytest.param(SILENT, id="no answer in time"),
            pytest.param(refused(500, "api_error"), id="internal error"),
            pytest.param(refused(409, "invalid_request_error", code="idempotency_key_in_use"), id="key in use"),
        ],
    )
    def test_the_packages_own_second_try_carries_our_key(self, processor: Processor, lost: Says) -> None:
        processor.says(lost, PAID)

        assert charge() == Charged("stripe", "pi_1")

        first, second = processor.asked
        assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == KEY
        assert first.form == second.form

    @pytest.mark.parametrize(
        "lost",
        [
            pytest.param(DROPPED, id="connection closed"),
            pytest.param(SILENT, id="no answer in time"),
            pytest.param(refused(500, "api_error"), id="internal error"),
            pytest.param(Says(502), id="a gateway's error page"),
            pytest.param(refused(409, "invalid_request_error", code="idempotency_key_in_use"), id="key in use"),
        ],
    )
    def test_without_an_answer_nothing_is_known(self, processor: Processor, lost: Says) -> None:
        processor.says(lost, lost)

        with pytest.raises(OutcomeUnknown):
            charge()

        assert [asked.headers["Idempotency-Key"] for asked in processor.asked] == [KEY, KEY]

    def test_nobody_there_is_unknown_too(self, processor: Processor) -> None:
        processor.server.server_close()

        with pytest.raises(OutcomeUnknown):
            charge()

    def test_after_too_many_requests_it_waits_and_asks_again(self, processor: Processor, waits: list[float]) -> None:
        processor.says(refused(429, "invalid_request_error", code="rate_limit"), PAID)

        assert charge() == Charged("stripe", "pi_1")

        assert len(waits) == 1
        assert [asked.headers["Idempotency-Key"] for asked in processor.asked] == [KEY, KEY]

    def test_too_many_requests_for_too_long_is_unknown(self, processor: Processor, waits: list[float]) -> None:
        processor.says(*[refused(429, "invalid_request_error", code="rate_limit")] * 3)

        with pytest.raises(OutcomeUnknown):
            charge()

        assert len(waits) == 2
        assert waits[0] < waits[1]


class TestAnswers:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
            ({"code": "expired_card"}, "expired_card"),
            ({"code": "authentication_required", "decline_code": "authentication_required"}, "authentication_required"),
            ({}, "card_declined"),
        ],
    )
    def test_a_card_error_is_a_decline_by_its_closest_name(
        self, processor: Processor, error: dict[str, str], code: str
    ) -> None:
        processor.says(refused(402, "card_error", **error))

        assert charge() == Declined(code)
        assert len(processor.asked) == 1

    def test_the_card_that_was_charged_is_told_whatever_the_profile_has(self, processor: Processor) -> None:
        charged = {
            "object": "charge",
            "id": "ch_1",
            "payment_method_details": {"card": {"brand": "amex", "last4": "0005"}},
        }
        processor.says(Says(200, intent("succeeded", latest_charge=charged)))

        assert charge() == Charged("stripe", "pi_1", CardName("amex", "0005"))
        assert processor.asked[0].form["expand[0]"] == "latest_charge"

    def test_what_waits_for_its_cardholder_is_ended_and_declined(self, processor: Processor) -> None:
        waiting = Says(200, intent("requires_action"))
        processor.says(waiting, waiting, Says(200, intent("canceled")))

        assert charge() == Declined("authentication_required")
        assert [(a.method, a.path) for a in processor.asked[1:]] == [
            ("GET", f"{INTENTS}/pi_1?expand%5B0%5D=latest_charge"),
            ("POST", f"{INTENTS}/pi_1/cancel"),
        ]

    def test_what_can_not_be_ended_is_unknown(self, processor: Processor) -> None:
        waiting = Says(200, intent("requires_action"))
        processor.says(waiting, waiting, refused(400, "invalid_request_error", code="payment_intent_unexpected_state"))

        with pytest.raises(OutcomeUnknown):
            charge()

    def test_a_processing_intent_is_unknown(self, processor: Processor) -> None:
        processor.says(Says(200, intent("processing")), Says(200, intent("processing")))

        with pytest.raises(OutcomeUnknown, match="processing"):
            charge()

    @pytest.mark.parametrize(
        ("became", "answer"),
        [
            (intent("succeeded"), Charged("stripe", "pi_1")),
            (intent("canceled", last_payment_error={"decline_code": "stolen_card"}), Declined("stolen_card")),
        ],
    )
    def test_an_old_answer_to_a_key_is_not_the_last_word(
        self, processor: Processor, became: dict[str, Any], answer: Charged | Declined
    ) -> None:
        processor.says(Says(200, intent("processing")), Says(200, became))

        assert charge() == answer

    def test_a_fault_of_ours_is_no_decline(self, processor: Processor) -> None:
        processor.says(refused(400, "invalid_request_error", code="parameter_unknown", param="off_sesion"))

        with pytest.raises(stripe.InvalidRequestError):
            charge()

    def test_an_amount_beyond_the_processors_limit_is_declined(self, processor: Processor) -> None:
        processor.says(refused(400, "invalid_request_error", code="amount_too_large", param="amount"))

        assert charge() == Declined("amount_too_large")

    def test_a_card_that_is_gone_is_declined(self, processor: Processor) -> None:
        gone = refused(400, "invalid_request_error", code="resource_missing", param="payment_method")
        processor.says(gone, Says(200, {"object": "customer", "id": "cus_1"}))

        assert charge() == Declined("payment_method_unavailable")

    def test_where_the_customer_is_gone_too_the_key_is_for_another_account(self, processor: Processor) -> None:
        gone = refused(400, "invalid_request_error", code="resource_missing", param="payment_method")
        processor.says(gone, refused(404, "invalid_request_error", code="resource_missing", param="id"))

        with pytest.raises(stripe.InvalidRequestError):
            charge()


class TestAChangedCard:
    """The profile's card was changed while the charge was in progress: the key is refused with the new one."""

    def test_what_was_paid_with_the_old_one_is_paid(self, processor: Processor) -> None:
        processor.says(REUSED, searched(intent("succeeded", id="pi_old")))

        assert charge() == Charged("stripe", "pi_old")
        assert "charge_key" in processor.asked[1].path

    def test_what_was_declined_is_declined(self, processor: Processor) -> None:
        failed = intent("requires_payment_method", last_payment_error={"code": "expired_card"})
        processor.says(REUSED, searched(failed), Says(200, failed), Says(200, intent("canceled")))

        assert charge() == Declined("expired_card")

    def test_what_the_search_does_not_know_yet_is_among_the_newest(self, processor: Processor) -> None:
        other = intent("succeeded", key="inv_OTHER-1", id="pi_other")
        processor.says(REUSED, searched(), listing(other, intent("succeeded", id="pi_new")))

        assert charge() == Charged("stripe", "pi_new")
        assert "customer=cus_1" in processor.asked[2].path

    def test_what_is_nowhere_is_unknown_and_no_decline(self, processor: Processor) -> None:
        processor.says(REUSED, searched(), listing())

        with pytest.raises(OutcomeUnknown, match="another card"):
            charge()

    def test_what_is_under_way_is_unknown(self, processor: Processor) -> None:
        processor.says(REUSED, searched(intent("processing")), Says(200, intent("processing")))

        with pytest.raises(OutcomeUnknown):
            charge()


class TestFinding:
    NO_SEARCH = refused(400, "invalid_request_error")

    def test_of_several_the_paid_one_counts(self, processor: Processor) -> None:
        processor.says(searched(intent("canceled", id="pi_1"), intent("succeeded", id="pi_2")))

        assert StripePayments().find(key=KEY, customer="cus_1") == Charged("stripe", "pi_2")

    def test_a_key_nobody_asked_for_is_none(self, processor: Processor) -> None:
        processor.says(searched(), listing())

        assert StripePayments().find(key=KEY, customer="cus_1") is None

    def test_without_search_every_page_is_read(self, processor: Processor) -> None:
        others = [intent("succeeded", key=f"inv_{n}-1", id=f"pi_{n}") for n in range(100)]
        processor.says(self.NO_SEARCH, listing(*others, more=True), listing(intent("succeeded", id="pi_mine")))

        assert StripePayments().find(key=KEY, customer="cus_1") == Charged("stripe", "pi_mine")
        assert "starting_after=pi_99" in processor.asked[2].path

    def test_without_search_and_with_too_many_to_read_it_is_unknown(
        self, processor: Processor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stripe_lookups, "LISTED_WITHOUT_SEARCH", 2)
        others = [intent("succeeded", key=f"inv_{n}-1", id=f"pi_{n}") for n in range(2)]
        processor.says(self.NO_SEARCH, listing(*others, more=True))

        with pytest.raises(OutcomeUnknown, match="too many"):
            StripePayments().find(key=KEY, customer="cus_1")

    def test_with_search_only_the_newest_are_read(self, processor: Processor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stripe_lookups, "LISTED", 2)
        others = [intent("succeeded", key=f"inv_{n}-1", id=f"pi_{n}") for n in range(2)]
        processor.says(searched(), listing(*others, more=True))

        assert StripePayments().find(key=KEY, customer="cus_1") is None


class TestRefunds:
    NONE_YET = listing(url="/v1/refunds")

    def refund(self) -> Refunded | Declined:
        return StripePayments().refund(key="ref_1", reference="pi_1", amount=Money(1000, "USD"), purpose=PURPOSE)

    def test_a_refund_has_its_key(self, processor: Processor) -> None:
        processor.says(self.NONE_YET, Says(200, {"object": "refund", "id": "re_1", "status": "pending"}))

        assert self.refund() == Refunded("re_1")

        sent = processor.asked[1]
        assert sent.headers["Idempotency-Key"] == "ref_1"
        assert sent.form == {
            "payment_intent": "pi_1",
            "amount": "1000",
            "metadata[refund_key]": "ref_1",
            "metadata[charge]": PURPOSE.charge_id,
            "metadata[subject]": PURPOSE.subject,
            "metadata[payer]": PURPOSE.payer,
        }

    def test_a_refund_made_long_ago_is_not_made_again(self, processor: Processor) -> None:
        old = {"object": "refund", "id": "re_1", "status": "succeeded", "metadata": {"refund_key": "ref_1"}}
        processor.says(listing({**old, "id": "re_0", "metadata": {}}, old, url="/v1/refunds"))

        assert self.refund() == Refunded("re_1")
        assert len(processor.asked) == 1

    def test_one_behind_many_others_of_the_same_bill_is_found(self, processor: Processor) -> None:
        others = [{"object": "refund", "id": f"re_{n}", "status": "succeeded", "metadata": {}} for n in range(2)]
        mine = {"object": "refund", "id": "re_9", "status": "succeeded", "metadata": {"refund_key": "ref_1"}}
        processor.says(listing(*others, more=True, url="/v1/refunds"), listing(mine, url="/v1/refunds"))

        assert self.refund() == Refunded("re_9")
        assert "starting_after=re_1" in processor.asked[1].path

    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            ("succeeded", Refunded("re_1")),
            ("pending", Refunded("re_1")),
            ("requires_action", Refunded("re_1")),
            ("failed", Declined("lost_or_stolen_card")),
            ("canceled", Declined("lost_or_stolen_card")),
        ],
    )
    def test_what_became_of_one_is_asked_by_its_reference(
        self, processor: Processor, status: str, answer: Refunded | Declined
    ) -> None:
        processor.says(
            Says(200, {"object": "refund", "id": "re_1", "status": status, "failure_reason": "lost_or_stolen_card"})
        )

        assert StripePayments().find_refund(reference="re_1") == answer
        assert (processor.asked[0].method, processor.asked[0].path) == ("GET", "/v1/refunds/re_1")

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (refused(400, "invalid_request_error", code="charge_already_refunded"), "charge_already_refunded"),
            (refused(400, "invalid_request_error", param="amount"), "more_than_was_charged"),
            (refused(400, "invalid_request_error", code="charge_disputed"), "charge_disputed"),
            (Says(200, {"object": "refund", "id": "re_1", "status": "failed"}), "refund_failed"),
        ],
    )
    def test_what_can_not_be_given_back_is_declined(self, processor: Processor, answer: Says, code: str) -> None:
        processor.says(self.NONE_YET, answer)

        assert self.refund() == Declined(code)

    def test_a_lost_answer_is_unknown(self, processor: Processor) -> None:
        processor.says(self.NONE_YET, DROPPED, DROPPED)

        with pytest.raises(OutcomeUnknown):
            self.refund()

    def test_a_refunds_key_with_another_amount_is_a_fault_of_ours(self, processor: Processor) -> None:
        processor.says(self.NONE_YET, REUSED)

        with pytest.raises(ValueError, match="ref_1"):
            self.refund()


class TestDisputes:
    PAID = intent("succeeded", metadata={"charge_key": KEY, "charge": "inv_0001ABCDEF", "payer": "prt_1"})

    def find(self) -> Reported | None:
        return StripePayments().find_dispute(reference="du_1", now=NOW)

    def test_it_is_read_with_the_payment_it_is_about(self, processor: Processor) -> None:
        processor.says(Says(200, dispute("needs_response", payment_intent=self.PAID)))

        assert self.find() == Reported(
            processor="stripe",
            reference="du_1",
            payment="pi_1",
            payer="prt_1",
            charge_id="inv_0001ABCDEF",
            amount=Money(3920, "USD"),
            reason="fraudulent",
            status=DisputeStatus.OPEN,
            opened_at=NOW,
            evidence_due=NOW + timedelta(days=14),
        )
        [asked] = processor.asked
        assert (asked.method, asked.path) == ("GET", f"{DISPUTES}/du_1?expand%5B0%5D=payment_intent")

    @pytest.mark.parametrize(
        ("said", "status"),
        [
            ("warning_needs_response", "open"),
            ("warning_under_review", "open"),
            ("needs_response", "open"),
            ("under_review", "open"),
            ("a_status_of_the_future", "open"),
            ("won", "won"),
            ("warning_closed", "won"),
            ("prevented", "won"),
            ("lost", "lost"),
        ],
    )
    def test_it_is_open_won_or_lost(self, processor: Processor, said: str, status: str) -> None:
        processor.says(Says(200, dispute(said, payment_intent=self.PAID)))

        found = self.find()

        assert found is not None
        assert found.status == status

    @pytest.mark.parametrize(
        ("case_type", "moved", "status"),
        [
            pytest.param("block", (), "won", id="blocked with evidence: the money stays"),
            pytest.param("resolution", (), "lost", id="resolved by giving the money back"),
            pytest.param("resolution", (-3920,), "lost", id="withdrawn"),
            pytest.param("resolution", (-3920, 3920), "won", id="withdrawn and reinstated"),
            pytest.param(None, (-3920,), "lost", id="withdrawn, of no known type"),
        ],
    )
    def test_one_that_was_prevented_is_lost_if_the_cardholder_has_the_money(
        self, processor: Processor, case_type: str | None, moved: tuple[int, ...], status: str
    ) -> None:
        processor.says(Says(200, prevented(case_type, moved, payment_intent=self.PAID)))

        found = self.find()

        assert found is not None
        assert found.status == status

    def test_an_inquiry_can_be_answered_with_a_refund(self, processor: Processor) -> None:
        asked_only = dispute("warning_needs_response", payment_intent=self.PAID, is_charge_refundable=True)
        processor.says(Says(200, asked_only | {"evidence_details": {"due_by": None}}))

        found = self.find()

        assert found is not None
        assert (found.refundable, found.evidence_due) == (True, None)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(refused(404, "invalid_request_error", code="resource_missing"), id="no such dispute"),
            pytest.param(Says(200, dispute("lost", payment_intent=None)), id="of no payment intent"),
            pytest.param(Says(200, dispute("lost", payment_intent=intent("succeeded", key=""))), id="not ours"),
            pytest.param(
                Says(200, dispute("lost", payment_intent=intent("succeeded", metadata={"charge_key": "x-1"}))),
                id="of nobody",
            ),
        ],
    )
    def test_what_is_not_of_a_charge_of_ours_is_none(self, processor: Processor, answer: Says) -> None:
        processor.says(answer)

        assert self.find() is None

    def test_without_an_answer_nothing_is_known(self, processor: Processor) -> None:
        processor.says(DROPPED, DROPPED)

        with pytest.raises(OutcomeUnknown):
            self.find()


class TestListingCharges:
    def charged(
        self, id: str, *, refunded: int = 0, disputed: bool = False, status: str = "succeeded", **metadata: str
    ) -> dict[str, Any]:
        told = {"charge_key": f"inv_{id}-1", "payer": "prt_1"} | metadata
        charge = {"object": "charge", "id": f"ch_{id}", "amount_refunded": refunded, "disputed": disputed}
        return {
            "object": "payment_intent",
            "id": f"pi_{id}",
            "status": status,
            "amount_received": 3920,
            "currency": "usd",
            "metadata": told,
            "latest_charge": charge,
        }

    def listed(self, *customers: str, since: datetime | None = None) -> list[CardCharge]:
        return list(StripePayments().list_charges(payer="prt_1", customers=customers, since=since))

    def test_every_charge_of_ours_to_every_card_the_payer_has_or_had(self, processor: Processor) -> None:
        processor.says(
            listing(self.charged("A"), self.charged("B", status="canceled"), more=True),
            listing(self.charged("C")),
            listing(self.charged("D", payer="prt_2"), self.charged("E", charge_key=""), self.charged("F")),
        )

        found = self.listed("cus_1", "cus_2")

        usd = Money(3920, "USD")
        nothing = Money(0, "USD")
        assert found == [CardCharge(f"inv_{id}-1", f"pi_{id}", usd, nothing, nothing) for id in "ACF"]
        assert [asked.path.count("customer=cus_1") for asked in processor.asked] == [1, 1, 0]
        assert "starting_after=pi_B" in processor.asked[1].path

    def test_what_was_given_back_counts_but_for_what_failed(self, processor: Processor) -> None:
        refunds = [
            {"object": "refund", "id": f"re_{n}", "amount": amount, "status": status}
            for n, (amount, status) in enumerate([(500, "succeeded"), (300, "pending"), (100, "failed")])
        ]
        processor.says(listing(self.charged("A", refunded=900)), listing(*refunds, url="/v1/refunds"))

        (found,) = self.listed("cus_1")

        assert found.refunded == Money(800, "USD")

    @pytest.mark.parametrize(
        ("disputes", "lost"),
        [
            ([dispute("lost", amount=900), dispute("won", id="du_2", amount=500)], 900),
            ([dispute("under_review")], 0),
            ([prevented("resolution"), prevented("block")], 3_920),
            ([dispute("lost", amount=3_500, currency="eur")], 3_920),
        ],
        ids=["lost", "open", "prevented", "in another currency"],
    )
    def test_what_was_lost_in_disputes_counts(
        self, processor: Processor, disputes: list[dict[str, Any]], lost: int
    ) -> None:
        processor.says(listing(self.charged("A", disputed=True)), listing(*disputes, url=DISPUTES))

        (found,) = self.listed("cus_1")

        assert found.lost == Money(lost, "USD")
        assert "payment_intent=pi_A" in processor.asked[1].path

    def test_a_daily_look_goes_back_no_further_than_it_has_to(self, processor: Processor) -> None:
        processor.says(listing())

        assert self.listed("cus_1", since=NOW) == []
        assert f"={int(NOW.timestamp())}" in processor.asked[0].path

    def test_without_an_answer_there_is_no_list(self, processor: Processor) -> None:
        processor.says(listing(self.charged("A"), more=True), DROPPED, DROPPED)

        with pytest.raises(OutcomeUnknown):
            self.listed("cus_1")


class TestPuttingACardOnFile:
    def register(self) -> Any:
        return StripePayments().register(payment_method="pm_1", profile_id="bp_1", name="Bright")

    def test_a_customer_is_made_once_for_a_profile(self, processor: Processor) -> None:
        customer = Says(200, {"object": "customer", "id": "cus_1"})
        processor.says(customer, DROPPED, DROPPED, customer, DROPPED, DROPPED)

        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                self.register()

        keys = [asked.headers["Idempotency-Key"] for asked in processor.asked if asked.path == "/v1/customers"]
        assert len(keys) == 2
        assert len(set(keys)) == 1

    def test_only_cards_are_taken(self, processor: Processor) -> None:
        method = {"object": "payment_method", "id": "pm_1", "type": "sepa_debit"}
        processor.says(Says(200, {"object": "customer", "id": "cus_1"}), Says(200, method))

        with pytest.raises(PaymentMethodRefused, match="must be a card"):
            self.register()


class TestEnteringACard:
    """A card that its holder enters with Stripe, by a setup of ours."""

    SETUPS = "/v1/setup_intents"

    def setup(self, status: str = "succeeded", key: str = "setup_1") -> dict[str, Any]:
        return {
            "object": "setup_intent",
            "id": "seti_1",
            "status": status,
            "payment_method": "pm_1",
            "metadata": {"setup_key": key},
        }

    def register(self) -> Any:
        return StripePayments().register(
            payment_method="pm_1", profile_id="bp_1", name="Bright", customer="cus_1", set_up_here=True
        )

    def test_it_is_begun_once_for_a_key_for_cards_that_are_charged_without_their_holder(
        self, processor: Processor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", "pk_test_1")
        settings.cache_clear()
        processor.says(DROPPED, Says(200, self.setup("requires_payment_method") | {"client_secret": "seti_1_secret_x"}))

        assert StripePayments().begin_setup(key="setup_1") == CardSetup("seti_1_secret_x", "pk_test_1")

        lost, asked = processor.asked
        assert (asked.method, asked.path) == ("POST", self.SETUPS)
        assert lost.headers["Idempotency-Key"] == asked.headers["Idempotency-Key"] == "setup_1"
        assert asked.form == {
            "allowed_payment_method_types[0]": "card",
            "usage": "off_session",
            "metadata[setup_key]": "setup_1",
        }

    def test_without_an_answer_it_is_not_begun(self, processor: Processor) -> None:
        processor.says(DROPPED, DROPPED)

        with pytest.raises(OutcomeUnknown):
            StripePayments().begin_setup(key="setup_1")

    def test_a_card_with_a_setup_of_ours_is_attached_to_its_own_customer(self, processor: Processor) -> None:
        card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}
        processor.says(
            listing(self.setup("requires_action"), self.setup(), url=self.SETUPS),
            Says(200, {"object": "payment_method", "id": "pm_1", "type": "card", "card": card}),
        )

        assert self.register() == Registered(Card("visa", "4242", 12, 2034), "pm_1", "cus_1")

        looked_up, attached = processor.asked
        assert (looked_up.method, "payment_method=pm_1" in looked_up.path) == ("GET", True)
        assert (attached.path, attached.form) == ("/v1/payment_methods/pm_1/attach", {"customer": "cus_1"})

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param(None, id="none"),
            pytest.param({"status": "requires_action"}, id="not completed"),
            pytest.param({"metadata": {}}, id="of others"),
            pytest.param({"payment_method": "pm_2"}, id="of another card"),
        ],
    )
    def test_one_without_is_refused_and_touches_no_customer(
        self, processor: Processor, changes: dict[str, Any] | None
    ) -> None:
        found = [] if changes is None else [self.setup() | changes]
        processor.says(listing(*found, url=self.SETUPS))

        with pytest.raises(PaymentMethodRefused, match="entered on this site"):
            self.register()

        assert len(processor.asked) == 1

    def test_one_that_stripe_does_not_know_is_refused(self, processor: Processor) -> None:
        processor.says(refused(400, "invalid_request_error", code="resource_missing"))

        with pytest.raises(PaymentMethodRefused, match="entered on this site"):
            self.register()

    def test_one_that_belongs_to_another_customer_is_refused(self, processor: Processor) -> None:
        processor.says(listing(self.setup(), url=self.SETUPS), refused(400, "invalid_request_error"))

        with pytest.raises(PaymentMethodRefused, match="no other customer"):
            self.register()

    @pytest.mark.parametrize(
        ("stage", "key"), [("test", "pk_live_1"), ("prod", "pk_test_1"), ("test", "sk_test_1"), ("prod", "rk_live_1")]
    )
    def test_a_key_of_the_other_mode_or_a_secret_one_reaches_no_browser(
        self, processor: Processor, monkeypatch: pytest.MonkeyPatch, stage: str, key: str
    ) -> None:
        monkeypatch.setenv("STAGE", stage)
        monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", key)
        forget()

        with pytest.raises(ProcessorMisconfigured) as caught:
            processor_secrets.stripe_publishable_key()

        assert key not in str(caught.value)


class TestTheKey:
    def test_a_refused_key_is_told_without_the_key(self, processor: Processor) -> None:
        processor.says(refused(401, "invalid_request_error", message=f"Invalid API Key provided: {SECRET_KEY}"))

        with pytest.raises(ProcessorMisconfigured) as caught:
            charge()

        told = "".join(traceback.format_exception(caught.value))
        assert "/test/stripe-key" in told
        assert SECRET_KEY not in told

    def test_a_rolled_key_is_used_when_the_old_one_is_no_longer_cached(self, processor: Processor) -> None:
        processor.says(PAID, PAID)
        charge()

        keep_key("sk_test_new")
        parameters.clear_caches()
        charge()

        assert [asked.headers["Authorization"] for asked in processor.asked] == [
            f"Bearer {SECRET_KEY}",
            "Bearer sk_test_new",
        ]

    @pytest.mark.parametrize(("stage", "key"), [("test", "sk_live_1"), ("dev", "rk_live_1"), ("prod", "sk_test_1")])
    def test_a_key_for_the_other_mode_is_refused_unused(
        self, processor: Processor, monkeypatch: pytest.MonkeyPatch, stage: str, key: str
    ) -> None:
        keep_key(key)
        monkeypatch.setenv("STAGE", stage)
        forget()

        with pytest.raises(ProcessorMisconfigured, match="mode") as caught:
            charge()

        assert key not in str(caught.value)
        assert processor.asked == []


def test_a_profile_that_was_never_registered_is_not_asked_about(processor: Processor) -> None:
    unregistered = replace(PROFILE, customer=None)

    answer = StripePayments().charge(key=KEY, amount=Money(1, "USD"), profile=unregistered, purpose=PURPOSE)

    assert answer == Declined("billing_profile_not_registered")
    assert processor.asked == []


def test_the_package_is_not_imported_where_no_card_is_charged() -> None:
    code = "import app, sys; assert not [m for m in sys.modules if m.partition('.')[0] in ('stripe', 'requests')]"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_api_request_never_waits_for_longer_than_api_gateway() -> None:
    from chalicelib.gateways.stripe_client import _SDK_RETRIES, CONNECT_SECONDS, READ_SECONDS
    from chalicelib.services.charging.cards import _PATIENCE_SECONDS

    longest = (1 + _SDK_RETRIES) * (CONNECT_SECONDS + READ_SECONDS)

    assert _PATIENCE_SECONDS + longest < 28
