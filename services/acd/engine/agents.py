"""Agents: settings, presence, and the way back to idle."""

from __future__ import annotations

from services.acd.domain import (
    Channel,
    ContactState,
    Outcome,
    Presence,
    Routing,
    RoutingMove,
    WorkMode,
)
from services.acd.engine import hands, lanes, matching
from services.acd.engine.commands import Command, ContactWrappedUp
from services.acd.engine.floor import Agent, Alarm, Contact, Floor, Offer, Profile, Stage
from services.acd.engine.pairing import nobody_waits_for, settle
from services.acd.engine.queues import watch_for_nobody
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
    """Makes or changes agents, all or none. Raises Invalid."""
    for index, settings in enumerate(stimulus.agents):
        for queue in settings.queues:
            if queue not in floor.queues:
                raise Invalid(f"agents.{index}.queues", f"{settings.agent_id}: there is no queue {queue!r}")
    for settings in stimulus.agents:
        _put(floor, settings, now, out)


def _put(floor: Floor, settings: AgentSettings, now: int, out: list[Command]) -> None:
    agent = floor.agents.get(settings.agent_id)
    profile = lanes.profile_for(floor, settings)
    if agent is None:
        agent = Agent(
            settings, profile, since=now, idle_since=now, contact_ended_at=now, occupancy_at=now,
            work_mode=settings.work_mode,
        )  # fmt: skip
        profile.members[agent] = None
        floor.agents[settings.agent_id] = agent
        floor.counts[Presence.OFFLINE * 8 + Routing.IDLE] += 1
        return
    if agent.settings.work_mode is not settings.work_mode:
        _work_by(agent, settings.work_mode, out)
    moved = agent.settings.tiers != settings.tiers
    agent.settings = settings
    if agent.profile is not profile or moved:
        matching.leave_pools(agent)
    if agent.profile is not profile:
        _change_profile(floor, agent, profile, now)
    settle(floor, agent, now, out)


def _work_by(agent: Agent, mode: WorkMode, out: list[Command], by: str = "", *, told: bool = False) -> None:
    """Takes over a work mode; `told`: what is announced next tells of it as well."""
    if mode in (WorkMode.UNSPECIFIED, agent.work_mode):
        return
    agent.work_mode = mode
    if not told:
        hands.announce_mode(agent, out, by)


def _change_profile(floor: Floor, agent: Agent, profile: Profile, now: int) -> None:
    if agent.there:
        _staff(floor, agent, -1, now)
    lanes.leave_profile(floor, agent)
    agent.profile = profile
    profile.members[agent] = None
    if agent.there:
        _staff(floor, agent, 1, now)


def staff(floor: Floor, agent: Agent, there: bool, now: int) -> None:
    """Counts the agent in or out among those who staff their queues, before they become so."""
    if there is not agent.there:
        _staff(floor, agent, 1 if there else -1, now)


def _staff(floor: Floor, agent: Agent, change: int, now: int) -> None:
    for queue in hands.staff(floor, agent, change, now):
        watch_for_nobody(floor, queue)


# ---------------------------------------------------------------- presence


def set_presence(floor: Floor, stimulus: SetPresence, now: int, out: list[Command]) -> None:
    """Felt at once by an idle agent; by a busy one when what keeps them busy ends."""
    agent = find(floor, stimulus.agent_id)
    presence = stimulus.presence
    if stimulus.extension and not presence and agent.presence is Presence.OFFLINE:
        raise Invalid("extension", "the agent is not signed in: give a presence with it")
    _take_extension(agent, presence or agent.presence, stimulus.extension)
    same = not agent.aside and presence is agent.presence and stimulus.reason == agent.reason
    if presence is Presence.UNSPECIFIED or same:
        _work_by(agent, stimulus.work_mode, out, stimulus.by)
        return
    _work_by(agent, stimulus.work_mode, out, told=True)
    agent.misses = agent.rest_until = 0
    if presence is not agent.presence or agent.aside:
        agent.idle_since = now
    staff(floor, agent, presence is Presence.READY, now)
    agent.aside = False
    matching.leave_pools(agent)
    hands.announce(floor, agent, now, out, presence=presence, reason=stimulus.reason, by=stimulus.by)
    settle(floor, agent, now, out)
    if presence is Presence.OFFLINE:
        nobody_waits_for(floor, agent, now, out)


def _take_extension(agent: Agent, presence: Presence, given: str) -> None:
    """The phone that the agent sits at, for as long as they are signed in. Raises Invalid."""
    calls = agent.profile.channels >> Channel.VOICE & 1
    if presence is Presence.READY and calls and not (given or agent.extension or agent.settings.extension):
        raise Invalid("extension", "the agent has none; give one to sign in with")
    if presence is Presence.OFFLINE:
        agent.extension = ""
    elif given:
        agent.extension = given


def rested(floor: Floor, agent: Agent, now: int, out: list[Command]) -> None:
    """The short rest after a refused offer is over."""
    agent.rest_until = 0
    settle(floor, agent, now, out)


def new_day(floor: Floor) -> None:
    """Contacts of the day count from nothing again, also for those who stand in order of them."""
    for agent in floor.agents.values():
        agent.contacts = 0
        hands.stand(floor, agent, hands.room(agent))


# ---------------------------------------------------------------- wrap-up


def begin_wrap_up(floor: Floor, offer: Offer, wrap_up_ms: int, now: int, out: list[Command]) -> None:
    """The conversation is over; the agent writes about it for so long at most, or is free at once."""
    if not wrap_up_ms:
        out_of_hands(floor, offer, RoutingMove.FREE, now, out)
        return
    until = now + wrap_up_ms
    offer.contact.wrapping += 1
    hands.move(floor, offer, RoutingMove.RELEASE, now, out, until=until)
    set_timer(floor, until, Alarm.WRAP_UP, offer)


def out_of_hands(floor: Floor, offer: Offer, move: RoutingMove, now: int, out: list[Command]) -> None:
    """The agent has nothing more to do with this contact."""
    agent = offer.agent
    agent.idle_since = agent.contact_ended_at = now
    hands.move(floor, offer, move, now, out)
    if not offer.leg or agent.offer is not offer:
        floor.offers.pop(offer.id, None)
    if agent.work_mode is WorkMode.INTERMITTENT and not agent.hands and agent.presence is Presence.READY:
        staff(floor, agent, False, now)
        hands.announce(floor, agent, now, out, presence=Presence.OTHER_WORK, reason=hands.AFTER_CONTACT)


def finish_wrap_up(floor: Floor, stimulus: FinishWrapUp, now: int, out: list[Command]) -> None:
    """The form is in. One that comes after the clock had ended the wrap-up is taken all the same."""
    agent = find(floor, stimulus.agent_id)
    for offer in agent.hands:
        if offer.work is Routing.WRAP_UP and offer.contact.id == stimulus.contact_id:
            end_wrap_up(floor, offer, now, out, stimulus)
            return
    late = floor.contacts.get(stimulus.contact_id)
    if late is None or late.agent is not agent:
        raise NotFound("wrap-up of this agent for contact", stimulus.contact_id)
    if late.state in (ContactState.CONNECTED, ContactState.OFFERED):
        raise Conflict("The conversation is not over yet: hang up first.")
    if not late.form_seen:
        _announce_form(late, agent, stimulus, now, out, timed_out=late.wrap_up_ms > 0)


def end_wrap_up(
    floor: Floor, offer: Offer, now: int, out: list[Command], form: FinishWrapUp | None = None
) -> None:
    """Ends a wrap-up: by the form, or by the clock when there is none."""
    contact, agent = offer.contact, offer.agent
    contact.wrap_up_ms = now - (offer.released_at or contact.released_at)
    contact.wrapping -= 1
    _announce_form(contact, agent, form, now, out, timed_out=form is None, offer_id=offer.id)
    out_of_hands(floor, offer, RoutingMove.FINISH, now, out)
    settle(floor, agent, now, out)


def _announce_form(
    contact: Contact,
    agent: Agent,
    form: FinishWrapUp | None,
    now: int,
    out: list[Command],
    *,
    timed_out: bool,
    offer_id: str = "",
) -> None:
    contact.form_seen = form is not None
    out.append(
        ContactWrappedUp(
            contact.id,
            offer_id or contact.last_offer,
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
    aside = stimulus.routing is Routing.NOT_RESPONDING
    staff(floor, agent, stimulus.presence is Presence.READY and not aside, now)
    floor.counts[agent.presence * 8 + agent.routing] -= 1
    agent.presence, agent.reason = stimulus.presence, stimulus.reason
    agent.extension, agent.since = stimulus.extension, min(stimulus.since, now)
    agent.idle_since = agent.contact_ended_at = agent.since
    agent.aside = aside
    agent.work_mode = stimulus.work_mode or agent.work_mode
    agent.routing = stimulus.routing
    floor.counts[agent.presence * 8 + agent.routing] += 1
    if stimulus.routing is Routing.WRAP_UP and stimulus.until > now and stimulus.contact_id:
        _resume_wrap_up(floor, agent, stimulus, now)
    elif stimulus.routing in (Routing.OFFERED, Routing.CONNECTED, Routing.WRAP_UP):
        hands.announce(floor, agent, now, out)
    settle(floor, agent, now, out)


def _resume_wrap_up(floor: Floor, agent: Agent, stimulus: Recall, now: int) -> None:
    contact = floor.contacts.get(stimulus.contact_id)
    if contact is None:
        contact = Contact(stimulus.contact_id, state=ContactState.ENDED, outcome=Outcome.ANSWERED)
        floor.contacts[contact.id] = contact
        floor.past.append((agent.since + floor.policy.forget_ms, contact))
    contact.agent, contact.released_at = agent, agent.since
    contact.wrapping += 1
    queue = contact.queue or next((floor.queues[name] for name in agent.profile.queues), None)
    if queue is None:
        return
    until = stimulus.until
    if queue.settings.wrap_up_ms:  # the last owner's clock may have been ahead of ours
        until = min(until, now + queue.settings.wrap_up_ms)
    offer = Offer(f"wrap-up-{agent.id}", contact, agent, contact.node, queue, agent.since, leg=False)
    offer.stage, offer.work, offer.until = Stage.CLOSING, Routing.WRAP_UP, until
    floor.offers[offer.id] = offer
    agent.hands.append(offer)
    agent.until = until
    set_timer(floor, until, Alarm.WRAP_UP, offer)
