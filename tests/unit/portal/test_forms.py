"""Forms turned into the bodies of the API: texts into numbers and switches, dotted names into members."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from chalicelib.api.base import Body, CommaSeparated, Metadata, Query
from chalicelib.api.problems import Problem
from chalicelib.portal import forms


class Client(Body):
    name: str
    email: str


class Wanted(Body):
    name: str
    contacts: int | None = None
    migrated: bool = False
    client: Client | None = None
    tags: list[str] = Field(default=[])
    metadata: Metadata = Field(default={})


class Asked(Query):
    q: str | None = None
    plan: CommaSeparated[str] = Field(default=[])
    metadata: Metadata = Field(default={})


def request(body: bytes, media: str = "application/x-www-form-urlencoded") -> SimpleNamespace:
    return SimpleNamespace(raw_body=body, headers={"content-type": media})


def test_a_form_becomes_a_body() -> None:
    given_ = forms.read(
        request(
            b"name=acme&contacts=1000&migrated=on&client.name=A+B&client.email=a%40b.example&tags=x&tags=y"
            b"&metadata.team=red&csrf=x&once=y&unknown.name=z"
        )
    )

    assert forms.document(given_, Wanted) == {
        "name": "acme",
        "contacts": 1000,
        "migrated": True,
        "client": {"name": "A B", "email": "a@b.example"},
        "tags": ["x", "y"],
        "metadata": {"team": "red"},
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [("12.5", "12.5"), ("1e3", "1e3"), ("٣", "٣"), ("9" * 16, "9" * 16), (" 7 ", 7), ("-1", -1)],
)
def test_a_text_that_is_no_whole_number_stays_one(text: str, kept: object) -> None:
    assert forms.document({"contacts": [text]}, Wanted) == {"contacts": kept}


def test_an_empty_part_that_is_required_stays_for_its_members_to_be_missed() -> None:
    class Asked(Wanted):
        client: Client

    assert forms.document({"client.name": [""], "client.email": [""]}, Asked) == {"client": {}}


def test_empty_fields_are_left_out() -> None:
    assert forms.document({"name": [""], "contacts": [""], "client.name": [""]}, Wanted) == {}
    assert forms.known_parameters({"q": "", "plan": "plus", "done": "x", "metadata.team": "red"}, Asked) == {
        "plan": "plus",
        "metadata": {"team": "red"},
    }


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"a=1", "multipart/form-data; boundary=x", 415),
        (b"{}", "application/json", 415),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=%00", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(201)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 1_000_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_what_is_no_form_of_ours_is_refused(body: bytes, media: str, status: int) -> None:
    with pytest.raises(Problem) as refused:
        forms.read(request(body, media))

    assert refused.value.status == status


@pytest.mark.parametrize(
    ("text", "language", "currency", "amount"),
    [
        ("1,234.50", "en", "USD", 123450),
        ("1.234,5", "de", "USD", 123450),
        ("1234", "en", "USD", 123400),
        ("0.05", "en", "USD", 5),
        ("500", "en", "JPY", 500),
        ("1.005", "en", "USD", "1.005"),
        ("500.5", "en", "JPY", "500.5"),
        ("-5", "en", "USD", "-5"),
        ("1,50", "en", "USD", "1,50"),
        ("1.50", "de", "USD", "1.50"),
        ("1,23,456", "en", "USD", "1,23,456"),
        ("five", "en", "USD", "five"),
        ("", "en", "USD", ""),
        ("1" * 13, "en", "USD", "1" * 13),
    ],
)
def test_an_amount_as_people_write_it(text: str, language: str, currency: str, amount: object) -> None:
    assert forms.minor_units(text, currency=currency, language=language) == amount


@given(st.text(max_size=40), st.sampled_from(["en", "de"]))
def test_no_text_becomes_a_wrong_amount(text: str, language: str) -> None:
    amount = forms.minor_units(text, currency="USD", language=language)

    assert amount == text or (isinstance(amount, int) and amount >= 0)
