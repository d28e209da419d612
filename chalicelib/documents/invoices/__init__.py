"""Invoices and credit notes: their words in other languages, and the PDF (docs/decisions/invoice-documents.md)."""
