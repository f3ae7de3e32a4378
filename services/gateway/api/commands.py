"""Commands that come over the socket: the same actions as in REST, the same checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.chassis.errors import Denied, Invalid
from services.gateway.api import forms, models, problems
from services.gateway.api.ports import Parts
from services.gateway.api.views import View
from services.gateway.domain import Identity, Permission
from services.gateway.engine.sessions import Outlet

Body = TypeVar("Body", bound=BaseModel)
Command = Callable[[Identity, str, dict[str, Any]], Awaitable[View]]


class Commands:
    """Of one connection."""

    def __init__(self, parts: Parts, outlet: Outlet) -> None:
        self._desk = parts.desk
        self._wallboard = parts.wallboard
        self._outlet = outlet
        work, watch = Permission.AGENT_WORK, Permission.WALLBOARD_WATCH
        self._table: dict[str, tuple[Permission, Command]] = {
            "presence": (work, self._presence),
            "answer": (work, self._answer),
            "reject": (work, self._reject),
            "hangup": (work, self._hang_up),
            "hold": (work, self._hold),
            "retrieve": (work, self._retrieve),
            "dtmf": (work, self._dtmf),
            "pause_recording": (work, self._pause_recording),
            "resume_recording": (work, self._resume_recording),
            "transfer": (work, self._transfer),
            "wrap_up": (work, self._wrap_up),
            "wallboard": (watch, self._watch),
        }

    async def run(self, who: Identity, kind: str, command_id: str, data: Any) -> View:
        """Carries one out; gives the reply's data. Raises SwitchyardError."""
        if kind not in self._table:
            raise Invalid("type", f"must be one of {', '.join(self._table)}, token, ping")
        permission, command = self._table[kind]
        if not who.may(permission):
            raise Denied(f"Your role, {who.role.value}, does not include {permission.value}.")
        if data is not None and not isinstance(data, dict):
            raise Invalid("data", "must be an object")
        return await command(who, command_id, dict(data or {}))

    async def _presence(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        body = _read(models.Presence, data)
        return await self._desk.presence(who, body, command_id)

    async def _answer(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        contact_id = _contact(data)
        body = _read(models.OfferAction, data)
        return await self._desk.answer(who, contact_id, body.offer_id or "", command_id)

    async def _reject(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        contact_id = _contact(data)
        body = _read(models.OfferAction, data)
        return await self._desk.reject(who, contact_id, body.offer_id or "", command_id)

    async def _hang_up(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        return await self._desk.hang_up(who, _contact(data), command_id)

    async def _hold(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        return await self._desk.hold(who, _contact(data), command_id)

    async def _retrieve(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        return await self._desk.retrieve(who, _contact(data), command_id)

    async def _pause_recording(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        return await self._desk.pause_recording(who, _contact(data), command_id)

    async def _resume_recording(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        return await self._desk.resume_recording(who, _contact(data), command_id)

    async def _dtmf(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        contact_id = _contact(data)
        return await self._desk.dtmf(who, contact_id, _read(models.Keys, data).keys, command_id)

    async def _transfer(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        contact_id = _contact(data)
        wanted = _read(models.Transfer, data)
        return await self._desk.transfer(who, contact_id, wanted.queue, wanted.to_agent_id, command_id)

    async def _wrap_up(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        contact_id = _contact(data)
        form = forms.wrap_up(_read(models.WrapUp, data))
        return await self._desk.wrap_up(who, contact_id, form, command_id)

    async def _watch(self, who: Identity, command_id: str, data: dict[str, Any]) -> View:
        subscribe = data.get("subscribe", True)
        if not isinstance(subscribe, bool):
            raise Invalid("subscribe", "must be true or false")
        change = self._wallboard.subscribe if subscribe else self._wallboard.unsubscribe
        change(who.tenant, self._outlet)
        return {"subscribed": subscribe}


def _read(kind: type[Body], data: dict[str, Any]) -> Body:
    try:
        return kind.model_validate(data)
    except ValidationError as problem:
        raise problems.from_validation(problem.errors(include_url=False)) from None


def _contact(data: dict[str, Any]) -> str:
    contact_id = data.pop("contact_id", None)
    if not isinstance(contact_id, str) or not 1 <= len(contact_id) <= 64:
        raise Invalid("contact_id", "is missing or not an id")
    return contact_id
