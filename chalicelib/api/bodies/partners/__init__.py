"""Bodies of partners, billing profiles and API keys."""
