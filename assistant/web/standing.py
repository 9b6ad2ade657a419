"""How somebody who has signed on stands with the provider now: asked again at most every 45 seconds.

So a group that is taken away is gone within a minute, without a restart. Each process remembers the
answers of its own. Covers: when to ask, what counts while the provider is away. Does not cover: how
it is asked (`provider.py`), cookies (`oidc.py`).
"""

import asyncio
import logging
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from assistant.errors import NotSignedOn, SignOnAway
from assistant.web.provider import Provider, Tokens

ASK_AFTER_S = 45  # an answer of the provider counts so long without another question
SHUT_AFTER_S = 60  # and so long where the provider cannot be asked
TRY_AFTER_S = 5  # between two tries to reach it
REMEMBERED = 10_000  # sessions, the latest

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Standing:
    """One session: `claims` were true at `told_at`, seconds of the monotonic clock."""

    tokens: Tokens
    claims: dict[str, Any] = field(default_factory=dict)
    told_at: float = float("-inf")
    tried_at: float = float("-inf")
    over: bool = False
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def counts_for(self, seconds: float) -> bool:
        return monotonic() - self.told_at < seconds


class Standings:
    """The sessions that this process has seen."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._known: OrderedDict[str, Standing] = OrderedDict()

    async def of(self, session_id: str, tokens: Tokens) -> Standing:
        """How a session stands. Raises NotSignedOn where the provider has ended it, SignOnAway."""
        standing = self._standing(session_id, tokens)
        if not standing.over and not standing.counts_for(ASK_AFTER_S):
            async with standing.asking:
                if not standing.counts_for(ASK_AFTER_S) and monotonic() - standing.tried_at >= TRY_AFTER_S:
                    await self._ask(standing)
        if standing.over:
            raise NotSignedOn("oidc: this session has ended.")
        if not standing.counts_for(SHUT_AFTER_S):
            raise SignOnAway("oidc: the provider cannot be asked who may read what, so nobody is let in.")
        return standing

    def end(self, session_id: str, tokens: Tokens) -> Tokens:
        """End a session in this process; gives its newest tokens."""
        standing = self._standing(session_id, tokens)
        newest, standing.tokens = standing.tokens, Tokens("", turn=sys.maxsize)  # none is newer
        standing.over = True
        return newest

    def _standing(self, session_id: str, tokens: Tokens) -> Standing:
        """What is known of a session, with the newest tokens: another worker may have renewed them."""
        standing = self._known.setdefault(session_id, Standing(tokens))
        self._known.move_to_end(session_id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if tokens.turn > standing.tokens.turn:
            standing.tokens, standing.over = tokens, False
        return standing

    async def _ask(self, standing: Standing) -> None:
        began = monotonic()
        try:
            standing.claims = await self._claims(standing)
            standing.told_at = began
        except NotSignedOn as fault:
            log.info("%s The session has ended.", fault)
            standing.over = True
        except SignOnAway as fault:
            log.error("%s", fault)
            standing.tried_at = monotonic()

    async def _claims(self, standing: Standing) -> dict[str, Any]:
        """What the provider says; where it knows the token no more, with a renewed one.

        Some providers tell the groups in id_tokens only: for these each question renews the tokens.
        """
        try:
            told = await self.provider.userinfo(standing.tokens)
        except NotSignedOn:
            standing.tokens, _ = await self.provider.renewed(standing.tokens)
            told = await self.provider.userinfo(standing.tokens)
        claim = self.provider.claim
        if claim not in told and standing.tokens.told and standing.tokens.refresh:
            standing.tokens, said = await self.provider.renewed(standing.tokens)
            if claim in said and said["sub"] == told.get("sub"):
                told = {**told, claim: said[claim]}
        return told
