"""The mails and the clock of the stack on this machine, for the browser: a demo then needs no terminal.

The stand-in for the product serves these pages at its own address, where no account is.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from chalicelib import templating
from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.deployed import DeployedStack
from infra.local.inbox import mails

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https:; form-action 'self'; base-uri 'none'"
"""Mails have inline styles, and logos from anywhere. Nothing runs."""
MOVES = {1: "a day", 7: "a week", 31: "31 days", 365: "a year"}
"""The moves of the clock that are offered, by their days."""
_MOST_MAILS = 50

_PAGES = templating.environment(Path(__file__).parent / "templates")


class NotDays(Exception):
    """The clock is not offered to be moved by this."""


@dataclass
class ControlPage:
    """The pages. The clock moves in a thread of its own, which the page watches; one move at a time."""

    deployed: DeployedStack
    port: int
    _told: str = ""
    _reached: datetime | None = None
    """The stop at which a move of the clock is."""
    _moving: threading.Lock = field(default_factory=threading.Lock)

    def show(self) -> str:
        """What the clock shows, buttons to move it, and the newest mails."""
        found = list(enumerate(mails(self.deployed), start=1))
        return _PAGES.get_template("control.html").render(
            portal=f"{self.deployed.base_url}/portal",
            now=StackClock(self.deployed).now(),
            is_moving=self._moving.locked(),
            reached=self._reached,
            told=self._told,
            mails=found[: -_MOST_MAILS - 1 : -1],
            moves=MOVES.items(),
            port=self.port,
        )

    def show_mail(self, number: str) -> str | None:
        """One mail by its number in the order they were sent; None if there is none. Its links leave the frame."""
        found = mails(self.deployed)
        if not number.isdecimal() or not 1 <= int(number) <= len(found):
            return None
        mail = found[int(number) - 1]
        shown = mail.html.replace("<head>", '<head><base target="_top">', 1)
        return _PAGES.get_template("mail.html").render(mail=mail, shown=shown)

    def move_clock(self, days: str) -> None:
        """Begin to move the clock ahead, unless it is moving. Raises NotDays."""
        if days not in map(str, MOVES):
            raise NotDays(f"The clock moves {', '.join(MOVES.values())} ahead.")
        if self._moving.acquire(blocking=False):
            threading.Thread(target=self._move, args=[int(days)], daemon=True).start()

    def _move(self, days: int) -> None:
        try:
            journey = move(self.deployed, days=days, on_stop=self._reach)
            happened = [f"{count:,} {name}" for name, count in journey.counts.totals.items() if count]
            self._told = f"Moved {MOVES[days]} ahead: {', '.join(happened) or 'nothing fell due'}."
        except Exception as problem:  # whoever watches the page learns of any: nobody else sees this thread
            self._told = f"The clock stopped on the way. {type(problem).__name__}: {problem}"
        finally:
            self._reached = None
            self._moving.release()

    def _reach(self, _start: datetime, stop: datetime, _target: datetime) -> None:
        self._reached = stop
