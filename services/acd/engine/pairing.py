"""Bringing contacts and agents together: the only place where an offer is made."""

from __future__ import annotations

from collections import deque

from services.acd.domain import CONTACT, Channel, ContactMove, Presence, RoutingMove, Strategy
from services.acd.engine import dialling, hands, matching
from services.acd.engine.commands import Command, ContactOffered, Decision, Ring
from services.acd.engine.contacts import queue_of
from services.acd.engine.floor import (
    ASSIGNED,
    NOBODY,
    Agent,
    Alarm,
    Contact,
    Floor,
    Lane,
    Measure,
    Offer,
)
from services.acd.engine.lanes import lane_of, score_of
from services.acd.engine.queues import watch_for_nobody
from services.acd.engine.timers import set_timer

DECISIONS_KEPT = 50
"""Of one contact. Who is refused by fifty agents has other troubles than an incomplete explanation."""


def settle(floor: Floor, agent: Agent, now: int, out: list[Command]) -> None:
    """After any change: an agent with room gets contacts until none waits, then stands by for more."""
    free = hands.room(agent)
    while free:
        waited_for = agent.own is not None or agent.given is not None
        if waited_for and (own := _own(agent, free)) is not None:
            contact, lane = own
            step_out(contact)
            if can_be_offered(floor, contact, now):
                make(floor, contact, agent, lane, now, out, rule=contact.rule)
        elif (found := matching.most_overdue(agent, free)) is not None:
            lane, competing, second = found
            contact = lane.waiting.pop()
            contact.standing = None
            if can_be_offered(floor, contact, now):
                make(floor, contact, agent, lane, now, out, competing=competing, second=second)
                ring_more(floor, contact, now, out)
        elif (thin := matching.thin_contact(agent, free)) is not None and thin.lane is not None:
            make(floor, thin, agent, thin.lane, now, out)
            ring_more(floor, thin, now, out)
        else:
            break
        free = hands.room(agent)
    hands.stand(floor, agent, free)


def seek(floor: Floor, contact: Contact, now: int, out: list[Command]) -> bool:
    """A queued contact gets the first agent of its lane, or stands in it. True when it was offered."""
    if contact.parted or contact.paused_until or not can_be_offered(floor, contact, now):
        return False
    if contact.preferred is not None and _prefers(contact, now):
        return _seek_preferred(floor, contact, contact.preferred, now, out)
    queue = queue_of(contact)
    lane = lane_of(floor, contact, queue)
    agent = matching.first_agent(lane)
    if agent is None:
        lane.waiting.add(contact.order, contact)
        contact.standing = lane
        if not queue.staffed:
            watch_for_nobody(floor, queue)
        return False
    make(floor, contact, agent, lane, now, out)
    ring_more(floor, contact, now, out)
    return True


def can_be_offered(floor: Floor, contact: Contact, now: int) -> bool:
    """Who is on the line always can; who is to be called may have to stand aside, and does so then."""
    if not contact.to_dial or contact in floor.dialled:
        return True
    return dialling.may_dial(floor, contact, queue_of(contact), now)


def call_held_back(floor: Floor, now: int, out: list[Command]) -> None:
    """Somebody more may be called: of those held back the first, until as many are called as may be."""
    waiting = floor.held_back.waiting
    while waiting and len(floor.dialled) < floor.policy.dialled_max:
        contact = waiting.pop()
        contact.standing = None
        seek(floor, contact, now, out)


def ring_more(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Rings further agents for a contact that rings, as many as its queue wants at once; who comes free later
    finds those that ring at fewer."""
    if contact.preferred is not None or not matching.wants_more(contact):
        return
    if not floor.nodes[contact.node].up:
        return
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)
    lane = lane_of(floor, contact, queue_of(contact))
    while matching.wants_more(contact):
        agent = matching.first_besides(lane, lane.excluded | matching.rung_for(contact))
        if agent is None:
            lane.thin[contact] = None
            return
        make(floor, contact, agent, lane, now, out)


def step_out(contact: Contact) -> None:
    """Takes a queued contact out of the lane it stands in, if it stands in one."""
    if contact.standing is not None:
        contact.standing.waiting.remove(contact.order)
        contact.standing = None


# ---------------------------------------------------------------- a contact that prefers an agent


def _prefers(contact: Contact, now: int) -> bool:
    """Whether the preferred agent is still waited for."""
    agent = contact.preferred
    if (
        agent is None
        or now >= contact.prefer_until
        or agent.presence is Presence.OFFLINE
        or agent.aside
        or not agent.profile.channels >> contact.channel & 1
    ):
        contact.preferred = None
        return False
    return True


def _seek_preferred(floor: Floor, contact: Contact, agent: Agent, now: int, out: list[Command]) -> bool:
    lane = _lane_for(agent, contact)
    if hands.room(agent) >> contact.channel & 1:
        make(floor, contact, agent, lane, now, out, rule=contact.rule)
        return True
    lane.waiting.add(contact.order, contact)
    contact.standing = lane
    set_timer(floor, contact.prefer_until, Alarm.PREFER, contact)
    return False


def _lane_for(agent: Agent, contact: Contact) -> Lane:
    """Where who waits for this agent stands: given to them by a team lead, or by preference."""
    given = contact.rule == ASSIGNED
    lane = agent.given if given else agent.own
    if lane is None:
        lane = Lane(None, (Channel.UNSPECIFIED, (), NOBODY), Measure.POSITION)
        if given:
            agent.given = lane
        else:
            agent.own = lane
    return lane


def _own(agent: Agent, free: int) -> tuple[Contact, Lane] | None:
    """The first of the contacts that wait for this agent for which there is room, and where it stands."""
    for lane in (agent.given, agent.own):
        for contact in lane.waiting if lane is not None else ():
            if free >> contact.channel & 1:
                return contact, lane  # type: ignore[return-value]
    return None


def preferred_no_more(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Waited long enough for the preferred agent, or they have gone: whoever qualifies."""
    contact.preferred = None
    if contact.standing is not None:
        step_out(contact)
        seek(floor, contact, now, out)


def nobody_waits_for(floor: Floor, agent: Agent, now: int, out: list[Command]) -> None:
    """The agent has gone: contacts that waited for them go to whoever qualifies."""
    for lane in (agent.given, agent.own):
        for contact in list(lane.waiting) if lane is not None else ():
            preferred_no_more(floor, contact, now, out)


# ---------------------------------------------------------------- the offer


def make(
    floor: Floor,
    contact: Contact,
    agent: Agent,
    lane: Lane,
    now: int,
    out: list[Command],
    *,
    rule: str = "",
    competing: int = 0,
    second: Lane | None = None,
) -> None:
    """Offers `contact` to `agent`; the contact has been taken out of what it waited in."""
    queue = queue_of(contact)
    call = contact.channel is Channel.VOICE
    if contact.to_dial:
        dialling.take_line(floor, contact)
    dials = contact.to_dial and not dialling.plan_of(contact).agent_first
    offer = Offer(floor.new_id(), contact, agent, contact.node, queue, now, call and not dials)
    floor.offers[offer.id] = offer
    if contact.offer is None:
        contact.state = CONTACT[contact.state][ContactMove.OFFER]
        contact.offer = offer
    else:
        contact.rivals = [*(contact.rivals or ()), offer]
    contact.offers += 1
    contact.last_offer = offer.id
    idle_ms = now - agent.idle_since
    agent.offered_at = now
    if call:
        agent.offer = offer
    hands.change(offer, RoutingMove.OFFER, now)
    if agent.standing:
        hands.stand(floor, agent, hands.room(agent))
    decision = _decision(floor, offer, lane, idle_ms, now, rule, competing, second)
    if contact.decisions is None:
        contact.decisions = deque(maxlen=DECISIONS_KEPT)
    contact.decisions.append(decision)
    if offer.leg:
        out.append(ring_for(offer))
    out.append(_offered(offer, decision, now))
    hands.announce(floor, agent, now, out, about=offer)
    if dials:
        dialling.dial(floor, offer, now, out)
    else:
        set_timer(floor, now + queue.settings.ring_timeout_ms, Alarm.RING, offer)


def _decision(
    floor: Floor,
    offer: Offer,
    lane: Lane,
    idle_ms: int,
    now: int,
    rule: str,
    competing: int,
    second: Lane | None,
) -> Decision:
    """Why these two, as the floor stands once both have been taken out of it."""
    contact, agent, queue = offer.contact, offer.agent, offer.queue
    waiting = len(lane.waiting)
    if lane.queue is None:  # this agent was preferred: who else would have done is known to the queue's lane
        lane = lane_of(floor, contact, queue)
    counted = any(pool in lane.pools for pool in agent.profile.pools)
    strategy = queue.settings.strategy
    others, staffed = matching.besides_excluded(floor, lane)
    runner_up = matching.first_agent(lane) if others else None
    if any(pool in lane.pools for pool in agent.standing):
        others -= 1  # they have room for more, but are no other
        runner_up = matching.first_besides(lane, lane.excluded | {agent.settings.agent_id})
    return Decision(
        offer.id,
        now,
        queue.settings.name,
        agent.settings.agent_id,
        "agent" if competing else "contact",
        rule or RULES[strategy],
        idle_ms,
        agent.profile.tiers.get(queue.settings.name, 0),
        score_of(agent.profile, queue, contact.skills) if strategy is Strategy.BEST_SKILL else 0,
        others,
        runner_up.settings.agent_id if runner_up is not None else "",
        max(staffed - others - counted, 0),
        max(queue.staffed - lane.staffed, 0),
        contact.skills,
        contact.relaxed,
        now - contact.due,
        waiting,
        competing,
        second.queue.settings.name if second is not None and second.queue is not None else "",
        now - second.waiting.first().due if second is not None and second.waiting else 0,
        contact.assigned_by if rule == ASSIGNED else "",
    )


RULES = {strategy: strategy.name.lower() for strategy in Strategy}


def ring_for(offer: Offer) -> Ring:
    """The order to ring the agent of this offer."""
    contact, agent, settings = offer.contact, offer.agent, offer.queue.settings
    return Ring(
        contact.node,
        offer.id,
        contact.id,
        agent.settings.agent_id,
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


def _offered(offer: Offer, decision: Decision, now: int) -> ContactOffered:
    contact, settings = offer.contact, offer.queue.settings
    return ContactOffered(
        contact.id,
        offer.id,
        offer.agent.settings.agent_id,
        settings.name,
        contact.node,
        contact.offers,
        now - contact.enqueued_at,
        settings.ring_timeout_ms,
        contact.from_number,
        contact.to_number,
        contact.customer_id,
        decision,
        contact.came_as,
        now,
        dialling.offer_of(contact),
    )
