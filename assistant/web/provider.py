"""The OpenID provider: what is asked of it, and what of its answers is believed.

Its addresses and keys are read when they are first needed: the server starts while it is away.
Covers: discovery, the authorization code with PKCE, the id_token, renewed tokens, userinfo. Does not
cover: the session of a reader (`oidc.py`), how long an answer counts (`standing.py`).
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn, SignOnAway

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_S = 60  # between two clocks
WITHIN_S = 5  # for each answer of the provider
ASKED_AGAIN_S = 3600  # the provider's addresses
REFUSED = (400, 401, 403)
SCOPE = "openid profile"
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gave for one sign-on; `turn` counts how often they were renewed."""

    access: str
    refresh: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-on that has begun: what its end is checked against, and where the reader wanted to go."""

    state: str
    nonce: str
    verifier: str
    goal: str


class Provider:
    """The provider of the settings."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.issuer, self.client_id, self.redirect_uri = issuer.rstrip("/"), client_id, redirect_uri
        self._client_secret = client_secret
        self._found: dict[str, Any] = {}
        self._found_at = 0.0
        self._keys: KeySet | None = None

    @classmethod
    def of(cls, settings: Settings, redirect_uri: str) -> "Provider":
        """Raises BadSetting for what is missing; asks the provider nothing."""
        for name in ("oidc_issuer", "oidc_client_id"):
            if not getattr(settings, name):
                raise BadSetting(
                    f"ASSISTANT_SIGN_ON=oidc needs ASSISTANT_{name.upper()}. Set it as your provider has it."
                )
        if not safe(settings.oidc_issuer):
            raise BadSetting(
                f"ASSISTANT_OIDC_ISSUER={settings.oidc_issuer!r}: not an https address. "
                "Give the issuer as the provider tells it, like https://login.example.org."
            )
        secret = settings.oidc_client_secret.get_secret_value()
        return cls(settings.oidc_issuer, settings.oidc_client_id, secret, redirect_uri)

    async def address(self, begun: Begun) -> str:
        """Where a reader's browser is sent to sign on. Raises SignOnAway."""
        found = await self._addresses()
        client = self._client(found)
        url, _ = client.create_authorization_url(
            found["authorization_endpoint"],
            state=begun.state,
            nonce=begun.nonce,
            code_verifier=begun.verifier,
        )
        return str(url)

    async def exchange(self, code: str, begun: Begun) -> tuple[str, Tokens]:
        """The person (`sub`) and the tokens behind a code. Raises NotSignedOn, SignOnAway."""
        found = await self._addresses()
        told = await self._tokens(found, "fetch_token", code=code, code_verifier=begun.verifier)
        claims = await self._checked(found, told, begun.nonce)
        return str(claims["sub"]), Tokens(str(told["access_token"]), str(told.get("refresh_token") or ""))

    async def renewed(self, tokens: Tokens) -> Tokens:
        """Tokens in the place of ones that have run out. Raises NotSignedOn, SignOnAway."""
        if not tokens.refresh:
            raise NotSignedOn("oidc: the access token has run out, and the provider gave none to renew it.")
        told = await self._tokens(
            await self._addresses(), "refresh_token", refresh_token=tokens.refresh, scope=None
        )
        refresh = str(told.get("refresh_token") or tokens.refresh)
        return Tokens(str(told["access_token"]), refresh, tokens.turn + 1)

    async def userinfo(self, tokens: Tokens) -> dict[str, Any]:
        """What the provider says now of the person behind tokens. Raises NotSignedOn, SignOnAway."""
        found = await self._addresses()
        headers = {"Authorization": f"Bearer {tokens.access}"}
        return await self._got(found["userinfo_endpoint"], headers)

    async def revoke(self, tokens: Tokens) -> None:
        """Tell the provider, where it can be told, that tokens are not used any more."""
        try:
            found = await self._addresses()
            if safe(str(found.get("revocation_endpoint", ""))):
                async with asyncio.timeout(WITHIN_S), self._client(found) as client:
                    await client.revoke_token(found["revocation_endpoint"], tokens.refresh or tokens.access)
        except (SignOnAway, httpx2.HTTPError, OAuthError, TimeoutError, ValueError) as fault:
            log.warning("oidc: the tokens of a sign-off could not be revoked: %s", _name(fault))

    async def leaving(self) -> str:
        """Where a reader signs off at the provider itself, "" where that is not known."""
        try:
            end = str((await self._addresses()).get("end_session_endpoint", ""))
        except SignOnAway:
            return ""
        return f"{end}?{httpx2.QueryParams({'client_id': self.client_id})}" if safe(end) else ""

    async def _addresses(self) -> dict[str, Any]:
        if self._found and monotonic() - self._found_at < ASKED_AGAIN_S:
            return self._found
        try:
            found = await self._got(self.issuer + DISCOVERY)
        except (SignOnAway, NotSignedOn) as fault:
            if self._found:  # they change once in years
                return self._found
            raise SignOnAway(f"{fault} Is ASSISTANT_OIDC_ISSUER right, and reached from here?") from None
        wrong = [name for name in ENDPOINTS if not safe(str(found.get(name, "")))]
        if str(found.get("issuer", "")).rstrip("/") != self.issuer or wrong:
            raise SignOnAway(
                f"oidc: {self.issuer}{DISCOVERY} tells of issuer {found.get('issuer')!r}"
                f"{' and no usable ' if wrong else ''}{', '.join(wrong)}. "
                "Set ASSISTANT_OIDC_ISSUER to the issuer that the provider tells, with https."
            )
        self._found, self._found_at, self._keys = found, monotonic(), None
        return found

    def _client(self, found: Mapping[str, Any]) -> Any:
        offered = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        kind = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        return AsyncOAuth2Client(
            self.client_id,
            self._client_secret or None,
            token_endpoint_auth_method=kind if self._client_secret else "none",
            revocation_endpoint_auth_method=kind if self._client_secret else "none",
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            timeout=WITHIN_S,
            verify=_trust(),
        )

    async def _tokens(self, found: Mapping[str, Any], how: str, **given: Any) -> Mapping[str, Any]:
        """Ask the token endpoint; `how` names the client's method."""
        try:
            async with asyncio.timeout(WITHIN_S), self._client(found) as client:
                told: Mapping[str, Any] = await getattr(client, how)(found["token_endpoint"], **given)
        except OAuthError as fault:
            raise NotSignedOn(f"oidc: the provider gives no tokens: {fault.error!r}.") from None
        except (httpx2.HTTPError, TimeoutError, ValueError) as fault:
            raise SignOnAway(f"oidc: {found['token_endpoint']} does not answer ({_name(fault)}).") from None
        if not told.get("access_token"):
            raise NotSignedOn("oidc: the provider's answer holds no access token.")
        return told

    async def _got(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One JSON object of the provider."""
        try:
            async with asyncio.timeout(WITHIN_S), _plain() as client:
                answer = await client.get(url, headers=dict(headers or {}))
            if answer.status_code in REFUSED:
                raise NotSignedOn(f"oidc: {url} answers {answer.status_code}.")
            told = answer.raise_for_status().json()
        except (httpx2.HTTPError, TimeoutError, ValueError) as fault:
            raise SignOnAway(f"oidc: {url} does not answer as it should ({_name(fault)}).") from None
        if not isinstance(told, dict):
            raise SignOnAway(f"oidc: {url} answers with no JSON object.")
        return told

    async def _checked(self, found: Mapping[str, Any], told: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an id_token, read with the provider's keys, new ones if it signs with one."""
        for again in (False, True):
            if self._keys is None or again:
                keys = await self._got(found["jwks_uri"])
                try:
                    self._keys = KeySet.import_key_set(keys)  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError) as fault:
                    raise SignOnAway(f"oidc: the provider's keys cannot be read ({_name(fault)}).") from None
            try:
                return claims(told, self._keys, str(found["issuer"]), self.client_id, nonce)
            except InvalidKeyIdError:
                continue
        raise NotSignedOn("oidc: the id_token is signed with a key that the provider does not tell.")


def claims(told: Mapping[str, Any], keys: KeySet, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """Check the id_token of a token answer: signature, issuer, audience, times, nonce, the access token.

    Raises InvalidKeyIdError for a key that is not known, NotSignedOn for anything else that is wrong.
    """
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "sub": {"essential": True},
        "nonce": {"essential": True, "value": nonce},
    }
    params = {"client_id": client_id, "nonce": nonce, "access_token": str(told.get("access_token", ""))}
    try:
        token = jwt.decode(str(told.get("id_token", "")), keys, algorithms=ALGORITHMS)
        checked = CodeIDToken(token.claims, token.header, options, params)
        checked.validate(leeway=LEEWAY_S)
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError) as fault:
        raise NotSignedOn(f"oidc: the id_token is not good: {_name(fault)}: {fault}") from None
    if not isinstance(checked["sub"], str):
        raise NotSignedOn("oidc: the id_token names nobody.")
    return dict(checked)


def safe(url: str) -> bool:
    """Whether tokens may travel to an address: by https, or within this machine."""
    parts = urlsplit(url)
    inside = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or inside) and "@" not in parts.netloc


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed: read once, which takes 35 ms."""
    return httpx2.create_ssl_context()


def _plain() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(timeout=WITHIN_S, verify=_trust())


def _name(fault: BaseException) -> str:
    return type(fault).__name__
