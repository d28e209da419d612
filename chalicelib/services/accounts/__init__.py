"""An account's use cases: create, read, change plan or details, cancel, revive. Uses charging and partners."""
