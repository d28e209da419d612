"""The alarms: what each measures, from where on it rings, and what that means.

Its name in kebab-case is its page in docs/runbook. What is measured is in `measures.py`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from infra.watch import measures
from infra.watch.measures import Measure

SWEEPS = ("SweepRenewals", "SweepTrials", "SweepPrepaid", "SweepDeliveries", "Heal")
ANSWERING = ("APIHandler", "ApiKeyAuthorizer", "RenderInvoice", "SendPasswordReset")
PASSING_ON = ("PublishChanges", "SpreadEvents", "SendNotices", "SuppressAddresses", "DeliverWebhooks")
BUSY_TABLES = ("AccountsTable", "WalletsTable", "LedgerTable", "EarningsTable", "EventsTable")

FAST_BURN, SLOW_BURN = 14.4, 6.0
"""How many times faster than allowed the error budget of a month is spent: 2 % of it in an hour, 5 % in six hours."""


class Missing(StrEnum):
    """What a time without any data means."""

    FINE = "notBreaching"
    ALARM = "breaching"
    UNCHANGED = "ignore"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Rings when the ``measure`` is above a limit for some periods, or with ``below``, under it.

    ``for_periods`` of ``minutes`` each. ``says`` is its description: what happened, in one or two sentences.
    """

    name: str
    says: str
    measure: Measure
    above: float = 0
    below: float | None = None
    minutes: int = 5
    for_periods: int = 1
    missing: Missing = Missing.FINE


@dataclass(frozen=True, slots=True)
class Objective:
    """A service level objective: at most ``budget`` percent of requests may be ``bad`` in a month.

    Its alarm rings when the budget is spent fast, in an hour and still in its last five minutes, or slowly, in six
    hours and still in the last half hour.
    """

    name: str
    says: str
    bad: Measure
    budget: float

    @property
    def windows(self) -> tuple[tuple[str, float, int], ...]:
        """Each window: its name, the percentage from which it counts as burning, its minutes."""
        return (
            ("FastLong", FAST_BURN * self.budget, 60),
            ("FastShort", FAST_BURN * self.budget, 5),
            ("SlowLong", SLOW_BURN * self.budget, 360),
            ("SlowShort", SLOW_BURN * self.budget, 30),
        )


AVAILABILITY = Objective(
    "AvailabilityBurn",
    "Too many requests fail: at this rate more than 0.1 % of a month's requests would be answered with 5xx.",
    measures.failed_requests(label="requests failed, %"),
    budget=0.1,
)
LATENCY = Objective(
    "LatencyBurn",
    "Too many requests are slow: at this rate more than 1 % of a month's requests would take longer than a second.",
    measures.slow_requests(1000, label="requests slower than 1 s, %"),
    budget=1.0,
)
OBJECTIVES = (AVAILABILITY, LATENCY)

ALARMS = (
    # Renewals: none later than 15 minutes, none forgotten.
    Alarm(
        "RenewalsLate",
        "A renewal or another step of an account was taken more than 15 minutes after it fell due.",
        measures.own("LatenessSeconds", label="latest step, s", statistic="Maximum"),
        above=15 * 60,
    ),
    Alarm(
        "OldestDue",
        "Something has been due for more than an hour and was not taken.",
        measures.own("OldestDueSeconds", label="oldest due, s", statistic="Maximum"),
        above=60 * 60,
        minutes=30,
    ),
    Alarm(
        "DueQueueLate",
        "A message has waited 15 minutes for a worker.",
        measures.queue("DueQueue", "ApproximateAgeOfOldestMessage", label="oldest message in the due queue, s"),
        above=15 * 60,
        for_periods=2,
    ),
    Alarm(
        "SweepErrors",
        "A sweep, or the healing run, raised or timed out. What it did not send stays due; the next one sends it.",
        measures.functions(SWEEPS, "Errors", label="errors of sweeps"),
        for_periods=2,
    ),
    Alarm(
        "SweepsMissing",
        "No sweep for renewals has run for ten minutes: nothing renews.",
        measures.function("SweepRenewals", "Invocations", label="sweeps for renewals"),
        below=1,
        for_periods=2,
        missing=Missing.ALARM,
    ),
    Alarm(
        "WorkerErrors",
        "The worker raised or timed out. A declined card is not an error.",
        measures.function("WorkDue", "Errors", label="errors of the worker"),
    ),
    Alarm(
        "DueDeadLetters",
        "A message broke the worker five times. Its accounts are still due; see why, then purge the queue.",
        measures.waiting("DueDeadLetters", label="dead letters of the due queue"),
        minutes=1,
    ),
    Alarm(
        "StuckAccounts",
        "An account, purchase or bill broke the worker and is parked. `python -m infra.parked list` names it.",
        measures.own("stuck", label="parked"),
    ),
    Alarm(
        "Declines",
        "More than 30 % of an hour's charges were declined, of at least 50.",
        measures.ratio("notpaid", "paid", label="charges declined, %", at_least=50),
        above=30,
        minutes=60,
    ),
    # The books.
    Alarm(
        "AuditFindings",
        "The daily audit found a difference in the books. The log line `the books are wrong` names it.",
        measures.own("AuditFindings", label="findings of the audit"),
        minutes=60,
        missing=Missing.UNCHANGED,  # until the next audit says otherwise
    ),
    Alarm(
        "AuditErrors",
        "The daily audit raised or timed out. It goes on a quarter of an hour later.",
        measures.function("AuditBooks", "Errors", label="errors of the audit"),
        minutes=60,
    ),
    Alarm(
        "AuditMissing",
        "No audit of the books was finished for 26 hours.",
        measures.own("AuditsFinished", label="audits finished"),
        below=1,
        minutes=60,
        for_periods=26,
        missing=Missing.ALARM,
    ),
    # Requests.
    Alarm(
        "ApiErrors",
        "A function that answers requests, draws an invoice or mails a reset link raised or timed out.",
        measures.functions(ANSWERING, "Errors", label="errors of functions that answer"),
        for_periods=2,
    ),
    Alarm(
        "RequestsThrottled",
        "Lambda refused to start functions that answer requests: the account's concurrency is used up.",
        measures.functions(ANSWERING, "Throttles", label="throttled functions that answer"),
    ),
    Alarm(
        "WorkThrottled",
        "Lambda refused to start functions that work in the background: the account's concurrency is used up.",
        measures.functions((*SWEEPS, *PASSING_ON), "Throttles", label="throttled functions in the background"),
        for_periods=3,
    ),
    Alarm(
        "RequestLimitsUnknown",
        "Limits of requests by key and address could not be read or written: requests are answered without them.",
        measures.own("RequestLimitsUnknown", label="requests that were not counted"),
    ),
    Alarm(
        "TablesThrottled",
        "DynamoDB throttled reads or writes of a busy table: one partition gets more than it can take.",
        measures.tables(BUSY_TABLES, "ReadThrottleEvents", "WriteThrottleEvents", label="throttled reads and writes"),
        for_periods=3,
    ),
    # Events, notices, webhooks.
    Alarm(
        "Failures",
        "A schedule could not start its function or its function failed for good, changes were not published (streams "
        "keep a day), or a password reset or a bounce report was lost.",
        measures.waiting("FailuresQueue", label="failures"),
        minutes=1,
    ),
    Alarm(
        "PassingOnErrors",
        "A function that publishes changes, sends notices or posts to webhooks keeps failing.",
        measures.functions(PASSING_ON, "Errors", label="errors of functions that pass events on"),
        for_periods=3,
    ),
    Alarm(
        "ChangesLate",
        "Changes are published an hour late. After a day the streams drop them.",
        measures.function("PublishChanges", "IteratorAge", label="changes late, ms", statistic="Maximum"),
        above=60 * 60 * 1000,
        for_periods=3,
    ),
    Alarm(
        "EventsLate",
        "Events are dispatched an hour late. After a day the stream drops them.",
        measures.function("SpreadEvents", "IteratorAge", label="events late, ms", statistic="Maximum"),
        above=60 * 60 * 1000,
        for_periods=3,
    ),
    Alarm(
        "NoticesDeadLetters",
        "A notice failed five times. See why, then start the queue's redrive.",
        measures.waiting("NoticesDeadLetters", label="dead letters of notices"),
        minutes=1,
    ),
    Alarm(
        "DeliveriesDeadLetters",
        "Posting to a webhook broke five times on our side. The deliveries are still due; see why, then purge.",
        measures.waiting("DeliveriesDeadLetters", label="dead letters of deliveries"),
        minutes=1,
    ),
    Alarm(
        "AddressesSuppressed",
        "Mail bounced, or somebody complained of it. The log line `an address is written to no more` names partner and "
        "account.",
        measures.own("AddressesSuppressed", label="addresses suppressed"),
    ),
)


def page_of(name: str) -> str:
    """The file of an alarm's page in docs/runbook."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() + ".md"
