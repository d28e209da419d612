"""Which errors of DynamoDB and of the AWS SDK may pass when the same call is made again."""

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

_TRANSIENT_CODES = frozenset(
    {
        # another write at the same moment
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
        # too many requests
        "RequestLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "TooManyRequestsException",
        # no answer
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestExpired",
        "ServiceUnavailable",
        # a permission, a table or a credential is missing, which fails everything alike
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
    """Whether the same call may well succeed later. False for what is no error of AWS.

    Throttling, conflicting writes, a service or a network that does not answer, a missing permission or credential.
    """
    match error:
        case BotoCoreError():
            return not isinstance(error, ParamValidationError)  # the others: no network, no credentials, no answer
        case ClientError():
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", ())]
            return status >= 500 or any(map(_is_transient_code, [error.response["Error"]["Code"], *reasons]))
        case TransactWriteError() if any(_is_transient_code(why.code) for why in error.cancellation_reasons if why):
            return True
        case PynamoDBException(cause=ClientError() | BotoCoreError() as cause):
            return is_transient(cause)
        case _:
            return False


def _is_transient_code(code: str) -> bool:
    return code in _TRANSIENT_CODES or "Throttl" in code or "Throughput" in code or code.startswith("KMS")
