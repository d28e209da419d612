"""What the commands share: how they are told which stack they work on, and how they say why something was not done."""

import argparse
import os
from collections.abc import Callable, Sequence
from datetime import datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException
from rich.console import Console

from infra.local import access
from infra.local.access import NothingRuns
from infra.local.deployed import STACK, DeployedStack, NotLocal
from infra.local.emulator import CREDENTIALS
from infra.stacks import stack_environment, stack_outputs

DONE, REFUSED, UNREACHABLE = 0, 1, 2


class NotDone(Exception):
    """The command did nothing, or can't tell what it was asked; the message says why."""


def parser_of(
    module: str, doc: str | None, *, parents: Sequence[argparse.ArgumentParser] = ()
) -> argparse.ArgumentParser:
    """The parser of ``python -m module``, whose help is the module's docstring."""
    about, _, rest = (doc or "").partition("\n\n")
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=about,
        epilog=rest,
        parents=list(parents),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def stack_options() -> argparse.ArgumentParser:
    """The options that name the stack, as a parent of parsers."""
    options = argparse.ArgumentParser(add_help=False)
    stack = options.add_mutually_exclusive_group()
    stack.add_argument("--stack", default=STACK, metavar="NAME", help=f"a deployed stack on AWS (default: {STACK})")
    stack.add_argument("--local", action="store_true", help="the stack that runs on this machine (`make run`)")
    return options


def stack_of(arguments: argparse.Namespace) -> str:
    """The name of the stack that the options name."""
    return STACK if arguments.local else str(arguments.stack)


def instant(text: str) -> datetime:
    """The type of an option that is an instant with its offset from UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be RFC 3339, such as 2027-01-31T00:00:00Z") from error
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError("must give its offset from UTC, such as Z")
    return parsed


def run(arguments: argparse.Namespace, act: Callable[[argparse.Namespace], int | None]) -> int:
    """Act on the stack that the options name, and return the exit code; why something was not done goes to stderr.

    The code is what ``act`` returns, or 0; 1 for a refusal; 2 if it was not done, or the stack could not be reached.
    """

    def act_on_stack() -> int | None:
        take_on(stack=None if arguments.local else arguments.stack)
        return act(arguments)

    return guarded(act_on_stack)


def guarded(act: Callable[[], int | None]) -> int:
    """As :func:`run`, in a process that has the settings of its stack already."""
    from chalicelib.domain.refusals import Refusal

    try:
        return act() or DONE
    except Refusal as refusal:
        faults = [f"{field} {message}" for field, message in refusal.errors]
        message, code = "; ".join(faults) or refusal.detail, REFUSED
    except NotDone as problem:
        message, code = str(problem), UNREACHABLE
    except (BotoCoreError, ClientError, PynamoDBException) as problem:
        message, code = f"The stack cannot be reached: {problem}", UNREACHABLE
    Console(stderr=True, highlight=False).print(message, style="red", markup=False, soft_wrap=True)
    return code


def take_on(*, stack: str | None) -> None:
    """Give this process the settings of a stack, and for the local one (None) its endpoint, until it ends.

    Raises :class:`NotDone`.
    """
    if stack is None:
        try:
            deployed = DeployedStack.behind(access.announced().base_url)
        except (NothingRuns, NotLocal) as problem:
            raise NotDone(str(problem)) from problem
        os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=deployed.endpoint)
        stack = STACK
    outputs = stack_outputs(boto3.client("cloudformation"), stack)
    os.environ.update(stack_environment(boto3.client("lambda"), outputs))
