"""The page of a partner's invite link."""
