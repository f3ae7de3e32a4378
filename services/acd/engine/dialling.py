"""Callbacks on their way to a conversation: when one may be dialled, from which switch, and what an attempt
that failed leads to.

To agents a callback is a call like any other; it stands in the same lanes. What differs is that its caller is
not on the line yet, so it may be dialled only within its window and its queue's hours, and so many at once.
"""

from __future__ import annotations

from services.acd.domain import AttemptResult, LeftQueue, Outcome
from services.acd.engine import queues
from services.acd.engine.commands import CallbackDialled, CallbackFailed, CallbackOffer, Command, Dial, Kill
from services.acd.engine.contacts import cut_off, end, leave, move_to, switch_for
from services.acd.engine.floor import NO_SWITCH, Alarm, Callback, Contact, Floor, Offer, Queue, Stage
from services.acd.engine.timers import set_timer


def plan_of(contact: Contact) -> Callback:
    """What there is to a contact that is a callback."""
    if contact.callback is None:
        raise RuntimeError(f"contact {contact.id} is no callback")
    return contact.callback


def may_dial(floor: Floor, contact: Contact, queue: Queue, now: int) -> bool:
    """Whether a callback may be offered this moment; if not it stands aside until it may."""
    if now >= plan_of(contact).not_after:
        return False  # its timer is due
    if not queues.is_open(queue, now):
        postpone(floor, contact, queue, queue.open_until)
        return False
    if len(floor.dialled) >= floor.policy.dialled_max:
        floor.held_back.waiting.add(contact.order, contact)
        contact.standing = floor.held_back
        return False
    return True


def postpone(floor: Floor, contact: Contact, queue: Queue, until: int) -> None:
    """Out of the line until then; the place is kept, and nobody counts it meanwhile."""
    if not contact.early:
        contact.early = True
        queue.waiting -= 1
    contact.paused_until = until
    set_timer(floor, until, Alarm.RESUME, contact, contact.order)


def take_line(floor: Floor, contact: Contact) -> None:
    """A callback is offered: it is one of those who are called at once, and is called from this switch."""
    floor.dialled[contact] = None
    if contact.node == NO_SWITCH:
        move_to(floor, contact, switch_for(floor))


def give_line_back(floor: Floor, contact: Contact) -> None:
    """Nobody is called for this contact any more, or they are on the line."""
    floor.dialled.pop(contact, None)
    if contact.to_dial and contact.node != NO_SWITCH:
        move_to(floor, contact, NO_SWITCH)


def dial(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Calls the customer; the offer waits for them. From here on the attempt counts."""
    contact = offer.contact
    plan = plan_of(contact)
    offer.stage = Stage.DIALLING
    plan.dialled = floor.new_id()
    plan.attempts += 1
    out.append(
        Dial(
            offer.node,
            plan.dialled,
            contact.id,
            plan.number,
            contact.to_number,
            offer.queue.name,
            offer.agent.id,
            offer.id if plan.agent_first else "",
            plan.ring_ms,
            contact.enqueued_at,
            contact.opened_at,
            contact.customer_id,
        )
    )
    next_at = now + plan.retry_ms
    out.append(
        CallbackDialled(
            contact.id, plan.number, plan.attempts, offer.agent.id, offer.node, plan.dialled, now, next_at
        )
    )
    set_timer(floor, now + plan.ring_ms + floor.policy.dial_slack_ms, Alarm.DIAL, offer)


def stop_dialling(contact: Contact, out: list[Command], cause: str = "ORIGINATOR_CANCEL") -> None:
    """Nobody is to pick up any more; who does all the same is hung up."""
    plan = plan_of(contact)
    leg = plan.dialled or contact.call_id
    if leg:
        out.append(Kill(contact.node, leg, cause))
    plan.dialled = contact.call_id = ""


def attempt_failed(
    floor: Floor, contact: Contact, result: AttemptResult, cause: str, now: int, out: list[Command]
) -> None:
    """A contact without offers, queued and in no lane, was called in vain: again later, or never."""
    plan, queue = plan_of(contact), contact.queue
    plan.result = result
    next_at = now + plan.retry_ms
    again = plan.attempts < plan.attempts_max and next_at < plan.not_after
    out.append(CallbackFailed(contact.id, plan.attempts, result, cause, now, next_at if again else 0))
    give_line_back(floor, contact)
    contact.leave_at, contact.parted = plan.not_after, cut_off(floor, contact)
    if again and queue is not None:
        set_timer(floor, contact.leave_at, Alarm.LEAVE, contact)
        postpone(floor, contact, queue, next_at)
    else:
        out_of_time(floor, contact, now, out)


def out_of_time(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Attempts or time are used up: the last word on a callback that waits in no lane."""
    leave(floor, contact, LeftQueue.UNREACHED, now, out)
    hung_up = plan_of(contact).result == AttemptResult.HUNG_UP
    outcome = Outcome.ABANDONED if hung_up else Outcome.UNREACHED
    end(floor, contact, outcome, now, plan_of(contact).result, now, out)


def used_up(contact: Contact) -> bool:
    """Whether all attempts have been made: of one that was under way at a restart nothing was heard."""
    plan = plan_of(contact)
    return plan.attempts >= plan.attempts_max


def offer_of(contact: Contact) -> CallbackOffer | None:
    """What the agent is told before the phone rings; None for who called by themselves."""
    plan = contact.callback
    if plan is None:
        return None
    attempt = plan.attempts if plan.dialled or contact.call_id else plan.attempts + 1
    return CallbackOffer(
        plan.number, plan.mode, attempt, plan.attempts_max, plan.by, plan.note, plan.callback_of
    )
