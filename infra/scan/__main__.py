"""What is checked besides the tests, because it takes minutes and tools of its own: what `make scan` runs.

    .venv/bin/python -m infra.scan
    .venv/bin/python -m infra.scan api --seed 7 --examples 50 --seconds 600

`template` packages the app and lets checkov and cfn-lint's serverless rules judge the template; what is left on purpose
is in infra/scan/accepted.yaml, with its reasons. `api` deploys a stack on this machine and lets schemathesis ask it all
that its document offers, and more. Exits with 1 if one of them found something.
"""

import argparse
import sys
from pathlib import Path

from infra.scan import NotInstalled, api, template
from infra.scan.template import ToolFailed

PARTS = ("template", "api")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.scan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{' or '.join(PARTS)} (default: both)")
    parser.add_argument("--seed", type=int, default=1, help="of the cases (default: %(default)s)")
    parser.add_argument("--examples", type=int, default=10, help="the most of an operation (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=150, help="the most for all cases (default: %(default)s)")
    parser.add_argument("--report", type=Path, help="where each request and its answer are kept, as NDJSON")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    wrong = 0
    if "template" in (options.parts or PARTS):
        judged = template.scan()
        print(judged, flush=True)
        wrong += len(judged.wrong)
    if "api" in (options.parts or PARTS):
        scanned = api.scan(seed=options.seed, examples=options.examples, seconds=options.seconds, report=options.report)
        print(scanned)
        wrong += len(scanned.wrong)
    return int(wrong > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotInstalled, ToolFailed) as failure:
        sys.exit(str(failure))
