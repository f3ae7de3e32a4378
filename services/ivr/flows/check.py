"""What must hold before a flow may meet a caller: every edge leads somewhere, every way comes to an end.

An edge is *automatic* when the flow takes it by itself, and *asked for* when a caller's key or an agent's
conversation leads along it. A circle of automatic edges only would hold a silent caller for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from services.ivr.domain import (
    CALLBACK_PROMPTS,
    LANGUAGES,
    WAIT_PROMPTS,
    Callback,
    Condition,
    Flow,
    HangUp,
    Menu,
    Node,
    Play,
    Problem,
    Queue,
    Say,
    SetFacts,
    Survey,
    Voicemail,
)


class Edge(NamedTuple):
    target: str
    label: str
    automatic: bool


def edges(node: Node) -> list[Edge]:
    """All ways out of a node."""
    match node:
        case Menu():
            chosen = [Edge(to, f"key {key!r}", False) for key, to in node.keys.items()]
            return [*chosen, Edge(node.otherwise, "'otherwise'", True)]
        case Condition():
            cases = [Edge(case.next, "a case", True) for case in node.cases]
            return [*cases, Edge(node.otherwise, "'otherwise'", True)]
        case Queue():
            keys = [Edge(to, f"key {key!r}", False) for key, to in node.treatment.keys.items()]
            if offer := node.treatment.callback:
                keys.append(Edge(offer.next, f"key {offer.key!r}", False))
            told = [Edge(to, f"'on: {name}'", True) for name, to in node.on.items()]
            return [Edge(node.next, "'next'", False), *keys, *told]
        case Callback():
            return [Edge(node.next, "'next'", False), Edge(node.otherwise, "'otherwise'", True)]
        case Play() | Say() | Survey() | Voicemail() | SetFacts():
            return [Edge(node.next, "'next'", True)]
    return []


def prompt_names(node: Node) -> tuple[str, ...]:
    """All prompts a node may play."""
    match node:
        case Play() | Voicemail() | HangUp():
            return node.prompts
        case Menu() | Survey():
            return node.prompts + node.invalid
        case Queue():
            wait = WAIT_PROMPTS if node.treatment.expected_wait else ()
            offer = node.treatment.callback.prompts if node.treatment.callback else ()
            return node.treatment.first + wait + node.treatment.remind + offer
        case Callback():
            return node.prompts + CALLBACK_PROMPTS
    return ()


def check(flow: Flow, has_prompt: Callable[[str, str], bool]) -> list[Problem]:
    """Everything wrong with a flow that was read without problems."""
    if flow.start not in flow.nodes:
        return [Problem("", 1, f"'start' names {flow.start!r}, and there is no such node")]
    missing = list(_missing_targets(flow))
    return [
        *missing,
        *_missing_prompts(flow, has_prompt),
        *_missing_calendars(flow),
        *_not_while_waiting(flow),
        *([] if missing else _shape(flow)),
    ]


def _shape(flow: Flow) -> Iterator[Problem]:
    yield from _unreachable(flow)
    yield from _circles(flow)
    yield from _no_way_out(flow)


def _missing_targets(flow: Flow) -> Iterator[Problem]:
    for node in flow.nodes.values():
        for edge in edges(node):
            if edge.target not in flow.nodes:
                yield Problem(
                    node.name,
                    node.line,
                    f"{edge.label} leads to {edge.target!r}, and there is no such node",
                )


def _missing_prompts(flow: Flow, has_prompt: Callable[[str, str], bool]) -> Iterator[Problem]:
    for node in flow.nodes.values():
        for prompt in dict.fromkeys(prompt_names(node)):
            lacking = [language for language in LANGUAGES if not has_prompt(prompt, language)]
            if lacking:
                languages = " and ".join(lacking)
                yield Problem(
                    node.name, node.line, f"there is no recording of prompt {prompt!r} in {languages}"
                )


def _missing_calendars(flow: Flow) -> Iterator[Problem]:
    for node in flow.nodes.values():
        for case in node.cases if isinstance(node, Condition) else ():
            if case.test.calendar and case.test.calendar not in flow.calendars:
                yield Problem(
                    node.name, case.line, f"there is no calendar {case.test.calendar!r} in this flow"
                )


HEARD_WHILE_WAITING = (Play, Say, Condition, HangUp)
"""Nodes that only sound or choose. Keys, and all that leads out of the queue, are the queue node's."""


def _not_while_waiting(flow: Flow) -> Iterator[Problem]:
    """A flow for waiting callers plays; it may not take them out of the queue, or answer calls."""
    if not flow.waiting_every_s:
        return
    if flow.numbers:
        yield Problem("", 1, "'numbers' must be left out: with 'waiting_every_s' it answers no calls")
    for node in flow.nodes.values():
        if not isinstance(node, HEARD_WHILE_WAITING):
            allowed = "play, say, condition and hang_up, which ends a round"
            yield Problem(node.name, node.line, f"cannot be in a flow for waiting callers: only {allowed}")


def _unreachable(flow: Flow) -> Iterator[Problem]:
    seen = {flow.start}
    ahead = [flow.start]
    while ahead:
        for edge in edges(flow.nodes[ahead.pop()]):
            if edge.target not in seen:
                seen.add(edge.target)
                ahead.append(edge.target)
    for node in flow.nodes.values():
        if node.name not in seen:
            yield Problem(node.name, node.line, "no way through the flow leads to this node")


def _circles(flow: Flow) -> Iterator[Problem]:
    """One problem for each circle of automatic edges, at its first node in the file.

    Nodes that lead, by themselves, to an end are taken away until nothing changes; what remains is a
    circle or leads into one, so each walk from there must come back to a node it has seen.
    """
    ways = {name: [e.target for e in edges(node) if e.automatic] for name, node in flow.nodes.items()}
    settled: set[str] = set()
    while free := [n for n in ways if n not in settled and settled.issuperset(ways[n])]:
        settled.update(free)
    told: set[str] = set()
    for name in ways:
        circle = _walk(name, ways, settled) if name not in settled else []
        if circle and told.isdisjoint(circle):
            told.update(circle)
            first = min((flow.nodes[each] for each in circle), key=lambda node: node.line)
            path = " → ".join([*circle, circle[0]])
            yield Problem(first.name, first.line, f"goes round for ever without the caller's doing: {path}")


def _walk(start: str, ways: dict[str, list[str]], settled: set[str]) -> list[str]:
    path: list[str] = []
    name = start
    while name not in path:
        path.append(name)
        name = next(each for each in ways[name] if each not in settled)
    return path[path.index(name) :]


def _no_way_out(flow: Flow) -> Iterator[Problem]:
    """Every node must reach a hang_up."""
    ends = {name for name, node in flow.nodes.items() if isinstance(node, HangUp)}
    grown = True
    while grown:
        more = {n for n, node in flow.nodes.items() if any(e.target in ends for e in edges(node))}
        grown = not more <= ends
        ends |= more
    for node in flow.nodes.values():
        if node.name not in ends:
            yield Problem(node.name, node.line, "is a dead end: no way from here reaches a hang_up")
