"""The statement of a payout: the lines that it settles, page by page or as a PDF (docs/decisions/statements.md)."""

from typing import Any

from chalicelib.documents.statements import documents
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.lines import EarningLine
from chalicelib.domain.earnings.payouts import Payout, line_id_of
from chalicelib.domain.earnings.statements import Statement
from chalicelib.domain.money import total
from chalicelib.domain.refusals import Refusal
from chalicelib.gateways import documents as bucket
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.programs import program as load_program
from chalicelib.services.billing import drawings
from chalicelib.services.earnings import payouts


class NothingSettled(Refusal):
    """The payout settles no lines: they are being put together, or wait for a later payout."""

    code = "nothing_settled"
    title = "The payout has no statement"


def get_statement(*, partner_id: str, payout_id: str) -> Statement:
    """What a payout of the partner settles. Raises :class:`NotFound`, :class:`NothingSettled`."""
    payout = payouts.get_payout(partner_id=partner_id, payout_id=payout_id)
    if not payout.is_frozen:
        why = payout.cause.in_words if payout.cause else "Its lines are being put together. Try again in a minute."
        raise NothingSettled(why)
    own = line_rows.get(partner_id, line_id_of(payout))
    assert own is not None, f"{payout_id} is frozen without a line"
    assert own.balance_after is not None
    return Statement(payout, own.balance_after)


def list_lines(
    statement: Statement, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """The lines that the payout settles, in their order, and where the next page starts."""
    payout = statement.payout
    return line_rows.page_of_payout(
        payout.id,
        partner_id=payout.partner_id,
        after=payout.gathers_after,
        until=payout.gathers_until,
        limit=limit,
        start=start,
    )


def statement_pdf(*, partner_id: str, payout_id: str, language: str) -> bytes:
    """The statement as a PDF, in the ``language`` (BCP 47) or in English.

    Raises as :func:`get_statement`, and :class:`drawings.NotDrawnYet`.
    """
    return bucket.read(_kept(partner_id, payout_id, language))


def statement_link(*, partner_id: str, payout_id: str, language: str) -> str:
    """An address that opens the PDF for five minutes. Raises as :func:`statement_pdf`."""
    return bucket.link(_kept(partner_id, payout_id, language), seconds=drawings.LINK_SECONDS)


def _kept(partner_id: str, payout_id: str, language: str) -> str:
    """The key of the PDF, drawn now if it was not yet."""
    payout = get_statement(partner_id=partner_id, payout_id=payout_id).payout
    code = words_in(language).code
    event = {"payer": partner_id, "document_id": payout_id, "language": code}
    return drawings.kept(_key(payout, code), event=event)


def render_statement(*, partner_id: str, payout_id: str, language: str) -> str | None:
    """Draw a statement and keep it; returns its key.

    None if the index that finds the lines does not have all of them yet: what is kept must be right for good.
    """
    from chalicelib.documents.statements.pdf import draw  # imports reportlab, which nothing else needs

    statement = get_statement(partner_id=partner_id, payout_id=payout_id)
    payout, words = statement.payout, words_in(language)
    lines = _all_lines(payout) if payout.lines <= documents.MOST_LINES else []
    if lines is None:
        return None
    partner = partner_rows.get(partner_id)
    assert partner is not None
    seller = load_program(partner.program).seller
    document = documents.compose(statement, lines, partner=partner, seller=seller, words=words)
    return drawings.keep(_key(payout, words.code), draw(document), file_name=f"payout-{payout.run_on}.pdf")


def _all_lines(payout: Payout) -> list[EarningLine] | None:
    """The lines that the payout settles; None if they are not all in the index yet."""
    found = list(
        line_rows.of_payout(
            payout.id, partner_id=payout.partner_id, after=payout.gathers_after, until=payout.gathers_until
        )
    )
    amount = total((line.amount for line in found), currency=payout.amount.currency)
    return found if (len(found), amount) == (payout.lines, payout.amount) else None


def _key(payout: Payout, language: str) -> str:
    """One for each version of the payout: whatever it says of a statement may have changed with it."""
    return f"statements/{payout.partner_id}/{payout.id}/{payout.version}.{language}.pdf"
