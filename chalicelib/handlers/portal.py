"""The portal's one route, behind which all its pages are: its own table of pages is in `chalicelib/portal/site.py`."""

from chalice.app import Blueprint, Response

from chalicelib.api.declared import PORTAL, PORTAL_PAGES
from chalicelib.api.routes import Routes

routes = Routes(Blueprint(__name__), tag="portal")
_blueprint = routes.blueprint


@_blueprint.route(PORTAL, methods=["GET"], content_types=["*/*"])
def enter_portal() -> Response:
    """Leads to the first page: API Gateway's greedy route needs a segment at least."""
    return Response(body="", headers={"Location": "portal/home", "Cache-Control": "no-store"}, status_code=303)


@_blueprint.route(PORTAL_PAGES, methods=["GET", "POST"], content_types=["*/*"])
def open_page() -> Response:
    """Any page or form of the portal."""
    from chalicelib.portal import entry_point  # nothing else loads the pages

    return entry_point.answer(_blueprint.current_request)
