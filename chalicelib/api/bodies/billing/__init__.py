"""Bodies of invoices, credit notes and the Single Bill."""
