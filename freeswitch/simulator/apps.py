"""Applications that set, route and end; those that make or hear sound are in apps_media.py."""

from __future__ import annotations

from freeswitch.simulator import bridge, dialstring
from freeswitch.simulator.channels import Channel
from freeswitch.simulator.originate import dial
from freeswitch.simulator.waiting import application, park, wait


@application("answer")
async def answer(channel: Channel, arg: str) -> None:
    channel.mark_answered()


@application("pre_answer")
async def pre_answer(channel: Channel, arg: str) -> None:
    channel.mark_early()


@application("ring_ready")
async def ring_ready(channel: Channel, arg: str) -> None:
    channel.mark_progress()


@application("park")
async def park_app(channel: Channel, arg: str) -> None:
    await park(channel)


@application("sleep")
async def sleep(channel: Channel, arg: str) -> None:
    seconds = int(arg) / 1_000 if arg.strip().isdigit() else 0.0
    await wait(channel, seconds, wall_clock=True)


@application("set")
async def set_app(channel: Channel, arg: str) -> None:
    name, equals, value = arg.partition("=")
    if not equals:
        name, _, value = arg.partition(",")
    channel.set(name.strip(), value if value != "_undef_" else None)


@application("export")
async def export(channel: Channel, arg: str) -> None:
    """Also for the legs this one dials."""
    arg = arg.removeprefix("nolocal:")
    name, _, value = arg.partition("=")
    channel.set(name.strip(), value)
    names = channel.get("export_vars") or ""
    channel.set("export_vars", f"{names},{name.strip()}".strip(","))


@application("multiset")
async def multiset(channel: Channel, arg: str) -> None:
    separator = " "
    if arg.startswith("^^") and len(arg) > 2:
        separator, arg = arg[2], arg[3:]
    for item in dialstring.split(arg, separator):
        name, equals, value = item.partition("=")
        if equals:
            channel.set(name.strip(), value)


@application("unset")
@application("multiunset")
async def unset(channel: Channel, arg: str) -> None:
    for name in arg.replace("^^:", "").replace(":", " ").split():
        channel.set(name, None)


@application("hangup")
async def hangup(channel: Channel, arg: str) -> None:
    channel.hangup(arg.strip() or "NORMAL_CLEARING")


@application("respond")
async def respond(channel: Channel, arg: str) -> None:
    causes = {"403": "CALL_REJECTED", "404": "UNALLOCATED_NUMBER", "486": "USER_BUSY"}
    channel.hangup(causes.get(arg[:3], "NORMAL_TEMPORARY_FAILURE"))


@application("transfer")
async def transfer(channel: Channel, arg: str) -> None:
    words = dialstring.words(arg)
    if words and words[0] in {"-bleg", "-both"}:
        other = channel.peer
        if other is not None:
            bridge.transfer(other, *words[1:4])
        if words[0] == "-bleg":
            return
        words = words[1:]
    if words:
        bridge.transfer(channel, *words[:3])


@application("bridge")
async def bridge_app(channel: Channel, arg: str) -> None:
    """Dial and talk; what happens when nobody answers is continue_on_fail's word."""
    names = (channel.get("export_vars") or "").split(",")
    extra = {name: channel.get(name) or "" for name in names if name}
    limit = channel.get("call_timeout")
    timeout = float(limit) if limit and limit.isdigit() else None
    result = await dial(channel.node, arg, by=channel, extra=extra, timeout_s=timeout)
    if result.channel is None:
        _nobody(channel, result.cause)
        return
    other = result.channel
    channel.mark_answered()
    bridge.introduce(channel, other)
    bridge.name_other_legs(channel, other)
    await bridge.talk(channel, other)


def _nobody(channel: Channel, cause: str) -> None:
    channel.set("originate_disposition", cause)
    channel.set("last_bridge_hangup_cause", cause)
    go_on = (channel.get("continue_on_fail") or "").lower()
    if go_on in {"true", "yes"} or cause.lower() in go_on.split(","):
        return
    channel.hangup(cause)


@application("event")
async def event(channel: Channel, arg: str) -> None:
    headers = {}
    subclass = "freeswitch::event"
    for item in arg.split(","):
        name, equals, value = item.partition("=")
        if equals:
            headers[name.strip()] = value
    subclass = headers.pop("Event-Subclass", subclass)
    channel.fire("CUSTOM", before={"Event-Subclass": subclass, **headers}, subclass=subclass)


async def nothing(channel: Channel, arg: str) -> None:
    """Accepted, without an effect anyone could see here."""


for quiet in (
    "log",
    "info",
    "start_dtmf",
    "stop_dtmf",
    "hash",
    "sched_hangup",
    "flush_dtmf",
    "verbose_events",
    "media_reset",
    "jitterbuffer",
    "bind_digit_action",
    "clear_digit_action",
    "digit_action_set_realm",
):
    application(quiet)(nothing)


@application("eavesdrop")
async def eavesdrop(channel: Channel, arg: str) -> None:
    """Heard by nobody; ends with its target."""
    channel.mark_answered()
    target = channel.node.channels.get(arg.strip())
    group = channel.get("eavesdrop_require_group")
    if target is None or (group and target.get("eavesdrop_group") != group):
        return
    watch = target.on_event

    def gone(one: Channel, event: str) -> None:
        if event == "CHANNEL_HANGUP":
            channel.hangup("NORMAL_CLEARING")

    watch.append(gone)
    await wait(channel, None)
    if gone in watch:
        watch.remove(gone)


application("three_way")(eavesdrop)


@application("echo")
async def echo(channel: Channel, arg: str) -> None:
    channel.mark_answered()
    await wait(channel, None)


@application("conference")
async def conference(channel: Channel, arg: str) -> None:
    name, _, flags = arg.partition("@")
    channel.mark_answered()
    rooms = channel.node.conferences
    number = rooms.join(name, channel, muted="mute" in flags)
    await wait(channel, None, until=lambda: not rooms.inside(name, number))
    rooms.leave(name, number)
