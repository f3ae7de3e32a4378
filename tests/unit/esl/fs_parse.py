"""FreeSWITCH's own way of taking a command apart, transcribed from switch_utils.c and switch_event.c.

So a test can say what the switch *reads*, not merely what we sent. Checked against a real one by hand.
"""

from __future__ import annotations

UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


def cleaned(text: str, delim: str) -> str:
    """cleanup_separated_string: drops quotes, escapes, and blanks at both ends."""
    out: list[str] = []
    end = 0
    quoted = False
    text = text.lstrip(" ")
    at = 0
    while at < len(text):
        char, after = text[at], text[at + 1 : at + 2]
        known = after and (after in "'\"\\" or (delim and after == delim) or after in UNESCAPED)
        if char == "\\" and known:
            out.append(UNESCAPED.get(after, after) if after not in (delim, "'", '"', "\\") else after)
            end = len(out)
            at += 2
            continue
        if char == "'" and (quoted or "'" in text[at + 1 :]):
            quoted = not quoted
            if quoted:
                end = len(out)
        else:
            out.append(char)
            if char != " " or quoted:
                end = len(out)
        at += 1
    return "".join(out[:end])


def separated(text: str, delim: str, limit: int = 1000) -> list[str]:
    """switch_separate_string, with `^^` for another delimiter."""
    if text.startswith("^^") and len(text) > 3:
        text, delim = text[3:], text[2]
    if delim == " ":
        return [cleaned(part, "") for part in _blank_parts(text, limit)]
    return [cleaned(part, delim) for part in _delimited_parts(text, delim, limit)]


def _delimited_parts(text: str, delim: str, limit: int) -> list[str]:
    parts: list[str] = []
    start = at = 0
    quoted = False
    while at < len(text) and len(parts) < limit - 1:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'" and (quoted or "'" in text[at + 1 :]):
            quoted = not quoted
        elif char == delim and not quoted:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]] if start < len(text) else parts


def _blank_parts(text: str, limit: int) -> list[str]:
    parts: list[str] = []
    at = 0
    while at < len(text):
        while at < len(text) and text[at] == " ":
            at += 1
        if len(parts) == limit - 1:
            return [*parts, text[at:]]
        start, quoted = at, False
        while at < len(text) and (quoted or text[at] != " "):
            if text[at] == "\\":
                at += 1
            elif text[at] == "'":
                quoted = not quoted
            at += 1
        if start < len(text):
            parts.append(text[start:at])
    return parts


def bracketed(text: str) -> tuple[dict[str, str], str]:
    """switch_event_create_brackets on `{…}rest`: the variables and the rest."""
    if not text.startswith("{"):
        return {}, text
    depth, end = 1, 0
    while depth:
        end += 1
        depth += (text[end] == "{") - (text[end] == "}")
    inside, delim = text[1:end], ","
    if inside.startswith("^^"):
        inside, delim = inside[3:], inside[2]
    pairs = (separated(one, "=", 2) for one in separated(inside, delim))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}, text[end + 1 :]


def originate(args: str) -> tuple[dict[str, str], list[str]]:
    """originate_function: the variables, then endpoint, application, dialplan, …"""
    argv = separated(args, " ", 10)
    variables, endpoint = bracketed(argv[0])
    return variables, [endpoint, *argv[1:]]


def setvar_multi(args: str) -> dict[str, str]:
    """uuid_setvar_multi: what follows the uuid."""
    parts = separated(args.split(" ", 1)[1], ";", 64)
    return dict(part.split("=", 1) for part in parts)


def multiset(arg: str) -> dict[str, str]:
    """The multiset application, before variables are expanded."""
    delim = " "
    if arg.startswith("^^"):
        arg, delim = arg[3:], arg[2]
    return dict(part.split("=", 1) for part in separated(arg, delim, 256))
