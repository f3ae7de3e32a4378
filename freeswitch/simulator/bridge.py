"""Two legs talking: how they come together, and what becomes of the one that stays."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from freeswitch.simulator import states
from freeswitch.simulator.channels import Channel, micros, new_uuid
from freeswitch.simulator.waiting import execute, wait

if TYPE_CHECKING:
    from freeswitch.simulator.events import Headers


def uuid_bridge(one: Channel, two: Channel) -> bool:
    """The api command: stops whatever both are doing; the first (or answered) one becomes the A leg."""
    a, b = one, two
    if a.down or b.down:
        return False
    if not a.has_media:
        if not b.has_media:
            return False
        a, b = b, a
    part(a)
    part(b)
    for channel in (a, b):
        channel.other_leg = {}
    if not a.inbound:
        a.profile.logical_direction = "inbound"
    a.dialplan, b.dialplan = True, b.inbound
    a.set("uuid_bridge", b.uuid)
    introduce(a, b)
    for channel, other in ((a, b), (b, a)):
        source = f"{int(time.time())}:{new_uuid()}:uuid_br:{other.uuid}"
        channel.push("transfer_history", source)
        channel.set("transfer_source", source)
        channel.profile = channel.profile.next(transfer_source=source)
    b.profile.caller_id_name = a.profile.caller_id_name
    b.profile.caller_id_number = a.profile.caller_id_number
    if b.profile.callee_id_number:
        a.profile.callee_id_name = b.profile.callee_id_name
        a.profile.callee_id_number = b.profile.callee_id_number
    name_other_legs(a, b)
    a.wants, b.wants = b, a
    a.leads, b.leads = True, False
    for channel in (a, b):
        channel.stop_broadcast = channel.broadcast
        channel.transfer = True
        channel.set_state(states.HIBERNATE)
    return True


def introduce(a: Channel, b: Channel) -> None:
    """The variables both legs get when they are to be bridged."""
    for channel, other in ((a, b), (b, a)):
        channel.set("bridge_channel", other.name)
        channel.set("bridge_uuid", other.uuid)
        channel.set("signal_bond", other.uuid)
        channel.set("original_destination_number", channel.profile.destination_number)
        channel.set("original_caller_id_name", channel.profile.caller_id_name)
        channel.set("original_caller_id_number", channel.profile.caller_id_number)


def name_other_legs(a: Channel, b: Channel) -> None:
    """Other-Type and Other-Leg-*: a snapshot of the other's profile."""
    mine: Headers = {"Other-Type": "originatee", **b.profile.headers("Other-Leg", index=False)}
    theirs: Headers = {"Other-Type": "originator", **a.profile.headers("Other-Leg", index=False)}
    mine["Other-Leg-Logical-Direction"] = theirs["Other-Leg-Logical-Direction"] = "inbound"
    a.other_leg, b.other_leg = mine, theirs
    a.touch()
    b.touch()


def part(channel: Channel) -> None:
    """Out of the bridge it is in, because it goes elsewhere; the other leg notices by itself."""
    other = channel.peer
    if other is not None:
        channel.peer = None
        channel.left = True
        other.wake()
        channel.wake()


async def hibernate(channel: Channel) -> None:
    """Between two lives: only passed through on the way to a bridge."""
    if channel.wants is not None:
        channel.set_state(states.RESET)


async def reset(channel: Channel) -> None:
    """Both must have dropped what they did before the A leg may bridge."""
    other = channel.wants
    if other is None:
        channel.set_state(states.EXECUTE)
        return
    channel.set_state(states.SOFT_EXECUTE)


async def soft_execute(channel: Channel) -> None:
    other = channel.wants
    if other is None:
        channel.set_state(states.EXECUTE)
    elif channel.leads:
        await _lead(channel, other)
    else:
        other.wake()
        while channel.state == channel.running and not channel.down:
            if other.down:
                channel.wants = None
                keep(channel, other)
                return
            await channel.rest(0.02 if other.running != states.SOFT_EXECUTE else None)


async def _lead(channel: Channel, other: Channel) -> None:
    while other.running != states.SOFT_EXECUTE and not other.down and channel.ready:
        await channel.rest(0.005)
    channel.wants = other.wants = None
    if not channel.ready or other.down:
        _one_was_lost(channel, other)
        return
    channel.set("uuid_bridge", None)
    origin = ("switch_ivr_bridge.c", "uuid_bridge_on_soft_execute", "1236")
    for leg, partner in ((channel, other), (other, channel)):
        leg.shown_app = ("uuid_bridge", partner.uuid)
        after: Headers = {"Application": "uuid_bridge", "Application-Data": partner.uuid}
        leg.fire("CHANNEL_EXECUTE", after=after, origin=origin)
    await talk(channel, other)
    if channel.state == states.SOFT_EXECUTE and not channel.down and not channel.transfer:
        channel.set_state(states.EXECUTE)


def _one_was_lost(channel: Channel, other: Channel) -> None:
    if not channel.ready:
        other.hangup("DESTINATION_OUT_OF_ORDER")
    elif not keep(channel, other):
        channel.hangup("DESTINATION_OUT_OF_ORDER")


async def talk(a: Channel, b: Channel) -> None:
    """The bridge itself, in the A leg's thread (switch_ivr_multi_threaded_bridge)."""
    now = micros()
    for leg, other in ((a, b), (b, a)):
        leg.peer = other
        leg.left = False
        leg.profile.stamp(bridged_us=now)
        leg.touch()
    a.bridge_role, b.bridge_role = "originator", "originatee"
    b.call_uuid = a.call_uuid
    ends: Headers = {"Bridge-A-Unique-ID": a.uuid, "Bridge-B-Unique-ID": b.uuid}
    a.fire("CHANNEL_BRIDGE", before=ends)
    a.node.people.bridged(a, b)
    b.touch()
    b.bridge_of = a
    b.set_state(states.CONSUME_MEDIA)
    _call_update(a, b)
    await _pre_bridge(a)
    await _sound(a, b)
    a.peer = None
    a.set("bridge_to", None)
    # The other leg's last word comes before ours (transcripts 22, 23, 35).
    await _settled(a, b)
    cause = b.hangup_cause or "NORMAL_CLEARING"
    a.set("last_bridge_hangup_cause", cause)
    a.set("bridge_hangup_cause", cause)
    a.fire("CHANNEL_UNBRIDGE", before=ends)
    a.node.people.parted(a, b)
    if b.state == states.EXCHANGE_MEDIA:
        b.wake()
    if not a.down and not a.transfer and not a.left and a.state == a.running:
        keep(a, b)


def _call_update(leg: Channel, other: Channel) -> None:
    leg.set("bridge_to", other.uuid)
    leg.set("last_bridge_to", other.uuid)
    name = other.profile.callee_id_name or other.profile.caller_id_name
    number = other.profile.callee_id_number or other.profile.caller_id_number
    leg.set("last_sent_callee_id_name", name)
    leg.set("last_sent_callee_id_number", number)
    before: Headers = {
        "Direction": "SEND",
        "Sent-Callee-ID-Name": name,
        "Sent-Callee-ID-Number": number,
        "Bridged-To": other.uuid,
    }
    leg.fire("CALL_UPDATE", before=before)


def _apart(a: Channel, b: Channel) -> bool:
    return a.down or b.down or a.left or b.left or a.peer is not b or b.peer is not a


async def _pre_bridge(channel: Channel) -> None:
    """execute_on_pre_bridge runs when both already talk, a moment after CHANNEL_BRIDGE was heard:
    who acts on that event at once acts before it."""
    order = channel.get("execute_on_pre_bridge")
    if not order:
        return
    until = asyncio.get_running_loop().time() + channel.node.settings.pre_bridge_ms / 1_000
    while channel.ready and (left := until - asyncio.get_running_loop().time()) > 0:
        await channel.rest(left)
    if channel.ready:
        app, _, arg = order.partition(" ")
        await execute(channel, app, arg)


async def _sound(a: Channel, b: Channel) -> None:
    while a.ready and not _apart(a, b):
        await wait(a, None, until=lambda: _apart(a, b))


async def _settled(a: Channel, b: Channel) -> None:
    """Let the B leg leave first; all it needs is a few turns of the loop."""
    b.wake()
    if a.left and not a.down and not b.down:
        return  # a transferred A leg says UNBRIDGE before its partner is hung up (transcript 31)
    for turn in range(200):
        if b.running != states.EXCHANGE_MEDIA and (not b.down or b.running >= states.REPORTING):
            return
        await asyncio.sleep(0 if turn < 100 else 0.005)


async def exchange_media(channel: Channel) -> None:
    """The B leg's thread while bridged."""
    a = channel.bridge_of
    if a is None:
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return
    channel.set("call_uuid", channel.call_uuid)
    _call_update(channel, a)
    while channel.ready and not _apart(a, channel):
        await wait(channel, None, until=lambda: _apart(a, channel))
    if channel.ended_on_hold:
        leave_on_hold(channel, a)
    channel.bridge_of = None
    channel.peer = None
    channel.set("bridge_to", None)
    channel.call_uuid = channel.uuid
    channel.touch()
    if a.peer is channel:
        a.wake()
    if channel.down or channel.transfer or channel.left or channel.state != channel.running:
        return
    if a.down:
        channel.set("last_bridge_hangup_cause", a.hangup_cause)
    if not keep(channel, a):
        channel.hangup(a.hangup_cause or "NORMAL_CLEARING")


def leave_on_hold(channel: Channel, other: Channel) -> None:
    """A phone was hung up while the other heard its music: where that one goes, it is not asked itself."""
    where = channel.get("hold_hangup_xfer_exten")
    if where:
        transfer(other, *[*where.split(":"), "", ""][:3])
    else:
        other.hangup("NORMAL_CLEARING")


def keep(channel: Channel, other: Channel) -> bool:
    """What the variables say about the leg that stays; True when it goes somewhere."""
    if channel.true("park_after_bridge"):
        channel.set_state(states.PARK)
        return True
    where = channel.get("transfer_after_bridge")
    if where and other.answered:
        channel.set("transfer_after_bridge", None)
        transfer(channel, *[*where.split(":"), "", ""][:3])
        return True
    if channel.true("hangup_after_bridge") and other.answered:
        channel.hangup(other.hangup_cause or "NORMAL_CLEARING")
    return False


def transfer(channel: Channel, extension: str, dialplan: str = "", context: str = "") -> None:
    """To another extension: what runs now ends, the dialplan is asked again."""
    if channel.down:
        return
    if not channel.inbound and not channel.dialplan:
        channel.flip()
        channel.dialplan = True
    profile = channel.profile
    dialplan = dialplan or profile.dialplan or "XML"
    context = context or profile.context or "default"
    extension = extension or "service"
    source = f"{int(time.time())}:{new_uuid()}:bl_xfer:{extension}/{context}/{dialplan}"
    channel.push("transfer_history", source)
    channel.set("transfer_source", source)
    channel.set("signal_bond", None)
    channel.profile = profile.next(
        dialplan=dialplan,
        context=context,
        destination_number=extension,
        rdnis=profile.destination_number,
        transfer_source=source,
        bridged_us=0,
    )
    forwards = int(channel.get("max_forwards") or "70")
    channel.set("max_forwards", str(forwards - 1))
    part(channel)
    channel.wants = None
    channel.originating = None
    channel.transfer = True
    channel.held = False
    channel.other_leg = {}
    channel.set_state(states.ROUTING)
