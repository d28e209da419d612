"""The rules: frozen values and pure functions. No clock, no I/O, nothing but the standard library and its time zones.

The modules here (money, calendar, ids, refusals and so on) are used by every subject. Each package is a subject, which
has the same name in every layer. A contract in pyproject.toml says which package may use which.
"""
