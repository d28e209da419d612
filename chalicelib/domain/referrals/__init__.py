"""Invite links, attribution and sign-ups of clients who pay for themselves. Uses the catalog."""
