"""Transient errors, after which a message comes again. Any other error parks its subject."""

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib.domain.refusals import Refusal
from chalicelib.gateways.payments import OutcomeUnknown, ProcessorMisconfigured
from chalicelib.models.transactions import WriteConflict

_OF_EVERYBODY = frozenset(
    {
        # somebody else was there at the same moment
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
        # too much at once
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "TooManyRequestsException",
        # not there, not now
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestExpired",
        "ServiceUnavailable",
        # a right, a table or a credential that is missing, for all alike
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)


def is_transient(error: Exception) -> bool:
    """Whether the same step may well succeed later, so that its message should come again.

    Rows that others changed or keep busy, throttling, a service or a network that does not answer, a right or a key
    that is missing: no subject's own fault. Anything else (a value that is not allowed, an error in our code) would
    break the worker again and again.
    """
    match error:
        case Refusal():
            return error.status >= 500 or error.status == 429
        case OutcomeUnknown() | ProcessorMisconfigured() | WriteConflict():
            return True
        case BotoCoreError():
            return not isinstance(error, ParamValidationError)  # the others: no network, no credentials, no answer
        case ClientError():
            return _is_of_everybody(error)
        case TransactWriteError() if any(
            _is_everybodys(reason.code) for reason in error.cancellation_reasons if reason
        ):
            return True
        case PynamoDBException():
            return isinstance(error.cause, ClientError | BotoCoreError) and is_transient(error.cause)
        case _:
            return False


def _is_of_everybody(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", ())]
    return status >= 500 or any(_is_everybodys(code) for code in [error.response["Error"]["Code"], *reasons])


def _is_everybodys(code: str) -> bool:
    return code in _OF_EVERYBODY or "Throttl" in code or "Throughput" in code or code.startswith("KMS")
