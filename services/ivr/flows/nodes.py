"""Each node type's fields. A new type is one function here, one class in `domain`, one in `engine/nodes`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import yaml

from services.ivr.domain import (
    LANGUAGES,
    NAME,
    WAYS_OUT,
    WAYS_OUT_MORE,
    Callback,
    CallbackOffer,
    Case,
    Condition,
    Fact,
    HangUp,
    Menu,
    Node,
    OutcomeName,
    Play,
    Queue,
    Say,
    SetFacts,
    Survey,
    Test,
    Treatment,
    Voicemail,
)
from services.ivr.flows.marks import FACT, Fields, line_of
from services.ivr.flows.routing import excluded, preferred, requirements

KEY = re.compile(r"[0-9*#]")
OWN_FACT = re.compile(r"my\.[a-z0-9_]{1,32}")
OUTCOMES: tuple[OutcomeName, ...] = get_args(OutcomeName)
CAUSE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
INVALID = ("invalid_key",)


def target(fields: Fields, name: str) -> str:
    """The node an edge leads to; an edge that is missing makes a dead end."""
    if not fields.has(name):
        fields.text(name, "")
        fields.wrong(f"is a dead end: {fields.what} needs {name!r}, the node to go on with")
        return ""
    return fields.text(name, pattern=NAME)


def prompts(fields: Fields, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Names of prompts; whether their files are there is checked later, per language."""
    if not fields.has(name) and default is not None:
        fields.texts(name)
        return default
    names = fields.texts(name, required=True)
    for each in names:
        if NAME.fullmatch(each) is None:
            fields.wrong(f"{each[:80]!r} is not a prompt's name", fields.line_at(name))
    if fields.has(name) and not names:
        fields.wrong(f"{name!r} is empty: the caller would hear nothing", fields.line_at(name))
    return names


def keys(fields: Fields, name: str, *, required: bool) -> dict[str, str]:
    """Key pressed → node."""
    found = fields.mapping(name, required=required)
    edges: dict[str, str] = {}
    for key, line, value in found.names() if found else ():
        if KEY.fullmatch(key) is None:
            fields.wrong(f"{key[:20]!r} is not a key of a telephone (0-9, * or #)", line)
        elif not isinstance(value, yaml.ScalarNode) or NAME.fullmatch(value.value) is None:
            fields.wrong(f"key {key!r} must lead to a node", line)
        else:
            edges[key] = value.value
    return edges


def _play(fields: Fields, name: str) -> Node:
    return Play(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts"),
        interruptible=fields.boolean("interruptible", True),
        next=target(fields, "next"),
    )


def _say(fields: Fields, name: str) -> Node:
    kind = fields.text("as", "number")
    if kind not in {"number", "digits"}:
        fields.wrong("'as' must be number or digits", fields.line_at("as"))
    return Say(
        name=name,
        line=fields.line,
        fact=fields.text("fact", pattern=FACT),
        kind="digits" if kind == "digits" else "number",
        next=target(fields, "next"),
    )


def _menu(fields: Fields, name: str) -> Node:
    return Menu(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts"),
        invalid=prompts(fields, "invalid", INVALID),
        keys=keys(fields, "keys", required=True),
        otherwise=target(fields, "otherwise"),
        attempts=fields.integer("attempts", 3, 1, 10),
        timeout_s=fields.number("timeout_s", 5.0, 1, 30),
    )


def _condition(fields: Fields, name: str) -> Node:
    cases = tuple(_case(fields, item, name) for item in fields.items("cases"))
    if not cases:
        fields.wrong("a condition needs 'cases'", fields.line_at("cases"))
    return Condition(name=name, line=fields.line, cases=cases, otherwise=target(fields, "otherwise"))


def _case(outer: Fields, item: yaml.Node, name: str) -> Case:
    case = outer.inner(item, "a case")
    test = case.mapping("if", required=True)
    made = Case(test=_test(test) if test else Test(), next=target(case, "next"), line=line_of(item))
    case.finish()
    return made


def _test(test: Fields) -> Test:
    calendar = test.text("open", "")
    fact = test.text("fact", "", pattern=FACT if test.has("fact") else None)
    given = [key for key in ("equals", "at_least", "one_of") if test.has(key)]
    values = tuple(_fact(text) for key in ("equals", "at_least", "one_of") for text in test.texts(key))
    test.finish()
    if bool(calendar) == bool(fact):
        test.wrong("a test names either a calendar ('open') or a 'fact'")
    elif fact and (len(given) != 1 or not values):
        test.wrong("a fact is compared by exactly one of: equals, at_least, one_of")
    elif fact and given[0] == "at_least" and not isinstance(values[0], int):
        test.wrong("'at_least' needs a whole number")
    elif fact:
        compare = given[0]
        if compare == "at_least":
            return Test(fact=fact, compare="at_least", values=values[:1])
        return Test(fact=fact, compare="one_of", values=values)
    return Test(calendar=calendar)


def _fact(text: str) -> Fact:
    if text.lower() in {"yes", "true"}:
        return True
    if text.lower() in {"no", "false"}:
        return False
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else text[:200]


def _queue(fields: Fields, name: str) -> Node:
    priority = fields.text("priority", "caller.level")
    if FACT.fullmatch(priority) is None and not re.fullmatch(r"\d|10", priority):
        fields.wrong("'priority' must be 0 to 10, or a fact", fields.line_at("priority"))
    on = fields.mapping("on", required=True)
    prefer, prefer_s = preferred(fields)
    return Queue(
        name=name,
        line=fields.line,
        queue=fields.text("queue", pattern=NAME),
        priority=int(priority) if priority.isdigit() else priority,
        requires=requirements(fields),
        prefer=prefer,
        prefer_s=prefer_s,
        exclude=excluded(fields),
        treatment=_treatment(fields.mapping("while_waiting")),
        max_wait_s=fields.number("max_wait_s", 600.0, 5, 86_400),
        next=target(fields, "next"),
        on=_ways_out(on) if on else {},
    )


def _ways_out(on: Fields) -> dict[str, str]:
    ways = {name: target(on, name) for name in WAYS_OUT}
    for name in WAYS_OUT_MORE:
        if to := on.text(name, "", pattern=NAME if on.has(name) else None):
            ways[name] = to
    on.finish()
    return ways


def _treatment(fields: Fields | None) -> Treatment:
    if fields is None:
        return Treatment()
    made = Treatment(
        first=prompts(fields, "first", ()),
        position_every_s=fields.number("position_every_s", 0.0, 0, 3600),
        expected_wait=fields.boolean("expected_wait", False),
        remind=prompts(fields, "remind", ()),
        keys=keys(fields, "keys", required=False),
        callback=_callback_offer(fields.mapping("callback")),
    )
    if made.callback and made.callback.key in made.keys:
        fields.wrong(f"key {made.callback.key!r} leads to two nodes", fields.line_at("callback"))
    if 0 < made.position_every_s < 10:
        fields.wrong("'position_every_s' under 10 s leaves no room for music", fields.line)
    if made.expected_wait and not made.position_every_s:
        fields.wrong(
            "'expected_wait' is said with the place: it needs 'position_every_s'",
            fields.line_at("expected_wait"),
        )
    fields.finish()
    return made


def _callback_offer(fields: Fields | None) -> CallbackOffer | None:
    if fields is None:
        return None
    made = CallbackOffer(
        key=fields.text("key", pattern=KEY),
        next=target(fields, "next"),
        over_s=fields.number("over_s", 60.0, 0, 3600),
        prompts=prompts(fields, "prompts", ()),
    )
    fields.finish()
    return made


def _callback(fields: Fields, name: str) -> Node:
    return Callback(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts", ()),
        queue=fields.text("queue", "", pattern=NAME if fields.has("queue") else None),
        attempts=fields.integer("attempts", 3, 1, 5),
        timeout_s=fields.number("timeout_s", 5.0, 1, 30),
        next=target(fields, "next"),
        otherwise=target(fields, "otherwise"),
    )


def _survey(fields: Fields, name: str) -> Node:
    return Survey(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts"),
        invalid=prompts(fields, "invalid", INVALID),
        highest=fields.integer("highest", 5, 2, 9),
        attempts=fields.integer("attempts", 2, 1, 5),
        timeout_s=fields.number("timeout_s", 5.0, 1, 30),
        next=target(fields, "next"),
    )


def _voicemail(fields: Fields, name: str) -> Node:
    return Voicemail(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts"),
        max_s=fields.integer("max_s", 120, 5, 900),
        silence_s=fields.integer("silence_s", 5, 2, 30),
        min_s=fields.number("min_s", 1.0, 0, 10),
        next=target(fields, "next"),
    )


def _set(fields: Fields, name: str) -> Node:
    language = fields.text("language", "")
    if language and language not in LANGUAGES:
        fields.wrong(f"'language' must be one of {', '.join(LANGUAGES)}", fields.line_at("language"))
    facts: dict[str, Fact] = {}
    given = fields.mapping("facts")
    for fact, line, value in given.names() if given else ():
        if OWN_FACT.fullmatch(fact) is None:
            fields.wrong(f"{fact[:80]!r} cannot be set; a flow's own facts are called my.name", line)
        elif not isinstance(value, yaml.ScalarNode):
            fields.wrong(f"{fact!r} must be one value", line)
        else:
            facts[fact] = _fact(value.value)
    return SetFacts(name=name, line=fields.line, facts=facts, language=language, next=target(fields, "next"))


def _hang_up(fields: Fields, name: str) -> Node:
    outcome = fields.text("outcome", "")
    if outcome and outcome not in OUTCOMES:
        fields.wrong(f"'outcome' must be one of {', '.join(OUTCOMES)}", fields.line_at("outcome"))
    return HangUp(
        name=name,
        line=fields.line,
        prompts=prompts(fields, "prompts", ()),
        cause=fields.text("cause", "NORMAL_CLEARING", pattern=CAUSE),
        outcome=next((each for each in OUTCOMES if each == outcome), None),
    )


TYPES: dict[str, Callable[[Fields, str], Node]] = {
    "play": _play,
    "say": _say,
    "menu": _menu,
    "condition": _condition,
    "queue": _queue,
    "callback": _callback,
    "survey": _survey,
    "voicemail": _voicemail,
    "set": _set,
    "hang_up": _hang_up,
}
