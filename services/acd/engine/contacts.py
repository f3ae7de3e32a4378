"""Contacts: from the first word about them to the last."""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    ContactMove,
    ContactState,
    LeftQueue,
    OfferFailure,
    Outcome,
    Party,
)
from services.acd.engine import matching
from services.acd.engine.commands import Command, ContactEnded, ContactOpened, ContactQueued
from services.acd.engine.floor import Alarm, Contact, Floor, Node, Offer, Stage
from services.acd.engine.offers import call_off, leave, release
from services.acd.engine.pairing import queue_of, seek, step_out
from services.acd.engine.stimuli import Arrival, CallerGone, Close, Enqueue, Open, Recover, Withdraw
from services.acd.engine.timers import set_timer
from services.acd.engine.views import place_of
from services.chassis.errors import Conflict, Full, NotFound

WAITING = (ContactState.QUEUED, ContactState.OFFERED)


def node_for(floor: Floor, name: str) -> Node:
    """The switch of this name; one never heard of counts as down until its link says otherwise."""
    node = floor.nodes.get(name)
    if node is None:
        node = floor.nodes[name] = Node(name, up=False, lost_at=floor.now + floor.policy.node_lost_ms)
        set_timer(floor, node.lost_at, Alarm.NODE_LOST, node)
    return node


def open_contact(floor: Floor, arrival: Arrival, now: int, out: list[Command]) -> Contact:
    """The contact of this arrival, made known if it is news."""
    contact = floor.contacts.get(arrival.contact_id)
    if contact is not None:
        _complete(floor, contact, arrival)
        return contact
    contact = _enter(floor, arrival, now)
    out.append(
        ContactOpened(
            contact.id,
            contact.channel,
            contact.node,
            contact.call_id,
            contact.from_number,
            contact.to_number,
            contact.customer_id,
            contact.opened_at,
        )
    )
    return contact


def opened(floor: Floor, stimulus: Open, now: int, out: list[Command]) -> None:
    open_contact(floor, stimulus.arrival, now, out)


def _enter(floor: Floor, arrival: Arrival, now: int) -> Contact:
    opened_at = min(arrival.opened_at, now) or now
    contact = Contact(
        arrival.contact_id,
        arrival.channel,
        arrival.node,
        arrival.call_id,
        arrival.from_number,
        arrival.to_number,
        arrival.customer_id,
        opened_at,
    )
    floor.contacts[contact.id] = contact
    floor.open += 1
    node_for(floor, contact.node).contacts[contact.id] = contact
    return contact


def _complete(floor: Floor, contact: Contact, arrival: Arrival) -> None:
    """What came first may have known less: a hang-up knows no customer, a flow may start elsewhere."""
    contact.customer_id = contact.customer_id or arrival.customer_id
    contact.from_number = contact.from_number or arrival.from_number
    contact.to_number = contact.to_number or arrival.to_number
    if arrival.call_id and not contact.call_id and contact.state is ContactState.OPEN:
        node_for(floor, contact.node).contacts.pop(contact.id, None)
        contact.node, contact.call_id = arrival.node, arrival.call_id
        node_for(floor, contact.node).contacts[contact.id] = contact


# ---------------------------------------------------------------- into the queue and out of it


def enqueue(floor: Floor, stimulus: Enqueue, now: int, out: list[Command]) -> None:
    """Puts a contact in a queue; asked again, it only learns who holds the caller now."""
    queue = floor.queues.get(stimulus.queue)
    if queue is None:
        raise NotFound("queue", stimulus.queue)
    known = floor.contacts.get(stimulus.arrival.contact_id)
    if known is not None:
        if known.state is ContactState.ENDED or known.gone_at:
            raise Conflict("The contact has ended.")
        if known.state in WAITING and known.queue is not queue:
            raise Conflict(f"The contact waits in queue {queue_of(known).name}: withdraw it first.")
        if known.state in WAITING or _already_answered(known, stimulus.enqueued_at):
            known.holder, known.told = stimulus.holder, 0
            return
    if queue.waiting >= queue.settings.max_length:
        raise Full(f"Queue {queue.name} is full: {queue.waiting} wait in it.")
    contact = open_contact(floor, stimulus.arrival, now, out)
    _join(floor, contact, stimulus, now)
    _announce_queued(floor, contact, out)
    seek(floor, contact, now, out)


def _already_answered(contact: Contact, enqueued_at: int) -> bool:
    if contact.state is ContactState.CONNECTED:
        return True
    return bool(enqueued_at) and enqueued_at < contact.answered_at


def _join(floor: Floor, contact: Contact, stimulus: Enqueue, now: int) -> None:
    queue = floor.queues[stimulus.queue]
    settings = queue.settings
    contact.state = CONTACT[contact.state][ContactMove.ENQUEUE]
    contact.queue = queue
    contact.priority = stimulus.priority
    contact.enqueued_at = min(stimulus.enqueued_at, now) or now
    contact.holder, contact.after_bridge = stimulus.holder, stimulus.after_bridge
    contact.data = stimulus.data
    contact.told = 0
    contact.order = matching.order_of(floor, contact, settings.priority_step_ms)
    contact.parted = not node_for(floor, contact.node).up
    queue.waiting += 1
    queue.entered += 1
    if settings.max_wait_ms:
        contact.leave_at = max(contact.enqueued_at + settings.max_wait_ms, now)
        set_timer(floor, contact.leave_at, Alarm.LEAVE, contact)


def _announce_queued(floor: Floor, contact: Contact, out: list[Command]) -> None:
    position, expected = place_of(floor, contact)
    out.append(
        ContactQueued(
            contact.id,
            queue_of(contact).name,
            contact.priority,
            contact.enqueued_at,
            position,
            expected,
        )
    )


def withdraw(floor: Floor, stimulus: Withdraw, now: int, out: list[Command]) -> None:
    """The caller chose something else while waiting."""
    contact = floor.contacts.get(stimulus.contact_id)
    if contact is None:
        raise NotFound("contact", stimulus.contact_id)
    picked_up = contact.offer is not None and contact.offer.stage is not Stage.RINGING
    if contact.state is ContactState.CONNECTED or picked_up:
        raise Conflict("An agent has already answered.")
    if contact.state in WAITING:
        take_out(floor, contact, LeftQueue.WITHDRAWN, now, out)


def take_out(floor: Floor, contact: Contact, reason: LeftQueue, now: int, out: list[Command]) -> None:
    """Takes a waiting contact out of its queue; an agent who is rung for it is let go."""
    offer = contact.offer
    if offer is None:
        step_out(contact)
    else:
        call_off(floor, offer, OfferFailure.CALLER_GONE, "ORIGINATOR_CANCEL", now, out)
    leave(floor, contact, reason, now, out)


def waited_long_enough(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    take_out(floor, contact, LeftQueue.MAX_WAIT, now, out)


def resume(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """After trouble with its switch a contact is offered again, from its old place."""
    contact.paused_until = 0
    if contact.state is ContactState.QUEUED:
        seek(floor, contact, now, out)


# ---------------------------------------------------------------- the end


def close(floor: Floor, stimulus: Close, now: int, out: list[Command]) -> None:
    """The flow's last word. A contact that an agent holds goes on: the switch tells when it ends."""
    contact = open_contact(floor, stimulus.arrival, now, out)
    if contact.state in (ContactState.ENDED, ContactState.CONNECTED):
        return
    if contact.state in WAITING:
        take_out(floor, contact, LeftQueue.CALLER_HUNG_UP, now, out)
    ended_at = contact.gone_at or min(stimulus.ended_at, now) or now
    end(floor, contact, _decide(contact, stimulus.outcome), ended_at, stimulus.cause, now, out)


def caller_gone(floor: Floor, stimulus: CallerGone, now: int, out: list[Command]) -> None:
    """The caller's leg is no more. Where only the flow knows what came of it, its word is awaited."""
    contact = open_contact(floor, stimulus.arrival, now, out)
    if contact.state is ContactState.ENDED or contact.gone_at:
        return
    contact.cause, contact.lost = stimulus.cause, stimulus.lost
    reason = LeftQueue.SWITCH_LOST if stimulus.lost else LeftQueue.CALLER_HUNG_UP
    if contact.state in WAITING:
        take_out(floor, contact, reason, now, out)
    elif contact.state is ContactState.CONNECTED:
        _hang_up(floor, contact, now, out)
    elif contact.state is ContactState.OPEN and not contact.answered_at:
        contact.gone_at = now
        contact.grace_until = now + floor.policy.word_grace_ms
        set_timer(floor, contact.grace_until, Alarm.GRACE, contact)
        return
    no_word_of_the_flow(floor, contact, now, out)


def _hang_up(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    offer: Offer | None = contact.offer
    if offer is not None:
        party = Party.SYSTEM if contact.lost else Party.CALLER
        release(floor, offer, party, now, out, leg_there=True)


def no_word_of_the_flow(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    outcome = _decide(contact, Outcome.UNSPECIFIED)
    end(floor, contact, outcome, contact.gone_at or now, contact.cause, now, out)


def _decide(contact: Contact, word: Outcome) -> Outcome:
    """Answered before all; else what the flow says; else lost or abandoned."""
    if contact.answered_at:
        return Outcome.ANSWERED
    if word is not Outcome.UNSPECIFIED:
        return word
    return Outcome.DROPPED if contact.lost else Outcome.ABANDONED


def end(
    floor: Floor,
    contact: Contact,
    outcome: Outcome,
    ended_at: int,
    cause: str,
    now: int,
    out: list[Command],
) -> None:
    """Exactly once for each contact: the table of moves has no way out of `ended`."""
    contact.state = CONTACT[contact.state][ContactMove.END]
    contact.outcome, contact.ended_at = outcome, ended_at
    contact.cause = contact.cause or cause
    contact.data = {}
    floor.open -= 1
    node_for(floor, contact.node).contacts.pop(contact.id, None)
    floor.past.append((now + floor.policy.forget_ms, contact))
    out.append(
        ContactEnded(
            contact.id,
            contact.channel,
            outcome,
            contact.node,
            contact.call_id,
            contact.from_number,
            contact.to_number,
            contact.customer_id,
            contact.queue.name if contact.queue else "",
            contact.agent.id if contact.agent else "",
            contact.waited_ms,
            contact.talk_ms,
            contact.hold_ms,
            contact.offers,
            contact.opened_at,
            ended_at,
            contact.cause,
        )
    )


def forget(floor: Floor, now: int) -> None:
    """Ended contacts are kept for late requests, so long and so many at most."""
    past, policy = floor.past, floor.policy
    while past and (past[0][0] <= now or len(past) > policy.remember_max):
        _, contact = past.popleft()
        if contact.wrapping and len(past) < policy.remember_max:
            past.append((now + policy.forget_ms, contact))
            return
        floor.contacts.pop(contact.id, None)


def recover(floor: Floor, stimulus: Recover, now: int, out: list[Command]) -> None:
    """A contact from before a restart, in the flow's hands until somebody says otherwise."""
    if stimulus.arrival.contact_id in floor.contacts:
        return
    contact = _enter(floor, stimulus.arrival, now)
    contact.queue = floor.queues.get(stimulus.queue)
    contact.agent = floor.agents.get(stimulus.agent_id)
    contact.answered_at, contact.waited_ms = stimulus.answered_at, stimulus.waited_ms
    contact.talk_ms, contact.hold_ms = stimulus.talk_ms, stimulus.hold_ms
    contact.offers = stimulus.offers
