"""Stands in for Stripe, its API and its script in the browser, after its documentation: setups of cards, and charges.

The API listens on this machine, for the stack. What a page loads from Stripe's origins, the browser's routes answer: so
the page's policy decides what is let in. Cards are Stripe's test cards.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, Route

SECRET_KEY, PUBLISHABLE_KEY = "sk_test_51StandIn", "pk_test_51StandIn"
PAYS, DECLINED, ASKS_ITS_HOLDER = "4242424242424242", "4000000000000002", "4000002500003155"
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
_FILES = Path(__file__).parent / "stripe_js"

Answer = tuple[int, dict[str, Any]]


@dataclass
class StripeStandIn:
    """What Stripe has on file, and what it answers."""

    setups: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    charges: list[dict[str, Any]] = field(default_factory=list)
    script: Callable[[Route], None] | None = None
    """Answers the browser's request for the script instead, if there is one."""

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base(self) -> str:
        """Where its API listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def serve(self, page: Page) -> None:
        """Answer what a page, and the frames in it, load from Stripe."""
        page.route("https://js.stripe.com/**", self._from_js)
        page.route("https://hooks.stripe.com/**", self._from_hooks)
        page.route("https://api.stripe.com/**", self._from_api)

    def ask(self, method: str, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """The API's answer to a request with the secret key; the first one again under the same key."""
        if headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            return 401, _error("invalid_request_error", "Invalid API Key provided")
        with self._lock:
            key = headers.get("Idempotency-Key") if method == "POST" else None
            if key is None:
                return self._answer(method, path.split("/")[2:], form)
            if key not in self._answers:
                self._answers[key] = self._answer(method, path.split("/")[2:], form)
            return self._answers[key]

    def _answer(self, method: str, path: list[str], form: Mapping[str, str]) -> Answer:
        match method, *path:
            case "POST", "setup_intents":
                return 200, self._begun(form)
            case "GET", "setup_intents":
                wanted = form["payment_method"]
                return 200, _listing(each for each in self.setups.values() if each["payment_method"] == wanted)
            case "POST", "customers":
                made = {"object": "customer", "id": self._id("cus"), "name": form["name"]}
                return 200, self.customers.setdefault(made["id"], made)
            case "POST", "payment_methods", method_id, "attach":
                return self._attached(method_id, form["customer"])
            case "POST", "payment_intents":
                return 200, self._charged(form)
        return 404, _error("invalid_request_error", f"Unrecognized request URL ({method}: /{'/'.join(path)})")

    def _begun(self, form: Mapping[str, str]) -> dict[str, Any]:
        made = self._id("seti")
        self.setups[made] = {
            "object": "setup_intent",
            "id": made,
            "client_secret": f"{made}_secret_{made[::-1]}",
            "status": "requires_payment_method",
            "usage": form["usage"],
            "payment_method": None,
            "last_setup_error": None,
            "metadata": {"setup_key": form["metadata[setup_key]"]},
        }
        return self.setups[made]

    def _attached(self, method_id: str, customer: str) -> Answer:
        method = self.methods.get(method_id)
        if method is None:
            return 400, _error("invalid_request_error", f"No such PaymentMethod: '{method_id}'", param="payment_method")
        if method["customer"] not in (None, customer):
            return 400, _error(
                "invalid_request_error", "The payment method you provided has already been attached to a customer."
            )
        method["customer"] = customer
        return 200, method

    def _charged(self, form: Mapping[str, str]) -> dict[str, Any]:
        method = self.methods[form["payment_method"]]
        assert method["customer"] == form["customer"]
        shown = {"card": {name: method["card"][name] for name in ("brand", "last4")}}
        charge = {
            "object": "payment_intent",
            "id": self._id("pi"),
            "status": "succeeded",
            "amount": int(form["amount"]),
            "amount_received": int(form["amount"]),
            "currency": form["currency"],
            "customer": form["customer"],
            "payment_method": method["id"],
            "metadata": {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")},
            "latest_charge": {"object": "charge", "id": self._id("ch"), "payment_method_details": shown},
        }
        self.charges.append(charge)
        return charge

    def _confirmed(self, setup: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
        if setup["status"] == "succeeded":
            refusal = "You cannot confirm this SetupIntent because it has already succeeded."
            return _error("invalid_request_error", refusal, code="setup_intent_unexpected_state")
        number = form["payment_method_data[card][number]"]
        if number == DECLINED:
            return _error("card_error", "Your card was declined.", code="card_declined", decline_code="generic_decline")
        made = self._id("pm")
        card = {
            "brand": "visa",
            "last4": number[-4:],
            "exp_month": int(form["payment_method_data[card][exp_month]"]),
            "exp_year": int(form["payment_method_data[card][exp_year]"]),
        }
        self.methods[made] = {"object": "payment_method", "id": made, "type": "card", "customer": None, "card": card}
        asks = number == ASKS_ITS_HOLDER
        setup |= {"payment_method": made, "status": "requires_action" if asks else "succeeded"}
        return setup

    def _from_api(self, route: Route) -> None:
        """Requests of the browser, with the publishable key and the secret of one setup."""
        address = urlsplit(route.request.url)
        form = dict(parse_qsl(route.request.post_data or address.query))
        _, _, _, setup_id, *what = address.path.split("/")
        setup = self.setups.get(setup_id)
        if form["key"] != PUBLISHABLE_KEY or setup is None or setup["client_secret"] != form["client_secret"]:
            answer = _error("invalid_request_error", f"No such setupintent: '{setup_id}'")
        else:
            with self._lock:
                answer = self._confirmed(setup, form) if what == ["confirm"] else setup
        # Stripe says 400 to invalid requests, which the browser would log, and no page of ours may say.
        status = 402 if "error" in answer else 200
        route.fulfill(status=status, json=answer, headers={"Access-Control-Allow-Origin": "*"})

    def _from_js(self, route: Route) -> None:
        if "elements-inner-card" in route.request.url:
            route.fulfill(path=_FILES / "field.html")
        elif self.script is not None:
            self.script(route)
        else:
            route.fulfill(path=_FILES / "stripe.js")

    def _from_hooks(self, route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(path=_FILES / "bank.html")
            return
        _, _, setup_id, outcome = urlsplit(route.request.url).path.split("/")
        if outcome == "complete":
            self.setups[setup_id]["status"] = "succeeded"
        else:
            error = _error("invalid_request_error", NOT_AUTHENTICATED, code="setup_intent_authentication_failure")
            self.setups[setup_id] |= {
                "status": "requires_payment_method",
                "payment_method": None,
                "last_setup_error": error["error"],
            }
        route.fulfill(status=204)

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):06d}StandIn"


def _error(kind: str, message: str, **more: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **more}}


def _listing(found: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(found), "has_more": False, "url": "/v1/setup_intents"}


def _handler(stand_in: StripeStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._send(*stand_in.ask("GET", address.path, dict(parse_qsl(address.query)), self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._send(*stand_in.ask("POST", self.path, dict(parse_qsl(body)), self.headers))

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler
