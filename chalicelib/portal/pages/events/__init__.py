"""Pages of the event log and of webhooks, and what the log holds in words."""
