"""Agents: settings, presence, and the way back to idle."""

from __future__ import annotations

from services.acd.domain import ContactState, Outcome, Presence, Routing, RoutingMove
from services.acd.engine import matching
from services.acd.engine.commands import Command, ContactWrappedUp
from services.acd.engine.floor import Agent, Alarm, Contact, Floor
from services.acd.engine.pairing import settle, shift
from services.acd.engine.stimuli import AgentSettings, FinishWrapUp, PutAgents, Recall, SetPresence
from services.acd.engine.timers import set_timer
from services.chassis.errors import Conflict, Invalid, NotFound


def find(floor: Floor, agent_id: str) -> Agent:
    """The agent. Raises NotFound."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        raise NotFound("agent", agent_id)
    return agent


# ---------------------------------------------------------------- settings


def put_agents(floor: Floor, stimulus: PutAgents, now: int, out: list[Command]) -> None:
    for settings in stimulus.agents:
        for queue in settings.queues:
            if queue not in floor.queues:
                raise Invalid("agents.queues", f"agent {settings.agent_id}: there is no queue {queue!r}")
    for settings in stimulus.agents:
        _put(floor, settings, now, out)


def _put(floor: Floor, settings: AgentSettings, now: int, out: list[Command]) -> None:
    queues = frozenset(settings.queues)
    agent = floor.agents.get(settings.agent_id)
    if agent is None:
        profile = matching.profile_for(floor, queues)
        profile.agents += 1
        floor.agents[settings.agent_id] = Agent(settings, profile, since=now, idle_since=now)
        floor.counts[Presence.OFFLINE * 8 + Routing.IDLE] += 1
        return
    agent.settings = settings
    if agent.profile.queues != queues:
        _change_profile(floor, agent, queues)
        settle(floor, agent, now, out)


def _change_profile(floor: Floor, agent: Agent, queues: frozenset[str]) -> None:
    if agent.order:
        matching.stand_down(agent)
    if agent.presence is Presence.READY:
        _staff(floor, agent, -1)
    old, agent.profile = agent.profile, matching.profile_for(floor, queues)
    agent.profile.agents += 1
    matching.leave_profile(floor, old)
    if agent.presence is Presence.READY:
        _staff(floor, agent, 1)


def _staff(floor: Floor, agent: Agent, change: int) -> None:
    for name in agent.profile.queues:
        floor.queues[name].staffed += change


# ---------------------------------------------------------------- presence


def set_presence(floor: Floor, stimulus: SetPresence, now: int, out: list[Command]) -> None:
    """Felt at once by an idle agent; by a busy one when what keeps them busy ends."""
    agent = find(floor, stimulus.agent_id)
    presence = stimulus.presence
    if presence is Presence.READY and not (stimulus.extension or agent.extension or agent.settings.extension):
        raise Invalid("extension", "the agent has none; give one to sign in with")
    if presence is Presence.OFFLINE:
        agent.extension = ""
    elif stimulus.extension:
        agent.extension = stimulus.extension
    move = RoutingMove.RETURN if agent.routing is Routing.NOT_RESPONDING else None
    if move is None and presence is agent.presence and stimulus.reason == agent.reason:
        return
    agent.misses = 0
    agent.rest_until = 0
    if presence is not agent.presence or move is not None:
        agent.idle_since = now
    _restaff(floor, agent, presence)
    shift(floor, agent, now, out, move, presence=presence, reason=stimulus.reason)
    settle(floor, agent, now, out)


def _restaff(floor: Floor, agent: Agent, presence: Presence) -> None:
    change = (presence is Presence.READY) - (agent.presence is Presence.READY)
    if change:
        _staff(floor, agent, change)


def rested(floor: Floor, agent: Agent, now: int, out: list[Command]) -> None:
    """The short rest after a refused offer is over."""
    agent.rest_until = 0
    settle(floor, agent, now, out)


# ---------------------------------------------------------------- wrap-up


def begin_wrap_up(
    floor: Floor, agent: Agent, contact: Contact, wrap_up_ms: int, now: int, out: list[Command]
) -> None:
    """The conversation is over; the agent writes about it for so long at most, or is free at once."""
    agent.idle_since = now
    if not wrap_up_ms:
        agent.contact = None
        shift(floor, agent, now, out, RoutingMove.FREE)
        return
    until = now + wrap_up_ms
    contact.wrapping = True
    shift(floor, agent, now, out, RoutingMove.RELEASE, until=until)
    set_timer(floor, until, Alarm.WRAP_UP, agent)


def finish_wrap_up(floor: Floor, stimulus: FinishWrapUp, now: int, out: list[Command]) -> None:
    """The form is in. One that comes after the clock had ended the wrap-up is taken all the same."""
    agent = find(floor, stimulus.agent_id)
    contact = agent.contact
    if agent.routing is Routing.WRAP_UP and contact is not None and contact.id == stimulus.contact_id:
        end_wrap_up(floor, agent, now, out, stimulus)
        return
    late = floor.contacts.get(stimulus.contact_id)
    if late is None or late.agent is not agent:
        raise NotFound("wrap-up of this agent for contact", stimulus.contact_id)
    if late.state in (ContactState.CONNECTED, ContactState.OFFERED):
        raise Conflict("The conversation is not over yet: hang up first.")
    if not late.form_seen:
        _announce_form(late, agent, stimulus, now, out, timed_out=late.wrap_up_ms > 0)


def end_wrap_up(
    floor: Floor, agent: Agent, now: int, out: list[Command], form: FinishWrapUp | None = None
) -> None:
    """Ends a wrap-up: by the form, or by the clock when there is none."""
    contact = agent.contact
    if contact is not None:
        contact.wrap_up_ms = now - contact.released_at
        contact.wrapping = False
        _announce_form(contact, agent, form, now, out, timed_out=form is None)
    agent.contact = None
    agent.idle_since = now
    shift(floor, agent, now, out, RoutingMove.FINISH)
    settle(floor, agent, now, out)


def _announce_form(
    contact: Contact,
    agent: Agent,
    form: FinishWrapUp | None,
    now: int,
    out: list[Command],
    *,
    timed_out: bool,
) -> None:
    contact.form_seen = form is not None
    out.append(
        ContactWrappedUp(
            contact.id,
            contact.last_offer,
            agent.id,
            contact.wrap_up_ms,
            form.disposition if form else "",
            form.notes if form else "",
            form.work_order_id if form else "",
            timed_out,
            now,
        )
    )


# ---------------------------------------------------------------- after a restart


def recall(floor: Floor, stimulus: Recall, now: int, out: list[Command]) -> None:
    """Puts an agent back as stored. What only a conversation could say, the switch is asked for."""
    agent = find(floor, stimulus.agent_id)
    _restaff(floor, agent, stimulus.presence)
    floor.counts[agent.presence * 8 + agent.routing] -= 1
    agent.presence, agent.reason = stimulus.presence, stimulus.reason
    agent.extension, agent.since = stimulus.extension, min(stimulus.since, now)
    agent.idle_since = agent.since
    stored = agent.routing = stimulus.routing
    floor.counts[agent.presence * 8 + agent.routing] += 1
    if stored is Routing.WRAP_UP and stimulus.until > now and stimulus.contact_id:
        _resume_wrap_up(floor, agent, stimulus)
    elif stored in (Routing.OFFERED, Routing.CONNECTED, Routing.WRAP_UP):
        shift(floor, agent, now, out, _BACK[stored])
    settle(floor, agent, now, out)


_BACK = {
    Routing.OFFERED: RoutingMove.CANCEL,
    Routing.CONNECTED: RoutingMove.FREE,
    Routing.WRAP_UP: RoutingMove.FINISH,
}


def _resume_wrap_up(floor: Floor, agent: Agent, stimulus: Recall) -> None:
    contact = floor.contacts.get(stimulus.contact_id)
    if contact is None:
        contact = Contact(stimulus.contact_id, state=ContactState.ENDED, outcome=Outcome.ANSWERED)
        floor.contacts[contact.id] = contact
        floor.past.append((agent.since + floor.policy.forget_ms, contact))
    contact.agent, contact.wrapping, contact.released_at = agent, True, agent.since
    agent.contact, agent.until = contact, stimulus.until
    set_timer(floor, stimulus.until, Alarm.WRAP_UP, agent)
