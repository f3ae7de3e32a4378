"""What a link says after the sign-in so that the right events come."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.chassis.esl.commands import text

_EVENT = re.compile(r"[A-Z][A-Z_]*")
_SUBCLASS = re.compile(r"[A-Za-z0-9_.\-]+::[A-Za-z0-9_.:\-]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*")
_OPERATORS = ("+", "-", "/")


def subscription(events: Sequence[str], filters: Sequence[tuple[str, str]]) -> list[str]:
    """Filters first, so that nothing unwanted slips through. Raises UnsafeArgument."""
    lines = [_filter(header, value) for header, value in filters]
    if lines:
        lines.append("filter Event-Name BACKGROUND_JOB")  # a filter holds back our own results as well
    return [*lines, _event_line(events)]


def _event_line(events: Sequence[str]) -> str:
    names = dict.fromkeys(name for name in events if "::" not in name)
    subclasses = dict.fromkeys(name for name in events if "::" in name)
    for name in names:
        if not _EVENT.fullmatch(name) or name == "CUSTOM":
            raise text.UnsafeArgument("events", f"holds {name!r}, which is neither an event nor a subclass")
    for name in subclasses:
        if not _SUBCLASS.fullmatch(name):
            raise text.UnsafeArgument("events", f"holds {name!r}, which is no CUSTOM subclass")
    # All that stands after CUSTOM is taken for a subclass, so that comes last.
    custom = ["CUSTOM", *subclasses] if subclasses else []
    return " ".join(["event json", *(names | {"BACKGROUND_JOB": None}), *custom])


def _filter(header: str, value: str) -> str:
    if not _HEADER.fullmatch(header):
        raise text.UnsafeArgument("filter", "names no header")
    if value.startswith(_OPERATORS):
        raise text.UnsafeArgument(header, "begins with an operator of the switch's filters")
    return f"filter {header} {text.free(header, value)}"
