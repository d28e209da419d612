"""A year of one partner of each program: prices and invoices, what they earn, and how they are paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.walkthrough.recorder import Caller, Recorder

BEGINS = datetime(2031, 1, 31, 15, tzinfo=UTC)
"""A 31st, so that the year has short months; far enough ahead for every machine's clock."""

_PASSWORD = "correct horse battery"  # noqa: S105 - of clients who do not exist
_PAYOUT = ("status", "amount", "currency", "recipient", "reason", "advice", "lines", "run_on")
_CONTRACT = ("price", "starts_on", "paid_until", "next_invoice_at", "payment_state")
_INVOICE = ("number", "status", "period", "total", "prepaid_applied", "card_charged")

Move = Callable[[datetime], None]


@dataclass
class Partner:
    """A partner as the story knows it."""

    id: str
    caller: Caller


def tell(recorder: Recorder, *, operator_key: str, move: Move, audit: Callable[[], str]) -> None:
    """Tell the story. ``move`` moves the stack's clock, ``audit`` proves all books and says what it found."""
    recorder.heading("A year of three partners", level=1)
    recorder.say(
        """This page was written by `python -m infra.walkthrough a-year`, which told this story over HTTP to a stack of
        its own. Only ids, keys and times of day are shortened. Amounts are in cents. Every sum in it can be checked by
        hand; the rules are in [rules.md](../rules.md), sections 5, 6 and 10."""
    )
    story = _Year(recorder, Caller("An operator", operator_key), move)
    move(BEGINS)
    story.begin()
    story.contract()
    story.upgrade()
    story.unclaimed()
    story.returned()
    story.refund()
    story.too_little()
    story.answer_lost()
    story.year_ends()
    recorder.heading("The books")
    recorder.say("The audit compares every row of this year, and the sandbox's own list of charges, with each other:")
    recorder.write("```", audit(), "```")


class _Year:
    """The story's parts, in their order."""

    def __init__(self, recorder: Recorder, operator: Caller, move: Move) -> None:
        self.page, self.operator, self.move = recorder, operator, move

    def begin(self) -> None:
        self.page.heading("31 January: an agency, a solution provider, a headquarters")
        self.agency = self._partner("Bright Agency", "agency")
        self.solutions = self._partner("Harbour Solutions", "solutions")
        self.headquarters = self._partner("Maple Headquarters", "franchise")
        self._begin_agency()
        self._begin_solutions()
        self._begin_headquarters()

    def _begin_agency(self) -> None:
        self.page.say(
            """The agency resells two accounts, which have the discount of its tier: none for the first account, 25 %
            from the second on. Its invite link brings a third, which pays the list price itself and brings the
            agency 30 % for twelve months. PayPal's answer to its first payout will be lost: that is what `+silent`
            is for in the sandbox."""
        )
        self._paypal(self.agency, "pay+silent@bright.example")
        card = self._card(self.agency, "pm_card_visa")
        plus = _plan("V3", "marketing", "plus")
        self.blue = self._account(self.agency, "blue-door", plus, billing_profile_id=card)
        self._account(self.agency, "green-door", plus, billing_profile_id=card)
        self.page.ask(self.agency.caller, "PATCH", "/v1/invite-link", {"pn": "bright"}, shown=("pn",))
        signed_up = self.page.ask(
            Caller("Red Door"),
            "POST",
            "/public/sign-ups",
            {
                "pn": "bright",
                "account": _details("red-door") | {"plan": plus},
                "password": _PASSWORD,
                "payment_method": "pm_card_visa",
            },
            status=201,
            shown=("account.payer", "account.relationship", "account.price_per_cycle"),
        )
        self.red = signed_up["account"]["id"]

    def _begin_solutions(self) -> None:
        self.page.say(
            """The solution provider manages two accounts. One is paid at list price and brings it 20 %; the other is on
            its Single Bill at a discount instead. Each brings a bonus of 50.00 with its first payment. Its PayPal
            address is one where nobody claims the money."""
        )
        self._paypal(self.solutions, "pay+unclaimed@harbour.example")
        card = self._card(self.solutions, "pm_card_visa")
        standard = _plan("S1", "email", "standard")
        body = {"bill_day": 5, "billing_profile_id": card}
        self.page.ask(self.solutions.caller, "PATCH", "/v1/single-bill", body, shown=("bill_day",))
        self._account(self.solutions, "isla-verde", standard, billing_profile_id=card)
        self._account(self.solutions, "fjord-yoga", standard, single_bill=True)

    def _begin_headquarters(self) -> None:
        self.page.say(
            """The headquarters has a contract: 12,000.00 a year from 1 March on, for all its accounts, which have no
            price of their own. The operator grants it 2,000.00 of prepaid money. Its card will be declined."""
        )
        path = f"/v1/operator/partners/{self.headquarters.id}"
        terms = {"contacts": 2000, "price": 1_200_000, "starts_on": "2031-03-01"}
        self.page.ask(self.operator, "PUT", f"{path}/contract", terms, shown=("contacts", *_CONTRACT))
        self.page.ask(
            self.operator,
            "POST",
            f"{path}/credits/prepaid/grants",
            {"amount": 200_000},
            status=201,
            shown=("kind", "balance_after"),
        )
        self._card(self.headquarters, "pm_card_chargeDeclined", default=True)
        child = _plan("Franchise", "ACHQ", "standard", "annual")
        self._account(self.headquarters, "maple-north", child)

    def contract(self) -> None:
        self.page.heading("1 March: the contract's year begins, and its card is declined")
        self.move(datetime(2031, 3, 1, 18, tzinfo=UTC))
        unpaid = ("unpaid.invoice_id", "unpaid.total", "unpaid.retry_on")
        self._ask(self.headquarters, "/v1/contract", shown=(*_CONTRACT, *unpaid))
        self.page.say("Another default card pays it with the next sweep: prepaid money first, the card the rest.")
        self._card(self.headquarters, "pm_card_visa", default=True)
        self.move(datetime(2031, 3, 1, 18, 5, tzinfo=UTC))
        self._ask(self.headquarters, "/v1/contract", shown=_CONTRACT)
        invoice = self._ask(self.headquarters, "/v1/invoices", shown=())["data"][0]
        shown = (*_INVOICE, "wallet_balance_after", "lines.0.description")
        self._ask(self.headquarters, f"/v1/invoices/{invoice['id']}", shown=shown)

    def upgrade(self) -> None:
        self.page.heading("10 March: Blue Door gets a bigger plan")
        self.page.say(
            """Of its period, 28 February to 31 March, 21 of 31 days are left: the old price for them is credited, the
            new one charged. Both have the discount that was frozen with the period: by 28 February two accounts
            counted, so 25 %."""
        )
        self.move(datetime(2031, 3, 10, 18, tzinfo=UTC))
        bigger = {"plan": _plan("V3", "marketing", "professional")}
        shown = ("price_per_cycle", "lines", "due_today")
        self.page.ask(self.agency.caller, "PUT", f"/v1/accounts/{self.blue}/plan?preview=true", bigger, shown=shown)
        self.page.ask(self.agency.caller, "PUT", f"/v1/accounts/{self.blue}/plan", bigger, shown=("price_per_cycle",))

    def unclaimed(self) -> None:
        self.page.heading("15 March: the solution provider's first payout is not claimed")
        self.page.say(
            """Payable by then: the bonus of Isla Verde and its first 20 % of 39.00, held for 30 days since 31 January;
            the bonus of Fjord Yoga, whose first bill was paid on 5 February."""
        )
        self.move(datetime(2031, 3, 16, 18, tzinfo=UTC))
        self._payouts(self.solutions)
        self._lines(self.solutions)
        self.page.say("The agency's earnings are held for 60 days. It has nothing payable yet, so it has no payout.")
        self._payouts(self.agency)

    def returned(self) -> None:
        self.page.heading("15 April: the money came back, and is paid to another address")
        self.page.say(
            """The mail about it told the partner what to do, and it names another address. After 30 days PayPal returns
            the money: a line gives it back to the ledger, and the next payout has it."""
        )
        self._paypal(self.solutions, "pay@harbour.example")
        self.move(datetime(2031, 4, 16, 18, tzinfo=UTC))
        payout = self._payouts(self.solutions)[0]
        self._statement(self.solutions, payout["id"])

    def refund(self) -> None:
        self.page.heading("2 May: 10.00 of Red Door's April invoice is refunded")
        self.page.say("30 % of it is taken back from the agency: a reversal of 3.00 beside the commission of 14.70.")
        self.move(datetime(2031, 5, 2, 18, tzinfo=UTC))
        red = Caller("Red Door")
        log_in = {"account": "red-door", "username": "admin", "password": _PASSWORD}
        red.token = self.page.ask(red, "POST", "/public/login", log_in, shown=())["token"]
        newest = self.page.ask(red, "GET", "/client/invoices?limit=1", shown=("data.0.period", "data.0.total"))
        path = f"/v1/operator/accounts/{self.red}/invoices/{newest['data'][0]['id']}/refunds"
        self.page.ask(self.operator, "POST", path, {"amount": 1000}, status=201, shown=("invoice.refunded",))

    def too_little(self) -> None:
        self.page.heading("15 May: the agency has too little")
        self.page.say(
            "Two commissions of 14.70 are payable. Less than 50.00 is not sent; it is added to the next payout."
        )
        self.move(datetime(2031, 5, 16, 18, tzinfo=UTC))
        self._payouts(self.agency)

    def answer_lost(self) -> None:
        self.page.heading("15 July: the agency is paid, and PayPal's answer is lost")
        self.page.say(
            """Four commissions of 14.70 are payable, of January to April, and the reversal. The payout was stored
            before it was sent. It got no answer, so it was sent again under the same id, and PayPal knew it: `asks`
            is 2, and there is one payment."""
        )
        self.move(datetime(2031, 7, 16, 18, tzinfo=UTC))
        payout = self._payouts(self.agency)[0]
        path = f"/v1/operator/payouts?partner_id={self.agency.id}&status=paid"
        self.page.ask(self.operator, "GET", path, shown=("data.0.asks", "data.0.items"))
        self.page.heading("Its statement, to be checked by hand", level=3)
        self._statement(self.agency, payout["id"])
        self.page.say("The same as CSV and as PDF:")
        for media in ("text/csv", "application/pdf"):
            self.page.ask(self.agency.caller, "GET", f"/v1/payouts/{payout['id']}/statement", headers={"Accept": media})

    def year_ends(self) -> None:
        self.page.heading("A year later")
        self.page.say(
            """Red Door has paid twelve months, and a thirteenth on 31 January. The thirteenth brings the agency
            nothing: the period begins a year after the first payment."""
        )
        self.move(datetime(2032, 2, 1, 18, tzinfo=UTC))
        summary = ("balance", "pending", "payable", "held", "paid_out")
        self._ask(self.agency, "/v1/earnings/summary", shown=summary)
        commissions = self._ask(self.agency, "/v1/earnings?kind=commission&limit=100", shown=())["data"]
        self.page.say(f"{len(commissions)} commissions came to {sum(each['amount'] for each in commissions)}.")
        self._payouts(self.agency, query="?status=paid")
        self._ask(self.solutions, "/v1/earnings/summary", shown=summary)
        self.page.say("The headquarters has one invoice. Its account ran all year without one.")
        self._ask(self.headquarters, "/v1/invoices", shown=tuple(f"data.0.{name}" for name in _INVOICE))

    def _partner(self, name: str, program: str) -> Partner:
        body = {
            "name": name,
            "program": program,
            "email": f"books@{program}.example",
            "country": "US",
            "time_zone": "America/Chicago",
        }
        created = self.page.ask(
            self.operator, "POST", "/v1/operator/partners", body, status=201, shown=("id", "program")
        )
        return Partner(created["id"], Caller(name, created["api_key"]["key"]))

    def _paypal(self, partner: Partner, address: str) -> None:
        body = {"paypal_email": address}
        self.page.ask(partner.caller, "PUT", "/v1/earnings/settings", body, shown=("paypal_email",))

    def _card(self, partner: Partner, payment_method: str, **more: Any) -> str:
        body = {"name": "Company card", "payment_method": payment_method, **more}
        return str(self.page.ask(partner.caller, "POST", "/v1/billing-profiles", body, status=201, shown=("id",))["id"])

    def _account(self, partner: Partner, name: str, plan: dict[str, Any], **more: Any) -> str:
        body = _details(name) | {"notification_email": f"ops@{name}.example", "plan": plan} | more
        shown = ("id", "price_per_cycle", "renews_at")
        return str(self.page.ask(partner.caller, "POST", "/v1/accounts", body, status=201, shown=shown)["id"])

    def _payouts(self, partner: Partner, *, query: str = "") -> list[dict[str, Any]]:
        """The partner's payouts, newest first, written down as far as they say something."""
        found: list[dict[str, Any]] = self._ask(partner, f"/v1/payouts{query}", shown=())["data"]
        for each in found:
            told = {name: each[name] for name in _PAYOUT if each[name] is not None}
            self.page.write("```", *(f"{name}: {value}" for name, value in told.items()), "```")
        if not found:
            self.page.say("There is none.")
        return found

    def _statement(self, partner: Partner, payout_id: str) -> None:
        """The statement of a payout, its lines as a table."""
        sums = ("sums", "balance_before", "balance_after")
        lines = self._ask(partner, f"/v1/payouts/{payout_id}/statement", shown=sums)["data"]
        self.page.say("Its lines:")
        self.page.write(
            "| payable on | line | calculation | amount |",
            "| --- | --- | --- | --: |",
            *(f"| {each['payable_on']} | {each['title']} | {each['calculation']} | {_shown(each)} |" for each in lines),
            f"| | | sum | **{sum(each['amount'] for each in lines) / 100:.2f}** |",
        )

    def _lines(self, partner: Partner) -> None:
        """The partner's earnings, newest first, as a table."""
        lines = self._ask(partner, "/v1/earnings", shown=())["data"]
        self.page.write(
            "| payable on | line | amount | status |",
            "| --- | --- | --: | --- |",
            *(f"| {each['payable_on']} | {each['title']} | {_shown(each)} | {each['status']} |" for each in lines),
        )

    def _ask(self, partner: Partner, path: str, *, shown: tuple[str, ...]) -> Any:
        return self.page.ask(partner.caller, "GET", path, shown=shown)


def _shown(line: dict[str, Any]) -> str:
    """The amount of a line, as people write it."""
    return f"{line['amount'] / 100:.2f}"


def _plan(version: str, product: str, tier: str, frequency: str = "monthly") -> dict[str, Any]:
    return {
        "pricing_version": version,
        "product": product,
        "tier": tier,
        "contacts": 1000,
        "billing_frequency": frequency,
    }


def _details(name: str) -> dict[str, Any]:
    client = name.replace("-", " ").title()
    return {
        "name": name,
        "client": {"name": f"{client} Ltd", "email": f"owner@{name}.example"},
        "country": "US",
        "language": "en",
        "time_zone": "America/Chicago",
    }
