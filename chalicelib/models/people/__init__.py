"""People, their teams and their sessions: one table, which a restore leaves as it is."""
