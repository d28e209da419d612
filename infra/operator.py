"""Operator keys, the keys of the vendor's own staff: `python -m infra.operator create|list|revoke`.

`create` makes a key and prints it, once. It is valid for 90 days unless `--days` says otherwise, and for 365 at most;
on a stack that is not in production, whose clock can be moved by years, for any number of days. `list` shows all keys.
`revoke ID` revokes a key and all that were made with it; they stop working within 20 seconds.

The product's own service writes the rows, straight into the stack's table, with the credentials of whoever runs this.
`--local` means the stack on this machine, `--stack NAME` one on AWS. Exit code 0: done. 1: refused, the message says
why. 2: the stack could not be reached.
"""

import argparse
import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table

from infra.commands import parser_of, run, stack_options

if TYPE_CHECKING:
    from chalicelib.domain.partners.api_keys import Family

ACTOR = "operator"
"""Who did it, for the key's row: whoever may write the table."""


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, arguments.act)


def _parser() -> argparse.ArgumentParser:
    where = stack_options()
    where.add_argument("--json", action="store_true", help="print JSON, and nothing else")
    parser = parser_of("infra.operator", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", parents=[where], help="make a key, and print it, once")
    create.add_argument("--name", default="Operator", help="whose key it is, or what it is for (default: Operator)")
    create.add_argument("--days", type=int, default=None, help="how many days it is valid (default: 90, at most 365)")
    create.set_defaults(act=_create)
    listed = commands.add_parser("list", parents=[where], help="show all keys, without the keys themselves")
    listed.set_defaults(act=_list)
    revoke = commands.add_parser("revoke", parents=[where], help="revoke a key and all that were made with it")
    revoke.add_argument("id", help="the key's id, key_…")
    revoke.set_defaults(act=_revoke)
    return parser


def _create(arguments: argparse.Namespace) -> None:
    from chalicelib.api import clock
    from chalicelib.domain.ids import new_id
    from chalicelib.services.partners import api_keys

    now = clock.now()
    _, created = api_keys.create_first_key(
        key_id=new_id("key", at=now),
        partner_id=None,
        name=arguments.name,
        expires_at=_end(arguments.days, now=now),
        now=now,
        actor=ACTOR,
    )
    assert created is not None
    print(json.dumps({"id": created.id, "key": created.key}) if arguments.json else created.key)


def _end(days: int | None, *, now: datetime) -> datetime:
    """When a key of so many days ends. Raises :class:`~chalicelib.domain.refusals.Invalid`."""
    from chalicelib.config import settings
    from chalicelib.domain.partners import api_keys
    from chalicelib.domain.refusals import Invalid

    try:
        asked = None if days is None else now + timedelta(days=days)
    except OverflowError as error:
        raise Invalid(errors=[("--days", f"must lead to a date: {days} is too far")]) from error
    if asked is not None and asked > now and not settings().production:
        return asked
    return api_keys.operator_expiry_of(asked=asked, parent=None, now=now)


def _list(arguments: argparse.Namespace) -> None:
    from chalicelib.api import clock

    families, now = _all_keys(), clock.now()
    if arguments.json:
        print(json.dumps([_as_json(family, now=now) for family in families]))
        return
    table = Table(
        Column("Key", min_width=30, overflow="fold"),
        *("Name", "Last four", "State", "Created", "Expires", "Last used"),
        Column("Made with", overflow="fold"),
    )
    for family in families:
        key = family.key
        table.add_row(
            key.id,
            key.name,
            key.last4,
            _state(family, now=now),
            _shown(key.created_at),
            _shown(key.expires_at),
            _shown(key.last_used_at),
            key.parent_id or "",
        )
    Console(highlight=False).print(table, markup=False)


def _all_keys() -> list["Family"]:
    from chalicelib.services.partners import api_keys

    families, start = api_keys.list_keys(partner_id=None, limit=100, start=None)
    while start is not None:
        more, start = api_keys.list_keys(partner_id=None, limit=100, start=start)
        families += more
    return families


def _revoke(arguments: argparse.Namespace) -> None:
    from chalicelib.api import clock
    from chalicelib.services.partners import api_keys

    api_keys.revoke_key(
        partner_id=None, key_id=arguments.id, scopes=api_keys.OPERATOR_SCOPES, now=clock.now(), actor=ACTOR
    )
    if arguments.json:
        print(json.dumps({"id": arguments.id, "revoked": True}))
    else:
        Console(highlight=False).print(f"{arguments.id} is revoked, with all keys that were made with it.")


def _state(family: "Family", *, now: datetime) -> str:
    if family.is_revoked:
        return "revoked"
    return "active" if family.usable(now) else "expired"


def _as_json(family: "Family", *, now: datetime) -> dict[str, Any]:
    key = family.key
    instants = {
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": family.revoked_at,
    }
    return {
        "id": key.id,
        "name": key.name,
        "last4": key.last4,
        "parent_id": key.parent_id,
        "state": _state(family, now=now),
        **{name: instant.isoformat() if instant else None for name, instant in instants.items()},
    }


def _shown(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}Z" if instant else ""


if __name__ == "__main__":
    sys.exit(main())
