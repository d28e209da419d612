"""The settings page of an account: what its client may know of it, and change."""

from collections.abc import Mapping
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.pages import payment as payments
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.payment import Payment
from chalicelib.api.pages.site import Fault, Site, hidden_name, input_field, marks, message, new_password_field
from chalicelib.api.pages.texts import Texts
from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account, Status, expires_at, renews_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.clients import logins
from chalicelib.services.accounts.accounts import login_url


def once_more(site: Site) -> Answer:
    """Loads the settings again. A browser that comes from elsewhere keeps the cookie back; now it comes from here."""
    content = f'<p><a class="button" href="settings">{site.texts.html("go_on")}</a></p>'
    return site.page("one_moment", content, leads_to=SETTINGS)


def open_to(
    site: Site,
    account: Account,
    *,
    payment: Payment | None = None,
    deciding: str = "",
    management: str = "",
    fault: Fault | None = None,
    done: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the client may know of its account, and change: its password. ``deciding``, the ways to
    change plan and renewal, and ``management`` are HTML."""
    texts = site.texts
    product = site.branding.product_name or settings().product_name
    rows = "".join(
        f"<dt>{texts.html(label)}</dt><dd>{value}</dd>" for label, value in _facts(texts, account, payment).items()
    )
    product_button = (
        f'<p><a class="button" href="{escape(login_url(account))}">{texts.html("to_product", product=product)}</a></p>'
    )
    current = input_field(
        site, "current_password", "password", "password", "current-password", more=marks("password", fault)
    )
    content = (
        site.account_line
        + site.said(fault)
        + (f'<p class="done" role="status">{texts.html(done)}</p>' if done else "")
        + (message(account.disabled_message) if account.status is Status.DISABLED else "")
        + (payments.overdue(site, account, payment) if payment else "")
        + f"<dl>{rows}</dl>"
        + (product_button if logins.may_use(account) else "")
        + deciding
        + (payments.card_link(site, payment) + payments.invoices(texts, account, payment) if payment else "")
        + management
        + f"<h2>{texts.html('change_password')}</h2>"
        + site.form(
            f"password:{site.name}",
            hidden_name(site) + current + new_password_field(site, fault=fault),
            "change_password",
            to="password",
        )
        + site.form(f"logout:{site.name}", "", "log_out", to="logout", quiet=True)
    )
    return site.page("settings", content, status=fault.status if fault else 200, headers=headers)


def _facts(texts: Texts, account: Account, payment: Payment | None) -> Mapping[str, str]:
    """Labels, and the value of each as HTML."""
    kind = account.kind if account.status is Status.ACTIVE and account.kind is not PlanKind.PAID else account.status
    facts = {"plan": escape(account.plan.tier.title()), "status": texts.html(f"status_{kind}")}
    if renewal := renews_at(account):
        facts["renews_on"] = texts.written(local_date(renewal, account.time_zone))
    elif end := expires_at(account):
        label = "ended_on" if account.has_ended else "ends_on"
        facts[label] = texts.written(local_date(end, account.time_zone))
    if payment:
        facts |= payments.facts(texts, account, payment)
    return {label: f"<bdi>{value}</bdi>" for label, value in facts.items()}
