"""Bodies of branding, custom domains, templates and service requests."""
