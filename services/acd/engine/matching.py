"""Who talks to whom. Two questions, each answered from the heads of a few rolls.

A contact that comes looks for the longest idle agent of its lane; an agent who comes free looks for the
most overdue contact of the lanes they serve. So no lane ever has both somebody waiting and somebody idle,
and no decision looks at more than the agent's own queues.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace

from services.acd.domain import Presence, Routing
from services.acd.engine.commands import Reason
from services.acd.engine.floor import SHIFT, Agent, Contact, Floor, Lane, Profile


def available(agent: Agent) -> bool:
    """Whether the agent could be rung this moment."""
    return (
        agent.presence is Presence.READY
        and agent.routing is Routing.IDLE
        and agent.offer is None
        and not agent.rest_until
    )


# ---------------------------------------------------------------- agents who wait for a contact


def stand_by(floor: Floor, agent: Agent) -> None:
    """Puts an available agent among the idle of their profile."""
    order = agent.order = (agent.idle_since << SHIFT) + floor.next_number()
    profile = agent.profile
    profile.idle.add(order, agent)
    for lane in profile.lanes:
        lane.idle += 1
        listed = lane.listed.get(profile)
        if listed is None or listed > order:
            heappush(lane.best, (order, profile.number, profile))
            lane.listed[profile] = order


def stand_down(agent: Agent) -> None:
    """Takes an agent out of the idle."""
    agent.profile.idle.remove(agent.order)
    agent.order = 0
    for lane in agent.profile.lanes:
        lane.idle -= 1


def longest_idle(lane: Lane) -> Agent | None:
    """The agent who has been idle longest of all who may serve this lane."""
    best = lane.best
    while best:
        order, number, profile = best[0]
        head = profile.idle.first_order
        if head == order:
            return profile.idle.first()
        if head is None:
            heappop(best)
            lane.listed.pop(profile, None)
        else:
            heapreplace(best, (head, number, profile))
            lane.listed[profile] = head
    return None


# ---------------------------------------------------------------- contacts who wait for an agent


def order_of(floor: Floor, contact: Contact, step_ms: int) -> int:
    """A contact's place for as long as it waits: when it came, less the head start of its priority."""
    return ((contact.enqueued_at - contact.priority * step_ms) << SHIFT) + floor.next_number()


def most_overdue(profile: Profile) -> tuple[Lane, int] | None:
    """The lane whose first contact is most overdue against its queue's target, and how many compete."""
    chosen: Lane | None = None
    soonest = competing = 0
    for lane in profile.lanes:
        order = lane.waiting.first_order
        if order is None:
            continue
        competing += 1
        due = order + (lane.queue.settings.service_level_ms << SHIFT)
        if chosen is None or due < soonest:
            chosen, soonest = lane, due
    return None if chosen is None else (chosen, competing)


def reason_for(agent: Agent, contact: Contact, lane: Lane, competing: int, now: int) -> Reason:
    """Why these two, as the floor stands once both have been taken out of it."""
    return Reason(
        idle_ms=now - agent.idle_since,
        others=lane.idle,
        waiting=len(lane.waiting),
        queues=competing,
        overdue_ms=now - (contact.order >> SHIFT) - lane.queue.settings.service_level_ms,
    )


# ---------------------------------------------------------------- profiles


def profile_for(floor: Floor, queues: frozenset[str]) -> Profile:
    """The profile of agents who serve exactly these queues, made when the first such agent comes."""
    profile = floor.profiles.get(queues)
    if profile is None:
        lanes = [floor.queues[name].lane for name in sorted(queues)]
        profile = floor.profiles[queues] = Profile(queues, floor.next_number(), lanes)
        for lane in lanes:
            lane.profiles.append(profile)
    return profile


def leave_profile(floor: Floor, profile: Profile) -> None:
    """One agent fewer; a profile without agents is forgotten."""
    profile.agents -= 1
    if profile.agents == 0:
        del floor.profiles[profile.queues]
        for lane in profile.lanes:
            lane.profiles.remove(profile)
            lane.listed.pop(profile, None)
