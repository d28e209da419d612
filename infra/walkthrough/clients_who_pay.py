"""Clients who pay for themselves: visit, sign-up, trial, unpaid renewal, dispute; and what their partner sees."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.walkthrough.recorder import Caller, Recorder

BEGINS = datetime(2031, 1, 31, 15, tzinfo=UTC)
"""A 31st, so that the story has a short month; far enough ahead for every machine's clock."""

_PASSWORD = "correct horse battery"  # noqa: S105 - of clients who do not exist
_BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
_PLUS = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
_TRIAL = {"pricing_version": "V1", "product": "EM", "tier": "trial"}
_STATE = ("status", "payment_state", "plan.tier", "renews_at", "expires_at", "allowed_actions")

Move = Callable[[datetime], None]


def tell(recorder: Recorder, *, operator_key: str, move: Move, audit: Callable[[], str]) -> None:
    """Tell the story. ``move`` moves the stack's clock, ``audit`` proves all books and says what it found."""
    operator, visitor = Caller("An operator", operator_key), Caller("Somebody")
    recorder.heading("Clients who pay for themselves", level=1)
    recorder.say(
        """This page was written by `python -m infra.walkthrough clients-who-pay`, which told this story over HTTP to a
        stack of its own. Only ids, tokens and times of day are shortened. The rules are in
        [rules.md, section 9](../rules.md#9-clients-who-pay-and-moving-accounts) and 10."""
    )
    move(BEGINS)
    partner = _invite(recorder, operator, visitor)
    red, blue = _sign_up(recorder, visitor, partner)
    _end_trial(recorder, blue, move)
    _recover(recorder, red, move)
    _buy_after_trial(recorder, blue, move)
    _lose_dispute(recorder, blue, operator, move)
    _look_as_partner(recorder, partner, red)
    recorder.heading("The books")
    recorder.say("The audit compares every row of this story, and the sandbox's own list of charges, with each other:")
    recorder.lines += ["```", audit(), "```", ""]


def _invite(recorder: Recorder, operator: Caller, visitor: Caller) -> Caller:
    recorder.heading("An invite link, and a visit")
    created = recorder.ask(
        operator,
        "POST",
        "/v1/operator/partners",
        {
            "name": "Bright Agency",
            "program": "agency",
            "email": "books@bright.example",
            "country": "US",
            "time_zone": "America/Chicago",
        },
        status=201,
        shown=("id", "name", "program"),
    )
    partner = Caller("The partner", created["api_key"]["key"])
    recorder.ask(partner, "PATCH", "/v1/invite-link", {"pn": "bright"}, shown=("pn", "url", "experiences", "visits"))
    recorder.say("A client opens the link in a browser. The page needs no JavaScript, but a script counts the visit.")
    recorder.ask(visitor, "GET", "/public/invites/bright", headers={"Accept": "text/html"})
    recorder.ask(visitor, "POST", "/public/visits", {"pn": "bright"}, headers=_BROWSER)
    recorder.ask(partner, "GET", "/v1/invite-link", shown=("visits", "sign_ups"))
    return partner


def _sign_up(recorder: Recorder, visitor: Caller, partner: Caller) -> tuple[str, str]:
    recorder.heading("Sign-ups: a declined card, a good one, a trial")
    recorder.say(
        """The pages of the link send what follows as a form; a page of the vendor's own may send it as JSON. With a
        declined card nothing is created: the name stays free."""
    )
    red = _wanted("red-door", "Red Door Ltd", "owner@red-door.example", plan=_PLUS)
    declined = red | {"payment_method": "pm_card_chargeDeclined", "expect_due_today": 4900}
    recorder.ask(visitor, "POST", "/public/sign-ups", declined, status=402, shown=("code", "detail", "decline_code"))
    recorder.ask(partner, "GET", "/v1/account-names/red-door", shown=("name", "available"))
    good = red | {"payment_method": "pm_card_declinedOnRenewal", "expect_due_today": 4900}
    recorder.say("Another card pays the first month (and, as we will see, no more).")
    told = ("account.id", "account.status", "account.payer", "account.relationship", "account.price_per_cycle")
    recorder.ask(visitor, "POST", "/public/sign-ups", good, status=201, shown=(*told, "account.renews_at"))
    recorder.say("A trial needs no card. There is one for each email address, whatever is added to it.")
    blue = _wanted("blue-door", "Blue Door Ltd", "owner@blue-door.example", plan=_TRIAL)
    recorder.ask(visitor, "POST", "/public/sign-ups", blue, status=201, shown=(*told[:2], "account.expires_at"))
    again = _wanted("bluer-door", "Blue Door Ltd", "Owner+again@Blue-Door.example", plan=_TRIAL)
    recorder.ask(visitor, "POST", "/public/sign-ups", again, status=409, shown=("code", "detail"))
    recorder.ask(partner, "GET", "/v1/invite-link", shown=("visits", "sign_ups"))
    return "red-door", "blue-door"


def _end_trial(recorder: Recorder, blue: str, move: Move) -> None:
    recorder.heading("The trial ends")
    recorder.say("Two weeks later the trial is over. Nothing is charged; its client can still log in.")
    move(datetime(2031, 2, 15, 15, tzinfo=UTC))
    recorder.ask(_logged_in(recorder, blue), "GET", "/client/account", shown=_STATE)


def _recover(recorder: Recorder, red: str, move: Move) -> None:
    recorder.heading("A renewal is declined, and another card pays it")
    recorder.say(
        """Red Door bought on a 31st, so it renews on 28 February at midnight in its own time zone. Its card is
        declined. The client is told by mail, logs in the same day, and sees that it owes a month."""
    )
    move(datetime(2031, 2, 28, 18, tzinfo=UTC))
    client = _logged_in(recorder, red)
    recorder.ask(client, "GET", "/client/account", shown=_STATE)
    invoice = recorder.ask(
        client, "GET", "/client/invoices?status=open", shown=("data.0.number", "data.0.status", "data.0.payment")
    )["data"][0]
    recorder.say("With the old card a retry changes nothing. With a new one it pays at once.")
    recorder.ask(client, "POST", "/client/retry-payment", status=402, shown=("code", "decline_code", "detail"))
    recorder.ask(client, "PUT", "/client/payment-method", {"payment_method": "pm_card_visa"}, shown=("card",))
    move(datetime(2031, 2, 28, 18, 5, tzinfo=UTC))
    recorder.ask(client, "GET", "/client/account", shown=_STATE)
    recorder.say("The invoice is paid, and there as a PDF.")
    path = f"/client/invoices/{invoice['id']}"
    recorder.ask(client, "GET", path, shown=("number", "status", "total", "card_charged", "payment.attempts"))
    recorder.ask(client, "GET", f"{path}/pdf", headers={"Accept": "application/pdf"})


def _buy_after_trial(recorder: Recorder, blue: str, move: Move) -> None:
    recorder.heading("A month after its trial, Blue Door buys")
    move(datetime(2031, 3, 14, 18, tzinfo=UTC))
    client = _logged_in(recorder, blue)
    recorder.ask(client, "PUT", "/client/plan?preview=true", {"plan": _PLUS}, shown=("due_today", "lines"))
    recorder.say("Without a card it can't; with one, its first period starts now.")
    recorder.ask(client, "PUT", "/client/plan", {"plan": _PLUS}, status=409, shown=("code", "detail"))
    card = {"payment_method": "pm_card_createDisputeLost"}
    recorder.ask(client, "PUT", "/client/payment-method", card, shown=("card",))
    recorder.ask(client, "PUT", "/client/plan", {"plan": _PLUS, "expect_due_today": 4900}, shown=_STATE)


def _lose_dispute(recorder: Recorder, blue: str, operator: Caller, move: Move) -> None:
    recorder.heading("A dispute is lost")
    recorder.say(
        """The holder of Blue Door's card disputes the charge. A week later the bank decides for it: the money is gone,
        and the books say so."""
    )
    disputes = "/v1/operator/disputes"
    move(datetime(2031, 3, 14, 19, tzinfo=UTC))
    shown = tuple(f"data.0.{name}" for name in ("id", "status", "reason", "amount", "currency"))
    recorder.ask(operator, "GET", disputes, shown=shown)
    move(datetime(2031, 3, 24, 18, tzinfo=UTC))
    recorder.ask(operator, "GET", disputes, shown=shown)
    recorder.ask(_logged_in(recorder, blue), "GET", "/client/invoices", shown=("data.0.number", "data.0.status"))


def _look_as_partner(recorder: Recorder, partner: Caller, red: str) -> None:
    recorder.heading("What the partner sees of it, and what not")
    recorder.say("Every field of an account that it referred. What is the client's own is null.")
    accounts = recorder.ask(partner, "GET", f"/v1/accounts?q={red}")["data"]
    path = f"/v1/accounts/{accounts[0]['id']}"
    recorder.say("It has no invoices of its own, and those of its clients are not its to read.")
    recorder.ask(partner, "GET", "/v1/invoices")
    recorder.ask(partner, "GET", f"{path}/invoices", status=409, shown=("code", "detail"))
    recorder.say("It changes nothing, and does not log in.")
    recorder.ask(
        partner, "PATCH", path, {"notification_email": "ops@bright.example"}, status=409, shown=("code", "detail")
    )
    recorder.ask(partner, "POST", f"{path}/login-link", status=409, shown=("code", "detail"))
    recorder.say("Its event log tells it what became of the accounts, and not what they paid.")
    events = recorder.ask(partner, "GET", "/v1/events?limit=100", shown=())
    told = sorted({f"{each['type']}" for each in events["data"]})
    recorder.lines += ["The types of all its events:", "", "```", *told, "```", ""]


def _wanted(name: str, client: str, email: str, *, plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "pn": "bright",
        "account": {
            "name": name,
            "client": {"name": client, "email": email},
            "country": "US",
            "language": "en",
            "time_zone": "America/Chicago",
            "plan": plan,
        },
        "password": _PASSWORD,
    }


def _logged_in(recorder: Recorder, name: str) -> Caller:
    caller = Caller(name.replace("-", " ").title())
    body = {"account": name, "username": "admin", "password": _PASSWORD}
    caller.token = recorder.ask(caller, "POST", "/public/login", body, shown=("token",))["token"]
    return caller
