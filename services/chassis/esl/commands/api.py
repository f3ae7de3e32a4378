"""Commands for `Link.api`, `Link.bgapi` and `Link.post`. What each answers is in FreeSWITCH's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from services.chassis.esl.commands import text
from services.chassis.esl.commands.base import App, Command, command
from services.chassis.esl.commands.dial import DialString, bracketed, listed
from services.chassis.esl.commands.sounds import Sound, joined

Leg = Literal["aleg", "bleg", "both"]
DAY_S = 86_400
TARGETS_LIMIT = 32


def originate(
    endpoint: DialString | Sequence[DialString],
    app: App,
    *,
    variables: Mapping[str, str] | None = None,
    timeout_s: int = 60,
) -> Command:
    """Calls `endpoint` (several ring together, the first to answer wins), then runs `app` there.

    Put `origination_uuid` in `variables` to know the leg beforehand. FreeSWITCH counts the time-out in
    whole clock seconds and may be 0.8 s early. Answers `+OK uuid` or `-ERR CAUSE`: by bgapi only.
    """
    targets = [endpoint] if isinstance(endpoint, DialString) else list(endpoint)
    if not 1 <= len(targets) <= TARGETS_LIMIT:
        raise text.UnsafeArgument("endpoint", f"is not 1 to {TARGETS_LIMIT} destinations")
    dialled = bracketed(variables or {}) + ",".join(one.target for one in targets)
    limit = text.whole("timeout_s", timeout_s, 1, 600)
    return command("originate", dialled, _inline(app), "undef", "undef", "undef", "undef", limit)


def _inline(app: App) -> str:
    """`&app(arg)`: the argument may hold neither blanks nor parentheses there."""
    if any(char in " ()" for char in app.arg) or app.loops != 1:
        raise text.UnsafeArgument("app", "cannot stand in an originate: run it once answered")
    return f"&{app.name}({app.arg})"


def global_getvar(name: str) -> Command:
    """A variable of the whole switch. An unset one answers `-ERR no reply`."""
    return command("global_getvar", text.variable_name("name", name))


def global_setvar(name: str, value: str, *, was: str = "") -> Command:
    """Sets a variable of the whole switch, with `was` only if that is its value now.

    Answers `+OK` either way: read it to know. It is gone when the switch restarts.
    """
    told = text.token("value", value) + (f"={text.token('was', was)}" if was else "")
    return command("global_setvar", f"{text.variable_name('name', name)}={told}")


def uuid_bridge(uuid: str, other: str) -> Command:
    """Connects two channels. `+OK` comes 20-60 ms before CHANNEL_BRIDGE."""
    return command("uuid_bridge", text.uuid("uuid", uuid), text.uuid("other", other))


def uuid_kill(uuid: str, cause: str = "NORMAL_CLEARING") -> Command:
    """Hangs a channel up."""
    return command("uuid_kill", text.uuid("uuid", uuid), text.cause("cause", cause))


def uuid_answer(uuid: str) -> Command:
    """Answers an inbound channel."""
    return command("uuid_answer", text.uuid("uuid", uuid))


def uuid_park(uuid: str) -> Command:
    """Parks a channel, out of any bridge."""
    return command("uuid_park", text.uuid("uuid", uuid))


def uuid_hold(uuid: str) -> Command:
    """Holds. `+OK` also for a missing uuid, `-ERR Operation failed` when it is held already."""
    return command("uuid_hold", text.uuid("uuid", uuid))


def uuid_unhold(uuid: str) -> Command:
    """Takes back from hold."""
    return command("uuid_hold", "off", text.uuid("uuid", uuid))


def uuid_hold_toggle(uuid: str) -> Command:
    """Holds or takes back."""
    return command("uuid_hold", "toggle", text.uuid("uuid", uuid))


def uuid_transfer(
    uuid: str,
    extension: str,
    context: str,
    *,
    dialplan: str = "XML",
    leg: Leg = "aleg",
) -> Command:
    """Sends a channel (or its partner, or both) to an extension. `+OK` even when there is none."""
    which = [] if leg == "aleg" else ["-" + leg]
    destination = text.number("extension", extension)
    rest = [destination, text.token("dialplan", dialplan), text.token("context", context)]
    return command("uuid_transfer", text.uuid("uuid", uuid), *which, *rest)


def uuid_play_on(uuid: str, sound: Sound) -> Command:
    """Takes a channel out of any bridge and plays to it until it goes elsewhere, or parks when it cannot."""
    application = f"endless_playback:{joined([sound])},park"
    return command("uuid_transfer", text.uuid("uuid", uuid), application, "inline")


def uuid_setvar(uuid: str, name: str, value: str) -> Command:
    """Sets a channel variable; "" unsets it."""
    checked = [text.free(name, value)] if value else []
    return command("uuid_setvar", text.uuid("uuid", uuid), text.variable_name("name", name), *checked)


def uuid_setvar_multi(uuid: str, variables: Mapping[str, str]) -> Command:
    """Sets several channel variables in one go; "" unsets."""
    return command("uuid_setvar_multi", text.uuid("uuid", uuid), listed(variables))


def uuid_getvar(uuid: str, name: str) -> Command:
    """A channel variable; the answer is `_undef_` when it is not set."""
    return command("uuid_getvar", text.uuid("uuid", uuid), text.variable_name("name", name))


def uuid_exists(uuid: str) -> Command:
    """Answers `true` or `false`, exact at once."""
    return command("uuid_exists", text.uuid("uuid", uuid))


def uuid_dump(uuid: str) -> Command:
    """All headers and variables of a channel, as JSON."""
    return command("uuid_dump", text.uuid("uuid", uuid), "json")


def uuid_break(uuid: str, *, everything: bool = False) -> Command:
    """Ends what is being played; with `everything` what waits behind it too."""
    return command("uuid_break", text.uuid("uuid", uuid), *(["all"] if everything else []))


def uuid_broadcast(uuid: str, sounds: Sequence[Sound], *, leg: Leg = "aleg") -> Command:
    """Plays into a call. `+OK` even for a missing file: CHANNEL_EXECUTE_COMPLETE tells."""
    return command("uuid_broadcast", text.uuid("uuid", uuid), joined(sounds), leg)


def uuid_record_start(uuid: str, root: str, name: str, *, limit_s: int = DAY_S) -> Command:
    """Records to `name` under `root`. A second start of the same file is `+OK` and does nothing."""
    limit = text.whole("limit_s", limit_s, 1, DAY_S)
    return command(
        "uuid_record", text.uuid("uuid", uuid), "start", text.path_under("file", root, name), limit
    )


def uuid_record_stop(uuid: str, root: str, name: str) -> Command:
    """Ends the recording; `-ERR` when there is none."""
    return _record(uuid, "stop", root, name)


def uuid_record_mask(uuid: str, root: str, name: str) -> Command:
    """Silence in the recording from now on (a card number is said)."""
    return _record(uuid, "mask", root, name)


def uuid_record_unmask(uuid: str, root: str, name: str) -> Command:
    """Sound in the recording again."""
    return _record(uuid, "unmask", root, name)


def _record(uuid: str, what: str, root: str, name: str) -> Command:
    return command("uuid_record", text.uuid("uuid", uuid), what, text.path_under("file", root, name))


def uuid_phone_event(uuid: str, what: Literal["talk", "hold"]) -> Command:
    """Makes the telephone itself answer (`talk`) or hold, if it understands SIP NOTIFY."""
    if what not in ("talk", "hold"):
        raise text.UnsafeArgument("what", "is neither talk nor hold")
    return command("uuid_phone_event", text.uuid("uuid", uuid), what)


def uuid_send_dtmf(uuid: str, keys: str) -> Command:
    """Sends keys to the other end."""
    return command("uuid_send_dtmf", text.uuid("uuid", uuid), text.dtmf("keys", keys))


def uuid_mute(uuid: str) -> Command:
    """Nobody hears this channel any more."""
    return command("uuid_audio", text.uuid("uuid", uuid), "start", "read", "mute", "1")


def uuid_unmute(uuid: str) -> Command:
    """Ends `uuid_mute`."""
    return command("uuid_audio", text.uuid("uuid", uuid), "stop")


def show_channels() -> Command:
    """All channels, a line each with commas, after a line of names; then an empty one and `n total.`.

    Not as JSON: that is twice as long and, within the JSON of its event, holds both threads ten times longer.
    """
    return command("show", "channels")


def count_channels() -> Command:
    """How many there are: an empty line and `n total.`."""
    return command("show", "channels", "count")


def status() -> Command:
    """How the switch is, for people."""
    return command("status")
