"""A link's life: it comes up, is lost, comes back, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from services.chassis.esl import (
    CommandFailed,
    CommandTimedOut,
    EslNode,
    EslThread,
    Event,
    Link,
    LinkDown,
    LinkLost,
    LinkSettings,
    LinkUp,
    NotPermitted,
    TooManyCommands,
)
from services.chassis.esl import commands as fs
from services.chassis.esl.link import LINES
from tests.unit.esl.peer import (
    CORE_UUID,
    QUICK,
    Conversation,
    answer_all,
    api_response,
    esl_thread,
    following,
    job_of,
    json_event,
    linked,
    peer,
    polite,
    reply,
    up,
)

pytestmark = pytest.mark.unit

A = "9ddb58ac-59d3-4cb1-988f-b71a410610f1"
B = "9ddb58ac-59d3-4cb1-988f-b71a410610f2"


async def test_a_link_tells_who_it_reached_before_anything_else() -> None:
    """An event between the subscription and the sign of life must not come before LinkUp."""

    async def script(said: Conversation) -> None:
        await said.welcome()
        await said.command()
        await said.send(reply("+OK event listener enabled json"), json_event("CHANNEL_ANSWER"))
        await said.job(await said.command(), "UP\n")
        await answer_all(said)

    async with linked(script) as (link, switch):
        stream = link.stream()
        assert await anext(stream) == LinkUp("lab", CORE_UUID, "fslab")
        assert link.up
        early = await anext(stream)
        assert isinstance(early, Event)
        assert early.name == "CHANNEL_ANSWER"
        assert early.received_at > 0
        assert switch.conversations[0].heard[1] == "event json CHANNEL_ANSWER BACKGROUND_JOB"


async def test_a_lost_link_comes_back_and_subscribes_again() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()

    async with linked(script, script, polite) as (link, switch):
        kinds = [type(await anext(link.stream())) for _ in range(5)]
        assert kinds == [LinkUp, LinkDown, LinkUp, LinkDown, LinkUp]
        assert [said.heard[1] for said in switch.conversations] == [switch.conversations[0].heard[1]] * 3
        assert await link.api(fs.status()) == "+OK"


async def test_up_and_down_in_one_packet_are_told_in_that_order() -> None:
    """The end once overtook LinkUp, and a link stayed `up` on a dead connection."""

    async def script(said: Conversation) -> None:
        await said.welcome()
        await said.command()
        await said.send(reply("+OK"))
        job = job_of(await said.command())
        notice = b"Content-Type: text/disconnect-notice\nContent-Length: 0\n\n"
        await said.send(reply("+OK Job"), json_event("BACKGROUND_JOB", {"Job-UUID": job}, "UP\n"), notice)

    async with linked(script, polite) as (link, _):
        kinds = [type(await anext(link.stream())) for _ in range(3)]
        assert kinds == [LinkUp, LinkDown, LinkUp]


async def test_a_wrong_password_is_named() -> None:
    async with peer(polite) as switch, esl_thread() as thread:
        node = EslNode("lab", "127.0.0.1", switch.port, "wrong")
        link = Link(thread, node, events=[], settings=QUICK)
        await link.start()
        assert (await following(link, LinkDown)).reason == "the switch refused the password"
        with pytest.raises(LinkLost, match="refused the password"):
            await link.api(fs.status())
        with pytest.raises(LinkLost):
            await link.post(fs.status())
        await link.stop()


async def test_nobody_listening_is_told_once() -> None:
    async with esl_thread() as thread, peer(polite) as switch:
        node = switch.node
        await switch.stop()
        link = Link(thread, node, events=[], settings=QUICK)
        await link.start()
        assert "refused" in (await following(link, LinkDown)).reason
        await link.stop()
        assert [item async for item in link.stream()] == []


async def test_refusals_are_ordinary_answers() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.command()
        await said.send(api_response("-ERR No such channel!\n"))
        await said.job(await said.command(), "-USAGE: <uuid>\n")
        await said.command()
        await said.send(reply("-ERR permission denied"))
        await said.until_closed()

    async with linked(script) as (link, _):
        await up(link)
        with pytest.raises(CommandFailed) as refused:
            await link.api(fs.uuid_kill(A))
        assert refused.value.reply == "-ERR No such channel!"
        with pytest.raises(CommandFailed, match="USAGE"):
            await link.bgapi(fs.uuid_kill(A))
        with pytest.raises(CommandFailed, match="permission"):
            await link.bgapi(fs.uuid_kill(A))


async def test_jobs_are_sent_in_order_and_answered_in_any() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        said_all = [await said.command() for _ in range(5)]
        await said.send(reply("+OK Job") * 5)
        for command in reversed(said_all):
            verb = command.split("\n")[0]
            await said.send(json_event("BACKGROUND_JOB", {"Job-UUID": job_of(command)}, f"+OK {verb}\n"))
        await said.until_closed()

    async with linked(script) as (link, switch):
        await up(link)
        commands = [fs.uuid_setvar(A, "n", str(number)) for number in range(5)]
        posted = [link.post(command) for command in commands]
        assert await asyncio.gather(*posted) == [f"+OK bgapi {command.text}" for command in commands]
        heard = [said.split("\n")[0] for said in switch.conversations[0].heard[-5:]]
        assert heard == [f"bgapi {command.text}" for command in commands]


async def test_the_results_of_others_jobs_are_passed_over() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(json_event("BACKGROUND_JOB", {"Job-UUID": A}, "+OK\n"), json_event("CHANNEL_ANSWER"))
        await answer_all(said)

    async with linked(script) as (link, _):
        assert (await following(link, Event)).name == "CHANNEL_ANSWER"


async def test_a_late_job_does_not_cost_the_connection() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.command()
        await said.send(reply("+OK Job"))
        await answer_all(said)

    async with linked(script) as (link, switch):
        await up(link)
        with pytest.raises(CommandTimedOut):
            await link.bgapi(fs.status(), timeout_s=0.01)
        assert await link.api(fs.status()) == "+OK"
        assert len(switch.conversations) == 1


async def test_too_many_unanswered_commands_are_refused_not_piled_up() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.until_closed()

    settings = LinkSettings(command_limit=3)
    async with linked(script, settings=settings) as (link, _):
        await up(link)
        waiting = [link.post(fs.status()) for _ in range(3)]
        with pytest.raises(TooManyCommands):
            await link.api(fs.status())
        with pytest.raises(TooManyCommands):
            await link.post(fs.status())
        await link.stop()
        for future in waiting:
            with pytest.raises(LinkLost):
                await future


async def test_a_switch_that_falls_silent_is_given_up() -> None:
    """A host that dies ends no TCP connection: only an unanswered question shows it."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.command()
        await said.until_closed()

    settings = LinkSettings(
        ping_interval_s=0.05, command_timeout_s=0.5, backoff_min_s=0.01, backoff_max_s=0.01
    )
    async with linked(script, polite, settings=settings) as (link, switch):
        await up(link)
        assert "no answer to status" in (await following(link, LinkDown)).reason
        assert switch.conversations[0].heard[-1] == "api status"
        await up(link)


async def test_uuids_of_an_empty_and_of_a_busy_switch() -> None:
    """A name may hold a line end, and what follows it is no channel."""
    busy = f"uuid,direction,cid_name\n{A},inbound,Li\nBei,x\n{B},outbound,王, 芳\n\n2 total.\n"
    answers = ["\n0 total.\n", busy, "".join(f"u{n},inbound,\n" for n in range(LINES + 1))]

    async def script(said: Conversation) -> None:
        await said.sign_in()
        for one in answers:
            await said.job(await said.command(), one)
        await said.until_closed()

    async with linked(script) as (link, _):
        await up(link)
        assert await link.uuids() == set()
        assert await link.uuids() == {A, B}
        assert len(await link.uuids()) == LINES + 1


async def test_channels_are_counted_and_what_is_no_count_is_refused() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        for one in ("\n0 total.\n", "\n10000 total.\n", "\n"):
            await said.command()
            await said.send(api_response(one))
        await said.until_closed()

    async with linked(script) as (link, _):
        await up(link)
        assert await link.channel_count() == 0
        assert await link.channel_count() == 10_000
        with pytest.raises(CommandFailed):
            await link.channel_count()


async def test_the_reaction_to_an_event_is_measured() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()
        await said.send(json_event("CHANNEL_ANSWER"))
        await answer_all(said)

    def count() -> float:
        return REGISTRY.get_sample_value("switchyard_esl_reaction_seconds_count", {"role": "test"}) or 0

    async with linked(script) as (link, _):
        event = await following(link, Event)
        before = count()
        await link.api(fs.status(), caused_by=event)
        await link.bgapi(fs.status(), caused_by=event)
        await link.api(fs.status())
        assert count() == before + 2


async def test_a_busy_link_tickles_and_an_idle_one_is_quiet() -> None:
    """Empty lines make FreeSWITCH look into its queue; the peer skips them as FreeSWITCH does."""
    seen = asyncio.Event()

    async def script(said: Conversation) -> None:
        await said.sign_in()
        first = await said.reader.readexactly(1)
        assert first == b"\n"
        seen.set()
        await answer_all(said)

    settings = LinkSettings(tickle_interval_ms=1, tickle_window_ms=50)
    async with linked(script, settings=settings) as (link, _):
        await up(link)
        await seen.wait()
        assert await link.api(fs.status()) == "+OK"


async def test_a_mere_look_does_not_make_a_link_busy() -> None:
    """An owner looked at its marks eight times a second, and each look had it send empty lines for the next
    tenth of a second: 400 a second for ever, half of what 10,000 waiting callers cost."""

    async def script(said: Conversation) -> None:
        await said.sign_in()
        await answer_all(said)

    async with linked(script) as (link, _):
        await up(link)
        assert link._connection is not None
        wire = link._connection._wire
        before = wire._busy_until
        assert await link.peek(fs.status()) == "+OK"
        assert wire._busy_until == before
        assert await link.api(fs.status()) == "+OK"
        assert wire._busy_until > before


async def test_a_broken_delivery_does_not_stop_those_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    async with esl_thread() as thread:
        lane, got = thread.lane(), asyncio.Event()

        def broken(_item: object) -> None:
            raise RuntimeError("a defect")

        lane.put(broken, None)
        lane.put(lambda _item: got.set(), None)
        lane.wake()
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await got.wait()


async def test_a_flapping_link_that_nobody_reads_fills_nothing() -> None:
    async def script(said: Conversation) -> None:
        await said.sign_in()

    async with linked(*[script] * 6, polite) as (link, switch):
        while len(switch.conversations) < 7 or not link.up:
            await asyncio.sleep(0.01)  # nothing may be read from the stream, so there is nothing to wait for
        assert [type(await anext(link.stream())) for _ in range(3)] == [LinkUp, LinkDown, LinkUp]


async def test_a_thread_starts_once_and_stops_with_links_open() -> None:
    async with peer(polite) as switch:
        thread = EslThread()
        thread.start()
        with pytest.raises(RuntimeError):
            thread.start()
        link = Link(thread, switch.node, events=[], settings=QUICK)
        await link.start()
        await up(link)
        await thread.stop()
        assert not link.up
        await link.stop()
        await thread.stop()


@pytest.mark.parametrize("password", ["", "a\nb", "a\u2028b"])
def test_a_password_that_would_be_a_command_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="password of node lab"):
        EslNode("lab", "127.0.0.1", 8021, password)


async def test_who_may_command_no_more_is_refused_and_may_still_look() -> None:
    may = [True]
    async with linked(polite, permit=lambda: may[0]) as (link, switch):
        await up(link)
        assert await link.api(fs.uuid_kill(A)) == "+OK"
        may[0] = False
        for refused in (link.ask(fs.uuid_kill(A)), link.post(fs.uuid_kill(A)), link.job(fs.uuid_kill(A))):
            with pytest.raises(NotPermitted):
                await refused
        with pytest.raises(NotPermitted):
            await link.api(fs.uuid_kill(A))
        assert await link.peek(fs.status()) == "+OK"
        assert sum("uuid_kill" in said for said in switch.conversations[0].heard) == 1


async def test_a_command_stopped_on_its_way_is_never_sent() -> None:
    """Permitted when it was given, no more when it would go out: the process slept in between."""
    answers = [True]
    async with linked(polite, permit=lambda: answers.pop(0) if answers else False) as (link, switch):
        await up(link)
        with pytest.raises(LinkLost, match="not permitted"):
            await link.ask(fs.uuid_kill(A))
        assert not any("uuid_kill" in said for said in switch.conversations[0].heard)
