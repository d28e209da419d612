"""What an account is set up with: branding, custom domain, templates, service requests. Uses no other subject."""
