"""A team lead gives a waiting contact to an agent: the one decision that is not the engine's."""

from __future__ import annotations

from services.acd.domain import ContactState, Presence
from services.acd.engine.agents import find
from services.acd.engine.commands import Command
from services.acd.engine.floor import ASSIGNED, Agent, Contact, Floor
from services.acd.engine.pairing import seek, step_out
from services.acd.engine.stimuli import Assign
from services.chassis.errors import Conflict, NotFound


def assign(floor: Floor, stimulus: Assign, now: int, out: list[Command]) -> None:
    """The contact is that agent's as soon as they have room, before all others, for so long; then it is
    anybody's, from its old place. Whether the agent serves the queue or has the skills is the team lead's
    to judge. Raises NotFound and Conflict.
    """
    contact = floor.contacts.get(stimulus.contact_id)
    if contact is None:
        raise NotFound("contact", stimulus.contact_id)
    agent = find(floor, stimulus.agent_id)
    _check_contact(contact, now)
    check_agent(contact, agent)
    step_out(contact)
    contact.preferred, contact.prefer_until = agent, now + stimulus.wait_ms
    contact.rule, contact.assigned_by = ASSIGNED, stimulus.by
    seek(floor, contact, now, out)


def _check_contact(contact: Contact, now: int) -> None:
    if contact.state is ContactState.OFFERED:
        raise Conflict("The contact rings at an agent's already.")
    if contact.early:
        raise Conflict("The contact is booked for later and does not wait yet.")
    leaving = contact.leave_at and contact.leave_at <= now  # refused in its last second, out in this one
    if contact.state is not ContactState.QUEUED or leaving:
        raise Conflict("The contact does not wait any more.")


def check_agent(contact: Contact, agent: Agent) -> None:
    name = agent.settings.name or agent.id
    if agent.presence is Presence.OFFLINE:
        raise Conflict(f"{name} is not signed in.")
    if agent.aside:
        raise Conflict(f"{name} does not answer offers: set them ready first.")
    if agent.id in contact.excluded:
        raise Conflict(f"The contact asks not to be served by {name}.")
    if not agent.profile.channels >> contact.channel & 1:
        raise Conflict(f"{name} takes no {contact.channel.name.lower()} contacts.")
