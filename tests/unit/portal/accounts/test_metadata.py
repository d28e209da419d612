"""Metadata as forms have it: nothing that is typed is lost without a word."""

import pytest

from chalicelib.domain.refusals import Invalid
from chalicelib.portal.pages.accounts import metadata
from chalicelib.portal.texts import texts_in

ENGLISH = texts_in("en")


def test_each_line_is_a_key_and_its_value() -> None:
    text = " crm_id: 4711 \n\nnote: at 9:30\nempty:"

    found = metadata.of_lines(text, texts=ENGLISH)

    assert found == {"crm_id": "4711", "note": "at 9:30", "empty": ""}
    assert metadata.of_lines(metadata.as_lines(found), texts=ENGLISH) == found


@pytest.mark.parametrize("line", [pytest.param("4711", id="no colon"), pytest.param("crm_id: 4712", id="key twice")])
def test_a_line_that_would_be_lost_is_refused(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        metadata.of_lines(f"crm_id: 4711\n{line}", texts=ENGLISH)

    ((field, message),) = refused.value.errors
    assert field == "metadata"
    assert message.endswith(line)
