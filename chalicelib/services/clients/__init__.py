"""A client's log-ins, sessions, login links and password resets. Uses accounts and partners."""
