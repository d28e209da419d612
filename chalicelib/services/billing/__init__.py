"""Invoices and their PDFs, the Single Bill, retries, refunds, the processor's webhooks. Uses accounts."""
