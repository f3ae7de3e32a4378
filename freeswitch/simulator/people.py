"""Simulated people: callers with a script, and phones that behave as told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from freeswitch.simulator.channels import Channel

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

KEY_GAP_S = 0.12
"""Between two digits of one keying; a fast person."""

MODES = frozenset(("ring", "auto_answer", "busy", "reject", "unregistered", "no_response", "unreachable"))


class BadOrderError(Exception):
    """What was asked of the simulated people makes no sense; the sentence says what."""


def _number(spec: dict[str, Any], name: str) -> int | None:
    value = spec.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise BadOrderError(f"{name} is not a number of milliseconds")
    return int(value)


@dataclass(frozen=True, slots=True)
class Keys:
    """Digits keyed after so long: from the answer, or from the nth prompt."""

    digits: str
    after_ms: int
    nth: int | None = None

    @classmethod
    def of(cls, spec: dict[str, Any], *, prompt: int | None) -> Keys:
        nth = spec.get("nth", 1) if spec.get("when") == "playback" else prompt
        digits = str(spec.get("digits", ""))
        if not digits or set(digits) - set("0123456789*#ABCDabcd"):
            raise BadOrderError(f"digits {digits!r} are not keys of a telephone")
        return cls(digits, _number(spec, "after_ms") or 0, nth)


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One caller's script."""

    number: str
    called: str
    name: str = ""
    keys: tuple[Keys, ...] = ()
    patience_ms: int | None = None
    talk_ms: int | None = None
    after_bridge_keys: tuple[Keys, ...] = ()
    after_bridge_patience_ms: int | None = 8_000
    variables: dict[str, str] = field(default_factory=dict)
    context: str = "public"

    @classmethod
    def of(cls, spec: dict[str, Any]) -> CallSpec:
        if not isinstance(spec, dict) or not spec.get("from") or not spec.get("to"):
            raise BadOrderError("a call needs from and to")
        late = _number(spec, "after_bridge_patience_ms")
        return cls(
            number=str(spec["from"]),
            called=str(spec["to"]),
            name=str(spec.get("name", "")),
            keys=tuple(Keys.of(one, prompt=None) for one in spec.get("keys", ())),
            patience_ms=_number(spec, "patience_ms"),
            talk_ms=_number(spec, "talk_ms"),
            after_bridge_keys=tuple(Keys.of(one, prompt=1) for one in spec.get("after_bridge_keys", ())),
            after_bridge_patience_ms=8_000 if late is None else late,
            variables={str(k): str(v) for k, v in spec.get("variables", {}).items()},
            context=str(spec.get("context", "public")),
        )


@dataclass(frozen=True, slots=True)
class Phone:
    """How one phone behaves when rung."""

    mode: str = "ring"
    answer_after_ms: int | None = None
    ring_ms: int | None = None
    """It stops ringing by itself after so long (SIP 480)."""
    talk_ms: int | None = None
    delay_ms: int = 0
    """Before it says anything at all: a slow network."""

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Phone:
        mode = str(spec.get("mode", "ring"))
        if mode not in MODES:
            raise BadOrderError(f"mode {mode!r} is none of {', '.join(sorted(MODES))}")
        return cls(
            mode=mode,
            answer_after_ms=_number(spec, "answer_after_ms"),
            ring_ms=_number(spec, "ring_ms"),
            talk_ms=_number(spec, "talk_ms"),
            delay_ms=_number(spec, "delay_ms") or 0,
        )


class Timers:
    """The things one person still means to do; all forgotten when the call ends."""

    def __init__(self) -> None:
        self._handles: list[asyncio.Handle] = []

    def later(self, seconds: float, action: Any, *args: Any) -> asyncio.Handle:
        # For no seconds at all uvloop gives a handle that cannot be asked for its time.
        self._handles = [one for one in self._handles if not one.cancelled()]
        handle = asyncio.get_running_loop().call_later(seconds, action, *args)
        self._handles.append(handle)
        return handle

    def stop(self) -> None:
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()


class Caller:
    """A person on an inbound leg, living through the script."""

    def __init__(self, channel: Channel, spec: CallSpec) -> None:
        self.channel = channel
        self.spec = spec
        self.timers = Timers()
        self.prompts = 0
        self.talked = False
        self.talking = False
        self.just_parted = False
        self._patience: asyncio.Handle | None = None
        channel.on_event.append(self._on_event)
        if spec.patience_ms is not None:
            self._patience = self.timers.later(spec.patience_ms / 1_000, self._leave)

    def _on_event(self, channel: Channel, event: str) -> None:
        if event == "PLAYBACK_START" and not self.talking:
            self.prompts += 1
            self._key_at_prompt()
        elif event == "CHANNEL_ANSWER":
            for keys in self.spec.keys:
                if keys.nth is None:
                    self._key_later(keys)
        elif event == "CHANNEL_EXECUTE":
            self.just_parted = False
        elif event == "CHANNEL_HANGUP":
            self.timers.stop()

    def _key_at_prompt(self) -> None:
        for keys in self.spec.after_bridge_keys if self.talked else self.spec.keys:
            if keys.nth == self.prompts:
                self._key_later(keys)

    def _key_later(self, keys: Keys) -> None:
        for place, digit in enumerate(keys.digits):
            self.timers.later(keys.after_ms / 1_000 + place * KEY_GAP_S, self.channel.key, digit)

    def _leave(self) -> None:
        self.channel.hangup("NORMAL_CLEARING" if self.channel.answered else "ORIGINATOR_CANCEL", "caller")

    def bridged(self) -> None:
        self.talked = self.talking = True
        self.timers.stop()
        if self.spec.talk_ms is not None:
            self.timers.later(self.spec.talk_ms / 1_000, self._leave)

    def parted(self) -> None:
        self.talking = False
        self.just_parted = True
        self.prompts = 0
        self.timers.stop()
        if not self.channel.down and self.spec.after_bridge_patience_ms is not None:
            self.timers.later(self.spec.after_bridge_patience_ms / 1_000, self._leave)


class People:
    """Everybody outside the switch."""

    def __init__(self, node: Simulator) -> None:
        self.node = node
        self._phones: dict[str, Phone] = {}
        self._callers: dict[str, Caller] = {}
        self._rung: dict[str, tuple[str, Timers]] = {}

    # -- callers

    def call(self, spec: CallSpec) -> Channel:
        channel = self.node.endpoints.arrive(spec.number, spec.called, spec.name, spec.context)
        for name, value in spec.variables.items():
            channel.set(name, value)
        self._callers[channel.uuid] = Caller(channel, spec)
        self.node.ledger.arrived(channel)
        self.node.launch(channel)
        return channel

    def bridged(self, a: Channel, b: Channel) -> None:
        for leg, other in ((a, b), (b, a)):
            caller = self._callers.get(leg.uuid)
            if caller is not None:
                caller.bridged()
                self.node.ledger.bridged(leg, other)
            self._phone_talks(leg)

    def parted(self, a: Channel, b: Channel) -> None:
        for leg in (a, b):
            caller = self._callers.get(leg.uuid)
            if caller is not None:
                caller.parted()

    def ended(self, channel: Channel) -> None:
        self._rung.pop(channel.uuid, (None, Timers()))[1].stop()
        caller = self._callers.pop(channel.uuid, None)
        if caller is not None:
            caller.timers.stop()
            by = channel.hung_up_by
            if by == "switch" and caller.just_parted:
                by = "agent-side"
            self.node.ledger.ended(channel, by)

    # -- phones

    def set_phone(self, extension: str, phone: Phone) -> None:
        self._phones[extension] = phone

    def knows(self, extension: str) -> bool:
        return extension in self._phones

    def phone(self, extension: str) -> Phone:
        return self._phones.get(extension) or Phone()

    def outside(self, number: str) -> Phone:
        """A number reached over a trunk answers by itself unless told otherwise."""
        return self._phones.get(number) or Phone("auto_answer", answer_after_ms=1_000)

    def ring(self, channel: Channel, number: str, mode: str) -> None:
        """An INVITE reaches this phone."""
        phone = self._phones.get(number) or (
            self.outside(number) if channel.name.startswith("sofia/trunk") else Phone()
        )
        timers = Timers()
        self._rung[channel.uuid] = (number, timers)
        phone = replace(phone, mode=mode)
        if phone.delay_ms:
            timers.later(phone.delay_ms / 1_000, self._invited, channel, phone, timers)
        else:
            self._invited(channel, phone, timers)

    def _invited(self, channel: Channel, phone: Phone, timers: Timers) -> None:
        if channel.down or phone.mode == "no_response":
            return
        refusal = _REFUSALS.get(phone.mode)
        wait_s = (phone.answer_after_ms or 0) / 1_000
        if refusal is not None:
            if wait_s:
                channel.mark_progress()
            timers.later(wait_s, channel.hangup, refusal, "far end")
            return
        channel.mark_progress()
        if phone.mode == "auto_answer" or phone.answer_after_ms is not None:
            timers.later(wait_s, channel.mark_answered)
        if phone.ring_ms is not None:
            timers.later(phone.ring_ms / 1_000, self._gave_up, channel)

    @staticmethod
    def _gave_up(channel: Channel) -> None:
        if not channel.answered:
            channel.hangup("NO_USER_RESPONSE", "far end")

    def _phone_talks(self, leg: Channel) -> None:
        rung = self._rung.get(leg.uuid)
        if rung is None:
            return
        talk_ms = self.phone(rung[0]).talk_ms
        if talk_ms is not None:
            rung[1].later(talk_ms / 1_000, leg.hangup, "NORMAL_CLEARING", "far end")

    # -- by hand

    def find(self, who: str) -> Channel | None:
        """A leg by its uuid, or the youngest one of that extension."""
        if who in self.node.channels:
            return self.node.channels[who]
        legs = [uuid for uuid, (number, _) in self._rung.items() if number == who]
        return self.node.channels.get(legs[-1]) if legs else None

    def answer(self, channel: Channel) -> bool:
        if channel.inbound or channel.has_media or channel.down:
            return False
        channel.mark_answered()
        return True

    def dial_digits(self, channel: Channel, digits: str) -> None:
        for digit in digits:
            channel.key(digit)


_REFUSALS = {
    "busy": "USER_BUSY",
    "reject": "CALL_REJECTED",
    "unreachable": "NORMAL_TEMPORARY_FAILURE",
}
