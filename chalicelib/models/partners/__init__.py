"""Partners, their billing profiles and API keys."""
