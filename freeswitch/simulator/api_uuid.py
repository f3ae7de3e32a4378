"""The api commands about one channel, with FreeSWITCH's own answers, lies included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from freeswitch.simulator import bridge
from freeswitch.simulator.api import Answer, command, find
from freeswitch.simulator.channels import Channel, micros
from freeswitch.simulator.dialstring import split, words
from freeswitch.simulator.events import as_xml, plain
from freeswitch.simulator.orders import Order
from freeswitch.simulator.waiting import stop_playing

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.protocol import Connection

NO_CHANNEL = "-ERR No such channel!\n"
NO_SESSION = "-ERR Cannot locate session!\n"
FAILED = "-ERR Operation failed\n"
SUCCESS = "+OK Success\n"
OK = "+OK\n"


@command("uuid_exists")
def exists(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return "true" if find(node, arg) else "false"


@command("uuid_kill")
def kill(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, cause = arg.partition(" ")
    if not uuid:
        return "-USAGE: <uuid> [cause]\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL
    channel.hangup(cause.strip() or "NORMAL_CLEARING")
    return OK


@command("uuid_bridge")
def uuid_bridge(node: Simulator, arg: str, link: Connection | None) -> Answer:
    both = arg.split()
    if len(both) != 2:
        return "-USAGE: <uuid> <other_uuid>\n"
    one, two = find(node, both[0]), find(node, both[1])
    if one is None or two is None or one is two or not bridge.uuid_bridge(one, two):
        return "-ERR Invalid uuid\n"
    return f"+OK {both[1]}\n"


@command("uuid_transfer")
def transfer(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = words(arg)
    if len(parts) < 2:
        return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
    channel = find(node, parts[0])
    if channel is None:
        return NO_CHANNEL
    which = parts.pop(1) if parts[1] in {"-bleg", "-both"} else ""
    other = channel.peer
    if which and other is None:
        return NO_CHANNEL
    if which and other is not None:
        bridge.transfer(other, *parts[1:4])
    if which != "-bleg":
        bridge.transfer(channel, *parts[1:4])
    return OK


@command("uuid_park")
def park(node: Simulator, arg: str, link: Connection | None) -> Answer:
    channel = find(node, arg)
    if channel is None:
        return NO_CHANNEL if arg else "-USAGE: <uuid>\n"
    bridge.transfer(channel, "park", "inline")
    return OK


@command("uuid_answer")
def answer(node: Simulator, arg: str, link: Connection | None) -> Answer:
    channel = find(node, arg)
    if channel is None:
        return "-ERROR\n"
    channel.mark_answered()
    return "+OK\n"


@command("uuid_pre_answer")
@command("uuid_early_media")
def pre_answer(node: Simulator, arg: str, link: Connection | None) -> Answer:
    channel = find(node, arg)
    if channel is None:
        return "-ERROR\n"
    channel.mark_early()
    return OK


@command("uuid_media")
def media(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return SUCCESS if find(node, arg.removeprefix("off ")) else FAILED


# -- hold


@command("uuid_hold")
def hold(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = arg.split()
    if not parts:
        return "-USAGE: [off|toggle] <uuid> [<display>]\n"
    verb = parts.pop(0).lower() if parts[0].lower() in {"off", "toggle"} and len(parts) > 1 else "on"
    channel = find(node, parts[0])
    if channel is None:
        return SUCCESS  # sic: a missing channel is held with success (transcript 10)
    if verb == "toggle":
        verb = "off" if channel.held else "on"
    done = unhold_leg(channel) if verb == "off" else hold_leg(channel)
    return SUCCESS if done else FAILED


def hold_leg(channel: Channel) -> bool:
    """The phone is put on hold; its partner hears the music (transcript 30)."""
    if channel.held or not channel.answered:
        return False
    channel.held = True
    channel.profile.stamp(last_hold_us=micros())
    channel.set_call_state("HELD")
    channel.touch()
    channel.fire("CHANNEL_HOLD")
    music = channel.get("hold_music") or "local_stream://moh"
    if channel.peer is not None and music not in {"silence", "_undef_"}:
        lead_ms = channel.node.settings.broadcast_lead_ms
        channel.peer.queue(Order("execute", app="playback", arg=music, loops=-1, lock=True, lead_ms=lead_ms))
    return True


def unhold_leg(channel: Channel) -> bool:
    if not channel.held:
        return False
    channel.held = False
    channel.profile.hold_accum_us += micros() - channel.profile.last_hold_us
    if channel.peer is not None:
        stop_playing(channel.peer, every=True)
    channel.set_call_state("UNHELD")
    channel.set_call_state("ACTIVE")
    channel.touch()
    channel.fire("CHANNEL_UNHOLD")
    return True


@command("uuid_phone_event")
def phone_event(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, event = arg.partition(" ")
    if not uuid:
        return "-USAGE: <uuid>\n"
    channel = find(node, uuid)
    if channel is None:
        return FAILED
    if event == "talk" and not channel.answered:
        channel.node.people.answer(channel)
    elif event == "talk":
        unhold_leg(channel)
    elif event == "hold":
        hold_leg(channel)
    return SUCCESS


# -- sound


@command("uuid_broadcast")
def broadcast(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = words(arg)
    if len(parts) < 2:
        return "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"
    channel = find(node, parts[0])
    if channel is None:
        return "-ERR invalid uuid\n"
    side = parts[2] if len(parts) > 2 else "aleg"
    app, marks, path = parts[1].partition("::")
    if not marks:
        app, path = "playback", parts[1]
    app, bang, cause = app.partition("!")
    lead_ms = node.settings.broadcast_lead_ms
    legs = [channel] if side in {"aleg", "both", "holdb"} else []
    if side in {"bleg", "both"} and channel.peer is not None:
        legs.insert(0, channel.peer)
    for leg in legs:
        leg.queue(Order("execute", app=app, arg=path, lock=True, lead_ms=lead_ms))
        if bang:
            leg.queue(Order("execute", app="hangup", arg=cause or "NORMAL_CLEARING", lock=True))
    return "+OK Message sent\n"


@command("uuid_break")
def uuid_break(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, flags = arg.partition(" ")
    if not uuid:
        return "-USAGE: <uuid> [all]\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL
    stop_playing(channel, "all" in flags)
    if "both" in flags and channel.peer is not None:
        stop_playing(channel.peer, "all" in flags)
    return OK


@command("uuid_displace")
def displace(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = arg.split()
    if len(parts) < 3:
        return "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"
    channel = find(node, parts[0])
    if channel is None:
        return NO_SESSION
    if parts[1] == "stop":
        if parts[2] not in channel.displaced:
            return "-ERR Cannot stop displace session!\n"
        channel.displaced.discard(parts[2])
        return SUCCESS
    if node.sounds.seconds(parts[2]) is None or parts[2] in channel.displaced:
        return "-ERR Cannot displace session!\n"
    channel.displaced.add(parts[2])
    return SUCCESS


@command("uuid_audio")
def audio(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = arg.split()
    if not parts or find(node, parts[0]) is None:
        return NO_CHANNEL
    if len(parts) < 2 or parts[1] not in {"start", "stop"}:
        return "-USAGE: <uuid> [start [read|write] [mute|level <level>]|stop]\n"
    return OK


@command("uuid_record")
def record(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = arg.split()
    if len(parts) < 3 or parts[1] not in {"start", "stop", "mask", "unmask", "pause", "resume"}:
        return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
    channel = find(node, parts[0])
    if channel is None:
        return NO_SESSION
    recorder, path = node.recorder, parts[2]
    if parts[1] == "start":
        return SUCCESS if recorder.start(channel, path) else "-ERR Cannot record session!\n"
    if parts[1] == "stop":
        return SUCCESS if recorder.stop(channel, path) else "-ERR Cannot stop record session!\n"
    if parts[1] in {"mask", "unmask"}:
        done = recorder.mask(channel, path, parts[1] == "mask")
        return SUCCESS if done else f"-ERR Cannot {parts[1]} recording session!\n"
    done = path in channel.recordings
    return SUCCESS if done else f"-ERR Cannot {parts[1]} recording session!\n"


@command("uuid_send_dtmf")
def send_dtmf(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, digits = arg.partition(" ")
    if not digits:
        return "-USAGE: <uuid> <dtmf_data>\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_SESSION
    channel.keys_sent.append(digits)
    return f"+OK {uuid} sent DTMF {digits}.\n"


@command("uuid_recv_dtmf")
def recv_dtmf(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, digits = arg.partition(" ")
    if not digits:
        return "-USAGE: <uuid> <dtmf_data>\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_SESSION
    node.people.dial_digits(channel, digits.partition("@")[0])
    return f"+OK {uuid} received DTMF {digits}.\n"


# -- variables


@command("uuid_setvar")
def setvar(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, rest = arg.partition(" ")
    name, _, value = rest.strip().partition(" ")
    if not uuid or not name:
        return "-USAGE: <uuid> <var> [value]\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL
    channel.set(name, value)
    return OK


@command("uuid_setvar_multi")
def setvar_multi(node: Simulator, arg: str, link: Connection | None) -> Answer:
    usage = "-USAGE: <uuid> <var>=<value>;<var>=<value>...\n"
    uuid, _, rest = arg.partition(" ")
    if not uuid or not rest:
        return usage
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL + usage  # both, and that is what it says (transcript 10)
    separator = ";"
    if rest.startswith("^^") and len(rest) > 3:  # switch_separate_string: another separator, by choice
        separator, rest = rest[2], rest[3:]
    for item in split(rest, separator):
        name, equals, value = item.partition("=")
        if equals:
            channel.set(name.strip(), value)
    return OK


@command("uuid_getvar")
def getvar(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, name = arg.partition(" ")
    if not uuid or not name:
        return "-USAGE: <uuid> <var>\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL
    return channel.get(name.strip()) or "_undef_"


@command("uuid_dump")
def dump(node: Simulator, arg: str, link: Connection | None) -> Answer:
    uuid, _, fmt = arg.partition(" ")
    if not uuid:
        return "-USAGE: <uuid> [format]\n"
    channel = find(node, uuid)
    if channel is None:
        return NO_CHANNEL
    data = channel.data(("mod_commands.c", "uuid_dump_function", "6495"))
    if fmt == "json":
        return orjson.dumps(data).decode()
    return (as_xml if fmt == "xml" else plain)(data, None).decode("utf-8", "surrogateescape")


@command("uuid_buglist")
def buglist(node: Simulator, arg: str, link: Connection | None) -> Answer:
    channel = find(node, arg)
    if channel is None:
        return NO_SESSION
    rows = "".join(
        f" <media-bug>\n  <function>session_record</function>\n  <target>{path}</target>\n </media-bug>\n"
        for path in channel.recordings
    )
    return f"<media-bugs>\n{rows}</media-bugs>\n"


@command("uuid_dual_transfer")
def dual_transfer(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = words(arg)
    channel = find(node, parts[0]) if parts else None
    if channel is None or len(parts) < 3:
        return NO_CHANNEL
    other = channel.peer
    if other is not None:
        bridge.transfer(other, *parts[2].split("/")[:3])
    bridge.transfer(channel, *parts[1].split("/")[:3])
    return OK


@command("uuid_ring_ready")
def ring_ready(node: Simulator, arg: str, link: Connection | None) -> Answer:
    channel = find(node, arg.partition(" ")[0])
    if channel is None:
        return NO_CHANNEL
    channel.mark_progress()
    return OK
