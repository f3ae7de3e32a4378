"""Identifiers: UUIDv7 (RFC 9562), so that rows and events sort by the time they were made."""

from __future__ import annotations

import re

import uuid_utils

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> str:
    """A new UUIDv7 in its canonical form, 36 characters."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in canonical lower-case form, of any version."""
    return _UUID.fullmatch(text) is not None
