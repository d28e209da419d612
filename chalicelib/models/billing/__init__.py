"""The rows of the ledger (invoices, journal entries, closed Single Bills, the parties of invoices) and bill alarms."""
