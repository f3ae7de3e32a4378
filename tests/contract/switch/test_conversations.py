"""What the suite relies on, asked of whatever switch there is: null channels, no SIP needed."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.contract.switch.client import PATIENCE_S, Controller, Esl, fresh_uuid, read_frame
from tests.contract.switch.conftest import Switch

pytestmark = pytest.mark.contract

LIFE = "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_PARK CHANNEL_UNPARK CHANNEL_BRIDGE CHANNEL_UNBRIDGE"
END = "CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY"
APPS = "CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE PLAYBACK_START PLAYBACK_STOP"


async def parked(link: Esl, variables: str = "") -> str:
    """A leg in park; CHANNEL_PARK must be subscribed."""
    uuid = fresh_uuid()
    more = f",{variables}" if variables else ""
    answer = await link.api(f"originate {{origination_uuid={uuid}{more}}}null/x &park()")
    assert answer == f"+OK {uuid}\n"
    await link.event("CHANNEL_PARK", uuid)
    return uuid


async def test_wrong_password_is_told_and_the_connection_closed(switch: Switch) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", switch.port)
    assert (await read_frame(reader)).kind == "auth/request"
    writer.write(b"auth nonsense\n\n")
    assert (await read_frame(reader)).reply == "-ERR invalid"
    assert (await read_frame(reader)).kind == "text/disconnect-notice"
    assert await reader.read() == b""
    writer.close()


async def test_a_job_comes_back_under_the_number_the_client_chose(esl: Esl) -> None:
    await esl.command("event json BACKGROUND_JOB")
    reply = await esl.command("bgapi create_uuid", Job_UUID="job-of-mine")
    assert reply.reply == "+OK Job-UUID: job-of-mine"
    event = await esl.event("BACKGROUND_JOB", Job_UUID="job-of-mine")
    assert event["Job-Command"] == "create_uuid"
    assert len(event.body) == 36


async def test_a_parked_leg_lives_and_dies_in_order(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} {END}")
    uuid = await parked(esl)
    assert await esl.api(f"uuid_kill {uuid} USER_BUSY") == "+OK\n"
    await esl.event("CHANNEL_DESTROY", uuid)
    assert esl.names(uuid) == [
        "CHANNEL_CREATE",
        "CHANNEL_ANSWER",
        "CHANNEL_PARK",
        "CHANNEL_HANGUP",
        "CHANNEL_UNPARK",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_DESTROY",
    ]
    end = await esl.event("CHANNEL_HANGUP_COMPLETE", uuid)
    assert end["Hangup-Cause"] == end["variable_hangup_cause"] == "USER_BUSY"
    assert end["variable_hangup_cause_q850"] == "17"
    assert end["Channel-State"] == "CS_REPORTING"
    assert await esl.api(f"uuid_exists {uuid}") == "false"


async def test_agent_hangs_up_and_the_caller_goes_with_him(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} {END}")
    caller, agent = await parked(esl), await parked(esl)
    assert await esl.api(f"uuid_bridge {caller} {agent}") == f"+OK {agent}\n"
    bridge = await esl.event("CHANNEL_BRIDGE", caller)
    assert (bridge["Bridge-A-Unique-ID"], bridge["Bridge-B-Unique-ID"]) == (caller, agent)
    assert bridge["Other-Leg-Unique-ID"] == agent
    await esl.api(f"uuid_kill {agent}")
    await esl.event("CHANNEL_DESTROY", agent)
    await esl.event("CHANNEL_DESTROY", caller)
    assert esl.names(caller)[4:] == ["CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", *END.split()]
    assert esl.names(agent)[4:] == END.split()


async def test_a_third_party_takes_over_and_the_caller_never_leaves_the_line(esl: Esl) -> None:
    """uuid_bridge of a caller who talks already: the first agent is hung up, not the caller."""
    await esl.command(f"event json {LIFE} {END}")
    caller, first, second = await parked(esl), await parked(esl), await parked(esl)
    await esl.api(f"uuid_setvar {caller} hangup_after_bridge false")
    await esl.api(f"uuid_bridge {caller} {first}")
    await esl.event("CHANNEL_BRIDGE", caller)
    await esl.api(f"uuid_bridge {caller} {second}")
    again = await esl.event("CHANNEL_BRIDGE", caller, nth=2)
    assert again["Bridge-B-Unique-ID"] == second
    await esl.event("CHANNEL_HANGUP_COMPLETE", first)
    assert await esl.api(f"uuid_exists {caller}") == "true"
    assert esl.names(caller).count("CHANNEL_UNBRIDGE") == 1
    await esl.api(f"uuid_kill {caller}")
    await esl.api(f"uuid_kill {second}")


async def test_caller_is_parked_again_when_asked_for(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} {END}")
    caller, agent = await parked(esl, "park_after_bridge=true"), await parked(esl)
    await esl.api(f"uuid_bridge {caller} {agent}")
    await esl.event("CHANNEL_BRIDGE", caller)
    await esl.api(f"uuid_kill {agent}")
    again = await esl.event("CHANNEL_PARK", caller, nth=2)
    assert again["Channel-State"] == "CS_PARK"
    assert await esl.api(f"uuid_exists {caller}") == "true"
    await esl.api(f"uuid_kill {caller}")


async def test_caller_moves_on_with_his_variables_when_the_agent_leaves(
    esl: Esl, controller: Controller
) -> None:
    """transfer_after_bridge: a new socket, the variables still there, the instruction itself used up."""
    await esl.command(f"event json {LIFE} {END}")
    caller = await parked(esl, "sy_flow_node=survey")
    port = controller.address.rpartition(":")[2]
    await esl.api(f"uuid_setvar {caller} transfer_after_bridge ctl-{port}:XML:default")
    agent = await parked(esl)
    await esl.api(f"uuid_bridge {caller} {agent}")
    await esl.event("CHANNEL_BRIDGE", caller)
    await esl.api(f"uuid_kill {agent}")
    link, data = await controller.call()
    assert data["Unique-ID"] == caller
    assert data["variable_sy_flow_node"] == "survey"
    assert "variable_transfer_after_bridge" not in data
    await link.execute("hangup")
    await esl.event("CHANNEL_HANGUP_COMPLETE", caller)


async def test_bridging_stops_what_the_caller_hears(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} {END} {APPS}")
    caller, agent = await parked(esl), await parked(esl)
    await esl.execute("playback", "tone_stream://%(60000,0,440)", caller, Event_UUID="music")
    await esl.event("PLAYBACK_START", caller)
    await esl.api(f"uuid_bridge {caller} {agent}")
    await esl.event("CHANNEL_BRIDGE", caller)
    names = esl.names(caller)
    assert names.index("PLAYBACK_STOP") < names.index("CHANNEL_UNPARK") < names.index("CHANNEL_BRIDGE")
    await esl.api("hupall")


async def test_locked_orders_wait_for_each_other_unlocked_ones_do_not(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {APPS}")
    for lock, wanted in (({}, ["b", "a"]), ({"event_lock": "true"}, ["a", "b"])):
        uuid = await parked(esl)
        for name, length in (("a", 400), ("b", 100)):
            tone = f"tone_stream://%({length},0,440)"
            await esl.execute("playback", tone, uuid, Event_UUID=f"{uuid}-{name}", **lock)
        for name in "ab":
            await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID=f"{uuid}-{name}")
        done = [
            one["Application-UUID"][-1]
            for one in esl.events
            if one.name == "CHANNEL_EXECUTE_COMPLETE" and one.uuid == uuid
        ]
        assert done == wanted
        await esl.api(f"uuid_kill {uuid}")


async def test_a_break_ends_an_endless_prompt(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {APPS}")
    uuid = await parked(esl)
    await esl.execute("playback", "tone_stream://%(60000,0,440)", uuid, loops="-1", Event_UUID="loop")
    await esl.event("PLAYBACK_START", uuid)
    assert await esl.api(f"uuid_break {uuid} all") == "+OK\n"
    stop = await esl.event("PLAYBACK_STOP", uuid)
    assert stop["Playback-Status"] == "break"
    done = await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID="loop")
    assert done["Application-Response"] == "FILE PLAYED"
    # What is played next is not cut short by the break before.
    await esl.execute("playback", "tone_stream://%(100,0,440)", uuid, Event_UUID="next")
    await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID="next")
    assert (await esl.event("PLAYBACK_STOP", uuid, nth=2))["Playback-Status"] == "done"
    await esl.api(f"uuid_kill {uuid}")


async def test_a_missing_file_is_answered_ok_and_only_the_event_tells(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {APPS}")
    uuid = await parked(esl)
    answer = await esl.api(f"uuid_broadcast {uuid} /nonexistent/x.wav aleg")
    assert answer == "+OK Message sent\n"
    done = await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application="playback")
    assert done["Application-Response"] == "FILE NOT FOUND"
    await esl.api(f"uuid_kill {uuid}")


async def test_an_unknown_application_is_answered_ok_and_hangs_up(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {APPS} {END}")
    uuid = await parked(esl)
    assert (await esl.execute("no_such_app", "", uuid)).reply == "+OK"
    end = await esl.event("CHANNEL_HANGUP_COMPLETE", uuid)
    assert end["Hangup-Cause"] == "DESTINATION_OUT_OF_ORDER"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("uuid_hold 00000000-0000-0000-0000-000000000000", "+OK Success\n"),
        ("uuid_kill 00000000-0000-0000-0000-000000000000", "-ERR No such channel!\n"),
        ("uuid_bridge a b", "-ERR Invalid uuid\n"),
        ("uuid_exists nobody", "false"),
        ("no_such_command with words", "-ERR no_such_command Command not found!\n"),
        ("originate error/USER_BUSY &park", "-ERR USER_BUSY\n"),
        ("originate nosuch/endpoint &park", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("global_getvar no_such_variable", "-ERR no reply\n"),
    ],
)
async def test_answers_word_by_word(esl: Esl, line: str, answer: str) -> None:
    assert await esl.api(line) == answer


async def test_one_matching_filter_is_enough(switch: Switch, esl: Esl) -> None:
    await esl.command("event json CHANNEL_PARK")
    picky = await switch.connect()
    await picky.command("event json CHANNEL_PARK")
    await picky.command("filter variable_sy_leg caller")
    await picky.command("filter variable_sy_leg agent")
    await parked(esl, "sy_leg=stranger")
    wanted = [await parked(esl, "sy_leg=caller"), await parked(esl, "sy_leg=agent")]
    await picky.event("CHANNEL_PARK", wanted[1])
    assert [one.uuid for one in picky.events] == wanted
    await picky.command("filter delete all")
    last = await parked(esl)
    await picky.event("CHANNEL_PARK", last)
    await picky.close()
    await esl.api("hupall")


async def test_nixed_and_silenced(esl: Esl) -> None:
    await esl.command(f"event json {LIFE} BACKGROUND_JOB")
    await esl.command("nixevent CHANNEL_CREATE")
    uuid = await parked(esl)
    assert "CHANNEL_CREATE" not in esl.names(uuid)
    assert (await esl.command("noevents")).reply == "+OK no longer listening for events"
    await esl.api(f"uuid_kill {uuid}")
    assert (await esl.command("event json BACKGROUND_JOB")).reply == "+OK event listener enabled json"
    await esl.command("bgapi create_uuid", Job_UUID="after")
    await esl.event("BACKGROUND_JOB", Job_UUID="after")
    assert "CHANNEL_HANGUP" not in esl.names(uuid)


async def test_half_a_command_holds_back_events(esl: Esl) -> None:
    await esl.command("event json BACKGROUND_JOB")
    await esl.command("bgapi msleep 50", Job_UUID="slow")
    esl.send("api create_")
    await asyncio.sleep(0.3)  # long past the job's end: that nothing comes is the point
    assert not esl.events
    esl.send("uuid\n\n")
    assert len((await esl.answer()).body) == 36
    await esl.event("BACKGROUND_JOB", Job_UUID="slow")


async def test_variables_come_and_go_as_typed(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {END}")
    uuid = await parked(esl)
    text = "你好: a=b; %0A c"
    await esl.api(f"uuid_setvar {uuid} note {text}")
    assert await esl.api(f"uuid_getvar {uuid} note") == text
    assert await esl.api(f"uuid_getvar {uuid} never_set") == "_undef_"
    await esl.api(f"uuid_setvar_multi {uuid} a=1;b=two words")
    assert json.loads(await esl.api(f"uuid_dump {uuid} json"))["variable_b"] == "two words"
    await esl.api(f"uuid_kill {uuid}")
    assert (await esl.event("CHANNEL_HANGUP_COMPLETE", uuid))["variable_note"] == text


@pytest.mark.parametrize("form", ["", " as json"])
async def test_show_channels_follows_in_its_own_time(esl: Esl, form: str) -> None:
    await esl.command(f"event json CHANNEL_PARK {END}")
    uuid = await parked(esl)

    async def listed() -> bool:
        shown = await esl.api(f"show channels{form}")
        if form:
            return uuid in [row["uuid"] for row in json.loads(shown).get("rows", [])]
        return any(line.startswith(f"{uuid},outbound,") for line in shown.splitlines())

    await becomes(listed, wanted=True)
    await esl.api(f"uuid_kill {uuid}")
    await becomes(listed, wanted=False)


async def becomes(asked: object, *, wanted: bool) -> None:
    assert callable(asked)
    async with asyncio.timeout(PATIENCE_S):
        while await asked() is not wanted:
            await asyncio.sleep(0.02)


async def test_a_long_reply_is_cut_without_a_sign(esl: Esl) -> None:
    reply = await esl.command("filter X-Header " + "a" * 700)
    assert len(reply.reply) == 511


# -- outbound sockets


async def test_the_second_controller_takes_the_call_when_the_first_is_down(
    esl: Esl, controller: Controller
) -> None:
    """Without `linger` its connection may end before the call's last event: that is heard elsewhere."""
    await esl.command("event json CHANNEL_HANGUP_COMPLETE")
    uuid = fresh_uuid()
    where = f"127.0.0.1:1|{controller.address} async full"
    await esl.command(f"bgapi originate {{origination_uuid={uuid}}}null/x '&socket({where})'")
    link, data = await controller.call()
    assert data["Unique-ID"] == uuid
    assert (data["Socket-Mode"], data["Control"]) == ("async", "full")
    assert (await link.command("myevents json")).reply == "+OK Events Enabled"
    assert (await link.command("myevents json")).reply == "-ERR aready enabled."
    await link.execute("set", "a=b: c")
    await link.event("CHANNEL_EXECUTE_COMPLETE", Application="set")
    assert (await link.command("getvar a")).reply == "b: c"
    await link.execute("hangup", "CALL_REJECTED")
    assert (await esl.event("CHANNEL_HANGUP_COMPLETE", uuid))["Hangup-Cause"] == "CALL_REJECTED"
    await link.frame("text/disconnect-notice")
    await link.closing()


async def test_a_dead_first_controller_costs_nothing_with_resume_set(
    esl: Esl, controller: Controller
) -> None:
    """The connection that never was must not reset the channel the second one holds."""
    await esl.command(f"event json {APPS} CHANNEL_PARK")
    uuid = fresh_uuid()
    steps = f"set:socket_resume=true^socket:127.0.0.1:1|{controller.address} async full^park"
    await esl.command(f"bgapi originate {{origination_uuid={uuid}}}null/x 'm:^:{steps}' inline")
    link, _ = await controller.call()
    await link.execute("playback", "tone_stream://%(200,0,440)", Event_UUID="whole")
    done = await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID="whole")
    assert done["Application-Response"] == "FILE PLAYED"
    assert esl.names(uuid).count("CHANNEL_PARK") == 1
    await esl.api(f"uuid_kill {uuid}")


async def test_a_lingering_controller_hears_the_end(esl: Esl, controller: Controller) -> None:
    uuid = fresh_uuid()
    await esl.command(
        f"bgapi originate {{origination_uuid={uuid}}}null/x '&socket({controller.address} async full)'"
    )
    link, _ = await controller.call()
    assert (await link.command("linger 1")).reply == "+OK will linger 1 seconds"
    await link.command("myevents json")
    await esl.api(f"uuid_kill {uuid}")
    await link.event("CHANNEL_HANGUP_COMPLETE")
    notice = await link.frame("text/disconnect-notice")
    assert notice.headers["Content-Disposition"] == "linger"
    assert notice.headers["Linger-Time"] == "1"
    await link.closing()
    assert link.frames[-1].headers["Content-Disposition"] == "disconnect"


async def test_the_dialplan_goes_on_when_the_controller_dies(esl: Esl, controller: Controller) -> None:
    """socket_resume: the caller is not lost with the process that served him."""
    await esl.command(f"event json {APPS} CHANNEL_PARK")
    uuid = fresh_uuid()
    steps = f"set:socket_resume=true^socket:{controller.address} async full^set:went_on=yes^park"
    await esl.command(f"bgapi originate {{origination_uuid={uuid}}}null/x 'm:^:{steps}' inline")
    link, _ = await controller.call()
    await link.execute("playback", "tone_stream://%(60000,0,440)")
    await esl.event("PLAYBACK_START", uuid)
    await link.close()
    await esl.event("CHANNEL_PARK", uuid, nth=2)
    assert await esl.api(f"uuid_getvar {uuid} went_on") == "yes"
    await esl.api(f"uuid_kill {uuid}")


async def test_without_full_only_this_call_can_be_ordered_about(esl: Esl, controller: Controller) -> None:
    await esl.command(f"bgapi originate null/x &socket({controller.address})")
    link, data = await controller.call()
    assert data["Control"] == "single-channel"
    for line in ("api create_uuid", "bgapi create_uuid", "event json ALL", "linger"):
        assert (await link.command(line)).reply == "-ERR command not found"
    assert (await link.command("getvar uuid")).reply == data["Unique-ID"]
    await link.command("exit")
    await link.closing()
    await esl.api("hupall")


async def bridged_from_a_socket(esl: Esl, controller: Controller, variables: str) -> tuple[Esl, str, str]:
    """A caller whose controller holds him while he is bridged to an agent."""
    await esl.command(f"event json {LIFE} {END}")
    caller = fresh_uuid()
    steps = f"{variables}socket:{controller.address} async full^park"
    await esl.command(f"bgapi originate {{origination_uuid={caller}}}null/x 'm:^:{steps}' inline")
    link, _ = await controller.call()
    await link.command("myevents json")
    await link.execute("playback", "tone_stream://%(60000,0,440)", event_lock="true", Event_UUID="music")
    await link.event("CHANNEL_EXECUTE", Application="playback")
    agent = await parked(esl)
    await esl.api(f"uuid_bridge {caller} {agent}")
    return link, caller, agent


async def test_a_prompt_that_a_bridge_interrupts_is_told_as_ended(esl: Esl, controller: Controller) -> None:
    """As an error where its loop sees that the channel has left it, as played where a frame fails before
    that: a busy FreeSWITCH says either, so nobody may rely on the one."""
    link, caller, _agent = await bridged_from_a_socket(esl, controller, "")
    done = await link.event("CHANNEL_EXECUTE_COMPLETE", Application_UUID="music")
    assert done["Application-Response"] in {"PLAYBACK ERROR", "FILE PLAYED"}
    bridge = await link.event("CHANNEL_BRIDGE")
    assert bridge.uuid == caller
    await esl.api("hupall")


async def test_a_controller_that_closes_while_resume_is_set_tears_the_bridge(
    esl: Esl, controller: Controller
) -> None:
    """socket_resume=true and a socket closed at CHANNEL_BRIDGE: the agent is hung up, the caller is
    back in the dialplan. This is why the dialplan sets execute_on_pre_bridge."""
    link, caller, agent = await bridged_from_a_socket(esl, controller, "set:socket_resume=true^")
    await link.event("CHANNEL_BRIDGE")
    await link.close()
    await esl.event("CHANNEL_HANGUP_COMPLETE", agent)
    await esl.event("CHANNEL_PARK", caller, nth=2)
    await esl.api("hupall")


async def test_closing_is_harmless_once_resume_is_off(esl: Esl, controller: Controller) -> None:
    variables = "set:socket_resume=true^set:execute_on_pre_bridge=set socket_resume=false^"
    link, caller, agent = await bridged_from_a_socket(esl, controller, variables)
    off = await link.event("CHANNEL_EXECUTE_COMPLETE", Application_Data="socket_resume=false")
    assert off.uuid == caller
    assert link.names(caller).index("CHANNEL_BRIDGE") < link.events.index(off)
    await link.close()
    await asyncio.sleep(0.2)  # nothing may happen now, so there is nothing to wait for
    assert await esl.api(f"uuid_exists {agent}") == "true"
    assert "CHANNEL_UNBRIDGE" not in esl.names(caller)
    await esl.api("hupall")


async def test_a_break_of_all_drops_what_was_queued(esl: Esl) -> None:
    await esl.command(f"event json CHANNEL_PARK {APPS}")
    uuid = await parked(esl)
    for name in "abc":
        tone = "tone_stream://%(60000,0,440)"
        await esl.execute("playback", tone, uuid, event_lock="true", Event_UUID=name)
    await esl.event("CHANNEL_EXECUTE", uuid, Application_UUID="a")
    await esl.api(f"uuid_break {uuid} all")
    await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID="a")
    await esl.execute("set", "x=y", uuid, event_lock="true", Event_UUID="d")
    await esl.event("CHANNEL_EXECUTE_COMPLETE", uuid, Application_UUID="d")
    begun = [one.get("Application-UUID") for one in esl.events if one.name == "CHANNEL_EXECUTE"]
    assert "b" not in begun
    assert "c" not in begun
    await esl.api(f"uuid_kill {uuid}")


async def test_a_variable_of_the_switch_is_changed_only_if_it_is_what_it_was_thought_to_be(esl: Esl) -> None:
    """The ACD's mark on each switch. The answer is `+OK` either way, so it has to be read again."""
    name = f"sy_{fresh_uuid().replace('-', '_')}"
    assert await esl.api(f"global_getvar {name}") == "-ERR no reply\n"
    assert await esl.api(f"global_setvar {name}=1-a=0-z") == "+OK"
    assert await esl.api(f"global_getvar {name}") == "-ERR no reply\n"
    assert await esl.api(f"global_setvar {name}=1-a") == "+OK"
    assert await esl.api(f"global_setvar {name}=2-b=0-z") == "+OK"
    assert await esl.api(f"global_getvar {name}") == "1-a"
    assert await esl.api(f"global_setvar {name}=2-b=1-a") == "+OK"
    assert await esl.api(f"global_getvar {name}") == "2-b"
    assert await esl.api(f"global_setvar {name}=") == "+OK"
    assert await esl.api(f"global_getvar {name}") == "-ERR no reply\n"


async def test_a_leg_is_taken_out_of_a_talk_to_hear_something_and_talks_again(esl: Esl) -> None:
    """A caller given away: where they go after a talk is not asked meanwhile, only after the next one."""
    await esl.command(f"event json CHANNEL_EXECUTE {LIFE} {END}")
    caller, agent, other = await parked(esl), await parked(esl), await parked(esl)
    await esl.api(f"uuid_setvar {caller} transfer_after_bridge park:inline")
    await esl.api(f"uuid_bridge {caller} {agent}")
    await esl.event("CHANNEL_BRIDGE", caller)
    kept = f"uuid_transfer {caller} endless_playback:silence_stream://-1,park inline"
    assert await esl.api(kept) == "+OK\n"
    await esl.event("CHANNEL_EXECUTE", caller, Application="endless_playback")
    await esl.api(f"uuid_kill {agent}")
    await esl.event("CHANNEL_DESTROY", agent)
    assert await esl.api(f"uuid_exists {caller}") == "true"
    assert await esl.api(f"uuid_getvar {caller} transfer_after_bridge") == "park:inline"
    assert (await esl.api(f"uuid_bridge {caller} {other}")).startswith("+OK")
    await esl.event("CHANNEL_BRIDGE", caller)
    await esl.api(f"uuid_kill {caller}")
    await esl.event("CHANNEL_DESTROY", caller)
    gone = fresh_uuid()
    assert await esl.api(f"uuid_transfer {gone} park inline") == "-ERR No such channel!\n"


async def test_keys_are_sent_to_a_leg_in_a_talk(esl: Esl) -> None:
    """The answer repeats the keys, so it must not be logged; nobody in the talk is disturbed."""
    await esl.command(f"event json {LIFE} {END}")
    caller, agent = await parked(esl), await parked(esl)
    await esl.api(f"uuid_bridge {caller} {agent}")
    await esl.event("CHANNEL_BRIDGE", caller)
    assert await esl.api(f"uuid_send_dtmf {caller} 47#") == f"+OK {caller} sent DTMF 47#.\n"
    assert await esl.api(f"uuid_send_dtmf {caller}") == "-USAGE: <uuid> <dtmf_data>\n"
    gone = fresh_uuid()
    assert await esl.api(f"uuid_send_dtmf {gone} 1") == "-ERR Cannot locate session!\n"
    assert await esl.api(f"uuid_exists {caller}") == await esl.api(f"uuid_exists {agent}") == "true"
    await esl.api(f"uuid_kill {caller}")
    await esl.event("CHANNEL_DESTROY", caller)
