"""What must hold between any two stimuli. For tests: it walks everything."""

from __future__ import annotations

from services.acd.domain import Channel, ContactState, Routing, Strategy
from services.acd.engine.floor import Agent, Alarm, Contact, Floor, Lane, Offer, Queue, Stage
from services.acd.engine.hands import room, summary
from services.acd.engine.lanes import qualifies, rank_of
from services.acd.engine.matching import rung_for, stands_rightly, wants_more

RINGING = (Stage.RINGING, Stage.DIALLING, Stage.BRIDGING)


ALARMS = {Stage.RINGING: Alarm.RING, Stage.BRIDGING: Alarm.BRIDGE, Stage.DIALLING: Alarm.DIAL}


def validate(floor: Floor) -> None:
    """Raises AssertionError naming what does not hold."""
    for contact in floor.contacts.values():
        _contact(floor, contact)
    for agent in floor.agents.values():
        _agent(floor, agent)
    for queue in floor.queues.values():
        _queue(floor, queue)
    for offer in floor.offers.values():
        _offer(offer)
    _callbacks(floor)
    _counts(floor)
    _timers(floor)
    _recordings(floor)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _contact(floor: Floor, contact: Contact) -> None:
    state, offer = contact.state, contact.offer
    _require(
        (offer is not None) == (state in (ContactState.OFFERED, ContactState.CONNECTED)), f"{contact.id}"
    )
    for each in (offer, *(contact.rivals or ())):
        if each is not None:
            _require(floor.offers.get(each.id) is each, f"offer of {contact.id} is not on the floor")
            _require(each.contact is contact and each in each.agent.hands, f"{contact.id}: crossed")
            stages = RINGING if state is ContactState.OFFERED else (Stage.TALKING,)
            _require(each.stage in stages, f"{contact.id} is {state} while its leg is {each.stage!r}")
    if contact.rivals:
        _require(len(rung_for(contact)) == 1 + len(contact.rivals), f"{contact.id} rings twice at one agent")
        _require(state is ContactState.OFFERED, f"{contact.id} is {state} and rings elsewhere")
    if contact.early:
        _require(contact.paused_until and state is ContactState.QUEUED, f"{contact.id} is early")
    if contact.standing is not None:
        _require(state is ContactState.QUEUED, f"{contact.id} stands in a lane and is {state}")
        _require(not contact.parted and not contact.paused_until, f"{contact.id} stands aside in a lane")
    elif state is ContactState.QUEUED:
        aside = contact.parted or contact.paused_until or contact.leave_at
        _require(aside, f"{contact.id} is queued and stands nowhere")
    if state is ContactState.ENDED:
        _require(contact.outcome, f"{contact.id} ended without an outcome")
    elif contact.id not in floor.nodes[contact.node].contacts:
        raise AssertionError(f"{contact.id} is missing among its node's")


def _agent(floor: Floor, agent: Agent) -> None:
    _require(agent.routing is summary(agent), f"{agent.id} is announced as {agent.routing!r}")
    for offer in agent.hands:
        _require(floor.offers.get(offer.id) is offer, f"{agent.id}: its offer is not on the floor")
        _require(offer.work is not Routing.IDLE, f"{agent.id} holds what is over")
    if agent.offer is not None:
        _require(floor.offers.get(agent.offer.id) is agent.offer, f"{agent.id}: its leg is not on the floor")
    free = room(agent)
    for pool in agent.profile.pools:
        stands = pool in agent.standing
        _require(stands == bool(free >> pool.channel & 1), f"{agent.id}: pool and room disagree")
        _require(not stands or stands_rightly(agent, pool), f"{agent.id} stands in a place out of date")
    _require(set(agent.standing) <= set(agent.profile.pools), f"{agent.id} stands in a pool of others")
    _capacity(agent)
    for lane in (agent.given, agent.own):
        if lane is not None:
            _lane_in_order(lane)
            firm = [c for c in lane.waiting if free >> c.channel & 1]
            _require(not firm, f"{agent.id} is idle while a contact waits for them")
            _require(all(c.preferred is agent for c in lane.waiting), f"{agent.id}: another's contact waits")


def _capacity(agent: Agent) -> None:
    """Never more of a channel than the agent takes, and nothing beside what wants them alone, but for
    what was in hand before the settings changed."""
    calls = [offer for offer in agent.hands if offer.contact.channel is Channel.VOICE and offer.leg]
    live = [offer for offer in calls if offer.work in (Routing.OFFERED, Routing.CONNECTED)]
    _require(len(live) <= 1, f"{agent.id} has two calls")


def _offer(offer: Offer) -> None:
    mine = offer in offer.agent.hands
    _require(mine or offer.agent.offer is offer, f"offer {offer.id} is nobody's")
    _require(mine == (offer.work is not Routing.IDLE), f"offer {offer.id}: hands and work disagree")
    live = offer.work in (Routing.OFFERED, Routing.CONNECTED)
    _require(live == (offer.stage is not Stage.CLOSING), f"{offer.id} is {offer.work!r}, leg {offer.stage!r}")


def _queue(floor: Floor, queue: Queue) -> None:
    mine = [contact for contact in floor.contacts.values() if contact.queue is queue]
    waiting = [c for c in mine if c.state in (ContactState.QUEUED, ContactState.OFFERED) and not c.early]
    _require(queue.waiting == len(waiting), f"{queue.name}: {queue.waiting} counted, {len(waiting)} wait")
    staffed = [a for a in floor.agents.values() if a.there and queue.name in a.profile.tiers]
    _require(queue.staffed == len(staffed), f"{queue.name}: staffed count")
    effective = sum(1 / len(a.profile.queues) for a in staffed)
    _require(abs(queue.effective - effective) < 1e-6, f"{queue.name}: effective agents")
    for need, lane in queue.lanes.items():
        _require(lane.need == need and lane.queue is queue, f"{queue.name}: a lane is filed wrongly")
        _lane(floor, queue, lane)


def _lane_in_order(lane: Lane) -> None:
    standing = list(lane.waiting)
    _require(standing == sorted(standing, key=lambda c: c.order), "a lane is out of order")
    _require(len(lane.waiting) == len(standing), "a lane's size is wrong")
    _require(all(c.standing is lane for c in standing), "somebody stands in a lane and does not know it")


def _lane(floor: Floor, queue: Queue, lane: Lane) -> None:
    channel, skills, excluded = lane.need
    _lane_in_order(lane)
    for contact in lane.waiting:
        _require((contact.channel, contact.skills, contact.excluded) == lane.need, f"{contact.id} strayed")
    able = [
        a
        for a in floor.agents.values()
        if queue.name in a.profile.tiers
        and a.profile.channels >> channel & 1
        and qualifies(a.profile.skills, skills)
    ]
    ready = [a for a in able if a.there]
    _require(lane.staffed == len(ready), f"{queue.name}: staffed count of a lane")
    idle = [a for a in able if room(a) >> channel & 1]
    _require(lane.idle == len(idle), f"{queue.name}: idle count of a lane")
    free = [a for a in idle if a.id not in excluded]
    _require(not (len(lane.waiting) and free), f"{queue.name}: somebody waits while somebody is idle")
    if queue.settings.strategy is Strategy.RING_SEVERAL:
        for contact in lane.thin:
            others = [a for a in free if a.id not in rung_for(contact)]
            _require(not (others and wants_more(contact)), f"{contact.id} could ring at one more")
    for pool, rank in lane.pools.items():
        _require((lane, rank) in pool.lanes, f"{queue.name}: a pool does not know its lane")
        profile = next(p for p in floor.profiles.values() if pool in p.pools)
        _require(rank == rank_of(profile, queue, skills), f"{queue.name}: a rank is out of date")
        head = pool.roll.first_order
        listed = any(entry[3] is pool and entry[1] <= (head or 0) for entry in lane.best)
        _require(head is None or listed, f"{queue.name}: an idle pool cannot be found")


def _callbacks(floor: Floor) -> None:
    """Each is known until it ends, is called no more often than it may be, and only so many are at once."""
    still = {c.id for c in floor.contacts.values() if c.callback and c.state is not ContactState.ENDED}
    _require(set(floor.callbacks) == still, "a callback is lost, or lives on")
    _require(len(floor.called) == len(still), "a number is to be called back twice by one queue")
    offered = {c for c in floor.callbacks.values() if c.to_dial and c.state is ContactState.OFFERED}
    _require(set(floor.dialled) == offered, "who is called now is miscounted")
    _require(len(floor.dialled) <= floor.policy.dialled_max, "more are called than may be at once")
    free = len(floor.dialled) < floor.policy.dialled_max
    _require(not (free and floor.held_back.waiting), "somebody is held back for no reason")
    for contact in floor.callbacks.values():
        _callback(contact)


def _callback(contact: Contact) -> None:
    plan, stage = contact.callback, contact.offer.stage if contact.offer else None
    if plan is None:
        return
    _require(contact.state is not ContactState.OPEN or contact.answered_at, f"{contact.id} is in no hands")
    _require(plan.attempts <= plan.attempts_max, f"{contact.id} was called too often")
    _require(
        bool(plan.dialled) == (stage is Stage.DIALLING), f"{contact.id}: {plan.dialled!r} while {stage!r}"
    )
    _require(not (plan.dialled and contact.call_id), f"{contact.id} is called and on the line")
    if stage in (Stage.BRIDGING, Stage.TALKING):
        _require(contact.call_id, f"{contact.id} talks to nobody")


def _counts(floor: Floor) -> None:
    counts = [0] * len(floor.counts)
    for agent in floor.agents.values():
        counts[agent.presence * 8 + agent.routing] += 1
    _require(counts == floor.counts, "agents by state are miscounted")
    still = [c for c in floor.contacts.values() if c.state is not ContactState.ENDED]
    _require(floor.open == len(still), "open contacts are miscounted")
    for profile in floor.profiles.values():
        there = {agent for agent in floor.agents.values() if agent.profile is profile}
        _require(set(profile.members) == there, "a profile's agents are miscounted")
        ready = sum(1 for agent in there if agent.there)
        _require(profile.ready == ready, "a profile's ready agents are miscounted")


def _timers(floor: Floor) -> None:
    set_for = {(id(about), alarm) for _, _, alarm, about in floor.timers}
    for offer in floor.offers.values():
        alarm = ALARMS.get(offer.stage)
        if offer.stage is Stage.CLOSING and offer.agent.offer is offer:
            alarm = Alarm.LEG_GONE
        _require(alarm is None or (id(offer), alarm) in set_for, f"nothing would end {offer.id}")
        if offer.work is Routing.WRAP_UP:
            _require((id(offer), Alarm.WRAP_UP) in set_for, f"nothing would end the wrap-up of {offer.id}")
    for agent in floor.agents.values():
        _require(not agent.rest_until or (id(agent), Alarm.REST) in set_for, f"{agent.id} rests for ever")
    for queue in floor.queues.values():
        left = queue.settings.no_agents_after_ms is not None and not queue.staffed
        stand = any(not c.to_dial for lane in queue.lanes.values() for c in lane.waiting)
        _require(not (left and stand) or (id(queue), Alarm.NO_AGENTS) in set_for, f"{queue.name}: in vain")
    for contact in floor.contacts.values():
        if contact.state is ContactState.QUEUED:
            for at, alarm in ((contact.leave_at, Alarm.LEAVE), (contact.paused_until, Alarm.RESUME)):
                _require(not at or (id(contact), alarm) in set_for, f"{contact.id}: nothing brings {alarm!r}")
        if contact.relax_at:
            _require((id(contact), Alarm.RELAX) in set_for, f"nothing would relax {contact.id}")
        own = contact.standing is not None and contact.standing.queue is None
        if own and contact.standing is not floor.held_back:
            _require((id(contact), Alarm.PREFER) in set_for, f"{contact.id} prefers somebody for ever")


def _recordings(floor: Floor) -> None:
    """Each belongs to a conversation that goes on, or waits for the end of its file, for a bounded time."""
    set_for = {(id(about), alarm) for _, _, alarm, about in floor.timers}
    for offer_id, recording in floor.recordings.items():
        timed = (id(recording), Alarm.RECORDING) in set_for
        _require(not recording.due or timed, f"nothing would end the wait for the recording of {offer_id}")
        if recording.over:
            _require(recording.due, f"the recording of {offer_id} would be kept for ever")
        else:
            _require(recording.contact.recording is recording, f"the recording of {offer_id} is nobody's")
            _require(recording.contact.state is ContactState.CONNECTED, f"nobody talks in {offer_id}")
