"""Events, notices, suppressed addresses, webhooks and their deliveries."""
