"""The engine's own settings in a plan, by their names there: a setting it gains can be planned with at once.

A field `ring_timeout_ms` is written `ring_timeout_s`; enums by name in small letters; mappings and lists as
the annotation says. Ranges are those of the API; a setting without a line in LIMITS may be any number from 0.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Collection
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from services.acd.planning.marks import Fields, Value

MOST = 1e9
LIMITS: dict[str, tuple[float, float]] = {
    "ring_timeout_s": (3, 120),
    "service_level_s": (1, 3_600),
    "priority_step_s": (0, 86_400),
    "max_wait_s": (0, 86_400),
    "max_length": (1, 10_000_000),
    "priority": (0, 10),
    "skills": (1, 10),
    "level": (1, 100),
    "position": (1, 10_000),
    "by": (0, 9),
    "ring_agents": (2, 20),
    "last_agent_wait_s": (0, 3_600),
    "no_agents_after_s": (0, 3_600),
    "most": (1, 20),
}


def take(fields: Fields, kind: type[Any], leave: Collection[str] = ()) -> dict[str, Any]:
    """What a mapping says of the dataclass `kind`: only the fields that are there, but for those left out."""
    hints = get_type_hints(kind)
    taken: dict[str, Any] = {}
    for each in dataclasses.fields(kind):
        if each.name in leave:
            continue
        value = fields.take(written(each.name))
        if value is not None:
            taken[each.name] = read(value, hints[each.name], each.name)
    return taken


def written(name: str) -> str:
    """A field's name in a plan: people count in seconds."""
    return name.removesuffix("_ms") + "_s" if name.endswith("_ms") else name


def read(value: Value, hint: Any, name: str) -> Any:
    """A value of the type that the engine's annotation names."""
    if get_origin(hint) in (Union, types.UnionType):
        if value.plain and value.text == "none" and type(None) in get_args(hint):
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is dict:
        return dict(_pairs(value, get_args(hint)[1], name))
    if get_origin(hint) not in (tuple, list, frozenset):
        return _one(value, hint, name)
    of = get_args(hint)[0]
    if get_origin(of) is tuple:  # names with something: written as a mapping, kept by name
        return tuple(sorted(_pairs(value, get_args(of)[1], name)))
    return get_origin(hint)(read(item, of, name) for item in value.items())


def _pairs(value: Value, of: Any, name: str) -> list[tuple[str, Any]]:
    return [(key, read(each, of, name)) for key, each in value.fields(f"{name!r}").all()]


def _one(value: Value, hint: Any, name: str) -> Any:
    if hint is bool:
        return value.yes()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(value, hint, name)
    if hint in (int, float):
        return _number(value, hint, name)
    if hint is str:
        return value.text
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        fields = value.fields(f"{name!r}")
        taken = take(fields, hint)
        fields.finish()
        return _made(value, hint, taken)
    value.wrong("cannot be said in a plan")
    return None


def _number(value: Value, hint: type, name: str) -> float:
    low, high = LIMITS.get(written(name), (0, MOST))
    if name.endswith("_ms"):
        return round(value.number(low, high) * 1_000)
    return value.whole(int(low), int(high)) if hint is int else value.number(low, high)


def _enum(value: Value, hint: type[Enum], name: str) -> Enum | None:
    known = {member.name.lower(): member for member in hint if member.name != "UNSPECIFIED"}
    return known.get(value.one_of(known, name))


def _made(value: Value, kind: Any, taken: dict[str, Any]) -> Any:
    try:
        return kind(**taken)
    except TypeError:
        needs = (
            each.name
            for each in dataclasses.fields(kind)
            if each.default is each.default_factory is dataclasses.MISSING
        )
        value.wrong(f"needs {', '.join(written(name) for name in needs)}")
        return None
