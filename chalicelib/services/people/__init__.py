"""The people at a partner and at the vendor: who may sign in to the portal."""
