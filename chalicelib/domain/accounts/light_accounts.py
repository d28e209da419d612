"""Accounts where thousands are listed, or moved through time in a forecast (docs/decisions/overview.md)."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, cast

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import Frequency


class LightAccount:
    """Stands for an account: cheap to make and to change, and equal to it.

    ``known`` are the fields it has from the start. ``field_of`` works out any other field at its first use, and
    never if it is not used; and the ``frequency``.
    """

    def __init__(self, known: dict[str, Any], field_of: Callable[[str], Any]) -> None:
        self.__dict__ = known
        known["_field_of"] = field_of

    def __getattr__(self, name: str) -> Any:
        if name not in _FIELDS:
            raise AttributeError(name)
        known = self.__dict__
        value = known[name] = known["_field_of"](name)
        return value

    @property
    def frequency(self) -> Frequency:
        """How often it renews: for this alone its plan, which is made of many values, is not worked out."""
        known = self.__dict__
        frequency: Frequency = _frequency(self) if "plan" in known else known["_field_of"]("frequency")
        return frequency

    def __replace__(self, **changes: Any) -> Account:
        copy = LightAccount.__new__(LightAccount)
        copy.__dict__ = self.__dict__ | changes
        return cast(Account, copy)

    def __eq__(self, other: object) -> bool:
        return _whole(self) == (_whole(other) if isinstance(other, LightAccount) else other)

    __hash__ = None  # type: ignore[assignment]


_frequency = vars(Account)["frequency"].fget
_FIELDS = dict.fromkeys(field.name for field in fields(Account))

for _name, _member in vars(Account).items():
    if isinstance(_member, property) and _name not in vars(LightAccount):
        setattr(LightAccount, _name, _member)


def light(known: dict[str, Any], field_of: Callable[[str], Any]) -> Account:
    """The account with the ``known`` fields; any other is what ``field_of`` says of it."""
    return cast(Account, LightAccount(known, field_of))


def lightened(account: Account) -> Account:
    """The account, cheap to change."""
    return account if isinstance(account, LightAccount) else light({}, lambda name: getattr(account, name))


def whole(account: Account) -> Account:
    """The account itself, with every field."""
    return _whole(account) if isinstance(account, LightAccount) else account


def _whole(account: Any) -> Account:
    return Account(**{name: getattr(account, name) for name in _FIELDS})
