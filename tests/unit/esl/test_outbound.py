"""A call's life in our hands: taken, driven, let go or hung up."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis.esl import LinkLost, OutboundCall, OutboundServer, OutboundSettings
from services.chassis.esl import commands as fs
from tests.unit.esl.caller import Caller, serving
from tests.unit.esl.peer import esl_thread, reply

pytestmark = pytest.mark.unit


async def test_a_call_is_known_driven_and_ends() -> None:
    seen: list[str] = []

    async def handler(call: OutboundCall) -> None:
        seen.extend([call.uuid, call.channel.get("Caller-Caller-ID-Name"), call.channel.variable("sy_leg")])
        await call.execute(fs.answer())
        await call.execute(fs.playback_loop(fs.music("moh")))
        seen.extend([event.name async for event in call.stream()])

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port, name="O'Brien, Ann; 李雷")
        answer, music = await caller.app(), await caller.app()
        await caller.complete(answer)
        await caller.hang_up()
        assert await caller.ended()
    assert seen[:3] == [caller.uuid, "O'Brien, Ann; 李雷", "caller"]
    assert seen[3:] == ["CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP_COMPLETE"]
    assert answer == {
        "call-command": "execute",
        "execute-app-name": "answer",
        "event-lock": "true",
        "Event-UUID": answer["Event-UUID"],
    }
    assert (music["execute-app-arg"], music["loops"]) == ("local_stream://moh", "-1")


async def test_hanging_up_names_the_cause_and_minds_no_dead_call() -> None:
    async def handler(call: OutboundCall) -> None:
        await call.hangup("USER_BUSY")
        async for _ in call.stream():
            pass
        await call.hangup()
        with pytest.raises(LinkLost):
            await call.execute(fs.answer())

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        assert await caller.app() == {"call-command": "hangup", "hangup-cause": "USER_BUSY"}
        await caller.hang_up()
        assert await caller.ended()


async def test_a_handler_that_returns_lets_go_without_hanging_up() -> None:
    async def handler(_call: OutboundCall) -> None:
        return

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        assert await caller.command() == "exit"
        await caller.send(reply("+OK"))
        assert await caller.ended()
        assert caller.heard[-1] == "exit"


async def test_letting_go_of_a_bridged_call_leaves_the_bridge_alone() -> None:
    """`resume` would have FreeSWITCH reset the channel when the socket ends: the agent is hung up."""

    async def handler(call: OutboundCall) -> None:
        async for event in call.stream():
            if event.name == "CHANNEL_BRIDGE":
                return

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        await caller.event("CHANNEL_BRIDGE")
        assert await caller.ended()
        assert not [said for said in caller.heard if said.startswith("resume")]


async def test_a_handler_that_fails_lets_go_so_that_the_dialplan_goes_on() -> None:
    async def handler(_call: OutboundCall) -> None:
        raise KeyError("a defect")

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        assert await caller.ended()
        assert caller.heard[-1] == "exit"
        again = await Caller.arrive(server.port)
        assert await again.ended()


@pytest.mark.parametrize("how", ["good_bye", "reset"])
async def test_the_stream_ends_with_the_connection(how: str) -> None:
    ended = asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        async for _ in call.stream():
            pass
        ended.set()

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        outcome = getattr(caller, how)()
        if outcome is not None:
            await outcome
        await ended.wait()
        caller.close()


async def test_what_is_no_call_is_shown_the_door() -> None:
    async def handler(_call: OutboundCall) -> None:
        raise AssertionError("never reached")

    settings = OutboundSettings(handshake_timeout_s=0.05)
    async with serving(handler, settings) as server:
        silent = await Caller.arrive(server.port, expect_taken=False)
        assert await silent.command() == "connect"
        rude = await Caller.arrive(server.port, expect_taken=False)
        await rude.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await rude.ended()
        assert await silent.ended()


async def test_a_socket_without_full_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    async def handler(_call: OutboundCall) -> None:
        raise AssertionError("never reached")

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port, expect_taken=False)
        await caller.command()
        await caller.send(f"Event-Name: CHANNEL_DATA\nUnique-ID: {caller.uuid}\n".encode())
        await caller.send(b"Content-Type: command/reply\n\n")
        await caller.command()
        await caller.send(reply("-ERR command not found"))
        await caller.command()
        await caller.send(reply("-ERR command not found"))
        assert await caller.ended()
    assert "async full" in capsys.readouterr().out


async def test_a_taken_port_is_an_error_at_start() -> None:
    async def handler(_call: OutboundCall) -> None:
        return

    async with serving(handler) as first, esl_thread() as thread:
        second = OutboundServer(thread, "127.0.0.1", first.port, handler)
        with pytest.raises(OSError, match="in use"):
            await second.start()
        await second.stop()


async def test_stopping_waits_for_calls_then_lets_go_of_them() -> None:
    taken = asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        taken.set()
        async for _ in call.stream():
            pass

    async with esl_thread() as thread:
        server = OutboundServer(thread, "127.0.0.1", 0, handler)
        await server.start()
        caller = await Caller.arrive(server.port)
        await taken.wait()
        stopping = asyncio.create_task(server.stop(drain_s=0.01))
        assert await caller.command() == "exit"
        await caller.send(reply("+OK"))
        assert await caller.ended()
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await Caller.arrive(server.port)
