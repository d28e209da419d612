"""Keys and their families (docs/rules.md §8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.partners.api_keys import (
    Family,
    KeyRevoked,
    ScopesLacking,
    TooManyGenerations,
    expiry_of,
    lineage_below,
    operator_expiry_of,
    refuse_unless_covered,
)
from chalicelib.domain.partners.partners import ApiKey
from chalicelib.domain.refusals import Invalid
from tests.builders import NOW

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WHOLE = NOW.replace(microsecond=0)


def key(name="a", **fields):
    return ApiKey(**{"hash": name, "id": f"key_{name}", "name": name, "scopes": ("read",), "created_at": NOW} | fields)


GRANDMOTHER, MOTHER = key("grandmother"), key("mother", ancestors=("grandmother",))
CHILD = key("child", ancestors=("grandmother", "mother"))


@pytest.mark.parametrize("revoked", [0, 1, 2], ids=["itself", "its parent", "its parent's parent"])
def test_a_key_ends_when_one_of_its_family_is_revoked(revoked):
    line = [CHILD, MOTHER, GRANDMOTHER]
    line[revoked] = replace(line[revoked], revoked_at=NOW)
    family = Family(line[0], line[1:])

    assert not family.usable(NOW)
    assert family.revoked_at == NOW
    assert Family(CHILD, [MOTHER, GRANDMOTHER]).usable(NOW)


def test_a_key_whose_ancestor_cannot_be_found_opens_nothing():
    assert not Family(CHILD, [MOTHER]).usable(NOW)


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        pytest.param(None, WHOLE + 30 * DAY, id="with its parent unless told otherwise"),
        pytest.param(WHOLE + DAY, WHOLE + DAY, id="earlier"),
        pytest.param(WHOLE + 30 * DAY, WHOLE + 30 * DAY, id="at the same moment"),
    ],
)
def test_a_key_ends_no_later_than_its_parent(asked, ends):
    assert expiry_of(asked=asked, parent=key(expires_at=WHOLE + 30 * DAY), now=NOW) == ends


def test_a_key_that_would_outlive_its_parent_is_refused_with_the_latest_possible():
    latest = WHOLE + 30 * DAY

    with pytest.raises(Invalid) as refused:
        expiry_of(asked=latest + SECOND, parent=key(expires_at=latest), now=NOW)

    assert latest.strftime("%Y-%m-%dT%H:%M:%SZ") in refused.value.errors[0][1]


def test_a_key_of_a_parent_without_end_may_have_none():
    assert expiry_of(asked=None, parent=key(), now=NOW) is None


@pytest.mark.parametrize(
    ("asked", "parents", "days"),
    [
        pytest.param(None, None, 90, id="ninety days"),
        pytest.param(365, None, 365, id="a year at most"),
        pytest.param(None, 30, 30, id="with its parent"),
        pytest.param(None, 300, 90, id="ninety days though its parent goes on"),
        pytest.param(300, 300, 300, id="as long as its parent"),
    ],
)
def test_an_operator_key_always_ends(asked, parents, days):
    parent = key(expires_at=WHOLE + parents * DAY) if parents else None

    ends = operator_expiry_of(asked=WHOLE + asked * DAY if asked else None, parent=parent, now=NOW)

    assert ends == WHOLE + days * DAY


@pytest.mark.parametrize("parent", [None, key(expires_at=WHOLE + 3650 * DAY)], ids=["first", "of a longer one"])
def test_an_operator_key_of_more_than_a_year_is_refused(parent):
    with pytest.raises(Invalid) as refused:
        operator_expiry_of(asked=WHOLE + 365 * DAY + SECOND, parent=parent, now=NOW)

    assert (WHOLE + 365 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ") in refused.value.errors[0][1]


def test_a_family_has_five_generations_and_a_revoked_key_no_children():
    ancestors = [key(str(number)) for number in range(4)]
    fifth = key("fifth", ancestors=tuple(each.hash for each in ancestors))

    assert lineage_below(Family(CHILD, [MOTHER, GRANDMOTHER])) == ("grandmother", "mother", "child")
    with pytest.raises(TooManyGenerations):
        lineage_below(Family(fifth, ancestors))
    with pytest.raises(KeyRevoked):
        lineage_below(Family(key(revoked_at=NOW)))


def test_a_key_is_revoked_by_who_has_all_its_scopes():
    refuse_unless_covered(("read", "write"), by=("write", "read"))
    with pytest.raises(ScopesLacking) as refused:
        refuse_unless_covered(("read", "billing"), by=("read", "write"))

    assert "billing" in refused.value.detail
