"""The calls that functions make to AWS while tests run: each is held against its function's policy, and recorded.

Tests call handlers in process, where no policy counts. So each call of a running function is looked up in its policy,
and one that is not granted fails the test at once. `--calls=record`, with a run of all tests, writes what was used to
tests/cases/calls.json, which tests/unit/infra/test_rights.py holds against what is granted; `--calls=compare` fails if
the record is out of date. The deployed stack's calls are among them, as the emulator allowed them.

Calls of a test itself, or of most services that a test calls without a handler, are nobody's and do not count.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from chalice.local import LocalGatewayAuthorizer
from chalice.test import TestLambdaClient

from chalicelib.api.on_demand import App
from chalicelib.gateways import secrets
from chalicelib.services.schedule import sweeps
from tests import rights
from tests.rights import Names, Right

RECORD = Path(__file__).parent / "cases" / "calls.json"
ONLY_CALLED_BY = {
    "schedule.worker.take_due_steps": "work_due",
    "schedule.daily_audit.go_on": "audit_books",
    "audit.payer_audits._audited": "audit_books",
    "events.event_log.publish": "publish_changes",
    "accounts.usage.recount": "publish_changes",
    "earnings.postings.set_alarms": "publish_changes",
    "events.dispatch.dispatch_events": "spread_events",
    "events.notices.send": "send_notices",
    "events.suppressions.suppress": "suppress_addresses",
    "events.deliveries.deliver": "deliver_webhooks",
    "billing.invoice_pdfs.render_document": "render_invoice",
    "earnings.statements.render_statement": "render_invoice",
    "clients.password_resets.send_link": "send_password_reset",
    "people.credentials.send_link": "send_password_reset",
    "people.invitations.send_link": "send_password_reset",
    "people.sign_ins.enter_password": "api_handler",
    "people.sign_ins.enter_code": "api_handler",
    "people.sign_ins.switch_team": "api_handler",
    "people.sessions.find": "api_handler",
    "people.sessions.end": "api_handler",
    "people.teams.list_people": "api_handler",
    "people.teams.remove": "api_handler",
    "people.invitations.invite": "api_handler",
    "people.invitations.accept": "api_handler",
    "people.credentials.ask_for_link": "api_handler",
    "people.credentials.replace_forgotten": "api_handler",
    "partners.api_keys.authenticate": "api_key_authorizer",
}
"""Services that one function calls, and nothing else in the product: a test that calls one stands for the function."""

_running: ContextVar[str | None] = ContextVar("running", default=None)
used: set[tuple[str, Right]] = set()
"""Which function used which right, as far as this process saw."""
_names = Names(os.environ)


class NotGranted(BaseException):
    """A function asked AWS for what its policy does not grant. No Exception: the worker would park the account."""


@contextmanager
def running(function: str | None) -> Iterator[None]:
    """Let calls be those of a function, or nobody's."""
    token = _running.set(function)
    try:
        yield
    finally:
        _running.reset(token)


def note(client: Any, operation: str, asked: dict[str, Any]) -> None:
    """Record a call of the running function. Raises NotGranted."""
    if _running.get() is not None:
        for right in rights.rights_used(client.meta.service_model.service_name, operation, asked):
            _need(right)


def _need(right: Right) -> None:
    function, right = _running.get(), _names.in_the_template(right)
    if function is not None and (function, right) not in used:
        if not rights.is_granted(function, right):
            raise NotGranted(f"{function} may not {right.action} on {right.resource}")
        used.add((function, right))


def watch() -> None:
    """Know from now on which function runs, in threads too, whenever Chalice's test client starts one."""

    def wrap(owner: Any, method: str, named: Callable[..., str | None]) -> None:
        original = getattr(owner, method)

        @wraps(original)
        def run(*args: Any, **kwargs: Any) -> Any:
            with running(named(*args)):
                return original(*args, **kwargs)

        setattr(owner, method, run)

    submit = ThreadPoolExecutor.submit

    def submitted(self: Any, call: Any, /, *args: Any, **kwargs: Any) -> Any:
        return submit(self, copy_context().run, call, *args, **kwargs)

    ThreadPoolExecutor.submit = submitted  # type: ignore[method-assign]
    wrap(App, "__call__", lambda *_: "api_handler")
    wrap(TestLambdaClient, "invoke", lambda client, function, *_: function if isinstance(client._app, App) else None)
    wrap(
        LocalGatewayAuthorizer,
        "authorize",
        lambda gateway, *_: "api_key_authorizer" if isinstance(gateway._app_object, App) else None,
    )
    read = secrets.read

    def read_by_each(parameter: str) -> str:
        _need(Right("ssm:GetParameter", parameter))  # a process of tests keeps it, and is that of all functions
        return read(parameter)

    secrets.read = read_by_each
    wrap(sweeps, "run_schedule", lambda schedule, *_: "heal" if schedule == "heal" else f"sweep_{schedule}")
    for service, function in ONLY_CALLED_BY.items():
        module, _, name = service.rpartition(".")
        wrap(import_module(f"chalicelib.services.{module}"), name, lambda *_, function=function: function)


def note_allowed(log: str, environment: Mapping[str, str]) -> None:
    """Record what the deployed stack's functions were allowed, from the emulator's log and their environment."""
    functions = {f"-{name.title().replace('_', '')}Role-": name for name in rights.functions()}
    names = Names(environment)
    for role, action, arn in (line.split("\t") for line in log.splitlines()):
        for part, function in functions.items():
            if part in role:
                used.add((function, names.in_the_template(rights.right_on(action, arn))))


def recorded() -> set[tuple[str, Right]]:
    """What tests/cases/calls.json says."""
    return parse(json.loads(RECORD.read_text(encoding="utf-8")))


def write_record() -> None:
    """Write what was used to tests/cases/calls.json."""
    RECORD.write_text(json.dumps(grouped(used), indent=2) + "\n", encoding="utf-8")


def differences() -> list[str]:
    """How what was used differs from the record, in words."""
    new = [f"{function} used {' on '.join(right)}: not in the record" for function, right in sorted(used - recorded())]
    gone = [f"{function} did not use {' on '.join(right)}" for function, right in sorted(recorded() - used)]
    return [f"{RECORD.name}: {difference}" for difference in new + gone]


def grouped(rights_used: Iterable[tuple[str, Right]]) -> dict[str, dict[str, list[str]]]:
    """The resources of each action of each function, sorted."""
    record: dict[str, dict[str, list[str]]] = {}
    for function, (action, resource) in sorted(rights_used):
        record.setdefault(function, {}).setdefault(action, []).append(resource)
    return record


def parse(record: dict[str, dict[str, list[str]]]) -> set[tuple[str, Right]]:
    """The contrary of :func:`grouped`."""
    return {
        (function, Right(action, resource))
        for function, actions in record.items()
        for action, resources in actions.items()
        for resource in resources
    }
