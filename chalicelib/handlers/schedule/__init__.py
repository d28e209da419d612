"""The functions that EventBridge and the due queue start: sweeps, audit, worker."""
