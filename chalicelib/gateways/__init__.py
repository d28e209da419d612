"""What is outside: a small Protocol, the real implementation and the sandbox's. ``choice`` says which is used."""
