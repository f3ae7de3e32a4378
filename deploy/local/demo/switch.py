"""Orders to the simulated switch over its event socket: callers, phones, faults, and its ledger."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

REPLY_TIMEOUT_S = 30.0  # a ledger of many thousand rows takes a moment on a busy machine


class SimulatedSwitch:
    """One connection; orders are answered one after another."""

    def __init__(self, name: str, host: str, port: int, password: str) -> None:
        self.name = name
        self._address = (host, port)
        self._password = password
        self._lock = asyncio.Lock()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=2**26)
        await self._block()
        await self._send(f"auth {self._password}")
        headers, _ = await self._block()
        if headers.get("Reply-Text") != "+OK accepted":
            raise ConnectionError(f"{self.name} refused the password of its event socket")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def call(self, script: dict[str, Any]) -> str:
        """A caller arrives; gives the uuid of the leg."""
        return (await self.order(f"sim call {json.dumps(script)}")).removeprefix("+OK ").strip()

    async def ledger(self) -> list[dict[str, Any]]:
        """Every call offered, as the switch saw it."""
        answer = json.loads(await self.order("sim ledger as json"))
        rows: list[dict[str, Any]] = answer["rows"] if isinstance(answer, dict) else answer
        return rows

    async def totals(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(await self.order("sim totals"))
        return found

    async def order(self, text: str) -> str:
        """Raises RuntimeError with the switch's own sentence when it refuses."""
        # Shielded: replies match by order, so one that nobody waits for any more must be read all the same.
        body = await asyncio.shield(asyncio.create_task(self._exchange(text)))
        if body.startswith("-ERR"):
            raise RuntimeError(f"{self.name}: {body.strip()}")
        return body

    async def _exchange(self, text: str) -> str:
        async with self._lock, asyncio.timeout(REPLY_TIMEOUT_S):
            await self._send(f"api {text}")
            return (await self._block())[1]

    async def _send(self, line: str) -> None:
        self._writer.write(f"{line}\n\n".encode())
        await self._writer.drain()

    async def _block(self) -> tuple[dict[str, str], str]:
        head = (await self._reader.readuntil(b"\n\n")).decode()
        pairs = (line.split(": ", 1) for line in head.strip().splitlines())
        headers = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
        length = int(headers.get("Content-Length", 0))
        body = (await self._reader.readexactly(length)).decode() if length else ""
        return headers, body
