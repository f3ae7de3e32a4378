"""YAML with line numbers kept: each value knows where it stands, so that a problem can name the line.

Scalars are taken as the text that was written, never as YAML 1.1 would guess: `on:` is a key and not
`true`, `09:00` is a time and not 540.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from services.ivr.domain import NAME, Problem

FACT = re.compile(r"[a-z]{1,16}\.[a-z0-9_]{1,32}")
MAX_SOURCE = 256 * 1024
"""Longest flow file, in bytes: a hundred times the default flow. Parsing stays under a second."""
MAX_DEPTH = 12
"""Nesting a flow needs is 5; more is an attack on the parser's stack."""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """Not YAML, or YAML that a flow never needs."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.problem = Problem("", line, problem)


def compose(source: str) -> yaml.MappingNode:
    """The document's mapping. Raises Unreadable with the line of what cannot be read."""
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        raise Unreadable(1, f"the file is longer than {MAX_SOURCE // 1024} kB")
    try:
        _refuse_odd(source)
        root = yaml.compose(source, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable(line, f"not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Unreadable(1, f"not YAML: {error}") from error
    except ValueError as error:  # characters YAML does not allow, from the C reader
        raise Unreadable(1, f"not text: {error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable(1, "a flow file is a mapping that begins with `flow: name`")
    return root


def _refuse_odd(source: str) -> None:
    """Aliases grow without bound and tags make objects; a flow needs neither."""
    depth = 0
    for event in yaml.parse(source, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(line, "anchors and aliases (& and *) are not allowed")
        if getattr(event, "tag", None):
            raise Unreadable(line, "tags (!) are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Unreadable(line, "nested too deeply")


def line_of(value: yaml.Node) -> int:
    """The line a value begins on, from 1."""
    return int(value.start_mark.line) + 1


class Fields:
    """One mapping of the file, taken field by field; what nobody took is an unknown field.

    Nothing is raised: problems gather in `problems`, so that an author sees all of them at once.
    """

    def __init__(self, value: yaml.Node, node: str, problems: list[Problem], what: str) -> None:
        self.line = line_of(value)
        self.node = node
        self.what = what
        self._problems = problems
        self._values: dict[str, tuple[int, yaml.Node]] = {}
        self._known: set[str] = set()
        if not isinstance(value, yaml.MappingNode):
            self.wrong(f"{what} must be a mapping of fields", self.line)
            return
        for key, item in value.value:
            self._keep(key, item)

    def _keep(self, key: yaml.Node, item: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self.wrong("a field's name must be plain text", line_of(key))
        elif key.value in self._values:
            first = self._values[key.value][0]
            self.wrong(f"{key.value!r} is given twice, first in line {first}", line_of(key))
        else:
            self._values[key.value] = (line_of(key), item)

    def wrong(self, problem: str, line: int = 0) -> None:
        self._problems.append(Problem(self.node, line or self.line, problem))

    def _take(self, name: str) -> tuple[int, yaml.Node] | None:
        self._known.add(name)
        return self._values.get(name)

    def has(self, name: str) -> bool:
        return name in self._values

    def value(self, name: str) -> yaml.Node | None:
        taken = self._take(name)
        return taken[1] if taken else None

    def line_at(self, name: str) -> int:
        taken = self._values.get(name)
        return taken[0] if taken else self.line

    def text(self, name: str, default: str | None = None, *, pattern: Any = None) -> str:
        """A scalar's text; without a default it must be there."""
        taken = self._take(name)
        if taken is None:
            if default is None:
                self.wrong(f"{self.what} needs a {name!r}")
            return default or ""
        line, value = taken
        if not isinstance(value, yaml.ScalarNode):
            self.wrong(f"{name!r} must be one value", line)
            return default or ""
        text = str(value.value)
        if pattern is not None and pattern.fullmatch(text) is None:
            self.wrong(f"{name!r} is {text[:80]!r}, which is not of the form {pattern.pattern}", line)
            return default or ""
        return text

    def number(self, name: str, default: float | None, low: float, high: float) -> float:
        """A number within bounds, in the unit the field's name ends with."""
        text = self.text(name, None if default is None else repr(default))
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            if self.has(name):
                self.wrong(f"{name!r} must be a number from {low:g} to {high:g}", self.line_at(name))
            return low if default is None else default
        return number

    def integer(self, name: str, default: int | None, low: int, high: int) -> int:
        number = self.number(name, default, low, high)
        if number != int(number):
            self.wrong(f"{name!r} must be a whole number", self.line_at(name))
        return int(number)

    def boolean(self, name: str, default: bool) -> bool:
        text = self.text(name, "yes" if default else "no").lower()
        if text not in {"yes", "no", "true", "false"}:
            self.wrong(f"{name!r} must be yes or no", self.line_at(name))
        return text in {"yes", "true"}

    def texts(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of scalars; a single scalar is a list of one."""
        value = self.value(name)
        if value is None:
            if required:
                self.wrong(f"{self.what} needs {name!r}")
            return ()
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if not all(isinstance(item, yaml.ScalarNode) for item in items):
            self.wrong(f"{name!r} must be a list of plain values", self.line_at(name))
            return ()
        return tuple(str(item.value) for item in items)

    def items(self, name: str) -> list[yaml.Node]:
        """A list of anything."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, yaml.SequenceNode):
            self.wrong(f"{name!r} must be a list", self.line_at(name))
            return []
        return list(value.value)

    def mapping(self, name: str, *, required: bool = False) -> Fields | None:
        """A mapping inside this one."""
        value = self.value(name)
        if value is None:
            if required:
                self.wrong(f"{self.what} needs {name!r}")
            return None
        return Fields(value, self.node, self._problems, f"{name!r}")

    def inner(self, value: yaml.Node, what: str) -> Fields:
        """A mapping that stands in a list of this one; its problems name the same node."""
        return Fields(value, self.node, self._problems, what)

    def names(self) -> Iterator[tuple[str, int, yaml.Node]]:
        """All fields, for mappings whose keys the author chooses."""
        for name, (line, value) in self._values.items():
            self._known.add(name)
            yield name, line, value

    def finish(self) -> None:
        """Every field that was not taken is one we do not know: a typing mistake, as a rule."""
        for name, (line, _) in self._values.items():
            if name not in self._known:
                known = ", ".join(sorted(self._known))
                self.wrong(f"unknown field {name[:80]!r}; {self.what} has: {known}", line)


def is_name(text: str) -> bool:
    """Whether it may name a flow, node, queue or prompt."""
    return NAME.fullmatch(text) is not None
