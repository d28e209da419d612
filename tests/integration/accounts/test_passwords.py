"""How passwords are kept (docs/decisions/passwords.md)."""

from chalicelib.services.accounts.passwords import _hasher


def test_passwords_are_hashed_as_owasp_asks_at_least() -> None:
    """The other tests hash with few rounds; this is the product's own hasher, taken before they do."""
    hasher = _hasher()

    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost, hasher.parallelism) == ("ID", 19 * 1024, 2, 1)
