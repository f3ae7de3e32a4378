"""Who talks to whom. Two questions, each answered from the heads of a few rolls.

A contact that comes looks for the first agent of its lane; an agent who comes free looks for the most overdue
contact of the lanes they serve. So no lane ever has both somebody waiting and somebody idle, and no decision
looks at more than the agent's own lanes.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace

from services.acd.domain import Strategy
from services.acd.engine import occupancy
from services.acd.engine.floor import (
    SHIFT,
    Agent,
    Agents,
    Contact,
    Floor,
    Lane,
    Measure,
    Pool,
    Queue,
    Stage,
)
from services.acd.engine.stimuli import QueueSettings

NORMAL_TO_HIGHEST = 10
STRICT_SHIFT = 42  # milliseconds since 1970 fit below it until the year 2109
BESIDE = 1 << STRICT_SHIFT
"""Who has something in hand, and room for more, comes after all whose hands are empty."""
TIE_SHIFT = STRICT_SHIFT + 1


# ---------------------------------------------------------------- agents who wait for a contact


def value_of(agent: Agent, pool: Pool) -> int:
    """By what the pool puts its agents in order; the lowest comes first. Equals go by idle time."""
    measure = pool.measure
    if measure is Measure.IDLE_SINCE_READY:
        return _idle(agent, agent.idle_since)
    if measure is Measure.IDLE_SINCE_CONTACT:
        return _idle(agent, agent.contact_ended_at)
    return (_rank(agent, pool) << TIE_SHIFT) + _idle(agent, agent.idle_since)


def _idle(agent: Agent, since: int) -> int:
    """Who is idle by how long; who has room beside what is in hand after them, the latest offer last."""
    return BESIDE + agent.offered_at if agent.hands else since


def _rank(agent: Agent, pool: Pool) -> int:
    measure = pool.measure
    if measure is Measure.OFFERED_AT:
        return agent.offered_at
    if measure is Measure.CONTACTS:
        return agent.contacts
    if measure is Measure.POSITION:
        return agent.tier(pool.queue).position
    return occupancy.order(agent) + (BESIDE if agent.hands else 0)


def stand_by(floor: Floor, agent: Agent, pool: Pool) -> None:
    """Puts an agent who has room among the idle of a pool."""
    order = agent.standing[pool] = (value_of(agent, pool) << SHIFT) + floor.next_number()
    pool.roll.add(order, agent)
    for lane, rank in pool.lanes:
        lane.idle += 1
        listed = lane.listed.get(pool)
        if listed is None or listed > order:
            heappush(lane.best, (rank, order, pool.number, pool))
            lane.listed[pool] = order


def stands_rightly(agent: Agent, pool: Pool) -> bool:
    """Whether an agent's place among the idle of a pool is still what they would get now."""
    return agent.standing[pool] >> SHIFT == value_of(agent, pool)


def stand_down(agent: Agent, pool: Pool) -> None:
    """Takes an agent out of the idle of a pool."""
    pool.roll.remove(agent.standing.pop(pool))
    for lane, _ in pool.lanes:
        lane.idle -= 1


def leave_pools(agent: Agent) -> None:
    """Takes an agent out of all they stand in."""
    for pool in list(agent.standing):
        stand_down(agent, pool)


def first_agent(lane: Lane) -> Agent | None:
    """Who of the idle comes first for this lane."""
    if lane.excluded:
        return first_besides(lane, lane.excluded)
    best = lane.best
    while best:
        rank, order, number, pool = best[0]
        if lane.listed.get(pool) != order:
            heappop(best)  # one that stands elsewhere in the heap came before it
            continue
        head = pool.roll.first_order
        if head == order:
            return pool.roll.first()
        if head is None:
            heappop(best)
            lane.listed.pop(pool, None)
        else:
            heapreplace(best, (rank, head, number, pool))
            lane.listed[pool] = head
    return None


def first_besides(lane: Lane, excluded: Agents) -> Agent | None:
    """The same without some agents: pools are looked through, which only a few contacts need."""
    found: tuple[int, int, Agent] | None = None
    for pool, rank in lane.pools.items():
        for agent in pool.roll:
            if agent.settings.agent_id not in excluded:
                order = agent.standing[pool]
                if found is None or (rank, order) < found[:2]:
                    found = (rank, order, agent)
                break
    return found[2] if found is not None else None


def besides_excluded(floor: Floor, lane: Lane) -> tuple[int, int]:
    """How many agents are idle, and how many ready, for who stands in this lane."""
    idle, ready = lane.idle, lane.staffed
    for agent_id in lane.excluded:
        agent = floor.agents.get(agent_id)
        if agent is not None and not lane.pools.keys().isdisjoint(agent.profile.pools):
            idle -= not lane.pools.keys().isdisjoint(agent.standing)
            ready -= agent.there
    return idle, ready


# ---------------------------------------------------------------- contacts who wait for an agent


def place_in_line(floor: Floor, contact: Contact, settings: QueueSettings) -> None:
    """Gives a contact its order for as long as it waits, and the moment it is due.

    The order is when the wait began (or is booked for), less the head start of its priority; in a strict
    queue the priority comes first of all. It does not change while the contact waits.
    """
    since = contact.booked_at or contact.enqueued_at
    head_start = 0 if settings.strict else contact.priority * settings.priority_step_ms
    value = since - head_start
    contact.due = value + settings.service_level_ms
    if settings.strict:
        value += (NORMAL_TO_HIGHEST - contact.priority) << STRICT_SHIFT
    contact.order = (value << SHIFT) + floor.next_number()


def to_the_front(contact: Contact) -> None:
    """Who was offered and not answered comes before all who were not, in their old order among each other."""
    if contact.order > 0:
        contact.order -= FRONT


NUMBER = (1 << SHIFT) - 1
FRONT = 1 << (SHIFT + STRICT_SHIFT + 8)  # larger than any order, so what it is taken from becomes negative


def most_overdue(agent: Agent, free: int) -> tuple[Lane, int, Lane | None] | None:
    """Of the lanes the agent has room for, the one to take from; how many compete, and which came second.

    Each queue puts forward the lane whose first is its first by its own rules: in a strict queue, or after a
    refused offer, that need not be the most overdue. Of these the most overdue against its target is taken.
    """
    heads: dict[Queue | None, tuple[int, Lane]] = {}
    competing = 0
    for pool in agent.profile.pools:
        if not free >> pool.channel & 1:
            continue
        for lane, _ in pool.lanes:
            order = lane.waiting.first_order
            if order is None or (lane.need[2] and agent.settings.agent_id in lane.need[2]):
                continue
            competing += 1
            head = heads.get(lane.queue)
            if head is None or order < head[0]:
                heads[lane.queue] = (order, lane)
    if not heads:
        return None
    lanes = [lane for _, lane in heads.values()]
    if len(lanes) == 1:
        return lanes[0], competing, None
    lanes.sort(key=_due)
    return lanes[0], competing, lanes[1]


def _due(lane: Lane) -> tuple[int, int, int]:
    """When the first of a lane is due; of those due at one moment who came first."""
    first = lane.waiting.first()
    return first.due, first.enqueued_at, first.order & NUMBER


def thin_contact(agent: Agent, free: int) -> Contact | None:
    """A contact that rings at fewer agents than its queue wants, for an agent with nothing else to do."""
    for pool in agent.profile.pools:
        if free >> pool.channel & 1:
            for lane, _ in pool.lanes:
                for contact in lane.thin:
                    refused = lane.need[2] | rung_for(contact)
                    if agent.settings.agent_id not in refused and wants_more(contact):
                        return contact
    return None


def wants_more(contact: Contact) -> bool:
    """Whether a contact that rings is to ring at one more agent."""
    queue = contact.queue
    if contact.offer is None or queue is None or queue.settings.strategy is not Strategy.RING_SEVERAL:
        return False
    if contact.offer.stage is Stage.DIALLING:
        return False  # the agent who waits for the customer is the one
    return 1 + len(contact.rivals or ()) < queue.settings.ring_agents


def rung_for(contact: Contact) -> Agents:
    """The agents it rings at: with room for several contacts they may stand idle all the same."""
    ringing = (contact.offer, *(contact.rivals or ()))
    return frozenset(offer.agent.settings.agent_id for offer in ringing if offer is not None)
