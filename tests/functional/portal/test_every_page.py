"""What holds for every page and form of the portal, whoever wrote it: it asks who it is, and knows nobody else's."""

import re
from collections.abc import Iterator

from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.portal import site
from chalicelib.portal.declared import Page
from tests.functional.conftest import Api
from tests.functional.portal.conftest import Visitor, signed_in

PAGES = [page for module in sorted(set(site.MODULES.values())) for page in site.pages_of(module)]
PARTNERS = {"read", "write", "billing"}


def filled(page: Page, account_id: str) -> str:
    """The page's path, with ids of somebody else's account or of nothing."""
    return re.sub(r"\{(\w+)\}", lambda name: account_id if name[1] == "account_id" else "none_1", page.path)


def asked(method: str) -> Iterator[Page]:
    return (page for page in PAGES if page.method == method)


def test_a_stranger_opens_public_pages_only(api: Api) -> None:
    for page in PAGES:
        visitor = Visitor()
        path = filled(page, "acct_1")
        answer = visitor.get(path) if page.method == "GET" else visitor.post(path)
        led = answer.status == 303 and "sign-in" in answer.headers.get("Location", "")
        assert led or page.scope == "public", page.path


def test_no_form_is_taken_without_the_sessions_secret_or_from_elsewhere(api: Api) -> None:
    visitors = {True: signed_in(VENDOR, Role.OPERATOR), False: signed_in(api.partner().id)}

    for page in asked("POST"):
        visitor, path = visitors[page.scope == "operator"], filled(page, "acct_1")
        assert visitor.post(path, {"csrf": "guessed"}).status == 403, page.path
        assert visitor.post(path, Sec_Fetch_Site="cross-site").status == 403, page.path


def test_a_role_without_the_right_is_refused(api: Api) -> None:
    partner = api.partner()
    reader, operator = signed_in(partner.id, Role.READ_ONLY), signed_in(VENDOR, Role.OPERATOR)

    for page in PAGES:
        refused = {"operator": [reader], "read": [operator]}.get(page.scope, [reader, operator])
        for visitor in refused if page.scope in {"operator", *PARTNERS} else []:
            path = filled(page, "acct_1")
            answer = visitor.get(path) if page.method == "GET" else visitor.post(path)
            assert answer.status == 403, page.path
