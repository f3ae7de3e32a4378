"""A caller as the other services know him, and what is written down about his call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_NOT_A_NUMBER = re.compile(r"[^0-9A-Za-z+*#._-]")
NUMBER_CHARS = 32


def clean_number(text: str) -> str:
    """A number as far as one can be read: what could mean something to a switch, a log or a file is gone."""
    return _NOT_A_NUMBER.sub("", text[:200])[:NUMBER_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One request for service, by telephone."""

    contact_id: str
    tenant: str
    node: str
    """The switch's name."""
    call_id: str
    """The channel's uuid on that switch."""
    from_number: str
    to_number: str
    customer_id: str = ""
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """One stay of a call in a flow: from a socket's begin to its end. A contact has several."""

    entry_id: str
    contact: Contact
    flow: str
    version: int
    entered_at: datetime
    left_at: datetime
    re_entered: bool
    outcome: str
    """As the flow saw it; "" when the call went on to an agent or to another process."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswer:
    answer_id: str
    contact: Contact
    flow: str
    node: str
    score: int
    highest: int
    agent_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A voicemail."""

    voicemail_id: str
    contact: Contact
    file: str
    length_ms: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A flow version as it was published."""

    tenant: str
    name: str
    version: int
    source: str
    published_at: datetime


Record = CallEntry | SurveyAnswer | Message
