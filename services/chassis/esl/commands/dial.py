"""Whom to call: dial strings, and the variables in front of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.chassis.esl.commands import text

VARIABLES_LIMIT = 64
"""`uuid_setvar_multi` takes no more."""


@dataclass(frozen=True, slots=True)
class DialString:
    """One destination. Made by the functions below."""

    target: str


def user(name: str, domain: str) -> DialString:
    """A registered user of ours: `user/1001@example.org`."""
    return DialString(f"user/{text.number('user', name)}@{text.host('domain', domain)}")


def gateway(name: str, number: str) -> DialString:
    """A number through a SIP trunk: `sofia/gateway/TRUNK/+8610…`."""
    return DialString(f"sofia/gateway/{text.token('gateway', name)}/{text.number('number', number)}")


def sip(profile: str, number: str, host: str, port: int = 5060) -> DialString:
    """A SIP address without a trunk: `sofia/internal/1001@192.0.2.7:5060`."""
    where = f"{text.host('host', host)}:{text.whole('port', port, 1, 65535)}"
    return DialString(f"sofia/{text.token('profile', profile)}/{text.number('number', number)}@{where}")


def loopback(extension: str, context: str) -> DialString:
    """An extension of our own dialplan, as a call."""
    where = text.token("context", context)
    return DialString(f"loopback/{text.number('extension', extension)}/{where}")


_OUTSIDE = re.compile(
    r"(?P<gateway>sofia/gateway/(?P<trunk>[^/{}]+)/\{number\})"
    r"|(?P<sip>sofia/(?P<profile>[^/{}]+)/\{number\}@(?P<host>[^:/{}]+)(:(?P<port>[0-9]{1,5}))?)"
    r"|(?P<loopback>loopback/\{number\}/(?P<context>[^/{}]+))"
    r"|(?P<null>null/\{number\})"
)


def outside(pattern: str, number: str) -> DialString:
    """A number outside, by an operator's pattern: `sofia/gateway/TRUNK/{number}`,
    `sofia/PROFILE/{number}@HOST:PORT`, `loopback/{number}/CONTEXT` or `null/{number}`.

    The number must be E.164: nothing that a trunk could take for a feature code.
    """
    digits = text.e164("number", number)
    found = _OUTSIDE.fullmatch(pattern)
    if found is None:
        raise text.UnsafeArgument("endpoint", "is none of the patterns that can be dialled")
    if found["gateway"]:
        return gateway(found["trunk"], digits)
    if found["sip"]:
        return sip(found["profile"], digits, found["host"], int(found["port"] or 5060))
    return loopback(digits, found["context"]) if found["loopback"] else null(digits)


def null(number: str = "x") -> DialString:
    """A telephone without SIP, for tests: it rings, and answers when `null_…` variables say so."""
    return DialString("null/" + text.number("number", number))


def pairs(variables: Mapping[str, str]) -> list[str]:
    """`name=value`, each checked. An empty value unsets the variable."""
    if not 1 <= len(variables) <= VARIABLES_LIMIT:
        raise text.UnsafeArgument("variables", f"are not 1 to {VARIABLES_LIMIT}")
    return [
        f"{text.variable_name(name, name)}={text.free(name, value) if value else ''}"
        for name, value in variables.items()
    ]


def listed(variables: Mapping[str, str]) -> str:
    """For setvar_multi and multiset: `^^|a=1|b=2`, since `|` is refused in values."""
    return "^^|" + "|".join(pairs(variables))


def bracketed(variables: Mapping[str, str]) -> str:
    """For originate: `{^^|a=1|b='two words'}`, or nothing.

    Quotes keep the blanks from the first of three splits and are gone after it; values hold none themselves.
    """
    given = {name: value for name, value in variables.items() if value}
    if not given:
        return ""
    parts = (part.partition("=") for part in pairs(given))
    return (
        "{^^|"
        + "|".join(f"{name}='{value}'" if " " in value else f"{name}={value}" for name, _, value in parts)
        + "}"
    )
