"""The engine's one door: each kind of stimulus has its handler, each kind of timer too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.acd.engine import (
    agents,
    assigning,
    callbacks,
    calling,
    contacts,
    control,
    endings,
    nodes,
    offers,
    pairing,
    queues,
    recording,
    stimuli,
    timers,
    transferring,
    views,
    waiting,
)
from services.acd.engine.commands import Command
from services.acd.engine.floor import Alarm, Floor, Policy

Handler = Callable[[Floor, Any, int, list[Command]], None]

# Timers handled in one go: a thousand wrap-ups that end in the same millisecond must not hold up a ring.
TICK_MAX = 256


def _tick(floor: Floor, stimulus: stimuli.Tick, now: int, out: list[Command]) -> None:
    for _ in range(TICK_MAX):
        timer = timers.take_due(floor, now)
        if timer is None:
            return
        _ALARMS[timer[2]](floor, timer[3], now, out)


def _new_day(floor: Floor, stimulus: stimuli.NewDay, now: int, out: list[Command]) -> None:
    views.reset(floor)
    agents.new_day(floor)


_ALARMS: dict[Alarm, Handler] = {
    Alarm.RING: offers.ring_timed_out,
    Alarm.BRIDGE: lambda floor, offer, now, out: offers.bridge_failed(
        floor, offer.id, "RECOVERY_ON_TIMER_EXPIRE", now, out
    ),
    Alarm.LEG_GONE: offers.leg_silent,
    Alarm.WRAP_UP: agents.end_wrap_up,
    Alarm.REST: agents.rested,
    Alarm.LEAVE: waiting.waited_long_enough,
    Alarm.RESUME: waiting.resume,
    Alarm.GRACE: endings.no_word_of_the_flow,
    Alarm.NODE_LOST: nodes.node_lost,
    Alarm.RELAX: waiting.relax,
    Alarm.PREFER: pairing.preferred_no_more,
    Alarm.NO_AGENTS: waiting.nobody_there,
    Alarm.DIAL: calling.dial_timed_out,
    Alarm.RECORDING: recording.overdue,
}

_HANDLERS: dict[type, Handler] = {
    stimuli.PutQueue: queues.put_queue,
    stimuli.PutAgents: agents.put_agents,
    stimuli.Open: contacts.opened,
    stimuli.Enqueue: waiting.enqueue,
    stimuli.Withdraw: waiting.withdraw,
    stimuli.Assign: assigning.assign,
    stimuli.Close: endings.close,
    stimuli.CallerGone: endings.caller_gone,
    stimuli.RequestCallback: callbacks.request,
    stimuli.CancelCallback: callbacks.cancel,
    stimuli.RestoreCallback: callbacks.restore,
    stimuli.CustomerAnswered: calling.customer_answered,
    stimuli.CustomerFound: calling.customer_found,
    stimuli.DialFailed: calling.dial_failed,
    stimuli.LegAnswered: lambda floor, s, now, out: offers.answered(floor, s.offer_id, now, out),
    stimuli.LegGone: lambda floor, s, now, out: offers.leg_gone(
        floor, s.offer_id, s.cause, now, out, by_switch=s.by_switch
    ),
    stimuli.Bridged: lambda floor, s, now, out: offers.bridged(floor, s.offer_id, now, out),
    stimuli.BridgeFailed: lambda floor, s, now, out: offers.bridge_failed(
        floor, s.offer_id, s.cause, now, out
    ),
    stimuli.RingFailed: lambda floor, s, now, out: offers.ring_failed(floor, s.offer_id, s.cause, now, out),
    stimuli.Held: lambda floor, s, now, out: offers.held(floor, s.offer_id, now, out),
    stimuli.Retrieved: lambda floor, s, now, out: offers.retrieved(floor, s.offer_id, now, out),
    stimuli.SetPresence: agents.set_presence,
    stimuli.Answer: control.answer,
    stimuli.Reject: control.reject,
    stimuli.HangUp: control.hang_up,
    stimuli.Hold: control.hold,
    stimuli.PressKeys: control.press_keys,
    stimuli.PauseRecording: control.pause_recording,
    stimuli.RecordingRuns: recording.runs,
    stimuli.RecordingMasked: recording.masked,
    stimuli.RecordingOver: recording.file_closed,
    stimuli.RecordingRefused: recording.refused,
    stimuli.Transfer: transferring.transfer,
    stimuli.KeptFound: transferring.found,
    stimuli.FinishWrapUp: agents.finish_wrap_up,
    stimuli.NodeDown: nodes.node_down,
    stimuli.NodeUp: nodes.node_up,
    stimuli.Adopt: nodes.adopt,
    stimuli.Recall: agents.recall,
    stimuli.Recover: contacts.recover,
    stimuli.Tick: _tick,
    stimuli.NewDay: _new_day,
}


class Engine:
    """The routing of one tenant."""

    def __init__(self, new_id: Callable[[], str], policy: Policy | None = None) -> None:
        self.floor = Floor(new_id, policy or Policy())
        self.handled = 0
        """Stimuli so far: what was read off the floor holds while this stays the same."""

    def handle(self, stimulus: stimuli.Stimulus, now: int) -> list[Command]:
        """What follows from `stimulus` at `now` (ms since 1970).

        Raises Invalid, NotFound, Conflict or Full where it is refused; then nothing has changed.
        """
        floor = self.floor
        now = floor.now = max(now, floor.now)  # a clock set back must not make waits negative
        self.handled += 1
        out: list[Command] = []
        _HANDLERS[type(stimulus)](floor, stimulus, now, out)
        if floor.held_back.waiting:
            pairing.call_held_back(floor, now, out)
        contacts.forget(floor, now)
        return out

    @property
    def next_due(self) -> int | None:
        """When a Tick is needed at the latest, ms since 1970; None: nothing is pending."""
        return timers.next_due(self.floor)
