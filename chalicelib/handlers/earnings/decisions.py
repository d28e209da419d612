"""What operators decide about partners' earnings."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.earnings.earnings import (
    Adjust,
    EarningSettingsShape,
    HeldEarningShape,
    ListHeldEarnings,
)
from chalicelib.api.bodies.partners.partners import PartnerShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.earnings.lines import EarningLine
from chalicelib.services.earnings import decisions, ledger

routes = Routes(Blueprint(__name__), tag="operator")


@routes.get(
    "/v1/operator/earnings",
    query=ListHeldEarnings,
    returns=Page[HeldEarningShape],
    scope="operator",
    summary="List held earnings",
)
def list_held_earnings(call: Call, query: ListHeldEarnings) -> Page[HeldEarningShape]:
    """The commissions and bonuses of all partners that are held, each with the reason."""
    found, last = decisions.list_held(limit=query.limit, start=cursors.start_of(call, query))
    data = [HeldEarningShape.held(line, today=call.now.date()) for line in found]
    return Page(data=data, next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/earnings/{earning_id}/release",
    returns=HeldEarningShape,
    scope="operator",
    summary="Release a held earning",
    refusals=(404, 409),
)
def release_earning(call: Call, earning_id: str) -> HeldEarningShape:
    """Let it be paid out: it is not held again for the reasons it has now."""
    return _shown(call, decisions.release(line_id=earning_id, now=call.now, actor=call.actor))


@routes.post(
    "/v1/operator/earnings/{earning_id}/refuse",
    returns=HeldEarningShape,
    scope="operator",
    summary="Refuse a held earning",
    refusals=(404, 409),
)
def refuse_earning(call: Call, earning_id: str) -> HeldEarningShape:
    """Take it back whole, by a reversal."""
    return _shown(call, decisions.refuse(line_id=earning_id, now=call.now, actor=call.actor))


@routes.post(
    "/v1/operator/partners/{partner_id}/earnings",
    body=Adjust,
    returns=HeldEarningShape,
    status=201,
    scope="operator",
    summary="Adjust what a partner earns",
    refusals=(404, 409),
)
def adjust_earnings(call: Call, partner_id: str, body: Adjust) -> HeldEarningShape:
    """Enter an adjustment, plus or minus, with a reason that the partner reads. It is payable at once."""
    line = decisions.adjust(
        line_id=call.derived_id("earn"),
        partner_id=partner_id,
        amount=body.amount,
        reason=body.reason,
        now=call.now,
        actor=call.actor,
    )
    return _shown(call, line)


@routes.post(
    "/v1/operator/partners/{partner_id}/paypal-address/release",
    returns=EarningSettingsShape,
    scope="operator",
    summary="Release a partner's PayPal address",
    refusals=(404, 409),
)
def release_paypal_address(call: Call, partner_id: str) -> EarningSettingsShape:
    """Let payouts go to an address that another partner has used as well."""
    payee = decisions.release_address(partner_id=partner_id, now=call.now, actor=call.actor)
    return EarningSettingsShape.of(payee)


@routes.post(
    "/v1/operator/partners/{partner_id}/suspend",
    returns=PartnerShape,
    scope="operator",
    summary="Suspend a partner",
    refusals=(404, 409),
)
def suspend_partner(call: Call, partner_id: str) -> PartnerShape:
    """It earns nothing new and is paid nothing until it is resumed. Its keys and accounts go on."""
    return PartnerShape.of(decisions.suspend(partner_id=partner_id, now=call.now, actor=call.actor))


@routes.post(
    "/v1/operator/partners/{partner_id}/resume",
    returns=PartnerShape,
    scope="operator",
    summary="Resume a suspended partner",
    refusals=(404, 409),
)
def resume_partner(call: Call, partner_id: str) -> PartnerShape:
    """It earns again. What was paid while it was suspended brings it nothing."""
    return PartnerShape.of(decisions.resume(partner_id=partner_id, now=call.now, actor=call.actor))


def _shown(call: Call, line: EarningLine) -> HeldEarningShape:
    return HeldEarningShape.held(line, today=ledger.today(partner_id=line.partner_id, now=call.now))
