"""Pages of accounts: the overview, a new one, the tabs of one and what may be done to it. Uses billing and events."""
