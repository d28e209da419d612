"""What all pages of an account have: its name and look, the guard of their forms, and how a fault is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from chalicelib.api.answers import Answer
from chalicelib.api.call import Call
from chalicelib.api.pages import forms, layout
from chalicelib.api.pages.forms import Guard
from chalicelib.api.pages.layout import Script
from chalicelib.api.pages.texts import Texts, texts_in
from chalicelib.domain.clients.passwords import LONGEST, SHORTEST
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.values import dataclass
from chalicelib.services.clients.looks import Look


@dataclass(frozen=True)
class Fault:
    """Why a form is shown again, and with which status."""

    text: str
    status: int
    values: Mapping[str, str] = field(default_factory=dict)
    """What is filled in."""
    field: str = ""
    """The name of the input that it is about; empty if it is about none, or several."""


FORM_OVER = Fault("form_over", 403)
WEAK = Fault("weak_password", 422, field="new_password")


@dataclass(frozen=True)
class Site:
    """The account whose pages these are, how they look, and what guards their forms."""

    name: str
    branding: Branding
    texts: Texts
    guard: Guard

    def page(
        self,
        template: str,
        *faults: Fault | None,
        status: int = 200,
        leads_to: str = "",
        scripts: Sequence[Script] = (),
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Answer:
        """A page by its template. It says the ``faults``, and the first of them, if there is one, gives its status."""
        said = [fault for fault in faults if fault]
        return layout.page(
            template,
            branding=self.branding,
            texts=self.texts,
            status=said[0].status if said else status,
            leads_to=leads_to,
            scripts=scripts,
            headers={**self.guard.headers, **(headers or {})},
            site=self,
            token=self.guard.token,
            faults=said,
            shortest_password=SHORTEST,
            longest_password=LONGEST,
            **values,
        )

    def notice(
        self,
        title: str,
        text: str,
        *faults: Fault | None,
        role: str = "",
        link: tuple[str, str] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: str,
    ) -> Answer:
        """A page that says one thing, a text with its ``values``. ``link`` is an address and the name of its text."""
        return self.page(
            "notice",
            *faults,
            status=status,
            headers=headers,
            title=self.texts.plain(title),
            text=self.texts.html(text, **values),
            role=role,
            link=(link[0], self.texts.html(link[1])) if link else None,
        )

    def action(self, what: str) -> str:
        """What a form on a page of this account does, as its token says."""
        return f"{what}:{self.name}"


def site_of(call: Call, name: str, look: Look) -> Site:
    """The pages of an account, for the browser that asks."""
    texts = texts_in(look.language, accept_language=call.headers.get("Accept-Language"))
    return Site(name, look.branding, texts, forms.guard_of(call))
