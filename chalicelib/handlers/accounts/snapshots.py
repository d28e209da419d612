"""Snapshots: set-ups that new accounts are built from."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.snapshots import CreateSnapshot, ListSnapshots, SnapshotShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import snapshots

routes = Routes(Blueprint(__name__), tag="snapshots")


@routes.post(
    "/v1/snapshots",
    body=CreateSnapshot,
    returns=SnapshotShape,
    status=201,
    scope="write",
    summary="Make a snapshot of an account",
    refusals=(404, 409),
)
def create_snapshot(call: Call, body: CreateSnapshot) -> SnapshotShape:
    """Save a copy of an account's set-up under a name. The program says for which kinds of account."""
    snapshot = snapshots.create_snapshot(
        snapshot_id=call.derived_id("snap"),
        partner_id=call.partner_id,
        account_id=body.account_id,
        name=body.name,
        now=call.now,
        actor=call.actor,
    )
    return SnapshotShape.of(snapshot)


@routes.get("/v1/snapshots", query=ListSnapshots, returns=Page[SnapshotShape], scope="read", summary="List snapshots")
def list_snapshots(call: Call, query: ListSnapshots) -> Page[SnapshotShape]:
    """The partner's snapshots."""
    start = cursors.start_of(call, query)
    found, last = snapshots.list_snapshots(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[SnapshotShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/snapshots/{snapshot_id}", returns=SnapshotShape, scope="read", summary="Read a snapshot")
def get_snapshot(call: Call, snapshot_id: str) -> SnapshotShape:
    """One snapshot."""
    return SnapshotShape.of(snapshots.get_snapshot(partner_id=call.partner_id, snapshot_id=snapshot_id))


@routes.delete("/v1/snapshots/{snapshot_id}", returns=None, scope="write", summary="Delete a snapshot")
def delete_snapshot(call: Call, snapshot_id: str) -> None:
    """Delete a snapshot; accounts that were built from it stay as they are."""
    snapshots.delete_snapshot(partner_id=call.partner_id, snapshot_id=snapshot_id, now=call.now, actor=call.actor)
