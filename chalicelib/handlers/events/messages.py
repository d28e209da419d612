"""Operators' messages about accounts."""

from chalice.app import Blueprint

from chalicelib.api.bodies.events.messages import MessageShape, SendMessage
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.events import messages

routes = Routes(Blueprint(__name__), tag="operator")


@routes.post(
    "/v1/operator/accounts/{account_id}/messages",
    body=SendMessage,
    returns=MessageShape,
    status=201,
    scope="operator",
    summary="Send a message about an account",
    refusals=(404, 409),
)
def send_message(call: Call, account_id: str, body: SendMessage) -> MessageShape:
    """Mail a message about bounces, abuse or the approval of a campaign to whoever gets the account's notices."""
    message = messages.send_message(
        message_id=call.derived_id("msg"),
        account_id=account_id,
        kind=body.kind,
        subject=body.subject,
        text=body.text,
        now=call.now,
        actor=call.actor,
    )
    return MessageShape.of(message)
