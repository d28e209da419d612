"""Sessions, login links, rate limits, and the events of a client's access."""
