"""What a program reaches another by, to be cut."""

from __future__ import annotations

import asyncio


class Cable:
    """Between one ACD and NATS, to be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._whole = True
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            if self._whole:
                there = await asyncio.open_connection("127.0.0.1", self._target)
                self._ends.add(there[1])
                await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        except OSError:
            pass
        finally:
            writer.close()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()
