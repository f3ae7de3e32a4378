"""The flow format: YAML in, a checked `Flow` out, or every problem with its node and line.

The format is described in `README.md`; `default.yaml` is its longest example.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from services.ivr.domain import LANGUAGES, NAME, Calendar, Flow, Node, Problem
from services.ivr.flows.calendars import calendar
from services.ivr.flows.check import check
from services.ivr.flows.marks import Fields, Unreadable, compose
from services.ivr.flows.nodes import TYPES

__all__ = ["HasPrompt", "Refused", "read"]

NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
MAX_NODES = 1000

HasPrompt = Callable[[str, str], bool]
"""Whether there is a recording of a prompt (by name) in a language."""


class Refused(Exception):
    """A flow that must not be published; `problems` says why, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def read(source: str, has_prompt: HasPrompt) -> Flow:
    """The flow in a YAML text. Raises Refused with all problems found."""
    problems: list[Problem] = []
    try:
        root = Fields(compose(source), "", problems, "a flow")
    except Unreadable as error:
        raise Refused([error.problem]) from error
    flow = _flow(root, problems)
    if not problems:
        problems = check(flow, has_prompt)
    if problems:
        raise Refused(sorted(problems, key=lambda problem: (problem.line, problem.node)))
    return flow


def _flow(root: Fields, problems: list[Problem]) -> Flow:
    nodes = _nodes(root, problems)
    language = root.text("language", LANGUAGES[0])
    if language not in LANGUAGES:
        root.wrong(f"'language' must be one of {', '.join(LANGUAGES)}", root.line_at("language"))
    numbers = root.texts("numbers")
    for number in numbers:
        if NUMBER.fullmatch(number) is None:
            root.wrong(f"{number[:40]!r} is not a number", root.line_at("numbers"))
    flow = Flow(
        name=root.text("flow", pattern=NAME),
        version=root.integer("version", None, 1, 1_000_000),
        title=root.text("title", "")[:200],
        numbers=numbers,
        language=language,
        start=root.text("start", next(iter(nodes), ""), pattern=NAME if nodes else None),
        nodes=nodes,
        calendars=_calendars(root, problems),
        waiting_every_s=root.integer("waiting_every_s", 0, 5, 3_600),
    )
    root.finish()
    return flow


def _nodes(root: Fields, problems: list[Problem]) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    found = root.mapping("nodes", required=True)
    listed = list(found.names()) if found else []
    for name, line, value in listed:
        if NAME.fullmatch(name) is None:
            root.wrong(f"{name[:80]!r} cannot name a node: use a-z, 0-9, _ and -", line)
            continue
        fields = Fields(value, name, problems, "a node")
        fields.line = line
        if (node := _node(fields, name)) is not None:
            nodes[name] = node
    if found and not listed:
        root.wrong("a flow needs at least one node", root.line_at("nodes"))
    if len(nodes) > MAX_NODES:
        root.wrong(f"more than {MAX_NODES} nodes", root.line_at("nodes"))
    return nodes


def _node(fields: Fields, name: str) -> Node | None:
    kind = fields.text("type")
    make = TYPES.get(kind)
    if make is None:
        if kind:
            known = ", ".join(sorted(TYPES))
            fields.wrong(f"unknown type {kind[:40]!r}; there are: {known}", fields.line_at("type"))
        return None
    fields.what = f"a {kind} node"
    node = make(fields, name)
    fields.finish()
    return node


def _calendars(root: Fields, problems: list[Problem]) -> dict[str, Calendar]:
    found = root.mapping("calendars")
    calendars = {}
    for name, line, value in found.names() if found else ():
        if NAME.fullmatch(name) is None:
            root.wrong(f"{name[:80]!r} cannot name a calendar", line)
            continue
        calendars[name] = calendar(Fields(value, "", problems, f"calendar {name!r}"))
    return calendars
