"""What an agent asks of a contact in hand: judged against the present; the leg tells what came of it.

Contacts without a call have no leg: there the agent's word is the fact.
"""

from __future__ import annotations

from services.acd.domain import ContactState, OfferFailure, Outcome, Party, Routing
from services.acd.engine.agents import find
from services.acd.engine.commands import Command, HoldLeg, PickUp, SendKeys
from services.acd.engine.contacts import end
from services.acd.engine.floor import Floor, Offer, Stage
from services.acd.engine.offers import ask_end, bridged, close_leg, fail, release
from services.acd.engine.pairing import settle
from services.acd.engine.recording import pause
from services.acd.engine.stimuli import Answer, HangUp, Hold, PauseRecording, PressKeys, Reject
from services.chassis.errors import Conflict

BUSY = (Routing.OFFERED, Routing.CONNECTED)


def _offered(floor: Floor, agent_id: str, offer_id: str) -> Offer | None:
    hands = find(floor, agent_id).hands
    return next((offer for offer in hands if offer.id == offer_id and offer.work in BUSY), None)


def answer(floor: Floor, stimulus: Answer, now: int, out: list[Command]) -> None:
    offer = _offered(floor, stimulus.agent_id, stimulus.offer_id)
    if offer is None:
        raise Conflict("That offer is over: another agent has it, or the caller hung up.")
    if offer.stage is Stage.DIALLING and not offer.leg:
        raise Conflict("The customer is being called: your phone rings when they answer.")
    if offer.stage is not Stage.RINGING:
        return
    if offer.leg:
        out.append(PickUp(offer.node, offer.id))
    else:
        bridged(floor, offer.id, now, out)


def reject(floor: Floor, stimulus: Reject, now: int, out: list[Command]) -> None:
    offer = _offered(floor, stimulus.agent_id, stimulus.offer_id)
    if offer is None:
        raise Conflict("That offer is over already.")
    if offer.stage is not Stage.RINGING:
        if not offer.leg:
            raise Conflict("The customer is being called already: take it, or let it ring.")
        raise Conflict("The call has been answered: hang up instead.")
    close_leg(floor, offer, "CALL_REJECTED", now, out)
    fail(floor, offer, OfferFailure.REJECTED, "CALL_REJECTED", now, out)


def hang_up(floor: Floor, stimulus: HangUp, now: int, out: list[Command]) -> None:
    """The leg's end, when the switch tells it, ends the conversation; here it is only asked for."""
    offer = talking(floor, stimulus.agent_id, stimulus.contact_id)
    if offer.leg:
        ask_end(floor, offer, "NORMAL_CLEARING", now, out)
        return
    release(floor, offer, Party.AGENT, now, out, leg_there=False)
    if offer.contact.state is ContactState.RELEASED:  # nobody else holds it, as a flow holds a caller
        end(floor, offer.contact, Outcome.ANSWERED, now, "", now, out)
    settle(floor, offer.agent, now, out)


def hold(floor: Floor, stimulus: Hold, now: int, out: list[Command]) -> None:
    offer = talking(floor, stimulus.agent_id, stimulus.contact_id)
    if offer.stage is not Stage.TALKING:
        raise Conflict("The call is not connected yet.")
    if not offer.leg:
        raise Conflict("Only calls can be held.")
    if bool(offer.contact.held_since) is not stimulus.on:
        out.append(HoldLeg(offer.node, offer.id, stimulus.on))


def press_keys(floor: Floor, stimulus: PressKeys, now: int, out: list[Command]) -> None:
    """No fact comes of it and no state: whoever reads events must not learn the keys."""
    offer = talking(floor, stimulus.agent_id, stimulus.contact_id)
    if offer.stage is not Stage.TALKING:
        raise Conflict("The call is not connected yet.")
    if not offer.leg:
        raise Conflict("Only calls take telephone keys.")
    if offer.contact.held_since:
        raise Conflict("The call is on hold: take it back first.")
    out.append(SendKeys(offer.node, offer.contact.call_id, stimulus.keys))


def pause_recording(floor: Floor, stimulus: PauseRecording, now: int, out: list[Command]) -> None:
    """The switch's answer, not the wish, makes it so: an agent who is told "paused" relies on it."""
    pause(floor, talking(floor, stimulus.agent_id, stimulus.contact_id).contact, stimulus.on, out)


def talking(floor: Floor, agent_id: str, contact_id: str) -> Offer:
    for offer in find(floor, agent_id).hands:
        if offer.contact.id == contact_id and offer.work in BUSY:
            if offer.stage is Stage.RINGING:
                raise Conflict("The phone still rings: answer or reject it.")
            if offer.stage is Stage.DIALLING and not offer.leg:
                raise Conflict("The customer is being called: the phone rings when they answer.")
            return offer
    raise Conflict("The agent is not connected with that contact.")
