"""The page on which an account's owner answers a request to move it; the same as data for programs."""

from chalice.app import Blueprint

from chalicelib.api import parsing
from chalicelib.api.answers import HTML, JSON, Answer
from chalicelib.api.bodies.transfers.transfers import AnsweredShape, AnswerTransfer, MoveAskedShape
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.pages import clients, forms, layout
from chalicelib.api.pages import transfers as pages
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault, Site, site_of
from chalicelib.api.parsing import Faults
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.domain.transfers.transfers import AlreadyAnswered
from chalicelib.services.transfers import owners

routes = Routes(Blueprint(__name__), tag="transfers")


@routes.get(
    "/public/transfers/{token}",
    returns=MoveAskedShape,
    media=(HTML,),
    scope=None,
    summary="The page behind an owner's link",
    refusals=(404,),
)
def open_transfer(call: Call, token: str) -> MoveAskedShape | Answer:
    """Who wants to take the account over, what would change, and two buttons to agree or decline; with `Accept:
    application/json` the same as data. Opening it changes nothing."""
    if preferred(call.headers.get("Accept"), [HTML, JSON]) == HTML:
        return _page(call, token, to=f"{token}/form")
    return MoveAskedShape.of(owners.asked_by(token, now=call.now))


@routes.post(
    "/public/transfers/{token}",
    body=AnswerTransfer,
    returns=AnsweredShape,
    scope=None,
    takes_secrets=True,
    summary="Answer by an owner's link",
    refusals=(404, 409),
)
def answer_transfer(call: Call, token: str, body: AnswerTransfer) -> AnsweredShape:
    """Agree or decline. The same answer again changes nothing; another one is a 409 `already_answered`."""
    return AnsweredShape(status=owners.answer(token=token, decision=body.decision, now=call.now).status)


@routes.post(
    "/public/transfers/{token}/form",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form of an owner's link's page",
    refusals=(403, 404, 409),
)
def send_transfer_form(call: Call, token: str) -> Answer:
    """Agrees or declines, like the route beside it."""
    try:
        fields = forms.fields_of(call, action=pages.ACTION)
        body = parsing.from_body(AnswerTransfer, {"decision": fields.get("decision", "")})
        owners.answer(token=token, decision=body.decision, now=call.now)
    except (NotOurForm, Faults):
        return _page(call, token, to="form", fault=FORM_OVER)
    except AlreadyAnswered:
        return _page(call, token, to="form", status=409)
    except NotFound as refusal:
        return _over(call, token, refusal)
    except Refusal as refusal:
        if refusal.kind is not RefusalKind.CONFLICT:
            raise
        return _page(call, token, to="form", fault=Fault("transfer_hindered", 409))
    return _page(call, token, to="form")


def _page(call: Call, token: str, *, to: str, fault: Fault | None = None, status: int = 200) -> Answer:
    """The page of the request as it is now: to be answered, or what became of it."""
    try:
        asked = owners.asked_by(token, now=call.now)
    except NotFound as refusal:
        return _over(call, token, refusal)
    return pages.of_link(_site(call, token, asked.account.name), asked, to=to, fault=fault, status=status)


def _over(call: Call, token: str, refusal: NotFound) -> Answer:
    """A page for browsers; programs get the refusal."""
    if not layout.wants_page(call):
        raise refusal
    return clients.over(_site(call, token, ""), "transfer_link_over", "transfer_link_over_how", status=404)


def _site(call: Call, token: str, name: str) -> Site:
    return site_of(call, name, owners.look_of(token))
