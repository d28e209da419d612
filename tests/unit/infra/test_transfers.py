"""The command that requests moves of accounts from a CSV file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import transfers
from infra.transfers import CannotFile, Response, file_all, read

HEAD = "direction,account,owner_email,relationship,single_bill"
LINE = "in,acme-{},owner@acme.example,managed,true"


class Api:
    """Files every request whose account does not end in 3, once for each key; ``answers`` come first."""

    def __init__(self, *answers: Response) -> None:
        self.answers, self.keys, self.bodies = list(answers), [], []

    def __call__(self, body: Mapping[str, Any], key: str) -> Response:
        self.keys.append(key)
        self.bodies.append(body)
        return (
            self.answers.pop(0)
            if self.answers
            else Response(200, {"results": list(map(self.result, body["transfers"]))})
        )

    def result(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["account"].endswith("3"):
            return {
                "status": 409,
                "transfer": None,
                "error": {"code": "already_yours", "detail": "It is yours already."},
            }
        return {"status": 201, "transfer": {"id": f"xfer_{request['account']}"}, "error": None}


def requests(number: int) -> list[dict[str, Any]]:
    return read("\n".join([HEAD, *(LINE.format(place) for place in range(number))]))


def test_a_line_is_a_request_and_an_empty_cell_is_left_out() -> None:
    head = "direction,account_id,client_email,plan.tier,plan.contacts,plan.add_ons"
    file = f"{head}\nout,acct_1,a@b.example,plus,1000,sms seo\nout,acct_2,,,,\n"

    assert read(file) == [
        {
            "direction": "out",
            "account_id": "acct_1",
            "client_email": "a@b.example",
            "plan": {"tier": "plus", "contacts": 1000, "add_ons": ["sms", "seo"]},
        },
        {"direction": "out", "account_id": "acct_2"},
    ]
    assert requests(1)[0]["single_bill"] is True


@pytest.mark.parametrize("file", ["", HEAD, f"{HEAD}\nin,acme", f"{HEAD}\nin,acme,a@b.example,managed,true,more", '"'])
def test_a_file_that_is_not_one_is_said(file: str) -> None:
    with pytest.raises(CannotFile):
        read(file)


def test_they_are_sent_a_hundred_at_a_time_and_each_line_has_its_result() -> None:
    api = Api()

    results = list(file_all(requests(201), api))

    assert [len(body["transfers"]) for body in api.bodies] == [100, 100, 1]
    assert len(set(api.keys)) == 3
    assert [result.line for result in results] == list(range(2, 203))
    assert results[3] == (5, "acme-3", 409, None, "It is yours already.")
    assert results[200] == (202, "acme-200", 201, "xfer_acme-200", None)


def test_what_an_earlier_run_filed_counts_as_filed() -> None:
    is_open = {"code": "transfer_open", "detail": "It is open.", "transfer_id": "xfer_1"}
    api = Api(Response(200, {"results": [{"status": 409, "transfer": None, "error": is_open}]}))

    assert list(file_all(requests(1), api)) == [(2, "acme-0", 200, "xfer_1", None)]


def test_sent_again_they_have_the_same_keys_and_others_if_anything_is_another() -> None:
    first, again, other = Api(), Api(), Api()

    list(file_all(requests(101), first))
    list(file_all(requests(101), again))
    list(file_all([*requests(100), {**requests(1)[0], "account": "another"}], other))

    assert first.keys == again.keys
    assert [first.keys[0] == other.keys[0], first.keys[1] == other.keys[1]] == [True, False]


def test_what_passes_by_itself_is_tried_again_under_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(transfers.time, "sleep", waited.append)
    api = Api(Response(503, {}, 1), Response(409, {"code": "still_running"}, 600))

    assert len(list(file_all(requests(2), api))) == 2
    assert (len(set(api.keys)), waited) == (1, [1, 30])


@pytest.mark.parametrize("answer", [Response(403, {"detail": "No."}), *[Response(503, {"detail": "No."}, 0)] * 1])
def test_what_does_not_pass_is_said(monkeypatch: pytest.MonkeyPatch, answer: Response) -> None:
    monkeypatch.setattr(transfers.time, "sleep", lambda seconds: None)

    with pytest.raises(CannotFile, match="No"):
        list(file_all(requests(1), Api(*[answer] * 5)))


def test_the_exit_code_and_the_table_say_what_became_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "moves.csv"
    file.write_text("\n".join([HEAD, *(LINE.format(place) for place in (1, 3))]))
    monkeypatch.setattr(transfers, "_sender", lambda arguments: Api())
    where = [str(file), "--url", "https://api.example"]

    assert transfers.main(where) == transfers.REFUSED
    shown = capsys.readouterr().out
    assert "It is yours already." in shown
    assert "1 filed, 1 refused." in shown
    assert transfers.main([*where, "--json"]) == transfers.REFUSED
    assert [each["transfer_id"] for each in json.loads(capsys.readouterr().out)] == ["xfer_acme-1", None]
    assert transfers.main([str(tmp_path / "none.csv"), "--url", "https://api.example"]) == transfers.UNREACHABLE


def test_without_a_key_it_says_where_it_has_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "moves.csv"
    file.write_text(f"{HEAD}\n{LINE.format(1)}")
    monkeypatch.delenv("SUBLET_API_KEY", raising=False)

    assert transfers.main([str(file), "--url", "https://api.example"]) == transfers.UNREACHABLE
    assert "SUBLET_API_KEY" in capsys.readouterr().err
