"""`python -m infra.local run`: the stack on this machine, until Ctrl-C."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console

from chalicelib.domain.people.roles import VENDOR
from infra.local import access, demo, demo_people
from infra.local.access import LOCAL, Access
from infra.local.emulator import EmulatorFailed, PortTaken, is_free
from infra.local.product import Product
from infra.local.stack import LocalStack, create_operator_key

OPERATOR = "olga@vendor.example"
"""Who signs in to the portal as the vendor's operator."""
STATE_PORT = LOCAL / "state" / "port"


class OtherPort(Exception):
    """Kept data can only be served on the port it was made on: it contains the addresses of queues."""


def run(*, port: int, keep: bool, empty: bool, console: Console) -> None:
    """Serve the stack until it is stopped. With `keep` its data is kept; with `empty` no demo accounts are made."""
    if not is_free(port):
        raise PortTaken(f"Port {port} is taken. Stop what listens there, or choose another: make run PORT={port + 1}")
    if keep:
        _remember_port(port)
    access.withdraw()
    began = time.monotonic()

    def progress(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {step}")

    with _orderly_end(), suppress(_StopRequested):
        try:
            with (
                Product(beside=port) as product,
                LocalStack(home=LOCAL, port=port, keep=keep, login_url=product.login_url, progress=progress) as stack,
            ):
                product.connect(stack.deployed)
                reach = _open(stack, empty=empty, progress=progress)
                access.announce(reach)
                _print_welcome(reach, product, seconds=time.monotonic() - began, console=console)
                _wait(stack)
        finally:
            _ignore_signals()
            access.withdraw()


def _open(stack: LocalStack, *, empty: bool, progress: Callable[[str], None]) -> Access:
    """The keys of the stack: those of kept data, or new ones, with new demo data."""
    known = access.kept(stack.deployed)
    if known:
        return Access(base_url=stack.base_url, operator_key=known.operator_key, partners=known.partners)
    operator_key = create_operator_key(stack.deployed)
    partners = demo.create(
        base_url=stack.base_url, operator_key=operator_key, with_accounts=not empty, progress=progress
    )
    progress("Demo people")
    demo_people.create(stack.deployed, {VENDOR: OPERATOR} | {each.id: each.person for each in partners.values()})
    reach = Access(base_url=stack.base_url, operator_key=operator_key, partners=partners)
    access.keep(stack.deployed, reach)
    return reach


def _remember_port(port: int) -> None:
    """Remember the port of kept data. Raises OtherPort."""
    if STATE_PORT.exists():
        earlier = STATE_PORT.read_text(encoding="utf-8")
        if earlier != str(port):
            raise OtherPort(
                f"The kept data belongs to port {earlier}: make run KEEP=1 PORT={earlier}, or delete .local/state."
            )
        return
    STATE_PORT.parent.mkdir(parents=True, exist_ok=True)
    STATE_PORT.write_text(str(port), encoding="utf-8")


def _wait(stack: LocalStack) -> None:
    """Wait while the emulator runs. Raises EmulatorFailed when it ends."""
    while stack.emulator.running:
        time.sleep(0.5)
    raise EmulatorFailed(f"The emulator ended by itself. See {stack.emulator.log} for the reason.")


def _print_welcome(reach: Access, product: Product, *, seconds: float, console: Console) -> None:
    """Print where everything is, and what to try."""
    console.print(f"\n[bold green]Sublet is ready[/] after {seconds:.1f} s. Ctrl-C ends it.\n")
    for name, value in _addresses_and_keys(reach, product):
        console.print(f"{name:<21}{value}", soft_wrap=True)
    console.print("\nTry:\n")
    for request in _requests_to_try(reach):
        console.print(f"  {request}\n", soft_wrap=True, markup=False)
    console.print("Move the clock by the page above, or from another terminal:\n")
    console.print("  .venv/bin/python -m infra.local advance --days 31\n")


def _addresses_and_keys(reach: Access, product: Product) -> list[tuple[str, str]]:
    """Addresses and keys of a running stack, line by line."""
    partners = [(f"Partner ({program})", partner.key) for program, partner in reach.partners.items()]
    signs_in = [*((program, each.person) for program, each in reach.partners.items()), ("operator", OPERATOR)]
    people = [(f"Sign-in ({who})", f"{email}  {demo_people.PASSWORD}") for who, email in signs_in if email]
    return [
        ("Base URL", reach.base_url),
        ("Operator", reach.operator_key),
        *partners,
        ("Portal", f"{reach.base_url}/portal"),
        *people,
        ("Mails and clock", product.control_url),
        ("Log-ins of accounts", product.login_url.replace("{name}", "NAME")),
        ("Log", _shown(LOCAL / "ministack.log")),
    ]


def _requests_to_try(reach: Access) -> list[str]:
    """Three requests, ready to paste."""
    health = f"curl -s {reach.base_url}/health"
    partner = next(iter(reach.partners.values()))
    key = f'-H "Authorization: Bearer {partner.key}"'
    return [
        health,
        f"curl -s {key} {reach.base_url}/v1/partner",
        f"curl -s {key} '{reach.base_url}/v1/accounts?limit=3'",
    ]


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


class _StopRequested(BaseException):
    """The process was asked to stop. Not an Exception: only `run` may catch it."""


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Make Ctrl-C and SIGTERM unwind the stack, however far it was built up."""
    before = {signal_: signal.signal(signal_, _stop) for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for signal_, handler in before.items():
            signal.signal(signal_, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    _ignore_signals()
    raise _StopRequested


def _ignore_signals() -> None:
    """From here on nothing may interrupt the shutdown."""
    for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, signal.SIG_IGN)
