"""Requests that come again: keys are sent once, whatever the network does with the answer."""

from __future__ import annotations

import asyncio

import pytest

from services.acd.api.once import Once
from services.chassis.errors import Conflict


async def test_a_repeat_is_answered_by_the_first() -> None:
    once, done = Once(10), []

    async def act() -> None:
        done.append(1)

    await once.do("r1", act)
    await once.do("r1", act)
    await once.do("r2", act)
    assert len(done) == 2


async def test_a_repeat_meanwhile_waits_for_the_outcome_also_when_the_first_has_given_up() -> None:
    once, done, go = Once(10), [], asyncio.Event()

    async def act() -> None:
        await go.wait()
        done.append(1)

    first = asyncio.create_task(once.do("r1", act))
    await asyncio.sleep(0)
    again = asyncio.create_task(once.do("r1", act))
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    await again
    assert done == [1]


async def test_what_failed_may_be_tried_again_and_both_hear_why() -> None:
    once, tries = Once(10), []

    async def act() -> None:
        tries.append(1)
        await asyncio.sleep(0)
        if len(tries) == 1:
            raise Conflict("The call is on hold.")

    heard = await asyncio.gather(once.do("r1", act), once.do("r1", act), return_exceptions=True)
    assert [type(each) for each in heard] == [Conflict, Conflict]
    await once.do("r1", act)
    assert len(tries) == 2


@pytest.mark.parametrize("remembered", [1, 3])
async def test_no_more_are_remembered_than_may_be(remembered: int) -> None:
    once, done = Once(remembered), []

    async def act() -> None:
        done.append(1)

    for number in range(remembered + 1):
        await once.do(number, act)
    await once.do(remembered, act)
    assert len(done) == remembered + 1
    await once.do(0, act)
    assert len(done) == remembered + 2
