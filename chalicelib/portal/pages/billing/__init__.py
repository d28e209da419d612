"""Pages of what is owed and paid: overdue payments, cards on file, invoices and credit notes, the Single Bill."""
