"""Whether a partner is its own client: then an operator looks at what it earns with it (docs/rules.md §10)."""

from chalicelib.domain.emails import domain_of, same_person

_FREE_MAIL_DOMAINS = """
    163.com 126.com aol.com att.net bellsouth.net bigpond.com btinternet.com charter.net comcast.net cox.net
    duck.com earthlink.net fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
    googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com
    inbox.com laposte.net libero.it live.co.uk live.com live.nl mac.com mail.com mail.ru mailbox.org me.com msn.com
    naver.com o2.pl optonline.net orange.fr outlook.com outlook.de outlook.fr pm.me posteo.de proton.me protonmail.com
    qq.com rediffmail.com rocketmail.com sbcglobal.net seznam.cz sfr.fr shaw.ca sympatico.ca t-online.de tuta.com
    tutanota.com uol.com.br verizon.net virgilio.it virgin.net wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.in yahoo.co.jp
    yahoo.co.uk yahoo.com yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com
    zoho.com
"""
FREE_MAIL = frozenset(_FREE_MAIL_DOMAINS.split())
"""Domains where anybody can have an address: to share one says nothing."""


def is_own_client(client_email: str, *, partner_emails: frozenset[str]) -> bool:
    """Whether the client's address is one of the partner's, or on a domain of one of them that is no free-mail's."""
    domains = {domain_of(email) for email in partner_emails} - FREE_MAIL
    people = {same_person(email) for email in partner_emails}
    return same_person(client_email) in people or domain_of(client_email) in domains
