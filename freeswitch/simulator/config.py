"""Every knob of the simulated switch: unit in the name, default, why."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How one node behaves. Bounds are generous for a demo and small enough to find a leak in a test."""

    name: str = "fs1"
    """Switchname, and how the other parts of the demo tell nodes apart."""

    esl_host: str = "127.0.0.1"
    esl_port: int = 0
    """0 takes any free port; the ready line says which."""

    esl_password: str = "ClueCon"  # noqa: S105 - FreeSWITCH's own well-known default; loopback only

    ivr: str = ""
    """What the dialplan's socket application dials: host:port|host:port. Empty: the apology at once."""

    sounds: tuple[Path, ...] = ()
    """Roots under which a played file is looked for. Without any, every file exists and lasts
    `file_ms`: a demo must not need recordings."""

    recordings: Path | None = None
    """Where recordings land as empty wav files; None: nothing is written."""

    seed: int = 0
    """Feeds every random choice of simulated people and faults, so a run can be repeated."""

    file_ms: int = 1_500
    """How long a file lasts whose header cannot be read."""

    show_lag_ms: int = 100
    """`show channels` is an asynchronous copy in FreeSWITCH: 60 to 180 ms were measured."""

    broadcast_lead_ms: int = 100
    """uuid_broadcast waits for 5 frames of audio before it plays (lead-frames)."""

    connect_settle_ms: float = 2.0
    """From a controller's `connect` to the park: long enough that a `myevents` sent at once hears
    CHANNEL_PARK, as it does on a real switch (transcripts 50, 51)."""

    pre_bridge_ms: float = 20.0
    """From CHANNEL_BRIDGE to what execute_on_pre_bridge orders: 20 to 50 ms were measured."""

    heartbeat_s: float = 5.0
    """As in freeswitch/conf."""

    auth_timeout_s: float = 25.0
    """FreeSWITCH closes a connection that has not authenticated by then."""

    originate_timeout_s: float = 60.0
    connect_timeout_s: float = 10.0
    """A socket application whose controller does not accept goes to the next address after this.
    FreeSWITCH waits as long as the kernel does; a busy machine must not look like a dead controller."""

    max_sessions: int = 5_000
    max_command_bytes: int = 1_024_000
    """CMD_BUFLEN of mod_event_socket; a longer command closes the connection."""

    max_unsent_bytes: int = 64 * 1024 * 1024
    """A client that does not read loses events beyond this, as FreeSWITCH's full queue does."""

    max_lost_events: int = 500
    """MAX_MISSED of mod_event_socket: then the listener is killed."""

    max_private_events: int = 1_000
    """Executes queued on one channel (SWITCH_MESSAGE_QUEUE_LEN)."""

    max_dtmf: int = 100
    """Digits waiting on one channel; more are dropped, as a real queue does."""

    ledger_rows: int = 200_000
    """Rows kept; 60 minutes of the demo at 50 calls a second. Totals are never dropped."""

    commands_remembered: int = 20_000
    """Api commands kept for `sim told`: a minute of a busy centre, some 10 MB."""

    unknown_users_absent: bool = False
    """True: `user/x` without a `sim phone x` is SUBSCRIBER_ABSENT; False: it rings for ever."""

    no_such_users: frozenset[str] = field(default_factory=frozenset)
    """Extensions no directory knows: SUBSCRIBER_ABSENT."""
