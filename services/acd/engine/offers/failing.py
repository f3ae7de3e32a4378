"""An offer that comes to nothing: what that says about the agent, and where the contact goes now."""

from __future__ import annotations

from services.acd.domain import CONTACT, MISSES, ContactMove, OfferFailure, RoutingMove
from services.acd.engine import dialling, hands
from services.acd.engine.agents import staff
from services.acd.engine.commands import Command, ContactOfferFailed
from services.acd.engine.contacts import cut_off
from services.acd.engine.floor import Alarm, Contact, Floor, Offer
from services.acd.engine.matching import to_the_front
from services.acd.engine.offers.leg import drop_if_over
from services.acd.engine.pairing import DECISIONS_KEPT, nobody_waits_for, ring_more, seek, settle
from services.acd.engine.timers import set_timer

MOST_DOUBLINGS = 5


def fail(floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]) -> None:
    """The offer ends without a conversation. The contact goes on to the next agent at once, before others,
    and before those who waited for the agent if they are set aside now."""
    _fail(floor, offer, failure, cause, now, out)
    if offer.agent.aside:
        nobody_waits_for(floor, offer.agent, now, out)


def _fail(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    contact = offer.contact
    if still_rings_elsewhere(contact, offer):
        trouble = failure is OfferFailure.SWITCH_ERROR
        if trouble and contact.lane is not None:
            contact.lane.thin.pop(contact, None)  # a switch that refuses is not asked again at once
        out_of_hands(floor, offer, failure, cause, now, out)
        if not trouble:
            ring_more(floor, contact, now, out)
        return
    undo(floor, offer, failure, cause, now, out)
    if contact.leave_at and contact.leave_at <= now:
        contact.leave_at = now  # not in its lane any more, so nobody takes it before the timer does
        set_timer(floor, now, Alarm.LEAVE, contact)
        return
    if failure is OfferFailure.SWITCH_ERROR:
        contact.paused_until = now + _pause_ms(floor, contact)
        set_timer(floor, contact.paused_until, Alarm.RESUME, contact, contact.order)
    elif failure in MISSES:
        to_the_front(contact)
    if contact.preferred is offer.agent and failure in MISSES:
        contact.preferred = None  # asked, and did not take it
    contact.parted = cut_off(floor, contact)
    seek(floor, contact, now, out)


def _pause_ms(floor: Floor, contact: Contact) -> int:
    """Twice as long after each trouble in a row: a switch that refuses everything is not flooded."""
    contact.troubles += 1
    return floor.policy.switch_pause_ms << min(contact.troubles - 1, MOST_DOUBLINGS)


def still_rings_elsewhere(contact: Contact, offer: Offer) -> bool:
    """Whether others are rung for the contact as well; then they are all that is left of its offers."""
    if not contact.rivals:
        return False
    rest = [each for each in (contact.offer, *contact.rivals) if each is not None and each is not offer]
    contact.offer, contact.rivals = rest[0], rest[1:] or None
    return True


def undo(floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]) -> None:
    """The contact waits again; the caller of this sees to where."""
    contact = offer.contact
    contact.state = CONTACT[contact.state][ContactMove.REFUSE]
    contact.offer = None
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)
    if contact.callback is not None and not contact.callback.dialled:
        dialling.give_line_back(floor, contact)
    out_of_hands(floor, offer, failure, cause, now, out)


def out_of_hands(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    """The offer is out of the agent's hands, and what that says about the agent."""
    agent = offer.agent
    out.append(
        ContactOfferFailed(offer.contact.id, offer.id, agent.id, failure, now - offer.offered_at, now, cause)
    )
    note_outcome(offer, failure.name.lower(), now)
    hands.change(offer, RoutingMove.REFUSE, now)
    if failure in MISSES:
        agent.misses += 1
        agent.idle_since = now
        if agent.misses >= floor.policy.misses_before_aside:
            staff(floor, agent, False, now)
            agent.aside = True
        else:
            agent.rest_until = now + floor.policy.rest_ms
            set_timer(floor, agent.rest_until, Alarm.REST, agent)
    hands.announce(floor, agent, now, out, about=offer)
    drop_if_over(floor, offer)
    settle(floor, agent, now, out)  # the phone is not free yet, but for other channels there may be room


def note_outcome(offer: Offer, word: str, now: int) -> None:
    """What came of the offer, for the explanation of its contact; of as many as decisions are kept."""
    contact = offer.contact
    if contact.came_of is None:
        contact.came_of = {}
    contact.came_of[offer.id] = (word, now)
    if len(contact.came_of) > DECISIONS_KEPT:
        del contact.came_of[next(iter(contact.came_of))]
