"""Who may command the switches, and what they say about it when NATS cannot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import ValidationError

from services.acd.config import AcdConfig
from services.acd.service.fence import Fence
from services.acd.service.shards import Shards
from services.chassis.esl import CommandFailed, LinkLost, NotPermitted
from services.chassis.esl.commands import Command

pytestmark = pytest.mark.unit

VERIFY_S = 0.04


@dataclass
class FakeLease:
    """Held or not as the test says; its clock stands until the test moves it."""

    holder: str = "one"
    generation: int = 7
    held: bool = True
    ours: bool = True
    clean: bool = False
    ttl_s: float = 2.0
    now: float = 100.0

    def clock(self) -> float:
        return self.now

    @property
    def left_s(self) -> float:
        return self.ttl_s if self.held else 0.0


@dataclass
class Name:
    name: str


@dataclass
class FakeSwitch:
    """One switch's variables, and a link to it."""

    name: str = "fs1"
    up: bool = True
    marks: dict[str, str] = field(default_factory=dict)
    meddler: str = ""
    """Another owner who writes just before we do, once."""

    @property
    def node(self) -> Name:
        return Name(self.name)

    async def peek(self, command: Command, *, timeout_s: float) -> str:
        if not self.up:
            raise LinkLost(self.name, "cut")
        if command.args not in self.marks:
            raise CommandFailed(command.verb, "-ERR no reply")
        return self.marks[command.args]

    async def api(self, command: Command) -> str:
        name, value, was = [*command.args.split("="), ""][:3]
        if self.meddler:
            self.marks[name], self.meddler = self.meddler, ""
        if not was or self.marks.get(name, "") == was:
            self.marks[name] = value
        return "+OK"


MARK, VARIABLE = "7-one", "sy_acd_all"


def fence_of(lease: Any) -> Fence:
    return Fence(lease, "all", VERIFY_S)


async def claimed(fence: Fence, *switches: Any) -> None:
    for switch in switches:
        await fence.claim(switch)


async def test_a_switch_is_marked_before_it_is_commanded() -> None:
    switch = FakeSwitch()
    await claimed(fence_of(FakeLease()), switch)
    assert switch.marks[VARIABLE] == MARK


async def test_a_new_owner_waits_until_the_last_one_can_do_no_more() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await claimed(fence_of(FakeLease()), FakeSwitch(marks={VARIABLE: "6-two"}))
    assert loop.time() - began >= VERIFY_S


async def test_after_a_hand_over_there_is_nothing_to_wait_for() -> None:
    fence = Fence(FakeLease(clean=True), "all", 3600)  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        await claimed(fence, FakeSwitch(marks={VARIABLE: "6-two"}))


async def test_of_two_who_mark_at_once_the_one_with_the_lease_wins() -> None:
    switch = FakeSwitch(marks={VARIABLE: "5-zero"}, meddler="6-two")
    await claimed(fence_of(FakeLease()), switch)
    assert switch.marks[VARIABLE] == MARK


async def test_without_the_lease_nothing_is_marked() -> None:
    """A switch that restarted while NATS is away waits for the lease: another might be its owner."""
    lease, switch = FakeLease(held=False), FakeSwitch()
    claim = asyncio.create_task(claimed(fence_of(lease), switch))
    await asyncio.sleep(VERIFY_S * 2)
    assert not switch.marks
    lease.held = True
    async with asyncio.timeout(10):
        await claim
    assert switch.marks[VARIABLE] == MARK


async def test_the_marks_carry_an_owner_through_an_outage_of_nats() -> None:
    lease, one, two = FakeLease(), FakeSwitch(), FakeSwitch("fs2")
    fence = fence_of(lease)
    await claimed(fence, one, two)
    lease.held = False
    states = [fence.may_act()]
    await fence._verify()
    states.append(fence.may_act())
    lease.now += VERIFY_S
    states.append(fence.may_act())
    assert states == [False, True, False]


async def test_one_foreign_mark_ends_it_on_all_switches() -> None:
    lease, one, two = FakeLease(), FakeSwitch(), FakeSwitch("fs2")
    fence = fence_of(lease)
    await claimed(fence, one, two)
    lease.held = False
    two.marks[VARIABLE] = "8-two"
    await fence._verify()
    assert not fence.may_act()
    lease.held = True
    assert not fence.may_act()
    assert not fence.ours


async def test_a_foreign_mark_ends_it_also_while_the_lease_is_held() -> None:
    """NATS came back without its disk, or from a copy of it, and gave the lease to another as well."""
    lease, one = FakeLease(), FakeSwitch()
    fence = fence_of(lease)
    await claimed(fence, one)
    watching = asyncio.create_task(fence.watch())
    one.marks[VARIABLE] = "8-two"
    async with asyncio.timeout(10):
        while not fence.over:
            await asyncio.sleep(VERIFY_S / 4)
    watching.cancel()
    assert lease.held
    assert not fence.may_act()


async def test_a_switch_that_is_away_does_not_speak_for_or_against() -> None:
    lease, one, two = FakeLease(), FakeSwitch(), FakeSwitch("fs2")
    fence = fence_of(lease)
    await claimed(fence, one, two)
    lease.held, two.up = False, False
    await fence._verify()
    assert fence.may_act()


async def test_without_any_switch_nobody_may_act_on_marks() -> None:
    lease, one = FakeLease(), FakeSwitch()
    fence = fence_of(lease)
    await claimed(fence, one)
    lease.held, one.up = False, False
    await fence._verify()
    assert not fence.may_act()


async def test_a_lease_won_anew_is_another_term() -> None:
    """Lost and won again before anybody looked: what the old term decided is void all the same."""
    lease = FakeLease()
    fence = fence_of(lease)
    lease.generation = 9
    assert not fence.may_act()


async def test_marks_of_others_cannot_be_overwritten_for_ever() -> None:
    class Stubborn(FakeSwitch):
        async def api(self, command: Command) -> str:
            return "+OK"

    with pytest.raises(NotPermitted):
        await claimed(fence_of(FakeLease()), Stubborn())


# ------------------------------------------------------------ shards


def test_one_shard_has_all_tenants() -> None:
    shards = Shards(AcdConfig().shards())
    assert (shards.names, shards.of("demo"), shards.serves("all", "acme")) == (["all"], "all", True)


def test_tenants_are_split_as_told_and_the_rest_stays_together() -> None:
    shards = Shards(AcdConfig(acd_shards="east=acme+demo, rest=*").shards())
    assert [shards.of(name) for name in ("acme", "demo", "other")] == ["east", "east", "rest"]
    assert not shards.serves("rest", "acme")


@pytest.mark.parametrize(
    "told", ["", "east", "east=", "east=acme", "a=*,b=*", "a=x,a=*", "a=x,b=x,c=*", "A=*", "a=x y,b=*"]
)
def test_shards_that_leave_a_tenant_without_or_with_two_owners_are_refused(told: str) -> None:
    with pytest.raises(ValidationError):
        AcdConfig(acd_shards=told)
