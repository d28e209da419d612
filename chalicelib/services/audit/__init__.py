"""The daily audit, which reads every payer's books and proves them. Uses partners."""
