"""The authorizer: API Gateway passes it the Authorization header, and it returns whose key that is.

The answer is cached for 20 seconds per key, for all routes, so `entry_point` checks the scope of each route.
"""

from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib.api import clock

CACHED_SECONDS = 20
_LONGEST_KEY = 200
_UNAUTHORIZED = "Unauthorized"
"""API Gateway makes a 401 of an authorizer's error with exactly this message."""

blueprint = Blueprint(__name__)


@blueprint.authorizer(ttl_seconds=CACHED_SECONDS, name="api_key_authorizer")
def api_key_authorizer(request: AuthRequest) -> AuthResponse:
    """The key's partner and scopes; a key that is unknown, expired or revoked is a 401."""
    from chalicelib.services.partners import api_keys  # a route's declaration needs no table

    scheme, _, key = request.token.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not 0 < len(key) <= _LONGEST_KEY:
        raise Exception(_UNAUTHORIZED)
    identity = api_keys.authenticate(key=key, now=clock.now())
    if identity is None:
        raise Exception(_UNAUTHORIZED)
    context = {"key_id": identity.id, "scopes": " ".join(identity.scopes)}
    if identity.partner_id is not None:
        context["partner_id"] = identity.partner_id
    return AuthResponse(routes=["*"], principal_id=identity.partner_id or identity.id, context=context)
