"""The engine's words in those of the contracts; the way back is `checks`."""

from __future__ import annotations

from services.acd.domain import ContactState, LeftQueue, Routing
from services.acd.engine import commands, recording, stimuli, views
from services.acd.engine.callbacks import state_of
from services.acd.engine.contacts import queue_of
from services.acd.engine.dialling import offer_of, plan_of
from services.acd.engine.floor import ASSIGNED, Agent, Contact, Floor, ForecastError, Offer
from services.acd.engine.stimuli import QueueSettings
from services.chassis import clock
from services.chassis.hours import Calendar, plain
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2


def expelled(news: commands.Expel) -> pb.ContactUpdate:
    return pb.ContactUpdate(
        contact_id=news.contact_id,
        expelled=pb.ContactUpdate.Expelled(
            reason=news.reason.value, what=overflow(news.overflow), queue=news.queue
        ),
    )


def overflow(what: stimuli.Overflow) -> pb.Overflow:
    return pb.Overflow(action=pb.OverflowAction.ValueType(what.action), target=what.target)


def overflowed(declined: tuple[LeftQueue, stimuli.Overflow] | None) -> pb.Overflowed | None:
    """Why a contact does not wait, and what is to be done instead; None: it does wait."""
    return declined and pb.Overflowed(reason=declined[0].value, what=overflow(declined[1]))


def explanation(which: Contact) -> pb.Explanation:
    came_of = which.came_of or {}
    decisions = [came(decision(each), *came_of.get(each.offer_id, ("", 0))) for each in which.decisions or ()]
    return pb.Explanation(contact_id=which.id, decisions=decisions)


def came(of: ev.Decision, outcome: str, at: int) -> ev.Decision:
    """The decision with what came of the offer; an empty word: it still rings."""
    if outcome:
        of.outcome = outcome
        of.outcome_at.CopyFrom(clock.timestamp(at))
    return of


def place(
    contact_id: str, queue: QueueSettings, position: int, expected_wait_ms: int | None
) -> pb.ContactUpdate.PlaceOf:
    where = pb.ContactUpdate.Place(
        position=position,
        expected_wait_ms=expected_wait_ms,
        queue=queue.name,
        waiting_flow=queue.waiting_flow,
    )
    return pb.ContactUpdate.PlaceOf(contact_id=contact_id, place=where)


def places(some: list[pb.ContactUpdate.PlaceOf]) -> pb.ContactUpdate:
    return pb.ContactUpdate(places=pb.ContactUpdate.Places(places=some))


def one_place(of: pb.ContactUpdate.PlaceOf) -> pb.ContactUpdate:
    """For holders that take each in its own message."""
    return pb.ContactUpdate(contact_id=of.contact_id, place=of.place)


def contact(which: Contact) -> pb.Contact:
    served_by = which.offer.agent if which.offer else which.agent
    return pb.Contact(
        contact_id=which.id,
        channel=types_pb2.Channel.ValueType(which.came_as),
        state=which.state.value,
        queue=which.queue.name if which.queue else "",
        priority=which.priority,
        agent_id=served_by.id if served_by else "",
        offer_id=which.offer.id if which.offer else which.last_offer,
        from_number=which.from_number,
        to_number=which.to_number,
        customer_id=which.customer_id,
        held=bool(which.held_since),
        opened_at=clock.timestamp(which.opened_at) if which.opened_at else None,
        enqueued_at=clock.timestamp(which.enqueued_at) if which.enqueued_at else None,
        answered_at=clock.timestamp(which.answered_at) if which.answered_at else None,
        data=which.data,
        outcome=types_pb2.Outcome.ValueType(which.outcome),
        waits_for_agent_id=_waits_for(which),
        assigned_by=which.assigned_by if _waits_for(which) and which.rule == ASSIGNED else "",
        callback=callback_offer(offer_of(which)),
        recording=recording.word(which.recording),
    )


def callback_offer(offer: commands.CallbackOffer | None) -> ev.CallbackOffer | None:
    """What an agent is told of a callback; None: the contact is none."""
    if offer is None:
        return None
    return ev.CallbackOffer(
        number=offer.number,
        mode=ev.CallbackMode.ValueType(offer.mode),
        attempt=offer.attempt,
        attempts=offer.attempts,
        requested_by=offer.by,
        note=offer.note,
        callback_of=offer.callback_of,
    )


def callback(floor: Floor, which: Contact) -> pb.Callback:
    """A callback as a list shows it."""
    plan = plan_of(which)
    served_by = which.offer.agent if which.offer else which.agent
    return pb.Callback(
        contact_id=which.id,
        callback_of=plan.callback_of,
        number=plan.number,
        queue=queue_of(which).name,
        mode=ev.CallbackMode.ValueType(plan.mode),
        state=state_of(which),
        requested_at=clock.timestamp(plan.requested_at),
        enqueued_at=clock.timestamp(which.enqueued_at),
        not_before=clock.timestamp(plan.not_before) if plan.not_before else None,
        not_after=clock.timestamp(plan.not_after),
        next_at=clock.timestamp(which.paused_until) if which.paused_until else None,
        attempts_made=plan.attempts,
        attempts=plan.attempts_max,
        last_result=plan.result,
        requested_by=plan.by,
        note=plan.note,
        agent_id=served_by.id if served_by else "",
        customer_id=which.customer_id,
        position=0 if which.paused_until else views.place_of(floor, which)[0],
        outcome=types_pb2.Outcome.ValueType(which.outcome),
    )


def _waits_for(which: Contact) -> str:
    """The agent for whom alone it waits at this moment; empty: for anybody."""
    apart = which.state is ContactState.QUEUED and which.preferred is not None
    return which.preferred.id if apart and which.preferred is not None else ""


def decision(d: commands.Decision) -> ev.Decision:
    """The explanation of an offer in the contract's words."""
    return ev.Decision(
        offer_id=d.offer_id,
        at=clock.timestamp(d.at),
        queue=d.queue,
        agent_id=d.agent_id,
        seeker=d.seeker,
        rule=d.rule,
        idle_ms=d.idle_ms,
        tier=d.tier,
        skill_score=d.skill_score,
        others=d.others,
        runner_up_agent_id=d.runner_up,
        qualified_busy=d.qualified_busy,
        ready_unqualified=d.ready_unqualified,
        required=[ev.Skill(name=name, level=level) for name, level in d.required],
        relaxed_steps=d.relaxed,
        overdue_ms=d.overdue_ms,
        waiting_behind=d.waiting,
        competing=d.competing,
        runner_up_queue=d.runner_up_queue,
        runner_up_overdue_ms=d.runner_up_overdue_ms,
        assigned_by=d.by,
    )


def _in_hands(offer: Offer) -> pb.Contact:
    """A contact as its agent sees it: who writes about a caller given away sees their own conversation."""
    shown = contact(offer.contact)
    if offer.work is Routing.WRAP_UP and shown.state != ContactState.ENDED.value:
        shown.state, shown.held = ContactState.RELEASED.value, False
        shown.agent_id, shown.offer_id = offer.agent.id, offer.id
        shown.queue = offer.queue.name
    return shown


def agent(who: Agent, *, settings: bool = False) -> pb.Agent:
    return pb.Agent(
        agent_id=who.id,
        name=who.settings.name,
        extension=who.extension or who.settings.extension,
        queues=who.settings.queues,
        presence=ev.Presence.ValueType(who.presence),
        reason=who.reason,
        routing_status=ev.RoutingStatus.ValueType(who.routing),
        since=clock.timestamp(who.since) if who.since else None,
        until=clock.timestamp(who.until) if who.until else None,
        contact=_in_hands(who.hands[-1]) if who.hands else None,
        contacts=[_in_hands(offer) for offer in who.hands],
        work_mode=ev.WorkMode.ValueType(who.work_mode),
        settings=agent_settings(who.settings) if settings else None,
    )


def queue(settings: stimuli.QueueSettings) -> pb.Queue:
    idle = pb.IDLE_SINCE_LAST_CONTACT if settings.idle_since_contact else pb.IDLE_SINCE_READY
    after = settings.no_agents_after_ms
    return pb.Queue(
        name=settings.name,
        title=settings.title,
        strategy=pb.Strategy.ValueType(settings.strategy),
        ring_timeout_s=settings.ring_timeout_ms // 1000,
        wrap_up_s=settings.wrap_up_ms // 1000,
        service_level_s=settings.service_level_ms // 1000,
        priority_step_s=settings.priority_step_ms // 1000,
        max_wait_s=settings.max_wait_ms // 1000,
        max_length=settings.max_length,
        priority_mode=pb.PRIORITY_MODE_STRICT if settings.strict else pb.PRIORITY_MODE_HEAD_START,
        idle_since=idle,
        ring_agents=settings.ring_agents,
        hours=_hours(settings.hours) if settings.hours is not None else None,
        relax=[pb.RelaxStep(after_s=ease.after_ms // 1000, ease=ease.by) for ease in settings.relax],
        last_agent_wait_s=settings.last_agent_wait_ms // 1000,
        last_agent_memory_s=settings.last_agent_memory_ms // 1000,
        on_max_wait=overflow(settings.on_max_wait),
        on_full=overflow(settings.on_full),
        on_closed=overflow(settings.on_closed),
        on_no_agents=overflow(settings.on_no_agents),
        no_agents_after_s=after // 1000 if after is not None else None,
        waiting_flow=settings.waiting_flow,
        callback_mode=ev.CallbackMode.ValueType(settings.callback_mode),
        callback_attempts=settings.callback_attempts,
        callback_retry_s=settings.callback_retry_ms // 1000,
        callback_window_s=settings.callback_window_ms // 1000,
        callback_ring_s=settings.callback_ring_ms // 1000,
        revision=settings.revision,
        recording=pb.RecordingRule.ValueType(settings.recording),
    )


def _hours(calendar: Calendar) -> pb.OpeningHours:
    zone, spans, closed_on = plain(calendar)
    return pb.OpeningHours(
        zone=zone,
        spans=[pb.OpenSpan(weekday=day, opens=opens, closes=closes) for day, opens, closes in spans],
        closed_on=closed_on,
    )


def _error(error: ForecastError) -> pb.ForecastError:
    n = max(error.contacts, 1)
    return pb.ForecastError(
        contacts=error.contacts, mean_ms=error.sum_ms / n, mean_absolute_ms=error.sum_absolute_ms / n
    )


def statistics(figures: views.Figures) -> pb.Statistics:
    agents = {f"agents_{name}": count for name, count in figures.agents.items()}
    return pb.Statistics(
        queues=[
            pb.QueueStatistics(
                queue=q.queue,
                title=q.title,
                waiting=q.waiting,
                longest_wait_ms=q.longest_wait_ms,
                offered=q.offered,
                answered=q.answered,
                abandoned=q.abandoned,
                answered_in_time=q.answered_in_time,
                abandoned_in_time=q.abandoned_in_time,
                total_wait_answered_ms=q.total_wait_answered_ms,
                service_level=q.service_level,
                agents_staffed=q.agents_staffed,
                agents_effective=q.agents_effective,
                overflowed=q.overflowed,
                expected_wait_error=_error(q.foretold),
                last_to_enter_service_error=_error(q.foretold_by_last),
                head_of_line_error=_error(q.foretold_by_head),
                expected_wait_ms=q.expected_wait_ms,
                callbacks_open=q.callbacks,
                called_back=q.called_back,
                unreached=q.unreached,
            )
            for q in figures.queues
        ],
        contacts_open=figures.contacts_open,
        **agents,
    )


def agent_settings(settings: stimuli.AgentSettings) -> pb.AgentSettings:
    tiers = [
        pb.Tier(queue=queue, level=tier.level, position=tier.position)
        for queue, tier in settings.tiers.items()
    ]
    return pb.AgentSettings(
        agent_id=settings.agent_id,
        name=settings.name,
        extension=settings.extension,
        queues=[queue for queue in settings.queues if queue not in settings.tiers],
        tiers=tiers,
        skills=[ev.Skill(name=name, level=level) for name, level in settings.skills],
        capacity=[
            pb.Capacity(channel=types_pb2.Channel.ValueType(c.channel), most=c.most, alone=c.alone)
            for c in settings.capacity
        ],
        work_mode=ev.WorkMode.ValueType(settings.work_mode),
        revision=settings.revision,
    )
