"""Callers who hang up to be called back, through the whole suite; and the ACD dies while they wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from deploy.local.demo import plan
from deploy.local.demo.door import Door
from deploy.local.demo.world import LEAD, PASSWORD
from tests.system.conftest import Town, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

AT_MENU = {"when": "playback", "nth": 2, "after_ms": 300, "digits": "1"}
WAITING = {"when": "playback", "nth": 3}
CALLERS = 4


def caller(number: str) -> dict[str, Any]:
    """Chooses sales, waits, presses 2, hears the number, confirms, and is thanked."""
    keys = [
        AT_MENU,
        WAITING | {"after_ms": 1_000, "digits": "2"},
        WAITING | {"after_ms": 3_000, "digits": "1"},
    ]
    return {"from": number, "to": plan.CALLED_NUMBER, "keys": keys, "patience_ms": 60_000}


async def presence(lead: Door, agents: Sequence[str], what: str) -> None:
    for agent_id in agents:
        await lead.ask("PUT", f"/agents/{agent_id}/presence", {"presence": what, "reason": "meeting"})


async def test_acd_killed_while_callers_wait_to_be_called_back(town: Town) -> None:
    """All agents are in a meeting, and four callers hang up to be called back. The ACD is killed and comes
    back: it knows them, in the order in which they came, and after the meeting each is called once."""
    lead = await Door.sign_in(town.world._client, LEAD, PASSWORD)
    agents = [agent["agent_id"] for agent in (await lead.ask("GET", "/agents"))["agents"]]
    await presence(lead, agents, "other_work")
    numbers = [f"+8613900000{place:03}" for place in range(CALLERS)]
    for place, number in enumerate(numbers):
        await town.world.switches[0].call(caller(number))
        await until(partial(waiting, lead, place + 1), f"{place + 1} who will be called back")
    await town.suite.kill("acd")
    await town.suite.restart("acd")
    kept = (await lead.ask("GET", "/callbacks"))["callbacks"]
    assert [each["number"] for each in kept] == numbers
    assert {each["attempts_made"] for each in kept} == {0}

    async def all_done() -> bool:
        figures = (await lead.ask("GET", "/statistics"))["queues"]
        return sum(int(queue["called_back"]) for queue in figures) == CALLERS

    await presence(lead, agents, "ready")
    await until(all_done, "all have been called back", within_s=90)
    assert (await lead.ask("GET", "/callbacks"))["open"] == 0
    await town.quiet()
    balance = await town.world.balance()
    assert balance.holds, balance.sentences()
    assert balance.columns["switch"]["callback"] == CALLERS


async def waiting(lead: Door, count: int) -> bool:
    return bool((await lead.ask("GET", "/callbacks"))["open"] == count)
