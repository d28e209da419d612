"""Wallets, events about their settings, and balance checks."""
