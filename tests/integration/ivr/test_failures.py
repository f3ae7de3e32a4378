"""Scenarios named by what fails. The caller hears something in each, and each call is accounted for once."""

import asyncio
import os
import signal
import sys
from collections import Counter
from typing import Any

import pytest

from freeswitch.simulator.channels import Channel
from services.ivr.engine import waiting
from services.stubs.crm.v1 import crm_pb2
from tests.integration.ivr.centre import Centre
from tests.unit.ivr.playbook import BY_DEPARTMENT

TO_SALES: dict[str, Any] = {"keys": [{"digits": "1", "when": "playback", "nth": 2}]}


async def test_crm_down(centre: Centre) -> None:
    centre.crm.down = True
    await centre.ivr()
    caller = centre.call(**TO_SALES)
    await centre.hearing(caller, "hold")
    assert centre.acd.enqueued[0].priority == 0


@pytest.mark.parametrize("fault", ["down", "stuck"])
async def test_crm_down_while_the_flow_routes_by_department_and_level(centre: Centre, fault: str) -> None:
    """A VIP of a known segment, and nobody can say so: level 0, no department, the flow's language. The call
    takes the way that is for everybody, and is not refused."""
    setattr(centre.crm, fault, True)
    centre.crm.callers["13800000001"] = crm_pb2.IdentifyResponse(
        number="+8613800000001", level=3, department="energy", language="en", blocked=True
    )
    await centre.publish(BY_DEPARTMENT)
    await centre.ivr(ivr_identify_timeout_s=0.2)
    caller = centre.call()
    await centre.hearing(caller, "hold")
    [wish] = centre.acd.enqueued
    assert (wish.queue, wish.priority, dict(wish.data)) == ("support", 0, {"language": "zh"})


async def test_crm_does_not_answer(centre: Centre) -> None:
    """The telephone rings on for the deadline, then the call goes on as an unknown caller's."""
    centre.crm.stuck = True
    await centre.ivr(ivr_identify_timeout_s=0.2)
    caller = centre.call()
    await centre.until(lambda: centre.crm.asked)
    assert caller.get("sy_contact_id"), "others must know whose call it is before CRM has answered"
    await centre.hearing(caller, "welcome")


async def test_caller_hangs_up_while_crm_is_asked(centre: Centre) -> None:
    centre.crm.stuck = True
    await centre.ivr(ivr_identify_timeout_s=1)
    caller = centre.call()
    await centre.until(lambda: centre.crm.asked)
    centre.hang_up(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["abandoned"]
    assert centre.acd.closed[0].contact.contact_id == caller.get("sy_contact_id")


async def test_acd_down_when_the_caller_chooses(centre: Centre) -> None:
    """The caller hears music while the ACD comes back, and has lost none of the wait."""
    await centre.ivr()
    await centre.acd.stop()
    caller = centre.call(**TO_SALES)
    await centre.hearing(caller, "hold")
    began = caller.get("sy_enqueued_at") or ""
    await centre.acd.start()
    await centre.acd.until(lambda: centre.acd.waiting)
    enqueued_at = centre.acd.enqueued[0].enqueued_at.ToDatetime()
    assert enqueued_at.isoformat(timespec="milliseconds") == began[:23]


async def test_acd_stays_away(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience over: an apology and the offer to leave a message. The ACD hears of it when it is back."""
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.5)
    await centre.ivr()
    await centre.acd.stop()
    caller = centre.call(**TO_SALES)
    await centre.hearing(caller, "all_busy")
    await centre.hearing(caller, "leave_message")
    centre.hang_up(caller)
    await centre.over(caller)
    await centre.acd.start()
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["abandoned"]


async def test_acd_restarts_while_callers_wait(centre: Centre) -> None:
    """It has forgotten everybody; within a second or two all wait again, in the order they came."""
    await centre.ivr()
    callers = [centre.call(f"1380000000{number}", **TO_SALES) for number in range(5)]
    await centre.acd.until(lambda: len(centre.acd.waiting) == 5)
    before = {key: wish.enqueued_at.ToDatetime() for key, wish in centre.acd.waiting.items()}
    await centre.acd.stop()
    await centre.acd.start()
    await centre.acd.until(lambda: len(centre.acd.waiting) == 5)
    assert {key: wish.enqueued_at.ToDatetime() for key, wish in centre.acd.waiting.items()} == before
    assert all(caller.uuid in centre.switch.channels for caller in callers)
    for caller in callers:
        centre.hang_up(caller)
    await centre.acd.until(lambda: len(centre.acd.closed) == 5)
    assert Counter(centre.outcomes()) == {"abandoned": 5}


async def test_acd_restarts_while_a_caller_it_sent_away_leaves_a_message(centre: Centre) -> None:
    """Those who still wait are enqueued again, the one sent away is not: no agent rings into the message."""
    await centre.ivr()
    sent_away, waits = centre.call("13800000001", **TO_SALES), centre.call("13800000002", **TO_SALES)
    await centre.acd.until(lambda: len(centre.acd.waiting) == 2)
    await centre.hearing(sent_away, "hold")
    centre.acd.expel(sent_away.get("sy_contact_id") or "", "no_agents")
    await centre.hearing(sent_away, "leave_message")
    await centre.acd.stop()
    await centre.acd.start()
    await centre.acd.until(lambda: centre.acd.waiting)
    centre.hang_up(waits)
    centre.hang_up(sent_away)
    await centre.acd.until(lambda: len(centre.acd.closed) == 2)
    asked = Counter(wish.contact.contact_id for wish in centre.acd.enqueued)
    assert asked[sent_away.get("sy_contact_id") or ""] == 1
    assert asked[waits.get("sy_contact_id") or ""] >= 2


async def test_acd_away_when_the_caller_leaves(centre: Centre) -> None:
    """The last word on the contact is kept until the ACD can hear it: exactly one."""
    await centre.ivr()
    caller = centre.call(**TO_SALES)
    await centre.acd.until(lambda: centre.acd.waiting)
    await centre.acd.stop()
    centre.hang_up(caller)
    await centre.over(caller)
    await centre.acd.start()
    await centre.acd.until(lambda: centre.acd.closed)
    assert len(centre.acd.closed) == 1


async def process(centre: Centre, place: int) -> asyncio.subprocess.Process:
    """An IVR in a process of its own, that can be killed."""
    settings = centre.settings(place)
    given = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "NATS_URL": settings.nats_url,
        "GRPC_LISTEN": settings.grpc_listen,
        "OPS_LISTEN": "127.0.0.1:0",
        "IVR_ESL_LISTEN": settings.ivr_esl_listen,
        "ACD_ADDRESS": settings.acd_address,
        "CRM_ADDRESS": settings.crm_address,
        "IVR_SOUNDS_DIR": str(settings.ivr_sounds_dir),
        "IVR_RECORDINGS_DIR": str(settings.ivr_recordings_dir),
    }
    environment = {**os.environ, **{f"SWITCHYARD_{name}": value for name, value in given.items()}}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.ivr", env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert started.stderr is not None
    while b'"started"' not in (line := await started.stderr.readline()):
        assert line, "the IVR did not start"
    return started


async def kill(ivr: asyncio.subprocess.Process) -> None:
    ivr.send_signal(signal.SIGKILL)
    await ivr.communicate()


async def test_ivr_dies_while_callers_wait(centre: Centre) -> None:
    """The second process has them within a moment: music again, same contact, the old wait."""
    first = await process(centre, 0)
    caller = centre.call(**TO_SALES)
    await centre.acd.until(lambda: centre.acd.waiting)
    await centre.hearing(caller, "hold")
    [before] = centre.acd.enqueued
    await centre.ivr(1)
    await kill(first)
    await centre.hearing(caller, "hold")
    await centre.acd.until(lambda: len(centre.acd.enqueued) == 2)
    after = centre.acd.enqueued[1]
    assert after.contact.contact_id == before.contact.contact_id
    assert after.enqueued_at == before.enqueued_at
    assert after.holder != before.holder
    await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "survey")


async def test_ivr_dies_while_a_caller_is_in_the_menu(centre: Centre) -> None:
    first = await process(centre, 0)
    caller = centre.call()
    await centre.until(lambda: caller.get("sy_flow_node") == "menu")
    await centre.ivr(1)
    await kill(first)
    await centre.until(lambda: centre.announced("CallStarted")[1:])
    await centre.hearing(caller, "menu")
    centre.key(caller, "2")
    await centre.acd.until(lambda: centre.acd.waiting)
    assert centre.acd.enqueued[0].queue == "support"
    assert len(centre.acd.opened) == 1


async def test_ivr_dies_while_a_caller_talks(centre: Centre) -> None:
    """Killed after the bridge: nobody is in its hands; the caller comes back to the other process."""
    first = await process(centre, 0)
    caller = centre.call(**TO_SALES)
    await centre.acd.until(lambda: centre.acd.waiting)
    agent = await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "survey")
    await kill(first)
    await centre.ivr(1)
    centre.hang_up(agent)
    await centre.hearing(caller, "survey")


async def test_ivr_is_stopped_gracefully(centre: Centre) -> None:
    """No new calls; those in hand are drained for a while, then go on at the neighbour, at their node."""
    first, caller = await centre.ivr(0), centre.call(**TO_SALES)
    await centre.hearing(caller, "hold")
    await centre.ivr(1)
    await first.stop()
    await centre.hearing(caller, "hold")
    await centre.acd.until(lambda: len(centre.acd.enqueued) == 2)
    assert centre.acd.closed == []


async def test_prompt_is_missing_on_the_switch(centre: Centre) -> None:
    """A tone says that the line is alive, and the flow goes on."""
    await centre.ivr()
    (centre.sounds / "zh" / "welcome.wav").unlink()
    caller = centre.call()
    await centre.hearing(caller, "welcome")
    await centre.hearing(caller, "425")
    await centre.hearing(caller, "menu")


async def test_music_is_missing_on_the_switch(centre: Centre) -> None:
    await centre.ivr()
    (centre.sounds / "music" / "hold.wav").unlink()
    caller = centre.call(**TO_SALES)
    await centre.hearing(caller, "hold")
    await centre.hearing(caller, "425")
    await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "survey")


HOSTILE = [
    ("13800000001", "Eve%0AEvent-Name: CHANNEL_HANGUP_COMPLETE%0AUnique-ID: x"),
    ("13800000001", "Eve\nEvent-Name: CHANNEL_BRIDGE\n\n"),
    ("138\n\napi shutdown\n", "{origination_caller_id_name=x}${system(reboot)}"),
    ("{api_hangup_hook='system reboot'}138", "a|b,c;d=e'\"\\"),
    ("", ""),
    ("9" * 5000, "漢字" * 500),
]


@pytest.mark.parametrize(("number", "name"), HOSTILE)
async def test_hostile_caller(centre: Centre, number: str, name: str) -> None:
    """Whatever they call themselves: an ordinary call, and nothing forged."""
    await centre.ivr()
    caller = arrive(centre, number, name)
    await centre.hearing(caller, "menu")
    centre.key(caller, "1")
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert len(wish.contact.from_number) <= 32
    assert not set(wish.contact.from_number) & set("\n{}$'\" ")
    centre.hang_up(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["abandoned"]


def arrive(centre: Centre, number: str, name: str) -> Channel:
    """Past the checks of a simulated caller's script, as a trunk would."""
    return centre.call(number or "anonymous", name=name)


async def test_crm_answers_with_nonsense(centre: Centre) -> None:
    """What CRM says of a number ends up in channel variables as well."""
    centre.crm.callers["13800000001"] = crm_pb2.IdentifyResponse(
        number="${system(x)}\n+86138", customer_id="'};drop", language="xx", level=99
    )
    await centre.ivr()
    caller = centre.call(**TO_SALES)
    await centre.hearing(caller, "hold")
    assert centre.acd.enqueued[0].priority == 10
    assert centre.acd.enqueued[0].contact.from_number == "systemx+86138"


async def test_key_flood(centre: Centre) -> None:
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "welcome")
    for _ in range(20):
        centre.key(caller, "0123456789*#" * 5)
        await asyncio.sleep(0.01)
    # twelve hundred keys, and each is an event: a busy machine needs a while
    await centre.acd.until(lambda: centre.acd.waiting, within_s=30)
    centre.hang_up(caller)
    await centre.acd.until(lambda: centre.acd.closed)


async def test_many_calls_at_once(centre: Centre) -> None:
    """Half hang up in the menu, half in the queue: opened once, closed once, logged once."""
    await centre.ivr()
    callers = [centre.call(f"138{n:08}", **(TO_SALES if n % 2 else {})) for n in range(60)]
    await centre.acd.until(lambda: len(centre.acd.waiting) == 30, within_s=30)
    for caller in callers:
        centre.hang_up(caller)
    await centre.acd.until(lambda: len(centre.acd.closed) == 60)
    for told in (centre.acd.opened, [each.contact for each in centre.acd.closed]):
        assert sorted(each.contact_id for each in told) == sorted(
            caller.get("sy_contact_id") or "" for caller in callers
        )
    rows = await centre.rows("select outcome, count(*) from call_entry group by 1", 1)
    while rows != [{"outcome": "abandoned", "count": 60}]:
        rows = await centre.rows("select outcome, count(*) from call_entry group by 1", 1)
