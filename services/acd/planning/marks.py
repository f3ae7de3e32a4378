"""YAML whose values know their line, read field by field: a problem names the line, the field and the remedy.

Scalars are taken as the text that was written, never as YAML 1.1 would guess: `08:30` is a time and not 510.
Problems gather, so that whoever wrote a plan sees all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

from services.chassis.errors import Invalid

MAX_SOURCE = 1024 * 1024
"""Longest plan, in bytes: a month of quarter hours for a hundred queues. Parsing stays under some seconds."""
MAX_DEPTH = 12
"""Nesting a plan needs is 6; more is a mistake of indentation, or an attack on the parser's stack."""
SHOWN = 60
"""Characters shown of a value that is refused."""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in which line (from 1; 0: not of the file), in which field, and what to do."""

    line: int
    field: str
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.field}: {self.sentence}" if self.field else f"{where}{self.sentence}"


class Refused(Invalid):
    """A plan that cannot be simulated; `problems` says why, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("", "; ".join(str(problem) for problem in self.problems))


def compose(source: str) -> yaml.Node:
    """The document's root. Raises Refused with the line of what cannot be read."""
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        raise Refused([Problem(1, "", f"the plan is longer than {MAX_SOURCE // 1024} kB")])
    try:
        _refuse_odd(source)
        root = yaml.compose(source, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise Refused([Problem(mark.line + 1 if mark else 1, "", f"not YAML: {error.problem}")]) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: characters YAML does not allow
        raise Refused([Problem(1, "", f"not YAML: {error}")]) from error
    if root is None:
        raise Refused([Problem(1, "", "the plan is empty; docs/howto/plan-a-day.md shows one")])
    return root


def _refuse_odd(source: str) -> None:
    """Aliases grow without bound and tags make objects; a plan needs neither."""
    depth = 0
    for event in yaml.parse(source, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Refused([Problem(line, "", "anchors and aliases (& and *) are not allowed: write it out")])
        if getattr(event, "tag", None):
            raise Refused([Problem(line, "", "tags (!) are not allowed: quote the text")])
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Refused([Problem(line, "", "nested too deeply: look at the indentation")])


def line_of(node: yaml.Node) -> int:
    """The line a value begins on, from 1."""
    return int(node.start_mark.line) + 1


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The remedy for a word that is not known: the one that was meant, or all there are."""
    close = get_close_matches(word, known, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is: {', '.join(sorted(known))}" if known else "there is none"


class Value:
    """One value of the file with its place. A wrong one is noted and its default taken instead."""

    def __init__(self, node: yaml.Node, path: str, problems: list[Problem]) -> None:
        self.node = node
        self.path = path
        self.problems = problems
        self.line = line_of(node)

    def wrong(self, sentence: str) -> None:
        self.problems.append(Problem(self.line, self.path, sentence))

    @property
    def text(self) -> str:
        """What was written, where it is one value; else empty and noted."""
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value).strip()
        self.wrong("must be one value, not a list or a mapping")
        return ""

    @property
    def plain(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def number(self, low: float, high: float, default: float = 0.0) -> float:
        """A number within bounds, in the unit that the field's name ends with."""
        try:
            number = float(self.text)
        except ValueError:
            number = math.nan
        if low <= number <= high:
            return number
        if self.plain:
            self.wrong(f"is {self.text[:SHOWN]!r}; must be a number from {_plain(low)} to {_plain(high)}")
        return default

    def whole(self, low: int, high: int, default: int = 0) -> int:
        number = self.number(low, high, default)
        if number != int(number):
            self.wrong(f"is {self.text[:SHOWN]!r}; must be a whole number")
            return default
        return int(number)

    def yes(self) -> bool:
        word = self.text.lower()
        if word not in {"yes", "no", "true", "false"}:
            self.wrong(f"is {word[:SHOWN]!r}; must be yes or no")
        return word in {"yes", "true"}

    def one_of(self, known: Collection[str], what: str, default: str = "") -> str:
        """A word out of those known."""
        word = self.text
        if word in known:
            return word
        if self.plain:
            self.wrong(f"there is no {what} {word[:SHOWN]!r}; {did_you_mean(word, known)}")
        return default

    def items(self) -> list[Value]:
        """The values of a list; a single value is a list of one."""
        nodes = self.node.value if isinstance(self.node, yaml.SequenceNode) else [self.node]
        return [
            Value(node, f"{self.path}[{number}]" if self.is_list else self.path, self.problems)
            for number, node in enumerate(nodes, 1)
        ]

    def fields(self, what: str) -> Fields:
        return Fields(self, what)


class Fields:
    """One mapping, taken field by field; what nobody took in the end is a typing mistake."""

    def __init__(self, value: Value, what: str) -> None:
        self.value = value
        self.what = what
        self.names: dict[str, Value] = {}
        self.readable = isinstance(value.node, yaml.MappingNode)
        self._known: set[str] = set()
        if not self.readable:
            value.wrong(f"{what} must be a mapping of fields, such as `name: value`")
            return
        for key, node in value.node.value:
            self._keep(Value(key, value.path, value.problems), node)

    def _keep(self, key: Value, node: yaml.Node) -> None:
        name = key.text
        if name in self.names:
            key.wrong(f"{name!r} is given twice")
        elif name:
            path = f"{self.value.path}.{name}" if self.value.path else name
            self.names[name] = Value(node, path, self.value.problems)
            self.names[name].line = key.line

    def take(self, name: str, *, needed: bool = False) -> Value | None:
        """A field's value, if it is there."""
        self._known.add(name)
        found = self.names.get(name)
        if found is None and needed and self.readable:
            self.value.wrong(f"{self.what} needs {name!r}")
        return found

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.take(name)
        return default if value is None else value.number(low, high, default)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.take(name)
        return default if value is None else value.whole(low, high, default)

    def all(self) -> Iterator[tuple[str, Value]]:
        """Every field, for mappings whose keys are names that the writer chose."""
        self._known.update(self.names)
        yield from self.names.items()

    def finish(self) -> None:
        for name, value in self.names.items():
            if name not in self._known:
                known = sorted(self._known)
                value.wrong(f"{self.what} has no such field; {did_you_mean(name, known)}")


def _plain(number: float) -> str:
    return f"{number:,.10g}"
