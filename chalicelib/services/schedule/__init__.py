"""Steps that fall due: sweeps, the worker, account steps, parked subjects. Uses all but clients and events."""
