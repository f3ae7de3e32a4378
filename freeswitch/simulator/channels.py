"""A channel: what it is and what it announces. Its life is in session.py."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from freeswitch.simulator.causes import known, q850
from freeswitch.simulator.events import ChannelEvent, Headers, Part, Value, flat, rows
from freeswitch.simulator.orders import Order
from freeswitch.simulator.profile import CallerProfile
from freeswitch.simulator.states import (
    CALL_STATES,
    HANGUP,
    NEW,
    RESET,
    ROUTING,
    STATES,
    WITH_VARIABLES,
)

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.originate import Dial
    from freeswitch.simulator.outbound import OutboundConnection

_CODECS: dict[str, Headers] = {
    name: {
        f"Channel-{side}-Codec-{suffix}": value
        for side in ("Read", "Write")
        for suffix, value in (("Name", name), ("Rate", "8000"), ("Bit-Rate", rate))
    }
    for name, rate in (("PCMU", "64000"), ("L16", "128000"))
}


def micros() -> int:
    return time.time_ns() // 1_000


class Channel:
    """One leg of a call."""

    def __init__(self, node: Simulator, uuid: str, name: str, profile: CallerProfile) -> None:
        self.node = node
        self.uuid = uuid
        self.name = name
        self.profile = profile
        # What `show channels` calls initial_…
        self.first = (profile.caller_id_name, profile.caller_id_number, profile.destination_number)
        self.first_context = profile.context
        self.shown_app = ("", "")
        self.inbound = profile.direction == "inbound"
        self.state = NEW
        self.running = NEW
        self.last_live = NEW
        self.call_state = "DOWN"
        self.vars: Headers = {}
        self.hangup_cause = ""
        self.answered = False
        self.early = False
        self.codec = "PCMU"
        self.has_codec = self.inbound
        self.presence_id = ""
        self.dialplan = self.inbound
        self.call_uuid = uuid
        # flags of the session's thread
        self.transfer = False
        self.broadcast = False
        self.stop_broadcast = False
        self.break_now = 0
        self.locks = 0
        self.controlled = False
        # queues
        self.private: deque[Order] = deque()
        self.private_first: deque[Order] = deque()
        self.digits: deque[tuple[str, str]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        # the other side
        self.peer: Channel | None = None
        self.wants: Channel | None = None
        self.leads = False
        self.left = False
        self.bridge_of: Channel | None = None
        self.originating: Dial | None = None
        self.bridge_role = ""
        self.other_leg: Headers = {}
        self.held = False
        self.ended_on_hold = False
        # what runs on it
        self.recordings: dict[str, int] = {}
        self.masked: set[str] = set()
        self.displaced: set[str] = set()
        self.keys_sent: list[str] = []
        self.extension: deque[tuple[str, str]] = deque()
        self.digits_dialed = ""
        self.hung_up_by = "switch"
        self.controllers: list[OutboundConnection] = []
        self.on_event: list[Callable[[Channel, str], None]] = []
        self.ended = asyncio.get_running_loop().create_future()
        self._head: Part | None = None
        self._said: Part | None = None

    # -- state

    @property
    def answer_state(self) -> str:
        if self.hangup_cause:
            return "hangup"
        if self.answered:
            return "answered"
        return "early" if self.early else "ringing"

    @property
    def down(self) -> bool:
        return bool(self.hangup_cause) or self.state >= HANGUP

    @property
    def ready(self) -> bool:
        """May the application in progress go on?"""
        return (
            not self.hangup_cause
            and ROUTING < self.state < HANGUP
            and self.state != RESET
            and self.state == self.running
            and not self.transfer
        )

    @property
    def has_media(self) -> bool:
        return self.answered or self.early

    def set_state(self, state: int) -> None:
        """Ask the session to go there; what it is doing ends first. A hang-up is final."""
        if self.state < HANGUP or state > self.state:
            self.state = state
            self._head = None
            self.wake()

    def enter(self, state: int) -> None:
        """The session is there now."""
        self.running = state
        self._head = None
        if self.inbound and state < HANGUP:
            if state == ROUTING and not self.answered:
                self.set_call_state("RINGING")
            elif self.answered and self.call_state != "HELD":
                self.set_call_state("ACTIVE")
        self.fire("CHANNEL_STATE")
        self.transfer = False

    def set_call_state(self, state: str) -> None:
        if state == self.call_state:
            return
        before, self.call_state = self.call_state, state
        self._head = None
        self.fire(
            "CHANNEL_CALLSTATE",
            before={
                "Original-Channel-Call-State": before,
                "Channel-Call-State-Number": CALL_STATES[state],
            },
        )

    # -- waking the session

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def rest(self, seconds: float | None) -> None:
        """Until woken, or for so long."""
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self.wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def queue(self, order: Order) -> None:
        if self.down or len(self.private) >= self.node.settings.max_private_events:
            order.settle()
            return
        (self.private_first if order.lock_first else self.private).append(order)
        self.wake()

    def next_order(self) -> Order | None:
        if self.private_first:
            return self.private_first.popleft()
        if self.private and not self.locks:
            return self.private.popleft()
        return None

    def key(self, digit: str, source: str = "RTP") -> None:
        """The person on this leg pressed a key."""
        if not self.down and len(self.digits) < self.node.settings.max_dtmf:
            self.digits.append((digit, source))
            self.wake()

    def take_digit(self) -> str:
        digit, source = self.digits.popleft()
        self.digits_dialed += digit
        self.fire("DTMF", after={"DTMF-Digit": digit, "DTMF-Duration": "2000", "DTMF-Source": source})
        return digit

    # -- variables

    def get(self, name: str) -> str | None:
        value = self.vars.get("variable_" + name)
        if value is not None:
            return flat(value)
        return self.profile.known(name) or (self.name if name == "channel_name" else None)

    def true(self, name: str) -> bool:
        value = (self.get(name) or "").lower()
        return value in {"true", "yes", "on", "enable", "enabled", "active", "allow", "t", "1"}

    def put(self, rows: Mapping[str, Value]) -> None:
        """Many at once, under their header names."""
        self.vars.update(rows)
        self._said = None

    def set(self, name: str, value: str | None) -> None:
        key = "variable_" + name
        self._said = None
        if not value:
            self.vars.pop(key, None)
        elif value[0] == "A" and value.startswith("ARRAY::"):
            self.vars[key] = value[7:].split("|:")
        else:
            self.vars[key] = value

    def push(self, name: str, value: str) -> None:
        """Add to a variable that grows into an array (transfer_history)."""
        now = self.vars.get("variable_" + name)
        grown = [*([now] if isinstance(now, str) else now), value] if now is not None else value
        self.put({"variable_" + name: grown})

    # -- events

    def head(self) -> Part:
        """Channel-*, Caller-* and Other-Leg-* of every event of this channel."""
        if self._head is None:
            self._head = Part(self._make_head())
        return self._head

    def said(self) -> Part:
        """The variables."""
        if self._said is None:
            self._said = Part(self.vars)
        return self._said

    def touch(self) -> None:
        """The profile or the other leg changed: make the headers anew."""
        self.profile.forget()
        self._head = None

    def _make_head(self) -> Headers:
        direction = "inbound" if self.inbound else "outbound"
        head: Headers = {
            "Channel-State": STATES[self.running],
            "Channel-Call-State": self.call_state,
            "Channel-State-Number": str(self.state),
            "Channel-Name": self.name,
            "Unique-ID": self.uuid,
            "Call-Direction": direction,
            "Presence-Call-Direction": direction,
            "Channel-HIT-Dialplan": "true" if self.dialplan else "false",
        }
        if self.presence_id:
            head["Channel-Presence-ID"] = self.presence_id
        head["Channel-Call-UUID"] = self.call_uuid
        head["Answer-State"] = self.answer_state
        if self.hangup_cause:
            head["Hangup-Cause"] = self.hangup_cause
        if self.running == NEW:
            return head
        if self.has_codec:
            head.update(_CODECS[self.codec])
        head.update(self.profile.headers("Caller"))
        head.update(self.other_leg)
        return head

    def fire(
        self,
        name: str,
        *,
        before: Headers | None = None,
        after: Headers | None = None,
        origin: tuple[str, str, str] | None = None,
        subclass: str | None = None,
    ) -> None:
        for watch in self.on_event:
            watch(self, name)
        bus = self.node.bus
        found = bus.listeners(name, self.uuid)
        if not found:
            return
        opening = bus.base(name, origin)
        if before:
            opening.update(before)
        parts = [Part(opening), self.head()]
        if name in WITH_VARIABLES:
            parts.append(self.said())
        if after:
            parts.append(Part(after))
        bus.send(ChannelEvent(name, self.uuid, parts, subclass), found)

    def data(self, origin: tuple[str, str, str] | None = None) -> Headers:
        """CHANNEL_DATA, what `connect` and `uuid_dump` show."""
        return self.node.bus.base("CHANNEL_DATA", origin) | self.head().headers | self.vars

    def connect_data(self, async_mode: bool, full: bool) -> bytes:
        data = self.node.bus.base("CHANNEL_DATA")
        data.update(self.profile.headers("Channel"))
        data.update(self.head().headers)
        data.update(self.vars)
        data["Content-Type"] = "command/reply"
        data["Reply-Text"] = "+OK\n"
        data["Socket-Mode"] = "async" if async_mode else "static"
        data["Control"] = "full" if full else "single-channel"
        return (rows(data) + "\n").encode("utf-8", "surrogateescape")

    # -- answering, hanging up

    def mark_progress(self) -> None:
        if not self.profile.progress_us:
            self.profile.stamp(progress_us=micros())
            self.touch()
            self.fire("CHANNEL_PROGRESS")
        if not self.inbound:
            self.set_call_state("RINGING")

    def mark_early(self) -> None:
        if self.has_media or self.down:
            return
        self.early = self.has_codec = True
        self.profile.stamp(progress_media_us=micros())
        self.touch()
        self.fire("CHANNEL_PROGRESS_MEDIA")
        self.set_call_state("EARLY")

    def mark_answered(self) -> None:
        if self.answered or self.down:
            return
        self.answered = self.has_codec = True
        self.profile.stamp(answered_us=micros())
        self.touch()
        self.node.endpoints.media_variables(self)
        self.fire("CHANNEL_ANSWER")
        self.set_call_state("ACTIVE")
        self.set("endpoint_disposition", "ANSWER")

    def hangup(self, cause: str, by: str = "switch") -> None:
        """From anywhere: the session's thread then unwinds what it was doing."""
        if self.down:
            return
        self.hangup_cause = known(cause)
        self.hung_up_by = by
        self.last_live = self.running
        self.state = HANGUP
        self._head = None
        self.set("last_bridge_role", self.bridge_role)
        if self.name.startswith("sofia/"):
            self.set("sip_hangup_disposition", self._disposition())
            self._end_hold()
        self.fire("CHANNEL_HANGUP")
        self.wake()

    def _end_hold(self) -> None:
        """mod_sofia ends a hold before it ends the leg; what becomes of the other is the bridge's affair."""
        if self.held:
            self.held, self.ended_on_hold = False, True
            self.profile.hold_accum_us += micros() - self.profile.last_hold_us
            self.fire("CHANNEL_UNHOLD")

    def _disposition(self) -> str:
        """Who said good-bye, and by which SIP message (mod_sofia's word, on every leg that is SIP)."""
        far_end = self.hung_up_by in ("caller", "far end")
        if self.answered:
            return "recv_bye" if far_end else "send_bye"
        refused = far_end != self.inbound  # the one who was called refuses, the one who called cancels
        return f"{'recv' if far_end else 'send'}_{'refuse' if refused else 'cancel'}"

    def flip(self) -> None:
        """An outbound leg becomes a caller of its own: who called and who was called change places."""
        profile = self.profile
        self.set("pre_transfer_caller_id_name", profile.caller_id_name)
        self.set("pre_transfer_caller_id_number", profile.caller_id_number)
        self.set("channel_cid_flipped", "yes")
        name, number = profile.caller_id_name, profile.caller_id_number
        profile.caller_id_name = profile.callee_id_name or "Outbound Call"
        profile.caller_id_number = profile.callee_id_number or profile.destination_number
        profile.callee_id_name, profile.callee_id_number = name, number
        self.touch()
        self.fire(
            "CALL_UPDATE",
            before={"Direction": "RECV"},
            origin=("switch_channel.c", "switch_channel_flip_cid", "3279"),
        )

    def cdr(self) -> None:
        """The variables that appear with CHANNEL_HANGUP_COMPLETE."""
        self.set("hangup_cause", self.hangup_cause)
        self.set("hangup_cause_q850", q850(self.hangup_cause))
        self.set("digits_dialed", self.digits_dialed or "none")
        self.put(self.profile.cdr())
        self.set("last_app", self.get("current_application"))
        name, number = self.profile.caller_id_name, self.profile.caller_id_number
        self.set("caller_id", f'"{name}" <{number}>' if name else number)


def new_uuid() -> str:
    """A version 4 UUID; some thirty are made per call, so not through the uuid module."""
    bits = random.getrandbits(128)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[bits & 3]}{text[17:20]}-{text[20:]}"
