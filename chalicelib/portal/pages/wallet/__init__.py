"""Pages of prepaid money, its forecast, and credit packs. Uses billing."""
