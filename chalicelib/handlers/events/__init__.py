"""Routes of events and webhooks; the functions that publish events, send notices and deliver webhooks."""
