"""A lease: of several processes, one at a time may do a thing, and knows for how long.

It is one key of a key-value bucket, changed by compare-and-set on its revision. No clock is compared with
another's: who wants the lease measures on its own clock how long the revision has stood still while it
could see it; who has it counts from the *start* of the last renewal that succeeded, on a clock that goes on
while the process is stopped or the machine sleeps. So a former owner that was paused finds `held` False
before it can do anything, and nobody else begins before that.

`Contest` decides and does no I/O; `Lease` asks the bucket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import orjson
import structlog
from prometheus_client import Counter, Gauge

from services.chassis.clock import boot_s
from services.chassis.errors import Stale, SwitchyardError, Unavailable

log = structlog.get_logger()

TTL_S = 2.0
RENEW_SHARE = 4  # renewals in the time of a lease: three may be lost
LOOK_SHARE = 20  # looks in the time of a lease: a dead owner is noticed so much finer than its lease is long
DRIFT = 1.05  # two machines' clocks differ in speed by far less than this
STAND_BACK = 3  # lease times for which who handed over lets others go first
RELEASE_TRIES = 3
NEVER = float("-inf")

HELD = Gauge("switchyard_lease_held", "1 while this process has the lease.", ["lease"])
GENERATION = Gauge("switchyard_lease_generation", "How often the lease has changed hands.", ["lease"])
LOST = Counter("switchyard_lease_lost_total", "Times the lease went to another unasked.", ["lease"])
LAPSED = Counter("switchyard_lease_lapsed_total", "Times it could not be renewed in time.", ["lease"])


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a key, and the revision by which it may be changed."""

    value: bytes
    revision: int


class KeyValue(Protocol):
    """A bucket. Held to one suite of tests: the fake in tests/contract and NATS."""

    async def get(self, key: str) -> Entry | None:
        """What stands there. Raises Unavailable."""
        ...

    async def put(self, key: str, value: bytes, last: int) -> int:
        """Changes it if its revision is still `last` (0: nothing stands there); gives the new revision.

        Raises Stale when it is not; Unavailable: it may or may not have been done, also later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has the lease. Without a holder it was handed back: whoever comes may take it."""

    holder: str = ""
    address: str = ""
    generation: int = 0

    def packed(self) -> bytes:
        told = {"holder": self.holder, "address": self.address, "generation": self.generation}
        return orjson.dumps(told)

    @staticmethod
    def unpacked(value: bytes) -> Holding:
        """What cannot be read counts as somebody's: it is never taken before its time."""
        try:
            told = orjson.loads(value)
            return Holding(str(told["holder"]), str(told["address"]), int(told["generation"]))
        except (ValueError, TypeError, KeyError):
            return Holding("unreadable")


@dataclass(frozen=True, slots=True)
class Look:
    """Wants to know what stands there."""


@dataclass(frozen=True, slots=True)
class Write:
    """Wants to write, if the revision is still `last`."""

    holding: Holding
    last: int


Ask = Look | Write
Reply = Entry | int | SwitchyardError | None


class Contest:
    """One process's part in the contest for a lease, step by step: `next()`, ask, `heard(…)`."""

    def __init__(self, holder: str, address: str, ttl_s: float) -> None:
        self._holder = holder
        self._address = address
        self._ttl_s = ttl_s
        self._revision: int | None = None  # None: not known, look first
        self._looked: tuple[int, float] | None = None  # what stood there when, if we could look ever since
        self._still_s = 0.0
        self.until = NEVER
        """Until then, on our clock, the lease is ours for certain."""
        self.holding = Holding()
        """Who had it when we last knew."""
        self.renewed = False
        """Whether another has it and we have seen it being renewed."""
        self.clean = False
        """Whether we got it from an owner that handed it back."""

    @property
    def ours(self) -> bool:
        """Whether the last we know is that it is ours; only `until` says whether it still is."""
        return self.holding.holder == self._holder

    def next(self) -> Ask:
        if self._revision is None:
            return Look()
        if self.ours:
            return Write(self.holding, self._revision)
        if not self.holding.holder or self._still_s >= self._ttl_s * DRIFT:
            mine = Holding(self._holder, self._address, self.holding.generation + 1)
            return Write(mine, self._revision)
        return Look()

    def hand_back(self) -> Ask:
        """As `next`, of an owner that wants to be none."""
        upcoming = self.next()
        if isinstance(upcoming, Write):
            return Write(Holding(generation=self.holding.generation), upcoming.last)
        return upcoming

    def pause_s(self) -> float:
        """How long to wait before the next step."""
        if isinstance(self.next(), Look):
            return self._ttl_s / LOOK_SHARE
        return self._ttl_s / RENEW_SHARE if self.ours else 0.0

    def heard(self, ask: Ask, started: float, now: float, reply: Reply) -> None:
        """What came of it. `started` and `now` are on our clock."""
        if isinstance(reply, SwitchyardError):
            self._revision = None  # somebody else wrote, or we did and have not heard of it
            if isinstance(reply, Unavailable):
                self._looked, self._still_s = None, 0.0  # who cannot look cannot say that nothing moved
        elif isinstance(ask, Write):
            self._wrote(ask, started, reply)
        elif not isinstance(reply, int):
            self._saw(reply, now)

    def _wrote(self, ask: Write, started: float, reply: Reply) -> None:
        if not self.ours:
            self.clean = ask.last > 0 and not self.holding.holder
        self.holding = ask.holding
        self._revision = reply if isinstance(reply, int) else None
        self.until = started + self._ttl_s if self.ours else NEVER
        self.renewed = False

    def _saw(self, entry: Entry | None, now: float) -> None:
        holding = Holding.unpacked(entry.value) if entry else Holding()
        revision = entry.revision if entry else 0
        if holding.holder != self._holder:
            self.until = NEVER
        elif not self.ours:
            self.clean = False  # won without having heard of it
        self._measure(revision, now)
        if holding != self.holding:
            self.renewed = False
        elif self._revision not in (None, revision):
            self.renewed = True
        self.holding, self._revision = holding, revision

    def _measure(self, revision: int, now: float) -> None:
        """How long the revision has stood still. Time in which we could not look, or did not, hardly
        counts: the bucket may have been away for its owner too."""
        before = self._looked
        if before is None or before[0] != revision:
            self._still_s = 0.0
        else:
            self._still_s += min(now - before[1], 4 * self._ttl_s / LOOK_SHARE)
        self._looked = revision, now


class Lease:
    """The contest, carried on for ever by `run()`."""

    def __init__(
        self,
        bucket: KeyValue,
        key: str,
        *,
        holder: str,
        address: str = "",
        ttl_s: float = TTL_S,
        clock: Callable[[], float] = boot_s,
    ) -> None:
        self.key = key
        self.holder = holder
        self.ttl_s = ttl_s
        self.clock = clock
        self._bucket = bucket
        self._contest = Contest(holder, address, ttl_s)
        self._won = asyncio.Event()
        self._busy = asyncio.Lock()
        self._standing_back = False
        self._told_held = False
        HELD.labels(key).set_function(lambda: float(self.held))

    # ------------------------------------------------------------ what it is

    @property
    def held(self) -> bool:
        """Whether it is ours now. Cheap, from any thread, and true to the clock after any pause."""
        return self.clock() < self._contest.until and not self._standing_back

    @property
    def left_s(self) -> float:
        """How long it is ours still, if no renewal succeeds."""
        return max(0.0, self._contest.until - self.clock()) if self.held else 0.0

    @property
    def ours(self) -> bool:
        """Whether the last we know is that we have it, in time or not."""
        return self._contest.ours

    @property
    def generation(self) -> int:
        """Grows each time the lease changes hands; of the present owner, whoever that is."""
        return self._contest.holding.generation

    @property
    def clean(self) -> bool:
        """Whether we got it from an owner that handed it back, and so does nothing any more."""
        return self._contest.clean

    @property
    def owner_address(self) -> str:
        """Where the present owner is to be found as far as we know; "" when nobody has it."""
        return self._contest.holding.address

    @property
    def watched(self) -> bool:
        """Whether another has it and has been seen renewing it."""
        return self._contest.renewed and bool(self._contest.holding.holder) and not self.ours

    async def won(self) -> None:
        """Waits until we have it."""
        while not self.held:
            self._won.clear()
            await self._won.wait()

    # ------------------------------------------------------------ the contest

    async def run(self) -> None:
        """Wants it, keeps it, wants it again, for ever."""
        while True:
            async with self._busy:
                await self._step()
            if self._standing_back:
                await asyncio.sleep(STAND_BACK * self.ttl_s)
                self._standing_back = False
            else:
                await asyncio.sleep(self._contest.pause_s())

    async def _step(self) -> None:
        before = self._contest.holding
        ask = Look() if self._standing_back else self._contest.next()
        await self._do(ask)
        self._note(before)

    async def _do(self, ask: Ask) -> Reply:
        started = self.clock()
        reply = await self._asked(ask)
        self._contest.heard(ask, started, self.clock(), reply)
        return reply

    async def _asked(self, ask: Ask) -> Reply:
        try:
            async with asyncio.timeout(self.ttl_s / RENEW_SHARE):  # later it would be worth little
                if isinstance(ask, Look):
                    return await self._bucket.get(self.key)
                return await self._bucket.put(self.key, ask.holding.packed(), ask.last)
        except (Stale, Unavailable) as problem:
            return problem
        except TimeoutError:
            return Unavailable("nats")

    def _note(self, before: Holding) -> None:
        now = self._contest.holding
        if self.held:
            self._won.set()
        elif self._told_held and self.ours:
            LAPSED.labels(self.key).inc()
            log.warning("lease_lapsed", lease=self.key, generation=now.generation)
        self._told_held = self.held
        if now == before:
            return
        GENERATION.labels(self.key).set(now.generation)
        lost = before.holder == self.holder and not self._standing_back
        if lost:
            LOST.labels(self.key).inc()
        say = log.warning if lost else log.info
        say("lease_changed", lease=self.key, generation=now.generation, owner=now.address, ours=self.ours)

    async def release(self) -> None:
        """Hands it back: not held from this moment on, and the next one need not wait.

        Bounded; an owner that cannot reach the bucket leaves it to the clock.
        """
        self._standing_back = True
        async with self._busy:
            for _ in range(RELEASE_TRIES):
                ask = self._contest.hand_back()
                if isinstance(ask, Write) and not self.ours:
                    return
                reply = await self._do(ask)
                if isinstance(ask, Write) and isinstance(reply, int):
                    log.info("lease_handed_back", lease=self.key, generation=self.generation)
                    return
        log.warning("lease_not_handed_back", lease=self.key)
