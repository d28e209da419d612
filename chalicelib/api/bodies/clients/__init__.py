"""Bodies of log-ins, login links and password resets."""
