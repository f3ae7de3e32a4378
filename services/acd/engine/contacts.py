"""Contacts: how they come to be known, are ended once, and are forgotten."""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    OWN_WILL,
    ContactMove,
    ContactState,
    LeftQueue,
    Outcome,
    OverflowAction,
)
from services.acd.engine.commands import (
    Command,
    ContactEnded,
    ContactLeftQueue,
    ContactOpened,
    Expel,
    GoOn,
    Kill,
)
from services.acd.engine.floor import NO_SWITCH, Alarm, Callback, Contact, Floor, Node, Queue
from services.acd.engine.stimuli import FLOW, Arrival, Open, Overflow, Recover
from services.acd.engine.timers import set_timer

WAITING = (ContactState.QUEUED, ContactState.OFFERED)


def queue_of(contact: Contact) -> Queue:
    """The queue of a contact that is in one."""
    queue = contact.queue
    if queue is None:
        raise RuntimeError(f"contact {contact.id} is {contact.state} without a queue")
    return queue


def node_for(floor: Floor, name: str) -> Node:
    """The switch of this name; one never heard of counts as down until its link says otherwise."""
    node = floor.nodes.get(name)
    if node is None:
        node = floor.nodes[name] = Node(name, up=False, lost_at=floor.now + floor.policy.node_lost_ms)
        set_timer(floor, node.lost_at, Alarm.NODE_LOST, node)
    return node


def open_contact(
    floor: Floor, arrival: Arrival, now: int, out: list[Command], known: Contact | None = None
) -> Contact:
    """The contact of this arrival, made known if it is news."""
    contact = floor.contacts.get(arrival.contact_id)
    if contact is not None:
        if contact.callback is None:
            _complete(floor, contact, arrival)
        return contact
    contact = enter(floor, known or new_contact(arrival, now))
    out.append(opening(contact))
    return contact


def opening(contact: Contact) -> ContactOpened:
    """The fact that there is this contact."""
    return ContactOpened(
        contact.id,
        contact.came_as,
        contact.node,
        contact.call_id,
        contact.from_number,
        contact.to_number,
        contact.customer_id,
        contact.opened_at,
    )


def opened(floor: Floor, stimulus: Open, now: int, out: list[Command]) -> None:
    open_contact(floor, stimulus.arrival, now, out)


def new_contact(arrival: Arrival, now: int) -> Contact:
    """A contact of which only the arrival is known."""
    return Contact(
        arrival.contact_id,
        arrival.channel,
        arrival.node,
        arrival.call_id,
        arrival.from_number,
        arrival.to_number,
        arrival.customer_id,
        min(arrival.opened_at, now) or now,
    )


def enter(floor: Floor, contact: Contact) -> Contact:
    """The contact is known from now on."""
    floor.contacts[contact.id] = contact
    floor.open += 1
    node_for(floor, contact.node).contacts[contact.id] = contact
    return contact


def move_to(floor: Floor, contact: Contact, node: str) -> None:
    """A callback is called from this switch, or from none any more."""
    node_for(floor, contact.node).contacts.pop(contact.id, None)
    contact.node = node
    node_for(floor, node).contacts[contact.id] = contact


def switch_for(floor: Floor) -> str:
    """The switch to call from: of those that can be told, with the fewest contacts. One there must be."""
    up = [node for node in floor.nodes.values() if node.up and node.name != NO_SWITCH]
    return min(up, key=lambda node: (len(node.contacts), node.name)).name


def cut_off(floor: Floor, contact: Contact) -> bool:
    """Whether nothing can be told to the contact's switch; of a callback, to any."""
    if contact.to_dial and contact.node == NO_SWITCH:
        return not any(node.up for node in floor.nodes.values() if node.name != NO_SWITCH)
    node = floor.nodes.get(contact.node)
    return node is None or not node.up


def _complete(floor: Floor, contact: Contact, arrival: Arrival) -> None:
    """What came first may have known less: a hang-up knows no customer, a flow may start elsewhere."""
    contact.customer_id = contact.customer_id or arrival.customer_id
    contact.from_number = contact.from_number or arrival.from_number
    contact.to_number = contact.to_number or arrival.to_number
    if arrival.call_id and not contact.call_id and contact.state is ContactState.OPEN:
        node_for(floor, contact.node).contacts.pop(contact.id, None)
        contact.node, contact.call_id = arrival.node, arrival.call_id
        node_for(floor, contact.node).contacts[contact.id] = contact


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
    if contact.callback is not None:
        _no_callback_any_more(floor, contact, contact.callback, outcome)
    floor.open -= 1
    node_for(floor, contact.node).contacts.pop(contact.id, None)
    floor.past.append((now + floor.policy.forget_ms, contact))
    out.append(
        ContactEnded(
            contact.id,
            contact.came_as,
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


def _no_callback_any_more(floor: Floor, contact: Contact, plan: Callback, outcome: Outcome) -> None:
    floor.dialled.pop(contact, None)
    floor.callbacks.pop(contact.id, None)
    floor.called.pop((plan.queue, plan.number), None)
    queue = floor.queues[plan.queue]
    queue.callbacks -= 1
    queue.called_back += outcome is Outcome.ANSWERED
    queue.unreached += outcome in (Outcome.UNREACHED, Outcome.ABANDONED)


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
    contact = enter(floor, new_contact(stimulus.arrival, now))
    contact.queue = floor.queues.get(stimulus.queue)
    contact.agent = floor.agents.get(stimulus.agent_id)
    contact.answered_at, contact.waited_ms = stimulus.answered_at, stimulus.waited_ms
    contact.talk_ms, contact.hold_ms = stimulus.talk_ms, stimulus.hold_ms
    contact.offers = stimulus.offers


# ---------------------------------------------------------------- leaving a queue


def leave(
    floor: Floor,
    contact: Contact,
    reason: LeftQueue,
    now: int,
    out: list[Command],
    overflow: Overflow = FLOW,
) -> None:
    """A queued contact, already out of its lane, goes back into the flow's hands, or on to another queue."""
    queue = queue_of(contact)
    early, contact.early = contact.early, False
    queue.waiting -= not early
    waited = max(now - contact.enqueued_at, 0)
    contact.state = CONTACT[contact.state][ContactMove.LEAVE]
    contact.paused_until = contact.leave_at = contact.relax_at = 0
    contact.parted = False
    if reason is LeftQueue.CALLER_HUNG_UP and not early:
        queue.abandoned += 1
        if waited < queue.settings.service_level_ms:
            queue.abandoned_in_time += 1
    out.append(ContactLeftQueue(contact.id, queue.settings.name, waited, reason, now, overflow))
    if overflow.action is OverflowAction.QUEUE:
        queue.overflowed += 1
        return  # the wait goes on, and is counted when that is over
    contact.waited_ms += waited
    if reason not in OWN_WILL:
        queue.overflowed += 1
        if contact.kept:
            _go_on(contact, out)
        else:
            out.append(Expel(contact.holder, contact.id, queue.settings.name, reason, overflow))


def _go_on(contact: Contact, out: list[Command]) -> None:
    """No flow holds the caller: one goes on as after the conversation, or the call ends."""
    contact.kept = False
    if contact.after_bridge:
        out.append(GoOn(contact.node, contact.call_id, contact.after_bridge))
    else:
        out.append(Kill(contact.node, contact.call_id, "NORMAL_CLEARING"))
