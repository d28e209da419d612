"""A payer's prepaid money and credits, and the journal they are the sum of. Uses the catalog."""
