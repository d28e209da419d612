"""Earnings ledgers: a partner's lines and balance, what accounts have earned, and what waits to be posted."""
