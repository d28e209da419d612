"""Saved views: filters, columns and an order of the account overview under a name."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.saved_views import CreateView, ListViews, UpdateView, ViewShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import saved_views

routes = Routes(Blueprint(__name__), tag="views")


@routes.post(
    "/v1/views",
    body=CreateView,
    returns=ViewShape,
    status=201,
    scope="write",
    summary="Save a view of the accounts",
    refusals=(409,),
)
def create_view(call: Call, body: CreateView) -> ViewShape:
    """Save filters, columns and an order for `GET /v1/accounts?view=`. Up to 50 views a partner."""
    view = saved_views.create_view(
        view_id=call.derived_id("view"),
        partner_id=call.partner_id,
        name=body.name,
        settings=body.settings(),
        now=call.now,
    )
    return ViewShape.of(view)


@routes.get("/v1/views", query=ListViews, returns=Page[ViewShape], scope="read", summary="List saved views")
def list_views(call: Call, query: ListViews) -> Page[ViewShape]:
    """The partner's saved views."""
    start = cursors.start_of(call, query)
    found, last = saved_views.list_views(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[ViewShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/views/{view_id}", returns=ViewShape, scope="read", summary="Read a saved view")
def get_view(call: Call, view_id: str) -> ViewShape:
    """One view."""
    return ViewShape.of(saved_views.get_view(partner_id=call.partner_id, view_id=view_id))


@routes.patch(
    "/v1/views/{view_id}",
    body=UpdateView,
    returns=ViewShape,
    scope="write",
    summary="Change a saved view",
    refusals=(409,),
)
def update_view(call: Call, view_id: str, body: UpdateView) -> ViewShape:
    """Change a view's name, filters, columns or order; what is left out stays."""
    view = saved_views.update_view(
        partner_id=call.partner_id, view_id=view_id, name=body.name, settings=body.settings(), now=call.now
    )
    return ViewShape.of(view)


@routes.delete("/v1/views/{view_id}", returns=None, scope="write", summary="Delete a saved view")
def delete_view(call: Call, view_id: str) -> None:
    """Delete a view; lists that name it are a 404 from now on."""
    saved_views.delete_view(partner_id=call.partner_id, view_id=view_id)
