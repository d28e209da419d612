"""What the card processor says of a payer's cards, for the audit to compare with the books."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime

from chalicelib.domain.audit import PaidByCard
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.gateways.payments import Charged, ListsCharges, PaymentGateway
from chalicelib.models import audit_reads as book_rows
from chalicelib.models.partners import billing_profiles as profile_rows


class CardCharges:
    """The processor's charges of a payer's cards: listed beforehand where possible, otherwise looked up key by key."""

    def __init__(self, payer: str, gateway: PaymentGateway, *, until: datetime, since: datetime | None) -> None:
        self._payer, self._gateway = payer, gateway
        self._until, self._since = until, since
        self._listed: defaultdict[str, list[CardCharge]] = defaultdict(list)
        if isinstance(gateway, ListsCharges):
            customers = profile_rows.processor_customers(payer)
            for charge in gateway.list_charges(payer=payer, customers=customers, since=since):
                self._listed[charge.identity].append(charge)

    def of_record(self, record: PaidByCard) -> Sequence[CardCharge] | None:
        """The charges of a record. Without a list, or if they came after it was made, they are looked up."""
        listed = self._listed.pop(record.identity, None)
        if listed is not None or not self._is_looked_up(record):
            return listed
        keys = (f"{record.identity}-{attempt}" for attempt in range(1, record.attempts + 1))
        found = ((key, self._gateway.find(key=key)) for key in keys)
        return [CardCharge(key, answer.reference) for key, answer in found if isinstance(answer, Charged)]

    def unclaimed(self, in_progress: Set[str]) -> list[CardCharge]:
        """The charges listed that no record claims, that are not in progress and have no row that appeared since."""
        left = self._listed.keys() - in_progress
        came = book_rows.paid_by_card(self._payer, left)
        return [charge for identity in sorted(left - came) for charge in self._listed[identity]]

    def _is_looked_up(self, record: PaidByCard) -> bool:
        """Not what an earlier audit checked; without a list, not what was paid just now either: the next audit does."""
        if record.paid_at is None:
            return True
        if self._since is not None and record.paid_at < self._since:
            return False
        return isinstance(self._gateway, ListsCharges) or record.paid_at <= self._until
