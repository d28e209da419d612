"""Signing in to the portal, teams and their invitations. Uses partners, and how clients' passwords are checked.

``now`` is the machine's clock wherever somebody signs in or stays so (sessions, passwords, codes), since phones don't
follow a clock that is moved ahead. Teams and invitations go by the product's, as all that is in the event log.
"""
