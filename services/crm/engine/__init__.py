"""Decisions about customers and callers. Time is an argument; there is no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

from services.chassis.errors import Stale
from services.crm.domain import Caller, Customer, CustomerDraft, Known

_KEPT = ("customer_id", "revision", "created_at", "changed_at")  # ours, not the asker's
_ASKED = tuple(field.name for field in fields(Customer) if field.name not in _KEPT)


def caller_at(known: Known, now: datetime) -> Caller:
    """Who calls, at this moment: a block past its expiry is none, also while it is still stored."""
    blocked = known.blocked_reason is not None and (known.blocked_until is None or known.blocked_until > now)
    return Caller(known, blocked)


def new_customer(draft: CustomerDraft, *, now: datetime, new_id: Callable[[], str]) -> Customer:
    """A customer who did not exist before."""
    return _made(draft, customer_id=new_id(), revision=1, created_at=now, changed_at=now)


def changed_customer(before: Customer, draft: CustomerDraft, *, now: datetime) -> Customer:
    """The customer as asked for. Raises Stale when somebody else changed it meanwhile."""
    if draft.revision != before.revision:
        raise Stale(
            f"The customer was changed by somebody else meanwhile (revision {before.revision}, you had "
            f"{draft.revision}): read it again, then decide."
        )
    return _made(
        draft,
        customer_id=before.customer_id,
        revision=before.revision + 1,
        created_at=before.created_at,
        changed_at=now,
    )


def changed_fields(before: Customer, after: Customer) -> tuple[str, ...]:
    """Names of what is different, of what people can change."""
    return tuple(name for name in _ASKED if getattr(before, name) != getattr(after, name))


def _made(
    draft: CustomerDraft, *, customer_id: str, revision: int, created_at: datetime, changed_at: datetime
) -> Customer:
    return Customer(
        customer_id=customer_id,
        name=draft.name,
        organisation=draft.organisation,
        numbers=draft.numbers,
        accounts=draft.accounts,
        email=draft.email,
        level=draft.level,
        language=draft.language,
        tags=draft.tags,
        notes=draft.notes,
        revision=revision,
        created_at=created_at,
        changed_at=changed_at,
    )
