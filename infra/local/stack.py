"""Deploy the packaged stack on an emulator of its own: for `make run`, and for the tests."""

import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import ClientError

from infra.aliases import name_of_release
from infra.local.deployed import STACK, DeployedStack
from infra.local.emulator import CREDENTIALS, Emulator, free_port
from infra.local.gateway import set_gateway_responses
from infra.package import PROJECT, Package, compile_modules, package, read_template

BUCKET = "sublet-code"
PARAMETERS = {"Stage": "local", "DueShards": "2"}  # few accounts need few shards, and each costs a query

MASTER_KEY = "/sublet/master-key"
"""Where the template expects it."""

DEPLOY_SECONDS = 60
_OPERATOR_KEY_DAYS = "36500"
"""The clock of this stack may be moved by years; its operator's key must stay valid."""

NOTHING_TO_DO = "No updates are to be performed"


class DeploymentFailed(Exception):
    """CloudFormation refused the stack; the message says which resource and why."""


def _ignore_progress(_step: str) -> None:
    """For callers that show no progress."""


class LocalStack:
    """The stack on a port of this machine, as a context manager. It leaves nothing behind but kept data."""

    def __init__(
        self,
        *,
        home: Path,
        port: int | None = None,
        keep: bool = False,
        login_url: str = "",
        progress: Callable[[str], None] = _ignore_progress,
    ) -> None:
        self._progress = progress
        self._login_url = login_url
        self.port = port or free_port()
        self.emulator = Emulator(port=self.port, home=home, keep=keep)
        self.deployed = DeployedStack.on_port(self.port)

    def __enter__(self) -> Self:
        try:
            self._progress(f"Starting the emulator on port {self.port}")
            self.emulator.start()
            self._progress("Packaging the app with chalice")
            deploy(self.deployed, login_url=self._login_url, progress=self._progress)
        except BaseException:
            self.emulator.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.emulator.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the API; paths such as `/v1/partner` follow it."""
        return self.deployed.base_url

    @cached_property
    def operator_key(self) -> str:
        """An operator's key, made when it is first asked for."""
        return create_operator_key(self.deployed)


def deploy(deployed: DeployedStack, *, login_url: str = "", progress: Callable[[str], None] = _ignore_progress) -> None:
    """Package the app and deploy it, or update the stack that is already there: its tables keep their data."""
    parameters = PARAMETERS | {"LoginUrl": login_url}
    with tempfile.TemporaryDirectory(prefix="sublet-deploy-") as directory:
        made = package(Path(directory), wheels=False)
        compile_modules(made)
        template_url = _upload(deployed, made, parameters)
    make_master_key(deployed)
    progress("Deploying the packaged stack")
    cloudformation = deployed.client("cloudformation")
    arguments = {
        "StackName": STACK,
        "TemplateURL": template_url,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if not _exists(cloudformation):
        cloudformation.create_stack(**arguments)
    elif not _update(cloudformation, arguments):
        return
    _wait_until_complete(cloudformation)
    set_gateway_responses(deployed)


def make_master_key(deployed: DeployedStack) -> None:
    """Put a random master key where the stack looks for it, unless kept data has one."""
    parameters = deployed.client("ssm")
    try:
        parameters.put_parameter(Name=MASTER_KEY, Value=secrets.token_urlsafe(32), Type="SecureString")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterAlreadyExists":
            raise


def audit(deployed: DeployedStack, *options: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the audit's command on a stack, in a process of its own; ``output`` is where it prints, as for subprocess."""
    command = [sys.executable, "-m", "infra.audit", "--stack", STACK, *options]
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": deployed.endpoint}
    return subprocess.run(command, cwd=PROJECT, env=environment, stdout=output, text=True)


def create_operator_key(deployed: DeployedStack) -> str:
    """Make an operator key, in a process of its own: the product reads its settings from the process's environment."""
    result = subprocess.run(
        [sys.executable, "-m", "infra.operator", "create", "--stack", STACK, "--days", _OPERATOR_KEY_DAYS],
        cwd=PROJECT,
        env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": deployed.endpoint},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout.strip()


def _upload(deployed: DeployedStack, made: Package, parameters: dict[str, str]) -> str:
    """Put code and template into a bucket, as `aws cloudformation deploy` does; returns the template's address.

    The emulator makes versions of functions by the defaults of parameters: the release's name is a default here.
    """
    code = made.code.read_bytes()
    key = hashlib.sha256(code).hexdigest() + ".zip"
    template = read_template(made.template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": BUCKET, "Key": key}
    template["Parameters"]["Release"]["Default"] = name_of_release(template, parameters)
    address = f"{deployed.endpoint}/restapis/${{RestAPI}}/api/_user_request_"
    template["Resources"]["SendNotices"]["Properties"]["Environment"]["Variables"]["API_URL"] = {"Fn::Sub": address}

    storage = deployed.client("s3")
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key=key, Body=code)
    storage.put_object(Bucket=BUCKET, Key="template.json", Body=_as_the_emulator_reads_it(template).encode())
    return f"{deployed.endpoint}/{BUCKET}/template.json"


def _as_the_emulator_reads_it(template: dict[str, Any]) -> str:
    """The template as text, without alarms, which nobody watches here, and half of which the emulator can't make.

    On AWS the permission to send covers batches; the emulator wants one of its own.
    """
    resources = template["Resources"]
    kept = {name: each for name, each in resources.items() if not each["Type"].startswith("AWS::CloudWatch::")}
    template = {**template, "Resources": kept}
    return json.dumps(template).replace('"sqs:SendMessage"', '"sqs:SendMessage", "sqs:SendMessageBatch"')


def _exists(cloudformation: Any) -> bool:
    try:
        cloudformation.describe_stacks(StackName=STACK)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return True


def _update(cloudformation: Any, arguments: dict[str, Any]) -> bool:
    """Begin an update; False when the stack is as it should be already."""
    try:
        cloudformation.update_stack(**arguments)
    except ClientError as error:
        if NOTHING_TO_DO not in str(error):
            raise
        return False
    return True


def _wait_until_complete(cloudformation: Any) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    status = "not begun"
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        if not status.endswith("IN_PROGRESS"):
            break
        time.sleep(0.02)
    raise DeploymentFailed(f"{status}: {_failures(cloudformation)}")


def _failures(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)
