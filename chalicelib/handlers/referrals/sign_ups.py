"""Sign-ups of clients who pay for themselves. This route needs no API key."""

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.clients.logins import tokens_of
from chalicelib.api.bodies.referrals.sign_ups import NewOwnAccount, SignedUp, SignUp
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import Invalid
from chalicelib.services.referrals import sign_ups

routes = Routes(Blueprint(__name__), tag="sign-ups")


@routes.post(
    "/public/sign-ups",
    body=SignUp,
    returns=SignedUp,
    status=201,
    scope=None,
    summary="Sign up",
    refusals=(402, 409, 429),
)
def sign_up(call: Call, body: SignUp) -> Answer:
    """Opens an account that its client pays for, at list price. It is credited for good to the partner whose page the
    client visited first, or else to the one whose name it typed. If the card is declined, nothing is created. By
    sign-up there is one trial for each email address and program.
    """
    try:
        session = sign_ups.sign_up(
            account_id=call.derived_id("acct"), request=body.wanted(), source=call.source, now=call.now
        )
    except Invalid as refusal:
        raise Invalid(errors=[(_place(field), message) for field, message in refusal.errors]) from refusal
    secrets = {f"session.{field}": token for field, token in tokens_of(session, now=call.now).items()}
    return Answer(body=SignedUp.of(session, now=call.now), secrets=secrets)


def _place(field: str) -> str:
    """Where a field of a new account is in this body."""
    return f"account.{field}" if field.partition(".")[0] in NewOwnAccount.model_fields else field
