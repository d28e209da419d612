"""The form behind an invite link, for browsers. These routes need no API key."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import idempotency, parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.referrals.invitations import InvitationShape
from chalicelib.api.bodies.referrals.sign_ups import SignUp
from chalicelib.api.call import Call
from chalicelib.api.countries import COUNTRY_CODES
from chalicelib.api.pages import forms, log_ins, offers, sign_up
from chalicelib.api.pages.clients import minutes_of
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.sign_up import Choice, Entries
from chalicelib.api.pages.site import FORM_OVER, Fault, Site, site_of
from chalicelib.api.pages.texts import wished_language
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import status_of
from chalicelib.api.routes import Routes
from chalicelib.domain import ids
from chalicelib.domain.accounts import names as account_names
from chalicelib.domain.clients import passwords
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.referrals.trials import TrialUsed
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal
from chalicelib.services.accounts.names import NameTaken
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.clients.looks import Look
from chalicelib.services.clients.sessions import Session
from chalicelib.services.referrals import invite_links, sign_ups
from chalicelib.services.referrals.sign_ups import SignedUpBefore

routes = Routes(Blueprint(__name__), tag="sign-ups")

_OF_FIELDS = {
    "name": "fault_name",
    "client.name": "fault_client_name",
    "client.email": "email_wrong",
    "country": "fault_country",
    "time_zone": "fault_time_zone",
    "password": "weak_password",
    "payment_method": "card_refused",
}
"""What is said of a fault in a field. All others are in the plan."""


@routes.get(
    "/public/invites/{pn}/{choice}",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The form to sign up, behind an invite link",
)
def open_sign_up_form(call: Call, pn: str, choice: str) -> Answer:
    """The form for the trial, or for a plan; `choice` is as on the page of the invite link."""
    site = site_of(call, "", Look())
    try:
        invitation, partner = _invitation(call, pn)
        chosen = _chosen(invitation, choice)
    except NotFound as refusal:
        return sign_up.nowhere(call, site, refusal)
    return sign_up.form(site, invitation, chosen, _likely(call, partner))


@routes.post(
    "/public/invites/{pn}/{choice}",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form to sign up",
    refusals=(402, 403, 409, 422, 429, 503),
)
def send_sign_up_form(call: Call, pn: str, choice: str) -> Answer:
    """Signs up, like `POST /public/sign-ups`. A form that is sent twice opens one account."""
    site = site_of(call, "", Look())
    try:
        invitation, partner = _invitation(call, pn)
        chosen = _chosen(invitation, choice)
    except NotFound as refusal:
        return sign_up.nowhere(call, site, refusal)
    try:
        fields = forms.fields_of(call, action=sign_up.action(invitation, chosen))
    except NotOurForm:
        return sign_up.form(site, invitation, chosen, _likely(call, partner), faults=[FORM_OVER])
    try:
        session = _sign_up(call, invitation, chosen, fields)
    except Faults as faults:
        return _again(site, invitation, chosen, fields, [error.field for error in faults.errors])
    except Invalid as refusal:
        return _again(site, invitation, chosen, fields, [field for field, _ in refusal.errors])
    except Refusal as refusal:
        return sign_up.form(site, invitation, chosen, _kept(fields, refusal), faults=[_fault(refusal)])
    name = session.account.name
    return sign_up.signed_up(
        site_of(call, name, Look()),
        session,
        product_url=log_ins.product_url(call, session),
        settings_url=log_ins.address(call, name, log_ins.SETTINGS),
        headers=log_ins.session_cookie(call, session),
    )


def _invitation(call: Call, pn: str) -> tuple[InvitationShape, Partner]:
    found = invite_links.get_invitation(pn, now=call.now)
    return InvitationShape.of(found), found.partner


def _chosen(invitation: InvitationShape, code: str) -> Choice:
    for choice in sign_up.choices(invitation):
        if choice.code == code.lower():
            return choice
    raise NotFound.of("offer", code)


def _sign_up(call: Call, invitation: InvitationShape, choice: Choice, fields: Mapping[str, str]) -> Session:
    """Raises :class:`Faults`, and what :func:`sign_ups.sign_up` raises."""
    body = parsing.from_body(SignUp, _body(call, invitation, choice, fields))
    content = idempotency.content_mark(body.model_dump(mode="json"))
    account_id = ids.derived_id("acct", "sign-up form", fields.get("request", ""), content)
    return sign_ups.sign_up(account_id=account_id, request=body.wanted(), source=call.source, now=call.now)


def _body(call: Call, invitation: InvitationShape, choice: Choice, fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the form as the body of `POST /public/sign-ups`."""
    offer = choice.offer
    plan: dict[str, Any] = {"pricing_version": offer.pricing_version, "product": offer.product, "tier": offer.tier}
    body: dict[str, Any] = {
        "pn": invitation.pn,
        "account": {
            "name": fields.get("name", "").strip().lower(),
            "client": {"name": fields.get("client_name", ""), "email": fields.get("email", "").strip()},
            "country": fields.get("country", ""),
            "language": wished_language(call.headers.get("Accept-Language")),
            "time_zone": fields.get("time_zone", ""),
            "plan": plan,
        },
        "password": fields.get("password", ""),
    }
    if attribution := fields.get("attribution"):
        body["attribution"] = attribution
    if choice.plan is None:
        return body
    body["payment_method"] = fields.get("payment_method", "")
    if size := offers.size_of(fields.get("size", "")):
        plan |= {"contacts": size.contacts, "billing_frequency": size.frequency}
        if size.price is not None:
            body["expect_due_today"] = size.price
    return body


def _likely(call: Call, partner: Partner) -> Entries:
    """The entries of an empty form: the country of the browser's language, or else where the partner is."""
    country = wished_language(call.headers.get("Accept-Language")).partition("-")[2]
    return Entries(
        country=country if country in COUNTRY_CODES else partner.country,
        time_zone=partner.time_zone,
        request_id=_new_request(),
    )


def _again(
    site: Site, invitation: InvitationShape, choice: Choice, fields: Mapping[str, str], found: Sequence[str]
) -> Answer:
    """The form with what was entered, and everything that is wrong with it, by the fields of the body."""
    places = [*(place.removeprefix("account.") for place in found), *_wrong_by_rules(fields)]
    said = dict.fromkeys(_OF_FIELDS.get(place, "fault_plan") for place in places)
    kept = {name: value for name, value in fields.items() if name not in places}
    return sign_up.form(site, invitation, choice, _entries(kept), faults=[Fault(text, 422) for text in said])


def _wrong_by_rules(fields: Mapping[str, str]) -> Iterator[str]:
    """The fields that the rules refuse, whatever is wrong with others."""
    name = fields.get("name", "").strip().lower()
    if account_names.fault(name):
        yield "name"
    if passwords.fault(fields.get("password", ""), account_name=name):
        yield "password"


def _kept(fields: Mapping[str, str], refusal: Refusal) -> Entries:
    """What stays in the form after a refusal: no card that is with the processor's customer of an account that was not
    opened. What may still come about keeps its id.
    """
    if isinstance(refusal, CardDeclined | QuoteChanged):
        fields = {name: value for name, value in fields.items() if name != "payment_method"}
    return _entries(fields, same_request=refusal.kind.is_transient)


def _entries(fields: Mapping[str, str], *, same_request: bool = False) -> Entries:
    return Entries(
        country=fields.get("country", ""),
        time_zone=fields.get("time_zone", ""),
        request_id=fields.get("request", "") if same_request else _new_request(),
        fields=fields,
        guessed=False,
    )


def _new_request() -> str:
    return secrets.token_urlsafe(16)


def _fault(refusal: Refusal) -> Fault:
    """What is said of a refusal."""
    status = status_of(refusal)
    match refusal:
        case NameTaken():
            free = refusal.extra.get("suggestions")
            names = ", ".join(map(str, free)) if isinstance(free, list) else ""
            return Fault("name_taken_free", status, {"names": names}) if names else Fault("name_taken", status)
        case TooManyTries():
            minutes = minutes_of(refusal.retry_after or 60)
            return Fault("too_many_sign_ups", status, {"minutes": str(minutes)})
        case TrialUsed():
            return Fault("trial_used", status)
        case CardDeclined():
            return Fault("sign_up_declined", status)
        case QuoteChanged():
            return Fault("price_changed", status)
        case SignedUpBefore() | KeyReused():
            return Fault("signed_up_before", status)
        case ChargeOutcomeUnknown():
            return Fault("payment_unknown", status)
        case _ if refusal.kind.is_transient:
            return Fault("try_again", status)
    raise refusal
