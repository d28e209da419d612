"""Permission to manage an account, and accounts that move from one partner to another. Uses accounts and clients."""
