"""Caller and agent talk: from the bridge to the release, with what is held and what is counted."""

from __future__ import annotations

from services.acd.domain import CONTACT, Channel, ContactMove, Party, RoutingMove
from services.acd.engine import forecasts, hands, recording
from services.acd.engine.agents import begin_wrap_up
from services.acd.engine.commands import (
    Command,
    ContactAnswered,
    ContactHeld,
    ContactReleased,
    ContactRetrieved,
)
from services.acd.engine.floor import Agent, Contact, Floor, Offer, Queue, Stage
from services.acd.engine.offers.failing import note_outcome
from services.acd.engine.offers.leg import expect_gone
from services.acd.engine.offers.ringing import win

# Weight of a new conversation in a queue's average handling time: 1/16, some half an hour's memory in a
# small team.
HANDLING_WEIGHT = 16
ANSWERED = "answered"
"""What comes of an offer at best; else it is a failure's name."""


def bridged(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    """Caller and agent hear each other."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.stage not in (Stage.RINGING, Stage.BRIDGING) or offer.contact.to_dial:
        return  # over, told twice, or bridged with somebody else: the customer is not on the line yet
    offer.stage = Stage.TALKING
    contact, queue = offer.contact, offer.queue
    waited = now - contact.enqueued_at
    note_outcome(offer, ANSWERED, now)
    win(floor, offer, now, out)
    if contact.callback is None:
        _count_answer(queue, waited)
        forecasts.judge(queue, contact, now)
    else:  # of another kind: it would make a service level of hours
        queue.waiting -= 1
    _connect(contact, offer.agent, waited, now)
    _remember(floor, contact, offer.agent, now)
    out.append(ContactAnswered(contact.id, offer.id, offer.agent.id, queue.settings.name, waited, now))
    recording.begin(floor, offer, now, out)
    hands.move(floor, offer, RoutingMove.CONNECT, now, out)
    if offer.agent.standing:  # with room for more: one more contact of the day changes their place
        hands.stand(floor, offer.agent, hands.room(offer.agent))


def _count_answer(queue: Queue, waited: int) -> None:
    queue.waiting -= 1
    queue.answered += 1
    queue.wait_answered_ms += waited
    if waited <= queue.settings.service_level_ms:
        queue.answered_in_time += 1


def _remember(floor: Floor, contact: Contact, agent: Agent, now: int) -> None:
    """Who served this caller last, so that they can be asked first next time."""
    caller = known_as(contact)
    if not caller:
        return
    last = floor.last_agents
    last[caller] = (agent.settings.agent_id, now)
    last.move_to_end(caller)
    if len(last) > floor.policy.last_agents_max:
        last.popitem(last=False)


def known_as(contact: Contact) -> str:
    """Whom a caller is remembered as; empty: nobody. A number that is withheld comes as a word, and would
    make one caller of all who withhold theirs."""
    number = contact.from_number
    withheld = contact.channel is Channel.VOICE and not any(char.isdigit() for char in number)
    return contact.customer_id or ("" if withheld else number)


def _connect(contact: Contact, agent: Agent, waited: int, now: int) -> None:
    """The contact's side of a conversation that begins."""
    contact.state = CONTACT[contact.state][ContactMove.ANSWER]
    contact.agent = agent
    contact.answered_at = now
    contact.waited_ms += waited
    contact.leave_at = contact.held_since = contact.segment_hold_ms = 0
    contact.form_seen = False
    contact.troubles = 0
    contact.preferred = None
    contact.kept = False
    contact.relax_at = 0
    agent.misses = 0
    agent.contacts += 1


def held(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.TALKING and not offer.contact.held_since:
        offer.contact.held_since = now
        out.append(ContactHeld(offer.contact.id, offer.agent.id, now))


def retrieved(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.TALKING and offer.contact.held_since:
        _end_hold(offer.contact, now)
        out.append(ContactRetrieved(offer.contact.id, offer.agent.id, now))


def _end_hold(contact: Contact, now: int) -> None:
    if contact.held_since:
        contact.segment_hold_ms += now - contact.held_since
        contact.held_since = 0


def release(
    floor: Floor, offer: Offer, party: Party, now: int, out: list[Command], *, leg_there: bool
) -> None:
    """The conversation is over; the agent's work after it begins."""
    contact, queue = offer.contact, offer.queue
    _end_hold(contact, now)
    talk = now - contact.answered_at - contact.segment_hold_ms
    contact.talk_ms += talk
    contact.hold_ms += contact.segment_hold_ms
    contact.state = CONTACT[contact.state][ContactMove.RELEASE]
    contact.offer = None
    contact.released_at = offer.released_at = now
    contact.wrap_up_ms = 0
    recording.end(floor, offer, now, out)
    _learn(queue, now - contact.answered_at + queue.settings.wrap_up_ms)
    if leg_there and offer.leg:  # it ends with the bridge, by itself
        offer.stage = Stage.CLOSING
        expect_gone(floor, offer, now)
    elif not offer.leg:
        offer.stage = Stage.CLOSING
    out.append(
        ContactReleased(
            contact.id,
            offer.id,
            offer.agent.id,
            queue.settings.name,
            talk,
            contact.segment_hold_ms,
            party,
            now,
        )
    )
    begin_wrap_up(floor, offer, queue.settings.wrap_up_ms, now, out)


def _learn(queue: Queue, took: int) -> None:
    if queue.handling_ms:
        queue.handling_ms += (took - queue.handling_ms) // HANDLING_WEIGHT
    else:
        queue.handling_ms = took
