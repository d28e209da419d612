"""Pages of accounts that move to or from a partner, and of permission to manage them. Uses billing."""
