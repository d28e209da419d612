"""Pages of an account's branding and custom domain, of templates, snapshots and service requests. Uses accounts."""
