"""Who has the lease: never two, and a former owner knows before it can act."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.chassis.errors import Stale, Unavailable
from services.chassis.lease import NEVER, Ask, Contest, Entry, Holding, Lease, Look, Reply, Write
from tests.contract.keyvalue.fake import FakeBucket

pytestmark = pytest.mark.unit

TTL_S = 2.0
KEY = "acd.all"


class Clock:
    """One machine's clock, or a process's that tests move."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def holds(one: Lease) -> bool:
    return one.held


def lease(bucket: FakeBucket, name: str, clock: Clock) -> Lease:
    return Lease(bucket, KEY, holder=name, address=f"{name}:7101", ttl_s=TTL_S, clock=clock)


async def step(one: Lease, clock: Clock, times: int = 1, each_s: float = 0.1) -> None:
    for _ in range(times):
        await one._step()
        clock.now += each_s


async def test_the_first_takes_it_and_keeps_it() -> None:
    bucket, clock = FakeBucket(), Clock()
    one = lease(bucket, "one", clock)
    await step(one, clock, 2)
    assert holds(one)
    assert (one.generation, one.owner_address, one.clean) == (1, "one:7101", False)
    for _ in range(20):
        await step(one, clock, each_s=0.5)
        assert holds(one)
    assert one.generation == 1


async def test_another_takes_it_when_it_has_stood_still() -> None:
    bucket, clock = FakeBucket(), Clock()
    one, two = lease(bucket, "one", clock), lease(bucket, "two", clock)
    await step(one, clock, 2)
    await step(two, clock, 20)
    assert not holds(two)
    await step(two, clock, 4)
    assert holds(two)
    assert two.generation == 2
    assert not holds(one)


async def test_paused_owner_knows_before_any_code_of_ours_has_run() -> None:
    bucket, clock = FakeBucket(), Clock()
    one = lease(bucket, "one", clock)
    await step(one, clock, 2)
    clock.now += TTL_S
    assert not holds(one)
    assert one.left_s == 0.0


async def test_a_lease_that_lapsed_unseen_comes_back_as_it_was() -> None:
    """NATS was away for all: nobody took it, so its owner goes on with the same generation."""
    bucket, clock = FakeBucket(), Clock()
    one, two = lease(bucket, "one", clock), lease(bucket, "two", clock)
    await step(one, clock, 2)
    await step(two, clock, 3)
    bucket.away = True
    for _ in range(60):
        await step(one, clock, each_s=0.0)
        await step(two, clock)
    assert not holds(one)
    bucket.away = False
    await step(two, clock, 5)
    await step(one, clock, 2)
    assert holds(one)
    assert (one.generation, two.held) == (1, False)


async def test_a_win_whose_answer_was_lost_is_found_out() -> None:
    bucket, clock = FakeBucket(), Clock()
    one = lease(bucket, "one", clock)
    await step(one, clock)
    bucket.loses_replies = True
    await step(one, clock)
    assert not holds(one)
    bucket.loses_replies = False
    await step(one, clock, 2)
    assert holds(one)
    assert one.generation == 1


async def test_what_is_handed_back_need_not_be_waited_for() -> None:
    bucket, clock = FakeBucket(), Clock()
    one, two = lease(bucket, "one", clock), lease(bucket, "two", clock)
    await step(one, clock, 2)
    await step(two, clock)
    await one.release()
    assert not holds(one)
    await step(two, clock, 2)
    assert holds(two)
    assert two.clean
    assert two.generation == 2


async def test_handing_back_while_the_bucket_is_away_ends_in_time() -> None:
    bucket, clock = FakeBucket(), Clock()
    one = lease(bucket, "one", clock)
    await step(one, clock, 2)
    bucket.away = True
    await one.release()
    assert not holds(one)


async def test_an_unreadable_record_is_somebodys_until_it_has_stood_still() -> None:
    bucket, clock = FakeBucket(), Clock()
    bucket.set(KEY, b"?", 0)
    one = lease(bucket, "one", clock)
    await step(one, clock, 10)
    assert not holds(one)
    await step(one, clock, 20)
    assert holds(one)


async def test_stand_by_knows_whether_the_owner_lives() -> None:
    bucket, clock = FakeBucket(), Clock()
    one, two = lease(bucket, "one", clock), lease(bucket, "two", clock)
    await step(one, clock, 2)
    await step(two, clock)
    seen = [two.watched]
    await step(one, clock)
    await step(two, clock)
    seen.append(two.watched)
    assert seen == [False, True]
    assert two.owner_address == "one:7101"


@asynccontextmanager
async def running(one: Lease) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_runs_by_itself() -> None:
    bucket = FakeBucket()
    one = Lease(bucket, KEY, holder="one", ttl_s=0.2)
    two = Lease(bucket, KEY, holder="two", ttl_s=0.2)
    async with asyncio.timeout(20):
        async with running(one):
            await one.won()
            async with running(two):
                await one.release()
                await two.won()
        async with running(one):
            await one.won()


# ------------------------------------------------------------ never two


class Part:
    """One participant with a clock of its own, one question under way at most."""

    def __init__(self, name: str, offset: float) -> None:
        self.contest = Contest(name, name, TTL_S)
        self.offset = offset
        self.asked: tuple[Ask, float] | None = None
        self.reply: Reply = None
        self.arrived = False


OFFSETS = (0.0, 1e6, -5000.0, 37.5)


class NeverTwo(RuleBasedStateMachine):
    """Any order of asking, arriving, answering, losing, pausing and restarting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.bucket = FakeBucket()
        self.parts = [Part(f"p{n}", offset) for n, offset in enumerate(OFFSETS)]
        self.late: list[Write] = []

    def clock(self, part: Part) -> float:
        return self.now + part.offset

    who = st.integers(0, len(OFFSETS) - 1)

    @rule(n=who)
    def asks(self, n: int) -> None:
        part = self.parts[n]
        if part.asked is None:
            part.asked = part.contest.next(), self.clock(part)
            part.arrived = False

    @rule(n=who)
    def question_arrives(self, n: int) -> None:
        part = self.parts[n]
        if part.asked is not None and not part.arrived:
            part.reply, part.arrived = self.done(part.asked[0]), True

    def done(self, ask: Ask) -> Reply:
        if isinstance(ask, Look):
            return self.bucket.entries.get(KEY)
        try:
            return self.bucket.set(KEY, ask.holding.packed(), ask.last)
        except Stale as stale:
            return stale

    @rule(n=who)
    def answer_arrives(self, n: int) -> None:
        part = self.parts[n]
        if part.asked is not None and part.arrived:
            ask, started = part.asked
            part.contest.heard(ask, started, self.clock(part), part.reply)
            part.asked = None

    @rule(n=who, later=st.booleans())
    def patience_ends(self, n: int, later: bool) -> None:
        """The answer, or the question, is lost; or the question arrives when nobody waits any more."""
        part = self.parts[n]
        if part.asked is not None:
            ask, started = part.asked
            if later and not part.arrived and isinstance(ask, Write):
                self.late.append(ask)
            part.contest.heard(ask, started, self.clock(part), Unavailable("nats"))
            part.asked = None

    @rule()
    def late_question_arrives(self) -> None:
        if self.late:
            self.done(self.late.pop(0))

    @rule(n=who)
    def at_work(self, n: int) -> None:
        """A whole round without accidents, so that leases are won and kept, too."""
        self.asks(n)
        self.question_arrives(n)
        self.answer_arrives(n)

    @rule(n=who, rounds=st.integers(1, 40))
    def waits_for_it(self, n: int, rounds: int) -> None:
        for _ in range(rounds):
            self.at_work(n)
            self.now += 0.1
            self.one_at_most()

    @rule(n=who)
    def hands_back(self, n: int) -> None:
        part = self.parts[n]
        if part.asked is None and part.contest.ours:
            part.contest.until = NEVER
            part.asked = part.contest.hand_back(), self.clock(part)
            part.arrived = False

    @rule(n=who)
    def process_restarts(self, n: int) -> None:
        self.parts[n] = Part(f"p{n}-{self.now}-{self.bucket.revision}", self.parts[n].offset)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5, 1.0, 1.9, 2.0, 2.1, 30.0]))
    def time_passes(self, seconds: float) -> None:
        """Whoever does nothing meanwhile was paused."""
        self.now += seconds

    @invariant()
    def one_at_most(self) -> None:
        holders = [part for part in self.parts if self.clock(part) < part.contest.until]
        assert len(holders) <= 1


TestNeverTwo = NeverTwo.TestCase
TestNeverTwo.settings = settings(max_examples=150, stateful_step_count=80, deadline=None)


def test_a_record_survives_packing() -> None:
    holding = Holding("id", "127.0.0.1:7101", 7)
    assert Holding.unpacked(holding.packed()) == holding
    assert Entry(holding.packed(), 1).value
