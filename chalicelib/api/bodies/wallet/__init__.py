"""Bodies of prepaid money, credits, top-ups and forecasts."""
