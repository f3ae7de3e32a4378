"""An ACD and a CRM that do as they are told, on real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from services.chassis.errors import Conflict, Full, NotFound, Unavailable
from services.chassis.rpc import Server
from services.stubs.acd.v1 import acd_pb2, acd_pb2_grpc
from services.stubs.crm.v1 import crm_pb2, crm_pb2_grpc


class FakeAcd(acd_pb2_grpc.AcdServicer):
    """Remembers what it was asked. Killing and restarting it forgets who waits, as a real one may."""

    def __init__(self) -> None:
        self.opened: list[acd_pb2.OpenContactRequest] = []
        self.enqueued: list[acd_pb2.EnqueueRequest] = []
        self.withdrawn: list[acd_pb2.WithdrawRequest] = []
        self.closed: list[acd_pb2.CloseContactRequest] = []
        self.waiting: dict[str, acd_pb2.EnqueueRequest] = {}
        self.placed: set[str] = set()
        """Whose caller's IVR has been sent the place: news from now on is newer."""
        self.answered: set[str] = set()
        self.known_queues = {"sales", "support"}
        self.full = False
        self.overflows: dict[str, acd_pb2.Overflowed] = {}
        """What a queue answers instead of a place."""
        self.instead: dict[str, str] = {}
        """Queue asked for → queue that takes the contact."""
        self.expected_wait_ms: int | None = None
        """On entering; None: nobody is there to serve."""
        self.waiting_flow: dict[str, str] = {}
        """Queue → the flow that its settings name."""
        self.port = 0
        self.changed = asyncio.Condition()
        self._streams: dict[str, asyncio.Queue[acd_pb2.ContactUpdate]] = {}
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = Server(f"127.0.0.1:{self.port}", service="acd")
        self._server.add(acd_pb2_grpc.add_AcdServicer_to_server, self)
        await self._server.start()
        self.port = self._server.port

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(0)
            self._server = None
        self.waiting.clear()
        self._streams.clear()

    async def until(self, condition: Any, within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(condition)

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def news(self, update: acd_pb2.ContactUpdate) -> None:
        """To whoever holds the contact, at once or when its stream stands: it may come after the contact."""
        holder = self.waiting[update.contact_id].holder
        self._streams.setdefault(holder, asyncio.Queue()).put_nowait(update)

    def place(self, contact_id: str, position: int, expected_wait_ms: int | None, queue: str = "") -> None:
        """Where the contact stands now, and how long it will take as far as anybody knows."""
        flow = self.waiting_flow.get(queue or self.waiting[contact_id].queue, "")
        where = acd_pb2.ContactUpdate.Place(
            position=position, expected_wait_ms=expected_wait_ms, queue=queue, waiting_flow=flow
        )
        self.news(acd_pb2.ContactUpdate(contact_id=contact_id, place=where))

    def expel(self, contact_id: str, reason: str, what: acd_pb2.Overflow | None = None) -> None:
        """The contact waits no more; its holder is told why, and what the queue's settings want."""
        expelled = acd_pb2.ContactUpdate.Expelled(reason=reason, what=what)
        self.news(acd_pb2.ContactUpdate(contact_id=contact_id, expelled=expelled))
        del self.waiting[contact_id]

    async def OpenContact(self, request: Any, context: Any) -> acd_pb2.OpenContactResponse:
        self.opened.append(request)
        await self._note()
        return acd_pb2.OpenContactResponse()

    async def Enqueue(self, request: Any, context: Any) -> acd_pb2.EnqueueResponse:
        self.enqueued.append(request)
        if request.queue not in self.known_queues:
            raise NotFound("queue", request.queue)
        if self.full:
            raise Full("The queue is full.")
        contact_id = request.contact.contact_id
        if contact_id in self.answered:
            return acd_pb2.EnqueueResponse(already_answered=True)
        if request.queue in self.overflows:
            await self._note()
            return acd_pb2.EnqueueResponse(overflowed=self.overflows[request.queue])
        self.waiting[contact_id] = request
        context.add_done_callback(lambda _: self.placed.add(contact_id))
        await self._note()
        queue = self.instead.get(request.queue, request.queue)
        return acd_pb2.EnqueueResponse(
            position=len(self.waiting),
            enqueued_at=request.enqueued_at,
            queue=queue,
            expected_wait_ms=self.expected_wait_ms,
            waiting_flow=self.waiting_flow.get(queue, ""),
        )

    async def Withdraw(self, request: Any, context: Any) -> acd_pb2.WithdrawResponse:
        self.withdrawn.append(request)
        await self._note()
        if request.contact_id in self.answered:
            raise Conflict("An agent has answered.")
        if self.waiting.pop(request.contact_id, None) is None:
            raise NotFound("contact", request.contact_id)
        return acd_pb2.WithdrawResponse()

    async def CloseContact(self, request: Any, context: Any) -> acd_pb2.CloseContactResponse:
        self.closed.append(request)
        self.waiting.pop(request.contact.contact_id, None)
        await self._note()
        return acd_pb2.CloseContactResponse(outcome=request.outcome)

    async def GetContact(self, request: Any, context: Any) -> acd_pb2.Contact:
        return acd_pb2.Contact(contact_id=request.contact_id, agent_id="agent-7")

    async def WatchContacts(self, request: Any, context: Any) -> AsyncIterator[acd_pb2.ContactUpdate]:
        queue = self._streams.setdefault(request.holder, asyncio.Queue())
        await self._note()
        while True:
            update = await queue.get()
            if update.HasField("place") and request.places_together:
                one = acd_pb2.ContactUpdate.PlaceOf(contact_id=update.contact_id, place=update.place)
                update = acd_pb2.ContactUpdate(places=acd_pb2.ContactUpdate.Places(places=[one]))
            yield update


class FakeCrm(crm_pb2_grpc.CrmServicer):
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.callers: dict[str, crm_pb2.IdentifyResponse] = {}
        self.down = False
        self.stuck = False
        self.port = 0
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = Server("127.0.0.1:0", service="crm")
        self._server.add(crm_pb2_grpc.add_CrmServicer_to_server, self)
        await self._server.start()
        self.port = self._server.port

    async def stop(self) -> None:
        if self._server:
            await self._server.stop(0)

    async def Identify(self, request: Any, context: Any) -> crm_pb2.IdentifyResponse:
        self.asked.append(request.number)
        if self.down:
            raise Unavailable("database")
        if self.stuck:
            await asyncio.sleep(60)
        return self.callers.get(request.number, crm_pb2.IdentifyResponse(number=request.number))
