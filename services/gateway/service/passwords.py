"""argon2id in a few threads: a check is some 20 ms of work that must not stand on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from services.chassis.errors import Full, Invalid
from services.gateway.config import GatewayConfig
from services.gateway.domain import PASSWORD_CHARACTERS

Result = TypeVar("Result")

MOST_MEMORY_KIB = 262_144  # of a hash that somebody imports: verifying it must not take the machine down
MOST_PASSES = 10


class Passwords:
    """Hashes and checks; at most `gateway_hash_waiting` wait for a thread, more are refused with Full."""

    def __init__(self, config: GatewayConfig) -> None:
        self._hasher = PasswordHasher(
            time_cost=config.gateway_argon2_passes,
            memory_cost=config.gateway_argon2_memory_kib,
            parallelism=config.gateway_argon2_lanes,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(config.gateway_hash_threads, "password")
        self._waiting = 0
        self._most_waiting = config.gateway_hash_waiting
        # An unknown user is checked against this, so that names cannot be found out by a watch.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Raises Invalid for a password too short or too long, Full when too many wait."""
        check_length(password)
        return await self._run(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password. `None`: takes as long and says no. Raises Full."""
        right = await self._run(self._verify, hashed or self._nobody, password[: PASSWORD_CHARACTERS[1]])
        return right and hashed is not None and len(password) <= PASSWORD_CHARACTERS[1]

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than the present ones."""
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., Result], *arguments: str) -> Result:
        if self._waiting >= self._most_waiting:
            raise Full("Too many people sign in at this moment: try again in a few seconds.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def check_length(password: str, field: str = "password") -> None:
    """Raises Invalid."""
    shortest, longest = PASSWORD_CHARACTERS
    if not shortest <= len(password) <= longest:
        raise Invalid(field, f"must have {shortest} to {longest} characters")


def check_imported(hashed: str) -> None:
    """A hash brought along must be argon2id and affordable. Raises Invalid."""
    try:
        parameters = extract_parameters(hashed)
    except InvalidHashError:
        raise Invalid("password_hash", "is not an argon2 hash ($argon2id$…)") from None
    if (
        parameters.type is not Type.ID
        or parameters.memory_cost > MOST_MEMORY_KIB
        or parameters.time_cost > MOST_PASSES
        or parameters.parallelism > 16
    ):
        raise Invalid("password_hash", "must be argon2id with at most 256 MiB and 10 passes")
