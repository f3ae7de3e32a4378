"""Every knob of the ESL links: unit in the name, default, and why."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_CAP = 128
"""Items handed to the event loop in one turn. Measured: 128 hold the loop 3-6 ms, no cap 150 ms."""

FAIR_SHARE = 32
"""Of those, at most so many in a row from one connection."""

READ_CHUNK_BYTES = 64 * 1024
"""Read at most so much from a socket in one go: some sixteen events, 0.1 ms of work, one system call."""


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Bounds of any ESL connection, whoever opened it."""

    command_timeout_s: float = 5.0
    """A reply takes 0.05 ms; after 5 s the switch is stuck or gone, and the connection is replaced."""

    command_limit: int = 4096
    """Commands without an answer. More means that the switch is slower than we are: refuse, do not pile."""

    event_limit: int = 20_000
    """Events read but not yet taken by the consumer (about 10 kB each). Beyond, the connection is dropped
    to start afresh with what the switch says then: an event is never lost without anybody knowing."""

    header_limit_bytes: int = 1024 * 1024
    """A `connect` answer of a call with 200 variables is 10 kB."""

    body_limit_bytes: int = 32 * 1024 * 1024
    """`show channels` of 20,000 channels is 5 to 10 MB."""

    tickle_interval_ms: float = 0.0
    """A newline so often, while busy, makes an idle listener flush at once, not every 20 ms. 0 = off."""

    tickle_window_ms: float = 100.0
    """How long after an event, or a command that may change something, a connection counts as busy."""


@dataclass(frozen=True, slots=True)
class LinkSettings(WireSettings):
    """An inbound link: we connect to the switch."""

    tickle_interval_ms: float = 2.0
    """Brings an event's delay from 10 ms to about 1 ms (median) for 500 newlines a second while busy."""

    connect_timeout_s: float = 5.0
    """For the TCP connection, the sign-in and the subscriptions together."""

    backoff_min_s: float = 0.1
    """First pause after a lost connection: a reload of mod_event_socket is over by then."""

    backoff_max_s: float = 5.0
    """Longest pause, so that a switch which comes back is in use within seconds."""

    ping_interval_s: float = 5.0
    """Silence after which we ask for a sign of life: a dead host ends no TCP connection by itself."""

    job_timeout_s: float = 90.0
    """For a bgapi's result. An originate rings 60 s at most."""


@dataclass(frozen=True, slots=True)
class OutboundSettings(WireSettings):
    """The outbound server: the switch connects to us, once per call."""

    call_limit: int = 2000
    """Calls in our hands at once. The next one is closed at once, so that the dialplan goes on to the
    next controller or to the apology."""

    backlog: int = 512
    """Connections the kernel holds while we are busy: a burst of calls is not refused."""

    handshake_timeout_s: float = 5.0
    """From accept to the end of connect, linger and myevents."""

    linger_s: int = 5
    """FreeSWITCH keeps the socket so long after hang-up, else the last events can be lost. We close it as
    soon as CHANNEL_HANGUP_COMPLETE came."""

    drain_s: float = 10.0
    """How long `stop` waits for handlers by default."""

    event_limit: int = 2000
    """For one call. A call has some 50 events."""

    only: tuple[str, ...] = ()
    """Events of the call that are wanted; () = all that `myevents` brings. Two thirds of those are of no use
    to a flow, and each is 5 to 10 kB to read."""
