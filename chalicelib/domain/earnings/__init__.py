"""What partners earn: the terms, the lines of an earnings ledger, its balance. It knows no accounts or invoices."""
