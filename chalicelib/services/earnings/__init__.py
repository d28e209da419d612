"""Posts what partners earn from paid invoices, and shows it to them. It uses the rows of invoices and accounts."""
