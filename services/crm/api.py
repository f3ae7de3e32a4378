"""gRPC: translates between the contract's words and ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis import clock
from services.chassis.clock import from_timestamp, to_timestamp
from services.chassis.errors import Invalid
from services.crm.domain import (
    Block,
    Caller,
    Customer,
    CustomerDraft,
    Entry,
    ScreenPop,
    Segment,
    checks,
    numbers,
)
from services.stubs.common.v1 import types_pb2
from services.stubs.crm.v1 import crm_pb2 as pb
from services.stubs.crm.v1 import crm_pb2_grpc


class Crm(Protocol):
    """What this door asks of the house."""

    async def identify(self, raw: str) -> Caller: ...
    async def screen_pop(self, raw: str, customer_id: str) -> ScreenPop: ...
    async def put(self, draft: CustomerDraft) -> Customer: ...
    async def get(self, customer_id: str) -> Customer: ...
    async def search(self, text: str, limit: int) -> Sequence[Customer]: ...
    async def timeline(self, customer_id: str, before: datetime | None, limit: int) -> Sequence[Entry]: ...
    async def contact(self, contact_id: str, before: datetime | None, limit: int) -> Sequence[Entry]: ...
    async def block(self, block: Block) -> None: ...
    async def unblock(self, number: str) -> None: ...
    async def blocked(self, limit: int) -> Sequence[Block]: ...
    async def put_segment(self, segment: Segment) -> Segment: ...
    async def remove_segment(self, prefix: str) -> None: ...
    async def segments(self) -> Sequence[Segment]: ...


class Api(crm_pb2_grpc.CrmServicer):
    """The Crm RPCs. Errors pass through; the chassis maps them."""

    def __init__(self, service: Crm, *, region: str) -> None:
        self._service = service
        self._region = region

    async def Identify(self, request: pb.IdentifyRequest, context: object) -> pb.IdentifyResponse:
        return _caller_message(await self._service.identify(request.number))

    async def ScreenPop(self, request: pb.ScreenPopRequest, context: object) -> pb.ScreenPopResponse:
        customer_id = checks.identifier("customer_id", request.customer_id)
        pop = await self._service.screen_pop(request.number, customer_id)
        return pb.ScreenPopResponse(
            caller=_caller_message(pop.caller),
            customer=None if pop.customer is None else _customer_message(pop.customer),
            recent=[_entry_message(entry) for entry in pop.recent],
        )

    async def PutCustomer(self, request: pb.Customer, context: object) -> pb.Customer:
        draft = checks.draft(
            region=self._region,
            customer_id=request.customer_id,
            revision=request.revision,
            name=request.name,
            organisation=request.organisation,
            numbers_=request.numbers,
            accounts=request.accounts,
            email=request.email,
            level=request.level,
            language=request.language,
            tags=request.tags,
            notes=request.notes,
        )
        return _customer_message(await self._service.put(draft))

    async def GetCustomer(self, request: pb.GetCustomerRequest, context: object) -> pb.Customer:
        customer_id = checks.identifier("customer_id", request.customer_id, required=True)
        return _customer_message(await self._service.get(customer_id))

    async def SearchCustomers(
        self, request: pb.SearchCustomersRequest, context: object
    ) -> pb.SearchCustomersResponse:
        limit = checks.limit(request.limit, most=100, default=20)
        found = await self._service.search(checks.search(request.text), limit)
        return pb.SearchCustomersResponse(customers=[_customer_message(customer) for customer in found])

    async def ListTimeline(self, request: pb.ListTimelineRequest, context: object) -> pb.ListTimelineResponse:
        customer_id = checks.identifier("customer_id", request.customer_id)
        contact_id = checks.identifier("contact_id", request.contact_id)
        limit = checks.limit(request.limit, most=200, default=50)
        before = _moment("before", request.before) if request.HasField("before") else None
        if bool(customer_id) == bool(contact_id):
            raise Invalid("customer_id", "and contact_id: give exactly one of the two")
        if customer_id:
            entries = await self._service.timeline(customer_id, before, limit)
        else:
            entries = await self._service.contact(contact_id, before, limit)
        return pb.ListTimelineResponse(entries=[_entry_message(entry) for entry in entries])

    async def BlockNumber(self, request: pb.BlockNumberRequest, context: object) -> pb.BlockNumberResponse:
        block = checks.block(
            number=request.number,
            reason=request.reason,
            expires_at=_moment("expires_at", request.expires_at) if request.HasField("expires_at") else None,
            now=clock.from_ms(clock.now_ms()),
            region=self._region,
        )
        await self._service.block(block)
        return pb.BlockNumberResponse()

    async def UnblockNumber(
        self, request: pb.UnblockNumberRequest, context: object
    ) -> pb.UnblockNumberResponse:
        await self._service.unblock(numbers.typed("number", request.number, self._region))
        return pb.UnblockNumberResponse()

    async def ListBlockedNumbers(
        self, request: pb.ListBlockedNumbersRequest, context: object
    ) -> pb.ListBlockedNumbersResponse:
        blocked = await self._service.blocked(checks.limit(request.limit, most=200, default=50))
        return pb.ListBlockedNumbersResponse(numbers=[_block_message(block) for block in blocked])

    async def PutNumberSegment(self, request: pb.NumberSegment, context: object) -> pb.NumberSegment:
        segment = checks.segment(
            prefix=request.prefix, segment_=request.segment, department=request.department
        )
        return _segment_message(await self._service.put_segment(segment))

    async def RemoveNumberSegment(
        self, request: pb.RemoveNumberSegmentRequest, context: object
    ) -> pb.RemoveNumberSegmentResponse:
        await self._service.remove_segment(numbers.prefix("prefix", request.prefix))
        return pb.RemoveNumberSegmentResponse()

    async def ListNumberSegments(
        self, request: pb.ListNumberSegmentsRequest, context: object
    ) -> pb.ListNumberSegmentsResponse:
        segments = await self._service.segments()
        return pb.ListNumberSegmentsResponse(segments=[_segment_message(segment) for segment in segments])


def _moment(field: str, stamp: Timestamp) -> datetime:
    try:
        return from_timestamp(stamp)
    except OverflowError:
        raise Invalid(field, "is no moment of this calendar; send a UTC timestamp") from None


def _caller_message(caller: Caller) -> pb.IdentifyResponse:
    known = caller.known
    return pb.IdentifyResponse(
        number=known.number,
        customer_id=known.customer_id,
        name=known.name,
        level=known.level,
        blocked=caller.blocked,
        blocked_reason=(known.blocked_reason or "") if caller.blocked else "",
        language=known.language,
        segment=known.segment,
        department=known.department,
    )


def _customer_message(customer: Customer) -> pb.Customer:
    return pb.Customer(
        customer_id=customer.customer_id,
        name=customer.name,
        organisation=customer.organisation,
        numbers=customer.numbers,
        accounts=customer.accounts,
        email=customer.email,
        level=customer.level,
        language=customer.language,
        tags=customer.tags,
        notes=customer.notes,
        revision=customer.revision,
        created_at=to_timestamp(customer.created_at),
        changed_at=to_timestamp(customer.changed_at),
    )


def _entry_message(entry: Entry) -> pb.TimelineEntry:
    channel = f"CHANNEL_{entry.channel.upper()}"
    known = channel in types_pb2.Channel.keys()  # noqa: SIM118 (no dict: it has no __contains__)
    return pb.TimelineEntry(
        entry_id=entry.entry_id,
        at=to_timestamp(entry.at),
        kind=entry.kind,
        channel=types_pb2.Channel.Value(channel) if known else types_pb2.CHANNEL_UNSPECIFIED,
        contact_id=entry.contact_id,
        agent_id=entry.agent_id,
        title=entry.title,
        data_json=entry.data,
    )


def _block_message(block: Block) -> pb.BlockedNumber:
    return pb.BlockedNumber(
        number=block.number,
        reason=block.reason,
        blocked_at=to_timestamp(block.blocked_at),
        expires_at=None if block.expires_at is None else to_timestamp(block.expires_at),
    )


def _segment_message(segment: Segment) -> pb.NumberSegment:
    return pb.NumberSegment(prefix=segment.prefix, segment=segment.segment, department=segment.department)
