"""Usage against limits: reported by the product's platform, read by the partner."""

from chalice.app import Blueprint

from chalicelib.api.bodies.accounts.usage import ReportUsage, UsageShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import usage

routes = Routes(Blueprint(__name__), tag="usage")


@routes.get(
    "/v1/accounts/{account_id}/usage",
    returns=UsageShape,
    scope="read",
    summary="Read an account's usage",
    refusals=(409,),
)
def get_usage(call: Call, account_id: str) -> UsageShape:
    """What the account uses of its limits, as the product's platform last reported it."""
    return UsageShape.of(usage.usage_of(partner_id=call.partner_id, account_id=account_id))


@routes.put(
    "/v1/operator/accounts/{account_id}/usage",
    body=ReportUsage,
    returns=UsageShape,
    scope="operator",
    summary="Report an account's usage",
    refusals=(404, 503),
)
def report_usage(call: Call, account_id: str, body: ReportUsage) -> UsageShape:
    """For the product's platform. A report older than the last changes nothing; the answer is the usage now stored."""
    found = usage.report(
        account_id=account_id,
        contacts=body.active_contacts,
        limits=body.limits,
        at=body.at,
        now=call.now,
        actor=call.actor,
    )
    return UsageShape.of(found)
