"""Which errors may pass: their step is tried again. Any other error parks the step's subject."""

from chalicelib.domain.refusals import Refusal
from chalicelib.gateways import payments, payouts
from chalicelib.gateways.due_queue import SendingFailed
from chalicelib.models import aws_errors
from chalicelib.models.transactions import WriteConflict


def is_transient(error: Exception) -> bool:
    """Whether the same step may well succeed later, so that its message should come again.

    Rows that others changed or keep busy, throttling, a service, a queue or a network that does not answer, a missing
    permission or key: the subject itself is sound. Anything else (a value that is not allowed, an error in our code)
    would fail again each time.
    """
    match error:
        case Refusal():
            return error.kind.is_transient
        case payments.OutcomeUnknown() | payments.ProcessorMisconfigured():
            return True
        case payouts.OutcomeUnknown() | payouts.ProcessorMisconfigured():
            return True
        case SendingFailed() | WriteConflict():
            return True
        case _:
            return aws_errors.is_transient(error)
