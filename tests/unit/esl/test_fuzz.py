"""What a real FreeSWITCH said, garbled: bytes flipped, lost, doubled, out of place, in any pieces, cut off.

A switch in trouble, a proxy that mangles, or somebody else's program on the port must cost a connection at
most: nothing hangs, nothing dies, nothing grows, and the next connection is as good as ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.esl import Event, LinkDown, LinkUp, OutboundCall
from services.chassis.esl import commands as fs
from services.chassis.esl.errors import EslError, ProtocolError
from services.chassis.esl.framing import Framer
from tests.unit.esl.caller import Caller, serving
from tests.unit.esl.peer import Conversation, linked, polite

pytestmark = pytest.mark.unit

TRANSCRIPTS = [
    path.read_bytes()
    for path in sorted((Path(__file__).parents[2] / "transcripts" / "esl").glob("*.s2c.bin"))
]
SPAN = 12_000  # of a transcript: sign-in, some replies, some events
HEADS = (  # where a wrong byte does most
    b"Content-Length: 99999999999\n",
    b"Content-Length: -1\n",
    b"Content-Length: 0\n",
    b"Content-Type: api/response\n",
    b"Content-Type: text/disconnect-notice\n\n",
    b"Content-Type: auth/request\n\n",
    b"\n\n",
    b"\r\n\r\n",
    b"\0",
    b"{",
    b"\xff\xfe",
)


@dataclass(frozen=True)
class Garbled:
    """One connection's worth of bytes, and how it comes."""

    data: bytes
    cuts: tuple[int, ...]
    signed_in: bool
    """Whether the sign-in before it is in order."""

    def pieces(self) -> list[bytes]:
        edges = [0, *sorted(cut % (len(self.data) + 1) for cut in self.cuts), len(self.data)]
        return [self.data[a:b] for a, b in pairwise(edges)]


@st.composite
def garbled(draw: st.DrawFn) -> Garbled:
    source = draw(st.sampled_from(TRANSCRIPTS))
    start = draw(st.integers(0, max(0, len(source) - 1)))
    data = bytearray(source[start : start + SPAN] if draw(st.booleans()) else source[:SPAN])
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(("flip", "lose", "double", "insert", "head", "cut"))):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "lose":
                del data[at : at + draw(st.integers(1, 200))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 2_000))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=40))
            case "head":
                data[at:at] = draw(st.sampled_from(HEADS))
            case "cut":
                del data[at:]
    cuts = draw(st.lists(st.integers(0, SPAN), max_size=8))
    return Garbled(bytes(data), tuple(cuts), draw(st.booleans()))


@settings(max_examples=400, deadline=None)
@given(garbled())
def test_the_framer_holds_no_more_than_one_message_of_the_largest_size(given: Garbled) -> None:
    framer = Framer(2_000, 3_000)
    largest = 2_000 + 3_000 + 4
    try:
        for piece in given.pieces():
            for at in range(0, len(piece), 500):
                framer.feed(piece[at : at + 500])
                assert framer.held <= largest + 500
    except ProtocolError:
        return


async def say(given: Garbled, said: Conversation) -> None:
    if given.signed_in:
        await said.sign_in()
    for piece in given.pieces():
        await said.send(piece)
        await asyncio.sleep(0)


@settings(max_examples=25, deadline=None)
@given(st.lists(garbled(), min_size=1, max_size=12))
def test_a_garbled_switch_costs_a_connection_and_no_more(streams: list[Garbled]) -> None:
    with defects() as found:
        asyncio.run(_link_outlives(streams))
    assert not found


async def _link_outlives(streams: Sequence[Garbled]) -> None:
    scripts = [partial(say, given) for given in streams]
    async with asyncio.timeout(60), linked(*scripts, polite) as (link, switch):
        async for item in link.stream():
            assert isinstance(item, Event | LinkUp | LinkDown)
            if isinstance(item, LinkUp) and len(switch.conversations) > len(streams):
                break
        assert await link.api(fs.status()) == "+OK"


@settings(max_examples=25, deadline=None)
@given(st.lists(garbled(), min_size=1, max_size=12))
def test_garbled_calls_cost_themselves_and_no_other_call(streams: list[Garbled]) -> None:
    with defects() as found:
        asyncio.run(_server_outlives(streams))
    assert not found


async def _server_outlives(streams: Sequence[Garbled]) -> None:
    async def handler(call: OutboundCall) -> None:
        try:
            await call.execute(fs.answer())
        except EslError:
            return
        async for event in call.stream():
            assert isinstance(event, Event)

    async with asyncio.timeout(60), serving(handler) as server:
        await asyncio.gather(*(_calls(server.port, given) for given in streams))
        caller = await Caller.arrive(server.port)
        assert (await caller.app())["execute-app-name"] == "answer"
        await caller.hang_up()
        assert await caller.ended()


async def _calls(port: int, given: Garbled) -> None:
    """A call whose switch talks rubbish, from the first byte or once it was taken."""
    caller = await Caller.arrive(port, expect_taken=given.signed_in)
    try:
        for piece in given.pieces():
            await caller.send(piece)
        caller.writer.write_eof()
        while await caller.reader.read(65_536):
            pass
    except OSError:
        pass  # it was closed on us, as it should be
    finally:
        caller.reset()


class defects(logging.Handler):  # noqa: N801 - read as a word
    """What the reader logs of itself when something happens that it does not know."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def __enter__(self) -> list[str]:
        logging.getLogger().addHandler(self)
        return self.found

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())
