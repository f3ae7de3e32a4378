"""Two switches in one centre: each call is served on its own, by whoever is registered there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.centre import BRISK, DIRECT, Centre, hear_each_other, open_centre

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def two_switches(
    freeswitch_program: str, baresip: None, certificates: Path, open_dir: Path
) -> AsyncIterator[Centre]:
    async with open_centre(freeswitch_program, open_dir, certificates, switches=2) as found:
        yield found


async def test_calls_on_both_at_once(two_switches: Centre) -> None:
    centre = two_switches
    first, second = centre.switches
    async with (
        centre.agent("1001", "support", switch=first) as anna,
        centre.agent("1002", "brisk", switch=second) as ben,
        centre.talk("+441632960201", anna, to=DIRECT, switch=first) as one,
        centre.talk("+441632960202", ben, to=BRISK, switch=second) as other,
    ):
        await hear_each_other(one, first)
        await hear_each_other(other, second)
        await one.caller.hang_up()
        await anna.pushed("released", ended_by="caller")
        await ben.phone.hang_up()
        await ben.pushed("released", ended_by="agent")
        await other.caller.hang_up()

    ends = [await centre.ended(talk.contact_id, "answered") for talk in (one, other)]
    assert [end["call"]["node"] for end in ends] == [f"live-{switch.esl_port}" for switch in centre.switches]
    await centre.all_ended_once()
