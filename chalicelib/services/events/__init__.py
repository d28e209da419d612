"""The event log, event payloads, notices and webhooks. No other subject uses this package, nor it them."""
