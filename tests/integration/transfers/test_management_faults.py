"""Every call of a request for permission, its answer, its lapse and its end, broken in turn (docs/rules.md §9)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.gateways.due_queue import Due
from chalicelib.models.transfers.management_requests import ManagementRequestRow
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.setup import branding
from chalicelib.services.transfers import management_requests
from tests.books import images
from tests.faults import Scenario, break_everywhere, break_somewhere
from tests.integration.charging.test_client_faults import NEW, ClientBooks, faults_were_tried, signed_up
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]
ASKED = "mreq_1"


class BooksWithPermission(ClientBooks):
    """Who manages the account, what the request came to, and whether it has an alarm."""

    def summary(self) -> dict[str, Any]:
        (account,) = self.accounts
        rows = [image for image in images(settings().accounts_table) if image["id"]["S"].startswith("mreq_")]
        requests = [ManagementRequestRow.from_raw_data(row) for row in rows]
        looks = [row["branding"]["S"] for row in images(settings().access_table) if "branding" in row]
        return super().summary() | {
            "managed": (account.relationship, account.notification_email, account.custom_domain),
            "last": account.last_request and account.last_request.status,
            "requests": [(each.id, each.status, each.due_at is None, int(each.revision)) for each in requests],
            "looks": looks,
        }


def ask(world: World) -> None:
    management_requests.request_permission(
        request_id=ASKED,
        partner_id=world.partner_id,
        account_id=NEW,
        base_url="https://api.example",
        now=world.now,
        actor=ACTOR,
    )


def confirm(world: World) -> None:
    management_requests.answer(account_id=NEW, request_id=ASKED, decision=Decision.CONFIRM, now=world.now)


def end(world: World) -> None:
    management_requests.end_permission(account_id=NEW, now=world.now)


def withdraw(world: World) -> None:
    management_requests.withdraw(partner_id=world.partner_id, account_id=NEW, now=world.now, actor=ACTOR)


def lapse(world: World) -> None:
    take_due_steps(Due(NEW, (ASKED,), Sweep.RENEWALS, "run-1"), now=world.now)


def asked(run: Run) -> tuple[World, Run]:
    world = signed_up(days=1)
    ask(world)
    return world, run


def overdue() -> tuple[World, Run]:
    world, _ = asked(lapse)
    request = ManagementRequestRow.get(ASKED)
    renewal = world.next_alarm()
    assert renewal is not None
    world.advance(to=renewal)
    world.now = request.expires_at
    return world, lapse


def managed() -> tuple[World, Run]:
    world, _ = asked(end)
    confirm(world)
    branding.set_branding(
        partner_id=world.partner_id,
        account_id=NEW,
        branding=Branding(product_name="Bright Mail"),
        now=world.now,
        actor=ACTOR,
    )
    return world, end


SCENARIOS = [
    Scenario("permission, asked for", lambda: (signed_up(days=1), ask), is_request=True),
    Scenario("permission, confirmed", lambda: asked(confirm), is_request=True),
    Scenario("permission, withdrawn", lambda: asked(withdraw), is_request=True),
    Scenario("permission, lapsed", overdue),
    Scenario("permission, ended", managed, is_request=True),
]
SCENARIOS = [replace(each, books=BooksWithPermission) for each in SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_somewhere_it_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    faults_were_tried(break_somewhere(scenario, one_in=12))


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_it_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    tally = break_everywhere(scenario)

    print(f"| {scenario} | {tally.points} | {tally.faults.total()} |")
    faults_were_tried(tally)
