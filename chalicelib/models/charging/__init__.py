"""Charges in progress that no account carries."""
