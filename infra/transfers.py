"""Request moves of many accounts from a CSV file: `python -m infra.transfers moves.csv --local agency`.

The first line of the file names the fields of POST /v1/transfers, each line below is a request: `direction`, then
`account`, `owner_email`, `relationship`, `billing_profile_id` or `single_bill` to move accounts in; `account_id`,
`client_email` and, where it is needed, `plan.pricing_version`, `plan.product` and so on to move them out. An empty cell
is left out.

They are sent a hundred at a time. Each is filed or refused by itself, and the table at the end has a result for each
line. Cut off, or with lines put right, run it again: nothing is filed twice, since an account has one open request.

`--local PROGRAM` means the stack on this machine and its demo partner of that program; otherwise give `--url`, and a
partner's key in the environment variable SUBLET_API_KEY. Exit code 0: all are filed. 1: some are refused. 2: the API
could not be reached, or the file not be read.
"""

import argparse
import csv
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from infra.commands import parser_of

FILED, REFUSED, UNREACHABLE = 0, 1, 2
AT_ONCE = 100
_TRIES = 5
_LONGEST_WAIT_SECONDS = 30
_OVER = ("declined", "rejected", "withdrawn", "lapsed")

Send = Callable[[Mapping[str, Any], str], "Response"]
"""Sends a body under an Idempotency-Key."""


class CannotFile(Exception):
    """The file can't be read, or the API not be reached or used; the message says why."""


class Response(NamedTuple):
    """What the API answered."""

    status: int
    document: dict[str, Any]
    retry_after: int | None = None


class Result(NamedTuple):
    """What became of a line of the file: its number, the account, the transfer's id or why there is none."""

    line: int
    account: str
    status: int
    transfer_id: str | None
    fault: str | None


def read(text: str) -> list[dict[str, Any]]:
    """The requests in a CSV file. Raises :class:`CannotFile`."""
    lines = csv.DictReader(text.splitlines(), strict=True)
    try:
        requests = [_request(line) for line in lines]
    except (csv.Error, ValueError) as error:
        raise CannotFile(f"Line {lines.line_num} can't be read: {error}.") from error
    if not requests:
        raise CannotFile("The file has no requests: it needs a line with the names of the fields, and lines below it.")
    return requests


def _request(line: Mapping[str | None, Any]) -> dict[str, Any]:
    if None in line or None in line.values():
        raise ValueError("it has more or fewer cells than the first line")
    request: dict[str, Any] = {}
    for name, cell in line.items():
        if name is None or not cell.strip():
            continue
        *parents, field = name.strip().split(".")
        place = request
        for parent in parents:
            place = place.setdefault(parent, {})
        place[field] = _value(field, cell.strip())
    return request


def _value(field: str, cell: str) -> Any:
    """A cell as the API takes it: `single_bill` is true or false, `contacts` a number, everything else text."""
    match field:
        case "single_bill":
            return {"true": True, "false": False}.get(cell.lower(), cell)
        case "contacts":
            return int(cell) if cell.isdecimal() else cell
        case "add_ons":
            return cell.split()
    return cell


def file_all(requests: Sequence[dict[str, Any]], send: Send) -> Iterator[Result]:
    """File the requests, a hundred at a time; a result for each, in their order. Raises :class:`CannotFile`.

    The key of each hundred follows from what they say and from their place: sent again, it stands for the same.
    """
    for first in range(0, len(requests), AT_ONCE):
        some = requests[first : first + AT_ONCE]
        digest = hashlib.sha256(json.dumps([first, some], sort_keys=True).encode()).hexdigest()
        for place, result in enumerate(_sent(some, f"transfers-{digest[:40]}", send)):
            yield _result(first + place + 2, some[place], result)


def _sent(requests: Sequence[dict[str, Any]], key: str, send: Send) -> Iterable[dict[str, Any]]:
    """The results of a hundred requests. What may pass by itself is tried again."""
    for attempt in range(_TRIES):
        response = send({"transfers": list(requests)}, key)
        if response.status == 200:
            results: list[dict[str, Any]] = response.document["results"]
            return results
        if response.retry_after is None or attempt == _TRIES - 1:
            break
        time.sleep(min(response.retry_after, _LONGEST_WAIT_SECONDS))
    raise CannotFile(f"The API answers {response.status}: {response.document.get('detail', 'nothing more')}")


def _result(line: int, request: Mapping[str, Any], result: Mapping[str, Any]) -> Result:
    account = str(request.get("account") or request.get("account_id") or "")
    transfer, error = result["transfer"], result["error"]
    if transfer is None and error["code"] == "transfer_open" and "transfer_id" in error:  # filed by an earlier run
        return Result(line, account, 200, error["transfer_id"], None)
    fault = error and error["detail"]
    if transfer is not None and transfer["status"] in _OVER:  # filed by an earlier run, and nobody is asked again
        fault = f"It was filed before and is {transfer['status']}. To ask again, file it with POST /v1/transfers."
    return Result(line, account, result["status"], transfer and transfer["id"], fault)


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        requests = read(arguments.file.read_text(encoding="utf-8-sig"))
        results = list(file_all(requests, _sender(arguments)))
    except (CannotFile, OSError, UnicodeDecodeError) as problem:
        Console(stderr=True, highlight=False).print(str(problem), style="red", markup=False, soft_wrap=True)
        return UNREACHABLE
    if arguments.json:
        print(json.dumps([result._asdict() for result in results], indent=2))
    else:
        _show(results)
    return REFUSED if any(result.fault for result in results) else FILED


def _sender(arguments: argparse.Namespace) -> Send:
    base_url, key = _where(arguments)

    def send(body: Mapping[str, Any], idempotency_key: str) -> Response:
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        }
        asked = urllib.request.Request(f"{base_url}/v1/transfers", json.dumps(body).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return Response(answer.status, json.load(answer))
        except urllib.error.HTTPError as error:
            return Response(error.code, _document(error.read()), _seconds(error.headers.get("Retry-After")))
        except OSError as error:
            raise CannotFile(f"The API at {base_url} cannot be reached: {error}") from error

    return send


def _where(arguments: argparse.Namespace) -> tuple[str, str]:
    from infra.local import access

    if arguments.local is None:
        key = os.environ.get("SUBLET_API_KEY")
        if not key:
            raise CannotFile(
                "The environment variable SUBLET_API_KEY has to hold a partner's key with the scope write."
            )
        return arguments.url.rstrip("/"), key
    try:
        running = access.announced()
    except access.NothingRuns as nothing:
        raise CannotFile(str(nothing)) from nothing
    partner = running.partners.get(arguments.local)
    if partner is None:
        raise CannotFile(f"There is no demo partner {arguments.local}, only {', '.join(running.partners)}.")
    return running.base_url, partner.key


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _show(results: Sequence[Result]) -> None:
    table = Table("line", "account", "transfer", "refused because")
    for result in results:
        table.add_row(str(result.line), result.account, result.transfer_id or "", result.fault or "")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    refused = sum(result.fault is not None for result in results)
    console.print(f"{len(results) - refused} filed, {refused} refused.")


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("infra.transfers", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the CSV file, in UTF-8")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", metavar="URL", help="the API's address, without /v1")
    where.add_argument("--local", metavar="PROGRAM", help="the stack that runs on this machine (`make run`)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
