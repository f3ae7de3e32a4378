"""Simulated callers and phones, as the demo and the services' tests use them: over ordinary ESL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from freeswitch.simulator import Settings, Simulator, api_show
from tests.contract.switch.client import Controller, Esl

pytestmark = pytest.mark.contract

AT_ONCE = "null_enable_auto_answer=true,null_auto_answer_delay=0"
CALL = {"from": "+8613800001111", "to": "10050", "name": "王芳"}


@pytest.fixture
async def node(controller: Controller) -> AsyncIterator[Simulator]:
    settings = Settings(
        ivr=controller.address, show_lag_ms=0, broadcast_lead_ms=5, file_ms=100, pre_bridge_ms=1
    )
    node = Simulator(settings)
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
async def link(node: Simulator) -> AsyncIterator[Esl]:
    link = await Esl.connect(node.port)
    await link.command("event json ALL")
    yield link
    await link.close()


async def call(link: Esl, **more: Any) -> str:
    answer = await link.api("sim call " + json.dumps({**CALL, **more}))
    assert answer.startswith("+OK "), answer
    return answer[4:].strip()


async def row(link: Esl, uuid: str) -> dict[str, Any]:
    """The ledger's row, once the call has ended."""
    await link.event("CHANNEL_HANGUP_COMPLETE", uuid)
    rows: list[dict[str, Any]] = json.loads(await link.api("sim ledger as json"))["rows"]
    return next(one for one in rows if one["uuid"] == uuid)


async def connected(link: Esl, controller: Controller, caller: str) -> tuple[Esl, str]:
    """The caller's controller answers; an agent is dialled and bridged."""
    flow, _ = await controller.call()
    await flow.command("linger 5")
    await flow.command("myevents json")
    await flow.execute("answer")
    agent = f"a9e27000-0000-4000-8000-{caller[-12:]}"
    await link.api('sim phone 1001 {"mode":"auto_answer","answer_after_ms":5}')
    said = await link.api(f"originate {{origination_uuid={agent},sy_leg=agent}}user/1001 &park()")
    assert said == f"+OK {agent}\n"
    await link.api(f"uuid_bridge {caller} {agent}")
    await flow.event("CHANNEL_EXECUTE_COMPLETE", Application_Data="socket_resume=false")
    await flow.close()
    return flow, agent


async def test_answered_and_back_for_the_survey(link: Esl, controller: Controller) -> None:
    keys = [{"after_ms": 5, "digits": "5"}]
    caller = await call(link, after_bridge_keys=keys, variables={"sy_note": "kept"})
    _, agent = await connected(link, controller, caller)
    await link.api("sim hangup 1001")
    flow, data = await controller.call()
    assert data["Caller-Destination-Number"] == "ivr"
    assert data["variable_sip_req_user"] == "10050"
    assert data["variable_sy_note"] == "kept"
    await flow.command("myevents json")
    await flow.execute("playback", "survey.wav")
    assert (await flow.event("DTMF"))["DTMF-Digit"] == "5"
    await flow.execute("hangup")
    found = await row(link, caller)
    assert (found["outcome"], found["bridges"], found["hung_up_by"]) == ("answered", 1, "switch")
    assert found["bridged_to"] == "sofia/agents/1001@127.0.0.1"
    assert found["number"] == "+8613800001111"
    assert await link.api(f"uuid_exists {agent}") == "false"


async def test_the_caller_hangs_up_on_the_agent(link: Esl, controller: Controller) -> None:
    caller = await call(link, talk_ms=20)
    _, agent = await connected(link, controller, caller)
    found = await row(link, caller)
    assert (found["outcome"], found["hung_up_by"]) == ("answered", "caller")
    await link.event("CHANNEL_HANGUP_COMPLETE", agent)


async def test_impatient_callers_are_abandoned(link: Esl, controller: Controller) -> None:
    caller = await call(link, patience_ms=30)
    await controller.call()
    found = await row(link, caller)
    assert (found["outcome"], found["hung_up_by"]) == ("abandoned", "caller")
    assert found["cause"] == "ORIGINATOR_CANCEL"


async def test_refused_by_the_flow(link: Esl, controller: Controller) -> None:
    caller = await call(link)
    flow, _ = await controller.call()
    await flow.execute("hangup", "CALL_REJECTED")
    assert (await row(link, caller))["outcome"] == "rejected"


async def test_served_by_the_flow_alone(link: Esl, controller: Controller) -> None:
    caller = await call(link)
    flow, _ = await controller.call()
    await flow.execute("answer")
    await flow.execute("hangup")
    assert (await row(link, caller))["outcome"] == "self_service"


async def test_a_message_is_left(link: Esl, controller: Controller) -> None:
    caller = await call(link)
    flow, _ = await controller.call()
    await flow.command("myevents json")
    await flow.execute("answer")
    await flow.execute("set", "playback_terminators=#")
    await flow.execute("record", "/tmp/message.wav 20 200 3", Event_UUID="message")
    await link.event("RECORD_START", caller)
    await link.api(f"sim dtmf {caller} 1#")
    done = await flow.event("CHANNEL_EXECUTE_COMPLETE", Application_UUID="message")
    assert done["variable_playback_terminator_used"] == "#"
    await flow.execute("hangup")
    assert (await row(link, caller))["outcome"] == "voicemail"


async def test_nobody_serves_the_call(link: Esl, node: Simulator) -> None:
    """No IVR at all: an apology as early media, then a cause a carrier may act on."""
    await link.api("sim ivr ")
    caller = await call(link)
    found = await row(link, caller)
    assert (found["outcome"], found["cause"]) == ("dropped", "NORMAL_TEMPORARY_FAILURE")
    assert found["answered_us"] == 0
    names = link.names(caller)
    assert names.index("CHANNEL_PROGRESS_MEDIA") < names.index("PLAYBACK_START")
    totals = json.loads(await link.api("sim totals"))
    assert (totals["offered"], totals["open"], totals["dropped"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        ("busy", "-ERR USER_BUSY\n"),
        ("reject", "-ERR CALL_REJECTED\n"),
        ("unregistered", "-ERR USER_NOT_REGISTERED\n"),
        ("unreachable", "-ERR NORMAL_TEMPORARY_FAILURE\n"),
    ],
)
async def test_phones_that_do_not_answer(link: Esl, mode: str, answer: str) -> None:
    await link.api(f'sim phone 1001 {{"mode":"{mode}"}}')
    assert await link.api("originate user/1001@any &park()") == answer


async def test_a_ringing_phone_is_answered_by_hand(link: Esl) -> None:
    await link.command("bgapi originate {origination_uuid=leg-1}user/1002 &park()", Job_UUID="one")
    await link.event("CHANNEL_PROGRESS", "leg-1")
    assert await link.api("uuid_phone_event leg-1 talk") == "+OK Success\n"
    assert (await link.event("BACKGROUND_JOB", Job_UUID="one")).body == "+OK leg-1\n"
    await link.command("bgapi originate {origination_uuid=leg-2}user/1002 &park()", Job_UUID="two")
    await link.event("CHANNEL_PROGRESS", "leg-2")
    assert await link.api("sim answer 1002") == "+OK\n"
    assert (await link.event("BACKGROUND_JOB", Job_UUID="two")).body == "+OK leg-2\n"


async def test_the_next_leg_is_tried_when_the_first_is_busy(link: Esl) -> None:
    await link.api('sim phone 1001 {"mode":"busy"}')
    await link.api('sim phone 1002 {"mode":"auto_answer"}')
    said = await link.api("originate [origination_uuid=x1]user/1001|[origination_uuid=x2]user/1002 &park()")
    assert said == "+OK x2\n"


async def test_keys_stop_a_prompt_only_when_told_so(link: Esl, controller: Controller) -> None:
    """any: the digit is an event and the prompt ends; none: the digit is an event, the prompt goes on."""
    caller = await call(link)
    flow, _ = await controller.call()
    await flow.command("myevents json")
    await flow.execute("answer")
    for wanted, status in (("any", "break"), ("none", "done")):
        await flow.execute("set", f"playback_terminators={wanted}")
        await flow.execute("playback", "hello.wav", Event_UUID=wanted)
        await link.event("PLAYBACK_START", caller, nth=1 if wanted == "any" else 2)
        await link.api(f"sim dtmf {caller} 4")
        await flow.event("CHANNEL_EXECUTE_COMPLETE", Application_UUID=wanted)
        stop = await link.event("PLAYBACK_STOP", caller, nth=1 if wanted == "any" else 2)
        assert stop["Playback-Status"] == status
    assert [one["DTMF-Digit"] for one in flow.events if one.name == "DTMF"] == ["4", "4"]


async def test_digits_are_collected(link: Esl, controller: Controller) -> None:
    caller = await call(link, keys=[{"when": "playback", "nth": 1, "after_ms": 5, "digits": "12#"}])
    flow, _ = await controller.call()
    await flow.command("myevents json")
    await flow.execute("answer")
    await flow.execute("play_and_get_digits", r"1 4 1 1000 # hello.wav bad.wav pin \d+", Event_UUID="pin")
    done = await flow.event("CHANNEL_EXECUTE_COMPLETE", Application_UUID="pin")
    assert done["variable_pin"] == "12"
    assert done.uuid == caller


# -- what goes wrong on demand


async def test_a_lost_command_is_never_answered(link: Esl, node: Simulator) -> None:
    await link.api('sim fault {"lose":"uuid_exists","count":1}')
    link.send("api uuid_exists lost\n\napi uuid_exists found\n\n")
    assert (await link.answer()).body == "false"
    await link.api("sim fault clear")
    assert len([one for one in link.frames if one.body == "false"]) == 1


@pytest.mark.parametrize(("kind", "wanted"), [("double", 2), ("lose", 0)])
async def test_events_are_spoilt(link: Esl, kind: str, wanted: int) -> None:
    await link.api(f'sim fault {{"events":"{kind}","match":"^CHANNEL_PARK$"}}')
    await link.api("originate {origination_uuid=spoilt}null/x &park()\n\n")
    await link.api("uuid_kill spoilt")
    await link.event("CHANNEL_DESTROY", "spoilt")
    assert link.names("spoilt").count("CHANNEL_PARK") == wanted


async def test_late_events_arrive_behind_younger_ones(link: Esl) -> None:
    await link.api('sim fault {"events":"delay","match":"^CHANNEL_PARK$","ms":50}')
    await link.api("originate {origination_uuid=late}null/x &park()\n\n")
    await link.api("uuid_kill late")
    await link.event("CHANNEL_PARK", "late")
    names = link.names("late")
    assert names.index("CHANNEL_HANGUP") < names.index("CHANNEL_PARK")


async def test_busy_by_chance(link: Esl) -> None:
    await link.api('sim fault {"busy_share":1.0}')
    assert await link.api("originate user/1001 &park()") == "-ERR USER_BUSY\n"


async def test_a_dropped_link_says_nothing(link: Esl) -> None:
    link.send('api sim fault {"drop_link":"all"}\n\n')
    await link.closing()
    assert not any(one.kind == "text/disconnect-notice" for one in link.frames)


async def test_the_node_dies_without_a_word(link: Esl, node: Simulator, controller: Controller) -> None:
    await call(link)
    await controller.call()
    link.send('api sim fault {"kill":true}\n\n')
    await link.closing()
    assert "SHUTDOWN" not in [one.name for one in link.events]
    assert node.ledger.totals()["dropped"] == 1


@pytest.mark.parametrize(
    "line",
    [
        "sim call {",
        'sim call {"from":"1"}',
        'sim call {"from":"1","to":"2","keys":[{"digits":"x"}]}',
        'sim call {"from":"1","to":"2","patience_ms":-1}',
        'sim phone 1001 {"mode":"asleep"}',
        'sim fault {"boredom":1}',
        'sim fault {"lose":"("}',
        "sim dtmf nobody 1",
    ],
)
async def test_nonsense_is_refused_with_a_sentence(link: Esl, line: str) -> None:
    assert (await link.api(line)).startswith("-ERR ")


async def test_the_ledger_forgets_old_rows_but_not_the_totals(controller: Controller) -> None:
    node = Simulator(Settings(ivr="", file_ms=1, ledger_rows=2))
    await node.start()
    link = await Esl.connect(node.port)
    await link.command("event json CHANNEL_HANGUP_COMPLETE")
    for _ in range(4):
        await link.event("CHANNEL_HANGUP_COMPLETE", await call(link))
    rows = json.loads(await link.api("sim ledger as json"))["rows"]
    assert [one["seq"] for one in rows] == [3, 4]
    assert json.loads(await link.api("sim ledger since 3 as json"))["row_count"] == 1
    totals = json.loads(await link.api("sim totals"))
    assert (totals["offered"], totals["dropped"], totals["rows_forgotten"]) == (4, 4, 2)
    await link.close()
    await node.stop()


async def test_many_channels_are_shown_as_few_are(node: Simulator) -> None:
    many = 2 * api_show.SLICE + 1
    link = await Esl.connect(node.port)
    for number in range(many):
        await link.command(f"bgapi originate {{origination_uuid=many-{number},{AT_ONCE}}}null/x &park()")
    async with asyncio.timeout(20):
        while [one.shown_app[0] for one in node.table.channels()] != ["park"] * many:
            await asyncio.sleep(0.01)
    rows = [api_show.row(one) for one in node.table.channels()]
    assert json.loads(await link.api("show channels as json")) == {"row_count": many, "rows": rows}
    names, *lines, empty, total = (await link.api("show channels")).splitlines()
    assert names == ",".join(rows[0])
    assert lines == [",".join(one.values()) for one in rows]
    assert (empty, total) == ("", f"{many} total.")
    await link.close()
