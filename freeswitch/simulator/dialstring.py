"""Dial strings: {all}[leg]endpoint/where with `,` (at once) and `|` (one after the other)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Leg:
    """One thing to dial."""

    url: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return self.url.partition("/")[0]

    @property
    def where(self) -> str:
        return self.url.partition("/")[2]


_CLOSE = {"{": "}", "[": "]", "<": ">"}


def _bracket_end(text: str, start: int) -> int:
    """Where the bracket opened at `start` closes; brackets of the same kind nest."""
    opening, closing = text[start], _CLOSE[text[start]]
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == opening) - (text[at] == closing)
        if depth == 0:
            return at
    raise ValueError("unbalanced brackets")


def split(text: str, separator: str) -> list[str]:
    """Split outside brackets, quotes and after no backslash."""
    parts, depth, quoted, now, skip = [], 0, False, "", False
    for char in text:
        if skip:
            now, skip = now + char, False
            continue
        if char == "\\":
            skip = True
            now += char
            continue
        quoted ^= char == "'"
        depth += (char in "{[(<") - (char in "}])>")
        if char == separator and depth <= 0 and not quoted:
            parts.append(now)
            now = ""
        else:
            now += char
    return [*parts, now]


def pairs(text: str) -> dict[str, str]:
    """a=1,b='two, words' as in {…}; ^^: as another separator than a comma."""
    separator = ","
    if text.startswith("^^") and len(text) > 2:
        separator, text = text[2], text[3:]
    found = {}
    for item in split(text, separator):
        name, equals, value = item.partition("=")
        if equals:
            found[name.strip()] = _unquote(value)
    return found


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == "'":
        value = value[1:-1]
    return value.replace("\\,", ",").replace("\\'", "'")


def parse(text: str) -> tuple[dict[str, str], list[list[Leg]]]:
    """The variables of all legs, and the rounds: legs of one round ring together."""
    text = text.strip()
    shared: dict[str, str] = {}
    while text[:1] in {"{", "<"}:
        end = _bracket_end(text, 0)
        shared |= pairs(text[1:end])
        text = text[end + 1 :].strip()
    rounds = [[_leg(one) for one in split(part, ",")] for part in split(text, "|")]
    return shared, rounds


def _leg(text: str) -> Leg:
    text = text.strip()
    variables: dict[str, str] = {}
    while text[:1] in {"[", "{"}:
        end = _bracket_end(text, 0)
        variables |= pairs(text[1:end])
        text = text[end + 1 :].strip()
    return Leg(text, variables)


def words(text: str) -> list[str]:
    """Split at blanks like switch_separate_string: single quotes keep blanks together."""
    found: list[str] = []
    now, quoted, started = "", False, False
    for char in text:
        if char == "'":
            quoted = not quoted
            started = True
        elif char == " " and not quoted:
            if started:
                found.append(now)
            now, started = "", False
        else:
            now += char
            started = True
    return [*found, now] if started else found


def head_and_rest(text: str) -> tuple[str, str]:
    """The dial string (which may hold blanks in brackets or quotes) and what follows it."""
    depth, quoted = 0, False
    for at, char in enumerate(text):
        quoted ^= char == "'"
        depth += (char in "{[") - (char in "}]")
        if char == " " and depth <= 0 and not quoted:
            return text[:at], text[at + 1 :].strip()
    return text, ""
