"""What an agent asks of the call in hand: judged against the present; the leg tells what came of it."""

from __future__ import annotations

from services.acd.domain import OfferFailure
from services.acd.engine.agents import find
from services.acd.engine.commands import Command, HoldLeg, PickUp
from services.acd.engine.floor import Floor, Offer, Stage
from services.acd.engine.offers import ask_end, close_leg, fail
from services.acd.engine.stimuli import Answer, HangUp, Hold, Reject
from services.chassis.errors import Conflict


def _offer_of(floor: Floor, agent_id: str) -> Offer | None:
    offer = find(floor, agent_id).offer
    return None if offer is None or offer.stage is Stage.CLOSING else offer


def answer(floor: Floor, stimulus: Answer, now: int, out: list[Command]) -> None:
    offer = _offer_of(floor, stimulus.agent_id)
    if offer is None or offer.id != stimulus.offer_id:
        raise Conflict("That offer is over: another agent has it, or the caller hung up.")
    if offer.stage is Stage.RINGING:
        out.append(PickUp(offer.node, offer.id))


def reject(floor: Floor, stimulus: Reject, now: int, out: list[Command]) -> None:
    offer = _offer_of(floor, stimulus.agent_id)
    if offer is None or offer.id != stimulus.offer_id:
        raise Conflict("That offer is over already.")
    if offer.stage is not Stage.RINGING:
        raise Conflict("The call has been answered: hang up instead.")
    close_leg(floor, offer, "CALL_REJECTED", now, out)
    fail(floor, offer, OfferFailure.REJECTED, "CALL_REJECTED", now, out)


def hang_up(floor: Floor, stimulus: HangUp, now: int, out: list[Command]) -> None:
    """The leg's end, when the switch tells it, ends the conversation; here it is only asked for."""
    offer = _talking(floor, stimulus.agent_id, stimulus.contact_id)
    ask_end(floor, offer, "NORMAL_CLEARING", now, out)


def hold(floor: Floor, stimulus: Hold, now: int, out: list[Command]) -> None:
    offer = _talking(floor, stimulus.agent_id, stimulus.contact_id)
    if offer.stage is not Stage.TALKING:
        raise Conflict("The call is not connected yet.")
    if bool(offer.contact.held_since) is not stimulus.on:
        out.append(HoldLeg(offer.node, offer.id, stimulus.on))


def _talking(floor: Floor, agent_id: str, contact_id: str) -> Offer:
    offer = _offer_of(floor, agent_id)
    if offer is None or offer.contact.id != contact_id:
        raise Conflict("The agent is not connected with that contact.")
    if offer.stage is Stage.RINGING:
        raise Conflict("The phone still rings: answer or reject it.")
    return offer
