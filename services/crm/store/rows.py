"""Rows of PostgreSQL and nouns of the domain."""

from __future__ import annotations

import unicodedata
from typing import Any

from services.crm.domain import Block, Customer, Entry, Kind, Known, Segment
from services.crm.engine.timeline import with_findings


def folded(text: str) -> str:
    """As text is compared in searches: without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()


def escaped(text: str) -> str:
    """What people type is text, also where LIKE has a meaning for it."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def beyond(beginning: str) -> str:
    """No text that begins so is greater, byte by byte."""
    return beginning + "\U0010ffff"


def known(number: str, row: Any) -> Known:
    """What `known_number` or `screen_pop` found of a number."""
    return Known(
        number=number,
        customer_id=str(row["customer_id"] or ""),
        name=row["name"] or "",
        level=row["level"] or 0,
        language=row["language"] or "",
        blocked_reason=row["reason"],
        blocked_until=row["expires_at"],
        segment=row["segment"] or "",
        department=row["department"] or "",
    )


def customer(row: Any) -> Customer:
    return Customer(
        customer_id=str(row["customer_id"]),
        name=row["name"],
        organisation=row["organisation"],
        numbers=tuple(row["numbers"]),
        accounts=tuple(row["accounts"]),
        email=row["email"],
        level=row["level"],
        language=row["language"],
        tags=tuple(row["tags"]),
        notes=row["notes"],
        revision=row["revision"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )


def customer_values(kept: Customer) -> tuple[object, ...]:
    """In the order in which `insert_customer` and `update_customer` take them, after the tenant."""
    return (
        kept.customer_id,
        kept.name,
        kept.organisation,
        kept.email,
        kept.level,
        kept.language,
        list(kept.tags),
        kept.notes,
        kept.revision,
        kept.created_at,
        kept.changed_at,
        folded(kept.name),
        folded(kept.organisation),
    )


def entry(row: Any) -> Entry:
    return Entry(
        tenant=row["tenant"],
        entry_id=str(row["entry_id"]),
        at=row["at"],
        kind=Kind(row["kind"]),
        channel=row["channel"],
        contact_id=str(row["contact_id"] or ""),
        agent_id=row["agent_id"],
        number=row["number"] or "",
        customer_id=str(row["customer_id"] or ""),
        title=row["title"],
        data=with_findings(row["data"], row["surveys"], row["wrap_ups"]),
    )


def entry_values(entry: Entry) -> tuple[object, ...]:
    """In the order in which `add_entries` takes its columns."""
    return (
        entry.tenant,
        entry.entry_id,
        entry.at,
        entry.kind,
        entry.channel,
        entry.contact_id or None,
        entry.agent_id,
        entry.number or None,
        entry.customer_id or None,
        entry.title,
        entry.data,
    )


def block(row: Any) -> Block:
    return Block(row["number"], row["reason"], row["blocked_at"], row["expires_at"])


def segment(row: Any) -> Segment:
    return Segment(row["prefix"], row["segment"], row["department"])
