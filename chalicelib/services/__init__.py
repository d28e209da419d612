"""The use cases: load, decide, commit. Each takes keyword arguments and ``now``.

Each package is a subject. Which may use which is held by a contract in pyproject.toml; the daily audit of the books is
one module.
"""
