"""Many accounts out of one: copies of an account that the product made, with their names and first invoices."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from benchmarks.emulated import BATCH, write
from chalicelib.domain.ids import derived_id, new_id
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.programs import program


def copy_account(first: str, *, program_id: str, copies: int, at: datetime) -> list[str]:
    """Write copies of a paid account past the services; returns their ids. Numbers of invoices go on from 2.

    The wallet is left to the caller: its counts of accounts and invoices.
    """
    account = account_rows.get(first)
    assert account is not None
    invoice = invoice_rows.get(account.payer, derived_id("inv", first, "1"))
    assert invoice is not None
    password_hash, rules = names.password_hash(account.name), program(program_id)
    made = []
    numbered = iter(range(2, copies + 2))
    while numbers := list(islice(numbered, BATCH)):
        ids = [new_id("acct", at=at) for _ in numbers]
        new = [
            replace(account, id=each, name=f"{account.name}-{number}", version=0)
            for each, number in zip(ids, numbers, strict=True)
        ]
        invoices = [
            replace(invoice, id=derived_id("inv", each, "1"), account_id=each, number=number, version=0)
            for each, number in zip(ids, numbers, strict=True)
        ]
        puts = {
            "sublet-accounts": [account_rows.put(each, program=rules, actor="benchmark") for each in new],
            "sublet-names": [names.take(each.name, account_id=each.id, password_hash=password_hash) for each in new],
            "sublet-ledger": [invoice_rows.put(each, now=at, actor="benchmark", event="") for each in invoices],
        }
        for table, written in puts.items():
            write(table, [put.row.serialize() for put in written])
        made += ids
    return made
