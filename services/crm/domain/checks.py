"""The one place where a request is found fit or refused, with a sentence naming the field and the remedy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from services.chassis.errors import Invalid
from services.chassis.ids import is_id
from services.crm.domain import HIGHEST_LEVEL, Block, CustomerDraft, Segment, numbers

NAME_LENGTH = 200
NOTES_LENGTH = 10_000
WORD_LENGTH = 64  # tags, accounts, departments
EMAIL_LENGTH = 254
REASON_LENGTH = 500
SEARCH_LENGTH = 100
MOST_NUMBERS = 20
MOST_ACCOUNTS = 20
MOST_TAGS = 50

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def text(field: str, value: str, *, most: int, least: int = 0, lines: bool = False) -> str:
    """The value, stripped. `lines`: line breaks and tabs may stand in it. Raises Invalid.

    Control characters are refused rather than dropped: they come from a defect or from an attack on
    whatever shows the text later, and PostgreSQL takes no NUL.
    """
    stripped = value.strip()
    permitted = "\n\r\t" if lines else ""
    if any(unicodedata.category(c) == "Cc" and c not in permitted for c in stripped):
        raise Invalid(field, "has a control character in it; send plain text")
    if len(stripped) < least:
        raise Invalid(field, f"is empty; give 1 to {most} characters")
    if len(stripped) > most:
        raise Invalid(field, f"has {len(stripped)} characters; at most {most} are kept")
    return stripped


def identifier(field: str, value: str, *, required: bool = False) -> str:
    """A UUID in lower case, or empty where that may be. Raises Invalid."""
    folded = value.strip().lower()
    if is_id(folded) or (not folded and not required):
        return folded
    raise Invalid(field, "is not an id; send the UUID that the service gave")


def limit(value: int, *, most: int, default: int) -> int:
    """How many to list: 0 is the default. Raises Invalid."""
    if not 0 <= value <= most:
        raise Invalid("limit", f"is {value}; give 1 to {most}, or 0 for {default}")
    return value or default


def several(field: str, values: Sequence[str], *, most: int) -> tuple[str, ...]:
    """Short words, each once, in their order. Raises Invalid naming the one that is wrong."""
    if len(values) > most:
        raise Invalid(field, f"has {len(values)}; at most {most} are kept")
    checked = (text(f"{field}[{i}]", value, least=1, most=WORD_LENGTH) for i, value in enumerate(values))
    return tuple(dict.fromkeys(checked))


def draft(
    *,
    region: str,
    customer_id: str,
    revision: int,
    name: str,
    organisation: str,
    numbers_: Sequence[str],
    accounts: Sequence[str],
    email: str,
    level: int,
    language: str,
    tags: Sequence[str],
    notes: str,
) -> CustomerDraft:
    """Checks what a customer shall be. Raises Invalid."""
    checked = CustomerDraft(
        customer_id=identifier("customer_id", customer_id),
        revision=revision,
        name=text("name", name, most=NAME_LENGTH),
        organisation=text("organisation", organisation, most=NAME_LENGTH),
        numbers=_numbers(numbers_, region),
        accounts=several("accounts", accounts, most=MOST_ACCOUNTS),
        email=text("email", email, most=EMAIL_LENGTH),
        level=level,
        language=language.strip(),
        tags=several("tags", tags, most=MOST_TAGS),
        notes=text("notes", notes, most=NOTES_LENGTH, lines=True),
    )
    _sensible(checked)
    return checked


def _numbers(values: Sequence[str], region: str) -> tuple[str, ...]:
    if len(values) > MOST_NUMBERS:
        raise Invalid("numbers", f"has {len(values)}; at most {MOST_NUMBERS} are kept")
    checked = (numbers.typed(f"numbers[{i}]", value, region) for i, value in enumerate(values))
    return tuple(dict.fromkeys(checked))


def _sensible(checked: CustomerDraft) -> None:
    if not checked.name and not checked.organisation:
        raise Invalid("name", "is empty, and so is organisation; give one of them")
    if not 0 <= checked.level <= HIGHEST_LEVEL:
        raise Invalid("level", f"is {checked.level}; give 0 (normal), 1 (silver), 2 (gold) or 3 (VIP)")
    if checked.email and not _EMAIL.fullmatch(checked.email):
        raise Invalid("email", "is not an address; give one such as wang@example.com")
    if checked.language and not _LANGUAGE.fullmatch(checked.language):
        raise Invalid("language", "is not a language tag; give one such as zh-CN or en")
    if checked.customer_id and checked.revision < 1:
        raise Invalid("revision", "is missing; send the one you read, so that nobody's change is lost")
    if not checked.customer_id and checked.revision:
        raise Invalid("revision", "belongs to a customer that exists; leave it out for a new one")


def block(*, number: str, reason: str, expires_at: datetime | None, now: datetime, region: str) -> Block:
    """Checks a request to refuse a number. Raises Invalid."""
    if expires_at is not None and expires_at <= now:
        raise Invalid("expires_at", "is in the past; give a later moment, or none for until unblocked")
    return Block(
        number=numbers.typed("number", number, region),
        reason=text("reason", reason, least=1, most=REASON_LENGTH),
        blocked_at=now,
        expires_at=expires_at,
    )


def segment(*, prefix: str, segment_: str, department: str) -> Segment:
    """Checks a number segment. Raises Invalid."""
    return Segment(
        prefix=numbers.prefix("prefix", prefix),
        segment=text("segment", segment_, least=1, most=WORD_LENGTH),
        department=text("department", department, most=WORD_LENGTH),
    )


def search(value: str) -> str:
    """What is searched for. Raises Invalid."""
    return text("text", value, least=1, most=SEARCH_LENGTH)
