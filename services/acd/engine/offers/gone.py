"""The agent's leg has ended, by itself or in silence: what follows depends on how far it had come."""

from __future__ import annotations

from services.acd.domain import AttemptResult, OfferFailure, Party, failure_of
from services.acd.engine import dialling
from services.acd.engine.commands import Command, Mended
from services.acd.engine.floor import Floor, Offer, Stage
from services.acd.engine.offers.conversation import release
from services.acd.engine.offers.failing import fail, undo
from services.acd.engine.offers.leg import forget_leg
from services.acd.engine.pairing import nobody_waits_for, settle


def leg_gone(
    floor: Floor, offer_id: str, cause: str, now: int, out: list[Command], *, by_switch: bool = False
) -> None:
    """The agent's leg ended; what that means depends on how far it had come."""
    offer = floor.offers.get(offer_id)
    if offer is None or not offer.leg or offer.agent.offer is not offer:
        return
    stage, asked = offer.stage, bool(offer.expected_gone_at)
    forget_leg(floor, offer)
    if stage is Stage.RINGING:
        fail(floor, offer, failure_of(cause), cause, now, out)
    elif stage is Stage.DIALLING:
        agent_gone(floor, offer, OfferFailure.REJECTED, cause, now, out)
    elif stage is Stage.BRIDGING:
        failure = OfferFailure.SWITCH_ERROR if by_switch and not asked else OfferFailure.REJECTED
        fail(floor, offer, failure, cause, now, out)
    elif stage is Stage.TALKING:
        party = _not_the_agent(cause) if by_switch and not asked else Party.AGENT
        release(floor, offer, party, now, out, leg_there=False)
    settle(floor, offer.agent, now, out)


def agent_gone(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    """The agent hung up while the customer was called: their phone may have rung, so it was an attempt."""
    contact = offer.contact
    dialling.stop_dialling(contact, out)
    undo(floor, offer, failure, cause, now, out)
    dialling.attempt_failed(floor, contact, AttemptResult.AGENT_GONE, cause, now, out)
    if offer.agent.aside:
        nobody_waits_for(floor, offer.agent, now, out)


def _not_the_agent(cause: str) -> Party:
    """A switch ends the agent's leg first when the caller hangs up, and only then tells of the caller's."""
    return Party.CALLER if cause == "NORMAL_CLEARING" else Party.SYSTEM


def leg_silent(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """A leg that was to end never said so. Rather risk a busy phone than lose an agent for the day."""
    node = floor.nodes.get(offer.node)
    if node is not None and node.up:
        out.append(Mended("silent_leg", offer.id))
    leg_gone(floor, offer.id, "RECOVERY_ON_TIMER_EXPIRE", now, out)
