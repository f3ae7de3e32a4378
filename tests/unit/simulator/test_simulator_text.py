"""The simulator's parsers and writers: framing, dial strings, encodings, filters."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeswitch.simulator.causes import known, q850
from freeswitch.simulator.config import Settings
from freeswitch.simulator.dialplan import inline
from freeswitch.simulator.dialstring import head_and_rest, pairs, parse, words
from freeswitch.simulator.events import Event, as_json, as_xml, encode, plain
from freeswitch.simulator.protocol import CommandReader, TooLongError
from freeswitch.simulator.sounds import Sounds
from freeswitch.simulator.subscriptions import Subscription

pytestmark = pytest.mark.unit


@given(st.integers(1, 7), st.lists(st.sampled_from([b"api a\n\n", b"sendmsg\nk: v\r\n\r\n", b"\n\n"])))
def test_commands_are_the_same_however_the_bytes_are_cut(size: int, parts: list[bytes]) -> None:
    data = b"".join(parts)
    whole = [(c.line, c.fields) for c in CommandReader(1_000).feed(data)]
    reader = CommandReader(1_000)
    cut = [(c.line, c.fields) for at in range(0, len(data), size) for c in reader.feed(data[at : at + size])]
    assert cut == whole
    assert not reader.partial


def test_a_body_may_hold_blank_lines() -> None:
    reader = CommandReader(1_000)
    (command,) = reader.feed(b"sendmsg\ncontent-length: 4\n\na\n\nb")
    assert command.body == "a\n\nb"
    assert not reader.partial


def test_a_command_without_an_end_is_not_kept_for_ever() -> None:
    with pytest.raises(TooLongError):
        list(CommandReader(100).feed(b"x" * 101))


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("a b", "a%20b"),
        ("100% and %0A and %0a", "100%25%20and%20%0A%20and%20%250a"),  # transcript 43
        ("x,y/z(1)'~", "x,y/z(1)'~"),
        ("é", "%C3%A9"),
        ("a:b@c;d", "a%3Ab%40c%3Bd"),
    ],
)
def test_plain_values_are_encoded_as_freeswitch_does(text: str, wire: str) -> None:
    assert encode(text) == wire


def test_empty_and_array_values() -> None:
    headers: dict[str, str | list[str]] = {"Empty": "", "List": ["a", "b"]}
    assert plain(headers, None) == b"Empty: _undef_\nList: ARRAY%3A%3Aa|%3Ab\n\n".replace(b"|", b"%7C")
    assert json.loads(as_json(headers, "x")) == {
        "Empty": "",
        "List": ["a", "b"],
        "Content-Length": "1",
        "_body": "x",
    }
    assert as_xml(headers, None).count(b"<List>") == 2


def test_bytes_that_are_no_text_leave_as_they_came() -> None:
    value = b"\xff".decode("utf-8", "surrogateescape")
    assert b"\xff" in as_json({"Name": value}, None)
    assert b"Name: %FF\n" in plain({"Name": value}, None)


def test_an_event_is_written_once_per_format() -> None:
    event = Event("X", {"Event-Name": "X"}, "", None, None)
    assert event.wire("json") is event.wire("json")
    assert event.wire("plain").startswith(b"Content-Length: 15\nContent-Type: text/event-plain\n\n")


def test_dial_strings() -> None:
    shared, rounds = parse("{a=1,b='x, y'}[c=2]user/1,user/2|sofia/gateway/gw/+86")
    assert shared == {"a": "1", "b": "x, y"}
    assert [[leg.url for leg in legs] for legs in rounds] == [
        ["user/1", "user/2"],
        ["sofia/gateway/gw/+86"],
    ]
    assert rounds[0][0].variables == {"c": "2"}
    assert pairs("^^:a=1:b=2,3") == {"a": "1", "b": "2,3"}


def test_the_dial_string_ends_at_the_first_blank_outside_brackets() -> None:
    assert head_and_rest("{n='A B'}user/1 &park() XML") == ("{n='A B'}user/1", "&park() XML")
    assert words("&park() 'a b' '' c") == ["&park()", "a b", "", "c"]


def test_inline_recipes() -> None:
    assert inline("'set:a=1,park'") == [("set", "a=1"), ("park", "")]
    assert inline("m:^:set:a=1,2^park") == [("set", "a=1,2"), ("park", "")]


def test_causes() -> None:
    assert known("user_busy") == known("17") == "USER_BUSY"
    assert known("nonsense") == "NORMAL_CLEARING"
    assert (q850("NO_ROUTE_DESTINATION"), q850("LOSE_RACE")) == ("3", "16")


def test_names_after_custom_are_subclasses() -> None:
    wishes = Subscription()
    assert wishes.event(["json", "CUSTOM", "my::sub", "BACKGROUND_JOB"]).startswith("+OK")
    assert wishes.wanted == {"CUSTOM"}
    assert wishes.subclasses == {"my::sub", "BACKGROUND_JOB"}
    assert wishes.event(["NO_SUCH"]) == "-ERR no keywords supplied"


@pytest.mark.parametrize(
    ("filters", "leg", "passes"),
    [
        (["variable_sy_leg caller"], "caller", True),
        (["variable_sy_leg CALLER"], "caller", True),
        (["variable_sy_leg call"], "caller", False),
        (["variable_sy_leg /^call/"], "caller", True),
        (["variable_sy_leg agent", "Event-Name X"], "caller", True),
        (["Event-Name X", "variable_sy_leg -caller"], "caller", False),
        (["Other-Header x"], "caller", False),
    ],
)
def test_filters(filters: list[str], leg: str, passes: bool) -> None:
    wishes = Subscription()
    for one in filters:
        wishes.filter(one)
    event = Event("X", {"Event-Name": "X", "variable_sy_leg": leg}, "u", None, None)
    assert wishes.passes(event) is passes


def test_how_long_things_sound(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "hello.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(16_000))
    sounds = Sounds(Settings(sounds=(tmp_path,)))
    assert sounds.seconds("hello.wav") == 1.0
    assert sounds.seconds("missing.wav") is None
    assert sounds.seconds("silence_stream://250,1400") == 0.25
    assert sounds.seconds("tone_stream://%(200,100,440);loops=2") == pytest.approx(0.6)
    assert sounds.seconds("local_stream://moh") == float("inf")
    assert sounds.seconds("file_string://hello.wav!missing.wav!hello.wav") == 2.0
    assert Sounds(Settings(file_ms=700)).seconds("anything.wav") == 0.7
