"""What stands around every request: size, time, security headers, the access log. Plain ASGI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from prometheus_client import Histogram

from services.chassis import metrics
from services.chassis.errors import Unavailable
from services.gateway.api import problems
from services.gateway.config import GatewayConfig

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()

REQUESTS = Histogram(
    "switchyard_gateway_request_seconds",
    "Time to answer a request.",
    ["method", "status"],
    buckets=metrics.SECONDS,
)

DRAIN_BYTES = 32 * 1024 * 1024  # of a refused body thrown away unread, so that the refusal arrives
DRAIN_S = 3.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Edge:
    """Wraps the whole application."""

    def __init__(self, app: App, config: GatewayConfig) -> None:
        self._app = app
        self._config = config
        self._headers = _security_headers(config)
        self._trusted = frozenset(config.gateway_trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        scope["switchyard.address"] = self._address(scope)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        # What the API says is for this person now; a shared cache must not keep it.
        private = [(b"cache-control", b"no-store")] if scope["path"].startswith("/api/") else []
        reply = _Reply(send, self._headers + private)
        try:
            if _length(scope) > self._config.gateway_body_bytes:
                await self._refuse(scope, receive, reply)
            else:
                bounded = _Bounded(receive, self._config.gateway_body_bytes)
                async with asyncio.timeout(self._config.gateway_request_s):
                    await self._app(scope, bounded, reply)
        except TimeoutError:
            log.warning("request_timed_out", path=scope["path"])
            if not reply.status:
                slow = Unavailable("gateway", "The request took too long.")
                await problems.answer(slow)(scope, receive, reply)
        except Exception:
            log.exception("request_failed", path=scope["path"])
            if not reply.status:
                await problems.defect()(scope, receive, reply)
        finally:
            self._note(scope, reply.status, time.perf_counter() - started)

    async def _refuse(self, scope: Scope, receive: Receive, reply: _Reply) -> None:
        """Answers before the body is read. Closing with unread data would reset the connection and the
        client might never see the answer, so what is on its way is thrown away for a moment."""
        limit = self._config.gateway_body_bytes
        sentence = f"The request is larger than {limit} bytes."
        refusal = problems.plain(413, "too_large", sentence)
        refusal.headers["Connection"] = "close"
        await reply({"type": "http.response.start", "status": 413, "headers": refusal.raw_headers})
        await reply({"type": "http.response.body", "body": refusal.body, "more_body": True})
        drained = 0
        try:
            async with asyncio.timeout(DRAIN_S):
                while drained < DRAIN_BYTES:
                    message = await receive()
                    drained += len(message.get("body", b""))
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            pass
        await reply({"type": "http.response.body", "body": b""})

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        REQUESTS.labels(method, status).observe(took_s)
        who = scope.get("state", {}).get("who")
        log.info(
            "request",
            method=method,
            path=scope["path"][:200],
            status=status,
            took_ms=round(took_s * 1000, 1),
            address=scope["switchyard.address"],
            user_id=who.user_id if who else None,
        )

    def _address(self, scope: Scope) -> str:
        """The last hop that is not one of our own proxies."""
        client = scope.get("client")
        address = client[0] if client else ""
        if address not in self._trusted:
            return address
        hops = _header(scope, b"x-forwarded-for").split(",")
        outside = [hop.strip() for hop in hops if hop.strip() and hop.strip() not in self._trusted]
        return outside[-1][:64] if outside else address


class _Reply:
    """Adds the security headers and remembers the status. 0: nothing was sent yet."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", ()))
            said = {name for name, _ in own}  # the console's page has a policy of its own
            message["headers"] = own + [header for header in self._headers if header[0] not in said]
        await self._send(message)


class _Bounded:
    """Counts a body that did not say its length."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise problems.TooLarge(self._limit)
        return message


def _length(scope: Scope) -> int:
    text = _header(scope, b"content-length")
    return int(text) if text.isdigit() else 0


def _header(scope: Scope, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return ""


def content_policy(config: GatewayConfig, nonce: str = "") -> str:
    """What a page may load and do: only what comes from here. Styles made at run time need the nonce.

    Attributes are let through: a text area measures itself by one, and each can only dress its element.
    """
    phone = (config.gateway_phone_url,) if config.gateway_phone_url else ()
    connect = " ".join(("'self'", *phone, *config.gateway_connect_to))
    styles = f"'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'" if nonce else "'self'"
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src {connect}",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            f"style-src {styles}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _security_headers(config: GatewayConfig) -> list[tuple[bytes, bytes]]:
    headers = [
        ("content-security-policy", content_policy(config)),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", "microphone=(self), camera=(), geolocation=()"),
        ("cross-origin-opener-policy", "same-origin"),
    ]
    if config.gateway_cookie_secure:
        headers.append(("strict-transport-security", "max-age=31536000"))
    return [(name.encode(), value.encode()) for name, value in headers]


def origin_allowed(scope: Scope, config: GatewayConfig) -> bool:
    """Programs send no Origin; a browser's page must be ours or a configured one."""
    origin = _header(scope, b"origin")
    if not origin or origin in config.gateway_origins:
        return True
    _, _, host = origin.partition("://")
    # By host and port, not by scheme: a proxy that ends TLS hides it from us.
    return bool(host) and host.lower() == _header(scope, b"host").lower()
