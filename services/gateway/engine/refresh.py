"""What to do with a refresh token that somebody shows."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Refresh:
    """What is stored of a sign-in."""

    session_id: str
    user_id: str
    refresh_hash: bytes
    previous_hash: bytes | None
    rotated_at: datetime
    expires_at: datetime
    revoked: bool = False
    user_disabled: bool = False


class Verdict(Enum):
    """Decision on a shown refresh token."""

    ROTATE = auto()  # the present one: give the next
    REPEAT = auto()  # the one before, within the grace: give the present one again
    REUSE = auto()  # one that was exchanged long ago: somebody has a copy, end the sign-in
    GONE = auto()  # expired, revoked, disabled, or not this sign-in's at all


def judge(stored: Refresh, shown: bytes, now: datetime, grace: timedelta) -> Verdict:
    """Decides on the fingerprint of a shown token."""
    if stored.revoked or stored.user_disabled or stored.expires_at <= now:
        return Verdict.GONE
    if hmac.compare_digest(stored.refresh_hash, shown):
        return Verdict.ROTATE
    if stored.previous_hash is None or not hmac.compare_digest(stored.previous_hash, shown):
        # Any older one of this sign-in, or an invention. Ending the sign-in is right for the first and, as
        # the session's id is not public, harmless for the second.
        return Verdict.REUSE
    return Verdict.REPEAT if now <= stored.rotated_at + grace else Verdict.REUSE
