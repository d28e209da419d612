"""A stack deployed on an emulator of this machine, found by its base URL."""

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from infra.local.emulator import HOST, REGION
from infra.stacks import stack_environment, stack_outputs

STACK = "sublet"

# An emulator accepts any credentials; it must never receive the user's own.
SESSION = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}


class NotLocal(Exception):
    """The address is not one of this machine."""


@dataclass(frozen=True)
class DeployedStack:
    """The stack behind an endpoint of the loopback interface. Clients are made once and kept."""

    endpoint: str

    @classmethod
    def on_port(cls, port: int) -> "DeployedStack":
        """The stack on the emulator that listens on `port`."""
        return cls(endpoint=f"http://{HOST}:{port}")

    @classmethod
    def behind(cls, base_url: str) -> "DeployedStack":
        """The stack whose API has this base URL. Raises NotLocal unless it is an address of the loopback interface."""
        parts = urlsplit(base_url)
        if not _is_loopback(parts.hostname or ""):
            raise NotLocal(f"{base_url} is not on this machine.")
        return cls(endpoint=f"{parts.scheme}://{parts.netloc}")

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        return self._session.client(
            service,
            endpoint_url=self.endpoint,
            config=Config(read_timeout=120, max_pool_connections=32, retries={"total_max_attempts": 1}),
        )

    @cached_property
    def dynamodb(self) -> Any:
        """The client for tables."""
        return self.client("dynamodb")

    @cached_property
    def functions(self) -> Any:
        """The client for functions."""
        return self.client("lambda")

    @cached_property
    def queues(self) -> Any:
        """The client for queues."""
        return self.client("sqs")

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs: names of tables and functions, addresses of queues."""
        return stack_outputs(self.client("cloudformation"), STACK)

    @cached_property
    def environment(self) -> dict[str, str]:
        """The settings of the stack, as its functions have them."""
        return stack_environment(self.functions, self.outputs)

    @property
    def base_url(self) -> str:
        """The base URL of the API; paths such as `/v1/partner` follow it."""
        return f"{self.endpoint}/restapis/{self.outputs['RestAPIId']}/{self.outputs['ApiStage']}/_user_request_"

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(**SESSION)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
