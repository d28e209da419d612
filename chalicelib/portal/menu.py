"""The menu beside every page: what whoever is signed in may open. An entry shows once its page is in `site.MODULES`."""

from collections.abc import Callable

from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.values import dataclass
from chalicelib.portal import site
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program


@dataclass(frozen=True)
class Entry:
    """One entry: the path it leads to, its icon, and its text `menu.<name>`."""

    name: str
    path: str
    icon: str
    scope: str = "read"
    also: tuple[str, ...] = ()
    """Beginnings of paths, besides its own, at which it is the current one."""
    fits: Callable[[Program], bool] | None = None
    """Whether the partner's program has what it is about; None: every program has."""
    key: str = ""
    """The letter that opens it after a `g`."""


def _earns_commissions(program: Program) -> bool:
    return program.commission is not None and program.commission.pays_commissions_only


def _earns_otherwise(program: Program) -> bool:
    return program.commission is not None and not program.commission.pays_commissions_only


def _refers(program: Program) -> bool:
    return "referred" in program.relationships


WORK = (
    Entry("home", "home", "home", key="h"),
    Entry("accounts", "accounts", "accounts", key="a"),
    Entry("billing", "billing", "card", key="b"),
    Entry("credits", "credits", "coins", key="c"),
    Entry("commissions", "earnings", "chart", fits=_earns_commissions),
    Entry("earnings", "earnings", "chart", fits=_earns_otherwise),
    Entry("invite_link", "invite-link", "link", fits=_refers),
    Entry("transfers", "transfers", "swap", key="t"),
    Entry("services", "services", "tool"),
    Entry("templates", "templates", "copy", also=("snapshots",)),
)
PARTNER_ACCOUNT = (
    Entry("api", "api", "plug"),
    Entry("webhooks", "webhooks", "webhook"),
    Entry("team", "team", "people"),
    Entry("events", "events", "list"),
)
VENDOR = (
    Entry("partners", "vendor/partners", "people", "operator", also=("vendor/accounts", "vendor/services"), key="p"),
    Entry("programs", "vendor/programs", "list", "operator"),
    Entry("vendor_transfers", "vendor/transfers", "swap", "operator", key="t"),
    Entry("payout_runs", "vendor/payout-runs", "coins", "operator", also=("vendor/payouts",)),
    Entry("held_earnings", "vendor/earnings", "pause", "operator"),
    Entry("disputes", "vendor/disputes", "warn", "operator"),
    Entry("parked", "vendor/parked", "tool", "operator"),
    Entry("audit", "vendor/audit", "check", "operator"),
    Entry("operator_keys", "vendor/keys", "plug", "operator"),
    Entry("team", "team", "people", "operator"),
)


@dataclass(frozen=True)
class Section:
    """A group of entries; the first has no heading."""

    heading: str
    entries: list[tuple[Entry, bool]]
    """With whether the visitor is there."""


def menu_of(visit: Visit) -> list[Section]:
    """The entries that lead somewhere and that the person's role may open."""
    sections = []
    for heading, entries in (("", WORK), ("menu.partner_account", PARTNER_ACCOUNT), ("", VENDOR)):
        shown = [(entry, _is_at(visit.place, entry)) for entry in entries if _may_open(visit, entry)]
        if shown:
            sections.append(Section(heading, shown))
    return sections


def _may_open(visit: Visit, entry: Entry) -> bool:
    if not (visit.may_open(entry.scope) and site.leads(entry.path)):
        return False
    return entry.fits is None or visit.partner is None or entry.fits(load_program(visit.partner_seen.program))


def _is_at(place: str, entry: Entry) -> bool:
    return any(place == start or place.startswith(f"{start}/") for start in (entry.path, *entry.also))
