"""Bodies of accounts, plan changes, overview, usage, snapshots and saved views."""
