"""A contact leaves its queue, and the offers that are called off for it."""

from __future__ import annotations

from services.acd.domain import CONTACT, ContactMove, LeftQueue, OfferFailure, OverflowAction
from services.acd.engine.commands import Command, ContactLeftQueue, Expel
from services.acd.engine.floor import Contact, Floor, Offer
from services.acd.engine.offers.failing import fail, out_of_hands, still_rings_elsewhere, undo
from services.acd.engine.offers.leg import close_leg
from services.acd.engine.pairing import queue_of
from services.acd.engine.stimuli import FLOW, Overflow


def leave(
    floor: Floor,
    contact: Contact,
    reason: LeftQueue,
    now: int,
    out: list[Command],
    overflow: Overflow = FLOW,
) -> None:
    """A queued contact, already out of its lane, goes back into the flow's hands, or on to another queue."""
    queue = queue_of(contact)
    early, contact.early = contact.early, False
    queue.waiting -= not early
    waited = max(now - contact.enqueued_at, 0)
    contact.state = CONTACT[contact.state][ContactMove.LEAVE]
    contact.paused_until = contact.leave_at = contact.relax_at = 0
    contact.parted = False
    if reason is LeftQueue.CALLER_HUNG_UP and not early:
        queue.abandoned += 1
        if waited < queue.settings.service_level_ms:
            queue.abandoned_in_time += 1
    out.append(ContactLeftQueue(contact.id, queue.settings.name, waited, reason, now, overflow))
    if overflow.action is OverflowAction.QUEUE:
        queue.overflowed += 1
        return  # the wait goes on, and is counted when that is over
    contact.waited_ms += waited
    if reason not in (LeftQueue.CALLER_HUNG_UP, LeftQueue.WITHDRAWN, LeftQueue.SWITCH_LOST):
        queue.overflowed += 1
        out.append(Expel(contact.holder, contact.id, queue.settings.name, reason, overflow))


def call_off_all(floor: Floor, contact: Contact, failure: OfferFailure, now: int, out: list[Command]) -> None:
    """Ends all offers of a contact that goes elsewhere; it is left queued, out of its lane."""
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)  # or an agent let go would be rung for it again
    while (offer := contact.offer) is not None:
        close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
        if still_rings_elsewhere(contact, offer):
            out_of_hands(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)
        else:
            undo(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)


def call_back(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Ends an offer whose agent turns out to be busy elsewhere; the contact goes on to the next agent."""
    close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
    fail(floor, offer, OfferFailure.SWITCH_ERROR, "MANAGER_REQUEST", now, out)
