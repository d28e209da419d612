"""A client's access to its account: log-ins, passwords, rate limits. Uses accounts."""
