"""Campaign templates: an account's own, shared by link with the partner's other accounts."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.setup.templates import (
    CreateTemplate,
    ImportTemplate,
    ListTemplates,
    ShareLinkShape,
    TemplateShape,
    TemplateSummary,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.setup import templates

routes = Routes(Blueprint(__name__), tag="templates")


@routes.post(
    "/v1/accounts/{account_id}/templates",
    body=CreateTemplate,
    returns=TemplateShape,
    status=201,
    scope="write",
    summary="Give an account a campaign template",
    refusals=(409,),
)
def create_template(call: Call, account_id: str, body: CreateTemplate) -> TemplateShape:
    """Add a template to an account."""
    template = templates.create_template(
        template_id=call.derived_id("tmpl"),
        partner_id=call.partner_id,
        account_id=account_id,
        name=body.name,
        subject=body.subject,
        html=body.html,
        now=call.now,
        actor=call.actor,
    )
    return TemplateShape.of(template)


@routes.get(
    "/v1/accounts/{account_id}/templates",
    query=ListTemplates,
    returns=Page[TemplateSummary],
    scope="read",
    summary="List an account's templates",
    refusals=(409,),
)
def list_templates(call: Call, account_id: str, query: ListTemplates) -> Page[TemplateSummary]:
    """The account's templates, without their content."""
    found, last = templates.list_templates(
        partner_id=call.partner_id, account_id=account_id, limit=query.limit, start=cursors.start_of(call, query)
    )
    return Page(data=[TemplateSummary.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/templates/{template_id}", returns=TemplateShape, scope="read", summary="Read a template")
def get_template(call: Call, template_id: str) -> TemplateShape:
    """One template with its content."""
    return TemplateShape.of(templates.get_template(partner_id=call.partner_id, template_id=template_id))


@routes.delete("/v1/templates/{template_id}", returns=None, scope="write", summary="Delete a template")
def delete_template(call: Call, template_id: str) -> None:
    """Delete a template. Links to it no longer work; copies that were imported stay."""
    templates.delete_template(partner_id=call.partner_id, template_id=template_id, now=call.now, actor=call.actor)


@routes.post(
    "/v1/templates/{template_id}/share-link",
    returns=ShareLinkShape,
    status=201,
    scope="write",
    summary="Share a template by link",
)
def share_template(call: Call, template_id: str) -> Answer:
    """A link by which the template can be imported into another account of yours, for seven days."""
    link = templates.share_template(partner_id=call.partner_id, template_id=template_id, now=call.now)
    return Answer(body=ShareLinkShape(url=None, expires_at=link.ends_at), secrets={"url": link.url})


@routes.post(
    "/v1/accounts/{account_id}/templates/import",
    body=ImportTemplate,
    returns=TemplateShape,
    status=201,
    scope="write",
    summary="Import a shared template",
    refusals=(409,),
)
def import_template(call: Call, account_id: str, body: ImportTemplate) -> TemplateShape:
    """Copy the template of a link into this account. Links of other partners do not work."""
    template = templates.import_template(
        template_id=call.derived_id("tmpl"),
        partner_id=call.partner_id,
        account_id=account_id,
        link=body.link,
        name=body.name,
        now=call.now,
        actor=call.actor,
    )
    return TemplateShape.of(template)
