"""Which alarms the local stack's clock stops at."""

import os
from types import SimpleNamespace
from typing import cast

import boto3
import pytest

from chalicelib.models import alarms
from infra.local.alarms import Schedules
from infra.local.deployed import DeployedStack
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")


def schedules() -> Schedules:
    outputs = {"DueQueueUrl": "", "DeliveriesQueueUrl": ""}
    client = boto3.client("dynamodb")
    return Schedules(cast("DeployedStack", SimpleNamespace(dynamodb=client, environment=os.environ, outputs=outputs)))


def test_what_is_parked_before_a_move_is_left_alone_and_what_is_parked_on_the_way_is_not() -> None:
    world = World()
    parked, sound = world.create(name="parked"), world.create(name="sound")
    alarms.park(parked.id, because="LookupError")

    move = schedules()
    assert parked.id not in [alarm.subject for alarm in move.alarms()]
    alarms.park(sound.id, because="LookupError")

    assert [alarm.sweep for alarm in move.alarms() if alarm.subject == sound.id] == ["stuck"]
    assert sound.id not in [alarm.subject for alarm in schedules().alarms()], "the next move goes past it"
