"""The parties of an invoice, recorded before its charge is held (docs/rules.md §6)."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.billing.parties import Parties, Payer, PayingClient, parties_of
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import INVOICED, Charge
from chalicelib.domain.copies import replace
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.billing import parties as party_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.intents import ChargeIntent
from chalicelib.services.partners import partners


def with_parties(
    intents: Sequence[ChargeIntent],
    wallet: Wallet,
    *,
    program: Program,
    partner: Partner | None,
    profiles: Mapping[str, BillingProfile] | None,
) -> list[ChargeIntent]:
    """The intents; each that will be invoiced names the seller and the customer as they are now.

    One that names them already keeps them. The customer has the address of the billing profile that is charged; on the
    Single Bill, of the bill's. ``partner`` is the payer, if the caller has read it.
    """
    without = [intent.charge for intent in intents if intent.charge.kind in INVOICED and intent.charge.parties is None]
    if not without:
        return list(intents)
    payer = _payer(intents[0], partner)
    by_charge = {charge.id: _profile_id(charge, wallet) or "" for charge in without}
    profiles = with_profiles(profiles, wallet.payer, by_charge.values())
    parties = {
        profile_id: _stored(parties_of(seller=program.seller, payer=payer, profile=profiles.get(profile_id)), wallet)
        for profile_id in dict.fromkeys(by_charge.values())
    }
    return [
        intent.split(replace(intent.charge, parties=parties[by_charge[intent.charge.id]]))
        if intent.charge.id in by_charge
        else intent
        for intent in intents
    ]


def with_profiles(
    known: Mapping[str, BillingProfile] | None, payer: str, profile_ids: Iterable[str | None]
) -> Mapping[str, BillingProfile]:
    """The billing profiles with these ids, by id: those ``known``, or all of them read."""
    wanted = {profile_id for profile_id in profile_ids if profile_id}
    return known if known is not None and wanted <= known.keys() else profile_rows.get_many(payer, wanted)


def _stored(parties: Parties, wallet: Wallet) -> str:
    """The digest by which invoices name the parties; they are stored unless the newest invoice names them too."""
    digest = parties.digest
    if digest != wallet.parties:
        party_rows.keep(wallet.payer, digest, parties)
    return digest


def _payer(intent: ChargeIntent, partner: Partner | None) -> Payer:
    """Whoever pays: a partner, or the client of the account that is charged (§9)."""
    if not isinstance(intent, AccountIntent) or not intent.account.pays_itself:
        return partner or partners.get_partner(partner_id=intent.payer)
    account = intent.account
    return PayingClient(account.client.name, account.client.email, account.country, account.time_zone)


def _profile_id(charge: Charge, wallet: Wallet) -> str | None:
    if charge.bill_id is not None and wallet.single_bill is not None:
        return wallet.single_bill.billing_profile_id
    return charge.billing_profile_id
