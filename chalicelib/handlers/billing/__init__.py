"""Routes of invoices, credit notes and the Single Bill; the card processor's webhook; the function that draws PDFs."""
