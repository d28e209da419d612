"""Invoices, the Single Bill, dunning, refunds and credit notes. Uses charging, the wallet and partners."""
