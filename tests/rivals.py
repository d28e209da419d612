"""What partners, operators and the platform ask for on the rows a worker run changes (docs/faults.md)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import Account, ProvisioningStatus, Relationship
from chalicelib.domain.accounts.payers import PartnerPays, moved
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.wallet.journal import CreditKind, EntryKind
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, add_ons, details, plan_changes, revivals, usage
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.billing import payment_retries, refunds, single_bills
from chalicelib.services.clients import self_service
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.setup import branding, custom_domains, provisioning
from chalicelib.services.transfers import management_requests
from chalicelib.services.wallet import account_credits, credit_packs, set_asides, top_ups
from tests.world import ACTOR, PLUS, World

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
ONCE_PAID = "pm_card_declinedOnRenewal"
OPERATOR = "operator"


@dataclass
class Stage:
    """A partner at the moment its worker is about to run, and the account that this is about."""

    world: World
    account_id: str

    def __post_init__(self) -> None:
        self.named = {"partner_id": self.world.partner_id, "now": self.world.now, "actor": ACTOR}
        self.of_account = self.named | {"account_id": self.account_id}

    @property
    def plan(self) -> PlanRequest:
        return STANDARD if self.world.program == "solutions" else PLUS

    @property
    def card(self) -> str:
        """The card that pays: the account's, or the Single Bill's."""
        account, bill = self.world.account(self.account_id), self.world.wallet.single_bill
        card = account.billing_profile_id or (bill.billing_profile_id if bill else None)
        return card or self.world.card()


Request = Callable[[Stage], Any]


def plan_change(plan: PlanRequest | None = None, **more: Any) -> Request:
    def ask(stage: Stage) -> None:
        wanted = plan or replace(stage.plan, **more)
        plan_changes.change_plan(
            request=plan_changes.PlanChangeRequest(
                wanted, billing_profile_id=stage.card if stage.world.account(stage.account_id).period is None else None
            ),
            **stage.of_account,
        )

    return ask


def pays(stage: Stage) -> None:
    """A trial begins to pay; any other account is refused."""
    wanted = plan_changes.PlanChangeRequest(stage.plan, billing_profile_id=stage.world.card())
    plan_changes.change_plan(request=wanted, **stage.of_account)


def add_on(on: bool) -> Request:
    return lambda stage: add_ons.change(request=add_ons.AddOnRequest("sms", on), **stage.of_account)


def changed(stage: Stage) -> None:
    wanted = details.DetailsRequest(notification_email="new@bright.example", metadata={"seen": "yes"})
    details.change_details(request=wanted, **stage.of_account)


def another_card(payment_method: str) -> Request:
    """The account is moved to another billing profile."""
    return lambda stage: details.change_details(
        request=details.DetailsRequest(billing_profile_id=stage.world.card(payment_method)), **stage.of_account
    )


def card_replaced(payment_method: str) -> Request:
    """The card that pays is replaced, and what it left unpaid is tried soon, as the route does."""

    def ask(stage: Stage) -> None:
        profile = billing_profiles.get_profile(partner_id=stage.world.partner_id, profile_id=stage.card)
        billing_profiles.update_profile(
            profile=profile, changes={"payment_method": payment_method}, now=stage.world.now, actor=ACTOR
        )
        for service in (payment_retries, single_bills):
            service.retry_soon(profile_id=profile.id, **stage.named)

    return ask


def card_deleted(stage: Stage) -> None:
    """All that uses the card is moved away, then it is deleted."""
    gone, other = stage.card, stage.world.card()
    for account_id in overview_rows.paid_by(stage.world.partner_id, gone):
        details.change_details(
            request=details.DetailsRequest(billing_profile_id=other), **stage.named | {"account_id": account_id}
        )
    if stage.world.wallet.single_bill is not None:
        single_bills.set_up_single_bill(day=None, billing_profile_id=other, **stage.named)
    billing_profiles.delete_profile(profile_id=gone, **stage.named)


def single_bill(*, day: int | None = None, card: str | None = None) -> Request:
    def ask(stage: Stage) -> None:
        profile = stage.world.card(card) if card else None if stage.world.wallet.single_bill else stage.world.card()
        single_bills.set_up_single_bill(day=day, billing_profile_id=profile, **stage.named)

    return ask


def bought(*, aside: bool = False) -> Request:
    def ask(stage: Stage) -> None:
        stage.world.buy(6_000, account_id=stage.account_id if aside else None)
        single_bills.retry_if_covered(**stage.named)

    return ask


def refunded(*, purchase: bool = False) -> Request:
    """An operator gives the account's last paid invoice back, or the partner's last purchase."""

    def ask(stage: Stage) -> None:
        named = {"payer": stage.world.partner_id, "now": stage.world.now, "actor": OPERATOR}
        named |= {"refund_id": "txn_RIVAL", "amount": 1_000}
        if purchase:
            entries = [e.id for e in stage.world.journal() if e.kind is EntryKind.PURCHASE]
            refunds.refund_purchase(purchase_id=entries[-1] if entries else "txn_NONE", **named)
        else:
            paid = [i.id for i in stage.world.invoices(stage.account_id) if i.status is InvoiceStatus.PAID]
            refunds.refund_invoice(invoice_id=paid[-1] if paid else "inv_NONE", **named)

    return ask


def allocated(stage: Stage) -> None:
    named = {"partner_id": stage.world.partner_id, "kind": CreditKind.SMS, "now": stage.world.now, "actor": OPERATOR}
    credit_packs.grant_credits(entry_id="txn_GRANTED", quantity=500, **named)
    account_credits.allocate_credits(entry_id="txn_GIVEN", account_id=stage.account_id, quantity=200, **named)


def used(stage: Stage) -> None:
    """The platform reports what the account used of its credits, and the partner takes back what is left."""
    allocated(stage)
    of_sms = {"account_id": stage.account_id, "kind": CreditKind.SMS, "now": stage.world.now}
    account_credits.report_use(report_id="use_RIVAL", quantity=50, at=None, actor=OPERATOR, **of_sms)
    account_credits.take_credits_back(entry_id="txn_LEFT", partner_id=stage.world.partner_id, actor=ACTOR, **of_sms)


def created(stage: Stage) -> None:
    """Another account of the same partner, on the bill if there is one."""
    on_bill = stage.world.wallet.single_bill is not None
    more: dict[str, Any] = {"single_bill": True, "billing_profile_id": None} if on_bill else {}
    stage.world.create(plan=stage.plan, **more)


def answered(said: ProvisioningStatus) -> Request:
    """The platform says by itself whether the account is ready."""
    return lambda stage: provisioning.record_answer(
        account_id=stage.account_id, status=said, reason="No room.", now=stage.world.now, actor=OPERATOR
    )


def reported(stage: Stage) -> None:
    usage.report(account_id=stage.account_id, contacts=700, limits={}, at=None, now=stage.world.now, actor=OPERATOR)


def default_card(stage: Stage) -> None:
    profile = billing_profiles.get_profile(partner_id=stage.world.partner_id, profile_id=stage.card)
    billing_profiles.update_profile(profile=profile, changes={"default": True}, now=stage.world.now, actor=ACTOR)


def clients(ask: Callable[[Account, datetime], Any]) -> Request:
    """The client asks for it, by its session; refused unless it pays."""

    def asked(stage: Stage) -> None:
        ask(stage.world.account(stage.account_id), stage.world.now)

    return asked


def clients_plan(**more: Any) -> Request:
    wanted = plan_changes.PlanChangeRequest(replace(PLUS, **more))
    return clients(lambda account, now: self_service.change_plan(account, request=wanted, now=now))


def clients_card(payment_method: str) -> Request:
    return clients(
        lambda account, now: self_service.set_payment_method(account, payment_method=payment_method, now=now)
    )


def permission_asked(stage: Stage) -> None:
    management_requests.request_permission(request_id="mreq_RIVAL", base_url="https://api.example", **stage.of_account)


def permission_confirmed(stage: Stage) -> None:
    permission_asked(stage)
    management_requests.answer(
        account_id=stage.account_id, request_id="mreq_RIVAL", decision=Decision.CONFIRM, now=stage.world.now
    )


CLIENTS_REQUESTS: dict[str, Request] = {
    "client: permission confirmed": permission_confirmed,
    "client: permission ended": clients(
        lambda account, now: management_requests.end_permission(account_id=account.id, now=now)
    ),
    "client: trial pays, or nothing changes": clients_plan(),
    "client: upgrade": clients_plan(contacts=2500),
    "client: downgrade": clients_plan(contacts=500),
    "client: monthly to annual": clients_plan(billing_frequency=Frequency.ANNUAL),
    "client: add-on on": clients(
        lambda account, now: self_service.change_add_on(account, request=add_ons.AddOnRequest("sms", True), now=now)
    ),
    "client: cancel": clients(
        lambda account, now: self_service.cancel(account, reason=None, retain_data=True, effective_date=None, now=now)
    ),
    "client: renew": clients(
        lambda account, now: self_service.renew(account, request=revivals.RevivalRequest(request_id="req_C"), now=now)
    ),
    "client: card replaced": clients_card("pm_card_visa"),
    "client: card replaced, declined": clients_card("pm_card_chargeDeclined"),
    "client: retry-payment": clients(lambda account, now: self_service.retry_payment(account, now=now)),
}
"""What the client of an account that pays for itself asks for; its partner is refused nearly all the others."""


def moved_to(*, house: bool) -> Request:
    """The account moves: to another partner, which pays, or to the house, and its client pays."""

    def ask(stage: Stage) -> None:
        world = World(now=stage.world.now, program=stage.world.program)
        to = partners.house_of(world.program, now=world.now, actor=OPERATOR).id if house else world.partner_id
        pays = None if house else PartnerPays(world.card())

        def attempt() -> None:
            before = account_rows.get(stage.account_id)
            assert before is not None
            bill = wallet_rows.get_or_new(before.payer, currency=before.currency).single_bill
            referred = Relationship.REFERRED if house else Relationship.MANAGED
            after = moved(before, partner_id=to, relationship=referred, pays=pays, bill=bill, now=world.now)
            change = Transition(before, after, "account.payer_changed")
            write_transition(change, program=program(world.program), now=world.now, actor=OPERATOR)

        transactions.retry(attempt, busy="Others kept changing the account.")

    return ask


PAYER_CHANGES: dict[str, Request] = {
    "taken over": another_card("pm_card_visa"),
    "taken over onto the bill": lambda stage: single_bills.put_account_on_bill(**stage.of_account),
    "moved to another partner": moved_to(house=False),
    "moved to the house": moved_to(house=True),
}
"""After these somebody else pays for the account; before some of them its client has to pay."""

REQUESTS: dict[str, Request] = {
    "PATCH account": changed,
    "another card": another_card("pm_card_visa"),
    "another card, declined": another_card("pm_card_chargeDeclined"),
    "upgrade": plan_change(contacts=2500),
    "downgrade": plan_change(contacts=500),
    "monthly to annual": plan_change(billing_frequency=Frequency.ANNUAL),
    "pending change withdrawn": lambda stage: plan_changes.withdraw(**stage.of_account),
    "trial pays": pays,
    "add-on on": add_on(True),
    "add-on off": add_on(False),
    "cancel": lambda stage: stage.world.cancel(stage.account_id),
    "cancel on a date": lambda stage: stage.world.cancel(
        stage.account_id, effective_date=(stage.world.now + timedelta(days=3)).date()
    ),
    "renew": lambda stage: revivals.renew(request=revivals.RevivalRequest(request_id="req_RIVAL"), **stage.of_account),
    "disable": lambda stage: accounts.disable_account(message="Call us.", **stage.of_account),
    "enable": lambda stage: accounts.enable_account(**stage.of_account),
    "retry-payment": lambda stage: payment_retries.retry_payment(**stage.of_account),
    "join the bill": lambda stage: single_bills.put_account_on_bill(**stage.of_account),
    "leave the bill": lambda stage: single_bills.take_account_off_bill(**stage.of_account),
    "bill day changed": single_bill(day=20),
    "bill card changed": single_bill(card="pm_card_visa"),
    "card replaced": card_replaced("pm_card_visa"),
    "card replaced, declined": card_replaced("pm_card_chargeDeclined"),
    "card deleted": card_deleted,
    "card made default": default_card,
    "set aside": lambda stage: set_asides.set_money_aside(entry_id="txn_ASIDE", amount=500, **stage.of_account),
    "taken back": lambda stage: set_asides.take_money_back(entry_id="txn_BACK", **stage.of_account),
    "purchase": bought(),
    "purchase set aside": bought(aside=True),
    "top-up on": lambda stage: stage.world.top_up(3_000, 5_000),
    "top-up off": lambda stage: top_ups.turn_off_top_up(**stage.named),
    "credits allocated": allocated,
    "credits used and taken back": used,
    "invoice refunded": refunded(),
    "purchase refunded": refunded(purchase=True),
    "account created": created,
    "platform: ready": answered(ProvisioningStatus.READY),
    "platform: failed": answered(ProvisioningStatus.FAILED),
    "usage reported": reported,
    "branding": lambda stage: branding.set_branding(branding=Branding(product_name="Bright"), **stage.of_account),
    "domain set": lambda stage: custom_domains.set_domain(domain="mail.acme.example", **stage.of_account),
    "domain removed": lambda stage: custom_domains.remove_domain(**stage.of_account),
    "permission asked for": permission_asked,
    "the same run": lambda stage: stage.world.run_schedules(),
}
