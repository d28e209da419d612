"""The front door: builds the Chalice app and registers the blueprints, nothing else."""

from chalice.app import Chalice

from chalicelib.api import authorizer
from chalicelib.handlers import (
    accounts,
    add_ons,
    api_keys,
    bills,
    branding,
    card_reports,
    changes,
    credits,
    deliveries,
    documents,
    domains,
    events,
    invoices,
    login_links,
    logins,
    meta,
    notices,
    operator,
    overview,
    packs,
    partners,
    password_resets,
    profiles,
    quotes,
    renewals,
    schedules,
    service_requests,
    snapshots,
    streams,
    templates,
    views,
    webhooks,
    work,
)

app = Chalice(app_name="sublet")
app.api.binary_types.append("application/pdf")
for routed in (
    meta,
    partners,
    api_keys,
    profiles,
    quotes,
    accounts,
    overview,
    views,
    changes,
    add_ons,
    renewals,
    bills,
    credits,
    invoices,
    events,
    webhooks,
    operator,
    packs,
    snapshots,
    templates,
    service_requests,
    card_reports,
    logins,
    branding,
    password_resets,
    domains,
    login_links,
):
    app.register_blueprint(routed.routes.blueprint)
for blueprint in (
    authorizer.blueprint,
    schedules.blueprint,
    work.blueprint,
    streams.blueprint,
    notices.blueprint,
    documents.blueprint,
    deliveries.blueprint,
):
    app.register_blueprint(blueprint)
