"""What a switch tells us, as plain values. No gevent here: engines and tests may use these freely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Header = str | list[str]


class Event:
    """One event. Header values are exact text, as FreeSWITCH's JSON gives it, never decoded twice.

    `received_at` is `time.monotonic()` at which the bytes left the socket, in seconds: how late we are
    is counted from there.
    """

    __slots__ = ("body", "headers", "name", "received_at", "uuid")

    def __init__(self, headers: Mapping[str, Header], *, received_at: float = 0.0, body: str = "") -> None:
        self.headers = headers
        self.body = body
        self.received_at = received_at
        self.name = self.get("Event-Name")
        self.uuid = self.get("Unique-ID")

    def get(self, header: str, default: str = "") -> str:
        """A header's text; the first element of an array; `default` when there is none."""
        value = self.headers.get(header, default)
        if isinstance(value, str):
            return value
        return value[0] if value else default

    def variable(self, name: str, default: str = "") -> str:
        """A channel variable. Absent on CHANNEL_STATE, CHANNEL_CALLSTATE, DTMF and HEARTBEAT."""
        return self.get(f"variable_{name}", default)

    def array(self, header: str) -> list[str]:
        """All elements of a header: one for a plain value, none when absent."""
        value = self.headers.get(header, [])
        return [value] if isinstance(value, str) else list(value)

    @property
    def subclass(self) -> str:
        """`Event-Subclass` of a CUSTOM event, else "" ."""
        return self.get("Event-Subclass")

    def __repr__(self) -> str:
        # Only names: a dumped event holds callers' numbers, which have no business in a log.
        return f"Event({self.subclass or self.name!r}, uuid={self.uuid!r})"


@dataclass(frozen=True, slots=True)
class EslNode:
    """Where a FreeSWITCH listens for us. `name` is ours and appears in logs and metrics."""

    name: str
    host: str
    port: int
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.password or not self.password.isprintable():
            raise ValueError(f"the password of node {self.name} is empty or holds a control character")


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Signed in and subscribed. Events may have been missed before: reconcile now.

    A `core_uuid` other than last time means that the switch was restarted and every call is gone.
    """

    node: str
    core_uuid: str
    switchname: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """No connection from here on, until the next `LinkUp`. `reason` is for people and logs."""

    node: str
    reason: str
