"""Bodies of plans and programs."""
