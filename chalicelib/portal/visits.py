"""A visit: a request for a page, as the pages get it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.api import clock, cursors, hosts, parsing
from chalicelib.api.base import ListQuery
from chalicelib.api.call import OPERATOR, Call
from chalicelib.api.problems import FieldError, Problem
from chalicelib.api.translations import findings_in, translations_in
from chalicelib.documents import mails
from chalicelib.documents.invoices import words as invoice_words
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.people.roles import OBSERVE
from chalicelib.domain.people.sessions import Session
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.portal import forms
from chalicelib.portal.formats import Formats
from chalicelib.portal.texts import Texts, texts_in
from chalicelib.services.partners import partners

PAGE_ROWS = 50
"""A list shows no more at once, whatever its address says: no page has over 100 KB."""
ONCE = "once"
"""The hidden field with the mark of a form: sent twice, as by a double click, it makes one thing."""
LANGUAGES = ("en", "de")


@dataclass(frozen=True)
class Visit(Call):
    """A call by a person instead of a key: services and cursors take what they take from a call.

    `partner_id`, `actor`, `now` (the product's clock) and `derived_id` are those of every call.
    """

    place: str = ""
    """The path behind `portal/`: `accounts/acct_1/plan`."""
    module: str = ""
    session: Session | None = None
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    given: Mapping[str, list[str]] = field(default_factory=dict)
    """What the form holds, by field."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the form that is shown again, by field."""
    refusal: Problem | None = None
    """Why the form that is shown again was refused, if no field of it is at fault."""

    @property
    def me(self) -> Session:
        """Who is signed in. A public page has nobody: using it there is a bug."""
        if self.session is None:
            raise LookupError(f"Nobody is signed in at {self.place}.")
        return self.session

    @cached_property
    def machine_now(self) -> datetime:
        """The machine's clock, by which sessions and one-time codes go; `now` is the product's, which may be ahead."""
        return clock.machine_now()

    @property
    def actor(self) -> str:
        """Who did it, for the event log: `person:psn_…` or `public`."""
        return self.session.actor if self.session else super().actor

    @property
    def idempotency_key(self) -> str | None:
        """The mark of the form, so that `derived_id` names the same thing when a form is sent twice."""
        return self.entered(ONCE) or None if self.method == "POST" else None

    @property
    def element(self) -> str | None:
        """The id of the element that htmx asks for, if this is not a visit to the whole page."""
        return self.headers.get("HX-Target") if self.by_htmx else None

    @property
    def by_htmx(self) -> bool:
        return self.headers.get("HX-Request") == "true"

    @property
    def partner_seen(self) -> Partner:
        """The partner, as it was within the last minutes: its name and zone on each page cost no read."""
        return _partner(self.partner_id, self.machine_now.timestamp() // 300)

    @property
    def language(self) -> str:
        """The language of the pages: the person's, or for a stranger the browser's."""
        wished = self.session.language if self.session else self.headers.get("Accept-Language", "")
        code = wished.partition(",")[0].partition("-")[0].strip().lower()
        return code if code in LANGUAGES else LANGUAGES[0]

    @property
    def texts(self) -> Texts:
        """The texts in the language of the pages."""
        return texts_in(self.language)

    @property
    def formats(self) -> Formats:
        """How the reader sees values."""
        return Formats(self.texts, self)

    @property
    def zone(self) -> str:
        """The time zone in which the reader sees instants: the partner's."""
        return self.partner_seen.time_zone if self.partner else "UTC"

    @property
    def here(self) -> str:
        """The address of the page, behind `portal/`."""
        return written(self.place, self.query)

    def said(self, text: str) -> str:
        """What a service says in English, as the reader is told it."""
        return translations_in(self.language).said(text, written=self._formats_of_values)

    def finding(self, text: str) -> str:
        """What an audit found, in the reader's language."""
        return findings_in(self.language).said(text, written=self._formats_of_values)

    def why_not(self, refused: Refusal | Problem | parsing.Faults) -> str:
        """Why something is refused, in a sentence or a few."""
        if refused.errors:
            messages = [error.message if isinstance(error, FieldError) else error[1] for error in refused.errors]
            return " ".join(sentence(self.said(message)) for message in messages)
        assert not isinstance(refused, parsing.Faults)
        return translations_in(self.language).of_refusal(refused.code, refused.detail, written=self._formats_of_values)

    @property
    def _formats_of_values(self) -> Mapping[str, Callable[[str], str]]:
        """How values stand in what services say: amounts are in the partner's minor units, days as in ISO 8601."""
        return {
            "money": self._money,
            "day": lambda text: self.formats.day(date.fromisoformat(text[:10])),
            "decline": lambda code: invoice_words.decline_reason(code, language=self.language),
            "figures": mails.language_of(self.language).figures,
        }

    def _money(self, minor_units: str) -> str:
        if self.partner is None:  # an operator, who sees partners of all currencies
            return self.texts.plain("common.minor_units", number=minor_units)
        return self.formats.money(Money(int(minor_units), self.partner_seen.currency))

    def entered(self, name: str, default: str = "") -> str:
        """The text in a field of the form, without spaces around it."""
        values = self.given.get(name)
        return values[-1].strip() if values else default

    def may_open(self, scope: str) -> bool:
        """Whether a page of this scope may be looked at; observers look at those of operators."""
        return scope == "signed in" or scope in self.scopes or (scope == OPERATOR and OBSERVE in self.scopes)

    def email(self, name: str) -> str:
        """An email address in the form, as it is stored: its domain in ASCII."""
        return hosts.email_in_ascii(self.entered(name))

    def password(self, name: str) -> str:
        """A password in the form, with the blanks that belong to it."""
        return self.given.get(name, [""])[-1]

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the address."""
        value = self.query.get(name, default)
        return value if isinstance(value, str) else value[-1]

    def asked_as(self, model: type[parsing.M]) -> parsing.M:
        """The parameters of the address that the model of an API's query knows; a list's limit is that of a page.
        Raises :class:`~chalicelib.api.parsing.Faults`."""
        found = parsing.from_query(model, forms.known_parameters(self.query, model))
        if isinstance(found, ListQuery) and found.limit > PAGE_ROWS:
            return found.model_copy(update={"limit": PAGE_ROWS})
        return found

    def pager(self, query: ListQuery, last: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a list's template needs to lead on from a page that ended at the key ``last``, and back to the first."""
        return {"next_cursor": cursors.next_of(self, query, last), "later": bool(query.cursor)}

    def form(
        self,
        model: type[parsing.B],
        *,
        amounts: Sequence[str] = (),
        currency: str = "",
        rules: Callable[[parsing.B], None] | None = None,
        **also: object,
    ) -> parsing.B:
        """The form as the body of the API's route that does the same. Raises :class:`~chalicelib.api.parsing.Faults`,
        all of them at once.

        Dotted fields are members of others, empty ones are left out. ``also`` is not from the form: a value, or a
        function that works it out and may raise `Invalid`. Of ``amounts`` each is a field with an amount as people
        write it, in ``currency`` or, by default, the partner's. ``rules`` are those of the API's route.
        """
        worked_out, refused = _worked_out(also)
        document = {**forms.document(self.given, model), **worked_out}
        for name in amounts:
            if name in document:
                document[name] = forms.minor_units(
                    self.entered(name), currency=currency or self.partner_seen.currency, language=self.language
                )
        try:
            body = parsing.from_body(model, document, rules=rules)
        except parsing.Faults as faults:
            no_amounts = {name for name in amounts if isinstance(document.get(name), str)}
            message = self.texts.plain("common.no_amount")
            found = [each for each in faults.errors if each.field not in refused]
            found = [FieldError(each.field, message) if each.field in no_amounts else each for each in found]
            raise parsing.Faults([*found, *(error for errors in refused.values() for error in errors)]) from None
        if refused:
            raise parsing.Faults([error for errors in refused.values() for error in errors])
        return body

    def url(self, path: str, /, **query: object) -> str:
        """The address of a page or file of the portal, relative to this page. Parameters that are empty are left out;
        several values of one are a list."""
        return "../" * self.place.count("/") + written(path, query)

    def address(self, path: str, /, **query: object) -> str:
        """The same from the root of the host, for headers of htmx: scripts know no address of the request."""
        return f"{urlsplit(self.base_url).path}/portal/{written(path, query)}"

    def with_form(self, given: Mapping[str, list[str]]) -> "Visit":
        """The same visit, with the form that was sent."""
        return replace(self, given=given)

    def refused(self, problem: Problem) -> "Visit":
        """The same visit, for the page on which the form is shown again, in the reader's language."""
        faults = {fault.field: self.said(fault.message) for fault in problem.errors or ()}
        return replace(self, faults=faults, refusal=None if faults else self.in_words(problem))

    def in_words(self, problem: Problem) -> Problem:
        """A problem in the reader's language."""
        detail = self.why_not(replace(problem, errors=None))
        if problem.errors:
            detail = " ".join(f"{fault.field}: {self.said(fault.message)}." for fault in problem.errors)
        return replace(problem, title=self.said(problem.title), detail=detail)


def _worked_out(also: Mapping[str, object]) -> tuple[dict[str, object], dict[str, list[FieldError]]]:
    """The values that are not from a form, and why those are refused that can't be worked out."""
    values: dict[str, object] = {}
    refused: dict[str, list[FieldError]] = {}
    for name, value in also.items():
        try:
            values[name] = value() if callable(value) else value
        except Invalid as refusal:
            refused[name] = [FieldError(*error) for error in refusal.errors]
    return values, refused


def sentence(message: str) -> str:
    """What is wrong with a field, as a sentence that stands alone."""
    return f"{message[:1].upper()}{message[1:]}".removesuffix(".") + "."


def written(path: str, query: Mapping[str, object]) -> str:
    """A path with its parameters, without empty ones."""
    pairs = [(name, value) for name, value in query.items() if value not in (None, "", [])]
    return f"{path}?{urlencode(pairs, doseq=True, safe=',')}" if pairs else path


@lru_cache(maxsize=256)
def _partner(partner_id: str, _minutes: float) -> Partner:
    return partners.get_partner(partner_id=partner_id)
