"""The HTTP application: all routes, one error mapping, the edge around them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route, WebSocketRoute

from services.gateway.api import (
    admin,
    callbacks,
    centre,
    customers,
    orders,
    phones,
    problems,
    recordings,
    session,
    supervision,
    work,
)
from services.gateway.api.console import Console
from services.gateway.api.edge import App, Edge, content_policy
from services.gateway.api.guard import PREFIX, Routes
from services.gateway.api.ports import Parts
from services.gateway.api.socket import AgentSocket

SOCKET = f"{PREFIX}/agent/socket"
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": f"{word}: an error with code, sentence, field, service"}
    for status, word in {
        400: "Wrong in itself",
        401: "Not signed in",
        403: "Not permitted",
        404: "No such thing",
        409: "Not in this state, or changed meanwhile (`stale`)",
        413: "Too large",
        429: "Too many",
        503: "A service is missing",
    }.items()
}


def build(parts: Parts) -> tuple[App, FastAPI]:
    """The application to serve, and the FastAPI inside (for its OpenAPI)."""
    app = FastAPI(
        title="Switchyard gateway",
        version="1",
        docs_url=None,  # the page would load its scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses=_ERRORS,
        separate_input_output_schemas=False,  # one document, both ways
        # FastAPI's own telemetry is off whatever the environment says: our metrics and log are the record,
        # and its exception events carry what our log hides.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    routes = Routes(app.router, parts.accounts)
    for module in (
        session,
        phones,
        work,
        customers,
        orders,
        centre,
        supervision,
        callbacks,
        recordings,
        admin,
    ):
        module.add(routes, parts)
    _every_route_declares(app)
    problems.install(app)
    app.router.routes.append(WebSocketRoute(SOCKET, AgentSocket(parts).serve))
    answering = phones.Directory(parts)
    app.router.routes.append(Route(phones.DIRECTORY, answering.serve, methods=["POST"]))
    config = parts.config
    console = Console(config.gateway_console_dir, lambda nonce: content_policy(config, nonce))
    app.router.routes.append(Route("/{path:path}", console.serve, methods=["GET"]))
    return Edge(app, parts.config), app


def _every_route_declares(app: FastAPI) -> None:
    """A route without a permission would be open to the world: then better no gateway at all."""
    for route in app.router.routes:
        if isinstance(route, APIRoute) and "x-permission" not in (route.openapi_extra or {}):
            raise AssertionError(f"{route} declares no permission")
