"""gRPC, both ends: deadlines on every call, the tenant in the metadata, errors mapped in one place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from services.chassis import errors, metrics, tenant

log = structlog.get_logger()

Stub = TypeVar("Stub")
Request = TypeVar("Request")
Response = TypeVar("Response")

LONGEST_CALL_S = 30.0  # bound for a unary call whose client set no deadline
ATTEMPTS = 3
FIELD_KEY = "switchyard-field"
ERROR_KEY = "switchyard-error"

_STATUS: dict[type[errors.SwitchyardError], grpc.StatusCode] = {
    errors.Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Stale: grpc.StatusCode.ABORTED,
    errors.Full: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Denied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.Internal: grpc.StatusCode.INTERNAL,
}
_ERROR = {status: kind for kind, status in _STATUS.items()}

_OPTIONS = [
    # A restarted peer is found again within this, not after gRPC's usual two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A peer whose process is stopped or whose machine is gone ends no TCP connection: streams to it are
    # broken after 5 s, also those on which nothing has been said for long. (The time-out that counts is the
    # ping's, a minute by default, not keepalive's.)
    ("grpc.keepalive_time_ms", 3_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.http2.ping_timeout_ms", 2_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),  # retries are ours, and only where safe
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
]
_SERVER_OPTIONS = [
    *_OPTIONS,
    ("grpc.so_reuseport", 0),  # two processes on one port would each get half the calls
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
]

# ---------------------------------------------------------------- server


class Server:
    """A gRPC server with the standard health service. `listen` is host:port; port 0 takes a free one."""

    def __init__(self, listen: str, *, service: str) -> None:
        self._listen = listen
        self._service = service
        self._server = aio.server(interceptors=[_Edge()], options=_SERVER_OPTIONS)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = 0

    def add(self, adder: Callable[[Any, Any], None], servicer: object) -> None:
        """Adds a servicer by its generated `add_…Servicer_to_server`."""
        adder(servicer, self._server)

    async def start(self) -> None:
        """Listens; raises Invalid naming the address when it cannot be used."""
        try:
            self.port = self._server.add_insecure_port(self._listen)
        except RuntimeError:
            raise errors.Invalid("grpc_listen", f"cannot use {self._listen}: taken?") from None
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, drain_s: float = 5.0) -> None:
        """Refuses new calls and lets those in progress finish, for so long at most."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(drain_s)


class _Edge(aio.ServerInterceptor):
    """What stands between the wire and a servicer's method."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        method = handler_call_details.method
        if method not in self._wrapped:
            handler = await continuation(handler_call_details)
            if handler is None or method.startswith("/grpc.health."):
                return handler  # unknown methods are not kept: a stranger could fill the memory
            self._wrapped[method] = _wrap(handler, method.rpartition("/")[2])
        return self._wrapped[method]


def _wrap(handler: Any, name: str) -> Any:
    if handler.unary_unary is not None:
        return grpc.unary_unary_rpc_method_handler(
            _unary(handler.unary_unary, name),
            handler.request_deserializer,
            handler.response_serializer,
        )
    if handler.unary_stream is not None:
        return grpc.unary_stream_rpc_method_handler(
            _streaming(handler.unary_stream, name),
            handler.request_deserializer,
            handler.response_serializer,
        )
    return handler


def _unary(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def serve(request: Any, context: Any) -> Any:
        started = time.perf_counter()
        code = "ok"
        try:
            tenant.bind(_tenant_of(context))
            async with asyncio.timeout(min(context.time_remaining() or LONGEST_CALL_S, LONGEST_CALL_S)):
                return await method(request, context)
        except asyncio.CancelledError:
            code = "cancelled"
            raise
        except Exception as problem:
            error = _as_error(problem, name)
            code = error.code
            await _abort(context, error)
        finally:
            metrics.RPC_SERVED.labels(name, code).observe(time.perf_counter() - started)

    return serve


def _streaming(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def serve(request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            tenant.bind(_tenant_of(context))
            async for item in method(request, context):
                yield item
        except Exception as problem:
            await _abort(context, _as_error(problem, name))

    return serve


def _tenant_of(context: Any) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == tenant.METADATA_KEY:
            return tenant.check(value)
    raise errors.Invalid("tenant", f"the call lacks the metadata key {tenant.METADATA_KEY}")


def _as_error(problem: Exception, name: str) -> errors.SwitchyardError:
    if isinstance(problem, errors.SwitchyardError):
        return problem
    if isinstance(problem, TimeoutError):
        return errors.Unavailable("", f"{name} did not finish in time.")
    log.error("rpc_failed", method=name, exc_info=problem)
    return errors.Internal(f"{name} failed by a defect of ours; the log has the details.")


async def _abort(context: Any, error: errors.SwitchyardError) -> None:
    status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
    trailing = ((ERROR_KEY, error.code), (FIELD_KEY, _ascii(error.field)))
    await context.abort(status, error.sentence, trailing)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


# ---------------------------------------------------------------- client


Metadata = tuple[tuple[str, str], ...]

_DOWN = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)


class Client(Generic[Stub]):
    """A connection to one service. `client.call(client.stub.Method, request)`.

    `address` may be several with commas, all equally good: the first that answers is kept to.
    """

    def __init__(
        self,
        address: str,
        stub: Callable[[aio.Channel], Stub],
        *,
        service: str,
        timeout_s: float = 2.0,
        metadata: Metadata = (),
    ) -> None:
        addresses = [part.strip() for part in address.split(",")]
        self._channels = [aio.insecure_channel(each, options=_OPTIONS) for each in addresses]
        self._stubs = [stub(channel) for channel in self._channels]
        self._present = 0
        self._service = service
        self._timeout_s = timeout_s
        self._more = metadata
        self.stub: Stub = self._stubs[0]
        self._names = {id(method): name for name, method in vars(self.stub).items()}

    async def call(
        self,
        method: aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout_s: float | None = None,
        retry: bool = False,
    ) -> Response:
        """Calls; raises a SwitchyardError. `retry` only where doing it twice does what once does."""
        within_s = timeout_s or self._timeout_s
        if not retry:
            return await self._once(method, request, within_s)
        trying = AsyncRetrying(
            retry=retry_if_exception_type(errors.Unavailable),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(within_s),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
            reraise=True,
        )
        return await trying(self._once, method, request, within_s)

    async def _once(
        self,
        method: aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float,
    ) -> Response:
        started = time.perf_counter()
        code = "ok"
        try:
            response: Response = await self._first_that_answers(method, request, timeout_s)
            return response
        except aio.AioRpcError as refused:
            error = _from_status(refused, self._service)
            code = error.code
            raise error from None
        finally:
            metrics.RPC_CALLED.labels(self._service, code).observe(time.perf_counter() - started)

    async def _first_that_answers(self, method: Any, request: Any, timeout_s: float) -> Any:
        """Tries the next address where the connection failed before anything can have been sent."""
        deadline = time.monotonic() + timeout_s
        for tries_left in reversed(range(len(self._channels))):
            place = self._choose()
            stood = self._state(place) is grpc.ChannelConnectivity.READY
            within_s = max(deadline - time.monotonic(), 0.001)
            try:
                return await self._at(place, method)(request, timeout=within_s, metadata=self._metadata())
            except aio.AioRpcError as refused:
                if not self._away(place, refused) or stood or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _choose(self) -> int:
        """The present address, or the next that is not known to be down."""
        count = len(self._channels)
        for place in ((self._present + step) % count for step in range(count)):
            if self._state(place) not in _DOWN:
                self._present = place
                break
        return self._present

    def _away(self, place: int, refused: aio.AioRpcError) -> bool:
        """Whether it was the connection that failed. Who is away in whatever way is not asked next time."""
        if refused.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return False
        if place == self._present:
            self._present = (place + 1) % len(self._channels)
        ours = any(key == ERROR_KEY for key, _ in refused.trailing_metadata() or ())
        return refused.code() is grpc.StatusCode.UNAVAILABLE and not ours

    def _state(self, place: int) -> grpc.ChannelConnectivity:
        return self._channels[place].get_state(try_to_connect=True)

    def _at(self, place: int, method: Any) -> Any:
        """The same method at another address."""
        return getattr(self._stubs[place], self._names[id(method)]) if place else method

    def _metadata(self) -> Metadata:
        return ((tenant.METADATA_KEY, tenant.current()), *self._more)

    async def stream(
        self, method: aio.UnaryStreamMultiCallable[Request, Response], request: Request
    ) -> AsyncIterator[Response]:
        """The items of a server's stream; raises a SwitchyardError when it breaks."""
        place = self._choose()
        try:
            async for item in self._at(place, method)(request, metadata=self._metadata()):
                yield item
        except aio.AioRpcError as broken:
            self._away(place, broken)
            raise _from_status(broken, self._service) from None

    @property
    def reachable(self) -> bool:
        """Whether the connection stands or has not been tried; asks for it to be made."""
        up = (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE)
        return any(self._state(place) in up for place in range(len(self._channels)))

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels))


def _from_status(refused: aio.AioRpcError, service: str) -> errors.SwitchyardError:
    status = refused.code()
    sentence = refused.details() or ""
    trailing = {key: str(value) for key, value in refused.trailing_metadata() or ()}
    ours = ERROR_KEY in trailing
    if status == grpc.StatusCode.INVALID_ARGUMENT:
        field = trailing.get(FIELD_KEY, "")
        return errors.Invalid(field, sentence.removeprefix(f"{field}: "))
    kind = _ERROR.get(status)
    if kind is errors.Unavailable or kind is None or not ours:
        return errors.Unavailable(service, sentence if ours and sentence else "")
    error = kind.__new__(kind)
    errors.SwitchyardError.__init__(error, sentence, field=trailing.get(FIELD_KEY, ""), service=service)
    return error
