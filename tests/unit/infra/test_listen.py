"""`listen` notices that its stack ended."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import access
from infra.local.access import Access
from infra.local.listen import still_runs


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setattr(access, "LOCAL", tmp_path)
    monkeypatch.setattr(access, "ENDPOINT", tmp_path / "endpoint.json")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Access(base_url=f"http://127.0.0.1:{port}/api", operator_key="sk_1", partners={})


def test_a_stack_runs_while_it_is_announced_and_answers(reach: Access) -> None:
    access.announce(reach)
    port = int(reach.base_url.split(":")[2].partition("/")[0])

    with socket.create_server(("127.0.0.1", port)):
        assert still_runs(reach)
    assert not still_runs(reach)  # killed, and still announced


def test_a_stack_has_ended_once_it_is_not_announced_or_another_is(reach: Access) -> None:
    assert not still_runs(reach)
    access.announce(replace(reach, operator_key="sk_2"))
    assert not still_runs(reach)
