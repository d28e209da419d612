"""Charges and their lines as rows store them: packed, so that an account that is being charged and an invoice with
several lines stay below a kilobyte.
"""

from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge
from chalicelib.models.packed import PackedAttribute

# Part of the format, see models/packed.py. What comes last costs least: a renewal by card is at the end.
_DICTIONARY = (
    b'"kind":"bill"refund"credit_pack"prepaid_purchase"conversion"upgrade"first_period"add_on"unused"forgone"waived"'
    b'"contacts":"plan":{"pricing_version":"V3","product":"marketing","tier":"plus","limits":{"email_sends":'
    b'"activities":"custom_reports":},"add_ons":[]},"then":"anchor":"2026-"request":"refunds":"pi_"declined":'
    b'"no_billing_profile""on_schedule":false"attempt":2"bill_id":"bill_"billed":{"amount":"EUR""GBP"'
    b'"rule":"unused""limit":"times":"days":"of_days":"item":"sms","seo""starter""professional""enterprise""lite"'
    b'"explanation":{"rule":"price","item":"plan","list_price":4900,"migration_percent":"10","partner_percent":"55"}'
    b'{"id":"inv_","kind":"renewal","lines":[{"kind":"plan","description":"Plus, 1,000 contacts, monthly",'
    b'"amount":{"amount":4900,"currency":"USD"},"period":{"start":"2026-02-","end":"2026-03-"},"explanation":'
    b'{"rule":"price","item":"plan","list_price":4900}}],"total":{"amount":4900,"currency":"USD"},"started_at":"2026-02-'
    b'T06:00:00Z","period":{"start":"2026-02-28","end":"2026-03-31"},"price":{"amount":4900,"currency":"USD"},"terms":'
    b'{"partner_percent":"0","migration_percent":"0"},"billing_profile_id":"bp_01","from_set_aside":{"amount":0,'
    b'"currency":"USD"},"from_general":{"amount":0,"currency":"USD"},"card":{"amount":4900,"currency":"USD"},'
    b'"scheduled":true,"parties":"'
)


class ChargeAttribute(PackedAttribute[Charge]):
    """A charge, frozen from the moment it is held until it is settled: of an account, a purchase, a refund, a bill."""

    def __init__(self, *, null: bool = False) -> None:
        super().__init__(Charge, dictionary=_DICTIONARY, null=null)


class LinesAttribute(PackedAttribute[tuple[Line, ...]]):
    """The lines of an invoice."""

    def __init__(self) -> None:
        super().__init__(tuple[Line, ...], dictionary=_DICTIONARY)
