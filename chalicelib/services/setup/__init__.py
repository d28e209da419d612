"""Provisioning, branding, custom domains, templates, service requests. Uses the wallet and billing."""
