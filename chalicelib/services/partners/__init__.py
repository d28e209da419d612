"""Partners, their billing profiles and API keys. Uses no other subject."""
