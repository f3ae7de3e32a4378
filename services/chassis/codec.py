"""Protobuf to its canonical JSON (proto3 JSON mapping), an encoder compiled once for each message type.

`google.protobuf.json_format` walks descriptors for every message; a busy ACD publishes thousands of events
a second. A test holds this encoder to json_format.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from services.chassis.clock import from_timestamp

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
    """The message of this JSON object; fields it does not know are ignored, as newer senders have them."""
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


def _timestamp(value: Any) -> str:
    if value.nanos % 1_000_000:
        return str(value.ToJsonString())
    text = from_timestamp(value).strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = value.nanos // 1_000_000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"
