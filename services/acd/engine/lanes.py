"""Lanes, profiles and pools: who may serve whom, worked out when one of them comes to be."""

from __future__ import annotations

from heapq import heappush

from services.acd.domain import Channel, Strategy
from services.acd.engine.floor import Agent, Contact, Floor, Lane, Measure, Pool, Profile, Queue
from services.acd.engine.hands import room
from services.acd.engine.matching import leave_pools, stand_by
from services.acd.engine.stimuli import AgentSettings, QueueSettings, Skills

LANES_MOST = 1_000
"""Of one queue. Beyond, those without contacts are dropped: who asks for them again pays for finding out who
qualifies."""
FAR_MS = 365 * 86_400_000  # "never changes" looked at again after a year
TIER_SHIFT = 10
SCORES_MOST = 1 << TIER_SHIFT  # 16 skills of level 10 are 160

_MEASURES = {
    Strategy.LEAST_OCCUPIED: Measure.OCCUPANCY,
    Strategy.FEWEST_CONTACTS: Measure.CONTACTS,
    Strategy.ROUND_ROBIN: Measure.OFFERED_AT,
    Strategy.TOP_DOWN: Measure.POSITION,
}


def measure_of(settings: QueueSettings) -> Measure:
    """By what the queue puts idle agents of one tier in order."""
    idle = Measure.IDLE_SINCE_CONTACT if settings.idle_since_contact else Measure.IDLE_SINCE_READY
    return _MEASURES.get(settings.strategy, idle)


# ---------------------------------------------------------------- lanes


def lane_of(floor: Floor, contact: Contact, queue: Queue) -> Lane:
    """The lane for what this contact needs now, made when it is the first to need it."""
    lane = contact.lane
    need = (contact.channel, contact.skills, contact.excluded)
    if lane is not None and not lane.dropped and lane.queue is queue and lane.need == need:
        return lane
    lane = queue.lanes.get(need)
    if lane is None:
        if len(queue.lanes) >= LANES_MOST:
            _drop_empty(queue)
        lane = queue.lanes[need] = Lane(queue, need, queue.measure)
        link(floor, lane, queue)
    contact.lane = lane
    return lane


def _drop_empty(queue: Queue) -> None:
    for need, lane in list(queue.lanes.items()):
        if not lane.waiting and not lane.thin:
            unlink(lane)
            lane.dropped = True
            del queue.lanes[need]


def unlink(lane: Lane) -> None:
    """No agents stand for this lane any more."""
    for pool, rank in lane.pools.items():
        pool.lanes.remove((lane, rank))
    lane.pools, lane.listed, lane.best = {}, {}, []
    lane.idle = lane.staffed = 0


def link(floor: Floor, lane: Lane, queue: Queue) -> None:
    """Finds out which profiles serve the lane."""
    for profile in floor.profiles.values():
        _link(floor, lane, queue, profile)


def _link(floor: Floor, lane: Lane, queue: Queue, profile: Profile) -> None:
    channel, skills, _ = lane.need
    if queue.name not in profile.tiers or not profile.channels >> channel & 1:
        return
    if not qualifies(profile.skills, skills):
        return
    pool = _pool(floor, profile, channel, queue)
    rank = rank_of(profile, queue, skills)
    pool.lanes.append((lane, rank))
    lane.pools[pool] = rank
    lane.staffed += profile.ready
    lane.idle += len(pool.roll)
    head = pool.roll.first_order
    if head is not None:
        heappush(lane.best, (rank, head, pool.number, pool))
        lane.listed[pool] = head


def qualifies(able: dict[str, int], required: Skills) -> bool:
    """Whether somebody with these skills may serve a contact that requires those."""
    return all(able.get(name, 0) >= level for name, level in required)


def rank_of(profile: Profile, queue: Queue, required: Skills) -> int:
    """What comes before everything by which a pool orders its agents: the tier, then, in queues that want the
    best, how much of the required skills the profile has. Lower comes first."""
    return (profile.tiers[queue.name] << TIER_SHIFT) - score_of(profile, queue, required)


def score_of(profile: Profile, queue: Queue, required: Skills) -> int:
    """Sum of the profile's levels in what is required, where the queue asks for the best skill; else 0."""
    if queue.settings.strategy is not Strategy.BEST_SKILL:
        return 0
    return min(sum(profile.skills.get(name, 0) for name, _ in required), SCORES_MOST - 1)


def relink(floor: Floor, queue: Queue) -> None:
    """After a change of the queue's strategy: its lanes look for their agents anew."""
    agents = [agent for agent in floor.agents.values() if queue.name in agent.profile.tiers]
    for agent in agents:
        leave_pools(agent)
    for lane in queue.lanes.values():
        unlink(lane)
        lane.measure = queue.measure
    for profile in floor.profiles.values():
        profile.pools = [pool for pool in profile.pools if pool.lanes or pool.roll]
    for lane in queue.lanes.values():
        link(floor, lane, queue)


# ---------------------------------------------------------------- profiles and pools


def profile_for(floor: Floor, settings: AgentSettings) -> Profile:
    """The profile of these settings, made when the first such agent comes."""
    queues = tuple(sorted(settings.queues))
    tiers = {queue: settings.tiers[queue].level if queue in settings.tiers else 1 for queue in queues}
    key = (queues, tuple(tiers.values()), settings.skills, settings.capacity)
    profile = floor.profiles.get(key)
    if profile is None:
        channels = sum({1 << kind.channel for kind in settings.capacity})
        profile = Profile(key, queues, tiers, dict(settings.skills), settings.capacity, channels)
        floor.profiles[key] = profile
        for name in queues:
            queue = floor.queues[name]
            for lane in queue.lanes.values():
                _link(floor, lane, queue, profile)
    return profile


def leave_profile(floor: Floor, agent: Agent) -> None:
    """One agent fewer; a profile without agents is forgotten."""
    profile = agent.profile
    del profile.members[agent]
    if profile.members:
        return
    del floor.profiles[profile.key]
    for pool in profile.pools:
        for lane, _ in pool.lanes:
            del lane.pools[pool]
            lane.listed.pop(pool, None)
    profile.pools = []


def _pool(floor: Floor, profile: Profile, channel: Channel, queue: Queue) -> Pool:
    named = queue.name if queue.measure is Measure.POSITION else ""
    for pool in profile.pools:
        if pool.channel is channel and pool.measure is queue.measure and pool.queue == named:
            return pool
    pool = Pool(floor.next_number(), channel, queue.measure, named)
    profile.pools.append(pool)
    for agent in profile.members:
        if room(agent) >> channel & 1:
            stand_by(floor, agent, pool)
    return pool
