"""Sign-in, renewal, sign-out, oneself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.chassis.errors import Denied, Unauthenticated
from services.gateway.api import models, views
from services.gateway.api.edge import origin_allowed
from services.gateway.api.guard import Routes, Who, address_of
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.config import GatewayConfig
from services.gateway.domain import Permission, SignedIn

COOKIE = "sy_refresh"
COOKIE_PATH = "/api/v1/session"  # sent nowhere else, so no other route can be tricked with it


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    accounts, config = parts.accounts, parts.config

    @routes.add("POST", "/session", None, tags=["session"], summary="Sign in")
    async def sign_in(body: models.SignIn, request: Request) -> Response:
        result = await accounts.sign_in(body.tenant, body.username, body.password, address_of(request))
        return _with_cookie(result, config)

    @routes.add("POST", "/session/refresh", None, tags=["session"], summary="Renew the sign-in")
    async def renew(request: Request, body: models.Renewal | None = None) -> Response:
        token = body.refresh_token if body else None
        if token is None:
            if not origin_allowed(request.scope, config):
                raise Denied("Another site's page cannot renew a sign-in.")
            token = request.cookies.get(COOKIE)
        if not token:
            raise Unauthenticated("Sign in first: there is no refresh token.")
        return _with_cookie(await accounts.renew(token), config)

    @routes.add("DELETE", "/session", Permission.SELF, status=204, tags=["session"], summary="Sign out")
    async def sign_out(who: Who) -> Response:
        try:
            await accounts.sign_out(who)
        finally:
            # Also while the database is away: at this gateway the sign-in is over.
            parts.hub.signed_out(who)
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, path=COOKIE_PATH)
        return answer

    @routes.add("GET", "/status", None, tags=["session"], summary="Which services are missing")
    async def status() -> Response:
        return Json({"tenant": config.gateway_tenant, "missing": parts.hub.missing})

    @routes.add("GET", "/me", Permission.SELF, tags=["session"], summary="Who am I")
    async def me(who: Who) -> Response:
        return Json({"user": views.identity(who)})

    @routes.add(
        "PUT",
        "/me/password",
        Permission.SELF,
        status=204,
        tags=["session"],
        summary="Change one's own password",
    )
    async def change_password(body: models.PasswordChange, who: Who) -> Response:
        await accounts.change_password(who, body.current, body.new)
        return Response(status_code=204)


def _with_cookie(result: SignedIn, config: GatewayConfig) -> Response:
    answer = Json(views.signed_in(result))
    answer.set_cookie(
        COOKIE,
        result.refresh_token,
        max_age=result.refresh_expires_in_s,
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=config.gateway_cookie_secure,
    )
    return answer
