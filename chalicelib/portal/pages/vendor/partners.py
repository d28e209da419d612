"""The vendor's partners: who they are, what they have, and what operators do for them."""

from chalicelib.api import cursors
from chalicelib.api.bodies.billing.contracts import AgreeOnContract
from chalicelib.api.bodies.earnings.earnings import Adjust
from chalicelib.api.bodies.partners.partners import CreateFirstKey, CreatePartner, ListPartners
from chalicelib.api.bodies.wallet.prepaid import GrantPrepaid
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Refusal
from chalicelib.portal import choices
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import LANGUAGES, Visit
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.billing import contracts
from chalicelib.services.billing.contracts import Agreement
from chalicelib.services.earnings import decisions, ledger, payees
from chalicelib.services.partners import api_keys, partners
from chalicelib.services.people import invitations, teams
from chalicelib.services.wallet import prepaid

pages = Pages()


@pages.get("vendor/partners", scope="operator")
def show_partners(visit: Visit) -> View:
    """The partners of all programs or of one, newest first."""
    query = visit.asked_as(ListPartners)
    found, last = partners.list_partners(program=query.program, limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "partners": found,
        "programs": ("", *program_names()),
        "program": query.program or "",
        **visit.pager(query, last),
    }
    return View("vendor/partners.html", values)


@pages.get("vendor/partners/new", scope="operator")
def show_new(visit: Visit) -> View:
    """A form for a new partner."""
    values = {
        "programs": [(name, load_program(name).title) for name in program_names()],
        "countries": choices.countries(visit.language),
        "zones": choices.time_zones(),
    }
    return View("vendor/partner_new.html", values)


@pages.post("vendor/partners", scope="operator", again=show_new)
def create_partner(visit: Visit) -> View:
    """Takes a partner into a program; its first key is shown on the page that follows, with the way to its owner."""
    body = visit.form(CreatePartner)
    partner, created = partners.create_partner(
        partner_id=visit.derived_id("prt"),
        name=body.name,
        program=body.program,
        email=body.email,
        country=body.country,
        time_zone=body.time_zone,
        currency=body.currency,
        now=visit.now,
        actor=visit.actor,
    )
    return _with_key(visit, partner, created.key)


@pages.get("vendor/partners/{partner_id}", scope="operator")
def show_partner(visit: Visit, partner_id: str) -> View:
    """One partner: its money, discount, earnings, contract and people."""
    standing = partners.standing(partner_id=partner_id, now=visit.now)
    values = {
        "standing": standing,
        "partner": standing.partner,
        "earnings": None if standing.partner.house else ledger.summary(partner_id=partner_id, now=visit.now),
        "payee": payees.get_payee(partner_id=partner_id),
        "agreement": _agreement(partner_id),
        "people": teams.people_of(partner_id, now=visit.now),
        "languages": _languages(visit),
    }
    return View("vendor/partner.html", values)


@pages.post("vendor/partners/{partner_id}/owner", scope="operator", again=show_partner)
def invite_owner(visit: Visit, partner_id: str) -> Redirect:
    """Has an invitation mailed to an owner of the partner's team."""
    invitations.invite_owner(
        visit.me,
        partner_id=partner_id,
        email=visit.email("email"),
        language=visit.entered("language", visit.language),
        base_url=visit.base_url,
        now=visit.now,
    )
    return Redirect(f"vendor/partners/{partner_id}", done="invited")


@pages.get("vendor/partners/{partner_id}/keys", scope="operator")
def show_keys(_: Visit, partner_id: str) -> View:
    """A form for a new first key."""
    return _form(partner_id, "keys")


@pages.post("vendor/partners/{partner_id}/keys", scope="operator", again=show_keys)
def create_key(visit: Visit, partner_id: str) -> View:
    """A new first key, for a partner that has none left; shown on the page that follows."""
    body = visit.form(CreateFirstKey)
    partner = partners.get_keyed(partner_id=partner_id)
    _, created = api_keys.create_first_key(
        key_id=visit.derived_id("key", partner_id),
        partner_id=partner.id,
        name=body.name,
        expires_at=body.expires_at,
        now=visit.now,
        actor=visit.actor,
    )
    return _with_key(visit, partner, created.key if created else "")


@pages.get("vendor/partners/{partner_id}/prepaid", scope="operator")
def show_prepaid(_: Visit, partner_id: str) -> View:
    """A form to give a partner prepaid money."""
    return _form(partner_id, "prepaid")


@pages.post("vendor/partners/{partner_id}/prepaid", scope="operator", again=show_prepaid)
def grant_prepaid(visit: Visit, partner_id: str) -> Redirect:
    """Gives a partner prepaid money."""
    body = visit.form(GrantPrepaid, amounts=["amount"], currency=_currency(partner_id))
    prepaid.grant_prepaid(
        entry_id=visit.derived_id("txn"),
        partner_id=partner_id,
        amount=body.amount,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/partners/{partner_id}", done="granted")


@pages.get("vendor/partners/{partner_id}/earnings", scope="operator")
def show_earnings(_: Visit, partner_id: str) -> View:
    """A form for an adjustment of what a partner earns."""
    return _form(partner_id, "earnings")


@pages.post("vendor/partners/{partner_id}/earnings", scope="operator", again=show_earnings)
def adjust_earnings(visit: Visit, partner_id: str) -> Redirect:
    """Enters an adjustment of what a partner earns: what it gets, or what is taken back."""
    body = visit.form(Adjust, amounts=["amount"], currency=_currency(partner_id))
    decisions.adjust(
        line_id=visit.derived_id("earn"),
        partner_id=partner_id,
        amount=-body.amount if visit.entered("direction") == "less" else body.amount,
        reason=body.reason,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/partners/{partner_id}", done="adjusted")


@pages.get("vendor/partners/{partner_id}/contract", scope="operator")
def show_contract(_: Visit, partner_id: str) -> View:
    """A form for what a contract says."""
    return _form(partner_id, "contract")


@pages.post("vendor/partners/{partner_id}/contract", scope="operator", again=show_contract)
def agree_on_contract(visit: Visit, partner_id: str) -> Redirect:
    """Notes what a contract says; what is left empty stays."""
    body = visit.form(AgreeOnContract, amounts=["price"], currency=_currency(partner_id))
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    contracts.agree(partner_id=partner_id, changes=changes, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="agreed")


@pages.post("vendor/partners/{partner_id}/contract/end", scope="operator", again=show_partner)
def end_contract(visit: Visit, partner_id: str) -> Redirect:
    """Ends a contract: nothing more is invoiced, and an unpaid invoice of it is void."""
    contracts.agree(partner_id=partner_id, changes={"price": None}, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="ended")


@pages.post("vendor/partners/{partner_id}/suspend", scope="operator", again=show_partner)
def suspend(visit: Visit, partner_id: str) -> Redirect:
    """Has a partner earn nothing new and be paid nothing."""
    decisions.suspend(partner_id=partner_id, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="suspended")


@pages.post("vendor/partners/{partner_id}/resume", scope="operator", again=show_partner)
def resume(visit: Visit, partner_id: str) -> Redirect:
    """Lets a suspended partner earn again."""
    decisions.resume(partner_id=partner_id, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="resumed")


@pages.post("vendor/partners/{partner_id}/paypal-address", scope="operator", again=show_partner)
def release_address(visit: Visit, partner_id: str) -> Redirect:
    """Lets payouts go to an address that another partner has used as well."""
    decisions.release_address(partner_id=partner_id, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="released")


def _form(partner_id: str, what: str) -> View:
    values = {
        "partner": partners.get_partner(partner_id=partner_id),
        "what": what,
        "agreement": _agreement(partner_id) if what == "contract" else None,
    }
    return View("vendor/partner_form.html", values)


def _with_key(visit: Visit, partner: Partner, key: str) -> View:
    return View("vendor/partner_key.html", {"partner": partner, "key": key, "languages": _languages(visit)})


def _agreement(partner_id: str) -> Agreement | None:
    """The contract; None in programs that have none."""
    try:
        return contracts.get_contract(partner_id=partner_id)
    except Refusal:
        return None


def _currency(partner_id: str) -> str:
    return partners.get_partner(partner_id=partner_id).currency


def _languages(visit: Visit) -> list[tuple[str, str]]:
    return visit.texts.options("people.team.languages.", LANGUAGES)
