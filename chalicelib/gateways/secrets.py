"""The installation's secrets, from SSM Parameter Store. They are read when needed and stored nowhere else."""

import hashlib
import hmac
from functools import lru_cache

from chalicelib.config import settings

_CACHED_SECONDS = 300
"""A new value is in use after at most this long; until then the old one must stay valid, too."""
_SHORTEST_BYTES = 32


class SecretMissing(Exception):
    """A parameter can't be read, or holds no usable secret. The message never contains its value."""


def read(parameter: str) -> str:
    """The secret in a parameter. Raises :class:`SecretMissing`."""
    from aws_lambda_powertools.utilities import parameters  # imports boto3

    try:
        secret = parameters.get_parameter(parameter, decrypt=True, max_age=_CACHED_SECONDS)
    except parameters.GetParameterError as error:
        raise SecretMissing(f"The parameter {parameter} can't be read.") from error
    if not isinstance(secret, str) or not secret.strip():
        raise SecretMissing(f"The parameter {parameter} is empty.")
    return secret.strip()


def key_for(purpose: str) -> bytes:
    """32 bytes for one purpose of this stage, derived from the master key: one key reveals no other."""
    return _derived(read(settings().master_key_parameter), settings().stage, purpose)


@lru_cache(maxsize=16)
def _derived(master: str, stage: str, purpose: str) -> bytes:
    if len(master.encode()) < _SHORTEST_BYTES:
        raise SecretMissing(f"The master key must have at least {_SHORTEST_BYTES} bytes.")
    return hmac.digest(master.encode(), f"{stage}\n{purpose}".encode(), hashlib.sha256)
