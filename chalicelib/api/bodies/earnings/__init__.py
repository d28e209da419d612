"""Bodies and answers of the routes about what partners earn."""
