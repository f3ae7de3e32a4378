"""What must hold between any two stimuli. For tests: it walks everything."""

from __future__ import annotations

from services.acd.domain import ContactState, Presence, Routing
from services.acd.engine.floor import Agent, Contact, Floor, Queue, Stage
from services.acd.engine.matching import available
from services.acd.engine.pairing import in_lane

RINGING = (Stage.RINGING, Stage.BRIDGING)


def validate(floor: Floor) -> None:
    """Raises AssertionError naming what does not hold."""
    for contact in floor.contacts.values():
        _contact(floor, contact)
    for agent in floor.agents.values():
        _agent(floor, agent)
    for queue in floor.queues.values():
        _queue(floor, queue)
    _counts(floor)
    _timers(floor)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _contact(floor: Floor, contact: Contact) -> None:
    state, offer = contact.state, contact.offer
    _require((offer is not None) == (state in (ContactState.OFFERED, ContactState.CONNECTED)), f"{contact}")
    if offer is not None:
        _require(floor.offers.get(offer.id) is offer, f"offer of {contact.id} is not on the floor")
        _require(offer.contact is contact and offer.agent.contact is contact, f"{contact.id}: crossed")
        stages = RINGING if state is ContactState.OFFERED else (Stage.TALKING,)
        _require(offer.stage in stages, f"{contact.id} is {state} while its leg is {offer.stage!r}")
    if state is ContactState.ENDED:
        _require(contact.outcome, f"{contact.id} ended without an outcome")
    elif contact.id not in floor.nodes[contact.node].contacts:
        raise AssertionError(f"{contact.id} is missing among its node's")


def _agent(floor: Floor, agent: Agent) -> None:
    busy = agent.routing in (Routing.OFFERED, Routing.CONNECTED)
    offer = agent.offer
    if busy:
        _require(offer is not None and offer.contact is agent.contact, f"{agent.id} is busy with nothing")
    if offer is not None:
        _require(floor.offers.get(offer.id) is offer, f"{agent.id}: its offer is not on the floor")
        _require((offer.stage is not Stage.CLOSING) == busy, f"{agent.id} {agent.routing!r} {offer.stage!r}")
    if agent.routing in (Routing.IDLE, Routing.NOT_RESPONDING):
        _require(agent.contact is None, f"{agent.id} is free but holds a contact")
    _require(bool(agent.order) == available(agent), f"{agent.id}: idle roll and state disagree")


def _queue(floor: Floor, queue: Queue) -> None:
    lane = queue.lane
    mine = [contact for contact in floor.contacts.values() if contact.queue is queue]
    waiting = [c for c in mine if c.state in (ContactState.QUEUED, ContactState.OFFERED)]
    _require(queue.waiting == len(waiting), f"{queue.name}: {queue.waiting} counted, {len(waiting)} wait")
    standing = sorted((c for c in waiting if in_lane(c)), key=lambda c: c.order)
    _require(list(lane.waiting) == standing, f"{queue.name}: the lane is not who waits, in order")
    _require(len(lane.waiting) == len(standing), f"{queue.name}: the lane's size is wrong")
    idle = [a for a in floor.agents.values() if queue.name in a.profile.queues and a.order]
    _require(lane.idle == len(idle), f"{queue.name}: idle count")
    _require(not (standing and idle), f"{queue.name}: somebody waits while somebody is idle")
    staffed = [
        a for a in floor.agents.values() if queue.name in a.profile.queues and a.presence is Presence.READY
    ]
    _require(queue.staffed == len(staffed), f"{queue.name}: staffed count")
    for profile in lane.profiles:
        head = profile.idle.first_order
        listed = any(entry[2] is profile and entry[0] <= (head or 0) for entry in lane.best)
        _require(head is None or listed, f"{queue.name}: an idle profile cannot be found")


def _counts(floor: Floor) -> None:
    counts = [0] * len(floor.counts)
    for agent in floor.agents.values():
        counts[agent.presence * 8 + agent.routing] += 1
    _require(counts == floor.counts, "agents by state are miscounted")
    still = [c for c in floor.contacts.values() if c.state is not ContactState.ENDED]
    _require(floor.open == len(still), "open contacts are miscounted")
    for profile in floor.profiles.values():
        there = sum(1 for agent in floor.agents.values() if agent.profile is profile)
        _require(profile.agents == there, "a profile's agents are miscounted")
    for offer in floor.offers.values():
        _require(offer.agent.offer is offer, f"offer {offer.id} is nobody's")


def _timers(floor: Floor) -> None:
    set_for = {(id(about), alarm) for _, _, alarm, about in floor.timers}
    for offer in floor.offers.values():
        alarm = {Stage.RINGING: 1, Stage.BRIDGING: 2, Stage.CLOSING: 3}.get(offer.stage)
        _require(alarm is None or (id(offer), alarm) in set_for, f"nothing would end {offer.id}")
    for agent in floor.agents.values():
        if agent.routing is Routing.WRAP_UP:
            _require((id(agent), 4) in set_for, f"nothing would end the wrap-up of {agent.id}")
