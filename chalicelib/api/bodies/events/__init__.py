"""Bodies of events and webhooks."""
