"""Which errors are tried again, and which park their subject."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from pynamodb.exceptions import CancellationReason, GetError, PutError, TransactWriteError, VerboseClientError

from chalicelib.domain.refusals import NotFound
from chalicelib.gateways import payouts
from chalicelib.gateways.due_queue import SendingFailed
from chalicelib.gateways.payments import OutcomeUnknown, ProcessorMisconfigured
from chalicelib.models.transactions import Busy, WriteConflict
from chalicelib.services.schedule import transient_errors


def answered(code: str, status: int = 400, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, "PutItem")


def cancelled(*codes: str) -> TransactWriteError:
    reasons = [CancellationReason(code=code) for code in codes]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
    return TransactWriteError(
        "cancelled", cause=VerboseClientError(error, "TransactWriteItems", cancellation_reasons=reasons)
    )


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Busy("others"), id="rows others kept changing"),
        pytest.param(WriteConflict(["bill_1"]), id="a row that another changed meanwhile"),
        pytest.param(OutcomeUnknown("no answer"), id="a silent card processor"),
        pytest.param(ProcessorMisconfigured("key"), id="a card processor that refuses our key"),
        pytest.param(payouts.OutcomeUnknown("no answer"), id="a silent payout processor"),
        pytest.param(payouts.ProcessorMisconfigured("key"), id="a payout processor that refuses our key"),
        pytest.param(SendingFailed("2 of 10"), id="a queue that refuses messages"),
        pytest.param(answered("ProvisionedThroughputExceededException"), id="throttled"),
        pytest.param(answered("ThrottlingException"), id="throttled otherwise"),
        pytest.param(answered("InternalServerError", 500), id="DynamoDB fails"),
        pytest.param(answered("Whatever", 503), id="any 5xx"),
        pytest.param(answered("AccessDeniedException"), id="a right is missing"),
        pytest.param(answered("ResourceNotFoundException"), id="a table is missing"),
        pytest.param(answered("TransactionConflictException"), id="a conflict"),
        pytest.param(ReadTimeoutError(endpoint_url=""), id="a time-out"),
        pytest.param(ConnectionClosedError(endpoint_url=""), id="a lost connection"),
        pytest.param(EndpointConnectionError(endpoint_url=""), id="no network"),
        pytest.param(NoCredentialsError(), id="no credentials"),
        pytest.param(PutError(cause=answered("ThrottlingException")), id="throttled, by PynamoDB"),
        pytest.param(GetError(cause=ReadTimeoutError(endpoint_url="")), id="a time-out, by PynamoDB"),
        pytest.param(cancelled("None", "TransactionConflict"), id="a transaction that met another"),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    assert transient_errors.is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(answered("ValidationException"), id="a value DynamoDB refuses"),
        pytest.param(answered("ConditionalCheckFailedException"), id="a condition nobody expected"),
        pytest.param(answered("ItemCollectionSizeLimitExceededException"), id="too big"),
        pytest.param(PutError(cause=answered("ValidationException")), id="a value, by PynamoDB"),
        pytest.param(cancelled("None", "ValidationError"), id="a transaction with a value DynamoDB refuses"),
        pytest.param(ParamValidationError(report=""), id="a request the SDK refuses"),
        pytest.param(NotFound("no partner"), id="something that is not there"),
        pytest.param(KeyError("plan"), id="an error in our code"),
    ],
)
def test_what_would_fail_again_parks_its_subject(error: Exception) -> None:
    assert not transient_errors.is_transient(error)
