"""Saved views of the overview that are a person's own (docs/rules.md §12)."""

import pytest

from chalicelib.domain.refusals import KeyReused, NotFound
from chalicelib.domain.setup.named_lists import NameInUse
from chalicelib.services.accounts import saved_views
from tests.builders import NOW
from tests.people import PARTNER

ANN, BOB = {"partner_id": PARTNER, "person_id": "prs_ann"}, {"partner_id": PARTNER, "person_id": "prs_bob"}
KEYS = {"partner_id": PARTNER}


def create(owner, view_id="view_1", name="Past due"):
    return saved_views.create_view(view_id=view_id, name=name, settings={"status": "past_due"}, now=NOW, **owner)


def names(owner):
    return [view.name for view in saved_views.list_views(limit=10, start=None, **owner)[0]]


def test_each_person_has_views_of_her_own_and_so_do_the_partners_keys(aws):
    for number, owner in enumerate((ANN, BOB, KEYS)):
        create(owner, f"view_{number}")

    assert names(ANN) == names(BOB) == names(KEYS) == ["Past due"]
    with pytest.raises(NameInUse):
        create(ANN, "view_9")
    saved_views.delete_view(view_id="view_0", **ANN)
    assert (names(ANN), names(BOB)) == ([], ["Past due"])


@pytest.mark.parametrize("other", [BOB, KEYS, {"partner_id": "prt_2", "person_id": "prs_ann"}])
def test_nobody_sees_or_changes_anothers(aws, other):
    create(ANN)

    for attempt in (
        lambda: saved_views.get_view(view_id="view_1", **other),
        lambda: saved_views.update_view(view_id="view_1", name="Mine", settings={}, now=NOW, **other),
        lambda: saved_views.delete_view(view_id="view_1", **other),
    ):
        with pytest.raises(NotFound):
            attempt()


@pytest.mark.parametrize("other", [BOB, KEYS])
def test_the_form_of_one_person_does_not_show_anothers_view(aws, other):
    create(ANN)

    with pytest.raises(KeyReused):
        create(other)
