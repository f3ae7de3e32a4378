"""The sockets: welcomes, pushes, losses. One table, one sweep a second, one subscription for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import orjson
import structlog
from prometheus_client import Counter, Gauge

from services.chassis import clock
from services.chassis.errors import Conflict, SwitchyardError
from services.chassis.ids import new_id
from services.gateway.api import views
from services.gateway.bus import Announcer
from services.gateway.config import GatewayConfig
from services.gateway.domain import CloseCode, Identity, Role
from services.gateway.engine.pushes import Push
from services.gateway.engine.replay import Replay, encode
from services.gateway.engine.sessions import Opened, Outlet, Session, Sessions
from services.gateway.service.revoked import Revoked
from services.gateway.store import Store

log = structlog.get_logger()

SOCKETS = Gauge("switchyard_gateway_sockets", "Agents' screens connected.")
PUSHES = Counter("switchyard_gateway_pushes_total", "Messages pushed to agents' screens.", ["type"])

_REPLACED = "You signed in at another place; this window has been disconnected."
_REASONS = {
    "signed_out": (CloseCode.SIGNED_OUT, "Signed out."),
    "revoked": (CloseCode.TOKEN, "Your sign-in has been ended: sign in again."),
    "replaced": (CloseCode.TOKEN, "Your sign-in has been ended: sign in again."),
}


class States(Protocol):
    """Who knows an agent's present state."""

    async def state(self, who: Identity) -> tuple[views.View, bool]:
        """The state, and whether it is known."""


class Departures(Protocol):
    """Who tells the ACD that somebody left their desk."""

    def lost(self, slug: str, agent_id: str) -> None: ...
    def gone(self, slug: str, agent_id: str) -> None: ...
    def back(self, slug: str, agent_id: str) -> None: ...


class Hub:
    """Keeps the sessions in step with connections, events and the ACD."""

    def __init__(
        self,
        config: GatewayConfig,
        store: Store,
        announcer: Announcer,
        revoked: Revoked,
        states: States,
        departures: Departures,
        missing: Callable[[], list[str]],
    ) -> None:
        self._config = config
        self._store = store
        self._announcer = announcer
        self._revoked = revoked
        self._states = states
        self._departures = departures
        self._missing_now = missing
        self._missing: list[str] = []
        self.sessions = Sessions(
            keep_messages=config.gateway_resume_messages,
            lost_s=config.gateway_lost_s,
            resume_s=config.gateway_resume_s,
        )
        self.on_offer: Callable[[str, Push], None] = lambda slug, push: None

    # ---------------------------------------------------------------- connections

    async def welcome(self, who: Identity, outlet: Outlet, wanted: str | None, last_seq: int) -> Session:
        """Gives the connection its session and sends `welcome` and what was missed.

        Raises Conflict when another connection of the same agent was faster.
        """
        opened = self.sessions.open(who, outlet, wanted, last_seq, new_id())
        session = opened.session
        session.claimed_at_ms = clock.now_ms()
        if opened.replaced is not None:
            opened.replaced.close(CloseCode.REPLACED, _REPLACED)
        try:
            await self._settle(opened, outlet, last_seq)
        except BaseException:
            # The client may be gone before it was welcomed: then it is lost like any other.
            self.lost(outlet, session)
            raise
        return session

    async def _settle(self, opened: Opened, outlet: Outlet, last_seq: int) -> None:
        session, who = opened.session, opened.session.identity
        if who.agent_id:
            self._departures.back(who.tenant, who.agent_id)
        state, known = await self._states.state(who)
        if session.claimed_by is not outlet:
            raise Conflict(_REPLACED)
        session.awaits_state = not known
        self._greet(opened, outlet, state, last_seq)
        if who.agent_id:
            await self._note_socket(session)

    def _greet(self, opened: Opened, outlet: Outlet, state: views.View, last_seq: int) -> None:
        """Without a pause between the snapshot and what follows: nothing can slip in between."""
        session = opened.session
        after = last_seq if opened.resumed else 0
        resumed = opened.resumed
        missed = session.replay.after(after)
        if missed is None:  # so much happened while the ACD was asked: numbering starts again
            resumed, after, missed = False, 0, []
            session.session_id = new_id()
            session.replay = Replay(self._config.gateway_resume_messages)
        welcome = orjson.dumps(self._welcome(session, resumed, after, state))
        outlet.catch_up([encode(0, "welcome", welcome), *missed])
        session.outlet = outlet
        _remember(session, state)
        if resumed:
            session.push("state", orjson.dumps(state))
        if self._missing:
            session.push("services", orjson.dumps({"missing": self._missing}))

    def _welcome(self, session: Session, resumed: bool, after: int, state: views.View) -> views.View:
        who = session.identity
        return {
            "session": session.session_id,
            "resumed": resumed,
            "seq": after,
            "now": views.moment(clock.now()),
            "token_expires_at": views.moment(clock.from_ms(who.expires_at * 1000)),
            "ping_s": self._config.gateway_ping_s,
            "lost_after_s": self._config.gateway_lost_s,
            "user": views.identity(who),
            "state": state,
        }

    async def _note_socket(self, session: Session) -> None:
        who = session.identity
        self._announcer.socket_opened(who, self._config.gateway_name, session.claimed_at_ms)
        try:
            await self._store.put_socket(who.agent_id, self._config.gateway_name)
        except SwitchyardError as problem:  # only used after a crash: the agent works all the same
            log.warning("socket_not_noted", detail=problem.sentence)

    def lost(self, outlet: Outlet, session: Session) -> None:
        """A connection ended, for whatever reason."""
        self.sessions.lost(outlet, session, time.monotonic())

    def renewed(self, session: Session, who: Identity) -> None:
        """The client showed a fresh token of the same sign-in."""
        if who.session_id != session.identity.session_id:
            raise Conflict("This token is of another sign-in.")
        session.identity = who

    # ---------------------------------------------------------------- what is heard on the bus

    def acd_event(self, slug: str, push: Push) -> None:
        """One of some ten for each call: find the desk, encode once, send."""
        session = self.sessions.at(slug, push.agent_id)
        if session is None:
            return
        if push.type == "agent":
            session.changes += 1
            session.known = _key(push.data, push.data["contact_id"])
        session.push(push.type, orjson.dumps(push.data))
        PUSHES.labels(push.type).inc()
        if push.type == "offer":
            self.on_offer(slug, push)

    def session_closed(self, session_id: str, reason: str) -> None:
        """A sign-in ended, here or at another gateway: its tokens are refused, its screens go dark."""
        self._revoked.add(session_id, clock.now_ms() // 1000)
        code, sentence = _REASONS.get(reason, _REASONS["revoked"])
        for session in self.sessions:
            if session.identity.session_id == session_id:
                self._close(session, code, sentence)
                self._offline(session.identity)

    def signed_out(self, who: Identity) -> None:
        """The agent becomes offline, unless another sign-in has taken the desk."""
        self.session_closed(who.session_id, "signed_out")
        if self.sessions.at(who.tenant, who.agent_id) is None:
            self._offline(who)

    def _offline(self, who: Identity) -> None:
        if who.agent_id:
            self._departures.gone(who.tenant, who.agent_id)

    def socket_opened(self, slug: str, agent_id: str, gateway: str, at_ms: int) -> None:
        """The agent is at another gateway now; unless that is old news, and they have come here since."""
        session = self.sessions.at(slug, agent_id)
        if session is None or gateway == self._config.gateway_name:
            return
        if (at_ms, gateway) > (session.claimed_at_ms, self._config.gateway_name):
            self._close(session, CloseCode.REPLACED, _REPLACED)

    def _close(self, session: Session, code: int, sentence: str) -> None:
        outlet = self.sessions.end(session)
        if outlet is not None:
            outlet.close(code, sentence)

    # ---------------------------------------------------------------- once a second

    def sweep(self) -> None:
        """Reports agents lost for too long, ends expired tokens, tells of services that came or went."""
        for session in self.sessions.sweep(time.monotonic()):
            if session.identity.agent_id:
                log.info("agent_lost", agent_id=session.identity.agent_id)
                self._departures.lost(session.identity.tenant, session.identity.agent_id)
        now_s = clock.now_ms() // 1000
        connected = 0
        for session in self.sessions:
            if session.claimed_by is None:
                continue
            connected += 1
            if session.identity.expires_at <= now_s:
                # The session stays: with a new token the client resumes it.
                session.claimed_by.close(CloseCode.TOKEN, "Your access token has expired.")
        SOCKETS.set(connected)
        self._tell_services()

    def _tell_services(self) -> None:
        missing = self._missing_now()
        if missing == self._missing:
            return
        log.info("services_missing_changed", missing=missing)
        self._missing = missing
        data = orjson.dumps({"missing": missing})
        for session in self.sessions:
            session.push("services", data)

    @property
    def missing(self) -> list[str]:
        """Services that did not answer at the last sweep."""
        return self._missing

    # ---------------------------------------------------------------- keeping in step

    def tenants(self) -> set[str]:
        """Those with a session of an agent."""
        return {session.desk[0] for session in self.sessions if session.identity.agent_id}

    def marks(self, slug: str) -> dict[str, int]:
        """How many changes each agent's session has seen: taken before asking the ACD."""
        return {s.desk[1]: s.changes for s in self.sessions if s.desk[0] == slug}

    def resync(self, slug: str, marks: dict[str, int], states: Iterable[views.View]) -> int:
        """Pushes `state` where the ACD's word differs from what the screen was told; gives how often."""
        corrected = 0
        for state in states:
            session = self.sessions.at(slug, state["agent"]["agent_id"])
            # Newer news came while the ACD answered: what it said is old.
            if session is None or marks.get(session.desk[1]) != session.changes:
                continue
            contact = state["contact"]
            if session.awaits_state or session.known != _key(
                state["agent"], contact and contact["contact_id"]
            ):
                session.awaits_state = False
                _remember(session, state)
                session.push("state", orjson.dumps(state))
                corrected += 1
        return corrected

    # ---------------------------------------------------------------- start and stop

    async def restore(self) -> None:
        """Agents whose sockets this gateway had when it last died are lost since now."""
        now = time.monotonic()
        for slug, agent_id in await self._store.sockets_of(self._config.gateway_name):
            nobody = Identity("", slug, "", "", Role.AGENT, "", 0, agent_id)
            self.sessions.restore(nobody, new_id(), now)

    def close_all(self) -> None:
        """The process stops: clients come back to another gateway, or to this one soon."""
        for session in self.sessions:
            if session.claimed_by is not None:
                session.claimed_by.close(CloseCode.RESTART, "The gateway restarts.")

    def broadcast(self, outlets: Iterable[Outlet], type_: str, data: views.View) -> None:
        """The same unnumbered message to many: encoded once."""
        frame = encode(0, type_, orjson.dumps(data))
        for outlet in tuple(outlets):
            outlet.send(frame)


def _key(agent: dict[str, Any], contact_id: str | None) -> tuple[str, str, str, str]:
    return (agent["presence"], agent["reason"], agent["routing_status"], contact_id or "")


def _remember(session: Session, state: views.View) -> None:
    if state["agent"] is not None:
        contact = state["contact"]
        session.known = _key(state["agent"], contact and contact["contact_id"])
