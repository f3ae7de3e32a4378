"""The callers we hold in the ACD's queues, and everything it is told about contacts.

One stream of news per tenant. When it breaks, the ACD may have forgotten everyone: each held caller is
told (the engine counts its patience), and once the stream stands again each is enqueued again with the
time at which the wait began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Gauge

from services.chassis import tenant
from services.chassis.errors import SwitchyardError, Unavailable
from services.ivr.api import Acd
from services.ivr.domain.calls import Contact
from services.ivr.engine import commands as do
from services.ivr.engine import events as on

log = structlog.get_logger()

WITHDRAW_PATIENCE_S = 60.0
OPEN_PATIENCE_S = 30.0
RETRY_FIRST_S = 0.25
RETRY_MOST_S = 5.0

HELD = Gauge("switchyard_ivr_waiting", "Callers of this process who wait in a queue.")
GIVEN_UP = Counter(
    "switchyard_ivr_requests_given_up_total", "Requests to the ACD that no retry carried out.", ["request"]
)


class Waiting(Protocol):
    """A caller in a queue."""

    contact: Contact

    def tell(self, event: on.Event) -> None: ...
    def enqueue_again(self) -> None: ...


class Queueing:
    """All dealings with the ACD. Nothing here makes a caller wait."""

    def __init__(
        self, acd: Acd, *, close_patience_s: float, retry_max_s: float, background_limit: int
    ) -> None:
        self._acd = acd
        self._close_patience_s = close_patience_s
        self._retry_max_s = retry_max_s
        self._limit = background_limit
        self._held: dict[str, Waiting] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- callers in the queue ----

    def hold(self, call: Waiting) -> None:
        """News of this contact go to this call from now on."""
        slug = call.contact.tenant
        if slug not in self._watchers:
            self._watchers[slug] = asyncio.create_task(self._watch(slug), name=f"acd-watch-{slug}")
        self._held[call.contact.contact_id] = call
        HELD.set(len(self._held))

    def let_go(self, contact_id: str) -> None:
        self._held.pop(contact_id, None)
        HELD.set(len(self._held))

    async def enqueue(self, contact: Contact, wish: do.Enqueue) -> on.Event:
        with tenant.use(contact.tenant):
            return await self._acd.enqueue(contact, wish)

    def withdraw(self, contact: Contact, reason: str, tell: Callable[[on.Event], None]) -> None:
        """Asks until the ACD has answered; `tell` gets the answer."""

        async def ask() -> None:
            tell(await self._acd.withdraw(contact.contact_id, reason))

        self.insist("Withdraw", contact, ask, WITHDRAW_PATIENCE_S)

    async def request_callback(self, contact: Contact, wish: do.RequestCallback) -> on.Event:
        with tenant.use(contact.tenant):
            return await self._acd.request_callback(contact, wish)

    async def _watch(self, slug: str) -> None:
        tenant.bind(slug)
        pause_s = 0.05
        while True:
            try:
                async for contact_id, news in self._acd.watch():
                    pause_s = 0.05
                    if call := self._held.get(contact_id):
                        call.tell(news)
            except SwitchyardError as broken:
                log.warning("acd_stream_broken", detail=broken.sentence)
            for call in self._of(slug):
                call.tell(on.QueueLost())
            pause_s = await self._until_served(slug, pause_s)
            for call in self._of(slug):
                call.enqueue_again()

    async def _until_served(self, slug: str, pause_s: float) -> float:
        """Waits until an ACD answers, asking for one caller: all thousand come once it does."""
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._retry_max_s)
            held = self._of(slug)
            if not held or await self._acd.answers(held[0].contact.contact_id):
                return pause_s

    def _of(self, slug: str) -> list[Waiting]:
        return [call for call in self._held.values() if call.contact.tenant == slug]

    # ---- contacts ----

    def open(self, contact: Contact) -> None:
        self.insist("OpenContact", contact, lambda: self._acd.open(contact), OPEN_PATIENCE_S)

    def close(self, contact: Contact, outcome: str, cause: str, at: datetime) -> None:
        """Told until it is heard: each contact is accounted for, also when the ACD is away meanwhile."""
        self.insist(
            "CloseContact",
            contact,
            lambda: self._acd.close_contact(contact, outcome, cause, at),
            self._close_patience_s,
        )

    async def agent_of(self, contact: Contact) -> str:
        with tenant.use(contact.tenant):
            return await self._acd.agent_of(contact.contact_id)

    # ---- in the background ----

    def insist(
        self, request: str, contact: Contact, ask: Callable[[], Awaitable[None]], patience_s: float
    ) -> None:
        """Asks in the background until answered, or `patience_s` seconds are over."""
        self.background(self._insisting(request, contact, ask, patience_s), request)

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs beside the calls; more than the limit at once is refused, logged and counted."""
        if len(self._tasks) >= self._limit:
            GIVEN_UP.labels(name).inc()
            log.error("background_full", request=name)
            work.close()
            return
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_failed", request=task.get_name(), exc_info=error)

    async def _insisting(
        self, request: str, contact: Contact, ask: Callable[[], Awaitable[None]], patience_s: float
    ) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        pause_s = RETRY_FIRST_S
        tenant.bind(contact.tenant)
        while True:
            try:
                return await ask()
            except Unavailable:
                if loop.time() + pause_s > deadline:
                    break
            except SwitchyardError as refused:
                log.warning(
                    "acd_refused", request=request, contact_id=contact.contact_id, detail=refused.sentence
                )
                return None
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MOST_S)
        GIVEN_UP.labels(request).inc()
        log.error("acd_not_told", request=request, contact_id=contact.contact_id)
        return None

    async def stop(self, within_s: float) -> None:
        """Finishes what is under way, for so long at most."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)
        rest = [*self._tasks, *self._watchers.values()]
        if self._tasks:
            log.error("requests_unfinished", count=len(self._tasks))
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
