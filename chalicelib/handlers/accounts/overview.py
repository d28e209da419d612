"""The account overview: a partner's accounts, filtered and sorted."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.overview import AccountColumns, ListAccounts
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import with_earned
from chalicelib.services.accounts import overview, saved_views

_LONG = {"metadata", "disabled_message"}
"""Fields that the index leaves out if they are long."""

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.get(
    "/v1/accounts",
    query=ListAccounts,
    returns=Page[AccountShape],
    previews=Page[AccountColumns],
    scope="read",
    summary="List accounts",
    refusals=(404,),
)
def list_accounts(call: Call, query: ListAccounts) -> Page[AccountShape] | Answer:
    """The partner's accounts, filtered and sorted. With `columns`, each has only those fields."""
    if query.view is not None:
        query = query.with_view(saved_views.get_view(partner_id=call.partner_id, view_id=query.view).settings)
    found, last = overview.list_accounts(
        partner_id=call.partner_id,
        question=query.question(),
        limit=query.limit,
        start=cursors.start_of(call, query),
        in_full=not query.columns or not _LONG.isdisjoint(query.columns),
        now=call.now,
    )
    shapes = [AccountShape.of(each, now=call.now) for each in found]
    if not query.columns or "earned" in query.columns:
        shapes = with_earned(shapes, partner_id=call.partner_id)
    page = Page(data=shapes, next_cursor=cursors.next_of(call, query, last))
    return _with_columns(page, query.columns) if query.columns else page


def _with_columns(page: Page[AccountShape], columns: list[str]) -> Answer:
    rows = [each.model_dump(mode="json", include=set(columns)) for each in page.data]
    data = [{name: row[name] for name in columns} for row in rows]
    return Answer(body={"data": data, "next_cursor": page.next_cursor})
