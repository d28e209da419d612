"""Who gets what: each event that somebody gets a mail about, each relationship and each payer (docs/rules.md §11)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.events.notices.kinds import ABOUT_A_PERSON, TO_BE_ANSWERED, Kind, kind_of
from chalicelib.domain.events.notices.recipients import Reason
from chalicelib.domain.setup.branding import Branding
from tests.notices import (
    BILL,
    CLIENT,
    CLIENT_PAYS,
    CONTRACT,
    DISPUTE,
    EARNING,
    LOG_IN,
    NOTIFICATION,
    PARTNER,
    PARTNER_PAYS,
    PAYOUT,
    REFERRED,
    REQUEST,
    compose,
    ended,
    make_event,
)

ACCOUNTS = [
    pytest.param(PARTNER_PAYS, id="managed, partner pays"),
    pytest.param(CLIENT_PAYS, id="managed, client pays"),
    pytest.param(REFERRED, id="referred, client pays"),
]

# To whom a notice goes: of an account its partner pays for, of a managed one its client pays for, of a referred one.
PAYMENT = (NOTIFICATION, CLIENT, CLIENT)
OTHER = (NOTIFICATION, NOTIFICATION, CLIENT)
PARTNERS_OWN = (PARTNER, PARTNER, PARTNER)

PAST_DUE = {"payment_state": "past_due", "retry_on": "2026-03-02"}
TRANSFER = {"transfer_id": "xfer_1", "direction": "in", "account": "acme", "email": "owner@acme.example"}

TOLD = [
    # event, what it says, notice, to whom
    ("account.renewal_upcoming", {"data": {"date": "2026-02-28"}}, Kind.RENEWAL_UPCOMING, PAYMENT),
    ("account.payment_failed", {"after": {"payment_state": "past_due"}}, Kind.PAYMENT_FAILED, PAYMENT),
    ("account.payment_recovered", {"after": {"payment_state": "ok"}}, Kind.PAYMENT_RECOVERED, PAYMENT),
    ("account.expired", ended("non_payment"), Kind.ACCOUNT_EXPIRED_UNPAID, PAYMENT),
    ("account.trial_ending", {"data": {"date": "2026-02-14"}}, Kind.TRIAL_ENDING, OTHER),
    ("account.expired", ended("trial"), Kind.TRIAL_EXPIRED, OTHER),
    ("account.expired", ended("canceled"), Kind.ACCOUNT_EXPIRED, OTHER),
    ("account.message_sent", {"data": {"message_id": "msg_1"}}, Kind.MESSAGE, OTHER),
    ("account.password_changed", {"data": {"by": "reset"}}, Kind.PASSWORD_CHANGED, PAYMENT),
    ("account.archived", {"after": {"status": "archived"}}, Kind.ACCOUNT_ARCHIVED, OTHER),
    ("billing_profile.card_expiring", {"data": {"expires": "2026-03-31"}}, Kind.CARD_EXPIRING, PARTNERS_OWN),
    (
        "billing_profile.card_expiring",
        {"partner_id": "acct_1", "data": {"expires": "2026-03-31"}},  # the card of the client, who pays
        Kind.CARD_EXPIRING,
        (CLIENT, CLIENT, CLIENT),
    ),
    ("dispute.opened", {"data": DISPUTE}, Kind.DISPUTE_OPENED, PARTNERS_OWN),
    ("dispute.lost", {"data": DISPUTE}, Kind.DISPUTE_LOST, PARTNERS_OWN),
    ("dispute.opened", {"partner_id": "acct_1", "data": DISPUTE}, Kind.DISPUTE_OPENED, (CLIENT, CLIENT, CLIENT)),
    ("dispute.lost", {"partner_id": "acct_1", "data": DISPUTE}, Kind.DISPUTE_LOST, (CLIENT, CLIENT, CLIENT)),
    ("prepaid.running_out", {"data": {"date": "2026-02-28"}}, Kind.PREPAID_RUNNING_OUT, PARTNERS_OWN),
    (
        "prepaid.running_out",
        {"data": {"date": "2026-02-28", "single_bill": True}},
        Kind.PREPAID_RUNNING_OUT_ON_BILL,
        PARTNERS_OWN,
    ),
    ("prepaid.used_up", {"data": {"balance": 0, "single_bill": True}}, Kind.PREPAID_USED_UP_ON_BILL, PARTNERS_OWN),
    ("prepaid.used_up", {"data": {"balance": 0, "currency": "USD"}}, Kind.PREPAID_USED_UP, PARTNERS_OWN),
    ("credits.low", {"data": {"credit": "sms", "credits_left": 3}}, Kind.CREDITS_LOW, PARTNERS_OWN),
    ("bill.payment_failed", {"data": {**BILL, "attempts": 1}}, Kind.BILL_PAYMENT_FAILED, PARTNERS_OWN),
    ("bill.paid", {"data": {**BILL, "attempts": 2}}, Kind.BILL_PAYMENT_RECOVERED, PARTNERS_OWN),
    ("contract.payment_failed", {"data": CONTRACT, "after": PAST_DUE}, Kind.CONTRACT_PAYMENT_FAILED, PARTNERS_OWN),
    ("contract.payment_failed", {"data": CONTRACT, "after": {"retry_on": None}}, Kind.CONTRACT_UNPAID, PARTNERS_OWN),
    ("contract.payment_recovered", {"data": CONTRACT}, Kind.CONTRACT_PAYMENT_RECOVERED, PARTNERS_OWN),
    ("webhook.disabled", {"after": {"disabled_reason": "failing"}}, Kind.WEBHOOK_DISABLED, PARTNERS_OWN),
    ("earning.held", {"data": EARNING}, Kind.EARNING_HELD, PARTNERS_OWN),
    ("earning.posted", {"data": EARNING}, Kind.EARNING_HELD, PARTNERS_OWN),
    ("earnings.paypal_changed", {"data": {"paypal_email": "new@bright.example"}}, Kind.PAYPAL_CHANGED, PARTNERS_OWN),
    (
        "earnings.paypal_changed",
        {"before": {"paypal_email": "old@bright.example"}, "data": {"paypal_email": None}},
        Kind.PAYPAL_CHANGED,
        ("old@bright.example",) * 3,
    ),
    ("payout.sent", {"data": PAYOUT}, Kind.PAYOUT_SENT, PARTNERS_OWN),
    ("payout.paid", {"before": {"status": "held"}, "data": PAYOUT}, Kind.PAYOUT_PAID, PARTNERS_OWN),
    ("payout.paid", {"before": {"status": "unclaimed"}, "data": PAYOUT}, Kind.PAYOUT_PAID, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "below_minimum"}}, Kind.PAYOUT_CARRIED_OVER, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "no_address"}}, Kind.PAYOUT_CARRIED_OVER, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "new_address"}}, Kind.PAYOUT_CARRIED_OVER, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "owed"}}, Kind.PAYOUT_CARRIED_OVER, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "suspended"}}, Kind.PAYOUT_HELD, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "shared_address"}}, Kind.PAYOUT_HELD, PARTNERS_OWN),
    ("payout.held", {"data": {**PAYOUT, "cause": "failed_before"}}, Kind.PAYOUT_HELD, PARTNERS_OWN),
    ("payout.unclaimed", {"data": PAYOUT}, Kind.PAYOUT_UNCLAIMED, PARTNERS_OWN),
    ("payout.returned", {"data": PAYOUT}, Kind.PAYOUT_RETURNED, PARTNERS_OWN),
    ("payout.failed", {"data": PAYOUT}, Kind.PAYOUT_FAILED, PARTNERS_OWN),
    ("payout.reversed", {"data": PAYOUT}, Kind.PAYOUT_REVERSED, PARTNERS_OWN),
    ("transfer.confirmed", {"data": TRANSFER}, Kind.TRANSFER_CONFIRMED, PARTNERS_OWN),
    ("transfer.declined", {"data": TRANSFER}, Kind.TRANSFER_DECLINED, PARTNERS_OWN),
    ("transfer.rejected", {"data": TRANSFER, "after": {"reason": "No."}}, Kind.TRANSFER_REJECTED, PARTNERS_OWN),
    ("transfer.lapsed", {"data": TRANSFER}, Kind.TRANSFER_LAPSED, PARTNERS_OWN),
    ("transfer.completed", {"data": TRANSFER}, Kind.TRANSFER_COMPLETED_IN, PARTNERS_OWN),
    ("transfer.completed", {"data": {**TRANSFER, "direction": "out"}}, Kind.TRANSFER_COMPLETED_OUT, PARTNERS_OWN),
    ("account.moved_away", {"data": {"name": "acme"}}, Kind.ACCOUNT_MOVED_AWAY, PARTNERS_OWN),
    ("management_request.created", {"data": REQUEST}, Kind.PERMISSION_ASKED, (CLIENT, CLIENT, CLIENT)),
    ("management_request.declined", {"data": REQUEST}, Kind.PERMISSION_DECLINED, PARTNERS_OWN),
    ("management_request.lapsed", {"data": REQUEST}, Kind.PERMISSION_LAPSED, PARTNERS_OWN),
    ("account.permission_granted", {"after": {"relationship": "managed"}}, Kind.PERMISSION_GRANTED, PARTNERS_OWN),
    ("account.permission_ended", {"after": {"relationship": "referred"}}, Kind.PERMISSION_ENDED, PARTNERS_OWN),
]
GOES_TO = [
    pytest.param(type, says, kind, account.values[0], to[place], id=f"{kind}, {account.id}")
    for type, says, kind, to in TOLD
    for place, account in enumerate(ACCOUNTS)
]

UNTOLD = [
    ("dispute.opened", {"data": {**DISPUTE, "status": "lost"}}),  # over when it was heard of
    ("dispute.won", {"data": {**DISPUTE, "status": "won"}}),
    ("account.created", {}),
    ("management_request.confirmed", {"data": REQUEST}),  # the account's own event is told
    ("management_request.withdrawn", {"data": REQUEST}),
    ("transfer.filed", {"data": TRANSFER}),  # the partner has just asked for it
    ("transfer.plan_given", {"data": TRANSFER}),
    ("transfer.withdrawn", {"data": TRANSFER}),
    ("account.moved", {}),  # the transfer's own event is told
    ("webhook.disabled", {"after": {"disabled_reason": "by_request"}}),
    ("account.renewed", {}),
    ("account.canceled", {}),
    ("account.plan_changed", {}),
    ("account.updated", {}),
    ("account.payment_failed", {"after": {}}),  # a retry that failed as well
    ("invoice.paid", {}),
    ("invoice.payment_failed", {}),
    ("invoice.uncollectible", {}),
    ("bill.payment_failed", {"data": {**BILL, "attempts": 2}}),
    ("contract.payment_failed", {"data": CONTRACT, "after": {"retry_on": "2026-03-04"}}),
    ("contract.payment_failed", {"data": CONTRACT}),
    ("bill.paid", {"data": {**BILL, "attempts": 1}}),
    ("prepaid.purchased", {}),
    ("earning.posted", {"data": {**EARNING, "held_because": None}}),
    ("earning.posted", {"data": {**EARNING, "kind": "reversal"}}),
    ("earning.released", {"data": EARNING}),
    ("payout.paid", {"before": {"status": "sent"}, "data": PAYOUT}),  # it was told when it was sent
    ("payout.scheduled", {"data": PAYOUT}),
    ("payout.waiting_for_operator", {"data": PAYOUT}),
    ("payout.undecided", {"data": PAYOUT}),  # an operator decides
    ("api_key.created", {}),
    ("notice.bounced", {}),
    ("member.invited", {}),  # the invitation is a mail of its own
    ("member.joined", {}),
    ("member.invitation_withdrawn", {}),
]


class TestWhoGetsWhat:
    @pytest.mark.parametrize(("type", "says", "kind", "account", "to"), GOES_TO)
    def test_it_goes_to_whom_it_should(
        self, type: str, says: dict[str, Any], kind: Kind, account: Account, to: str
    ) -> None:
        notice = compose(make_event(type, **says), account)

        assert notice.kind is kind
        assert notice.recipient.address == to

    @pytest.mark.parametrize(("type", "says"), UNTOLD)
    def test_nobody_gets_a_mail_about_the_rest(self, type: str, says: dict[str, Any]) -> None:
        assert kind_of(make_event(type, **says)) is None

    def test_every_notice_is_in_the_table(self) -> None:
        assert {kind for _, _, kind, _ in TOLD} == set(Kind) - ABOUT_A_PERSON  # those are in test_people.py

    @pytest.mark.parametrize(("type", "says", "kind", "to"), [each for each in TOLD if each[2] not in TO_BE_ANSWERED])
    def test_the_client_of_an_account_its_partner_pays_for_gets_none(
        self, type: str, says: dict[str, Any], kind: Kind, to: tuple[str, ...]
    ) -> None:
        event = replace(make_event(type, **says), partner_id="prt_1")

        assert compose(event, PARTNER_PAYS).recipient.address != CLIENT

    @pytest.mark.parametrize(
        ("account", "reason", "log_in"),
        [
            (PARTNER_PAYS, Reason.MANAGED, None),
            (CLIENT_PAYS, Reason.PAYER, LOG_IN),
            (REFERRED, Reason.CLIENT, LOG_IN),
        ],
    )
    def test_only_a_client_gets_a_link_to_its_log_in(
        self, account: Account, reason: Reason, log_in: str | None
    ) -> None:
        notice = compose(make_event("account.payment_failed", after={"payment_state": "past_due"}), account)

        assert (notice.recipient.reason, notice.log_in) == (reason, log_in)
        assert ("client" in notice.facts) is (log_in is None), "the name a stranger signs up with reaches no address"

    def test_a_client_who_is_asked_something_gets_the_link_to_answer_instead_and_until_when(self) -> None:
        asked = make_event("management_request.created", data=REQUEST)

        notice = compose(asked, REFERRED, answer_at="https://api.example/answer")

        assert (notice.log_in, notice.answer_at) == (None, "https://api.example/answer")
        assert notice.facts["answer_by"] == date(2026, 3, 1)

    def test_an_account_is_written_to_in_its_language_and_branding_a_partner_in_english_and_plain(self) -> None:
        account, branding = replace(CLIENT_PAYS, language="de"), Branding(product_name="Bright Mail")
        card = make_event("billing_profile.card_expiring", data={"expires": "2026-03-31"})

        own = compose(make_event("account.archived"), account, branding=branding)
        clients = compose(replace(card, partner_id="acct_1"), account, branding=branding)
        partners = compose(make_event("prepaid.used_up"), account, branding=branding)

        assert (own.recipient.language, own.branding.product_name) == ("de", "Bright Mail")
        assert (clients.recipient.language, clients.branding.product_name) == ("de", "Bright Mail")
        assert (partners.recipient.language, partners.branding.product_name) == ("en", None)
