"""What time brings about: sweeps, the worker, the steps of accounts, parked subjects. Uses all but clients, events."""
