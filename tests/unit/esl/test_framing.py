"""The framing against what a real FreeSWITCH sent, whole and in any pieces, and against what is no ESL."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.esl.decode import connected, event_of
from services.chassis.esl.errors import ProtocolError
from services.chassis.esl.framing import Frame, Framer

pytestmark = pytest.mark.unit

TRANSCRIPTS = sorted((Path(__file__).parents[2] / "transcripts" / "esl").glob("*.s2c.bin"))
EVENTS = ("text/event-json", "text/event-plain")


def transcript(name: str) -> bytes:
    (path,) = (path for path in TRANSCRIPTS if path.name.startswith(name))
    return path.read_bytes()


def framed(data: bytes) -> list[Frame]:
    return Framer(1 << 20, 1 << 25).feed(data)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.name.split(".")[0])
def test_a_real_switch_is_understood_to_the_last_byte(path: Path) -> None:
    framer = Framer(1 << 20, 1 << 25)
    frames = framer.feed(path.read_bytes())
    assert not framer.midway
    for frame in frames:
        if frame.kind in EVENTS:
            assert event_of(frame, 1.0).name


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.name.split(".")[0])
def test_byte_by_byte_gives_the_same(path: Path) -> None:
    data = path.read_bytes()[:20_000]
    framer = Framer(1 << 20, 1 << 25)
    assert [frame for byte in data for frame in framer.feed(bytes([byte]))] == framed(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TRANSCRIPTS), st.lists(st.integers(0, 20_000), max_size=30))
def test_any_chunks_give_the_same(path: Path, cuts: list[int]) -> None:
    data = path.read_bytes()[:20_000]
    edges = [0, *sorted(cuts), len(data)]
    framer = Framer(1 << 20, 1 << 25)
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert [frame for piece in pieces for frame in framer.feed(piece)] == framed(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_rubbish_is_framed_refused_or_waited_for(data: bytes) -> None:
    framer = Framer(64, 64)
    try:
        frames = framer.feed(data)
    except ProtocolError:
        return
    assert sum(len(frame.body) for frame in frames) <= len(data)


def test_json_gives_odd_values_exactly() -> None:
    frames = framed(transcript("43-"))
    (event,) = (event_of(frame, 0.0) for frame in frames if frame.kind == "text/event-json")
    assert event.variable("a_xml") == '<x>&"'
    assert event.array("variable_a_arr") == ["one", "two"]
    assert event.variable("a_arr") == "one"


def test_a_percent_encoded_name_with_a_line_end_in_it_forges_no_header() -> None:
    """The caller's name was `Ev%0AReply-Text: -ERR x: y,z`, which FreeSWITCH leaves as it is."""
    frames = framed(transcript("40-"))
    events = [event_of(frame, 0.0) for frame in frames if frame.kind == "text/event-plain"]
    assert events
    assert all(event.get("Caller-Caller-ID-Name").startswith("Ev\n") for event in events)
    assert not any("Reply-Text" in event.headers for event in events)


def test_the_answer_to_connect_is_the_channel() -> None:
    channel = connected(framed(transcript("50-"))[0], 2.5)
    assert channel.name == "CHANNEL_DATA"
    assert channel.uuid == "9ddb58ac-59d3-4cb1-988f-b71a410610f1"
    assert channel.variable("sip_from_uri") == "2001@127.0.0.1:5304"
    assert channel.received_at == 2.5


def test_a_jobs_result_is_its_body() -> None:
    events = [event_of(frame, 0.0) for frame in framed(transcript("11-")) if frame.kind in EVENTS]
    assert all(event.name == "BACKGROUND_JOB" for event in events)
    assert any(event.body.startswith("-ERR") for event in events)


def test_line_ends_of_a_proxy_are_accepted() -> None:
    (first, second) = framed(
        b"Content-Type: api/response\r\nContent-Length: 2\r\n\r\nvm\r\n\r\n"
        b"Content-Type: command/reply\nReply-Text: +OK\n\n"
    )
    assert (first.kind, first.body) == ("api/response", b"vm")
    assert second.headers["Reply-Text"] == "+OK"


@pytest.mark.parametrize(
    "sent",
    [
        b"Reply-Text: +OK\n\n",
        b"Content-Type: api/response\n\n",
        b"Content-Type: text/event-json\n\n{}",
        b"Content-Type: api/response\nContent-Length: -5\n\n",
        b"Content-Type: api/response\nContent-Length: 1e9\n\n",
        b"Content-Type: api/response\nContent-Length: 101\n\n",
        b"X-Endless: " + b"x" * 200,
    ],
)
def test_what_is_no_esl_is_refused_by_name(sent: bytes) -> None:
    with pytest.raises(ProtocolError):
        Framer(100, 100).feed(sent)


def test_the_first_header_of_a_name_counts() -> None:
    (frame,) = framed(b"Content-Type: command/reply\nReply-Text: +OK\nReply-Text: -ERR\n\n")
    assert frame.headers["Reply-Text"] == "+OK"


@pytest.mark.parametrize("body", [b"[1]", b"{", b'"text"', b"\xff"])
def test_an_event_that_is_no_object_is_refused(body: bytes) -> None:
    frame = Frame({"Content-Type": "text/event-json"}, body)
    with pytest.raises(ProtocolError):
        event_of(frame, 0.0)
