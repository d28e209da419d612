"""What is written down about a request or a run: structured lines and counts. Never bodies, keys or headers."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="sublet")
"""Every door's logger. `Logger(service="sublet", child=True)` elsewhere writes the same keys (request_id, route, …)."""

metrics = Metrics(namespace="Sublet", service="sublet")
"""Counts of what the worker and the sweeps did. Requests are counted by API Gateway itself."""
