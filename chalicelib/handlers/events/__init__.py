"""Routes of events, webhooks and messages; the functions that publish events, send notices and deliver webhooks."""
