"""The front door: builds the Chalice app and registers the blueprints, nothing else."""

from chalice.app import Chalice

from chalicelib.api import authorizer
from chalicelib.handlers import (
    accounts,
    api_keys,
    bills,
    card_reports,
    credits,
    events,
    invoices,
    meta,
    operator,
    partners,
    profiles,
    quotes,
    schedules,
    streams,
    work,
)

app = Chalice(app_name="sublet")
for routed in (
    meta,
    partners,
    api_keys,
    profiles,
    quotes,
    accounts,
    bills,
    credits,
    invoices,
    events,
    operator,
    card_reports,
):
    app.register_blueprint(routed.routes.blueprint)
for blueprint in (authorizer.blueprint, schedules.blueprint, work.blueprint, streams.blueprint):
    app.register_blueprint(blueprint)
