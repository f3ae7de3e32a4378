"""Who asks, and may they. A route cannot be added without saying what it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request

from services.chassis import tenant
from services.chassis.errors import Denied, Unauthenticated
from services.gateway.api.ports import Accounts
from services.gateway.domain import By, Identity, Permission

Handler = Callable[..., Awaitable[Any]]

PREFIX = "/api/v1"
OPEN = "none"  # what `x-permission` says of the few routes that anybody may call


class Routes:
    """A router on which every route declares its permission.

    The application's own: a router of ours, included, would have FastAPI work out every route twice.
    """

    def __init__(self, router: APIRouter, accounts: Accounts) -> None:
        self._router = router
        self._accounts = accounts

    def add(
        self,
        method: str,
        path: str,
        permission: Permission | None,
        *,
        status: int = 200,
        answers: type[BaseModel] | None = None,
        **options: Any,
    ) -> Callable[[Handler], Handler]:
        """Decorator; `permission` None: open to anybody. `answers` describes the answer in the OpenAPI;
        the answer itself is built by the views, and a test holds it to the description."""
        guards = [Depends(self._guard(permission))] if permission else []
        described: dict[int | str, dict[str, Any]] = {status: {"model": answers}} if answers else {}
        return self._router.api_route(
            PREFIX + path,
            methods=[method],
            status_code=status,
            dependencies=guards,
            response_model=None,
            openapi_extra={"x-permission": permission.value if permission else OPEN},
            responses=described,
            **options,
        )

    def _guard(self, permission: Permission) -> Callable[[Request], Awaitable[None]]:
        async def guard(request: Request) -> None:
            who = self._accounts.identify(_bearer(request))
            request.state.who = who
            tenant.bind(who.tenant)
            if not who.may(permission):
                raise Denied(f"Your role, {who.role.value}, does not include {permission.value}.")

        return guard


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Sign in first: the request has no access token.")
    return token.strip()


def _who(request: Request) -> Identity:
    who: Identity = request.state.who
    return who


def _by(request: Request) -> By:
    return By(_who(request), address_of(request))


def address_of(request: Request) -> str:
    """The client's address as the edge determined it (trusted proxies considered)."""
    return str(request.scope.get("switchyard.address", ""))


Who = Annotated[Identity, Depends(_who)]
Administrator = Annotated[By, Depends(_by)]
