"""Contracts: agreed on by operators, read and paid by partners."""

from chalice.app import Blueprint

from chalicelib.api.bodies.billing.contracts import AgreeOnContract, ContractShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.billing import contracts, payment_retries

routes = Routes(Blueprint(__name__), tag="contract")


@routes.get("/v1/contract", returns=ContractShape, scope="read", summary="Read the contract", refusals=(409,))
def get_contract(call: Call) -> ContractShape:
    """What the partner pays each year for all its accounts, and what of it is unpaid."""
    return ContractShape.of(contracts.get_contract(partner_id=call.partner_id))


@routes.post(
    "/v1/contract/retry-payment",
    returns=ContractShape,
    scope="billing",
    summary="Retry the contract's unpaid invoice",
    refusals=(402, 409, 429, 503),
)
def retry_contract_payment(call: Call) -> ContractShape:
    """Charge the unpaid invoice again, now: prepaid money first, then the default card. Its retry schedule stays."""
    agreement = payment_retries.retry_contract(partner_id=call.partner_id, now=call.now, actor=call.actor)
    return ContractShape.of(agreement)


@routes.get(
    "/v1/operator/partners/{partner_id}/contract",
    returns=ContractShape,
    scope="operator",
    summary="Read a partner's contract",
    refusals=(404, 409),
)
def get_contract_of_partner(_: Call, partner_id: str) -> ContractShape:
    """What the partner pays each year for all its accounts, and what of it is unpaid."""
    return ContractShape.of(contracts.get_contract(partner_id=partner_id))


@routes.put(
    "/v1/operator/partners/{partner_id}/contract",
    body=AgreeOnContract,
    returns=ContractShape,
    scope="operator",
    summary="Say what a partner's contract says",
    refusals=(404, 409, 503),
)
def agree_on_contract(call: Call, partner_id: str, body: AgreeOnContract) -> ContractShape:
    """The contacts that a partner's accounts may have together, and the price of a year from its start on.

    Where the program pools contacts. A new price holds from the next year on; `price: null` ends the contract, and an
    unpaid invoice of it is void.
    """
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    agreement = contracts.agree(partner_id=partner_id, changes=changes, now=call.now, actor=call.actor)
    return ContractShape.of(agreement)
