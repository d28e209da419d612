"""Payloads of events about accounts that are to move (docs/rules.md §9, §11)."""

import dataclasses
from typing import Any

from chalicelib.domain.events.events import Event
from chalicelib.domain.transfers.transfers import Transfer
from chalicelib.models.changes import Change
from chalicelib.models.transfers.transfers import TransferRow
from chalicelib.services.events.payloads.envelope import build_event


def transfer_event(change: Change[TransferRow]) -> Event:
    """For the partner that filed it: nothing that it was not told, or did not say itself."""
    transfer = change.new.value()
    return build_event(
        change,
        at=transfer.updated_at,
        partner_id=transfer.partner_id,
        account_id=transfer.account_id,
        before=_transfer_state(change.old.value()) if change.old else {},
        after=_transfer_state(transfer),
        data={
            "transfer_id": transfer.id,
            "direction": transfer.direction,
            "account": transfer.account_name,
            "email": transfer.email,
        },
    )


def _transfer_state(transfer: Transfer) -> dict[str, Any]:
    return {
        "status": transfer.status,
        "account_id": transfer.account_id,
        "plan": dataclasses.asdict(transfer.plan) if transfer.plan else None,
        "reason": transfer.reason,
    }
