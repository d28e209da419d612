"""Routes of partners, billing profiles and API keys."""
