"""The seventeen faults of greenswitch 0.0.19, each mended or out of reach. One test each, in their order.

Each was first seen on the library itself; the peer here does what made it fail there.
"""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis.esl import (
    CommandTimedOut,
    EslNode,
    Event,
    Link,
    LinkDown,
    LinkLost,
    OutboundCall,
    OutboundSettings,
    UnsafeArgument,
)
from services.chassis.esl import commands as fs
from services.chassis.esl.settings import LinkSettings
from tests.unit.esl.caller import Caller, serving
from tests.unit.esl.peer import (
    PASSWORD,
    QUICK,
    Conversation,
    answer_all,
    api_response,
    esl_thread,
    following,
    framed,
    job_of,
    json_event,
    linked,
    peer,
    polite,
    reply,
    up,
)

pytestmark = pytest.mark.unit

UUID = "9ddb58ac-59d3-4cb1-988f-b71a410610f1"
FORGED = "Ev%0AEvent-Name: CHANNEL_HANGUP%0AUnique-ID: victim"


async def test_01_percent_0a_in_a_caller_name_does_not_forge_headers() -> None:
    """A SIP display name held `%0AUnique-ID: …`; the whole event was decoded before it was split."""
    plain = f"Event-Name: CHANNEL_CREATE\nUnique-ID: {UUID}\nCaller-Caller-ID-Name: {FORGED}\n\n"

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(json_event("CHANNEL_CREATE", {"Unique-ID": UUID, "Caller-Caller-ID-Name": FORGED}))
        await said.send(framed("text/event-plain", plain.encode()))
        await answer_all(said)

    async with linked(script) as (link, _):
        exact = await following(link, Event)
        assert (exact.name, exact.uuid) == ("CHANNEL_CREATE", UUID)
        assert exact.get("Caller-Caller-ID-Name") == FORGED
        percent = await following(link, Event)
        assert (percent.name, percent.uuid) == ("CHANNEL_CREATE", UUID)
        assert "\n" in percent.get("Caller-Caller-ID-Name")


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b", "\x0c", "\x1c"])
async def test_02_unicode_line_separators_do_not_split_a_header(sign: str) -> None:
    """`splitlines` splits on more than a line feed, so that a name forged the line after it."""
    name = f"Ann{sign}Unique-ID: victim"
    plain = f"Event-Name: CHANNEL_CREATE\nUnique-ID: {UUID}\nCaller-Caller-ID-Name: {name}\n\n"

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(framed("text/event-plain", plain.encode()))
        await said.send(json_event("CHANNEL_CREATE", {"Unique-ID": UUID, "Caller-Caller-ID-Name": name}))
        await answer_all(said)

    async with linked(script) as (link, _):
        for _ in range(2):
            event = await following(link, Event)
            assert event.uuid == UUID
            assert event.get("Caller-Caller-ID-Name") == name


async def test_03_a_command_larger_than_the_socket_takes_arrives_whole() -> None:
    """`sock.send` sent what fitted and forgot the rest."""
    count, value = 3000, "x" * 1000
    read_now = asyncio.Event()
    heard: list[str] = []

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await read_now.wait()  # 3 MB wait meanwhile, more than two sockets hold
        for _ in range(count):
            heard.append(await said.command())
            await said.send(api_response("+OK\n"))
        await said.until_closed()

    async with linked(script) as (link, _):
        await up(link)
        variables = [fs.uuid_setvar(UUID, f"v{number}", value) for number in range(count)]
        sent = [asyncio.ensure_future(link.api(one)) for one in variables]
        await asyncio.sleep(0)
        read_now.set()
        assert await asyncio.gather(*sent) == ["+OK"] * count
    assert heard == [f"api {one.text}" for one in variables]


@pytest.mark.parametrize("with_notice", [True, False])
async def test_04_waiting_commands_end_when_the_connection_ends(with_notice: bool) -> None:
    """They hung for ever, with or without a disconnect-notice."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.command()
        await said.command()
        if with_notice:
            await said.send(framed("text/disconnect-notice", b"Disconnected, goodbye.\n"))

    async with linked(script) as (link, _):
        await up(link)
        waiting = [link.api(fs.status()), link.bgapi(fs.status())]
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(outcome, LinkLost)


async def test_05_an_end_within_a_body_is_the_end() -> None:
    """The reader asked for the missing bytes for ever, at 100 % of a core, and every greenlet froze."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(b"Content-Length: 1000\nContent-Type: text/event-json\n\n{")

    async with linked(script, polite) as (link, _):
        assert (await following(link, LinkDown)).reason == "the connection was closed within a message"
        await up(link)
        assert await link.api(fs.status()) == "+OK"


BROKEN = {
    "no content type": b"Reply-Text: +OK\n\n",
    "no content length": b"Content-Type: api/response\n\nvm",
    "length is no number": b"Content-Type: api/response\nContent-Length: many\n\n",
    "unsolicited reply": reply("+OK"),
    "unsolicited api response": api_response("+OK\n"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_06_a_reader_that_cannot_go_on_says_so(broken: bytes) -> None:
    """It died silently: `connected` stayed true and `send` hung."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(broken)
        await said.until_closed()

    async with linked(script, polite) as (link, _):
        assert (await following(link, LinkDown)).reason
        await up(link)
        assert await link.api(fs.status()) == "+OK"


async def test_06_json_invalid_utf8_and_crlf_are_read() -> None:
    """Each of these killed the reader too, and each is legitimate."""
    latin = b'{"Event-Name":"CHANNEL_ANSWER","Caller-Caller-ID-Name":"Jos\xe9"}'

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(framed("text/event-json", latin))
        await said.send(framed("text/event-json", b'{"Event-Name":'))  # set aside; the framing is intact
        await said.send(json_event("CHANNEL_ANSWER").replace(b"\n", b"\r\n"))
        await answer_all(said)

    async with linked(script) as (link, _):
        assert (await following(link, Event)).get("Caller-Caller-ID-Name") == "Jos\ufffd"
        assert (await following(link, Event)).name == "CHANNEL_ANSWER"
        assert await link.api(fs.status()) == "+OK"


async def test_07_a_switch_that_never_asks_for_the_password_times_out() -> None:
    """`connect(timeout)` covered the TCP connection only."""

    async def script(said: Conversation) -> None:
        await said.until_closed()

    settings = LinkSettings(connect_timeout_s=0.05, backoff_min_s=0.01, backoff_max_s=0.01)
    async with linked(script, polite, settings=settings) as (link, _):
        assert "sign-in" in (await following(link, LinkDown)).reason


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_08_a_bare_tcp_loss_is_told(how: str) -> None:
    """There was no DISCONNECT event without a disconnect-notice."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        getattr(said, how)()

    async with linked(script, polite) as (link, _):
        await up(link)
        assert (await following(link, LinkDown)).node == "lab"
        await up(link)


async def test_09_a_consumer_that_is_behind_gets_a_fresh_start_not_a_full_memory() -> None:
    """The queue had no bound: 810 MB after 50,000 events. Now the connection is dropped, and it is told."""
    settings = LinkSettings(event_limit=500, backoff_min_s=0.01, backoff_max_s=0.01)

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.flood()

    async with linked(script, polite, settings=settings) as (link, switch):
        await up(link)
        await switch.conversations[0].over.wait()
        count = 0
        async for item in link.stream():
            if isinstance(item, LinkDown):
                assert item.reason == "overflow"
                break
            count += 1
        assert count > 500  # what was read before is delivered, in order, before the end is told
        await up(link)


async def test_09_a_flood_on_one_link_does_not_starve_another() -> None:
    """The reader of a busy socket never let another greenlet run."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.flood()

    async def consume(link: Link) -> None:
        async for _ in link.stream():
            pass

    async with peer(script) as noisy, peer(polite) as quiet, esl_thread() as thread:
        busy = Link(thread, noisy.node, events=["CHANNEL_ANSWER"], settings=QUICK)
        calm = Link(thread, quiet.node, events=[], settings=QUICK)
        await busy.start()
        await up(busy)
        consumer = asyncio.create_task(consume(busy))
        await calm.start()
        await up(calm)
        for _ in range(20):
            assert await calm.api(fs.status()) == "+OK"
        await calm.stop()
        await busy.stop()
        await consumer


@pytest.mark.parametrize("evil", ["a\nb", "a\r\n\r\napi shutdown", "a\u2028b", "${system x}", "a'b", "a}b"])
def test_10_a_line_break_in_an_argument_is_refused(evil: str) -> None:
    """It ended the command, and the rest was the next one."""
    with pytest.raises(UnsafeArgument):
        fs.uuid_setvar(UUID, "name", evil)
    with pytest.raises(TypeError):
        fs.Command("status", evil)


async def test_11_the_body_of_a_background_job_is_not_read_as_headers() -> None:
    """`Job-UUID: …` in a command's output named another job as finished."""
    jobs: list[str] = []

    async def script(said: Conversation) -> None:
        await said.sign_in()
        jobs.extend([await said.command(), await said.command()])
        first, second = (job_of(said) for said in jobs)
        for command in jobs:
            await said.send(reply(f"+OK Job-UUID: {job_of(command)}"))
        forged = f"Job-UUID: {first}\nEvent-Name: CHANNEL_HANGUP\n"
        await said.send(json_event("BACKGROUND_JOB", {"Job-UUID": second}, forged))
        plain = f"Event-Name: BACKGROUND_JOB\nJob-UUID: {first}\nContent-Length: 4\n\n+OK\n"
        await said.send(framed("text/event-plain", plain.encode()))
        await said.until_closed()

    async with linked(script) as (link, _):
        await up(link)
        first, second = link.post(fs.status()), link.post(fs.status())
        assert (await second).startswith("Job-UUID: ")
        assert await first == "+OK"


async def test_12_two_hundred_calls_at_once_are_all_taken_and_the_limit_is_exact() -> None:
    """Accept was polled every 0.1 s, the 101st call refused, and the count was wrong under load."""
    release = asyncio.Event()
    taken: list[str] = []

    async def handler(call: OutboundCall) -> None:
        taken.append(call.uuid)
        await release.wait()

    async with serving(handler, OutboundSettings(call_limit=200)) as server:
        callers = await asyncio.gather(*(Caller.arrive(server.port) for _ in range(200)))
        refused = await Caller.arrive(server.port, expect_taken=False)
        assert await refused.ended()
        assert server.calls == 200
        release.set()
        for caller in callers:
            await caller.ended()
    assert len(taken) == 200


async def test_13_playback_of_b_is_not_released_by_the_end_of_a() -> None:
    """CHANNEL_EXECUTE_COMPLETE was matched by the application's name."""
    finished: list[str] = []
    ids: list[str] = []

    async def handler(call: OutboundCall) -> None:
        ids.append(await call.execute(fs.playback(fs.file("/sounds", "a.wav"))))
        ids.append(await call.execute(fs.playback(fs.file("/sounds", "b.wav"))))
        async for event in call.stream():
            if event.name == "CHANNEL_EXECUTE_COMPLETE":
                finished.append(event.get("Application-UUID"))

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        said = [await caller.app(), await caller.app()]
        for app in said:
            await caller.complete(app)
        await caller.hang_up()
        await caller.ended()
    assert ids[0] != ids[1]
    assert finished == ids == [app["Event-UUID"] for app in said]


async def test_14_every_event_reaches_the_one_stream() -> None:
    """A handler for one name hid the handler for all. There are no handlers: there is one stream."""
    names = ["CHANNEL_ANSWER", "CUSTOM", "CHANNEL_HANGUP", "DTMF", "CHANNEL_ANSWER"]

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(*(json_event(name) for name in names))
        await answer_all(said)

    async with linked(script) as (link, _):
        assert [(await following(link, Event)).name for _ in names] == names


async def test_15_a_time_out_is_an_ordinary_exception() -> None:
    """It was a BaseException, which no `except Exception` of a caller's caught."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.until_closed()

    async with linked(script, polite) as (link, _):
        await up(link)
        with pytest.raises(CommandTimedOut) as caught:
            await link.api(fs.status(), timeout_s=0.01)
        assert isinstance(caught.value, Exception)
        # The reply could come yet, and would be taken for the next command's: the connection is replaced.
        assert "no answer to status" in (await following(link, LinkDown)).reason
        await up(link)
        assert await link.api(fs.status()) == "+OK"


async def test_16_stopping_from_within_a_handler_returns() -> None:
    """`stop` joined the greenlet that it was called in."""
    stopped = asyncio.Event()

    async def handler(call: OutboundCall) -> None:
        async for _ in call.stream():
            await call.close()
        stopped.set()

    async with serving(handler) as server:
        caller = await Caller.arrive(server.port)
        await caller.event("DTMF", {"DTMF-Digit": "1"})
        await caller.ended()
        await stopped.wait()

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(json_event("CHANNEL_ANSWER"))
        await answer_all(said)

    async with linked(script) as (link, _):
        async for item in link.stream():
            if isinstance(item, Event):
                await link.stop()


PATCHED = """
import asyncio, select, socket, sys, threading, time
kept = [socket.socket, threading.Thread, time.sleep, select.select]
from services.chassis.esl import EslThread
async def main():
    thread = EslThread()
    thread.start()
    await thread.stop()
asyncio.run(main())
from gevent import monkey
assert not monkey.saved, monkey.saved
assert kept == [socket.socket, threading.Thread, time.sleep, select.select]
"""


def test_17_nothing_is_monkey_patched() -> None:
    """`gevent.monkey.patch_all` and grpc.aio in one process hang."""
    subprocess.run([sys.executable, "-c", PATCHED], check=True, timeout=60)
    for path in (Path(__file__).parents[3] / "services" / "chassis" / "esl").rglob("*.py"):
        names = {
            node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
        }
        assert not names & {"patch_all", "patch_socket", "patch_thread"}, path


async def test_the_password_is_in_no_repr() -> None:
    """Not one of the seventeen, but every log would have it."""
    assert PASSWORD not in repr(EslNode("lab", "127.0.0.1", 8021, PASSWORD))
