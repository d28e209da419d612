"""The alias on the deployed stack: what is not released answers nobody, and a release is taken back at once."""

import io
from collections.abc import Iterator
from zipfile import ZipFile

import pytest

from infra.aliases import ALIAS
from infra.local.stack import BUCKET, LocalStack
from tests.stack.client import Client, new_partner


@pytest.fixture
def released(stack: LocalStack) -> Iterator[dict[str, str]]:
    """The API and its authorizer, each with its released version; afterwards they are as they were deployed."""
    functions, storage = stack.deployed.functions, stack.deployed.client("s3")
    keys = [each["Key"] for each in storage.list_objects_v2(Bucket=BUCKET)["Contents"]]
    (code,) = (key for key in keys if key.endswith(".zip"))
    names = {
        function: stack.deployed.client("cloudformation").describe_stack_resource(
            StackName="sublet", LogicalResourceId=function
        )["StackResourceDetail"]["PhysicalResourceId"]
        for function in ("APIHandler", "ApiKeyAuthorizer")
    }
    versions = {name: functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"] for name in names.values()}
    try:
        yield names
    finally:
        for name, version in versions.items():
            functions.update_function_code(FunctionName=name, S3Bucket=BUCKET, S3Key=code)
            functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


def broken() -> bytes:
    """A package whose functions can't start."""
    content = io.BytesIO()
    with ZipFile(content, "w") as package:
        package.writestr("app.py", "raise RuntimeError('not fit to be released')")
    return content.getvalue()


def answer(partner: Client) -> int:
    """The status of a request that needs a key. A key that was asked for lately is known without the authorizer."""
    return partner.request("GET", "/v1/partner").status_code


def test_what_is_not_released_answers_nobody_and_a_release_is_taken_back_at_once(
    stack: LocalStack, released: dict[str, str]
) -> None:
    functions = stack.deployed.functions
    partners = [new_partner(stack.base_url, stack.operator_key) for _ in range(3)]
    api, authorizer = released["APIHandler"], released["ApiKeyAuthorizer"]

    def release(function: str, version: str) -> str:
        before = functions.get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"]
        functions.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=version)
        return str(before)

    for function in released.values():
        functions.update_function_code(FunctionName=function, ZipFile=broken())
    assert answer(partners[0]) == 200, "neither is released"

    before = release(api, functions.publish_version(FunctionName=api)["Version"])
    assert answer(partners[0]) >= 500
    release(api, before)
    assert answer(partners[0]) == 200

    before = release(authorizer, functions.publish_version(FunctionName=authorizer)["Version"])
    assert answer(partners[1]) != 200
    release(authorizer, before)
    assert answer(partners[2]) == 200
