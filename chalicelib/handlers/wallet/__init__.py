"""Routes of prepaid money, credit packs, credits and forecasts."""
