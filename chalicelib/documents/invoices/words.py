"""What lines, invoices and credit notes say in other languages than English: a YAML file for each beside this module.

They are put into words once, in English, and a line's words are stored with it: `Plus, 1,000 contacts, monthly`. So the
English words are the key of what is said instead (`documents/translations.py`), figures and dates are written anew, and
names stay as they are.
"""

import re
from functools import cache
from pathlib import Path

from chalicelib.documents.translations import Translations, read
from chalicelib.domain.billing.invoice_documents import MONTHS, TAX_ID, InvoiceDocument, Row, WrittenLine
from chalicelib.domain.copies import replace

FOLDER = Path(__file__).parent
ENGLISH = "en"

_DATE = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})\b")
_IN_CODE = re.compile(r"([A-Z]{3}) (-?[\d.,]+)")
_SENTENCE_END = re.compile(r"(?<=\.) ")


def code_of(tag: str) -> str:
    """The language that stands for a BCP 47 tag here: `de` for `de-AT`, English where there is no file."""
    code = tag.partition("-")[0].lower()
    return code if _translations(code).sentences else ENGLISH


def line_title(description: str, *, language: str) -> str:
    """What a line is for: names and figures, divided by commas."""
    return _Words(code_of(language)).list(description)


def decline_reason(code: str, *, language: str) -> str:
    """Why a card was declined, by the card processor's code; a code without words of its own in words as it is."""
    return _Words(code_of(language)).said(code.replace("_", " "))


def translate(document: InvoiceDocument, *, language: str) -> InvoiceDocument:
    """The document in the ``language`` (BCP 47); as it is where there are no words for it."""
    code = code_of(language)
    if code == ENGLISH:
        return document
    words = _Words(code)
    return replace(
        document,
        language=code,
        title=words.said(document.title),
        seller=tuple(map(words.tax_id, document.seller)),
        bill_to=tuple(map(words.tax_id, document.bill_to)),
        dates=tuple(map(words.row, document.dates)),
        lines=tuple(map(words.line, document.lines)),
        sums=tuple(map(words.row, document.sums)),
        payment=tuple(map(words.said, document.payment)),
        notes=tuple(map(words.sentences, document.notes)),
    )


def say(text: str, *, language: str) -> str:
    """A word or a sentence of the layout."""
    code = code_of(language)
    return text if code == ENGLISH else _Words(code).said(text)


class _Words:
    """The words of one language."""

    def __init__(self, code: str) -> None:
        from chalicelib.documents import mails  # loads what English documents do not need

        self._translations = _translations(code)
        self._language = mails.language_of(code)
        self._ways = {"figures": self._language.figures, "date": self._only_date}

    def said(self, text: str) -> str:
        return self._translations.said(text, written=self._ways)

    def list(self, text: str) -> str:
        """What is divided by commas, part by part; names stay as they are."""
        if text in self._translations.sentences:
            return self.said(text)
        return ", ".join(self.said(part) for part in text.split(", "))

    def sentences(self, text: str) -> str:
        """Several sentences, one by one."""
        return " ".join(self.said(sentence) for sentence in _SENTENCE_END.split(text))

    def tax_id(self, line: str) -> str:
        """A line of an address: what is no tax number was entered by people."""
        return self.said(line) if line.startswith(TAX_ID) else line

    def row(self, row: Row) -> Row:
        said = self._translations.find(row.text, written=self._ways)
        return replace(row, label=self.said(row.label), text=self._value(row.text) if said is None else said)

    def line(self, line: WrittenLine) -> WrittenLine:
        return WrittenLine(
            description=self.list(line.description),
            period=self._dates(line.period),
            amount=self._language.figures(line.amount),
            explanation=self.sentences(line.explanation) if line.explanation else "",
        )

    def _value(self, text: str) -> str:
        """A date, a period or an amount."""
        if in_code := _IN_CODE.fullmatch(text):
            currency, amount = in_code.groups()
            pattern: str = self._language.words["amount_in_code"]
            return pattern.format(amount=self._language.figures(amount), currency=currency)
        return self._dates(text) if _DATE.search(text) else self._language.figures(text)

    def _dates(self, text: str) -> str:
        return _DATE.sub(lambda date: self._date(*date.groups()), text)

    def _only_date(self, text: str) -> str:
        if not _DATE.fullmatch(text):
            raise ValueError(f"{text} is no date")
        return self._dates(text)

    def _date(self, day: str, month: str, year: str) -> str:
        pattern: str = self._language.words["date"]
        return pattern.format(day=day, month=self._language.words["months"][MONTHS.index(month)], year=year)


@cache
def _translations(code: str) -> Translations:
    return read(FOLDER / f"{code}.yaml")
