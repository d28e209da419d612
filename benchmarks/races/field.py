"""Races on a stack: sixteen requests or messages at once, and the counting afterwards."""

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from benchmarks.partners import Answer, Partner, findings
from infra.local.alarms import Schedules
from infra.local.clock import StackClock
from infra.local.stack import LocalStack

AT_ONCE = 16
Found = Callable[[], Counter[str]]


@dataclass
class Race:
    """One kind of charge: its subjects, how often each was tried, and what is found afterwards, by subject."""

    name: str
    partners: list[Partner]
    expected: int
    found: Found
    tried: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    card_charges: int = 0
    twice_on_card: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def once(self) -> int:
        return sum(1 for number in self.counted.values() if number == 1)

    @property
    def double(self) -> int:
        beyond = max(len(self.counted) - self.expected, 0)
        return sum(self.counted.values()) - len(self.counted) + beyond + self.twice_on_card

    @property
    def lost(self) -> int:
        return max(self.expected - len(self.counted), 0)

    @property
    def right(self) -> bool:
        return not (self.double or self.lost or self.wrong)


class Field:
    """A stack on which races are run."""

    def __init__(self, stack: LocalStack, *, subjects: int, seed: int = 1) -> None:
        self.stack = stack
        self.subjects = subjects
        self.races: list[Race] = []
        self.due: dict[str, tuple[Race, list[str]]] = {}
        self._random = random.Random(seed)
        self._names = f"race-{uuid.uuid4().hex[:6]}"

    # ------------------------------------------------------------------------------------------------ requests

    def at_once(self, race: Race, asks: Sequence[Callable[[], Any]]) -> None:
        """Send each request sixteen times, shuffled, sixteen at a time; then each once more alone."""
        storm = [ask for ask in asks for _ in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda ask: ask(), storm))
        race.tried += len(storm)
        race.answers.update(_said(answer) for answer in answers)
        for ask in asks:
            ask()
        self._count(race)

    def accounts(self, partner: Partner, number: int, cards: Sequence[str], plan: Any, **more: Any) -> list[str]:
        """Create accounts one after the other; returns their ids."""
        made = [self.account_body(plan, cards[n % len(cards)] if cards else None, **more) for n in range(number)]
        return [str(partner.post("/v1/accounts", body)["id"]) for body in made]

    def account_body(self, plan: Any, card: str | None, **more: Any) -> dict[str, Any]:
        return {
            "name": f"{self._names}-{self._random.randrange(10**9)}",
            "client": {"name": "Acme Inc", "email": "owner@acme.example"},
            "notification_email": "ops@bright.example",
            "country": "US",
            "language": "en",
            "time_zone": "America/Chicago",
            "plan": plan,
            "billing_profile_id": card,
            **more,
        }

    # -------------------------------------------------------------------------------------------------- worker

    def falls_due(self, race: Race, partner: Partner, subjects: Iterable[str]) -> None:
        """Include these subjects in the worker's races."""
        self.due[partner.id] = (race, list(subjects))

    def work(self) -> None:
        """A month later: everything is due at once, and sent more often than it should be."""
        clock = StackClock(self.stack.deployed)
        clock.move_to(clock.now() + timedelta(days=33))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sweeps = [pool.submit(self._sweep) for _ in range(2)]
            waiting = self._batches([message for _ in range(2) for message in self._messages()])
            for _ in range(20):  # given back, they come again
                waiting = self._batches([m for failed in pool.map(self._deliver, waiting) for m in failed])
                if not waiting:
                    break
            for sweep in sweeps:
                sweep.result()
        schedules = Schedules(self.stack.deployed)
        for _ in range(3):  # what was cut off is finished when its alarm rings
            clock.move_to(clock.now() + timedelta(minutes=3))
            schedules.heal(at=clock.now())
            schedules.drained()

    def _messages(self) -> list[dict[str, Any]]:
        """Each subject in two differently cut messages, and each message delivered twice."""
        made = []
        for payer, (race, subjects) in self.due.items():
            for size in (3, 7):
                self._random.shuffle(subjects)
                for start in range(0, len(subjects), size):
                    made += [_message(payer, subjects[start : start + size])] * 2
                    race.tried += 2 * len(subjects[start : start + size])
        return made

    def _batches(self, messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        self._random.shuffle(messages)
        return [messages[start : start + 3] for start in range(0, len(messages), 3)]

    def _deliver(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send the worker a batch; returns its response."""
        records = [{**message, "messageId": str(place)} for place, message in enumerate(messages)]
        answer = self.stack.deployed.functions.invoke(
            FunctionName=self.stack.deployed.outputs["WorkDue"], Payload=json.dumps({"Records": records}).encode()
        )
        told = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):  # all of them failed
            return messages
        failed = {failure["itemIdentifier"] for failure in told["batchItemFailures"]}
        return [record for record in records if record["messageId"] in failed]

    def _sweep(self) -> None:
        clock = StackClock(self.stack.deployed)
        Schedules(self.stack.deployed).run_sweeps(["renewals", "prepaid"], at=clock.now())

    # ------------------------------------------------------------------------------------------------ counting

    def count(self) -> None:
        """The records of each subject, the card charges, and the audit's findings."""
        wrong = findings(self.stack)
        for race in self.races:
            if not race.counted:
                self._count(race)
            race.wrong = [each for partner in race.partners for each in wrong[partner.id]]

    def _count(self, race: Race) -> None:
        race.counted = race.found()
        keys = [key for partner in race.partners for key in self._approved(partner.id)]
        race.card_charges = len(keys)
        race.twice_on_card = len(keys) - len({key.rpartition("-")[0] for key in keys})

    def _approved(self, payer: str) -> list[str]:
        """The keys under which a payer's cards were charged, and those of refunds."""
        pages = self.stack.deployed.dynamodb.get_paginator("query").paginate(
            TableName=self.stack.deployed.environment["SANDBOX_TABLE"],
            IndexName="by_payer",
            KeyConditionExpression="payer = :payer",
            ExpressionAttributeValues={":payer": {"S": payer}},
        )
        items = [item for page in pages for item in page["Items"] if "decline_code" not in item]
        refunds = [key for item in items for key in json.loads(item.get("refunds", {}).get("S", "{}"))]
        return [item["id"]["S"].removeprefix("key#") for item in items] + refunds


def _said(answer: Answer) -> str:
    """The status, and the code of a refusal."""
    if answer.ok:
        return str(answer.status_code)
    try:
        return f"{answer.status_code} {answer.json()['code']}"
    except (ValueError, KeyError):
        return f"{answer.status_code} {answer.text[:120]}"


def _message(payer: str, subjects: Sequence[str]) -> dict[str, Any]:
    due = {"payer": payer, "subjects": list(subjects), "sweep": "renewals", "run": "race"}
    return {
        "receiptHandle": "none",
        "body": json.dumps(due),
        "attributes": {"MessageGroupId": payer},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:due.fifo",
        "awsRegion": "us-east-1",
    }
