"""Restoring the tables of a stack to a moment: `python -m infra.restore` (docs/decisions/restoring.md)."""
