"""`python -m infra.walkthrough a-year`: tells a story on a stack of its own and writes its page."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console

from infra.local.advance import move
from infra.local.stack import LocalStack, audit
from infra.package import PROJECT
from infra.walkthrough import a_year, clients_who_pay
from infra.walkthrough.recorder import Recorder, StoryEnded

STORIES = {"a-year": a_year.tell, "clients-who-pay": clients_who_pay.tell}
PAGES = PROJECT / "docs" / "walkthroughs"


def main() -> int:
    """The command; it fails where an answer is not the story's."""
    parser = argparse.ArgumentParser(prog="python -m infra.walkthrough", description=__doc__)
    parser.add_argument("story", choices=sorted(STORIES))
    story = parser.parse_args().story
    console = Console(stderr=True, highlight=False)
    PAGES.mkdir(exist_ok=True)
    page = PAGES / f"{story}.md"
    page.write_text(told(story, progress=console.print), encoding="utf-8")
    console.print(f"Written: {page.relative_to(PROJECT)}")
    return 0


def told(story: str, *, progress: Callable[[str], None] = lambda _: None) -> str:
    """The page of a story, told on a stack of its own. Raises :class:`StoryEnded`."""
    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=progress) as stack:
        recorder = Recorder(stack.base_url)

        def to(instant: datetime) -> None:
            move(stack.deployed, to=instant)

        STORIES[story](recorder, operator_key=stack.operator_key, move=to, audit=lambda: _audited(stack))
    return recorder.page()


def _audited(stack: LocalStack) -> str:
    ended = audit(stack.deployed, "--json", output=subprocess.PIPE)
    if ended.returncode:
        raise StoryEnded(f"The audit: {ended.stdout}")
    audited = json.loads(ended.stdout)["partners"]
    found = sum(len(each["findings"]) for each in audited)
    return f"$ python -m infra.audit --local\n{len(audited)} books compared, {found} differences"


if __name__ == "__main__":
    sys.exit(main())
