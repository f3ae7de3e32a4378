"""The agents' push sessions: who is connected, who is lost since when, what each has been told.

A session outlives its connection for a while, so that a client resumes without a gap. Times are seconds of a
monotonic clock, given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from services.gateway.domain import Identity
from services.gateway.engine.replay import Replay

Desk = tuple[str, str]  # tenant, and agent_id (or the sign-in, for people without one)


class Outlet(Protocol):
    """Where a session's frames go: a connection's bounded outgoing buffer."""

    def send(self, frame: str) -> None:
        """Never waits; closes the connection when the client is too slow."""

    def catch_up(self, frames: list[str]) -> None:
        """What was missed, at once and beyond the buffer's bound: it is bounded where it was kept."""

    def close(self, code: int, sentence: str) -> None:
        """Says goodbye and closes. Repeated calls change nothing."""


@dataclass(slots=True, eq=False)
class Session:
    """One agent's screen."""

    session_id: str
    identity: Identity
    desk: Desk
    replay: Replay
    claimed_by: Outlet | None  # the connection that owns the session
    claimed_at_ms: int = 0  # when it did, by the wall clock: gateways settle by it which of them is newer
    outlet: Outlet | None = None  # the same one, once it has been welcomed: pushes go here
    lost_at: float | None = None
    departed: bool = False  # the loss was reported
    awaits_state: bool = False  # the ACD was away when the client asked
    changes: int = 0  # agent events seen: guards a resync against overwriting newer news
    known: tuple[str, str, str, str] | None = None  # presence, reason, routing status, contact

    def push(self, type_: str, data: bytes) -> None:
        """Numbers, keeps and sends a message; kept only while there is no connection."""
        frame = self.replay.number(type_, data)
        if self.outlet is not None:
            self.outlet.send(frame)


@dataclass(frozen=True, slots=True)
class Opened:
    """Outcome of a hello."""

    session: Session
    resumed: bool
    replaced: Outlet | None  # the connection that has to go


class Sessions:
    """The table. Bounded by the number of connections: lost sessions are dropped by `sweep`."""

    def __init__(self, *, keep_messages: int, lost_s: float, resume_s: float) -> None:
        self._keep_messages = keep_messages
        self._lost_s = lost_s
        self._resume_s = resume_s
        self._by_desk: dict[Desk, Session] = {}

    def __len__(self) -> int:
        return len(self._by_desk)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._by_desk.values()))

    def at(self, tenant: str, agent_id: str) -> Session | None:
        """The session at an agent's desk."""
        return self._by_desk.get((tenant, agent_id))

    def open(
        self, identity: Identity, outlet: Outlet, wanted: str | None, last_seq: int, new_id: str
    ) -> Opened:
        """A connection says hello. It owns the agent's session from now on; an older one is replaced."""
        desk = desk_of(identity)
        session = self._by_desk.get(desk)
        replaced = session.claimed_by if session else None
        resumed = session is not None and _resumable(session, identity, wanted, last_seq)
        if session is None or not resumed:
            session = Session(new_id, identity, desk, Replay(self._keep_messages), outlet)
            self._by_desk[desk] = session
        session.identity = identity
        session.claimed_by, session.outlet = outlet, None
        session.lost_at, session.departed = None, False
        return Opened(session, resumed, replaced)

    def restore(self, identity: Identity, new_id: str, now: float) -> None:
        """A session of before a restart, lost since now, unless the agent is back already."""
        desk = desk_of(identity)
        if desk not in self._by_desk:
            replay = Replay(self._keep_messages)
            self._by_desk[desk] = Session(new_id, identity, desk, replay, None, lost_at=now)

    def lost(self, outlet: Outlet, session: Session, now: float) -> None:
        """A connection ended; nothing happens when another one owns the session already."""
        if session.claimed_by is outlet:
            session.claimed_by = session.outlet = None
            session.lost_at = now

    def end(self, session: Session) -> Outlet | None:
        """Drops a session; gives the connection that has to be closed."""
        if self._by_desk.get(session.desk) is session:
            del self._by_desk[session.desk]
        outlet, session.claimed_by, session.outlet = session.claimed_by, None, None
        return outlet

    def sweep(self, now: float) -> list[Session]:
        """Those lost for too long since the last sweep; forgets those that can no longer be resumed."""
        departed = []
        for session in self:
            if session.lost_at is None:
                continue
            gone_s = now - session.lost_at
            if gone_s >= self._lost_s and not session.departed:
                session.departed = True
                departed.append(session)
            if gone_s >= max(self._resume_s, self._lost_s):
                self.end(session)
        return departed


def desk_of(identity: Identity) -> Desk:
    """Agents have one desk each; other people one for each sign-in."""
    return identity.tenant, identity.agent_id or f"sign-in:{identity.session_id}"


def _resumable(session: Session, identity: Identity, wanted: str | None, last_seq: int) -> bool:
    # Of the same sign-in only: a stranger at another browser must not be given what the first was told.
    return (
        session.session_id == wanted
        and session.identity.session_id == identity.session_id
        and session.replay.after(last_seq) is not None
    )
