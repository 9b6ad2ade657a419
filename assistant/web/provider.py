"""The OpenID provider: what is asked of it, and what of its answers is believed.

Its addresses and keys are read when they are first needed: the server starts while it is away.
Covers: discovery, the authorization code with PKCE, renewed tokens, userinfo. Does not cover: what an
id_token must say (`id_token.py`), how long an answer counts (`standing.py`), cookies (`oidc.py`).
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn, SignOnAway
from assistant.web.id_token import Expected, UnknownKey, claims

WITHIN_S = 5  # for each answer of the provider
ASKED_AGAIN_S = 3600  # the provider's addresses
REFUSED = (400, 401, 403)
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gave for one sign-on; `turn` counts how often they were renewed, `told` is
    whether the id_token named the groups."""

    access: str
    refresh: str = ""
    turn: int = 0
    told: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-on that has begun: what its end is checked against, and where the reader wanted to go."""

    state: str
    nonce: str
    verifier: str
    goal: str


class Provider:
    """The provider of the settings."""

    def __init__(self, settings: Settings, redirect_uri: str) -> None:
        """Raises BadSetting for what is missing; asks the provider nothing."""
        _complete(settings)
        self.issuer, self.redirect_uri = settings.oidc_issuer.rstrip("/"), redirect_uri
        self.client_id, self.scopes = settings.oidc_client_id, settings.oidc_scopes
        self.claim = settings.oidc_groups_claim
        self._client_secret = settings.oidc_client_secret.get_secret_value()
        self._found: dict[str, Any] = {}
        self._found_at = 0.0
        self._keys: dict[str, Any] = {}

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
        said = await self._checked(found, told, begun.nonce)
        refresh = str(told.get("refresh_token") or "")
        return str(said["sub"]), Tokens(str(told["access_token"]), refresh, told=self.claim in said)

    async def renewed(self, tokens: Tokens) -> tuple[Tokens, dict[str, Any]]:
        """New tokens in the place of old ones, and the claims of their id_token, which may be none.

        Raises NotSignedOn, SignOnAway.
        """
        if not tokens.refresh:
            raise NotSignedOn("oidc: the access token has run out, and the provider gave none to renew it.")
        found = await self._addresses()
        told = await self._tokens(found, "refresh_token", refresh_token=tokens.refresh, scope=None)
        said = await self._checked(found, told, "") if told.get("id_token") else {}
        refresh = str(told.get("refresh_token") or tokens.refresh)
        return replace(tokens, access=str(told["access_token"]), refresh=refresh, turn=tokens.turn + 1), said

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
            if self._found:  # they change once in years: ask again in a minute
                self._found_at = monotonic() - ASKED_AGAIN_S + 60
                return self._found
            raise SignOnAway(f"{fault} Is ASSISTANT_OIDC_ISSUER right, and reached from here?") from None
        wrong = [name for name in ENDPOINTS if not safe(str(found.get(name, "")))]
        if str(found.get("issuer", "")).rstrip("/") != self.issuer or wrong:
            raise SignOnAway(
                f"oidc: {self.issuer}{DISCOVERY} tells of issuer {found.get('issuer')!r}"
                f"{' and no usable ' if wrong else ''}{', '.join(wrong)}. "
                "Set ASSISTANT_OIDC_ISSUER to the issuer that the provider tells, with https."
            )
        self._found, self._found_at, self._keys = found, monotonic(), {}
        return found

    def _client(self, found: Mapping[str, Any]) -> Any:
        offered = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        kind = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        return AsyncOAuth2Client(
            self.client_id,
            self._client_secret or None,
            token_endpoint_auth_method=kind if self._client_secret else "none",
            revocation_endpoint_auth_method=kind if self._client_secret else "none",
            scope=self.scopes,
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
        expected = Expected(str(found["issuer"]), self.client_id, nonce)
        for again in (False, True):
            if again or not self._keys:
                self._keys = await self._got(found["jwks_uri"])
            try:
                return claims(told, self._keys, expected)
            except UnknownKey:
                continue
        raise NotSignedOn("oidc: the id_token is signed with a key that the provider does not tell.")


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


def _complete(settings: Settings) -> None:
    """Refuse settings that leave the provider open. Raises BadSetting."""
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
    if "openid" not in settings.oidc_scopes.split():
        raise BadSetting(f"ASSISTANT_OIDC_SCOPES={settings.oidc_scopes!r}: openid is missing. Put it first.")
