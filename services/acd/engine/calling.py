"""While a callback is called: what becomes of the attempt, and of the agent who was offered it."""

from __future__ import annotations

from services.acd.domain import AttemptResult, OfferFailure, result_of
from services.acd.engine import dialling
from services.acd.engine.commands import Bridge, Comfort, Command, Kill
from services.acd.engine.contacts import WAITING, cut_off, move_to, queue_of
from services.acd.engine.dialling import plan_of
from services.acd.engine.floor import Alarm, Contact, Floor, Offer, Stage
from services.acd.engine.matching import to_the_front
from services.acd.engine.offers import call_off_all
from services.acd.engine.pairing import ring_for, ring_more, seek, step_out
from services.acd.engine.queues import bound_wait
from services.acd.engine.stimuli import CallerGone, CustomerAnswered, CustomerFound, DialFailed
from services.acd.engine.timers import set_timer


def customer_answered(floor: Floor, stimulus: CustomerAnswered, now: int, out: list[Command]) -> None:
    """They picked up: the agent who waits is put through, or is rung now. Who is not wanted any more, because
    the attempt was given up a moment ago, is hung up."""
    contact = floor.callbacks.get(stimulus.contact_id)
    if not stimulus.call_id or (contact is not None and contact.call_id == stimulus.call_id):
        return
    if contact is None or contact.offer is None or plan_of(contact).dialled != stimulus.call_id:
        out.append(Kill(stimulus.node, stimulus.call_id, "ORIGINATOR_CANCEL"))
        return
    _on_the_line(floor, contact, stimulus.call_id, now)
    if plan_of(contact).agent_first:
        _put_through(floor, contact.offer, now, out)
    else:
        _ring(floor, contact.offer, now, out)


def _on_the_line(floor: Floor, contact: Contact, call_id: str, now: int) -> None:
    """From now on it waits as who called by themselves does, and as long at most."""
    plan = plan_of(contact)
    plan.dialled, plan.on_line_at, contact.call_id = "", now, call_id
    dialling.give_line_back(floor, contact)
    bound_wait(floor, contact, queue_of(contact).settings, now)


def _put_through(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    offer.stage = Stage.BRIDGING
    out.append(Bridge(offer.node, offer.contact.call_id, offer.id, offer.agent.id, ""))
    set_timer(floor, now + floor.policy.bridge_timeout_ms, Alarm.BRIDGE, offer)


def _ring(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """The agent who was kept free for this is rung; the customer hears it. A switch that was lost meanwhile
    is waited for."""
    if cut_off(floor, offer.contact):
        call_off_all(floor, offer.contact, OfferFailure.SWITCH_ERROR, now, out)
        offer.contact.parted = True
        return
    offer.stage, offer.leg = Stage.RINGING, True
    out.append(ring_for(offer))
    out.append(Comfort(offer.node, offer.contact.call_id))
    set_timer(floor, now + offer.queue.settings.ring_timeout_ms, Alarm.RING, offer)
    ring_more(floor, offer.contact, now, out)


def customer_found(floor: Floor, stimulus: CustomerFound, now: int, out: list[Command]) -> None:
    """Who picked up before a restart and still waits is served before all others."""
    contact = floor.callbacks.get(stimulus.contact_id)
    if contact is not None and contact.call_id == stimulus.call_id:
        return
    if contact is None or contact.offer is not None or contact.call_id or contact.state not in WAITING:
        out.append(Kill(stimulus.node, stimulus.call_id, "NORMAL_CLEARING"))
        return
    step_out(contact)
    if contact.early:
        contact.early = False
        queue_of(contact).waiting += 1
    move_to(floor, contact, stimulus.node)
    _on_the_line(floor, contact, stimulus.call_id, now)
    contact.paused_until, contact.parted = 0, cut_off(floor, contact)
    contact.enqueued_at = min(contact.enqueued_at, now)
    to_the_front(contact)
    out.append(Comfort(stimulus.node, stimulus.call_id))
    seek(floor, contact, now, out)


# ---------------------------------------------------------------- in vain


def dial_failed(floor: Floor, stimulus: DialFailed, now: int, out: list[Command]) -> None:
    contact = floor.callbacks.get(stimulus.contact_id)
    if contact is not None and stimulus.call_id and plan_of(contact).dialled == stimulus.call_id:
        _in_vain(floor, contact, result_of(stimulus.cause), stimulus.cause, now, out)


def dial_timed_out(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """The switch should have given up before."""
    dialling.stop_dialling(offer.contact, out, "NO_ANSWER")
    _in_vain(floor, offer.contact, AttemptResult.NO_ANSWER, "RECOVERY_ON_TIMER_EXPIRE", now, out)


def customer_gone(floor: Floor, contact: Contact, stimulus: CallerGone, now: int, out: list[Command]) -> bool:
    """A leg of a callback is no more. False: it was the conversation, which ends as any other does."""
    plan, leg = plan_of(contact), stimulus.arrival.call_id
    if leg and leg not in (plan.dialled, contact.call_id):
        return True  # of an attempt that was given up
    if contact.state not in WAITING:
        return False
    if plan.dialled:
        _in_vain(floor, contact, result_of(stimulus.cause), stimulus.cause, now, out)
    elif contact.call_id:
        result = AttemptResult.FAILED if stimulus.lost else AttemptResult.HUNG_UP
        _in_vain(floor, contact, result, stimulus.cause, now, out)
    return True


def time_is_up(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Of a callback that waits: its window is over; or it is on the line, and nobody came for too long."""
    if contact.call_id:
        dialling.stop_dialling(contact, out, "NORMAL_CLEARING")
        _in_vain(floor, contact, AttemptResult.NOBODY_FREE, "", now, out)
        return
    step_out(contact)
    dialling.out_of_time(floor, contact, now, out)


def _in_vain(
    floor: Floor, contact: Contact, result: AttemptResult, cause: str, now: int, out: list[Command]
) -> None:
    """The attempt is over. The agent who was offered it is free at once, and it is no miss of theirs."""
    plan = plan_of(contact)
    plan.dialled = contact.call_id = ""
    plan.on_line_at = 0
    step_out(contact)
    call_off_all(floor, contact, OfferFailure.CUSTOMER_UNREACHED, now, out)
    dialling.attempt_failed(floor, contact, result, cause, now, out)
