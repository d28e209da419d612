"""Events, notices and webhooks. Uses the subjects that events are about: the schedule, accounts."""
