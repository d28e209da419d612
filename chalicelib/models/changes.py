"""Committed changes of rows, decoded from the images that the tables' streams give."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pynamodb.models import Model

from chalicelib.config import settings
from chalicelib.domain.billing.contracts import PREFIX as CONTRACT
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import house_shards
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.snapshots import SnapshotRow
from chalicelib.models.accounts.usage import PoolRow, UsageRow
from chalicelib.models.billing.contracts import ContractRow
from chalicelib.models.billing.disputes import DisputeRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.billing.single_bills import BillRow
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.earnings import lines as earning_lines
from chalicelib.models.earnings import payees, payouts, withheld_invoices
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.models.earnings.payees import PayeeRow
from chalicelib.models.earnings.payouts import PayoutRow
from chalicelib.models.earnings.posting_alarms import PostingAlarm
from chalicelib.models.earnings.withheld_invoices import WithheldRow
from chalicelib.models.events import messages
from chalicelib.models.events.messages import MessageRow
from chalicelib.models.events.suppressions import SuppressionRow
from chalicelib.models.events.webhooks import WebhookRow
from chalicelib.models.partners.api_keys import ApiKeyRow
from chalicelib.models.partners.billing_profiles import BillingProfileRow
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.models.people import teams
from chalicelib.models.people.teams import TeamRow
from chalicelib.models.referrals import invite_links
from chalicelib.models.referrals.invite_links import InviteLinkRow
from chalicelib.models.setup.branding import BrandingRow
from chalicelib.models.setup.service_requests import ServiceRequestRow
from chalicelib.models.setup.templates import TemplateRow
from chalicelib.models.transfers import management_requests, transfers
from chalicelib.models.transfers.management_requests import ManagementRequestRow
from chalicelib.models.transfers.transfers import TransferRow
from chalicelib.models.wallet import settings_events
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.models.wallet.settings_events import WalletSettingRow

R = TypeVar("R", bound=Model)

Image = Mapping[str, Any]
"""A row as DynamoDB writes it, the type of each attribute beside its value."""

StreamedChange = tuple[str, Image | None, Image | None]
"""A table, and the images of one of its rows before and after a change."""

_ROW_CLASSES: dict[str, dict[str, type[Model]]] = {
    "accounts_table": {
        "acct_": AccountRow,
        "prt_": BalanceCheckRow,
        transfers.PREFIX: TransferRow,
        management_requests.PREFIX: ManagementRequestRow,
        CONTRACT: ContractRow,
    },
    "ledger_table": {"inv_": InvoiceRow, "bill_": BillRow, "disp_": DisputeRow, "txn_": EntryRow},
    "partners_table": {"": PartnerRow},
    "billing_profiles_table": {"": BillingProfileRow},
    "api_keys_table": {"": ApiKeyRow},
    "suppressions_table": {"": SuppressionRow},
    "setups_table": {
        "sreq_": ServiceRequestRow,
        invite_links.PREFIX: InviteLinkRow,
        "usage_": UsageRow,
        "pool_": PoolRow,
        "tmpl_": TemplateRow,
        "snap_": SnapshotRow,
    },
    "access_table": {
        settings_events.PREFIX: WalletSettingRow,
        "branding#": BrandingRow,
        messages.PREFIX: MessageRow,
        "": AccessRow,
    },
    "earnings_table": {
        earning_lines.PREFIX: EarningLineRow,
        withheld_invoices.PREFIX: WithheldRow,
        payees.ID: PayeeRow,
        payouts.PREFIX: PayoutRow,
    },
    "people_table": {teams.PREFIX: TeamRow},
    "webhooks_table": {"": WebhookRow},
}
"""The rows whose changes are published: by the setting that names their table, then by the start of their ID."""


@dataclass(frozen=True)
class Change(Generic[R]):
    """A change that is published as ``event``. Its rows are decoded when they are first used."""

    event: str
    revision: int
    row_class: type[R]
    old_image: Image | None
    new_image: Image

    @cached_property
    def old(self) -> R | None:
        """The row before the change; None for a new row."""
        return self.row_class.from_raw_data(dict(self.old_image)) if self.old_image else None

    @cached_property
    def new(self) -> R:
        """The row after the change."""
        return self.row_class.from_raw_data(dict(self.new_image))


def to_publish(table: str, old: Image | None, new: Image | None) -> list[Change[Any]]:
    """A streamed change, once for each event that its row names; none for a charge merely held or a key merely used.

    A bill that prepaid money covers is closed and paid by one write. Such a row names both events, in their order, and
    its revision has counted both.
    """
    if new is None or (old is not None and old.get("revision") == new.get("revision")):
        return []
    events = _text(new, "event").split()
    row_class = _row_class(table, new) if events else None
    if row_class is None:
        return []
    first = int(new["revision"]["N"]) + 1 - len(events)
    return [Change(event, revision, row_class, old, new) for revision, event in enumerate(events, start=first)]


class StatusChange(NamedTuple):
    """An account's status before and after a change, whether it ``moved`` to another partner, and who did it."""

    account_id: str
    before: str
    after: str
    moved: bool
    actor: str


def status_changes(changes: Iterable[StreamedChange]) -> Iterator[StatusChange]:
    """The changes of accounts that were there before and are still there, whether or not their status changed."""
    for table, old, new in changes:
        if table == settings().accounts_table and old and new and "status" in old and "status" in new:
            was, partner = (house_shards.partner_of(_text(image, "partner_id")) for image in (old, new))
            yield StatusChange(
                _text(new, "id"), _text(old, "status"), _text(new, "status"), was != partner, _text(new, "actor")
            )


def to_post(changes: Iterable[StreamedChange], *, now: datetime) -> Iterator[PostingAlarm]:
    """Alarms, due ``now``, for the changes that may change what a partner earns: an invoice or a Single Bill is paid,
    given back or disputed, an account that brought a bonus ends or goes on.
    """
    for table, old, new in changes:
        watched = _WATCHED.get(_text(new or {}, "id").partition("_")[0])
        if new is None or watched is None or table != getattr(settings(), watched.table):
            continue
        changed = any((old or {}).get(name) != new.get(name) for name in watched.attributes)
        if changed and all(name in new for name in watched.needs):
            yield PostingAlarm(
                subject=_text(new, "id"),
                partner_id=_earner(new),
                payer=_text(new, "payer"),
                noted=int(new["version"]["N"]),
                at=now,
            )


class _Watched(NamedTuple):
    """Rows of a table that partners earn from if they have what is needed, once one of these attributes changes."""

    table: str
    needs: tuple[str, ...]
    attributes: tuple[str, ...]


_WATCHED = {
    "inv": _Watched("ledger_table", ("earning",), ("paid_at", "credit_notes", "disputes")),
    "bill": _Watched("ledger_table", ("paid_at",), ("paid_at", "disputes")),
    "acct": _Watched("accounts_table", ("earns", "had_bonus"), ("status",)),
}


def _earner(image: Image) -> str:
    """The partner that earns from an invoice or with an account; the accounts on a Single Bill are its payer's."""
    if "earning" in image:
        return InvoiceRow.earning.deserialize(_text(image, "earning")).partner_id
    return _text(image, "partner_id") or _text(image, "payer")


def _row_class(table: str, image: Image) -> type[Model] | None:
    """The class that decodes a row, or None for a table whose changes are not published."""
    for name, classes in _ROW_CLASSES.items():
        if table == getattr(settings(), name):
            return next(kind for prefix, kind in classes.items() if _text(image, "id").startswith(prefix))
    return None


def _text(image: Image, name: str) -> str:
    return str(image[name]["S"]) if name in image else ""
