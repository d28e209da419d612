"""How to reach a running stack: `.local/endpoint.json`, for people, tests and the time machine.

The keys are kept with the data: a copy is stored in the emulator itself, so that with kept data the same keys work
after a restart.
"""

import json
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError

from infra.local.deployed import DeployedStack
from infra.package import PROJECT

LOCAL = PROJECT / ".local"
ENDPOINT = LOCAL / "endpoint.json"

KEPT = "/sublet/local/access"


class NothingRuns(Exception):
    """No stack runs in this directory."""


@dataclass(frozen=True)
class PartnerAccess:
    """A partner, one of its keys, and the email address of somebody who signs in to the portal for it."""

    id: str
    key: str
    person: str = ""


@dataclass(frozen=True)
class Access:
    """The address of a running stack, and its keys; `partners` holds the demo partners by program."""

    base_url: str
    operator_key: str
    partners: dict[str, PartnerAccess]

    def to_json(self) -> str:
        """As it stands in endpoint.json."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Access":
        """What `to_json` wrote."""
        data = json.loads(text)
        partners = {program: PartnerAccess(**partner) for program, partner in data["partners"].items()}
        return cls(base_url=data["base_url"], operator_key=data["operator_key"], partners=partners)


def announce(access: Access) -> None:
    """Write where the stack is, in one step: whoever finds the file finds it complete, and the stack ready."""
    LOCAL.mkdir(exist_ok=True)
    partial = ENDPOINT.with_suffix(".partial")
    partial.write_text(access.to_json(), encoding="utf-8")
    partial.replace(ENDPOINT)


def withdraw() -> None:
    """Delete what `announce` wrote."""
    ENDPOINT.unlink(missing_ok=True)


def announced() -> Access:
    """The stack that runs here. Raises NothingRuns."""
    try:
        return Access.from_json(ENDPOINT.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise NothingRuns("No stack runs here. Start one with `make run`.") from missing


def keep(deployed: DeployedStack, access: Access) -> None:
    """Store the keys with the data."""
    deployed.client("ssm").put_parameter(Name=KEPT, Value=access.to_json(), Type="String", Overwrite=True)


def kept(deployed: DeployedStack) -> Access | None:
    """The keys to data from an earlier run, if there is any."""
    try:
        found = deployed.client("ssm").get_parameter(Name=KEPT)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return None
    return Access.from_json(found["Parameter"]["Value"])
