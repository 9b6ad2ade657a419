"""What an id_token must say before it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from assistant.errors import NotSignedOn, SignOnAway

# Signed with a key that only the provider has: no shared secret, and never `none`.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_S = 60  # between two clocks


class UnknownKey(Exception):
    """A signature of a key that is not among the ones known."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must have signed, for whom, and for which sign-on; a renewed id_token has no `nonce`."""

    issuer: str
    client_id: str
    nonce: str


def claims(told: Mapping[str, Any], keys: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
    """Check the id_token of a token answer: signature, issuer, audience, times, nonce, the access token.

    Raises UnknownKey, SignOnAway for keys that cannot be read, NotSignedOn for anything else that is wrong.
    """
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "sub": {"essential": True},
    }
    if expected.nonce:
        options["nonce"] = {"essential": True, "value": expected.nonce}
    params = {"client_id": expected.client_id, "access_token": str(told.get("access_token", ""))}
    try:
        token = jwt.decode(str(told.get("id_token", "")), _read(keys), algorithms=ALGORITHMS)
        checked = CodeIDToken(token.claims, token.header, options, params)
        checked.validate(leeway=LEEWAY_S)
    except InvalidKeyIdError:
        raise UnknownKey from None
    except (JoseError, ValueError, TypeError) as fault:
        raise NotSignedOn(f"oidc: the id_token is not good: {type(fault).__name__}: {fault}") from None
    if not isinstance(checked["sub"], str):
        raise NotSignedOn("oidc: the id_token names nobody.")
    return dict(checked)


def _read(keys: Mapping[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set(dict(keys))  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise SignOnAway(f"oidc: the provider's keys cannot be read ({type(fault).__name__}).") from None
