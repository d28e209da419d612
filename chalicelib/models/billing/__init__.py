"""The ledger (invoices and journal entries), closed Single Bills, and whom invoices name."""
