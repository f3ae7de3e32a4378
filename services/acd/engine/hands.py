"""What agents have in their hands: contacts offered, connected or in wrap-up, and what room is left.

Whatever changes for an agent goes through here, so that each change is announced once and the idle stand
where contacts find them.
"""

from __future__ import annotations

from services.acd.domain import ROUTING, Channel, Presence, Routing, RoutingMove
from services.acd.engine import occupancy
from services.acd.engine.commands import AgentStateChanged, Command
from services.acd.engine.floor import Agent, Floor, Offer, Queue
from services.acd.engine.matching import stand_by, stand_down, stands_rightly
from services.acd.engine.stimuli import Capacity

VOICE_BIT = 1 << Channel.VOICE
AFTER_CONTACT = "after_contact"
"""The reason of other work that follows a contact by itself, in intermittent mode."""

ON_CONTACT = (Routing.CONNECTED, Routing.WRAP_UP)
"""What counts as occupied. A phone that rings does not: who lets it ring would be spared the next contact."""

# Of several contacts the one that needs the agent most says what the agent is.
_URGENCY = {Routing.CONNECTED: 3, Routing.OFFERED: 2, Routing.WRAP_UP: 1, Routing.IDLE: 0}


def summary(agent: Agent) -> Routing:
    """What the agent is as a whole."""
    hands = agent.hands
    if not hands:
        return Routing.NOT_RESPONDING if agent.aside else Routing.IDLE
    if len(hands) == 1:
        return hands[0].work
    return max((offer.work for offer in hands), key=_URGENCY.__getitem__)


def room(agent: Agent) -> int:
    """The channels of which a contact could be offered this moment, a bit each."""
    if agent.presence is not Presence.READY or agent.rest_until or agent.aside:
        return 0
    profile = agent.profile
    if not agent.hands:
        return profile.channels if agent.offer is None else profile.channels & ~VOICE_BIT
    return _room_beside(agent, profile.capacity)


def _room_beside(agent: Agent, capacity: tuple[Capacity, ...]) -> int:
    """What may come beside what is in hand."""
    held: dict[Channel, int] = {}
    for offer in agent.hands:
        channel = offer.contact.channel
        held[channel] = held.get(channel, 0) + 1
    alone = {kind.channel for kind in capacity if kind.alone and kind.channel in held}
    free = 0
    for kind in capacity:
        if alone and alone != {kind.channel}:
            continue
        if held.get(kind.channel, 0) < kind.most:
            free |= 1 << kind.channel
    return free if agent.offer is None else free & ~VOICE_BIT


def move(
    floor: Floor, offer: Offer, what: RoutingMove, now: int, out: list[Command], *, until: int = 0
) -> None:
    """Moves one contact in an agent's hands, and announces what the agent is then."""
    change(offer, what, now, until=until)
    announce(floor, offer.agent, now, out, about=offer)


def change(offer: Offer, what: RoutingMove, now: int, *, until: int = 0) -> None:
    """The same before it is announced."""
    agent = offer.agent
    before = offer.work
    offer.work = ROUTING[before][what]
    offer.until = until
    if before is Routing.IDLE:
        agent.hands.append(offer)
    elif offer.work is Routing.IDLE:
        agent.hands.remove(offer)
    worked = before in ON_CONTACT
    if worked is not (offer.work in ON_CONTACT) and not _works_on_others(agent, offer):
        occupancy.note(agent, now, busy=worked)


def _works_on_others(agent: Agent, offer: Offer) -> bool:
    return any(each is not offer and each.work in ON_CONTACT for each in agent.hands)


def announce(
    floor: Floor,
    agent: Agent,
    now: int,
    out: list[Command],
    *,
    about: Offer | None = None,
    presence: Presence | None = None,
    reason: str | None = None,
    by: str = "",
) -> None:
    """Takes over what the agent is by now (and says) and announces it."""
    before_presence, before_routing = agent.presence, agent.routing
    agent.routing = summary(agent)
    if presence is not None:
        agent.presence = presence
    if reason is not None:
        agent.reason = reason
    agent.until = about.until if about is not None else agent.until if agent.hands else 0
    counts = floor.counts
    counts[before_presence * 8 + before_routing] -= 1
    counts[agent.presence * 8 + agent.routing] += 1
    spent = now - agent.since
    agent.since = now
    if about is None or about.work is Routing.IDLE:
        about = agent.hands[-1] if agent.hands else None
    out.append(
        AgentStateChanged(
            agent.settings.agent_id,
            agent.presence,
            agent.reason,
            agent.routing,
            about.contact.id if about is not None else "",
            now,
            agent.until,
            before_presence,
            before_routing,
            spent,
            by,
            agent.work_mode,
        )
    )


def announce_mode(agent: Agent, out: list[Command], by: str = "") -> None:
    """Announces that another work mode holds; how long the agent has been what they are goes on."""
    contact = agent.contact
    out.append(
        AgentStateChanged(
            agent.settings.agent_id,
            agent.presence,
            agent.reason,
            agent.routing,
            contact.id if contact is not None else "",
            agent.since,
            agent.until,
            agent.presence,
            agent.routing,
            0,
            by,
            agent.work_mode,
        )
    )


# ---------------------------------------------------------------- who is there


def staff(floor: Floor, agent: Agent, change: int, now: int) -> list[Queue]:
    """One more (or fewer) agent is ready for their queues; gives the queues that have nobody now."""
    deserted = []
    profile = agent.profile
    profile.ready += change
    for pool in profile.pools:
        for lane, _ in pool.lanes:
            lane.staffed += change
    share = change / len(profile.queues) if profile.queues else 0.0
    for name in profile.queues:
        queue = floor.queues[name]
        queue.staffed += change
        queue.effective += share
        if not queue.staffed:
            queue.effective = 0.0  # what floating point left over
            queue.unstaffed_since = now
            deserted.append(queue)
    return deserted


# ---------------------------------------------------------------- standing by


def stand(floor: Floor, agent: Agent, free: int) -> None:
    """Has the agent stand in the pools of the channels they have room for, in place, and in no other."""
    if not free and not agent.standing:
        return
    for pool in agent.profile.pools:
        there = pool in agent.standing
        wanted = bool(free >> pool.channel & 1)
        if there and not (wanted and stands_rightly(agent, pool)):
            stand_down(agent, pool)
            there = False
        if wanted and not there:
            stand_by(floor, agent, pool)
