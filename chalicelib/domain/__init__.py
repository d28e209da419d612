"""The rules: frozen values and pure functions. No clock, no I/O, nothing but the standard library.

What every subject uses (money, the calendar, ids, refusals) lies here. Each package is a subject, with the same name
in every layer; which may use which is held by a contract in pyproject.toml.
"""
