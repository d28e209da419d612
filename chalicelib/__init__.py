"""Sublet, as it is packaged (docs/architecture.md)."""

import gc

# A start, and whatever reads thousands of rows, makes objects that stay. Python would go through them again and again,
# at every 700 more (docs/decisions/cold-start.md).
gc.set_threshold(10_000)
