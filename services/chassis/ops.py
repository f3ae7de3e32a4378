"""What an operator and Kubernetes ask of any service: /healthz, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.chassis.http import HttpServer


class Ops:
    """`checks` names what the service needs; /readyz answers 503 and names what is missing. `tells` is
    said there too, for people."""

    def __init__(
        self,
        listen: str,
        checks: Mapping[str, Callable[[], bool]],
        tells: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._checks = checks
        self._tells = tells
        self._accepting = True
        routes = [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]
        self._http = HttpServer(Starlette(routes=routes), listen)

    @property
    def port(self) -> int:
        return self._http.port

    async def start(self) -> None:
        await self._http.start()

    def drain(self) -> None:
        """From now on not ready: load balancers look elsewhere while work in progress finishes."""
        self._accepting = False

    async def stop(self) -> None:
        await self._http.stop(1.0)

    async def _healthz(self, _: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def _readyz(self, _: Request) -> Response:
        missing = [name for name, check in self._checks.items() if not check()]
        if not self._accepting:
            missing.append("draining")
        body = orjson.dumps({"ready": not missing, "missing": missing, **self._tells()})
        return Response(body, 503 if missing else 200, media_type="application/json")

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
