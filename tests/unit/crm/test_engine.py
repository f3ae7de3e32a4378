"""Decisions about callers and customers, the timeline's entries, and the callers kept in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.errors import Stale
from services.crm import engine
from services.crm.domain import CustomerDraft, Entry, Kind, Known
from services.crm.engine.timeline import entry_of, with_findings
from services.crm.store.cache import KnownNumbers

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ID = "01936a1e-7c1b-7000-8000-000000000001"
CONTACT = "01936a1e-7c1b-7000-8000-0000000000c1"
DRAFT = CustomerDraft("", 0, "Wang", "", ("10050",), (), "", 0, "", (), "")


@pytest.mark.parametrize(
    ("reason", "until", "blocked"),
    [
        (None, None, False),
        ("threats", None, True),
        ("threats", NOW + timedelta(seconds=1), True),
        ("threats", NOW, False),
    ],
)
def test_a_block_ends_by_itself(reason: str | None, until: datetime | None, blocked: bool) -> None:
    known = Known("10050", blocked_reason=reason, blocked_until=until)
    assert engine.caller_at(known, NOW).blocked is blocked


def test_a_change_names_its_fields_and_counts_up() -> None:
    before = engine.new_customer(DRAFT, now=NOW, new_id=lambda: ID)
    later = NOW + timedelta(hours=1)
    draft = replace(DRAFT, customer_id=ID, revision=1, level=3, tags=("vip",))
    after = engine.changed_customer(before, draft, now=later)
    assert engine.changed_fields(before, after) == ("level", "tags")
    assert (after.revision, after.created_at, after.changed_at) == (2, NOW, later)
    with pytest.raises(Stale, match="revision 2, you had 1"):
        engine.changed_customer(after, draft, now=later)


def test_nothing_changed_is_no_change() -> None:
    before = engine.new_customer(DRAFT, now=NOW, new_id=lambda: ID)
    after = engine.changed_customer(before, replace(DRAFT, revision=1), now=NOW + timedelta(hours=1))
    assert engine.changed_fields(before, after) == ()


def entry(type_: str, data: dict[str, Any], **changes: Any) -> Entry | None:
    event: dict[str, Any] = {
        "type_": f"switchyard.{type_}",
        "event_id": ID,
        "tenant": "demo",
        "time": "2026-11-22T08:00:00.500Z",
        "data": data,
        "region": "CN",
    }
    return entry_of(**event | changes)


ENDED = {
    "contactId": CONTACT,
    "channel": "CHANNEL_VOICE",
    "outcome": "OUTCOME_ANSWERED",
    "fromNumber": "013800138000",
    "queue": "support",
    "agentId": "a1",
    "talkMs": "35000",
    "endedAt": "2026-11-22T08:00:00.123Z",
}


def test_a_contact_that_ended() -> None:
    made = entry("acd.v1.ContactEnded", ENDED)
    assert made is not None
    assert made.at == NOW + timedelta(milliseconds=123)
    assert (made.kind, made.channel, made.contact_id) == (Kind.CONTACT, "voice", CONTACT)
    assert (made.number, made.customer_id, made.agent_id) == ("+8613800138000", "", "a1")
    assert made.title == "answered · support · a1"
    assert json.loads(made.data) == ENDED


@pytest.mark.parametrize(
    ("type_", "data", "kind", "title"),
    [
        ("ivr.v1.SurveyAnswered", {"score": 4, "highest": 5}, Kind.SURVEY, "4/5"),
        ("ivr.v1.SurveyAnswered", {"highest": 5}, Kind.SURVEY, "0/5"),
        ("ivr.v1.VoicemailLeft", {"lengthMs": "12345"}, Kind.VOICEMAIL, "12 s"),
        ("ivr.v1.VoicemailLeft", {}, Kind.VOICEMAIL, "0 s"),
        ("acd.v1.ContactWrappedUp", {"disposition": "solved"}, Kind.WRAP_UP, "solved"),
        (
            "workorder.v1.WorkOrderCreated",
            {"number": "WO-1", "type": "fault"},
            Kind.WORK_ORDER,
            "WO-1 · fault",
        ),
        ("workorder.v1.WorkOrderMoved", {"number": "WO-1", "toState": "new"}, Kind.WORK_ORDER, "WO-1 · new"),
    ],
)
def test_other_events(type_: str, data: dict[str, Any], kind: Kind, title: str) -> None:
    made = entry(type_, data)
    assert made is not None
    assert (made.kind, made.title) == (kind, title)
    assert made.at == NOW + timedelta(milliseconds=500), "the envelope's time where the event says none"


def test_events_of_newer_services_make_no_entry() -> None:
    assert entry("workorder.v1.WorkOrderExported", {}) is None


def test_a_stranger_s_event_id_is_always_the_same_uuid() -> None:
    first = entry("acd.v1.ContactEnded", ENDED, event_id="not-a-uuid")
    again = entry("acd.v1.ContactEnded", ENDED, event_id="not-a-uuid")
    assert first == again


def test_ids_and_texts_that_the_database_would_refuse() -> None:
    hostile = ENDED | {"customerId": "me", "contactId": 7, "queue": "a\x00b", "fromNumber": "1\x002"}
    made = entry("acd.v1.ContactEnded", hostile)
    assert made is not None
    assert (made.customer_id, made.contact_id, made.number) == ("", "", "12")
    assert "\x00" not in made.title + made.data


@pytest.mark.parametrize("data", [ENDED | {"endedAt": "yesterday"}, ENDED | {"endedAt": 5}, [1]])
def test_an_event_that_is_not_what_it_says(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        entry("acd.v1.ContactEnded", data)


def test_a_survey_lands_on_its_contact() -> None:
    assert with_findings('{"a":1}', None, None) == '{"a":1}'
    assert json.loads(with_findings('{"a":1}', '[{"score":5}]', None)) == {
        "a": 1,
        "surveys": [{"score": 5}],
    }


def test_memory_is_bounded_and_ends_with_time() -> None:
    cache = KnownNumbers(entries=2, ttl_s=10)
    for number in ("1", "2"):
        cache.keep("demo", Known(number), 0.0, cache.epoch)
    assert cache.get("demo", "1", 5.0) == Known("1")
    cache.keep("demo", Known("3"), 5.0, cache.epoch)
    assert len(cache) == 2
    assert cache.get("demo", "2", 5.0) is None, "the one not asked for longest goes"
    assert cache.get("demo", "1", 10.0) is None
    assert cache.get("other", "3", 5.0) is None
    assert KnownNumbers(entries=0, ttl_s=10).get("demo", "1", 0) is None


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    cache = KnownNumbers(entries=2, ttl_s=10)
    epoch = cache.epoch
    cache.forget("demo", ["1"])
    cache.keep("demo", Known("1"), 0.0, epoch)
    assert cache.get("demo", "1", 0.0) is None
    cache.keep("demo", Known("1"), 0.0, cache.epoch)
    cache.forget_all()
    assert cache.get("demo", "1", 0.0) is None
