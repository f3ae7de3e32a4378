"""Telephones: the page's own, desk phones' passwords, and what switches ask (mod_xml_curl)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from services.chassis.errors import Invalid, SwitchyardError, Unauthenticated
from services.gateway.api import answers, models, problems, views
from services.gateway.api.guard import PREFIX, Administrator, Routes, Who, address_of
from services.gateway.api.ports import Parts
from services.gateway.api.problems import Json
from services.gateway.domain import Permission
from services.gateway.engine import directory

DIRECTORY = f"{PREFIX}/switch/directory"
ASKED_BYTES = 65_536  # a switch sends all variables of the call with its question: some 10 kB
ASKED_FIELDS = 2_000
SWITCH = "switch"  # the user name of HTTP Basic; the secret is what counts
AGENT, WRITE = Permission.AGENT_WORK, Permission.USERS_WRITE


def add(routes: Routes, parts: Parts) -> None:
    """Adds these routes."""
    phones = parts.phones

    @routes.add("GET", "/me/phone", AGENT, answers=answers.PhoneAvailable, tags=["phone"])
    async def available(who: Who) -> Response:
        return Json({"available": phones.available(who.tenant)})

    @routes.add("POST", "/me/phone", AGENT, answers=answers.PhoneOpened, tags=["phone"])
    async def open_phone(body: models.OpenPhone, who: Who) -> Response:
        given = await phones.open(who, body.with_desk)
        return Json(
            {
                "user": given.sip_user,
                "domain": given.domain,
                "url": given.url,
                "password": given.password,
                "expires_at": views.moment(given.expires_at),
                "expires_in_s": given.expires_in_s,
                "registration_s": given.registration_s,
            }
        )

    @routes.add("DELETE", "/me/phone", AGENT, status=204, tags=["phone"])
    async def close_phone(who: Who) -> Response:
        await phones.close(who)
        return Response(status_code=204)

    @routes.add("PUT", "/admin/users/{user_id}/phone-password", WRITE, status=204, tags=["administration"])
    async def set_password(user_id: models.Uuid, body: models.PhonePassword, by: Administrator) -> Response:
        await phones.set_desk_password(user_id, body.new, by)
        return Response(status_code=204)

    @routes.add("DELETE", "/admin/users/{user_id}/phone-password", WRITE, status=204, tags=["administration"])
    async def remove_password(user_id: models.Uuid, by: Administrator) -> Response:
        await phones.remove_desk_password(user_id, by)
        return Response(status_code=204)


class Directory:
    """The endpoint of mod_xml_curl: form in, XML out. Not in the OpenAPI: no person calls it."""

    def __init__(self, parts: Parts) -> None:
        self._phones = parts.phones

    async def serve(self, request: Request) -> Response:
        """POST only; the route says so. Anything but 200 sends the switch to its own files."""
        try:
            self._phones.admit(_secret(request), address_of(request))
            asked = _form(await _read(request))
        except SwitchyardError as error:
            return problems.answer(error)
        entry = None
        if asked.get("section") == "directory":
            entry = await self._phones.entry(asked.get("user", ""), asked.get("domain", ""))
        answer = directory.found(entry) if entry else directory.not_found()
        return Response(answer, media_type="text/xml")


def _secret(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    user, _, secret = pair.partition(":")
    if user != SWITCH:
        raise Unauthenticated("A switch asks here with its secret.")
    return secret


async def _read(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > ASKED_BYTES:
            raise Invalid("body", f"has more than {ASKED_BYTES} bytes")
    return body


def _form(body: bytes) -> dict[str, str]:
    """The first value of each field: a second one, smuggled in, does not count."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=ASKED_FIELDS, errors="strict")
    except ValueError:
        raise Invalid("body", "is not a form") from None
    return {name: values[0] for name, values in fields.items()}
