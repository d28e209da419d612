"""Branding, custom domains, templates, service requests. Uses clients: branding changes are events of client access."""
