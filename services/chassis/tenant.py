"""Whose data this is. Bound once at the edge, carried by every call, event and transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from services.chassis.errors import Invalid

SYSTEM = "*"  # relays and projections, which serve all tenants; row-level security lets it pass
METADATA_KEY = "switchyard-tenant"

_SLUG = re.compile(r"[a-z0-9-]{1,32}")
_current: ContextVar[str] = ContextVar("tenant")


def current() -> str:
    """The tenant of this task. Raises LookupError where none was bound: a defect, never a default."""
    return _current.get()


@lru_cache(maxsize=1024)  # asked several times for every event
def check(slug: str) -> str:
    """Gives the slug back, or raises Invalid: 1 to 32 of a-z, 0-9 and hyphen."""
    if _SLUG.fullmatch(slug) is None:
        raise Invalid("tenant", "must be 1 to 32 of a-z, 0-9 and hyphen")
    return slug


@contextmanager
def use(slug: str) -> Iterator[None]:
    """Binds the tenant for the block."""
    token = _current.set(slug if slug == SYSTEM else check(slug))
    try:
        yield
    finally:
        _current.reset(token)


def bind(slug: str) -> None:
    """Binds the tenant for the rest of this task."""
    _current.set(check(slug))
