"""The event log and what leaves through it: payloads, notices, webhooks. No other subject uses it, nor it them."""
