"""Publishing into streams, a batch at a time: all of it is sent, then all of it is acknowledged.

nats-py has `publish_async` for that, with a random inbox, a future and a parsed answer for every message, of
which a call has eleven. Here a batch has one inbox, and its acknowledgements are counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import nats.js.errors
import orjson

from services.chassis.envelope import Outgoing

ACK_TIMEOUT_S = 5.0
_KEPT = b'{"stream":'  # how an acknowledgement begins; a refusal begins with its error


class _Batch:
    """Waits for so many acknowledgements."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def acknowledged(self, data: bytes) -> None:
        if self.kept.done():
            return
        if not data.startswith(_KEPT):
            self.kept.set_exception(_refusal(data))
            return
        self.left -= 1
        if not self.left:
            self.kept.set_result(None)


class Publisher:
    """Of one connection to NATS."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._inbox = connection.new_inbox()
        self._number = 0
        self._batches: dict[str, _Batch] = {}

    async def start(self) -> None:
        await self._connection.subscribe(f"{self._inbox}.*", cb=self._heard)

    async def publish(self, events: Sequence[Outgoing]) -> None:
        """Returns once their streams have all of them, in order; one that was there already counts.

        Raises TimeoutError, and what nats-py raises: some of them may have been kept.
        """
        if not events:
            return
        self._number += 1
        inbox = f"{self._inbox}.{self._number}"
        batch = self._batches[inbox] = _Batch(len(events))
        try:
            for event in events:
                await self._connection.publish(event.subject, event.payload, inbox, {"Nats-Msg-Id": event.id})
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await batch.kept
        finally:
            del self._batches[inbox]

    async def _heard(self, message: Any) -> None:
        batch = self._batches.get(message.subject)
        if batch is not None:  # else it comes too late
            batch.acknowledged(message.data)


def _refusal(data: bytes) -> Exception:
    """Without any data it is NATS itself that answers: no stream takes this subject."""
    if not data:
        nobody: Exception = nats.js.errors.NoStreamResponseError()
        return nobody
    said = orjson.loads(data)["error"]
    error: Exception = nats.js.errors.APIError(
        said.get("code"), said.get("description"), said.get("err_code")
    )
    return error
