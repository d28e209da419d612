"""Builds the Chalice app and registers the blueprints; nothing else."""

from chalice.app import Chalice

from chalicelib.api import authorizer
from chalicelib.handlers import meta, operator
from chalicelib.handlers.accounts import (
    accounts,
    add_ons,
    overview,
    plan_changes,
    quotes,
    revivals,
    saved_views,
    snapshots,
    usage,
)
from chalicelib.handlers.billing import (
    contracts,
    credit_notes,
    disputes,
    invoice_pdfs,
    invoices,
    processor_webhooks,
    single_bills,
)
from chalicelib.handlers.clients import card_setups, login_links, logins, password_resets, payment_pages, self_service
from chalicelib.handlers.clients import pages as client_pages
from chalicelib.handlers.earnings import decisions, earnings, operator_payouts, payout_reports, payouts
from chalicelib.handlers.events import deliveries, event_log, notices, streams, webhooks
from chalicelib.handlers.partners import api_keys, billing_profiles, operator_keys, partners
from chalicelib.handlers.referrals import invitations, invite_links, sign_up_pages, sign_ups, visits
from chalicelib.handlers.schedule import schedules, worker
from chalicelib.handlers.setup import branding, custom_domains, service_requests, templates
from chalicelib.handlers.transfers import (
    management_pages,
    management_requests,
    operator_transfers,
    transfer_pages,
    transfers,
)
from chalicelib.handlers.wallet import credit_packs, prepaid

app = Chalice(app_name="sublet")
app.api.binary_types.append("application/pdf")
for routed in (
    meta,
    partners,
    api_keys,
    billing_profiles,
    quotes,
    accounts,
    overview,
    saved_views,
    plan_changes,
    add_ons,
    revivals,
    single_bills,
    contracts,
    prepaid,
    invoices,
    credit_notes,
    earnings,
    payouts,
    decisions,
    operator_payouts,
    payout_reports,
    event_log,
    webhooks,
    operator,
    disputes,
    operator_keys,
    credit_packs,
    snapshots,
    templates,
    service_requests,
    transfers,
    operator_transfers,
    transfer_pages,
    usage,
    processor_webhooks,
    logins,
    branding,
    password_resets,
    custom_domains,
    login_links,
    invite_links,
    visits,
    invitations,
    sign_ups,
    sign_up_pages,
    client_pages,
    self_service,
    card_setups,
    payment_pages,
    management_requests,
    management_pages,
):
    app.register_blueprint(routed.routes.blueprint)
for blueprint in (
    authorizer.blueprint,
    schedules.blueprint,
    worker.blueprint,
    streams.blueprint,
    notices.blueprint,
    invoice_pdfs.blueprint,
    deliveries.blueprint,
):
    app.register_blueprint(blueprint)
