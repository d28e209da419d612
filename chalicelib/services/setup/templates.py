"""Campaign templates: create, share, import and delete them (docs/rules.md §12)."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import NotManaged
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup import templates as domain
from chalicelib.domain.setup.templates import MOST_HTML_BYTES, MOST_TEMPLATES, SHARED_FOR, Share, Template
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.setup import templates as template_rows
from chalicelib.models.transactions import commit
from chalicelib.services.accounts import accounts

_BUSY = "Others kept changing the templates of the account. Try again in a moment."
_TOKEN = re.compile(r"(?:.*/)?([A-Za-z0-9_-]{43})")


class BeingBuilt(Refusal):
    """The account does not have the templates of its snapshot yet; they count towards its limit."""

    code = "account_being_built"
    title = "The account is being built"


@dataclass(frozen=True)
class ShareLink:
    """The link, shown once, and when it ends."""

    url: str
    ends_at: datetime


def create_template(
    *,
    template_id: str,
    partner_id: str,
    account_id: str,
    name: str,
    subject: str,
    html: str,
    now: datetime,
    actor: str,
    event: str = "template.created",
) -> Template:
    """Give an account a template. The same ``template_id`` again is a repeated request.

    Raises :class:`NotFound`, :class:`BeingBuilt`, :class:`Invalid`, :class:`named_lists.NameInUse`,
    :class:`named_lists.ListFull`.
    """
    if len(html.encode()) > MOST_HTML_BYTES:
        raise Invalid(errors=[("html", f"must be at most {MOST_HTML_BYTES} bytes of UTF-8")])
    template = Template(
        id=template_id,
        owner=account_id,
        partner_id=partner_id,
        name=name,
        subject=subject,
        html=html,
        created_at=now,
        updated_at=now,
    )

    def attempt() -> Template:
        account = _get_ready(partner_id, account_id)
        existing = template_rows.get(template_id)
        if existing is not None:
            return _created_before(existing, template)
        named_list = named_lists.holding(
            list_rows.get(account.id), id=template_id, name=name, most=MOST_TEMPLATES, what="template"
        )
        put = template_rows.put(template, actor=actor, event=event)
        commit([account_rows.still_managed(account), put, list_rows.put(named_list)])
        return template

    return transactions.retry(attempt, busy=_BUSY)


def _get_ready(partner_id: str, account_id: str) -> Account:
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    if account.provisioning is not None and account.provisioning.snapshot_id is not None:
        raise BeingBuilt(
            "It gets the templates of its snapshot within a minute or two. Try again then.", retry_after=60
        )
    return account


def _created_before(existing: Template, wanted: Template) -> Template:
    """The template as created before. Raises :class:`KeyReused` if it was another."""
    made = existing.owner, existing.name, existing.subject, existing.html, existing.deleted_at
    if made != (wanted.owner, wanted.name, wanted.subject, wanted.html, None):
        raise KeyReused(f"It created the template {existing.name!r}. Use a new Idempotency-Key.")
    return existing


def get_template(*, partner_id: str, template_id: str) -> Template:
    """A template, for the partner of its account, until it is deleted. Raises :class:`NotFound`.

    The copies that a snapshot keeps are not found.
    """
    template, _ = _with_account(partner_id, template_id)
    return template


def _with_account(partner_id: str, template_id: str) -> tuple[Template, Account]:
    """A template and the account that has it. Raises :class:`NotFound`."""
    template = template_rows.get(template_id)
    if template is None or template.deleted_at is not None:
        raise NotFound.of("template", template_id)
    try:
        return template, accounts.get_managed(partner_id=partner_id, account_id=template.owner)
    except (NotFound, NotManaged) as error:
        raise NotFound.of("template", template_id) from error


def list_templates(
    *, partner_id: str, account_id: str, limit: int, start: Mapping[str, Any] | None
) -> tuple[list[Template], dict[str, Any] | None]:
    """An account's templates by id, and where the next page starts."""
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    page, last = named_lists.page(list_rows.get(account.id), limit=limit, after=start["after"] if start else "")
    found = template_rows.get_many(page)
    return [found[id] for id in page], {"after": last} if last else None


def delete_template(*, partner_id: str, template_id: str, now: datetime, actor: str) -> None:
    """Delete a template; links to it lead nowhere from then on. Copies in snapshots and other accounts stay."""

    def attempt() -> None:
        template, account = _with_account(partner_id, template_id)
        gone = domain.deleted(template, by=partner_id, now=now)
        named_list = named_lists.without(list_rows.get(template.owner), template_id)
        put = template_rows.put(gone, actor=actor, event="template.deleted")
        commit([account_rows.still_managed(account), put, list_rows.put(named_list)])

    transactions.retry(attempt, busy=_BUSY)


def share_template(*, partner_id: str, template_id: str, now: datetime) -> ShareLink:
    """A link by which the partner can import the template elsewhere, for a week. Only its hash is kept."""
    template = get_template(partner_id=partner_id, template_id=template_id)
    token = secrets.token_urlsafe(32)
    share = Share(hash=_hash(token), template_id=template.id, partner_id=partner_id, ends_at=now + SHARED_FOR)
    commit([template_rows.put_share(share)])
    return ShareLink(f"https://{settings().login_domain}/templates/shared/{token}", share.ends_at)


def import_template(
    *,
    template_id: str,
    partner_id: str,
    account_id: str,
    link: str,
    name: str | None,
    now: datetime,
    actor: str,
) -> Template:
    """Copy the template that ``link`` leads to into another account of the same partner (§12).

    Raises :class:`NotFound` for the account; :class:`Invalid` for a link that leads nowhere, has ended or is
    another partner's (nobody learns which), or to a template the account itself has; and what
    :func:`create_template` raises.
    """
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    shared = _shared(partner_id, link, now=now)
    if shared.owner == account.id:
        raise Invalid(errors=[("link", f"leads to {shared.id}, which {account.id} has already")])
    return create_template(
        template_id=template_id,
        partner_id=partner_id,
        account_id=account.id,
        name=name or shared.name,
        subject=shared.subject,
        html=shared.html,
        now=now,
        actor=actor,
        event="template.imported",
    )


def _shared(partner_id: str, link: str, *, now: datetime) -> Template:
    """The template behind a link of this partner's."""
    found = _TOKEN.fullmatch(link)
    share = template_rows.share(_hash(found[1])) if found else None
    if share is not None and share.partner_id == partner_id and now < share.ends_at:
        try:
            return get_template(partner_id=partner_id, template_id=share.template_id)
        except NotFound:
            pass  # deleted since, or its account has moved away: the link leads nowhere
    raise Invalid(errors=[("link", "leads to no template of yours: ask for a new one, links end after 7 days")])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
