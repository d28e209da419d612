"""The outside world: small Protocols, each with a real and a sandbox implementation. ``choice`` selects one."""
