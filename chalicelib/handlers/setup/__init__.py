"""Routes of branding, custom domains, templates, service requests and provisioning."""
