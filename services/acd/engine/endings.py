"""How contacts end: by the flow's word, by the caller's hanging up, or for want of either."""

from __future__ import annotations

from services.acd.domain import Channel, ContactState, LeftQueue, Outcome, Party
from services.acd.engine.calling import customer_gone
from services.acd.engine.commands import Command
from services.acd.engine.contacts import WAITING, end, open_contact
from services.acd.engine.floor import Alarm, Contact, Floor, Offer
from services.acd.engine.offers import release
from services.acd.engine.pairing import settle
from services.acd.engine.stimuli import CallerGone, Close
from services.acd.engine.timers import set_timer
from services.acd.engine.waiting import take_out
from services.chassis.errors import Conflict


def close(floor: Floor, stimulus: Close, now: int, out: list[Command]) -> None:
    """The flow's last word. A contact that an agent holds goes on: the switch tells when it ends."""
    if stimulus.arrival.contact_id in floor.callbacks:
        raise Conflict("The contact is a callback, which no flow can end: cancel it instead.")
    contact = open_contact(floor, stimulus.arrival, now, out)
    if contact.state in (ContactState.ENDED, ContactState.CONNECTED):
        return
    if contact.state in WAITING:
        take_out(floor, contact, LeftQueue.CALLER_HUNG_UP, now, out)
    ended_at = contact.gone_at or min(stimulus.ended_at, now) or now
    end(floor, contact, _decide(contact, stimulus.outcome), ended_at, stimulus.cause, now, out)


def caller_gone(floor: Floor, stimulus: CallerGone, now: int, out: list[Command]) -> None:
    """The caller's leg is no more. Where only the flow knows what came of it, its word is awaited."""
    callback = floor.callbacks.get(stimulus.arrival.contact_id)
    if callback is not None and customer_gone(floor, callback, stimulus, now, out):
        return
    if stimulus.arrival.channel is Channel.CALLBACK and stimulus.arrival.contact_id not in floor.contacts:
        return  # a leg that we dialled for something long over: no contact comes of its end
    contact = open_contact(floor, stimulus.arrival, now, out)
    if contact.state is ContactState.ENDED or contact.gone_at:
        return
    contact.cause, contact.lost = stimulus.cause, stimulus.lost
    reason = LeftQueue.SWITCH_LOST if stimulus.lost else LeftQueue.CALLER_HUNG_UP
    if contact.state in WAITING:
        take_out(floor, contact, reason, now, out)
    elif contact.state is ContactState.CONNECTED:
        _hang_up(floor, contact, now, out)
        return
    elif contact.state is ContactState.OPEN and not contact.answered_at:
        contact.gone_at = now
        contact.grace_until = now + floor.policy.word_grace_ms
        set_timer(floor, contact.grace_until, Alarm.GRACE, contact)
        return
    no_word_of_the_flow(floor, contact, now, out)


def _hang_up(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    offer: Offer | None = contact.offer
    if offer is None:
        return
    release(floor, offer, _who(contact), now, out, leg_there=True)
    no_word_of_the_flow(floor, contact, now, out)
    settle(floor, offer.agent, now, out)


def _who(contact: Contact) -> Party:
    """A busy switch that ends the caller's leg because the agent hung up may tell of the caller's first."""
    if not contact.lost:
        return Party.CALLER
    return Party.AGENT if contact.cause == "NORMAL_CLEARING" else Party.SYSTEM


def no_word_of_the_flow(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    outcome = _decide(contact, Outcome.UNSPECIFIED)
    end(floor, contact, outcome, contact.gone_at or now, contact.cause, now, out)


def _decide(contact: Contact, word: Outcome) -> Outcome:
    """Answered before all; else what the flow says; else lost or abandoned."""
    if contact.answered_at:
        return Outcome.ANSWERED
    if contact.callback_id:
        return Outcome.CALLBACK
    if word is not Outcome.UNSPECIFIED:
        return word
    return Outcome.DROPPED if contact.lost else Outcome.ABANDONED
