"""`python -m infra.local`: the stack on this machine."""

import argparse
import signal
import sys
from collections.abc import Callable

from rich.console import Console

from infra.commands import instant
from infra.local import advance, inbox, listen, run
from infra.local.access import NothingRuns
from infra.local.advance import InProduction
from infra.local.alarms import ScheduleFailed, StillDue
from infra.local.clock import InThePast
from infra.local.demo import DemoRefused
from infra.local.deployed import NotLocal
from infra.local.emulator import EmulatorFailed, PortTaken
from infra.local.inbox import NoSuchMail
from infra.local.listen import NotRegistered, StackEnded
from infra.local.publication import NotPublished
from infra.local.run import OtherPort
from infra.local.stack import DeploymentFailed
from infra.package import PackagingFailed

DEFAULT_PORT = 4566
INTERRUPTED = 128 + signal.SIGINT

# Exit code 2: refused, nothing was done.
REFUSALS = (PortTaken, OtherPort, NothingRuns, NotLocal, InProduction, InThePast, NotRegistered, NoSuchMail)
# Exit code 1: begun, and failed.
FAILURES = (
    PackagingFailed,
    DeploymentFailed,
    EmulatorFailed,
    DemoRefused,
    ScheduleFailed,
    StackEnded,
    StillDue,
    NotPublished,
)


def main() -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args()
    errors = Console(stderr=True, highlight=False)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except (*REFUSALS, *FAILURES) as problem:
        errors.print(str(problem), style="red", markup=False, soft_wrap=True)
        return 2 if isinstance(problem, REFUSALS) else 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("run", help="deploy the stack and serve it until Ctrl-C")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}")
    serve.add_argument("--keep", action="store_true", help="keep the data in .local/state for the next run")
    serve.add_argument("--empty", action="store_true", help="demo partners without accounts")
    serve.set_defaults(command=_run)

    travel = commands.add_parser("advance", help="move the clock of the running stack forward")
    target = travel.add_mutually_exclusive_group(required=True)
    target.add_argument("--days", type=_positive, metavar="N", help="this many days from the clock's present time")
    target.add_argument("--to", type=instant, metavar="TIME", help="RFC 3339, such as 2027-01-31T00:00:00Z")
    travel.add_argument("--json", action="store_true", help="print what happened as JSON, and nothing else")
    travel.set_defaults(command=_advance)

    receive = commands.add_parser(
        "listen",
        help="register a webhook with the running stack and print the events it receives",
        description="Registers itself as a webhook of a demo partner, verifies each signature and prints each event "
        "it receives. Ctrl-C ends it and deletes the webhook. When the stack ends, it ends too, with exit code 1.",
    )
    receive.add_argument("--port", type=int, default=0, help="on 127.0.0.1; default: any free port")
    receive.add_argument(
        "--partner",
        default="agency",
        metavar="PROGRAM",
        help="the partner's program; default: agency",
    )
    receive.add_argument(
        "--events", nargs="+", default=["*"], metavar="TYPE", help='such as "account.*" invoice.paid; default: all'
    )
    receive.add_argument("--json", action="store_true", help="print each event as JSON on a line, and nothing else")
    receive.set_defaults(command=_listen)

    read = commands.add_parser("inbox", help="list and show the mails the running stack has sent")
    read.add_argument("--to", metavar="ADDRESS", help="only mails to this address")
    read.add_argument("--show", type=_positive, metavar="NUMBER", help="show one mail, by its number in the list")
    read.add_argument("--json", action="store_true", help="print to, subject, text, html and at of each as JSON")
    read.set_defaults(command=_inbox)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    run.run(port=arguments.port, keep=arguments.keep, empty=arguments.empty, console=Console(highlight=False))
    return 0


def _advance(arguments: argparse.Namespace) -> int:
    advance.advance(days=arguments.days, to=arguments.to, as_json=arguments.json)
    return 0


def _listen(arguments: argparse.Namespace) -> int:
    listen.listen(program=arguments.partner, port=arguments.port, events=arguments.events, as_json=arguments.json)
    return 0


def _inbox(arguments: argparse.Namespace) -> int:
    console = Console(highlight=False)
    inbox.inbox(to=arguments.to, number=arguments.show, as_json=arguments.json, console=console)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
