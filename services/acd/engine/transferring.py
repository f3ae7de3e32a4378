"""An agent gives the caller away: to a queue, or to another agent.

The contact stays the same one: data, customer and what it waited and talked so far go on with it. Its old
conversation is released (and wrapped up by who had it), its next wait begins.
"""

from __future__ import annotations

from dataclasses import replace

from services.acd.domain import ContactState, LeftQueue, Party, Presence
from services.acd.engine.agents import find
from services.acd.engine.assigning import check_agent
from services.acd.engine.commands import Command, ContactTransferred, Keep
from services.acd.engine.contacts import cut_off
from services.acd.engine.control import talking
from services.acd.engine.floor import ASSIGNED, Agent, Contact, Floor, Offer, Queue, Stage
from services.acd.engine.offers import ask_end, release
from services.acd.engine.pairing import settle
from services.acd.engine.queues import admit
from services.acd.engine.stimuli import KeptFound, Transfer
from services.acd.engine.waiting import join
from services.chassis.errors import Conflict, NotFound

FOR_AGENT_MS = 60_000
"""So long a caller waits for the agent alone: a conversation may end in that, and more is worse than
another agent."""

_WHY = {
    LeftQueue.CLOSED: "it is closed at this hour",
    LeftQueue.FULL: "it is full",
    LeftQueue.NO_AGENTS: "no other agent is there",
    LeftQueue.NOBODY_QUALIFIED: "none of its agents could take this call",
}


def transfer(floor: Floor, stimulus: Transfer, now: int, out: list[Command]) -> None:
    """The caller hears music and waits in our hands, the agent is done. Raises NotFound and Conflict; then
    the two talk on."""
    offer = talking(floor, stimulus.agent_id, stimulus.contact_id)
    contact = offer.contact
    _check_call(floor, offer)
    if stimulus.to_agent:
        agent = find(floor, stimulus.to_agent)
        _check_colleague(contact, offer.agent, agent)
        queue, wanted = offer.queue, offer.queue
        _for_agent(contact, agent, offer.agent, now)
    else:
        wanted = _queue(floor, stimulus.queue)
        queue = _admitted(floor, offer, wanted, now)
        _for_anybody(contact, offer.agent)
    to = contact.preferred.id if contact.preferred is not None else ""
    out.append(ContactTransferred(contact.id, offer.id, offer.agent.id, queue.name, to, now))
    out.append(Keep(offer.node, contact.call_id, offer.id, queue.name, contact.after_bridge))
    ask_end(floor, offer, "NORMAL_CLEARING", now, out)
    release(floor, offer, Party.AGENT, now, out, leg_there=True)
    _wait(floor, contact, queue, now, out, wanted)
    settle(floor, offer.agent, now, out)


def found(floor: Floor, stimulus: KeptFound, now: int, out: list[Command]) -> None:
    """After a restart the caller waits again where they had been sent. Who was meant is forgotten."""
    contact, queue = floor.contacts.get(stimulus.contact_id), floor.queues.get(stimulus.queue)
    if contact is None or queue is None or contact.state is not ContactState.OPEN or contact.gone_at:
        return
    contact.after_bridge = stimulus.after
    _wait(floor, contact, queue, now, out, queue)


def _wait(floor: Floor, contact: Contact, queue: Queue, now: int, out: list[Command], wanted: Queue) -> None:
    contact.enqueued_at, contact.holder, contact.kept = now, "", True
    contact.declined, contact.hops, contact.booked_at = None, 0, 0
    join(floor, contact, queue, now, out, "" if queue is wanted else wanted.name)


def _check_call(floor: Floor, offer: Offer) -> None:
    contact = offer.contact
    if offer.stage is not Stage.TALKING:
        raise Conflict("The call is not connected yet.")
    if not offer.leg:
        raise Conflict("Only calls can be transferred.")
    if contact.callback is not None:
        raise Conflict("Who was called back cannot be transferred: finish it, or book another callback.")
    if offer.expected_gone_at:
        raise Conflict("The call is ending already.")
    if cut_off(floor, contact):
        raise Conflict("The switch of this call does not answer: try again in a moment.")


def _check_colleague(contact: Contact, giver: Agent, agent: Agent) -> None:
    if agent is giver:
        raise Conflict("That is you: choose somebody else.")
    check_agent(contact, agent)
    if agent.presence is not Presence.READY:
        raise Conflict(f"{agent.settings.name or agent.id} is not ready.")


def _queue(floor: Floor, name: str) -> Queue:
    queue = floor.queues.get(name)
    if queue is None:
        raise NotFound("queue", name)
    return queue


def _admitted(floor: Floor, offer: Offer, wanted: Queue, now: int) -> Queue:
    """The queue that takes the call: the one wanted, or where that overflows to."""
    asking = replace(offer.contact, steps=(), booked_at=0)
    _for_anybody(asking, offer.agent)
    queue, reason, _ = admit(floor, asking, wanted, now)
    if queue is not None and not _others_there(queue, offer.agent):
        queue, reason = None, LeftQueue.NO_AGENTS
    if queue is None:
        title = wanted.settings.title or wanted.name
        raise Conflict(f"{title} does not take the call: {_WHY[reason]}.")
    return queue


def _others_there(queue: Queue, giver: Agent) -> bool:
    """Whether anybody but the giver staffs it, busy or not."""
    return queue.staffed > (giver.there and queue.name in giver.profile.tiers)


def _for_agent(contact: Contact, agent: Agent, giver: Agent, now: int) -> None:
    contact.preferred, contact.prefer_until = agent, now + FOR_AGENT_MS
    contact.rule, contact.assigned_by = ASSIGNED, giver.id


def _for_anybody(contact: Contact, giver: Agent) -> None:
    """Skills asked for were those of the old queue; who has just given the caller away is not rung."""
    contact.preferred, contact.prefer_until = None, 0
    contact.rule = contact.assigned_by = ""
    contact.skills, contact.steps, contact.eased_by_queue, contact.relaxed = (), (), False, 0
    contact.excluded = contact.excluded | {giver.id}
