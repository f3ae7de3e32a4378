"""Switches that go and come back, and conversations found on them."""

from __future__ import annotations

from services.acd.domain import CONTACT, ContactMove, ContactState, LeftQueue, Routing, RoutingMove
from services.acd.engine.commands import Command, ContactAnswered, NodeStateChanged, Reason
from services.acd.engine.contacts import caller_gone, node_for, open_contact, take_out
from services.acd.engine.floor import Agent, Alarm, Contact, Floor, Node, Offer, Queue, Stage
from services.acd.engine.matching import stand_down
from services.acd.engine.offers import call_back, forget_leg, leg_gone
from services.acd.engine.pairing import seek, shift, step_out
from services.acd.engine.stimuli import Adopt, Arrival, CallerGone, NodeDown, NodeUp
from services.acd.engine.timers import set_timer


def node_down(floor: Floor, stimulus: NodeDown, now: int, out: list[Command]) -> None:
    """Nothing can be told to the switch. Its waiting contacts stand aside, each with its place; its
    conversations go on as far as anybody knows."""
    node = node_for(floor, stimulus.node)
    if not node.up:
        return
    node.up, node.since = False, now
    node.lost_at = now + floor.policy.node_lost_ms
    set_timer(floor, node.lost_at, Alarm.NODE_LOST, node)
    for contact in node.contacts.values():
        if contact.state is ContactState.QUEUED:
            step_out(contact)
            contact.parted = True
    out.append(NodeStateChanged(node.name, False, stimulus.detail, now))


def node_up(floor: Floor, stimulus: NodeUp, now: int, out: list[Command]) -> None:
    """The switch is back and was compared: who waits there takes part again, in the old order."""
    node = node_for(floor, stimulus.node)
    if node.up:
        return
    node.up, node.since, node.lost_at = True, now, 0
    out.append(NodeStateChanged(node.name, True, stimulus.detail, now))
    parted = [contact for contact in node.contacts.values() if contact.parted]
    for contact in sorted(parted, key=_order):
        contact.parted = False
        if contact.state is ContactState.QUEUED:
            seek(floor, contact, now, out)


def _order(contact: Contact) -> int:
    return contact.order


def node_lost(floor: Floor, node: Node, now: int, out: list[Command]) -> None:
    """It stayed away too long: its calls are given up, its agents work elsewhere."""
    node.lost_at = 0
    for offer in [offer for offer in floor.offers.values() if offer.node == node.name]:
        if offer.stage in (Stage.RINGING, Stage.BRIDGING):
            leg_gone(floor, offer.id, "SYSTEM_SHUTDOWN", now, out)
    for contact in list(node.contacts.values()):
        caller_gone(floor, CallerGone(Arrival(contact.id), "SWITCH_LOST", lost=True), now, out)


# ---------------------------------------------------------------- conversations found


def adopt(floor: Floor, stimulus: Adopt, now: int, out: list[Command]) -> None:
    """A conversation that the engine knows nothing of, found after a restart: both are connected."""
    agent = floor.agents.get(stimulus.agent_id)
    queue = floor.queues.get(stimulus.queue)
    if agent is None or queue is None or stimulus.offer_id in floor.offers:
        return
    contact = open_contact(floor, stimulus.arrival, now, out)
    over = contact.state in (ContactState.ENDED, ContactState.CONNECTED) or contact.gone_at
    if over or not _let_go(floor, agent, now, out):
        return
    if contact.state in (ContactState.QUEUED, ContactState.OFFERED):
        take_out(floor, contact, LeftQueue.WITHDRAWN, now, out)
    _connect(floor, stimulus, contact, agent, queue)
    out.append(
        ContactAnswered(
            contact.id, stimulus.offer_id, agent.id, queue.name, contact.waited_ms, contact.answered_at
        )
    )
    shift(floor, agent, now, out, RoutingMove.ADOPT)


def _let_go(floor: Floor, agent: Agent, now: int, out: list[Command]) -> bool:
    """Frees an agent for the conversation they are found in; False when they are in another already."""
    offer = agent.offer
    if offer is not None and offer.stage is Stage.TALKING:
        return False
    if offer is not None and offer.stage is not Stage.CLOSING:
        call_back(floor, offer, now, out)
    if agent.routing is Routing.WRAP_UP and agent.contact is not None:
        agent.contact.wrapping = False
    if agent.offer is not None:
        forget_leg(floor, agent.offer)
    if agent.order:
        stand_down(agent)
    return True


def _connect(floor: Floor, stimulus: Adopt, contact: Contact, agent: Agent, queue: Queue) -> None:
    contact.state = CONTACT[contact.state][ContactMove.ADOPT]
    reason = Reason(idle_ms=0, others=0, waiting=0, queues=0, overdue_ms=0)
    offer = Offer(
        stimulus.offer_id, contact, agent, contact.node, queue, reason, stimulus.answered_at, Stage.TALKING
    )
    floor.offers[offer.id] = offer
    contact.offer = agent.offer = offer
    contact.queue, contact.agent, agent.contact = queue, agent, contact
    contact.offers = max(contact.offers, 1)
    contact.last_offer = offer.id
    contact.enqueued_at, contact.answered_at = stimulus.enqueued_at, stimulus.answered_at
    contact.waited_ms = max(stimulus.answered_at - stimulus.enqueued_at, 0)
    contact.held_since = stimulus.answered_at if stimulus.held else 0
    agent.misses = agent.rest_until = 0
