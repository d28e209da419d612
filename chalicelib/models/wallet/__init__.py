"""Wallets, the settings a wallet keeps, and when a balance is checked next."""
