"""The agent's socket (docs/gateway-websocket.md): one reader, one writer, commands one after another."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.chassis import clock, tenant
from services.chassis.errors import Conflict, Full, Invalid, SwitchyardError, Unauthenticated
from services.gateway.api import problems, views
from services.gateway.api.commands import Commands
from services.gateway.api.edge import origin_allowed
from services.gateway.api.ports import Parts
from services.gateway.domain import REQUEST_ID, CloseCode, Identity, Permission
from services.gateway.engine.replay import encode
from services.gateway.engine.sessions import Session

log = structlog.get_logger()

CLOSE_S = 2.0  # for a client that takes its last messages


class Sender:
    """A connection's outgoing side: bounded, never waits, closes a client that is too slow."""

    def __init__(self, websocket: WebSocket, backlog: int) -> None:
        self._websocket = websocket
        self._backlog = backlog
        self._frames: deque[str] = deque()
        self._wake = asyncio.Event()
        self._closing: int | None = None
        self._catching_up = 0

    @property
    def closing(self) -> bool:
        return self._closing is not None

    def send(self, frame: str) -> None:
        if self._closing is not None:
            return
        if len(self._frames) >= self._backlog + self._catching_up:
            self._frames.clear()  # they are kept in the session: the client resumes and gets them
            self.close(CloseCode.TOO_SLOW, "This client reads too slowly.")
            return
        self._frames.append(frame)
        self._wake.set()

    def catch_up(self, frames: list[str]) -> None:
        if self._closing is None:
            self._catching_up = len(frames)
            self._frames.extend(frames)
            self._wake.set()

    def close(self, code: int, sentence: str) -> None:
        if self._closing is not None:
            return
        bye = orjson.dumps({"code": code, "sentence": sentence})
        self._frames.append(encode(0, "bye", bye))
        self._closing = code
        self._wake.set()

    async def run(self) -> None:
        """Writes until closed. A client that takes nothing any more is cut off shortly after `close`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._closing is None:
                await self._write()
                continue
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self._write()
                    await self._websocket.close(self._closing)
            except TimeoutError:
                log.info("socket_cut_off")
            return

    async def _write(self) -> None:
        while self._frames:
            await self._websocket.send({"type": "websocket.send", "text": self._frames.popleft()})


class AgentSocket:
    """The endpoint: one instance for all connections."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._config = parts.config
        self._open = 0

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from the handshake to its end."""
        if not origin_allowed(websocket.scope, self._config):
            await websocket.close(1008)  # before accepting: an HTTP 403
            return
        if self._open >= self._config.gateway_sockets:
            await websocket.close(1013)
            return
        self._open += 1
        try:
            await websocket.accept()
            await self._talk(websocket)
        finally:
            self._open -= 1

    async def _talk(self, websocket: WebSocket) -> None:
        sender = Sender(websocket, self._config.gateway_socket_backlog)
        writer = asyncio.create_task(sender.run(), name="socket-writer")
        talk = _Talk(self._parts, sender, websocket)
        reader = asyncio.create_task(talk.run(), name="socket-reader")
        try:
            # Whichever ends first: the client left, or we closed it.
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if sender.closing and not writer.done():
                await asyncio.wait({writer}, timeout=CLOSE_S + 1)
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            talk.end()  # only now: a hello that was under way may have got its session meanwhile


class _Talk:
    """One connection's conversation."""

    def __init__(self, parts: Parts, sender: Sender, websocket: WebSocket) -> None:
        self._parts = parts
        self._config = parts.config
        self._sender = sender
        self._websocket = websocket
        self._session: Session | None = None
        self._commands = Commands(parts, sender)
        self._waiting: deque[tuple[str, str, Any]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the client goes or is told to."""
        try:
            session = await self._hello()
            if session is None:
                return
            self._session = session
            while not self._sender.closing:
                self._heard(session, await self._receive())
        except WebSocketDisconnect:
            return
        except Invalid as problem:
            self._sender.close(CloseCode.BAD_HELLO, problem.sentence)
        except Exception:
            log.exception("socket_failed")
            self._sender.close(1011, "This failed by a defect of ours.")

    def end(self) -> None:
        """The connection is gone; the session waits to be resumed."""
        if self._worker is not None:
            self._worker.cancel()
        if self._session is not None:
            self._parts.hub.lost(self._sender, self._session)
            slug = self._session.identity.tenant
            self._parts.wallboard.unsubscribe(slug, self._sender)

    async def _receive(self) -> dict[str, Any]:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        text = message.get("text")
        try:
            heard = orjson.loads(text if text is not None else message.get("bytes") or b"")
        except orjson.JSONDecodeError:
            raise Invalid("message", "is not JSON") from None
        if not isinstance(heard, dict):
            raise Invalid("message", "is not a JSON object")
        return heard

    # ---------------------------------------------------------------- hello

    async def _hello(self) -> Session | None:
        try:
            async with asyncio.timeout(self._config.gateway_hello_s):
                hello = await self._receive()
        except TimeoutError:
            self._sender.close(CloseCode.NO_HELLO, "No hello came.")
            return None
        token, wanted, last_seq = _read_hello(hello)
        try:
            who = self._parts.accounts.identify(token)
            tenant.bind(who.tenant)
            if not _may_open(who):
                self._sender.close(CloseCode.DENIED, f"Your role, {who.role.value}, has no desk.")
                return None
            return await self._parts.hub.welcome(who, self._sender, wanted, last_seq)
        except Unauthenticated as refused:
            self._sender.close(CloseCode.TOKEN, refused.sentence)
        except Conflict as replaced:
            self._sender.close(CloseCode.REPLACED, replaced.sentence)
        return None

    # ---------------------------------------------------------------- afterwards

    def _heard(self, session: Session, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "ping":
            now = orjson.dumps({"now": views.moment(clock.now())})
            self._sender.send(encode(0, "pong", now))
            return
        command_id = message.get("id")
        if not isinstance(command_id, str) or REQUEST_ID.fullmatch(command_id) is None:
            self._reply("", problem=Invalid("id", "must be 1 to 64 of A-Z a-z 0-9 _ . : -"))
        elif kind == "token":
            self._renew(session, command_id, message.get("data"))
        elif len(self._waiting) >= self._config.gateway_socket_commands:
            self._reply(command_id, problem=Full("Too many commands wait: wait for the replies."))
        else:
            self._waiting.append((str(kind), command_id, message.get("data")))
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._work(session), name="socket-commands")

    async def _work(self, session: Session) -> None:
        while self._waiting:
            kind, command_id, data = self._waiting[0]
            try:
                result = await self._commands.run(session.identity, kind, command_id, data)
                self._reply(command_id, result)
            except SwitchyardError as problem:
                self._reply(command_id, problem=problem)
            except Exception:
                log.exception("command_failed", command=kind[:40])
                self._reply(command_id, problem=SwitchyardError("This failed by a defect of ours."))
            finally:
                self._waiting.popleft()

    def _renew(self, session: Session, command_id: str, data: Any) -> None:
        token = data.get("token") if isinstance(data, dict) else None
        try:
            who = self._parts.accounts.identify(token if isinstance(token, str) else "")
            self._parts.hub.renewed(session, who)
        except SwitchyardError as problem:
            self._reply(command_id, problem=problem)
            return
        expires_at = views.moment(clock.from_ms(who.expires_at * 1000))
        self._reply(command_id, {"token_expires_at": expires_at})

    def _reply(
        self,
        command_id: str,
        data: views.View | None = None,
        problem: SwitchyardError | None = None,
    ) -> None:
        reply = {
            "seq": 0,
            "type": "reply",
            "id": command_id,
            "ok": problem is None,
            "data": data,
            "error": problems.body(problem) if problem else None,
        }
        self._sender.send(orjson.dumps(reply).decode())


def _read_hello(hello: dict[str, Any]) -> tuple[str, str | None, int]:
    token, wanted, last_seq = hello.get("token"), hello.get("session"), hello.get("last_seq", 0)
    if hello.get("type") != "hello" or not isinstance(token, str):
        raise Invalid("hello", "the first message must be hello with a token")
    if wanted is not None and not isinstance(wanted, str):
        raise Invalid("session", "must be text or null")
    if isinstance(last_seq, bool) or not isinstance(last_seq, int):
        raise Invalid("last_seq", "must be a whole number")
    return token, wanted, last_seq


def _may_open(who: Identity) -> bool:
    has_desk = bool(who.agent_id) and who.may(Permission.AGENT_WORK)
    return has_desk or who.may(Permission.WALLBOARD_WATCH)
