"""What the program files say: plans, prices and terms, read only."""

from chalicelib.domain.refusals import NotFound
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.visits import Visit
from chalicelib.services.partners import partners

pages = Pages()


@pages.get("vendor/programs", scope="operator")
def show_programs(visit: Visit) -> View:
    """All programs by name."""
    return View("vendor/programs.html", {"programs": partners.list_programs(now=visit.now)})


@pages.get("vendor/programs/{name}", scope="operator")
def show_program(visit: Visit, name: str) -> View:
    """One program with its terms, its plans and a price list of each pricing version, product and tier."""
    programs = {program.name: (program, tiers) for program, tiers in partners.list_programs(now=visit.now)}
    if name not in programs:
        raise NotFound.of("program", name)
    program, tiers = programs[name]
    return View("vendor/program.html", {"program": program, "tiers": tiers})
