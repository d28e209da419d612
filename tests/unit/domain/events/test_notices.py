"""Who gets what: each event that somebody gets a mail about, each relationship and each payer (docs/rules.md §11)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Cancellation, ExpiryReason, PendingChange, Relationship, Status
from chalicelib.domain.calendar import Period
from chalicelib.domain.events import notices
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices import Kind, Notice, Reason
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.setup.branding import Branding
from tests.builders import NOW, agency, make_account, make_overdue, make_past_due, make_plan, make_trial, usd

NOTIFICATION, CLIENT, PARTNER = "ops@bright.example", "owner@acme.example", "books@bright.example"
LOG_IN = "https://acme.example.com"


def make_event(type: str, **overrides: Any) -> Event:
    fields: dict[str, Any] = {"id": "evt_1", "partner_id": "prt_1", "type": type, "at": NOW, "actor": "schedule:x"}
    return Event(**fields | overrides)


def make_partner(**overrides: Any) -> Partner:
    fields: dict[str, Any] = {
        "id": "prt_1",
        "name": "Bright Agency",
        "program": "agency",
        "email": PARTNER,
        "country": "US",
        "time_zone": "America/Chicago",
        "currency": "USD",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Partner(**fields | overrides)


def ended(reason: str) -> dict[str, Any]:
    return {"after": {"status": "expired", "expiry_reason": reason}}


DISPUTE = {"dispute_id": "disp_1", "status": "open", "currency": "USD", "amount": 4900, "taken_back": 0, "number": None}
EARNING = {
    "earning_id": "earn_1",
    "kind": "commission",
    "title": "Commission",
    "currency": "USD",
    "amount": 980,
    "held_because": "The payment of the invoice is disputed.",
}
REQUEST = {"management_request_id": "mreq_1", "status": "open", "expires_at": "2026-03-02T00:00:00Z"}
BILL = {"number": "000007", "currency": "USD", "total": 9800, "invoice_count": 2}
CONTRACT = {"invoice_id": "inv_1", "price": 1_200_000, "currency": "USD", "total": 1_200_000, "attempts": 1}
PAST_DUE = {"payment_state": "past_due", "retry_on": "2026-03-02"}

PARTNER_PAYS = make_account(relationship=Relationship.MANAGED, payer="prt_1")
CLIENT_PAYS = make_account(relationship=Relationship.MANAGED, payer="acct_1")
REFERRED = make_account(relationship=Relationship.REFERRED, payer="acct_1")
ACCOUNTS = [
    pytest.param(PARTNER_PAYS, id="managed, partner pays"),
    pytest.param(CLIENT_PAYS, id="managed, client pays"),
    pytest.param(REFERRED, id="referred, client pays"),
]

# To whom a notice goes: of an account its partner pays for, of a managed one its client pays for, of a referred one.
PAYMENT = (NOTIFICATION, CLIENT, CLIENT)
OTHER = (NOTIFICATION, NOTIFICATION, CLIENT)
PARTNERS_OWN = (PARTNER, PARTNER, PARTNER)

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
    ("bill.paid", {"data": {**BILL, "attempts": 1}}),
    ("prepaid.purchased", {}),
    ("earning.posted", {"data": {**EARNING, "held_because": None}}),
    ("earning.posted", {"data": {**EARNING, "kind": "reversal"}}),
    ("earning.released", {"data": EARNING}),
    ("api_key.created", {}),
    ("notice.bounced", {}),
]


def compose(event: Event, account: Account | None, **overrides: Any) -> Notice:
    about: dict[str, Any] = {"partner": make_partner(), "program": agency(), "branding": Branding(), "log_in": LOG_IN}
    return notices.compose(event, account=account, **{**about, "active_paid_accounts": 1, **overrides})


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
        assert notices.kind_of(make_event(type, **says)) is None

    def test_every_notice_is_in_the_table(self) -> None:
        assert {kind for _, _, kind, _ in TOLD} == set(Kind)

    @pytest.mark.parametrize(
        ("type", "says", "kind", "to"), [each for each in TOLD if each[2] not in notices.TO_BE_ANSWERED]
    )
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


class TestFacts:
    def facts(self, event: Event, account: Account | None = None) -> dict[str, Any]:
        return dict(compose(event, account).facts)

    def reminder_of(self, **overrides: Any) -> dict[str, Any]:
        return self.facts(make_event("account.renewal_upcoming"), make_account(**overrides))

    def test_a_reminder_names_the_plan_that_is_pending_and_its_price(self) -> None:
        cheaper = PendingChange(make_plan(tier="starter"), NOW)

        facts = self.reminder_of(pending_change=cheaper)

        assert (facts["plan"], facts["price"]) == ("Starter", usd(2900))

    @pytest.mark.parametrize(("cycles_left", "price"), [(1, 4410), (0, 4900)])
    def test_a_reminder_names_the_price_that_is_coming_not_the_last_one(self, cycles_left: int, price: int) -> None:
        facts = self.reminder_of(migrated_cycles=cycles_left, price=usd(4410))

        assert facts["price"] == usd(price)

    @pytest.mark.parametrize(("account", "price"), [(PARTNER_PAYS, 3675), (CLIENT_PAYS, 4900), (REFERRED, 4900)])
    def test_a_reminder_names_the_partners_price_at_its_tier_or_the_clients_list_price(
        self, account: Account, price: int
    ) -> None:
        notice = compose(make_event("account.renewal_upcoming"), account, active_paid_accounts=2)

        assert notice.facts["price"] == usd(price)

    def test_a_failed_payment_names_amount_and_next_try(self) -> None:
        account = make_past_due(overdue=make_overdue(total=usd(4900), first_declined_at=NOW))

        facts = self.facts(make_event("account.payment_failed", after={"payment_state": "past_due"}), account)

        assert facts["amount"] == usd(4900)
        assert facts["retry_on"] == date(2026, 2, 1)

    def test_a_payment_that_was_made_meanwhile_names_no_next_try(self) -> None:
        facts = self.facts(make_event("account.payment_failed", after={"payment_state": "past_due"}), make_account())

        assert "retry_on" not in facts

    def test_the_end_is_dated_where_the_account_is(self) -> None:
        account = make_account(
            status=Status.EXPIRED,
            time_zone="America/Chicago",
            expired_at=datetime(2026, 3, 1, 5, 59, tzinfo=UTC),
            expiry_reason=ExpiryReason.CANCELED,
        )

        assert self.facts(make_event("account.expired", **ended("canceled")), account)["ended_on"] == date(2026, 2, 28)

    @pytest.mark.parametrize(("taken_back", "amount"), [(0, 4900), (2000, 2000)])
    def test_a_dispute_names_what_was_taken_back_or_is_at_stake(self, taken_back: int, amount: int) -> None:
        facts = self.facts(make_event("dispute.lost", data={**DISPUTE, "taken_back": taken_back, "number": "000042"}))

        assert (facts["amount"], facts["number"]) == (usd(amount), "000042")

    def test_a_card_is_named_by_its_brand_and_last_digits(self) -> None:
        facts = self.facts(make_event("prepaid.used_up", data={"card": {"brand": "visa", "last4": "4242"}}))

        assert facts["card"] == "Visa •••• 4242"


RENEWAL = date(2026, 2, 28)  # of make_account's first period


class TestNews:
    """After an outage nobody is told of what is to come when it has been."""

    def is_news(self, event: Event, now: datetime, account: Account | None = None) -> bool:
        account = account or make_account()
        return notices.is_news(event, account=account, time_zone=account.time_zone, now=now)

    def reminder(self, type: str = "account.renewal_upcoming", day: date = RENEWAL, at: datetime = NOW) -> Event:
        return make_event(type, at=at, data={"date": day.isoformat()})

    @pytest.mark.parametrize(
        ("now", "is_news"),
        [
            pytest.param(datetime(2026, 2, 21, 0, 1, tzinfo=UTC), True, id="a week before"),
            pytest.param(datetime(2026, 2, 27, 23, 59, tzinfo=UTC), True, id="the minute before"),
            pytest.param(datetime(2026, 2, 28, 0, 0, tzinfo=UTC), False, id="on the day"),
            pytest.param(datetime(2026, 3, 3, 0, 0, tzinfo=UTC), False, id="days later"),
        ],
    )
    def test_a_reminder_is_news_until_its_day(self, now: datetime, is_news: bool) -> None:
        event = self.reminder(at=datetime(2026, 2, 21, tzinfo=UTC))

        assert self.is_news(event, now) is is_news

    def test_a_reminder_of_a_period_that_is_over_is_no_news(self) -> None:
        on = Period(start=RENEWAL, end=date(2026, 3, 31))

        assert not self.is_news(self.reminder(day=date(2026, 2, 28)), NOW, make_account(period=on))

    @pytest.mark.parametrize(("later", "is_news"), [(timedelta(seconds=1), False), (timedelta(0), True)])
    def test_what_befell_an_account_before_it_moved_is_not_told_to_who_has_it_now(
        self, later: timedelta, is_news: bool
    ) -> None:
        moved = make_account(moved_at=NOW + later)
        recovered = make_event("account.payment_recovered", after={"payment_state": "ok"})

        assert self.is_news(recovered, NOW + later, moved) is is_news
        assert self.is_news(self.reminder(), NOW + later, moved) is is_news

    def test_a_message_or_what_concerns_the_partner_itself_is_told_although_an_account_moved_since(self) -> None:
        moved = make_account(moved_at=NOW + timedelta(hours=1))

        for event in (make_event("account.message_sent"), make_event("prepaid.used_up"), make_event("dispute.lost")):
            assert self.is_news(event, NOW + timedelta(hours=1), moved)

    @pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.ARCHIVED])
    def test_an_account_that_renews_no_more_is_not_reminded(self, status: Status) -> None:
        assert not self.is_news(self.reminder(), NOW, make_account(status=status))

    @pytest.mark.parametrize(("day", "is_news"), [(RENEWAL, False), (RENEWAL + timedelta(days=1), True)])
    def test_nobody_is_reminded_of_a_renewal_that_a_cancellation_forestalls(self, day: date, is_news: bool) -> None:
        account = make_account(cancellation=Cancellation(reason=None, retain_data=True, effective_on=day))

        assert self.is_news(self.reminder(), NOW, account) is is_news

    def test_a_trial_that_was_paid_for_meanwhile_is_not_reminded_of_its_end(self) -> None:
        trial = make_trial()
        assert trial.period is not None
        event = self.reminder("account.trial_ending", day=trial.period.end)

        assert self.is_news(event, NOW, trial)
        assert not self.is_news(event, NOW, make_account())

    def test_prepaid_money_that_was_to_run_out_last_week_is_no_news(self) -> None:
        event = self.reminder("prepaid.running_out", day=date(2026, 2, 3))

        assert self.is_news(event, NOW)
        assert not self.is_news(event, NOW + timedelta(days=4))

    @pytest.mark.parametrize(("late", "is_news"), [(timedelta(days=14), True), (timedelta(days=14, seconds=1), False)])
    def test_what_happened_is_news_for_two_weeks(self, late: timedelta, is_news: bool) -> None:
        assert self.is_news(make_event("account.expired", **ended("canceled")), NOW + late) is is_news
