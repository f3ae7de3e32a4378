"""A program's hold on the agent socket (docs/gateway-websocket.md): commands, pushes, resuming."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from deploy.local.demo.door import Door

REPLY_TIMEOUT_S = 20.0
AGAIN_S = 0.1
GONE_FOR_GOOD = {4403, 4409}

Heard = Callable[[str, dict[str, Any]], None]


class AgentSocket:
    """Stays connected until stopped; `heard` is called with each push, in order."""

    def __init__(self, url: str, door: Door, heard: Heard, chance: random.Random) -> None:
        self._url = url.replace("http", "ws", 1) + "/api/v1/agent/socket"
        self._door = door
        self._heard = heard
        self._chance = chance
        self._ids = itertools.count(1)
        self._replies: dict[str, asyncio.Future[dict[str, Any] | None]] = {}
        self._connection: ClientConnection | None = None
        self._session: str | None = None
        self._seen = 0
        self.connected = asyncio.Event()
        self.reconnects = 0

    async def run(self) -> None:
        """For ever; ends only when the gateway says that this sign-in is over."""
        pause_s = 0.2
        while True:
            try:
                async with connect(
                    self._url, max_size=2**20, compression=None, open_timeout=20
                ) as connection:
                    pause_s = 0.2
                    await self._converse(connection)
            except (OSError, TimeoutError, websockets.WebSocketException) as problem:
                code = getattr(getattr(problem, "rcvd", None), "code", 0)
                if code in GONE_FOR_GOOD:
                    return
                if code == 4401:
                    await self._renew()
            finally:
                self._lost()
            self.reconnects += 1
            await asyncio.sleep(pause_s * self._chance.uniform(0.7, 1.3))
            pause_s = min(pause_s * 2, 3.0)

    async def _renew(self) -> None:
        try:
            await self._door.refresh()
        except (OSError, RuntimeError) as problem:
            raise ConnectionError("the gateway no longer knows this sign-in") from problem

    async def _converse(self, connection: ClientConnection) -> None:
        hello = {"type": "hello", "token": self._door.token, "session": self._session, "last_seq": self._seen}
        await connection.send(json.dumps(hello), text=True)
        self._connection = connection
        async for frame in connection:
            message = json.loads(frame)
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        kind, data = message["type"], message.get("data") or {}
        if kind == "reply":
            waiting = self._replies.pop(message.get("id", ""), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            return
        if kind == "welcome":
            if not data["resumed"]:
                self._seen = 0
            self._session = data["session"]
            self.connected.set()
        self._seen = max(self._seen, message.get("seq", 0))
        self._heard(kind, data)

    def _lost(self) -> None:
        self._connection = None
        self.connected.clear()
        for waiting in self._replies.values():
            if not waiting.done():
                waiting.set_result(None)
        self._replies.clear()

    async def command(self, kind: str, **data: Any) -> dict[str, Any] | None:
        """Sends a command, again after a lost connection; gives the reply, or None when none came."""
        command_id = f"d{next(self._ids)}-{self._chance.randrange(10**9)}"
        frame = json.dumps({"type": kind, "id": command_id, "data": data})
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                while True:
                    await self.connected.wait()
                    if (reply := await self._try(command_id, frame)) is not None:
                        return reply
                    await asyncio.sleep(AGAIN_S)  # the loss may not have been noticed everywhere yet
        except TimeoutError:
            return None

    async def _try(self, command_id: str, frame: str) -> dict[str, Any] | None:
        connection = self._connection
        if connection is None:
            return None
        waiting: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._replies[command_id] = waiting
        try:
            await connection.send(frame, text=True)
            return await waiting
        except (OSError, websockets.WebSocketException):
            return None
