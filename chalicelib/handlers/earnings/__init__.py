"""What partners earn, and what operators do about it."""
