"""Races on the deployed stack: `python -m benchmarks.races`."""
