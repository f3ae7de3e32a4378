"""Switches that go and come back, and conversations found on them."""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    ContactMove,
    ContactState,
    LeftQueue,
    Presence,
    Routing,
    RoutingMove,
)
from services.acd.engine import hands, matching, recording
from services.acd.engine.agents import staff
from services.acd.engine.commands import Command, ContactAnswered, Kill, NodeStateChanged
from services.acd.engine.contacts import cut_off, move_to, node_for, open_contact
from services.acd.engine.endings import caller_gone
from services.acd.engine.floor import (
    NO_SWITCH,
    Agent,
    Alarm,
    Callback,
    Contact,
    Floor,
    Node,
    Offer,
    Queue,
    Stage,
)
from services.acd.engine.offers import call_back, forget_leg, leg_gone
from services.acd.engine.pairing import seek, step_out
from services.acd.engine.stimuli import Adopt, Arrival, CallerGone, NodeDown, NodeUp
from services.acd.engine.timers import set_timer
from services.acd.engine.waiting import take_out


def node_down(floor: Floor, stimulus: NodeDown, now: int, out: list[Command]) -> None:
    """Nothing can be told to the switch. Its waiting contacts stand aside, each with its place; its
    conversations go on as far as anybody knows."""
    node = node_for(floor, stimulus.node)
    if not node.up:
        return
    node.up, node.since = False, now
    node.lost_at = now + floor.policy.node_lost_ms
    set_timer(floor, node.lost_at, Alarm.NODE_LOST, node)
    callbacks = [c for c in floor.callbacks.values() if c.node == NO_SWITCH and cut_off(floor, c)]
    for contact in (*node.contacts.values(), *callbacks):
        if contact.state is ContactState.QUEUED:
            step_out(contact)
            contact.parted = True
        elif contact.lane is not None:
            contact.lane.thin.pop(contact, None)  # it rings on, but nobody more can be rung
    out.append(NodeStateChanged(node.name, False, stimulus.detail, now))


def node_up(floor: Floor, stimulus: NodeUp, now: int, out: list[Command]) -> None:
    """The switch is back and was compared: who waits there takes part again, in the old order."""
    node = node_for(floor, stimulus.node)
    if node.up:
        return
    node.up, node.since, node.lost_at = True, now, 0
    out.append(NodeStateChanged(node.name, True, stimulus.detail, now))
    recording.look_again(floor, node.name, now, out)
    parted = [contact for contact in node.contacts.values() if contact.parted]
    parted += [
        contact for contact in floor.callbacks.values() if contact.node == NO_SWITCH and contact.parted
    ]
    for contact in sorted(parted, key=_order):
        contact.parted = False
        if contact.state is ContactState.QUEUED:
            seek(floor, contact, now, out)


def _order(contact: Contact) -> int:
    return contact.order


def node_lost(floor: Floor, node: Node, now: int, out: list[Command]) -> None:
    """It stayed away too long: its calls are given up, its agents work elsewhere."""
    node.lost_at = 0
    for offer in [each for each in floor.offers.values() if each.leg and each.node == node.name]:
        if offer.stage in (Stage.RINGING, Stage.DIALLING, Stage.BRIDGING):
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
    if contact.callback is not None:
        _called_back(floor, contact, contact.callback, stimulus.arrival, out)
    staff(floor, agent, agent.presence is Presence.READY, now)
    offer = _connect(floor, stimulus, contact, agent, queue)
    out.append(
        ContactAnswered(
            contact.id, stimulus.offer_id, agent.id, queue.name, contact.waited_ms, contact.answered_at
        )
    )
    recording.take_up(floor, offer, now, out, recorded=stimulus.recorded, paused=stimulus.paused)
    matching.leave_pools(agent)
    hands.move(floor, offer, RoutingMove.ADOPT, now, out)
    hands.stand(floor, agent, hands.room(agent))


def _called_back(
    floor: Floor, contact: Contact, plan: Callback, arrival: Arrival, out: list[Command]
) -> None:
    """A callback is found in a conversation: what else was dialled for it is not wanted."""
    other = plan.dialled or contact.call_id
    if other and other != arrival.call_id:
        out.append(Kill(contact.node, other, "ORIGINATOR_CANCEL"))
    floor.dialled.pop(contact, None)
    move_to(floor, contact, arrival.node)
    contact.call_id, plan.dialled, contact.grace_until = arrival.call_id, "", 0


def _let_go(floor: Floor, agent: Agent, now: int, out: list[Command]) -> bool:
    """Frees an agent for the conversation they are found in; False when they are in another already."""
    leg = agent.offer
    if leg is not None and leg.stage is Stage.TALKING:
        return False
    if leg is not None and leg.stage is not Stage.CLOSING:
        call_back(floor, leg, now, out)
    for offer in [each for each in agent.hands if each.work is Routing.WRAP_UP]:
        offer.contact.wrapping -= 1
        hands.change(offer, RoutingMove.FINISH, now)
        floor.offers.pop(offer.id, None)
    if agent.offer is not None:
        forget_leg(floor, agent.offer)
    return True


def _connect(floor: Floor, stimulus: Adopt, contact: Contact, agent: Agent, queue: Queue) -> Offer:
    contact.state = CONTACT[contact.state][ContactMove.ADOPT]
    offer = Offer(
        stimulus.offer_id, contact, agent, contact.node, queue, stimulus.answered_at, True, Stage.TALKING
    )
    floor.offers[offer.id] = offer
    contact.offer = agent.offer = offer
    contact.queue, contact.agent = queue, agent
    contact.offers = max(contact.offers, 1)
    contact.last_offer = offer.id
    contact.enqueued_at, contact.answered_at = stimulus.enqueued_at, stimulus.answered_at
    contact.waited_ms = max(stimulus.answered_at - stimulus.enqueued_at, 0)
    contact.held_since = stimulus.answered_at if stimulus.held else 0
    agent.misses = agent.rest_until = 0
    agent.aside = False
    return offer
