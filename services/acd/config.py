"""What the ACD can be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from pydantic import AfterValidator, Field, SecretStr

from services.chassis.config import HostPort, PlainFolder, ServiceConfig

_NODE = re.compile(r"([A-Za-z0-9._-]{1,64})=([^=,\s]+):(\d{1,5})")


def _nodes(text: str) -> str:
    entries = [part.strip() for part in text.split(",") if part.strip()]
    if not entries:
        raise ValueError("must name at least one switch, such as fs1=127.0.0.1:8021")
    for entry in entries:
        match = _NODE.fullmatch(entry)
        if match is None or not 0 < int(match[3]) < 65536:
            raise ValueError(f"{entry!r} must be name=host:port, such as fs1=127.0.0.1:8021")
    names = [entry.partition("=")[0] for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError("names a switch twice")
    return ",".join(entries)


Nodes = Annotated[str, AfterValidator(_nodes)]

ALL = "all"
OTHERS = "*"
_SHARD = re.compile(r"[a-z0-9-]{1,32}")
_TENANTS = re.compile(r"\*|[a-z0-9-]{1,32}(\+[a-z0-9-]{1,32})*")


def _shards(text: str) -> str:
    entries = [part.strip() for part in text.split(",") if part.strip()]
    names, tenants = [], []
    for entry in entries:
        name, _, members = entry.partition("=")
        if not _SHARD.fullmatch(name) or not _TENANTS.fullmatch(members):
            raise ValueError(f"{entry!r} must be name=tenant+tenant or name=*, such as east=acme+demo,rest=*")
        names.append(name)
        tenants += members.split("+")
    if len(set(names)) != len(names) or len(set(tenants)) != len(tenants):
        raise ValueError("names a shard or a tenant twice")
    if OTHERS not in tenants:
        raise ValueError("needs one shard for all other tenants, such as rest=*")
    return ",".join(entries)


Shards = Annotated[str, AfterValidator(_shards)]


_OUTSIDE = re.compile(
    r"sofia/gateway/[A-Za-z0-9_.-]+/\{number\}|sofia/[A-Za-z0-9_.-]+/\{number\}@[A-Za-z0-9.-]+(:[0-9]{1,5})?"
    r"|loopback/\{number\}/[A-Za-z0-9_.-]+|null/\{number\}"
)
_PREFIX = re.compile(r"!?\+[1-9][0-9]{0,14}")


def _outside(text: str) -> str:
    if text and not _OUTSIDE.fullmatch(text):
        raise ValueError(f"{text!r} must be such as sofia/gateway/trunk/{{number}}")
    return text


def _prefixes(text: str) -> str:
    for part in filter(None, (part.strip() for part in text.split(","))):
        if not _PREFIX.fullmatch(part):
            raise ValueError(f"{part!r} must be + and the first digits, such as +86 or !+86168")
    return text


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("is not a region; give its two capital letters, such as CN")
    return code


OutsideEndpoint = Annotated[str, AfterValidator(_outside)]
Prefixes = Annotated[str, AfterValidator(_prefixes)]
Region = Annotated[str, AfterValidator(_region)]


class AcdConfig(ServiceConfig):
    grpc_listen: HostPort = "127.0.0.1:7101"
    """Where the Acd RPCs are served."""

    acd_advertise: str = Field(default="", pattern=r"^([^\s:,]+:\d{1,5})?$")
    """Where other ACDs reach this one, host:port. Empty: `grpc_listen`, which will not do for 0.0.0.0."""

    acd_shards: Shards = f"{ALL}={OTHERS}"
    """Which tenants are routed together, `name=tenant+tenant` with commas, `*` for all others. Of several
    ACDs each shard has one owner at a time; the same on all of them."""

    acd_lease_ttl_s: float = Field(default=2.0, ge=0.5, le=60)
    """A dead owner is replaced after this. Renewed four times in it, so half a second's hiccup of NATS or of
    this process costs nothing; longer, and callers hear music longer when an owner dies. The same on all."""

    acd_verify_s: float = Field(default=0.5, ge=0.1, le=10)
    """While NATS is away, so long after a look at the switches' marks an owner goes on; and so long a new
    owner waits after it has set its own, unless the last one handed over. Looked at four times in it. The
    same on all."""

    acd_standby_copy_s: float = Field(default=5.0, ge=0.5, le=300)
    """How often a stand-by reads settings and people from PostgreSQL, so that it can take over without."""

    esl_nodes: Nodes = "fs1=127.0.0.1:8021"
    """The switches, `name=host:port` with commas. Names should be the switches' own `switchname`."""

    esl_password: SecretStr = SecretStr("ClueCon")
    """Of the event socket, the same on all switches. FreeSWITCH's default is known to all: change it."""

    acd_agent_endpoint: Literal["user", "null"] = "user"
    """`user`: agents are SIP users of the switch. `null`: phones without SIP, for measuring on a real one."""

    acd_agent_domain: str = Field(default="switchyard.local", pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")
    """The SIP domain in which agents are registered (`user/1001@DOMAIN`)."""

    acd_outside_endpoint: OutsideEndpoint = ""
    """How customers are called back: `sofia/gateway/TRUNK/{number}`, `sofia/PROFILE/{number}@HOST:PORT`,
    `loopback/{number}/CONTEXT`, or `null/{number}` for measuring. Empty: nobody is called."""

    acd_outside_prefixes: Prefixes = ""
    """Beginnings of numbers that may be called, with commas, such as `+86,!+86168`; the longest that fits
    counts, `!` forbids. Empty: none, for whoever gets in would call at your expense."""

    acd_outside_region: Region = "CN"
    """Numbers that come without a country code are read as numbers of this region."""

    acd_outside_shown: str = Field(default="", pattern=r"^(\+?[0-9]{2,15})?$")
    """The number shown to who is called back. Empty: the one they had dialled, else the trunk's own."""

    acd_callbacks_at_once: int = Field(default=10, ge=1, le=1_000)
    """So many customers are called at once: a trunk of thirty lines keeps twenty for those who call us."""

    acd_callbacks_max: int = Field(default=10_000, ge=1, le=1_000_000)
    """Open callbacks of a tenant: some 2 kB each, and more than a centre calls in a week."""

    acd_misses_before_aside: int = Field(default=2, ge=1, le=20)
    """Offers in a row an agent may let go before being set aside: one may be an accident."""

    acd_rest_after_miss_ms: int = Field(default=3_000, ge=0, le=60_000)
    """So long an agent who did not take an offer is not rung: the same caller would be back at once."""

    acd_switch_pause_ms: int = Field(default=1_000, ge=100, le=60_000)
    """After the switch refused a command for a contact; doubled each time, up to 32 times this."""

    acd_bridge_timeout_ms: int = Field(default=5_000, ge=500, le=60_000)
    """From the agent's answer to hearing each other. It takes 20-60 ms; later something is broken."""

    acd_recording: Literal["never", "from_answer"] = "never"
    """Whether conversations are recorded of queues whose own rule does not say: recording people is decided,
    not assumed."""

    acd_recordings_dir: PlainFolder = Path("/var/lib/switchyard/recordings")
    """Where the *switch* writes them (`calls/<contact>.<conversation>.wav`), by its own path."""

    acd_recording_timeout_ms: int = Field(default=5_000, ge=500, le=60_000)
    """From asking for a recording to the switch's word that it runs, or is complete. It takes milliseconds;
    later it is told as failed, and an alarm follows."""

    acd_leg_gone_timeout_ms: int = Field(default=3_000, ge=500, le=60_000)
    """How long an agent waits for the switch to say that their phone is free; then it is assumed, counted."""

    acd_ring_slack_s: int = Field(default=3, ge=2, le=60)
    """The switch stops ringing so long after we should have: for when we cannot tell it. It counts whole
    seconds and may be 0.8 s early, so less than 2 would let it decide instead of us."""

    acd_word_grace_ms: int = Field(default=3_000, ge=0, le=60_000)
    """The hang-up may overtake the flow's word on what came of the call: so long it is awaited."""

    acd_node_lost_s: int = Field(default=300, ge=1, le=86_400)
    """A switch that cannot be reached for so long is given up: its contacts end, its agents are free.
    Short cuts of the link end nothing, because calls go on without us: keep it well above them."""

    acd_forget_s: int = Field(default=120, ge=1, le=3_600)
    """Ended contacts are kept in memory so long, for requests that come late."""

    acd_remember_max: int = Field(default=50_000, ge=100)
    """And so many at most: some 1 kB each."""

    acd_handling_s: int = Field(default=180, ge=1, le=7_200)
    """Length of a conversation assumed for expected waits until some have been measured."""

    acd_reconcile_s: float = Field(default=5.0, ge=0.5, le=300)
    """How often engine and switch are compared. A ghost call or stuck agent lives twice this at most."""

    acd_settle_ms: int = Field(default=2_000, ge=300, le=60_000)
    """What is younger is not compared: `show channels` lags up to 180 ms, and commands take their time."""

    acd_place_interval_s: float = Field(default=5.0, ge=0.2, le=300)
    """A waiting contact's holder hears of a changed place at most so often."""

    acd_watch_limit: int = Field(default=10_000, ge=100)
    """News kept for a slow watcher; beyond, its stream is ended and it asks anew."""

    acd_requests_remembered: int = Field(default=20_000, ge=100)
    """Ids of requests done, so that a repeated one is answered and not done again: hours of a busy centre."""

    acd_tenants_max: int = Field(default=100, ge=1, le=10_000)
    """Tenants one process serves; the next is refused rather than served badly."""

    acd_start_patience_s: float = Field(default=10.0, ge=0, le=60)
    """At start conversations are looked for on every switch before offers are made; so long at most. Sooner,
    and people who talk would be rung. It takes tenths of a second, seconds on a machine that is overrun."""

    acd_unreached_patience_s: float = Field(default=0.75, ge=0, le=60)
    """As above, for switches that could not be reached when we tried: one may have died with the last owner,
    and a takeover is to be done in three seconds."""

    acd_journal_pace_s: float = Field(default=0.1, ge=0.01, le=10)
    """What the engines were told is written so often: one message for all of it. Dying loses the last one."""

    acd_told_within_ms: int = Field(default=500, ge=0, le=5_000)
    """What only the asker knows (a presence, a form, an outcome) is answered once the stream has it, so that
    it is not lost when this process dies; but after so long at the latest, and at once while NATS is away."""

    acd_projection_batch: int = Field(default=2_000, ge=1, le=5_000)
    """Own events written to PostgreSQL in one transaction, at most. As many more come while they are written:
    7,000 a second on a busy machine of two cores, half as much again as 400 calls a second make."""

    acd_projection_pace_s: float = Field(default=0.2, ge=0, le=10)
    """The tables follow the events by this much, unless a whole batch waits. At 50 calls/s it makes one
    transaction of a hundred events where there would be fifty of two. Nothing reads them to decide."""

    def address(self) -> str:
        """Where other ACDs reach this one."""
        return self.acd_advertise or self.grpc_listen

    def shards(self) -> dict[str, frozenset[str]]:
        """Tenants by shard; `*` stands for all that no other shard has."""
        entries = [entry.partition("=") for entry in self.acd_shards.split(",")]
        return {name: frozenset(tenants.split("+")) for name, _, tenants in entries}

    def outside_prefixes(self) -> dict[str, bool]:
        """Beginnings of numbers, and whether they may be called."""
        parts = filter(None, (part.strip() for part in self.acd_outside_prefixes.split(",")))
        return {part.removeprefix("!"): not part.startswith("!") for part in parts}

    def switches(self) -> list[tuple[str, str, int]]:
        """Name, host and port of each switch."""
        found = [_NODE.fullmatch(entry) for entry in self.esl_nodes.split(",")]
        return [(match[1], match[2], int(match[3])) for match in found if match is not None]
