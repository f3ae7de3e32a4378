"""A store for files that stay: kept whole or not at all, with a checksum, read in pieces.

One small interface; a folder is the first that serves it. Keys are ours (`demo/2026/11/…wav`), never typed by
anybody, and cannot leave the store.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from services.chassis.errors import Invalid, NotFound, Unavailable
from services.chassis.ids import new_id

KEY = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
T = TypeVar("T")

CHUNK_BYTES = 65_536
"""Read and sent at once: a thread's turn is worth it, and a hundred listeners hold 6 MB."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in the store: its size, and the SHA-256 over it."""

    size: int
    sha256: bytes


class FileStore(Protocol):
    """Raises Invalid for what is no key, Unavailable when the store cannot be reached or written."""

    async def put(self, key: str, source: Path) -> Kept:
        """Keeps a copy, whole or not at all; what was there under this key is replaced."""
        ...

    async def look(self, key: str) -> Kept | None:
        """Reads it through and gives its checksum as it is now; None: there is none."""
        ...

    def read(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        """`length` bytes from `start`. Raises NotFound."""
        ...

    async def delete(self, key: str) -> None:
        """That it is gone already is an ordinary answer."""
        ...


class FolderStore:
    """Files in a folder that all who read and write have mounted."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, source: Path) -> Kept:
        return await self._do(self._put, key, source)

    async def look(self, key: str) -> Kept | None:
        return await self._do(self._look, key)

    async def read(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        file = await self._do(self._open, key)
        try:
            await asyncio.to_thread(file.seek, start)
            while length > 0:
                piece = await asyncio.to_thread(file.read, min(CHUNK_BYTES, length))
                if not piece:
                    return
                length -= len(piece)
                yield piece
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        await self._do(lambda path: path.unlink(missing_ok=True), key)

    async def _do(self, work: Callable[..., T], key: str, *arguments: Any) -> T:
        if not KEY.fullmatch(key) or ".." in key:
            raise Invalid("key", "is no key of this store")
        try:
            return await asyncio.to_thread(work, self._root / key, *arguments)
        except FileNotFoundError:
            raise NotFound("file", key) from None
        except OSError as problem:
            raise Unavailable("file store") from problem

    @staticmethod
    def _put(path: Path, source: Path) -> Kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{new_id()}.part")
        try:
            with source.open("rb") as origin, part.open("xb") as copy:
                kept = _summed(origin, copy)
                copy.flush()
                os.fsync(copy.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return kept

    @staticmethod
    def _look(path: Path) -> Kept | None:
        if not path.exists():
            return None
        with path.open("rb") as file:
            return _summed(file, None)

    @staticmethod
    def _open(path: Path) -> BinaryIO:
        return path.open("rb")


def _summed(origin: BinaryIO, copy: BinaryIO | None) -> Kept:
    digest, size = hashlib.sha256(), 0
    while piece := origin.read(CHUNK_BYTES):
        digest.update(piece)
        size += len(piece)
        if copy is not None:
            copy.write(piece)
    return Kept(size, digest.digest())
