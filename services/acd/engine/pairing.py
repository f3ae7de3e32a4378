"""Bringing contacts and agents together: the only place where an offer is made."""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    ROUTING,
    ContactMove,
    ContactState,
    Presence,
    RoutingMove,
)
from services.acd.engine import matching
from services.acd.engine.commands import AgentStateChanged, Command, ContactOffered, Reason, Ring
from services.acd.engine.floor import Agent, Alarm, Contact, Floor, Offer, Queue
from services.acd.engine.timers import set_timer


def shift(
    floor: Floor,
    agent: Agent,
    now: int,
    out: list[Command],
    move: RoutingMove | None = None,
    *,
    presence: Presence | None = None,
    reason: str | None = None,
    until: int = 0,
) -> None:
    """Moves an agent on either axis and announces it."""
    before_presence, before_routing = agent.presence, agent.routing
    if move is not None:
        agent.routing = ROUTING[before_routing][move]
        agent.until = until
    if presence is not None:
        agent.presence = presence
    if reason is not None:
        agent.reason = reason
    counts = floor.counts
    counts[before_presence * 8 + before_routing] -= 1
    counts[agent.presence * 8 + agent.routing] += 1
    spent = now - agent.since
    agent.since = now
    contact = agent.contact
    out.append(
        AgentStateChanged(
            agent.settings.agent_id,
            agent.presence,
            agent.reason,
            agent.routing,
            contact.id if contact is not None else "",
            now,
            agent.until,
            before_presence,
            before_routing,
            spent,
        )
    )


def settle(floor: Floor, agent: Agent, now: int, out: list[Command]) -> None:
    """After any change: an available agent gets the most overdue contact or stands by."""
    if not matching.available(agent):
        if agent.order:
            matching.stand_down(agent)
        return
    if agent.order:
        return
    found = matching.most_overdue(agent.profile)
    if found is None:
        matching.stand_by(floor, agent)
        return
    lane, competing = found
    contact = lane.waiting.pop()
    make(floor, contact, agent, matching.reason_for(agent, contact, lane, competing, now), now, out)


def seek(floor: Floor, contact: Contact, now: int, out: list[Command]) -> bool:
    """A queued contact gets the longest idle agent, or stands in its lane. True when it was offered."""
    queue = queue_of(contact)
    if contact.parted or contact.paused_until:
        return False
    lane = queue.lane
    agent = matching.longest_idle(lane)
    if agent is None:
        lane.waiting.add(contact.order, contact)
        return False
    matching.stand_down(agent)
    make(floor, contact, agent, matching.reason_for(agent, contact, lane, 0, now), now, out)
    return True


def queue_of(contact: Contact) -> Queue:
    """The queue of a contact that is in one."""
    queue = contact.queue
    if queue is None:
        raise RuntimeError(f"contact {contact.id} is {contact.state} without a queue")
    return queue


def in_lane(contact: Contact) -> bool:
    """Whether a queued contact stands in its lane, ready to be taken."""
    return contact.state is ContactState.QUEUED and not contact.parted and not contact.paused_until


def step_out(contact: Contact) -> None:
    """Takes a queued contact out of its lane, if it stands there."""
    if in_lane(contact):
        queue_of(contact).lane.waiting.remove(contact.order)


def make(floor: Floor, contact: Contact, agent: Agent, reason: Reason, now: int, out: list[Command]) -> None:
    """Rings `agent` for `contact`; both have been taken out of what they waited in."""
    queue = queue_of(contact)
    settings = queue.settings
    offer = Offer(floor.new_id(), contact, agent, contact.node, queue, reason, now)
    floor.offers[offer.id] = offer
    contact.state = CONTACT[contact.state][ContactMove.OFFER]
    contact.offer = agent.offer = offer
    contact.offers += 1
    contact.last_offer = offer.id
    agent.contact = contact
    out.append(
        Ring(
            contact.node,
            offer.id,
            contact.id,
            agent.id,
            agent.extension or agent.settings.extension,
            settings.name,
            settings.ring_timeout_ms,
            contact.enqueued_at,
            contact.opened_at,
            contact.call_id,
            contact.from_number,
            contact.to_number,
            contact.customer_id,
        )
    )
    out.append(
        ContactOffered(
            contact.id,
            offer.id,
            agent.id,
            settings.name,
            contact.node,
            contact.offers,
            now - contact.enqueued_at,
            settings.ring_timeout_ms,
            contact.from_number,
            contact.to_number,
            contact.customer_id,
            reason,
            now,
        )
    )
    shift(floor, agent, now, out, RoutingMove.OFFER)
    set_timer(floor, now + settings.ring_timeout_ms, Alarm.RING, offer)
