"""What was released stays readable: no field removed, renumbered, renamed or retyped.

`proto/released.binpb` is the descriptor set of the last release; a release replaces it.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "proto" / "released.binpb"
CURRENT = ROOT / "services" / "stubs" / "descriptors.binpb"


def read(path: Path) -> FileDescriptorSet:
    return FileDescriptorSet.FromString(path.read_bytes())


def messages(files: FileDescriptorSet) -> dict[str, DescriptorProto]:
    found = {}
    for file in files.file:
        for message in file.message_type:
            found[f"{file.package}.{message.name}"] = message
            for nested in message.nested_type:
                found[f"{file.package}.{message.name}.{nested.name}"] = nested
    return found


def enum_values(files: FileDescriptorSet) -> dict[str, int]:
    return {
        f"{file.package}.{enum.name}.{value.name}": value.number
        for file in files.file
        for enum in file.enum_type
        for value in enum.value
    }


def methods(files: FileDescriptorSet) -> dict[str, tuple[str, str, bool, bool]]:
    return {
        f"{file.package}.{service.name}.{method.name}": (
            method.input_type,
            method.output_type,
            method.client_streaming,
            method.server_streaming,
        )
        for file in files.file
        for service in file.service
        for method in service.method
    }


def shape(field: FieldDescriptorProto) -> tuple[object, ...]:
    return (field.name, field.number, field.type, field.type_name, field.label)


def breaks(old: FileDescriptorSet, new: FileDescriptorSet) -> Iterator[str]:
    present = messages(new)
    for name, message in messages(old).items():
        if name not in present:
            yield f"message {name} is gone"
            continue
        fields = {field.number: field for field in present[name].field}
        for field in message.field:
            now = fields.get(field.number)
            if now is None or shape(now) != shape(field):
                yield f"{name}.{field.name} (number {field.number}) is gone or changed"
    for kind, before, after in (
        ("enum value", enum_values(old), enum_values(new)),
        ("method", methods(old), methods(new)),
    ):
        yield from (f"{kind} {key} is gone or changed" for key in before if before[key] != after.get(key))


def test_nothing_released_was_broken() -> None:
    assert list(breaks(read(RELEASED), read(CURRENT))) == []


def mutated(change: str) -> FileDescriptorSet:
    files = read(CURRENT)
    file = next(file for file in files.file if file.name == "acd/v1/events.proto")
    queued = next(message for message in file.message_type if message.name == "ContactQueued")
    if change == "removed":
        del queued.field[1]
    elif change == "renumbered":
        queued.field[1].number = 99
    elif change == "retyped":
        queued.field[1].type = FieldDescriptorProto.TYPE_INT32
    elif change == "enum":
        file.enum_type[0].value[1].number = 77
    elif change == "message":
        file.message_type.remove(queued)
    elif change == "added":
        queued.field.add(name="later", number=100, type=FieldDescriptorProto.TYPE_STRING)
    return files


@pytest.mark.parametrize("change", ["removed", "renumbered", "retyped", "enum", "message"])
def test_a_break_is_found(change: str) -> None:
    assert list(breaks(read(CURRENT), mutated(change)))


def test_a_new_field_is_no_break() -> None:
    assert list(breaks(read(CURRENT), mutated("added"))) == []


def test_the_documents_of_events_are_current(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "proto" / "document.py"))["document"](tmp_path)
    for name in ("events.md", "asyncapi.yaml"):
        committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == committed, "run ./switchyard stubs"
