"""Protobuf to and from its canonical JSON (proto3 JSON mapping), compiled once for each message type.

`google.protobuf.json_format` walks descriptors for every message; a busy ACD publishes thousands of events
a second and others read them. Tests hold both directions to json_format, which also reads whatever is
valid but not canonical.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.clock import from_ms, to_ms

Encoder = Callable[[Any], Any]

_AS_TEXT = {  # 64-bit integers are strings: JavaScript would round them
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT64,
}
_FLOATS = {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}


def to_json(message: Message) -> dict[str, Any]:
    """The message as a JSON object: lowerCamelCase names, fields at their default left out."""
    result: dict[str, Any] = {}
    encoders = _encoders(message.DESCRIPTOR)
    for field, value in message.ListFields():
        name, encode = encoders[field.number]
        result[name] = encode(value)
    return result


def from_json(kind: type[Message], data: dict[str, Any]) -> Message:
    """The message of this JSON object; fields it does not know are ignored, as newer senders have them.

    Raises json_format.ParseError when it is not of that kind.
    """
    try:
        message: Message = _decode(kind, data)
        return message
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return json_format.ParseDict(data, kind(), ignore_unknown_fields=True)


@cache
def _encoders(descriptor: Descriptor) -> dict[int, tuple[str, Encoder]]:
    return {field.number: (field.json_name, _encoder(field)) for field in descriptor.fields}


def _encoder(field: FieldDescriptor) -> Encoder:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return _map(message.fields_by_name["value"])
    single = _single(field)
    if field.is_repeated:
        return lambda values: [single(value) for value in values]
    return single


def _map(value_field: FieldDescriptor) -> Encoder:
    single = _single(value_field)
    return lambda values: {_key(key): single(value) for key, value in values.items()}


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _single(field: FieldDescriptor) -> Encoder:
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.Timestamp":
            return _timestamp
        return to_json
    if field.enum_type is not None:
        return _enum(field.enum_type)
    if field.cpp_type in _AS_TEXT:
        return str
    if field.cpp_type in _FLOATS:
        return _float
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode()
    return _same


def _same(value: Any) -> Any:
    return value


def _enum(kind: EnumDescriptor) -> Encoder:
    names = {number: value.name for number, value in kind.values_by_number.items()}
    return lambda number: names.get(number, number)


def _float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def moment(milliseconds: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC, as protobuf writes it."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03d}Z" if rest else f"{_second(seconds)}Z"


def _timestamp(value: Any) -> str:
    if value.nanos % 1_000_000:
        return str(value.ToJsonString())
    return moment(value.seconds * 1000 + value.nanos // 1_000_000)


@lru_cache(maxsize=256)  # events of one moment come together
def _second(seconds: int) -> str:
    return from_ms(seconds * 1000).strftime("%Y-%m-%dT%H:%M:%S")


# ---------------------------------------------------------------- and back


def _decode(kind: Any, data: dict[str, Any]) -> Any:
    decoders = _decoders(kind)
    known = ((decoders[name], value) for name, value in data.items() if name in decoders)
    return kind(**{name: decode(value) for (name, decode), value in known})


@cache
def _decoders(kind: Any) -> dict[str, tuple[str, Encoder]]:
    """By both names that a reader must take: the JSON one and the one in the proto."""
    found: dict[str, tuple[str, Encoder]] = {}
    for field in kind.DESCRIPTOR.fields:
        found[field.json_name] = found[field.name] = (field.name, _decoder(field))
    return found


def _decoder(field: FieldDescriptor) -> Encoder:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        of_value = _decoder_of_one(message.fields_by_name["value"])
        of_key = _decoder_of_one(message.fields_by_name["key"])
        return lambda values: {of_key(key): of_value(value) for key, value in values.items()}
    single = _decoder_of_one(field)
    if field.is_repeated:
        return lambda values: [single(value) for value in values]
    return single


def _decoder_of_one(field: FieldDescriptor) -> Encoder:
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.Timestamp":
            return _moment
        return partial(_decode, message_factory.GetMessageClass(field.message_type))
    if field.enum_type is not None:
        return _number_of(field.enum_type)
    if field.cpp_type in _AS_TEXT:
        return int
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_INT32):
        return _same
    raise TypeError(f"{field.full_name}: of a kind that json_format reads better")


def _number_of(kind: EnumDescriptor) -> Encoder:
    numbers = {name: value.number for name, value in kind.values_by_name.items()}
    return lambda word: numbers[word]


def _moment(text: str) -> Timestamp:
    if len(text) not in (20, 24) or text[-1] != "Z":  # finer than a millisecond, or another zone
        raise ValueError(text)
    nanos = int(text[20:23]) * 1_000_000 if len(text) == 24 else 0
    return Timestamp(seconds=_seconds(text[:19]), nanos=nanos)


@lru_cache(maxsize=256)
def _seconds(text: str) -> int:
    return to_ms(datetime.fromisoformat(f"{text}+00:00")) // 1000
