"""Domains and email addresses in bodies: taken in any script and any capitals, kept in ASCII and lower case."""

from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib.domain import domain_names, emails


def _in_ascii(domain: str) -> str:
    """The domain as name servers know it, `xn--…` for other scripts; empty if it can't be one."""
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    import idna  # 40 ms, only for other scripts

    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        return ""


def _domain(text: str) -> str:
    domain = _in_ascii(text.removesuffix("."))
    if not domain_names.is_domain(domain):
        raise ValueError(f"must be a domain of at most {domain_names.LONGEST} characters, such as mail.acme.example")
    return domain


def email_in_ascii(text: str) -> str:
    """An email address as it is stored, its domain in ASCII and lower case; it need not be one."""
    name, _, domain = text.rpartition("@")
    return f"{name}@{_in_ascii(domain)}"


def _email(text: str) -> str:
    email = email_in_ascii(text)
    if not emails.is_email(email):
        if not text.rpartition("@")[0].isascii():
            raise ValueError("must have only ASCII characters before the @")
        raise ValueError("must be an email address, such as owner@acme.example")
    return email


Email = Annotated[
    str,
    Field(max_length=emails.LONGEST, json_schema_extra={"format": "email"}),
    AfterValidator(_email),
]
Domain = Annotated[
    str,
    Field(min_length=1, max_length=domain_names.LONGEST, json_schema_extra={"format": "hostname"}),
    AfterValidator(_domain),
]
