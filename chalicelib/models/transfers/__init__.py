"""Requests to manage and to move accounts, each with its alarm. Uses the rows of accounts."""
