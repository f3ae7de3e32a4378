"""A part dies under the demo. Calls that begin after its return are all accounted for; where nothing stands
between the caller and the loss, also those before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.system.conftest import Town

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

BYSTANDERS = ("crm", "workorder", "gateway", "nats", "postgres")
"""Their death costs no call: each is asked with a deadline, or told later."""


async def test_bystanders_are_killed_one_after_another_and_no_call_is_lost(town: Town) -> None:
    town.callers_arrive()
    await town.more("answered")
    for victim in BYSTANDERS:
        await town.suite.kill(victim)
        await town.suite.restart(victim)
        await town.more("answered", 3)
    await town.quiet()
    balance = await town.world.balance()
    assert balance.holds, balance.sentences()
    assert balance.columns["switch"].get("dropped", 0) == 0


@pytest.mark.parametrize("victim", ["acd", "ivr"])
async def test_acd_or_ivr_is_killed_and_later_calls_are_all_accounted_for(town: Town, victim: str) -> None:
    town.callers_arrive()
    await town.more("answered", 2)
    await town.suite.kill(victim)
    await town.suite.restart(victim)
    since = datetime.now(UTC)
    await town.more("offered", 12)
    await town.more("answered", 3)
    await town.quiet()
    balance = await town.world.balance(since)
    assert balance.offered >= 12
    assert balance.holds, balance.sentences()


async def test_without_crm_callers_are_routed_with_defaults(town: Town) -> None:
    await town.suite.stop("crm")
    town.callers_arrive()
    await town.more("answered", 3)
    await town.suite.start("crm")
    await town.quiet()
    balance = await town.world.balance()
    assert balance.holds, balance.sentences()
