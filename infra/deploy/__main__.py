"""Deploy to AWS: `python -m infra.deploy up`, `… rollback`, `… destroy`, with your AWS credentials and region.

`up` packages the app (or takes a package that was made before), uploads it, prepares a change set, shows what would
change, asks, executes it, waits, shows the outputs and audits the books. `rollback` deploys the release before the
present one, the same way. `destroy` deletes the stack; what it holds is deleted only with `--yes-delete-data`.

A change that would replace or remove a table or a bucket is refused. Exit code 0: done, or nothing to do. 1: refused,
or undone by CloudFormation; nothing is half deployed. 2: AWS could not be reached.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from infra import audit
from infra.commands import DONE, REFUSED, UNREACHABLE, parser_of
from infra.deploy.changes import Change, DeploymentFailed, Stack
from infra.deploy.uploads import Bucket, Release
from infra.deploy.versions import delete_old_versions
from infra.package import NOT_COMPILED, Package, PackagingFailed, package
from infra.sources import Sources


class Refused(Exception):
    """The command does not do that; the message says why, and what can be done."""


class Deployment:
    """A stack, the bucket its packages are in, and where the command talks to people."""

    def __init__(self, stack: str, console: Console, *, bucket: str | None = None, yes: bool = False) -> None:
        session = boto3.Session()
        self.console, self.yes = console, yes
        self.region: str = session.region_name or ""
        if not self.region:
            raise Refused("Which region? Set AWS_REGION, or a region in your AWS profile.")
        self.account: str = session.client("sts").get_caller_identity()["Account"]
        name = bucket or f"sublet-packages-{self.account}-{self.region}"
        self.bucket = Bucket(session.client("s3"), name, self.region)
        self.stack = Stack(session.client("cloudformation"), stack)
        self.tables = session.client("dynamodb")
        self.functions = session.client("lambda")

    def up(self, made: Package, given: dict[str, str]) -> int:
        """Deploy a package."""
        if self.bucket.make():
            self.console.print(f"Made the bucket {self.bucket.name} for packages.")
        release = self.bucket.upload(made)
        return self._change_to(release, given)

    def rollback(self) -> int:
        """Deploy the release before the present one."""
        releases = self.bucket.deployed(self.stack.name)
        if len(releases) < 2:
            raise Refused(f"No earlier release of {self.stack.name} is known in {self.bucket.name}.")
        self.console.print(f"Back from {releases[0].name} to {releases[1].name}, deployed {releases[1].at}.")
        return self._change_to(releases[1], {})

    def destroy(self, *, delete_data: bool) -> int:
        """Delete the stack, and with it its tables."""
        if self.stack.parameters() is None:
            raise Refused(f"There is no stack {self.stack.name} in {self.account}, {self.region}.")
        shown = Table("Table", "Rows, about", title=f"{self.stack.name} in {self.account}, {self.region}")
        for table in sorted(self.stack.tables()):
            rows = self.tables.describe_table(TableName=table)["Table"]["ItemCount"]
            shown.add_row(table, f"{rows:,}")
        self.console.print(shown)
        if not delete_data:
            raise Refused("This would delete all of it. If that is what you want, say --yes-delete-data.")
        if not self.yes and input("Type the stack's name to delete it with its data: ") != self.stack.name:
            raise Refused("That is not its name. Nothing was deleted.")
        self._delete()
        self.console.print("[green]The stack is deleted.[/] Invoices stay in their bucket, logs for 30 days.")
        return DONE

    def _delete(self) -> None:
        for table in self.stack.tables():
            self.tables.update_table(TableName=table, DeletionProtectionEnabled=False)
        self.stack.delete(self._progress)

    def _change_to(self, release: Release, given: dict[str, str]) -> int:
        present = self._present()
        if present is not None:
            self._check_rows(present, release, given)
        change_set, changes = self.stack.prepare(self.bucket.address(release), given)
        if not changes:
            self.console.print(f"Nothing to do: {release.name} is deployed already.")
            return DONE
        self._show(changes)
        if lost := [change.name for change in changes if change.loses_data]:
            self.stack.discard(change_set)
            raise Refused(
                f"This would lose the data of {', '.join(lost)}. Keep the resource under its name, and add what is new "
                "beside it."
            )
        if not self.yes and input("Execute these changes? [y/N] ").strip().lower() != "y":
            self.stack.discard(change_set)
            raise Refused("Nothing was changed.")
        is_new = self.stack.parameters() is None
        try:
            with self._asleep() if present and present.rows < release.rows else nullcontext():
                self.stack.execute(change_set, self._progress)
        except DeploymentFailed:
            if is_new:  # its tables are empty, but protected: CloudFormation alone could not undo it
                self.console.print("Removing what was made")
                self._delete()
            raise
        self.bucket.note(self.stack.name, release)
        delete_old_versions(self.functions, self.stack.functions())
        self._show_outputs()
        if is_new:
            self.console.print(f"Next: python -m infra.operator create --stack {self.stack.name}")
            return DONE
        self.console.print("Auditing the books")
        return audit.main(["--stack", self.stack.name])

    def _present(self) -> Release | None:
        """The release that is deployed; None if there is no stack yet, or another command made it."""
        deployed = self.bucket.deployed(self.stack.name)
        return deployed[0] if deployed and self.stack.parameters() is not None else None

    def _check_rows(self, present: Release, release: Release, given: dict[str, str]) -> None:
        """Refuse a release that can't read the present one's rows, and to let both serve if the present can't read its.

        An older package is one, whether by `rollback` or by `up`.
        """
        if release.rows < present.rows:
            raise Refused(
                f"{release.name} can't read the rows that {present.name} has written: each account that it meets would "
                "be parked. Deploy a mended release instead."
            )
        canary = given.get("Canary", (self.stack.parameters() or {}).get("Canary", "off"))
        if canary != "off" and present.rows < release.rows:
            raise Refused(
                f"{release.name} writes rows that the present release can't read, and with Canary={canary} both would "
                "serve for minutes. Deploy this one with --parameter Canary=off."
            )

    @contextmanager
    def _asleep(self) -> Iterator[None]:
        """Keep queues and streams from waking functions while these are changed one after another.

        A worker of the old release would park the accounts that the API of the new one has written already.
        """
        self.console.print("The rows get a new form: queues and streams wait until all functions are changed.")
        self._sources().disable()
        try:
            yield
        finally:
            self._sources().enable()

    def _sources(self) -> Sources:
        return Sources.of(self.stack.name, cloudformation=self.stack.cloudformation, functions=self.functions)

    def _show(self, changes: list[Change]) -> None:
        shown = Table("Change", "Resource", "Type", title=f"{self.stack.name} in {self.account}, {self.region}")
        for change in sorted(changes, key=lambda each: (not each.loses_data, each.action, each.name)):
            action = f"{change.action}, made anew" if change.replaced else change.action
            style = "bold red" if change.loses_data else "yellow" if change.action == "Remove" else None
            shown.add_row(action, change.name, change.type, style=style)
        self.console.print(shown)

    def _show_outputs(self) -> None:
        shown = Table("Output", "Value")
        for name, value in sorted(self.stack.outputs().items()):
            shown.add_row(name, value)
        self.console.print(shown)

    def _progress(self, name: str, kind: str, status: str) -> None:
        style = "red" if "FAILED" in status or "ROLLBACK" in status else "dim"
        self.console.print(f"{status:<32} {name}  {kind}", style=style, markup=False, highlight=False)


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    console = Console(highlight=False)
    act: Callable[[argparse.Namespace, Console], int] = arguments.act
    try:
        return act(arguments, console)
    except (Refused, DeploymentFailed, PackagingFailed) as problem:
        message, code = str(problem), REFUSED
    except (BotoCoreError, ClientError) as problem:
        message, code = f"AWS cannot be reached, or refused: {problem}", UNREACHABLE
    Console(stderr=True, highlight=False).print(message, style="red", markup=False, soft_wrap=True)
    return code


def _up(arguments: argparse.Namespace, console: Console) -> int:
    deployment = _deployment(arguments, console)
    given = {"Stage": arguments.stage, **dict(arguments.parameter)}
    if arguments.package is not None:
        return deployment.up(Package(arguments.package / "sam.yaml", arguments.package / "deployment.zip"), given)
    console.print("Packaging, which takes a minute")
    with tempfile.TemporaryDirectory(prefix="sublet-release-") as directory:
        made = package(Path(directory))
        if not made.compiled:
            console.print(NOT_COMPILED, style="yellow", soft_wrap=True)
        return deployment.up(made, given)


def _rollback(arguments: argparse.Namespace, console: Console) -> int:
    return _deployment(arguments, console).rollback()


def _destroy(arguments: argparse.Namespace, console: Console) -> int:
    return _deployment(arguments, console).destroy(delete_data=arguments.yes_delete_data)


def _deployment(arguments: argparse.Namespace, console: Console) -> Deployment:
    stack = arguments.stack or ("sublet" if arguments.stage == "prod" else f"sublet-{arguments.stage}")
    return Deployment(stack, console, bucket=arguments.bucket, yes=arguments.yes)


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, not {text}")
    return name, value


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stage", default="prod", help="everything but prod is a sandbox (default: prod)")
    common.add_argument("--stack", metavar="NAME", help="the stack (default: sublet, or sublet-STAGE outside prod)")
    common.add_argument("--bucket", metavar="NAME", help="for packages (default: sublet-packages-ACCOUNT-REGION)")
    common.add_argument("--yes", action="store_true", help="don't ask")
    parser = parser_of("infra.deploy", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", parents=[common], help="deploy the app, or a package of it")
    up.add_argument("--package", type=Path, metavar="DIRECTORY", help="made before with `make package`")
    up.add_argument("--parameter", action="append", default=[], type=_parameter, metavar="NAME=VALUE")
    up.set_defaults(act=_up)
    rollback = commands.add_parser("rollback", parents=[common], help="deploy the release before the present one")
    rollback.set_defaults(act=_rollback)
    destroy = commands.add_parser("destroy", parents=[common], help="delete the stack")
    destroy.add_argument("--yes-delete-data", action="store_true", help="with all of its data")
    destroy.set_defaults(act=_destroy)
    return parser


if __name__ == "__main__":
    sys.exit(main())
