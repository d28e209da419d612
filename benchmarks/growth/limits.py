"""What AWS and the card processor allow, and what they charge; defaults, before any quota is raised.

docs/scale.md names the page of each.
"""

PARTITION_WRITES = 1_000
"""Write units a second of one DynamoDB partition, of a table or of an index."""
TABLE_WRITES = 40_000
"""Write units a second of one on-demand table, and of each of its indexes: the default quota."""

QUEUE_SEEN = 120_000
"""A FIFO queue looks for free message groups among its first messages only."""
MESSAGES_A_REQUEST = 10

WORKERS = 1_000
"""The most batches one event source mapping works on at a time."""
FULL_CPU_MEGABYTES = 1_769
"""A Lambda function with as much memory has one virtual CPU; with less, its share of one."""

CARDS_A_SECOND = 100
"""Requests a second that Stripe takes in live mode."""

QUEUE_DOLLARS = 0.50
"""For a million requests to a FIFO queue."""
GIGABYTE_SECOND_DOLLARS = 0.0000133334
"""Lambda on arm64."""
INVOCATION_DOLLARS = 0.20
"""For a million invocations."""
