"""A JetStream key-value bucket, as much of it as compare-and-set needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nats.errors
import nats.js.errors
from nats.js.api import KeyValueConfig, StorageType

from services.chassis.errors import Stale, Unavailable
from services.chassis.lease import Entry

_AWAY = (OSError, TimeoutError, nats.errors.Error, nats.js.errors.Error)


class Bucket:
    """A `lease.KeyValue` on NATS. On disk, so that a restarted NATS still knows who has what."""

    def __init__(self, jetstream: Callable[[], Any], name: str) -> None:
        self._jetstream = jetstream
        self._name = name
        self._store: Any = None

    async def get(self, key: str) -> Entry | None:
        try:
            found = await (await self._opened()).get(key)
        except nats.js.errors.KeyNotFoundError:
            return None
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        return Entry(found.value or b"", found.revision)

    async def put(self, key: str, value: bytes, last: int) -> int:
        try:
            return int(await (await self._opened()).update(key, value, last=last))
        except nats.js.errors.KeyWrongLastSequenceError:
            raise Stale(f"{key} was changed by another meanwhile.") from None
        except _AWAY as problem:
            raise Unavailable("nats") from problem

    async def _opened(self) -> Any:
        """Made when first asked for; asked for again until NATS answers."""
        if self._store is None:
            if (jetstream := self._jetstream()) is None:
                raise Unavailable("nats")
            try:
                self._store = await jetstream.key_value(self._name)
            except nats.js.errors.NotFoundError:
                wanted = KeyValueConfig(bucket=self._name, history=1, storage=StorageType.FILE)
                self._store = await jetstream.create_key_value(config=wanted)
        return self._store
