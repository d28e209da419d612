"""`python -m infra.local inbox`: the mails that a stack outside production keeps instead of sending."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import EndpointConnectionError
from rich.console import Console
from rich.table import Table

from infra.local import access
from infra.local.access import NothingRuns
from infra.local.deployed import DeployedStack


@dataclass(frozen=True)
class ReadMail:
    """A mail as it was sent; `at` is the time of the stack's own clock."""

    to: str
    subject: str
    text: str
    html: str
    at: str


class NoSuchMail(Exception):
    """The inbox has no mail of that number."""


def inbox(*, to: str | None, number: int | None, as_json: bool, console: Console) -> None:
    """List the mails of the running stack, or show one by its number in the list."""
    deployed = DeployedStack.behind(access.announced().base_url)
    try:
        found = mails(deployed, to=to)
    except EndpointConnectionError as lost:
        raise NothingRuns(f"Nothing answers at {deployed.endpoint}. Start a stack with `make run`.") from lost
    if number is not None:
        if not 1 <= number <= len(found):
            raise NoSuchMail(f"There is no mail {number}; there are {len(found)}.")
        found = [found[number - 1]]
    if as_json:
        print(json.dumps([asdict(mail) for mail in found], ensure_ascii=False))
    elif number is not None:
        _show(found[0], console)
    else:
        _list(found, console)


def mails(deployed: DeployedStack, *, to: str | None = None) -> list[ReadMail]:
    """Every mail, or those to one address, in the order they were sent."""
    pages = deployed.dynamodb.get_paginator("query").paginate(
        TableName=deployed.environment["SANDBOX_TABLE"],
        IndexName="by_payer",
        KeyConditionExpression="payer = :inbox",
        ExpressionAttributeValues={":inbox": {"S": "inbox"}},
    )
    found = [_read(item) for page in pages for item in page["Items"]]
    return [mail for mail in found if to is None or mail.to.casefold() == to.casefold()]


def _read(item: dict[str, Any]) -> ReadMail:
    return ReadMail(**{name: item[name]["S"] for name in ("to", "subject", "text", "html", "at")})


def _list(found: list[ReadMail], console: Console) -> None:
    if not found:
        console.print("No mail was sent yet. Move the clock: .venv/bin/python -m infra.local advance --days 31")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("#", "at", "to", "subject"):
        table.add_column(title, justify="right" if title == "#" else "left", overflow="fold")
    for number, mail in enumerate(found, start=1):
        table.add_row(str(number), mail.at, mail.to, mail.subject)
    console.print(table)
    console.print("\nRead one: .venv/bin/python -m infra.local inbox --show NUMBER", markup=False)


def _show(mail: ReadMail, console: Console) -> None:
    for name in ("at", "to", "subject"):
        console.print(f"{name.capitalize():<9}{getattr(mail, name)}", markup=False, soft_wrap=True)
    console.print()
    console.print(mail.text, markup=False, soft_wrap=True)
