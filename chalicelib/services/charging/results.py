"""What comes of a charge, and the refusals of one that was asked for (docs/decisions/charging.md)."""

from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.values import dataclass
from chalicelib.services.charging.intents import ChargeIntent


@dataclass(frozen=True)
class Paid:
    """The charge is paid; ``intent`` is as stored, or ``by_other_run`` as for :class:`NotPaid`."""

    intent: ChargeIntent
    by_other_run: bool = False


@dataclass(frozen=True)
class NotPaid:
    """Declined. A requested charge has changed nothing, a scheduled one has left an open invoice.

    ``by_other_run``: another run settled it, and ``intent`` is as this run last read it.
    """

    intent: ChargeIntent
    decline_code: str
    by_other_run: bool = False


@dataclass(frozen=True)
class Unknown:
    """The processor did not answer, or there was no time to ask. The charge stays held, and a later run finishes it."""

    intent: ChargeIntent


@dataclass(frozen=True)
class Conflict:
    """Somebody else changed the subject before the charge was held: nothing was charged."""

    intent: ChargeIntent
    subjects: frozenset[str]


@dataclass(frozen=True)
class PriceChanged:
    """The partner's discount changed since the price was worked out: nothing was charged; price it anew."""

    intent: ChargeIntent


Result = Paid | NotPaid | Unknown | Conflict | PriceChanged


class CardDeclined(Refusal):
    """A requested charge was declined; nothing has changed (docs/rules.md §6)."""

    kind = RefusalKind.PAYMENT_DECLINED
    code = "card_declined"
    title = "The card was declined"


class ChargeOutcomeUnknown(Refusal):
    """The processor did not answer in time; the charge is finished or given up within minutes."""

    kind = RefusalKind.UNAVAILABLE
    code = "charge_outcome_unknown"
    title = "The card processor did not answer"


def refuse_unpaid(
    result: Result, *, declined: str, unknown: str, declined_as: type[Refusal] = CardDeclined
) -> Paid | None:
    """The result if the charge is paid; None if nothing was charged and it may be priced anew.

    Raises ``declined_as`` saying ``declined``, or :class:`ChargeOutcomeUnknown` saying ``unknown``.
    """
    match result:
        case Paid():
            return result
        case NotPaid(decline_code=code):
            raise declined_as(declined, extra={"decline_code": code})
        case Unknown():
            raise ChargeOutcomeUnknown(unknown, retry_after=120)
        case Conflict() | PriceChanged():
            return None
