"""A partner's contract: agreed on and ended by operators."""

from chalicelib.api.bodies.billing.contracts import AgreeOnContract
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Refusal
from chalicelib.portal import confirmation
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.billing import contracts
from chalicelib.services.billing.contracts import Agreement
from chalicelib.services.partners import partners

pages = Pages()


def agreement_of(partner_id: str) -> Agreement | None:
    """The contract; None in programs that have none."""
    try:
        return contracts.get_contract(partner_id=partner_id)
    except Refusal:
        return None


@pages.get("vendor/partners/{partner_id}/contract", scope="operator")
def show_contract(_: Visit, partner_id: str) -> View:
    """A form for what a contract says."""
    values = {
        "partner": partners.get_partner(partner_id=partner_id),
        "what": "contract",
        "agreement": agreement_of(partner_id),
    }
    return View("vendor/partner_form.html", values)


def _say_contract(visit: Visit, partner_id: str) -> View:
    partner = partners.get_partner(partner_id=partner_id)
    body = visit.form(AgreeOnContract, amounts=["price"], currency=partner.currency)
    say, given, stays = visit.texts.plain, body.model_fields_set, visit.texts.plain("vendor.partners.as_it_is")
    price = visit.formats.money(Money(body.price, partner.currency)) if body.price is not None else stays
    starts = visit.formats.day(body.starts_on, year=True) if body.starts_on else stays
    contacts = visit.formats.number(body.contacts) if "contacts" in given and body.contacts is not None else stays
    return confirmation.ask(
        visit,
        title=say("vendor.partners.form.contract"),
        facts=[
            (say("vendor.partners.name"), partner.name),
            (say("vendor.partners.year"), price),
            (say("vendor.partners.starts_on"), starts),
            (say("vendor.partners.contacts"), contacts),
        ],
        note=say("vendor.partners.form_how.contract", name=partner.name),
        button=say("vendor.partners.do.contract"),
    )


@pages.post("vendor/partners/{partner_id}/contract", scope="operator", again=show_contract, before=_say_contract)
def agree_on_contract(visit: Visit, partner_id: str) -> Redirect:
    """Notes what a contract says; what is left empty stays."""
    body = visit.form(AgreeOnContract, amounts=["price"], currency=partners.get_partner(partner_id=partner_id).currency)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    contracts.agree(partner_id=partner_id, changes=changes, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="agreed")


def _say_end(visit: Visit, partner_id: str) -> View:
    agreement = contracts.get_contract(partner_id=partner_id)
    partner, say = partners.get_partner(partner_id=partner_id), visit.texts.plain
    price = agreement.contract.price
    return confirmation.ask(
        visit,
        title=say("vendor.partners.end_contract"),
        facts=[
            (say("vendor.partners.name"), partner.name),
            (say("vendor.partners.year"), visit.formats.money(price) if price else say("vendor.partners.no_price")),
        ],
        note=say("vendor.partners.end_contract_how"),
        button=say("vendor.partners.end_contract"),
        ends=True,
    )


@pages.post("vendor/partners/{partner_id}/contract/end", scope="operator", again=show_contract, before=_say_end)
def end_contract(visit: Visit, partner_id: str) -> Redirect:
    """Ends a contract: nothing more is invoiced, and an unpaid invoice of it is void."""
    contracts.agree(partner_id=partner_id, changes={"price": None}, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/partners/{partner_id}", done="ended")
