"""Accounts, their names, usage, snapshots and saved views."""
