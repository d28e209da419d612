"""Prepaid money, credit packs, money set aside, top-ups, forecasts, balance alerts. Uses billing."""
