"""Writes docs/events.md and docs/asyncapi.yaml from proto/. CI runs it and fails on a difference."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.stubs.common.v1 import options_pb2  # noqa: E402 (the path above makes it importable)

DOCS = ROOT / "docs"
MESSAGES, ENUMS, FIELDS, VALUES = 4, 5, 2, 2  # field numbers within descriptors: how comments are addressed

SCALARS: dict[int, dict[str, Any]] = {
    FieldDescriptorProto.TYPE_STRING: {"type": "string"},
    FieldDescriptorProto.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptorProto.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptorProto.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptorProto.TYPE_DOUBLE: {"type": "number", "format": "double"},
}

INTRODUCTION = """\
# Events

Generated from `proto/` by `./switchyard stubs`; do not edit.
The same for machines: [asyncapi.yaml](asyncapi.yaml).
How to consume them: [howto/consume-events.md](howto/consume-events.md).

Every fact that happens in the suite is announced on NATS, in the JetStream stream `SWITCHYARD`, on the
subject `sy.<tenant>.<service>.<noun>.<verb>`. A message is a [CloudEvents 1.0](https://cloudevents.io)
envelope in structured JSON:

| attribute | what it holds |
|---|---|
| `id` | UUIDv7; also the header `Nats-Msg-Id`, so a repeated announcement is not a second event |
| `source` | `/switchyard/<service>` |
| `type` | full name of the message below |
| `subject` | what it is about: the contact's, agent's, customer's … id |
| `time` | when it was announced, RFC 3339, UTC |
| `tenant` | whose it is (an extension attribute) |
| `data` | the message in protobuf's canonical JSON |

Canonical JSON means lowerCamelCase names, 64-bit integers as strings, fields at their default left out.

Delivery is at least once: consume with a durable consumer and treat `id` as the key. Events of one contact
come in order. Fields are only ever added; a consumer ignores what it does not know.
"""


@dataclass(frozen=True)
class Event:
    service: str
    name: str
    subject: str
    about: str
    text: str
    fields: list[Field]


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    schema: dict[str, Any]
    text: str


@dataclass
class Book:
    """All events, and the shapes that they refer to."""

    events: list[Event] = field(default_factory=list)
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)


def described() -> descriptor_pb2.FileDescriptorSet:
    google = Path(protoc.__file__).parent / "_proto"
    sources = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto").rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{google}", f"--descriptor_set_out={out}"]
        if protoc.main([*arguments, "--include_source_info", *sources]) != 0:
            raise RuntimeError("protoc refused a file under proto/: see its message above")
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


def comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {
        tuple(place.path): " ".join((place.leading_comments + place.trailing_comments).split())
        for place in file.source_code_info.location
    }


def read(files: descriptor_pb2.FileDescriptorSet) -> Book:
    book = Book()
    for file in files.file:
        said = comments(file)
        for place, enum in enumerate(file.enum_type):
            words = [value.name for value in enum.value]
            text = said.get((ENUMS, place), "")
            book.schemas[f"{file.package}.{enum.name}"] = {
                "type": "string",
                "enum": words,
                "description": text,
            }
        for place, message in enumerate(file.message_type):
            name, text = f"{file.package}.{message.name}", said.get((MESSAGES, place), "")
            fields = list(fields_of(message, said, (MESSAGES, place)))
            if message.options.HasExtension(options_pb2.event):
                info = message.options.Extensions[options_pb2.event]
                service = file.package.split(".")[1]
                book.events.append(Event(service, name, info.subject, info.about, text, fields))
            book.schemas[name] = schema_of(fields, text)
    keep_reachable(book)
    return book


def fields_of(
    message: descriptor_pb2.DescriptorProto, said: dict[tuple[int, ...], str], path: tuple[int, ...]
) -> Iterator[Field]:
    maps = {entry.name: entry for entry in message.nested_type if entry.options.map_entry}
    for place, each in enumerate(message.field):
        name, schema = type_of(each)
        if entry := maps.get(each.type_name.rpartition(".")[2]):
            name, schema = type_of(entry.field[1])
            name, schema = f"map of {name}", {"type": "object", "additionalProperties": schema}
        elif each.label == FieldDescriptorProto.LABEL_REPEATED:
            name, schema = f"list of {name}", {"type": "array", "items": schema}
        yield Field(each.json_name, name, schema, said.get((*path, FIELDS, place), ""))


def type_of(each: FieldDescriptorProto) -> tuple[str, dict[str, Any]]:
    if each.type in SCALARS:
        schema = SCALARS[each.type]
        return schema.get("format", schema["type"]), dict(schema)
    if each.type_name == ".google.protobuf.Timestamp":
        return "time", {"type": "string", "format": "date-time"}
    full = each.type_name.removeprefix(".")
    return f"`{full.rpartition('.')[2]}`", {"$ref": f"#/components/schemas/{full}"}


def schema_of(fields: list[Field], text: str) -> dict[str, Any]:
    properties = {}
    for each in fields:
        described = {"description": each.text} if each.text and "$ref" not in each.schema else {}
        properties[each.name] = each.schema | described
    return {"type": "object", "description": text, "properties": properties}


def keep_reachable(book: Book) -> None:
    """Requests and answers of the RPCs are not events' business."""
    wanted: set[str] = set()
    queue = [event.name for event in book.events]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            queue += references(book.schemas[name])
    book.schemas = {name: book.schemas[name] for name in sorted(wanted)}


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from references(value)


def as_markdown(book: Book) -> str:
    parts = [INTRODUCTION]
    for service in sorted({event.service for event in book.events}):
        parts.append(f"\n## {service}\n")
        for event in (each for each in book.events if each.service == service):
            parts.append(f"\n### `sy.<tenant>.{service}.{event.subject}`\n\n")
            parts.append(f"{event.text}\n\n" if event.text else "")
            parts.append(f"`{event.name}` · about `{event.about}`\n\n| field | type | |\n|---|---|---|\n")
            parts += [f"| `{each.name}` | {each.type} | {each.text} |\n" for each in event.fields]
    parts.append("\n## Words\n")
    for name, schema in book.schemas.items():
        if "enum" in schema:
            parts.append(f"\n**`{name.rpartition('.')[2]}`** {schema['description']}\n\n")
            parts.append(" · ".join(f"`{word}`" for word in schema["enum"]) + "\n")
    return "".join(parts)


def as_asyncapi(book: Book) -> dict[str, Any]:
    channels, operations, messages = {}, {}, {}
    for event in book.events:
        short = event.name.rpartition(".")[2]
        key = f"{event.service}.{event.subject}"
        channels[key] = {
            "address": f"sy.{{tenant}}.{event.service}.{event.subject}",
            "parameters": {"tenant": {"$ref": "#/components/parameters/tenant"}},
            "messages": {short: {"$ref": f"#/components/messages/{event.name}"}},
        }
        operations[f"announce.{key}"] = {"action": "send", "channel": {"$ref": f"#/channels/{key}"}}
        messages[event.name] = {
            "name": event.name,
            "title": short,
            "summary": event.text,
            "contentType": "application/cloudevents+json",
            "payload": envelope(event.name),
        }
    tenant = {"tenant": {"description": "1 to 32 of a-z, 0-9 and hyphen"}}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Switchyard events", "version": "1.0.0", "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"parameters": tenant, "messages": messages, "schemas": book.schemas},
    }


def envelope(name: str) -> dict[str, Any]:
    text = {"type": "string"}
    required = ["specversion", "id", "source", "type", "subject", "time", "tenant", "data"]
    properties: dict[str, Any] = dict.fromkeys(required[:-1], text)
    properties |= {
        "specversion": {"const": "1.0"},
        "type": {"const": name},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": text,
        "data": {"$ref": f"#/components/schemas/{name}"},
    }
    return {"type": "object", "required": required, "properties": properties}


def document(docs: Path = DOCS) -> None:
    """Writes both files into `docs`."""
    book = read(described())
    (docs / "events.md").write_text(as_markdown(book), encoding="utf-8")
    text = yaml.safe_dump(as_asyncapi(book), sort_keys=False, allow_unicode=True, width=110)
    (docs / "asyncapi.yaml").write_text(
        f"# Generated from proto/ by ./switchyard stubs; do not edit.\n{text}"
    )


if __name__ == "__main__":
    document()
