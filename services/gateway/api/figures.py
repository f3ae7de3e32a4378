"""What the ACD counts and why it decided as it did, as JSON."""

from __future__ import annotations

from datetime import datetime

from services.gateway.api.views import View, moment, stamp
from services.stubs.acd.v1 import acd_pb2, events_pb2


def statistics(s: acd_pb2.Statistics, at: datetime) -> View:
    return {
        "at": moment(at),
        "contacts_open": s.contacts_open,
        "missing": [],
        "agents": {
            "ready": s.agents_ready,
            "offered": s.agents_offered,
            "connected": s.agents_connected,
            "wrap_up": s.agents_wrap_up,
            "other_work": s.agents_other_work,
            "not_responding": s.agents_not_responding,
            "offline": s.agents_offline,
        },
        "queues": [_queue(q) for q in s.queues],
    }


def _queue(q: acd_pb2.QueueStatistics) -> View:
    return {
        "queue": q.queue,
        "title": q.title,
        "waiting": q.waiting,
        "longest_wait_ms": q.longest_wait_ms,
        "expected_wait_ms": q.expected_wait_ms if q.HasField("expected_wait_ms") else None,
        "offered": q.offered,
        "answered": q.answered,
        "abandoned": q.abandoned,
        "overflowed": q.overflowed,
        "answered_in_time": q.answered_in_time,
        "abandoned_in_time": q.abandoned_in_time,
        "total_wait_answered_ms": q.total_wait_answered_ms,
        "service_level": q.service_level if q.HasField("service_level") else None,
        "agents_staffed": q.agents_staffed,
        "agents_effective": round(q.agents_effective, 2),
        "expected_wait_error": _error(q.expected_wait_error),
        "last_to_enter_service_error": _error(q.last_to_enter_service_error),
        "head_of_line_error": _error(q.head_of_line_error),
        "callbacks_open": q.callbacks_open,
        "called_back": q.called_back,
        "unreached": q.unreached,
    }


def _error(error: acd_pb2.ForecastError) -> View | None:
    """None: nobody who was told a wait has been answered yet, so there is nothing to judge by."""
    if not error.contacts:
        return None
    return {
        "contacts": error.contacts,
        "mean_ms": round(error.mean_ms),
        "mean_absolute_ms": round(error.mean_absolute_ms),
    }


def explanation(e: acd_pb2.Explanation) -> View:
    return {"contact_id": e.contact_id, "decisions": [_decision(d) for d in e.decisions]}


def _decision(d: events_pb2.Decision) -> View:
    return {
        "offer_id": d.offer_id,
        "at": stamp(d, "at"),
        "queue": d.queue,
        "agent_id": d.agent_id,
        "seeker": d.seeker,
        "rule": d.rule,
        "idle_ms": d.idle_ms,
        "tier": d.tier,
        "skill_score": d.skill_score,
        "others": d.others,
        "runner_up_agent_id": d.runner_up_agent_id or None,
        "qualified_busy": d.qualified_busy,
        "ready_unqualified": d.ready_unqualified,
        "required": {skill.name: skill.level for skill in d.required},
        "relaxed_steps": d.relaxed_steps,
        "overdue_ms": d.overdue_ms,
        "waiting_behind": d.waiting_behind,
        "competing": d.competing,
        "runner_up_queue": d.runner_up_queue or None,
        "runner_up_overdue_ms": d.runner_up_overdue_ms,
        "outcome": d.outcome or None,
        "outcome_at": stamp(d, "outcome_at"),
        "assigned_by": d.assigned_by or None,
    }
