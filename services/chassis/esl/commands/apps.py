"""Dialplan applications, for `OutboundCall.execute` and `originate`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from services.chassis.esl.commands import text
from services.chassis.esl.commands.base import App, app
from services.chassis.esl.commands.dial import listed, pairs
from services.chassis.esl.commands.sounds import Sound, joined

SayType = Literal[
    "number", "items", "currency", "current_date", "current_time", "current_date_time",
    "telephone_number", "name_spelled", "name_phonetic", "short_date_time", "time_measurement",
]  # fmt: skip
SayMethod = Literal["pronounced", "iterated", "counted"]

_SAID = re.compile(r"[0-9A-Za-z.,:+*#\-/]+")
_TERMINATORS = re.compile(r"[0-9*#]{1,12}|none|any")


def answer() -> App:
    """Answers the call."""
    return app("answer")


def pre_answer() -> App:
    """Early media: the caller hears us, and pays nothing yet."""
    return app("pre_answer")


def ring_ready() -> App:
    """Tells the caller that it rings."""
    return app("ring_ready")


def playback(*sounds: Sound) -> App:
    """Plays one after the other."""
    return app("playback", joined(sounds))


def playback_loop(*sounds: Sound) -> App:
    """Plays over and over, until broken off, bridged or hung up.

    Not `endless_playback`: `uuid_break` cannot end that one. FreeSWITCH ends the loop by itself when a
    round takes less than half a second. Each round brings an EXECUTE and an EXECUTE_COMPLETE.
    """
    return app("playback", joined(sounds), loops=-1)


def say(
    value: str, *, language: str = "en", kind: SayType = "number", method: SayMethod = "pronounced"
) -> App:
    """Speaks a number, date or the like with the language's recorded words."""
    if not _SAID.fullmatch(value) or len(value) > text.NAME_CHARS:
        raise text.UnsafeArgument("value", "is not a number, date or word that can be said")
    module = text.token("language", language)
    return app("say", f"{module} {text.token('kind', kind)} {text.token('method', method)} {value}")


def set_variable(name: str, value: str) -> App:
    """Sets a channel variable; "" unsets it."""
    return app("set", pairs({name: value})[0])


def set_variables(variables: Mapping[str, str]) -> App:
    """Sets several channel variables in one go; "" unsets."""
    return app("multiset", listed(variables))


def record(root: str, name: str, *, limit_s: int, silence_s: int = 0, threshold: int = 200) -> App:
    """Records the caller until a key, the limit, or `silence_s` seconds below `threshold`."""
    path = text.path_under("file", root, name)
    limit = text.whole("limit_s", limit_s, 1, 86_400)
    if not silence_s:
        return app("record", f"{path} {limit}")
    quiet = text.whole("silence_s", silence_s, 1, 600)
    return app("record", f"{path} {limit} {text.whole('threshold', threshold, 1, 32_767)} {quiet}")


def terminators(keys: str) -> App:
    """Which keys end a playback or recording; `none` for none."""
    if not _TERMINATORS.fullmatch(keys):
        raise text.UnsafeArgument("keys", "are neither telephone keys nor none or any")
    return app("set", f"playback_terminators={keys}")


def sleep(milliseconds: int) -> App:
    """Waits, hearing keys."""
    return app("sleep", text.whole("milliseconds", milliseconds, 1, 600_000))


def start_dtmf() -> App:
    """Hears keys sent as tones in the sound, from trunks without RFC 4733."""
    return app("start_dtmf")


def break_() -> App:
    """Ends what is being played on this channel."""
    return app("break")


def park() -> App:
    """Keeps the channel, doing nothing."""
    return app("park")


def hangup(cause: str = "NORMAL_CLEARING") -> App:
    """Hangs up, in turn with what was queued before."""
    return app("hangup", text.cause("cause", cause))


def transfer(extension: str, context: str, *, dialplan: str = "XML") -> App:
    """Back to the dialplan, at another extension."""
    where = f"{text.token('dialplan', dialplan)} {text.token('context', context)}"
    return app("transfer", f"{text.number('extension', extension)} {where}")


def eavesdrop(uuid: str) -> App:
    """Listens to another channel (the supervisor's own leg runs this)."""
    return app("eavesdrop", text.uuid("uuid", uuid))


def conference(room: str, profile: str = "default") -> App:
    """Enters a conference room."""
    return app("conference", f"{text.token('room', room)}@{text.token('profile', profile)}")
