"""Routes of invoices, credit notes, refunds and Single Bills; the processor's webhook; the function that draws PDFs."""
