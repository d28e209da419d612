"""The payload of each event: what it says of the change it was made from, by the kind of row that changed."""

from collections.abc import Callable
from typing import Any

from pynamodb.models import Model

from chalicelib.domain.events.events import Event
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.snapshots import SnapshotRow
from chalicelib.models.accounts.usage import PoolRow, UsageRow
from chalicelib.models.billing.contracts import ContractRow
from chalicelib.models.billing.disputes import DisputeRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.billing.single_bills import BillRow
from chalicelib.models.changes import Change
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.models.earnings.payees import PayeeRow
from chalicelib.models.earnings.payouts import PayoutRow
from chalicelib.models.earnings.withheld_invoices import WithheldRow
from chalicelib.models.events.messages import MessageRow
from chalicelib.models.events.suppressions import SuppressionRow
from chalicelib.models.events.webhooks import WebhookRow
from chalicelib.models.partners.api_keys import ApiKeyRow
from chalicelib.models.partners.billing_profiles import BillingProfileRow
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.models.people.teams import TeamRow
from chalicelib.models.referrals.invite_links import InviteLinkRow
from chalicelib.models.setup.branding import BrandingRow
from chalicelib.models.setup.service_requests import ServiceRequestRow
from chalicelib.models.setup.templates import TemplateRow
from chalicelib.models.transfers.management_requests import ManagementRequestRow
from chalicelib.models.transfers.transfers import TransferRow
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.models.wallet.settings_events import WalletSettingRow
from chalicelib.services.events.payloads import accounts, earnings, money, partners, setup, transfers

_BUILDERS: dict[type[Model], Callable[[Change[Any]], Event | None]] = {
    AccountRow: accounts.account_event,
    AccessRow: accounts.access_event,
    BrandingRow: accounts.branding_event,
    ManagementRequestRow: accounts.management_request_event,
    BalanceCheckRow: money.balance_event,
    InvoiceRow: money.invoice_event,
    BillRow: money.bill_event,
    ContractRow: money.contract_event,
    EntryRow: money.journal_event,
    DisputeRow: money.dispute_event,
    EarningLineRow: earnings.line_event,
    WithheldRow: earnings.withheld_event,
    PayeeRow: earnings.payee_event,
    PayoutRow: earnings.payout_event,
    PartnerRow: partners.partner_event,
    BillingProfileRow: partners.billing_profile_event,
    ApiKeyRow: partners.api_key_event,
    WalletSettingRow: partners.wallet_setting_event,
    TeamRow: partners.team_event,
    WebhookRow: partners.webhook_event,
    MessageRow: accounts.message_event,
    SuppressionRow: partners.suppression_event,
    ServiceRequestRow: setup.service_request_event,
    UsageRow: setup.usage_event,
    PoolRow: setup.pool_event,
    SnapshotRow: setup.snapshot_event,
    TemplateRow: setup.template_event,
    InviteLinkRow: partners.invite_link_event,
    TransferRow: transfers.transfer_event,
}


def event_of(change: Change[Any]) -> Event | None:
    """The event of a change, with its payload; None if it concerns no partner."""
    return _BUILDERS[change.row_class](change)
