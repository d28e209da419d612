"""What all pages of an account have: its name and look, the guard of their forms, and how a fault is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from html import escape

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

    @property
    def id(self) -> str:
        """By which its input refers to what is said of it."""
        return f' id="fault-{self.field}"' if self.field else ""


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
        title: str,
        content: str,
        *,
        status: int = 200,
        leads_to: str = "",
        scripts: Sequence[Script] = (),
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
    ) -> Answer:
        """A page. ``values`` are filled into its title."""
        return layout.page(
            title=self.texts.plain(title, **(values or {})),
            content=content,
            branding=self.branding,
            language=self.texts.code,
            status=status,
            leads_to=leads_to,
            scripts=scripts,
            headers={**self.guard.headers, **(headers or {})},
        )

    def form(
        self,
        action: str,
        fields: str,
        button: str,
        *,
        to: str = "",
        quiet: bool = False,
        marks: str = "",
        values: Mapping[str, str] | None = None,
    ) -> str:
        """A form that does ``action``; it is sent ``to`` a path beside the page, or to the page's own. ``marks`` are
        attributes for scripts; ``values`` are filled into the button's text."""
        target = f' action="{escape(to)}"' if to else ""
        look = ' class="quiet"' if quiet else ""
        return (
            f'<form method="post"{target}{marks}>{self.guard.token_field(action)}{fields}'
            f"<button{look}>{self.texts.html(button, **(values or {}))}</button></form>"
        )

    def link(self, to: str, text: str) -> str:
        return f'<nav><a href="{escape(to)}">{self.texts.html(text)}</a></nav>'

    def button_link(self, to: str, text: str, *, quiet: bool = False) -> str:
        look = "button quiet" if quiet else "button"
        return f'<p><a class="{look}" href="{escape(to)}">{self.texts.html(text)}</a></p>'

    def said(self, *faults: Fault | None) -> str:
        """What went wrong, read out at once by a screen reader; nothing without a fault."""
        lines = "".join(f"<p{fault.id}>{self.texts.html(fault.text, **fault.values)}</p>" for fault in faults if fault)
        return f'<div class="fault" role="alert">{lines}</div>' if lines else ""

    def paragraph(self, text: str) -> str:
        return f"<p>{self.texts.html(text)}</p>"

    @property
    def account_line(self) -> str:
        return f"<p>{self.texts.html('account', name=self.name)}</p>" if self.name else ""


def site_of(call: Call, name: str, look: Look) -> Site:
    """The pages of an account, for the browser that asks."""
    texts = texts_in(look.language, accept_language=call.headers.get("Accept-Language"))
    return Site(name, look.branding, texts, forms.guard_of(call))


def marks(name: str, *faults: Fault | None) -> str:
    """The attributes of an input that something is wrong with: what :meth:`Site.said` says of it describes it, and the
    first of them has the focus."""
    wrong = [fault.field for fault in faults if fault and fault.field]
    if name not in wrong:
        return ""
    focus = " autofocus" if name == wrong[0] else ""
    return f' aria-invalid="true" aria-describedby="fault-{name}"{focus}'


def message(written: str | None) -> str:
    """What a partner wrote for its client, line by line; nothing if it wrote nothing."""
    return f'<p class="lines"><bdi>{escape(written)}</bdi></p>' if written else ""


def input_field(
    site: Site, label: str, name: str, kind: str, autocomplete: str, *, value: str = "", more: str = "", hint: str = ""
) -> str:
    small = f"<small>{site.texts.html(hint)}</small>" if hint else ""
    given = f' value="{escape(value)}"' if value else ""
    return (
        f'<label>{site.texts.html(label)}{small}<input type="{kind}" name="{name}" autocomplete="{autocomplete}"'
        f"{given} required{more}></label>"
    )


def select_field(
    site: Site, label: str, name: str, options: str, *, autocomplete: str = "off", hint: str = "", more: str = ""
) -> str:
    """A choice; ``options`` is HTML."""
    small = f"<small>{site.texts.html(hint)}</small>" if hint else ""
    return (
        f'<label>{site.texts.html(label)}{small}<select name="{name}" autocomplete="{autocomplete}" required{more}>'
        f"{options}</select></label>"
    )


def option(value: str, text: str, *, chosen: bool = False) -> str:
    mark = " selected" if chosen else ""
    return f'<option value="{escape(value)}"{mark}>{escape(text)}</option>'


def new_password_field(site: Site, *, focused: bool = False, fault: Fault | None = None) -> str:
    marked = marks("new_password", fault) or (" autofocus" if focused else "")
    bounds = f' minlength="{SHORTEST}" maxlength="{LONGEST}"{marked}'
    return input_field(
        site, "new_password", "new_password", "password", "new-password", more=bounds, hint="password_rules"
    )


def hidden_name(site: Site) -> str:
    """Tells a password manager whose password it is."""
    return f'<input name="username" value="{escape(site.name)}" autocomplete="username" readonly hidden>'
