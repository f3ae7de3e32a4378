"""From a frame to an Event. JSON is exact; the percent-encoded form is for `connect` and old listeners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import unquote

import orjson

from services.chassis.esl.errors import ProtocolError
from services.chassis.esl.event import Event, Header
from services.chassis.esl.framing import Frame, parse_lines

_ARRAY = "ARRAY::"
_EMPTY = "_undef_"  # what stands for an empty value, in this form only


def event_of(frame: Frame, received_at: float) -> Event:
    """The event in a `text/event-json` or `text/event-plain` frame. Raises ProtocolError."""
    if frame.kind == "text/event-json":
        return _from_json(frame.body, received_at)
    head, _, body = frame.body.partition(b"\n\n")
    headers = _decoded(parse_lines(head))
    length = headers.get("Content-Length", "0")
    inner = body[: int(length)] if isinstance(length, str) and length.isdecimal() else b""
    return Event(headers, received_at=received_at, body=inner.decode("utf-8", "replace"))


def connected(frame: Frame, received_at: float) -> Event:
    """The channel in the answer to `connect`: headers of the frame itself, each percent-encoded.

    That encoding cannot be undone exactly: a caller's name that holds a literal `%41` reads `A` here.
    """
    return Event(_Encoded(frame.headers), received_at=received_at)


def _from_json(body: bytes, received_at: float) -> Event:
    headers = _loads(body)
    text = headers.pop("_body", "")
    return Event(headers, received_at=received_at, body=text if isinstance(text, str) else "")


def _loads(body: bytes) -> dict[str, Header]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        # A caller's name in Latin-1 makes the whole event invalid UTF-8, which orjson refuses.
        try:
            value = orjson.loads(body.decode("utf-8", "replace"))
        except orjson.JSONDecodeError as problem:
            raise ProtocolError("an event that is no JSON") from problem
    if not isinstance(value, dict):
        raise ProtocolError("an event that is no JSON object")
    return cast("dict[str, Header]", value)


def _decoded(headers: dict[str, str]) -> dict[str, Header]:
    return {name: _value(text) for name, text in headers.items()}


class _Encoded(Mapping[str, Header]):
    """Decodes what is asked for: of a channel's 150 headers a controller reads twenty."""

    __slots__ = ("_headers",)

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> Header:
        return _value(self._headers[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


def _value(text: str) -> Header:
    if text == _EMPTY:
        return ""
    plain = unquote(text, errors="replace") if "%" in text else text
    return plain[len(_ARRAY) :].split("|:") if plain.startswith(_ARRAY) else plain
