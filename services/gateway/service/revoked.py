"""Sign-ins that ended while their access tokens had not yet expired. Bounded: tokens live minutes."""

from __future__ import annotations

from collections import OrderedDict

ENTRIES = 200_000  # a sign-out a millisecond for three minutes; the oldest go first


class Revoked:
    """Times are seconds since 1970, like the tokens'."""

    def __init__(self, token_s: int) -> None:
        self._token_s = token_s
        self._until: OrderedDict[str, int] = OrderedDict()

    def add(self, session_id: str, now_s: int) -> None:
        """From now on refused. Those whose tokens have expired anyway are forgotten."""
        self._until[session_id] = now_s + self._token_s
        self._until.move_to_end(session_id)
        while self._until:
            oldest, until = next(iter(self._until.items()))
            if until > now_s and len(self._until) <= ENTRIES:
                return
            del self._until[oldest]

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._until
