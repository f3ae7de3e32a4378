"""The parts of the shell that need no switch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import Conflict, Unavailable
from services.chassis.ids import new_id
from services.ivr import bus, store
from services.ivr.config import IvrConfig
from services.ivr.domain.calls import CallEntry, Contact, Message, Record
from services.ivr.engine import commands as do
from services.ivr.prompts import Prompts
from services.ivr.service import queueing
from services.ivr.service.journal import Journal
from services.ivr.service.queueing import Queueing
from services.ivr.service.sounds import sounds

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTACT = Contact(
    contact_id=new_id(),
    tenant="demo",
    node="fs1",
    call_id="c",
    from_number="1",
    to_number="2",
    opened_at=NOW,
)


def entry() -> CallEntry:
    return CallEntry(
        entry_id=new_id(),
        contact=CONTACT,
        flow="default",
        version=1,
        entered_at=NOW,
        left_at=NOW,
        re_entered=False,
        outcome="abandoned",
        cause="NORMAL_CLEARING",
    )


def message() -> Message:
    return Message(voicemail_id=new_id(), contact=CONTACT, file="f.wav", length_ms=1000, at=NOW)


class Shelf:
    """A store that may be away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        self.written: list[Record] = []
        monkeypatch.setattr(store, "add_entries", self._entries)
        monkeypatch.setattr(store, "add_message", self._message)
        monkeypatch.setattr(bus, "announce", self._announce)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        if self.away:
            raise Unavailable("database")
        yield self

    async def _entries(self, _: Any, entries: list[CallEntry]) -> None:
        self.written += entries

    async def _message(self, _: Any, message: Message) -> bool:
        self.written.append(message)
        return True

    async def _announce(self, _: Any, record: Record) -> None:
        pass


async def test_journal_keeps_what_the_database_cannot_take(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(monkeypatch)
    journal = Journal(shelf, flush_s=0, limit=10)  # type: ignore[arg-type]
    shelf.away = True
    kept: list[Record] = [entry(), entry(), message()]
    for record in kept:
        journal.add(record)
    with pytest.raises(Unavailable):
        await journal.flush()
    shelf.away = False
    await journal.flush()
    assert shelf.written == kept


async def test_journal_is_bounded_and_drops_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that stays away costs lines of the call log, never a caller's message."""
    shelf = Shelf(monkeypatch)
    journal = Journal(shelf, flush_s=0, limit=3)  # type: ignore[arg-type]
    left = message()
    for record in (left, entry(), entry(), entry(), entry()):
        journal.add(record)
    await journal.flush()
    assert len(shelf.written) == 3
    assert left in shelf.written


class FakeAcd:
    def __init__(self, *problems: Exception) -> None:
        self.problems = list(problems)
        self.asked = 0

    async def open(self, _: Contact) -> None:
        self.asked += 1
        if self.problems:
            raise self.problems.pop(0)


def queueing_with(acd: FakeAcd, limit: int = 100) -> Queueing:
    return Queueing(acd, close_patience_s=1, retry_max_s=1, background_limit=limit)  # type: ignore[arg-type]


async def test_requests_are_repeated_while_the_acd_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "RETRY_FIRST_S", 0.001)
    acd = FakeAcd(Unavailable("acd"), Unavailable("acd"))
    told = queueing_with(acd)
    told.open(CONTACT)
    await told.stop(5)
    assert acd.asked == 3


async def test_requests_are_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "RETRY_FIRST_S", 0.001)
    monkeypatch.setattr(queueing, "OPEN_PATIENCE_S", 0.05)
    acd = FakeAcd(*[Unavailable("acd") for _ in range(1000)])
    told = queueing_with(acd)
    told.open(CONTACT)
    await told.stop(5)
    assert 2 <= acd.asked < 100


async def test_refused_request_is_not_repeated() -> None:
    acd = FakeAcd(Conflict("no"))
    told = queueing_with(acd)
    told.open(CONTACT)
    await told.stop(5)
    assert acd.asked == 1


async def test_background_work_is_bounded() -> None:
    never = asyncio.Event()
    told = queueing_with(FakeAcd(), limit=2)

    async def work() -> None:
        await never.wait()

    for _ in range(5):
        told.background(work(), "work")
    assert len(told._tasks) == 2
    await told.stop(0)


def test_sounds_of_a_sentence() -> None:
    prompts = Prompts()
    found, length_s = sounds(prompts, ("ahead_before", "n_3", "ahead_after"), "zh")
    assert [Path(sound.source).name for sound in found] == ["ahead_before.wav", "n_3.wav", "ahead_after.wav"]
    assert 2 < length_s < 8


@pytest.mark.parametrize(("name", "tone"), [("no_such_prompt", do.NOTICE), (do.MUSIC, do.TONE)])
def test_what_has_no_recording_becomes_a_tone(name: str, tone: str, tmp_path: Path) -> None:
    silent = Prompts(tmp_path)
    assert sounds(silent, (name,), "zh") == sounds(silent, (tone,), "zh")


def test_prompt_without_recording_is_left_out_of_a_sentence() -> None:
    found, _ = sounds(Prompts(), ("gone", "welcome"), "en")
    assert [Path(sound.source).name for sound in found] == ["welcome.wav"]


@pytest.mark.parametrize("folder", ["relative", "/with blank", "/a'b", "/", "/a/../b"])
def test_folder_the_switch_could_misread_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="ivr_sounds_dir"):
        IvrConfig(ivr_sounds_dir=Path(folder))
