"""Deploying to AWS: `python -m infra.deploy`. A change set is shown before anything changes, data is never replaced."""
