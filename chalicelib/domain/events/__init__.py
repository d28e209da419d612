"""What happened, and who hears of it: event types, notices, webhooks. Uses what happens: the schedule, accounts."""
