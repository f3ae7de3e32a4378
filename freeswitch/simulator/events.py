"""Events: what they carry, how they are written, who gets them.

An event nobody asked for is never built, and one that several asked for is written once per format:
a busy call makes some sixty events, and this is where their cost is.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import time
import uuid as uuids
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from xml.sax.saxutils import escape

import orjson

Value = str | list[str]
Headers = dict[str, Value]

# What switch_url_encode leaves bare; an existing %XX in capitals is left too, which is why plain
# events cannot be decoded without loss (transcript 43).
_UNSAFE = re.compile(r'%(?![0-9A-F]{2})|[\r\n #&+:;<=>?@\[\\\]^`{|}"]|[^\x20-\x7e]')

# Calling file, function and line of FreeSWITCH 1.11.3-dev for each event.
ORIGINS: Mapping[str, tuple[str, str, str]] = {
    "CHANNEL_STATE": ("switch_channel.c", "switch_channel_perform_set_running_state", "2409"),
    "CHANNEL_CALLSTATE": ("switch_channel.c", "switch_channel_perform_set_callstate", "302"),
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", "626"),
    "CHANNEL_ORIGINATE": ("switch_core_state_machine.c", "switch_core_session_run", "632"),
    "CHANNEL_OUTGOING": ("switch_core_session.c", "switch_core_session_outgoing_channel", "768"),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", "3507"),
    "CHANNEL_PROGRESS_MEDIA": ("switch_channel.c", "switch_channel_perform_mark_pre_answered", "3601"),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", "3848"),
    "CHANNEL_EXECUTE": ("switch_core_session.c", "switch_core_session_exec", "2949"),
    "CHANNEL_EXECUTE_COMPLETE": ("switch_core_session.c", "switch_core_session_exec", "2972"),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", "1002"),
    "CHANNEL_UNPARK": ("switch_ivr.c", "switch_ivr_park", "1213"),
    "CHANNEL_HOLD": ("switch_ivr.c", "switch_ivr_hold", "1558"),
    "CHANNEL_UNHOLD": ("switch_ivr.c", "switch_ivr_unhold", "1638"),
    "CHANNEL_BRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1689"),
    "CHANNEL_UNBRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1879"),
    "CHANNEL_HANGUP": ("switch_channel.c", "switch_channel_perform_hangup", "3447"),
    "CHANNEL_HANGUP_COMPLETE": (
        "switch_core_state_machine.c",
        "switch_core_session_reporting_state",
        "943",
    ),
    "CHANNEL_DESTROY": ("switch_core_session.c", "switch_core_session_perform_destroy", "1588"),
    "CALL_UPDATE": ("mod_sofia.c", "sofia_receive_message", "2133"),
    "DTMF": ("switch_channel.c", "switch_channel_dequeue_dtmf", "678"),
    "PLAYBACK_START": ("switch_ivr_play_say.c", "switch_ivr_play_file", "1649"),
    "PLAYBACK_STOP": ("switch_ivr_play_say.c", "switch_ivr_play_file", "2023"),
    "RECORD_START": ("switch_ivr_async.c", "record_callback", "1482"),
    "RECORD_STOP": ("switch_ivr_async.c", "send_record_stop_event", "1241"),
    "MEDIA_BUG_START": ("switch_core_media_bug.c", "switch_core_media_bug_add", "1014"),
    "MEDIA_BUG_STOP": ("switch_core_media_bug.c", "switch_core_media_bug_destroy", "84"),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", "1580"),
    "HEARTBEAT": ("switch_core.c", "send_heartbeat", "95"),
    "SHUTDOWN": ("switch_core.c", "switch_core_destroy", "3033"),
    "CUSTOM": ("mod_event_socket.c", "parse_command", "2283"),
    "CHANNEL_DATA": ("mod_event_socket.c", "parse_command", "2029"),
}
_ELSEWHERE = ("mod_event_socket.c", "parse_command", "2283")


def _encode_one(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogateescape"))


@functools.lru_cache(maxsize=8_192)
def encode(value: str) -> str:
    """URL-encode as FreeSWITCH writes a plain header, `%0A` in the text left as it is. Most values
    of one event stood in the one before it, hence the cache."""
    return _UNSAFE.sub(_encode_one, value)


def rows(headers: Headers) -> str:
    """Header lines as they stand in a plain event; an empty value shows as `_undef_`."""
    return "".join(
        [
            f"{name}: {encode(value if type(value) is str else flat(value)) or '_undef_'}\n"
            for name, value in headers.items()
        ]
    )


def flat(value: Value) -> str:
    """An array variable as FreeSWITCH shows it in text."""
    return value if isinstance(value, str) else "ARRAY::" + "|:".join(value)


def plain(headers: Headers, body: str | None) -> bytes:
    head = rows(headers)
    if body is None:
        return (head + "\n").encode("utf-8", "surrogateescape")
    content = body.encode("utf-8", "surrogateescape")
    return f"{head}Content-Length: {len(content)}\n\n".encode("utf-8", "surrogateescape") + content


def as_json(headers: Headers, body: str | None) -> bytes:
    if body is not None:
        length = str(len(body.encode("utf-8", "surrogateescape")))
        headers = {**headers, "Content-Length": length, "_body": body}
    return b"{%s}" % fragment(headers)


def fragment(headers: Headers) -> bytes:
    """The inside of a JSON object."""
    try:
        return orjson.dumps(headers)[1:-1]
    except TypeError:
        # Bytes that are not UTF-8 go out as they came in, as they do from FreeSWITCH.
        text = json.dumps(headers, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogateescape")[1:-1]


def as_xml(headers: Headers, body: str | None) -> bytes:
    rows = []
    for name, value in headers.items():
        values = [value] if isinstance(value, str) else value
        rows += [f"    <{name}>{escape(encode(one))}</{name}>\n" for one in values]
    tail = ""
    if body is not None:
        tail = f"  <Content-Length>{len(body.encode())}</Content-Length>\n  <body>{escape(body)}</body>\n"
    return f"<event>\n  <headers>\n{''.join(rows)}  </headers>\n{tail}</event>\n".encode()


WRITERS: Mapping[str, Callable[[Headers, str | None], bytes]] = {
    "plain": plain,
    "json": as_json,
    "xml": as_xml,
}


class Event:
    """One event on its way; each format is written at most once however many clients take it."""

    __slots__ = ("_wire", "body", "headers", "name", "subclass", "uuid")

    def __init__(
        self, name: str, headers: Headers, uuid: str, body: str | None, subclass: str | None
    ) -> None:
        self.name = name
        self.headers = headers
        self.uuid = uuid
        self.body = body
        self.subclass = subclass
        self._wire: dict[str, bytes] = {}

    def get(self, name: str) -> Value | None:
        return self.headers.get(name)

    def keep(self) -> None:
        """It will be sent later: take what it says now, for its channel goes on changing."""

    def wire(self, fmt: str) -> bytes:
        done = self._wire.get(fmt)
        if done is None:
            content = self._content(fmt)
            done = b"Content-Length: %d\nContent-Type: text/event-%s\n\n%s" % (
                len(content),
                fmt.encode(),
                content,
            )
            self._wire[fmt] = done
        return done

    def _content(self, fmt: str) -> bytes:
        return WRITERS[fmt](self.headers, self.body)


class Part:
    """Headers that several events in a row share, and their JSON, written once."""

    __slots__ = ("headers", "json")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.json = fragment(headers)


class ChannelEvent(Event):
    """An event made of parts: most of what it says stood in the one before it. Sent at once, its
    headers are never put together at all; `keep()` does it for one that has to wait."""

    __slots__ = ("_parts",)

    def __init__(self, name: str, uuid: str, parts: list[Part], subclass: str | None) -> None:
        super().__init__(name, {}, uuid, None, subclass)
        self._parts = parts

    def get(self, name: str) -> Value | None:
        for part in self._parts:
            if name in part.headers:
                return part.headers[name]
        return None

    def keep(self) -> None:
        for part in self._parts:
            self.headers = {**self.headers, **part.headers}
        self.wire("json")

    def _content(self, fmt: str) -> bytes:
        if fmt == "json":
            return b"{%s}" % b",".join([part.json for part in self._parts])
        if not self.headers:
            self.keep()
        return super()._content(fmt)


class Listener(Protocol):
    """A connection as the bus sees it."""

    @property
    def everything(self) -> bool: ...
    @property
    def names(self) -> Iterable[str]: ...
    @property
    def own_uuid(self) -> str | None: ...
    def takes(self, event: Event) -> bool: ...
    def offer(self, event: Event) -> None: ...


def _stamps(second: int) -> tuple[str, str]:
    there = time.localtime(second)
    here = time.gmtime(second)
    return time.strftime("%Y-%m-%d %H:%M:%S", there), time.strftime("%a, %d %b %Y %H:%M:%S GMT", here)


class EventBus:
    """Every event of the node passes here, numbered and stamped."""

    def __init__(self, name: str, ipv4: str = "127.0.0.1") -> None:
        self.core_uuid = str(uuids.uuid4())
        self._identity: Headers = {
            "Core-UUID": self.core_uuid,
            "FreeSWITCH-Hostname": name,
            "FreeSWITCH-Switchname": name,
            "FreeSWITCH-IPv4": ipv4,
            "FreeSWITCH-IPv6": "::1",
        }
        self._sequence = itertools.count(1)
        self._second = -1
        self._local = self._gmt = ""
        self._shared: set[Listener] = set()
        self._by_name: dict[str, list[Listener]] = {}
        self._takes_all: list[Listener] = []
        self._own: dict[str, list[Listener]] = {}
        # The simulator's faults may hold back, double or swap events on their way out.
        self.tamper: Callable[[Event, list[Listener]], None] | None = None

    # -- who listens

    def follow(self, listener: Listener) -> None:
        """Take the listener's wishes as they are now; call again after each change."""
        self.forget(listener)
        if listener.own_uuid is not None:
            self._own.setdefault(listener.own_uuid, []).append(listener)
            return
        self._shared.add(listener)
        self._index()

    def forget(self, listener: Listener) -> None:
        if listener.own_uuid is not None and listener.own_uuid in self._own:
            rest = [one for one in self._own[listener.own_uuid] if one is not listener]
            if rest:
                self._own[listener.own_uuid] = rest
            else:
                del self._own[listener.own_uuid]
        if listener in self._shared:
            self._shared.discard(listener)
            self._index()

    def _index(self) -> None:
        self._by_name = {}
        self._takes_all = [one for one in self._shared if one.everything]
        for listener in self._shared.difference(self._takes_all):
            for name in listener.names:
                self._by_name.setdefault(name, []).append(listener)

    def listeners(self, name: str, uuid: str) -> list[Listener]:
        found = self._by_name.get(name, [])
        if self._takes_all:
            found = [*found, *self._takes_all]
        own = self._own.get(uuid)
        return found if own is None else [*found, *(one for one in own if name in one.names)]

    # -- making and sending

    def base(self, name: str, origin: tuple[str, str, str] | None = None) -> Headers:
        """The headers every event opens with."""
        now = time.time_ns() // 1_000
        second = now // 1_000_000
        if second != self._second:
            self._second = second
            self._local, self._gmt = _stamps(second)
        file, function, line = origin or ORIGINS.get(name, _ELSEWHERE)
        return {
            "Event-Name": name,
            **self._identity,
            "Event-Date-Local": self._local,
            "Event-Date-GMT": self._gmt,
            "Event-Date-Timestamp": str(now),
            "Event-Calling-File": file,
            "Event-Calling-Function": function,
            "Event-Calling-Line-Number": line,
            "Event-Sequence": str(next(self._sequence)),
        }

    def fire(
        self,
        name: str,
        headers: Headers,
        *,
        body: str | None = None,
        subclass: str | None = None,
        origin: tuple[str, str, str] | None = None,
        owner: str = "",
    ) -> None:
        """An event of no channel, or of the one `owner` controls (its job's result)."""
        found = self.listeners(name, owner)
        if found:
            self.send(Event(name, self.base(name, origin) | headers, owner, body, subclass), found)

    def send(self, event: Event, listeners: list[Listener]) -> None:
        if self.tamper is not None:
            event.keep()
            self.tamper(event, listeners)
            return
        self.deliver(event, listeners)

    @staticmethod
    def deliver(event: Event, listeners: list[Listener]) -> None:
        for listener in listeners:
            if listener.takes(event):
                listener.offer(event)
