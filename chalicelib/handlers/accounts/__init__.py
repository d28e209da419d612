"""Routes of accounts: create, read, change, cancel, revive; quotes, usage, overview."""
