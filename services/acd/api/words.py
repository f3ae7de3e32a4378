"""The engine's words in those of acd.proto."""

from __future__ import annotations

from services.acd.engine import commands, stimuli, views
from services.acd.engine.floor import Agent, Contact
from services.chassis import clock
from services.stubs.acd.v1 import acd_pb2 as pb
from services.stubs.acd.v1 import events_pb2 as ev
from services.stubs.common.v1 import types_pb2


def expelled(news: commands.Expel) -> pb.ContactUpdate:
    return pb.ContactUpdate(
        contact_id=news.contact_id, expelled=pb.ContactUpdate.Expelled(reason=news.reason.value)
    )


def place(contact_id: str, position: int, expected_wait_ms: int | None) -> pb.ContactUpdate:
    where = pb.ContactUpdate.Place(position=position, expected_wait_ms=expected_wait_ms)
    return pb.ContactUpdate(contact_id=contact_id, place=where)


def contact(which: Contact) -> pb.Contact:
    served_by = which.offer.agent if which.offer else which.agent
    return pb.Contact(
        contact_id=which.id,
        channel=types_pb2.Channel.ValueType(which.channel),
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
    )


def agent(who: Agent) -> pb.Agent:
    return pb.Agent(
        agent_id=who.id,
        name=who.settings.name,
        extension=who.extension or who.settings.extension,
        queues=who.settings.queues,
        presence=ev.Presence.ValueType(who.presence),
        reason=who.reason,
        routing_status=ev.RoutingStatus.ValueType(who.routing),
        since=clock.timestamp(who.since),
        until=clock.timestamp(who.until) if who.until else None,
        contact=contact(who.contact) if who.contact is not None else None,
    )


def queue(settings: stimuli.QueueSettings) -> pb.Queue:
    return pb.Queue(
        name=settings.name,
        title=settings.title,
        strategy=pb.STRATEGY_LONGEST_IDLE,
        ring_timeout_s=settings.ring_timeout_ms // 1000,
        wrap_up_s=settings.wrap_up_ms // 1000,
        service_level_s=settings.service_level_ms // 1000,
        priority_step_s=settings.priority_step_ms // 1000,
        max_wait_s=settings.max_wait_ms // 1000,
        max_length=settings.max_length,
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
            )
            for q in figures.queues
        ],
        contacts_open=figures.contacts_open,
        **agents,
    )
