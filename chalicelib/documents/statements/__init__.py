"""Payout statements: their words in each language, and the PDF (docs/decisions/statements.md)."""
