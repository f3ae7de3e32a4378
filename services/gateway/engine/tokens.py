"""Access tokens (signed, short-lived) and refresh tokens (random, exchanged at each use)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import jwt

from services.chassis.errors import Unauthenticated
from services.gateway.domain import Identity, Role, User

ISSUER = "switchyard"
_ALGORITHM = "HS256"
_LONGEST = 4_096  # characters; ours have some 500


def issue(user: User, session_id: str, secret: str, now_s: int, life_s: int) -> str:
    """An access token for a user's sign-in, good for `life_s` from `now_s` (seconds since 1970)."""
    claims = {
        "iss": ISSUER,
        "sub": user.user_id,
        "ten": user.tenant,
        "usr": user.username,
        "nam": user.name,
        "rol": user.role.value,
        "agt": user.agent_id,
        "ext": user.extension,
        "sid": session_id,
        "iat": now_s,
        "exp": now_s + life_s,
    }
    return jwt.encode(claims, secret, _ALGORITHM)


def read(token: str, secret: str, now_s: int) -> Identity:
    """Who the token speaks for. Raises Unauthenticated when it is not ours or has expired."""
    claims = _claims(token, secret)
    if claims["exp"] <= now_s:
        raise Unauthenticated("Your sign-in has expired: renew it or sign in again.")
    return Identity(
        user_id=claims["sub"],
        tenant=claims["ten"],
        username=claims["usr"],
        name=claims["nam"],
        role=Role(claims["rol"]),
        session_id=claims["sid"],
        expires_at=claims["exp"],
        agent_id=claims["agt"],
        extension=claims["ext"],
    )


def _claims(token: str, secret: str) -> dict[str, Any]:
    # The clock is an argument here, so PyJWT's own look at the time is switched off and `read` does it.
    options: Any = {
        "require": ["exp", "sub", "sid", "ten"],
        "verify_exp": False,
        "verify_iat": False,
    }
    try:
        return dict(
            jwt.decode(token[:_LONGEST], secret, algorithms=[_ALGORITHM], issuer=ISSUER, options=options)
        )
    except jwt.InvalidTokenError:
        raise Unauthenticated("This access token is not one of ours: sign in.") from None


def successor(refresh_token: str, secret: str) -> str:
    """The refresh token that follows.

    Derived, not random: a client that repeats an exchange because the answer was lost gets the same one
    again, while only hashes are stored. Without the secret nobody can compute it from its predecessor.
    """
    key = hashlib.sha256(b"refresh" + secret.encode()).digest()
    return _text(hmac.digest(key, refresh_token.encode(), "sha256"))


def fingerprint(refresh_token: str) -> bytes:
    """What the database keeps of a refresh token: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(refresh_token.encode()).digest()


def join(tenant: str, session_id: str, part: str) -> str:
    """A refresh token as the client gets it: it names its sign-in, so that one row is looked up."""
    return f"{tenant}.{session_id}.{part}"


def split(refresh_token: str) -> tuple[str, str, str]:
    """Tenant, session id and secret part; three empty strings when it does not look like one."""
    pieces = refresh_token.split(".") if len(refresh_token) <= 200 else []
    return (pieces[0], pieces[1], pieces[2]) if len(pieces) == 3 else ("", "", "")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def first(random: bytes) -> str:
    """The first refresh token of a sign-in from 32 random bytes."""
    return _text(random)
