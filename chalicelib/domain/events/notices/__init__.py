"""Notices: which events are mailed, to whom, and what the mail says (docs/rules.md §11)."""
