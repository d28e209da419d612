"""The operators' pages: all partners, their accounts, money and requests; runs of payouts, the audit. Uses accounts."""
