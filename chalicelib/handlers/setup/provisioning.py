"""What the product's platform says of an account that it was asked to prepare."""

from chalice.app import Blueprint

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.requests import ProvisioningAnswer
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.domain.accounts.accounts import ProvisioningStatus
from chalicelib.services.setup import provisioning

routes = Routes(Blueprint(__name__), tag="operator")


@routes.put(
    "/v1/operator/accounts/{account_id}/provisioning",
    body=ProvisioningAnswer,
    returns=AccountShape,
    scope="operator",
    summary="Say whether an account is prepared",
    refusals=(404, 409, 503),
)
def answer_provisioning(call: Call, account_id: str, body: ProvisioningAnswer) -> AccountShape:
    """For the product's platform: a pending account is ready, or has failed and is undone. The first answer counts."""
    account = provisioning.record_answer(
        account_id=account_id,
        status=ProvisioningStatus(body.status),
        reason=body.reason,
        now=call.now,
        actor=call.actor,
    )
    return shown_account(call, account)
