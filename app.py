"""Builds the Chalice app and registers the blueprints; nothing else."""

from importlib import import_module

import chalicelib.api.routes  # noqa: F401  # what every request needs, while a starting function has most CPU
from chalicelib.api.on_demand import App

ROUTED = (
    "meta",
    "partners.partners",
    "partners.api_keys",
    "partners.billing_profiles",
    "accounts.quotes",
    "accounts.accounts",
    "accounts.history",
    "accounts.overview",
    "accounts.saved_views",
    "accounts.plan_changes",
    "accounts.add_ons",
    "accounts.revivals",
    "billing.single_bills",
    "billing.contracts",
    "wallet.prepaid",
    "billing.invoices",
    "billing.credit_notes",
    "earnings.earnings",
    "earnings.payouts",
    "earnings.decisions",
    "earnings.operator_payouts",
    "earnings.payout_reports",
    "events.event_log",
    "events.webhooks",
    "partners.operator_partners",
    "accounts.operator_accounts",
    "billing.operator_refunds",
    "setup.provisioning",
    "events.messages",
    "billing.disputes",
    "partners.operator_keys",
    "wallet.credit_packs",
    "accounts.snapshots",
    "setup.templates",
    "setup.service_requests",
    "transfers.transfers",
    "transfers.operator_transfers",
    "transfers.transfer_pages",
    "accounts.usage",
    "billing.processor_webhooks",
    "clients.logins",
    "setup.branding",
    "clients.password_resets",
    "setup.custom_domains",
    "clients.login_links",
    "referrals.invite_links",
    "referrals.visits",
    "referrals.invitations",
    "referrals.sign_ups",
    "referrals.sign_up_pages",
    "clients.pages",
    "clients.self_service",
    "clients.card_setups",
    "clients.payment_pages",
    "clients.subscription_pages",
    "transfers.management_requests",
    "transfers.management_pages",
    "portal",
)
"""The modules of `chalicelib.handlers` that have routes."""
TRIGGERED = (
    "handlers.schedule.schedules",
    "handlers.schedule.worker",
    "handlers.events.streams",
    "handlers.events.notices",
    "handlers.billing.invoice_pdfs",
    "handlers.events.deliveries",
    "api.authorizer",
)
"""The modules of functions that something else wakes: Lambda imports them by themselves, without this one."""

app = App(app_name="sublet")
app.api.binary_types.append("application/pdf")
app.register(f"chalicelib.handlers.{module}" for module in ROUTED)
if not app.on_demand:
    for module in TRIGGERED:
        app.register_blueprint(import_module(f"chalicelib.{module}").blueprint)
