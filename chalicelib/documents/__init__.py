"""Documents as files: what the domain has put into words, drawn on pages."""
