"""Visits, and the script that reports them from the vendor's own pages. These routes need no API key."""

from functools import cache
from pathlib import Path

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.referrals.visits import AttributionShape, RecordVisit
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.referrals import visits

JAVASCRIPT = "text/javascript"
_SCRIPT = Path(__file__).parents[2] / "api" / "pn.js"
_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""The headers in which browsers say that they fetch a page before anybody looks at it."""

routes = Routes(Blueprint(__name__), tag="sign-ups")


@routes.post(
    "/public/visits",
    body=RecordVisit,
    returns=AttributionShape,
    scope=None,
    summary="Report a visit with ?pn=",
)
def record_visit(call: Call, body: RecordVisit) -> Answer:
    """Credits a later sign-up to the partner whose invite link has this name, or had it. The token is valid for the
    attribution window of the partner's program; one that is still valid is returned unchanged: the first partner wins.
    """
    attribution = visits.record_visit(
        pn=body.pn,
        attribution=body.attribution,
        user_agent=call.headers.get("User-Agent", ""),
        purposes=[call.headers[name] for name in _PURPOSES if name in call.headers],
        now=call.now,
    )
    # Any page may read the answer: it holds nothing of whoever visits, and no cookie comes or goes with it.
    return Answer(body=AttributionShape.of(attribution), headers={"Access-Control-Allow-Origin": "*"})


@routes.get(
    "/public/pn.js",
    returns=None,
    media=(JAVASCRIPT,),
    scope=None,
    summary="The script for your own pages",
)
def get_pn_script(_: Call) -> Answer:
    """For pages of the vendor: `<script src="…/public/pn.js" defer></script>`. It reports the `pn` in a page's address,
    keeps the token in that page's own storage and adds it as `attribution` to each `<form data-sign-up>`."""
    return Answer(
        body=_script(),
        headers={
            "Content-Type": f"{JAVASCRIPT}; charset=utf-8",
            "Cache-Control": "public, max-age=3600",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
