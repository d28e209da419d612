"""The card of a client who pays, and the retry of a payment, on the pages of its account."""

from chalice.app import Blueprint

from chalicelib.api import parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.clients.self_service import PutPaymentMethod
from chalicelib.api.call import Call
from chalicelib.api.pages import cards, forms, payment
from chalicelib.api.pages.clients import minutes_of
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import status_of
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import TransitionRefused
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.clients.rights import NotYoursToChange, Right
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.handlers.clients import own_pages
from chalicelib.services.billing.payment_retries import RetriedJustNow
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.clients import self_service
from chalicelib.services.clients.sessions import SessionOver

routes = Routes(Blueprint(__name__), tag="pages for clients")


@routes.get(
    "/public/accounts/{name}/card",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page for the card of an account",
    refusals=(401, 403, 503),
)
def open_card_page(call: Call, name: str) -> Answer:
    """A field for the card, for a client who pays and has logged in on the log-in page."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
        return _card_page(call, account)
    except SessionOver:
        return own_pages.log_in_again(site)


@routes.post(
    "/public/accounts/{name}/card",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form for the card",
    refusals=(401, 403, 409, 422, 429, 503),
)
def send_card_form(call: Call, name: str) -> Answer:
    """Puts the card on file, like `PUT /client/payment-method`: it is not charged now; what is past due is tried again
    within minutes."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
        fields = forms.fields_of(call, action=site.action("card"))
        body = parsing.from_body(PutPaymentMethod, {"payment_method": fields.get("payment_method", "")})
        self_service.set_payment_method(account, payment_method=body.payment_method, now=call.now)
        account = own_pages.session_of(call, site).account
    except SessionOver:
        return own_pages.log_in_again(site)
    except NotOurForm:
        return _card_page(call, account, fault=FORM_OVER)
    except Faults:
        return _card_page(call, account, fault=Fault("card_refused", 422))
    except NotYoursToChange as refusal:
        return own_pages.settings_page(call, account, fault=Fault("card_unavailable", status_of(refusal)))
    except Refusal as refusal:
        return _card_page(call, account, fault=_fault(refusal))
    return own_pages.settings_page(call, account, done="card_saved_due" if account.overdue else "card_saved")


@routes.post(
    "/public/accounts/{name}/retry-payment",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form that tries a payment again",
    refusals=(401, 402, 403, 409, 429, 503),
)
def send_retry_form(call: Call, name: str) -> Answer:
    """Charges the open invoice now, like `POST /client/retry-payment`."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
        forms.fields_of(call, action=site.action("retry"))
        paid = self_service.retry_payment(account, now=call.now)
    except SessionOver:
        return own_pages.log_in_again(site)
    except NotOurForm:
        return own_pages.settings_page(call, account, fault=FORM_OVER)
    except Refusal as refusal:
        account = own_pages.session_of(call, site).account
        return own_pages.settings_page(call, account, fault=_fault(refusal))
    return own_pages.settings_page(call, paid, done="payment_retried")


def _card_page(call: Call, account: Account, *, fault: Fault | None = None) -> Answer:
    """The page for the card; the settings, for a client who pays nothing, and where no card can be entered."""
    if Right.PAYMENT not in rights.rights(account):
        return own_pages.settings_page(call, account, fault=Fault("card_unavailable", 403))
    if not cards.can_take_cards():
        return own_pages.settings_page(call, account, fault=Fault("card_unavailable", 503))
    return payment.card_page(own_pages.own_site(call, account), account, fault=fault)


def _fault(refusal: Refusal) -> Fault:
    """What is said of a refusal."""
    status = status_of(refusal)
    match refusal:
        case Invalid():
            return Fault("card_refused", status)
        case TooManyTries():
            return Fault("too_many_cards", status, {"minutes": str(minutes_of(refusal.retry_after or 60))})
        case CardDeclined():
            return Fault("payment_declined", status)
        case RetriedJustNow():
            return Fault("payment_tried_just_now", status, {"seconds": str(refusal.retry_after or 60)})
        case ChargeOutcomeUnknown():
            return Fault("payment_unknown", status)
        case TransitionRefused() | NotYoursToChange() | NotFound():
            return Fault("nothing_due", status)
    return Fault("try_again", status)
