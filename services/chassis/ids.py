"""Identifiers: UUIDv7 (RFC 9562), so that rows and events sort by the time they were made."""

from __future__ import annotations

import re
import uuid

import uuid_utils

_NAMESPACE = uuid.UUID("5c1a6f0e-2a3b-5d8c-9e77-0b1d6f3f9a01")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> str:
    """A new UUIDv7 in its canonical form, 36 characters."""
    return str(uuid_utils.uuid7())


def made_from(*words: str) -> str:
    """A UUIDv5 that is the same whenever it is made from the same words."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(words)))


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in canonical lower-case form, of any version."""
    return _UUID.fullmatch(text) is not None
