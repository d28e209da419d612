"""Permission to manage, and moves between partners. Uses setup, wallet, clients, billing, accounts and partners."""
