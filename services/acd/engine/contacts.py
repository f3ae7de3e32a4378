"""Contacts: how they come to be known, are ended once, and are forgotten."""

from __future__ import annotations

from services.acd.domain import CONTACT, ContactMove, ContactState, Outcome
from services.acd.engine.commands import Command, ContactEnded, ContactOpened
from services.acd.engine.floor import Alarm, Contact, Floor, Node
from services.acd.engine.stimuli import Arrival, Open, Recover
from services.acd.engine.timers import set_timer

WAITING = (ContactState.QUEUED, ContactState.OFFERED)


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
        _complete(floor, contact, arrival)
        return contact
    contact = _enter(floor, known or new_contact(arrival, now))
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


def _enter(floor: Floor, contact: Contact) -> Contact:
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
    contact = _enter(floor, new_contact(stimulus.arrival, now))
    contact.queue = floor.queues.get(stimulus.queue)
    contact.agent = floor.agents.get(stimulus.agent_id)
    contact.answered_at, contact.waited_ms = stimulus.answered_at, stimulus.waited_ms
    contact.talk_ms, contact.hold_ms = stimulus.talk_ms, stimulus.hold_ms
    contact.offers = stimulus.offers
