"""Cuts what a socket gives into ESL messages. Pure: bytes in, frames out, whatever the chunks.

A message is a head of `Name: value` lines, an empty line, and `Content-Length` bytes of body. Lines are
split on the bytes before anything is decoded, so no character of a caller's name can begin a new one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from services.chassis.esl.errors import ProtocolError

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,12}")
_BODY_REQUIRED = ("api/response", "text/event-json", "text/event-plain", "text/event-xml", "log/data")
# Nearly all that comes is an event, and FreeSWITCH always writes its head so: a third of the time is saved.
_EVENT_HEAD = re.compile(rb"Content-Length: ([0-9]{1,12})\nContent-Type: text/event-json\n\n")
_EVENT_HEADERS = {"Content-Type": "text/event-json"}
_END_LONGEST = 4  # \r\n\r\n
_LINE_ENDS = b"\r\n"


class Frame(NamedTuple):
    """One message. Header values are as sent: percent signs are not touched here."""

    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The message's Content-Type."""
        return self.headers["Content-Type"]


class Framer:
    """Holds what is not yet a whole message. After a ProtocolError it is of no more use."""

    def __init__(self, header_limit_bytes: int, body_limit_bytes: int) -> None:
        self._header_limit = header_limit_bytes
        self._body_limit = body_limit_bytes
        self._buffer = bytearray()
        self._scanned = 0  # so far there is no end of a head: a head that drips in costs no quadratic search
        self._head: dict[str, str] | None = None
        self._body_length = 0

    @property
    def midway(self) -> bool:
        """Whether a message has begun and not ended: an end of the connection now is a broken one."""
        return self._head is not None or bool(self._buffer)

    @property
    def held(self) -> int:
        """Bytes kept of a message that is not whole yet: at most a head and a body of the largest size."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The messages which `data` completes. Raises ProtocolError on what is no ESL or too large."""
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while (at := self._step(at, frames)) >= 0:
            pass
        return frames

    def _step(self, at: int, frames: list[Frame]) -> int:
        """Takes one message from position `at`; its end, or -1 after putting the buffer right."""
        if self._head is None:
            at = self._take_head(at)
            if self._head is None:
                self._keep_from(at)
                return -1
        end = at + self._body_length
        if end > len(self._buffer):
            self._keep_from(at)
            return -1
        frames.append(Frame(self._head, bytes(memoryview(self._buffer)[at:end])))
        self._head = None
        return end

    def _keep_from(self, at: int) -> None:
        if at:
            del self._buffer[:at]
            self._scanned = max(0, self._scanned - at)

    def _take_head(self, at: int) -> int:
        buffer = self._buffer
        while at < len(buffer) and buffer[at] in _LINE_ENDS:  # some proxies put line ends between messages
            at += 1
        quick = _EVENT_HEAD.match(buffer, at)
        if quick and int(quick[1]) <= self._body_limit:
            self._head, self._body_length = _EVENT_HEADERS, int(quick[1])
            return quick.end()
        found = _END_OF_HEAD.search(buffer, max(at, self._scanned))
        end = found.start() if found else len(buffer)
        if end - at > self._header_limit:
            raise ProtocolError(f"a head of more than {self._header_limit} bytes")
        if not found:
            self._scanned = max(at, len(buffer) - _END_LONGEST)
            return at
        self._head = parse_lines(bytes(memoryview(buffer)[at:end]))
        self._body_length = self._length_of(self._head)
        self._scanned = found.end()
        return found.end()

    def _length_of(self, head: dict[str, str]) -> int:
        kind = head.get("Content-Type")
        if kind is None:
            raise ProtocolError("a message without Content-Type")
        text = head.get("Content-Length")
        if text is None:
            if kind in _BODY_REQUIRED:
                raise ProtocolError(f"{kind} without Content-Length")
            return 0
        if not _LENGTH.fullmatch(text):
            raise ProtocolError("a Content-Length that is no number")
        if int(text) > self._body_limit:
            raise ProtocolError(f"a body of more than {self._body_limit} bytes")
        return int(text)


def parse_lines(raw: bytes) -> dict[str, str]:
    """`Name: value` lines. The first of a name counts: a later one cannot take the place of the switch's."""
    headers: dict[str, str] = {}
    for line in raw.split(b"\n"):
        name, colon, value = line.rstrip(b"\r").partition(b":")
        if colon:
            headers.setdefault(_text(name).strip(), _text(value.removeprefix(b" ")))
    return headers


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
