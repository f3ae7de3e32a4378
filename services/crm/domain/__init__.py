"""The nouns of customers, and what is known of a number that calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

HIGHEST_LEVEL = 3  # 0 normal, 1 silver, 2 gold, 3 VIP


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or an organisation. A number belongs to one customer, an account may to several."""

    customer_id: str
    name: str
    organisation: str
    numbers: tuple[str, ...]
    accounts: tuple[str, ...]
    email: str
    level: int
    language: str
    tags: tuple[str, ...]
    notes: str
    revision: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """What somebody wants a customer to be, checked. `customer_id` empty: a new one."""

    customer_id: str
    revision: int
    name: str
    organisation: str
    numbers: tuple[str, ...]
    accounts: tuple[str, ...]
    email: str
    level: int
    language: str
    tags: tuple[str, ...]
    notes: str


@dataclass(frozen=True, slots=True)
class Block:
    """A number that is refused. `expires_at` None: until somebody unblocks it."""

    number: str
    reason: str
    blocked_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Segment:
    """Numbers that begin so are a department's business; the longest prefix wins."""

    prefix: str
    segment: str
    department: str


@dataclass(frozen=True, slots=True)
class Known:
    """All that decides how a caller is treated, without what only an agent's screen shows."""

    number: str
    customer_id: str = ""
    name: str = ""
    level: int = 0
    language: str = ""
    blocked_reason: str | None = None
    blocked_until: datetime | None = None
    segment: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The answer to "who calls?" at one moment."""

    known: Known
    blocked: bool


class Kind(StrEnum):
    """What a timeline entry is about; stored by these words."""

    CONTACT = "contact"
    SURVEY = "survey"
    VOICEMAIL = "voicemail"
    WORK_ORDER = "work_order"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact on a timeline. `data`: the event's own JSON. Empty text: not known."""

    tenant: str
    entry_id: str
    at: datetime
    kind: Kind
    channel: str
    contact_id: str
    agent_id: str
    number: str
    customer_id: str
    title: str
    data: str


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """All that an agent's screen shows when it rings."""

    caller: Caller
    customer: Customer | None
    recent: tuple[Entry, ...]
