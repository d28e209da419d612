"""Invite links, visits, attribution and sign-ups. Uses accounts, clients and partners."""
