"""Pages of a partner's API keys."""
