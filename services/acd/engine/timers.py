"""Timers as data: one heap, read by whoever drives the engine. Nothing is ever cancelled.

A timer that no longer matters is recognised when it comes up, which costs less than finding it when it
stops mattering. When most of a large heap matters no more it is swept, so its size follows what is alive.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from services.acd.domain import ContactState, Routing
from services.acd.engine.floor import (
    Agent,
    Alarm,
    Contact,
    Floor,
    Node,
    Offer,
    Queue,
    Recording,
    Stage,
    Timer,
)

SWEEP_FLOOR = 4_096  # below this many a sweep is not worth its time


def set_timer(floor: Floor, at: int, alarm: Alarm, about: object, order: int = 0) -> None:
    """Notes that at `at` something may be due; of several at one moment by `order`, without one first."""
    timers = floor.timers
    heappush(timers, (at, order or floor.next_number(), alarm, about))
    alive_at_most = 4 * (len(floor.contacts) + len(floor.agents) + len(floor.offers) + len(floor.nodes))
    if len(timers) > SWEEP_FLOOR and len(timers) > 2 * alive_at_most:
        timers[:] = [timer for timer in timers if matters(timer)]
        heapify(timers)


def next_due(floor: Floor) -> int | None:
    """When the next timer that still matters is due; those before it are forgotten on the way."""
    timers = floor.timers
    while timers and not matters(timers[0]):
        heappop(timers)
    return timers[0][0] if timers else None


def take_due(floor: Floor, now: int) -> Timer | None:
    """The next timer that is due and still matters."""
    timers = floor.timers
    while timers and timers[0][0] <= now:
        timer = heappop(timers)
        if matters(timer):
            return timer
    return None


def matters(timer: Timer) -> bool:
    """Whether what the timer was set for is still so."""
    at, _, alarm, about = timer
    if isinstance(about, Offer):
        return _matters_to_offer(about, alarm, at)
    if isinstance(about, Contact):
        return _matters_to_contact(about, alarm, at)
    if isinstance(about, Agent):
        return about.rest_until == at
    if isinstance(about, Recording):
        return about.due == at
    if isinstance(about, Queue):
        after = about.settings.no_agents_after_ms
        return not about.staffed and after is not None and about.unstaffed_since + after <= at
    return isinstance(about, Node) and about.lost_at == at


def _matters_to_offer(offer: Offer, alarm: Alarm, at: int) -> bool:
    if alarm is Alarm.RING:
        return offer.stage is Stage.RINGING
    if alarm is Alarm.DIAL:
        return offer.stage is Stage.DIALLING
    if alarm is Alarm.BRIDGE:
        return offer.stage is Stage.BRIDGING
    if alarm is Alarm.WRAP_UP:
        return offer.work is Routing.WRAP_UP and offer.until == at
    return offer.expected_gone_at == at


def _matters_to_contact(contact: Contact, alarm: Alarm, at: int) -> bool:
    if alarm is Alarm.LEAVE:
        return contact.leave_at == at  # also while it rings: refused, it has to leave
    if alarm is Alarm.RESUME:
        return contact.paused_until == at
    if alarm is Alarm.RELAX:
        return contact.relax_at == at
    if alarm is Alarm.PREFER:
        return contact.prefer_until == at and contact.preferred is not None
    return contact.grace_until == at and contact.state is not ContactState.ENDED
