"""SMS and inbox-preview credits: packs, what accounts are given of them, and their journals; the same for each kind."""

from chalicelib.api import cursors
from chalicelib.api.bodies.wallet.prepaid import Allocate, BuyPack, ListEntries
from chalicelib.domain.catalog.programs import Pack
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.portal import forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import named
from chalicelib.services.wallet import account_credits, credit_packs, prepaid

pages = Pages()

SEGMENTS = {CreditKind.SMS: "sms", CreditKind.INBOX_PREVIEW: "inbox-preview"}


def _declare(kind: CreditKind) -> None:
    """Declare the pages of one kind of credits."""
    path = f"credits/{SEGMENTS[kind]}"

    def show(visit: Visit) -> View:
        """The balance, packs to buy, credits of accounts, and the journal."""
        query = visit.asked_as(ListEntries)
        start = cursors.start_of(visit, query)
        entries, last = prepaid.list_journal(partner_id=visit.partner_id, kind=kind, limit=query.limit, start=start)
        wallet, _ = prepaid.get_balances(partner_id=visit.partner_id)
        program = load_program(visit.partner_seen.program)
        values = {
            "here": kind.value,
            "path": path,
            "program": program,
            "balance": wallets.credit_balance(wallet, kind).balance,
            "low": program.low_credits.get(kind.value, 0),
            "packs": program.credit_packs.get(kind, ()),
            "entries": entries,
            "counted": True,
            "names": named.names_of(
                partner_id=visit.partner_id, account_ids=(entry.account_id for entry in entries if entry.account_id)
            ),
            **visit.pager(query, last),
        }
        return View("wallet/credit_packs.html", values)

    def show_purchase(visit: Visit) -> View:
        """What a pack costs, who pays, and which account is given it; to be confirmed."""
        program = load_program(visit.partner_seen.program)
        wallet, _ = prepaid.get_balances(partner_id=visit.partner_id)
        cards = cards_on_file.cards_of(visit)
        quantity = visit.entered("quantity") or visit.asked("quantity")
        values = {
            "here": kind.value,
            "path": path,
            "program": program,
            "pack": _pack(program.credit_packs.get(kind, ()), quantity),
            "wallet": wallet,
            "cards": cards,
            "card_options": cards_on_file.options_of(cards),
        }
        return View("wallet/credit_packs_buy.html", values)

    def buy(visit: Visit) -> Redirect:
        """Buys a pack at the price that was shown, prepaid money first; with an account's name, that account is given
        it."""
        body = visit.form(BuyPack, account_id=lambda: _account(visit) if visit.entered("account") else None)
        credit_packs.buy_pack(
            purchase_id=visit.derived_id("txn"),
            partner_id=visit.partner_id,
            kind=kind,
            billing_profile_id=body.billing_profile_id,
            quantity=body.quantity,
            account_id=body.account_id,
            expect_due_today=forms.whole_number(visit.entered("expect_due_today")),
            now=visit.now,
            actor=visit.actor,
        )
        return Redirect(path, done="bought")

    def allocate(visit: Visit) -> Redirect:
        """Gives credits to an account."""
        body = visit.form(Allocate, account_id=lambda: _account(visit))
        account_credits.allocate_credits(
            entry_id=visit.derived_id("txn"),
            partner_id=visit.partner_id,
            kind=kind,
            account_id=body.account_id,
            quantity=body.quantity,
            now=visit.now,
            actor=visit.actor,
        )
        return Redirect(path, done="allocated")

    def take_back(visit: Visit) -> Redirect:
        """Takes back what an account has left."""
        name = visit.entered("from_account")
        account_credits.take_credits_back(
            entry_id=visit.derived_id("txn"),
            partner_id=visit.partner_id,
            kind=kind,
            account_id=named.id_of(partner_id=visit.partner_id, name=name, field="from_account"),
            now=visit.now,
            actor=visit.actor,
        )
        return Redirect(path, done="taken_back")

    pages.get(path, scope="read")(show)
    pages.get(f"{path}/buy", scope="read")(show_purchase)
    pages.post(f"{path}/buy", scope="billing", again=show_purchase)(buy)
    pages.post(f"{path}/allocations", scope="write", again=show)(allocate)
    pages.post(f"{path}/take-back", scope="write", again=show)(take_back)


def _account(visit: Visit) -> str:
    """The account that a form names. Raises :class:`Invalid`."""
    return named.id_of(partner_id=visit.partner_id, name=visit.entered("account"), field="account")


def _pack(packs: tuple[Pack, ...], quantity: str) -> Pack:
    """The pack that was chosen. Raises :class:`Invalid` if there is none of this size."""
    found = next((pack for pack in packs if str(pack.quantity) == quantity), None)
    if found is None:
        raise Invalid("There is no such pack. Choose one of those on the page before.")
    return found


for _kind in SEGMENTS:
    _declare(_kind)
