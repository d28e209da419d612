"""Sessions, login links, rate limits, and the log of changes to a client's access."""
