"""Signing in to the portal, teams and their invitations. Uses partners, and how clients' passwords are checked."""
