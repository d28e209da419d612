"""What time does to accounts: the charge of a renewal, quiet steps, and the forecast of both. Uses accounts."""
