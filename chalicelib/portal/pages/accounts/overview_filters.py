"""The filters of the overview of accounts: what its address says, and the controls that somebody has added.

The address has the parameters of the API's list. `show` names filters whose control is there, though it is empty;
`drop` takes one away. A filter on metadata is written `key=value` in its control, and has a parameter of its own,
`metadata.key`, in the address.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from chalicelib.api.bodies.accounts.overview import ListAccounts
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import FieldError
from chalicelib.domain.accounts.accounts import PaymentState
from chalicelib.domain.accounts.overview import Sort
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.values import dataclass
from chalicelib.portal.pages.accounts import overview_columns
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit

ADDED: Mapping[str, tuple[str, ...]] = {
    "country": ("country",),
    "add_on": ("add_on",),
    "payment_state": ("payment_state",),
    "billing_profile_id": ("billing_profile_id",),
    "created": ("created_from", "created_to"),
    "expires": ("expires_from", "expires_to"),
    "metadata": ("metadata",),
}
"""The filters that can be added, with their parameters; the others always have a control."""
_OF_PRICES = {"payment_state", "billing_profile_id"}
_OF_ONE_PAGE = {"cursor", "limit", "view"}
_SHOW = "show"
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

Query = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Field:
    """A field of a control. ``fault`` is the parameter at fault if its value is."""

    name: str
    label: str
    value: str
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    example: str = ""


@dataclass(frozen=True)
class Control:
    """A filter that was added: its fields, what `drop` takes away, and whether it is still empty."""

    drop: str
    label: str
    fields: tuple[Field, ...]
    is_new: bool = False


def asked(query: Query) -> dict[str, str]:
    """What an address says about the list, for links that keep it: without what is empty or of one page only."""
    found: dict[str, str] = {}
    empty = set(_texts(query.get(_SHOW, "")))
    for name, value in query.items():
        if name == "metadata":
            given = [value] if isinstance(value, str) else value
            found |= dict(_metadata(text) for text in given if text)
            empty |= {"metadata"} if "" in given else set()
        elif text := value.strip() if isinstance(value, str) else ",".join(filter(None, value)):
            if name.partition(".")[0] in ListAccounts.model_fields and name not in _OF_ONE_PAGE:
                found[name] = text
        else:
            empty.add(name)
    dropped = set(_texts(query.get("drop", "")))
    for attribute in dropped:
        for name in ADDED.get(attribute, (attribute,)):
            found.pop(name, None)
    shown = [each for each in _filters_of(empty) if each not in dropped and not _has_value(each, found)]
    return found | ({_SHOW: ",".join(shown)} if shown else {})


def query(visit: Visit, parameters: Mapping[str, str], program: Program) -> ListAccounts:
    """The query of the API that the address stands for, by name unless it says another order. Raises
    :class:`Faults`."""
    of_page = {name: visit.query[name] for name in ("cursor", "limit") if name in visit.query}
    known = {name: value for name, value in parameters.items() if name != "metadata"}
    unreadable = []
    if "metadata" in parameters:
        unreadable = [FieldError("metadata", visit.texts.plain("accounts.overview.metadata_how"))]
    try:
        found = replace(visit, query={"sort": Sort.NAME.value, **known, **of_page}).asked_as(ListAccounts)
    except Faults as faults:
        raise Faults([*faults.errors, *unreadable]) from None
    if unreadable:
        raise Faults(unreadable)
    columns = overview_columns.shown(found.columns, program)
    limit = found.limit if "limit" in of_page else overview_columns.rows(columns)
    return found.model_copy(update={"columns": columns, "limit": limit})


def _filters_of(names: set[str]) -> Iterator[str]:
    """The filters that these names, their own or those of their parameters, are of."""
    return (each for each, parameters in ADDED.items() if each in names or not names.isdisjoint(parameters))


def _has_value(attribute: str, found: Mapping[str, str]) -> bool:
    return attribute != "metadata" and any(name in found for name in ADDED[attribute])


def _metadata(text: str) -> tuple[str, str]:
    """`key=value` as a parameter of its own; anything else stays what it is, to be refused."""
    key, _, value = (part.strip() for part in text.partition("="))
    return (f"metadata.{key}", value) if key and value else ("metadata", text)


def _texts(value: str | list[str]) -> list[str]:
    several = [value] if isinstance(value, str) else value
    return [text.strip() for each in several for text in each.split(",") if text.strip()]


def offered(program: Program) -> list[str]:
    """The filters that can be added in a program."""
    absent = set() if program.has_prices else set(_OF_PRICES)
    if not program.add_ons:
        absent.add("add_on")
    return [each for each in ADDED if each not in absent]


def controls(visit: Visit, parameters: Mapping[str, str], program: Program) -> list[Control]:
    """The controls of the filters that are set, or were added a moment ago. Cards are read if they are needed."""
    shown = _texts(parameters.get(_SHOW, ""))
    return [
        control
        for attribute in ADDED
        if attribute in shown or any(name.partition(".")[0] in ADDED[attribute] for name in parameters)
        for control in _controls(visit, attribute, parameters, program, empty=attribute in shown)
    ]


def _controls(
    visit: Visit, attribute: str, parameters: Mapping[str, str], program: Program, *, empty: bool
) -> Iterator[Control]:
    label = visit.texts.plain(f"accounts.overview.filter.{attribute}")
    if attribute == "metadata":
        kept = {name: value for name, value in parameters.items() if name.partition(".")[0] == "metadata"}
        for name, value in [*kept.items(), *([("metadata", "")] if empty else [])]:
            key = name.removeprefix("metadata.")
            text = value if key == name else f"{key}={value}"
            field = Field(
                "metadata", label, text, fault=name, example=visit.texts.plain("accounts.overview.example_metadata")
            )
            yield Control(name, label, (field,), is_new=not text)
        return
    values = {name: parameters.get(name, "") for name in ADDED[attribute]}
    if len(values) == 2:
        ends = (f"{label} {visit.texts.plain(f'accounts.overview.{end}')}" for end in ("from", "to_day"))
        fields = [
            Field(name, end, value, _kind(value)) for end, (name, value) in zip(ends, values.items(), strict=True)
        ]
    elif attribute == "country":
        example = visit.texts.plain("accounts.overview.example_country")
        fields = [Field(attribute, label, values[attribute], example=example)]
    else:
        options = with_value(tuple(_options(visit, attribute, program)), values[attribute])
        fields = [Field(attribute, label, values[attribute], "select", options)]
    yield Control(attribute, label, tuple(fields), is_new=empty)


def _kind(value: str) -> str:
    """A field for dates can't show an instant, which an address may have, or what is no date."""
    return "date" if not value or _DATE.fullmatch(value) else "text"


def _options(visit: Visit, attribute: str, program: Program) -> list[tuple[str, str]]:
    match attribute:
        case "add_on":
            return [(add_on.name, add_on.title) for add_on in program.add_ons]
        case "payment_state":
            return [(state, visit.texts.plain(f"accounts.overview.payment_state.{state}")) for state in PaymentState]
        case "billing_profile_id":
            return cards_on_file.options_of(cards_on_file.cards_of(visit))
        case _:
            return []


def with_value(options: tuple[tuple[str, str], ...], value: str) -> tuple[tuple[str, str], ...]:
    """The options of a select, with what is chosen, if an address has something else, such as several values."""
    return options if not value or value in dict(options) else (*options, (value, value))
