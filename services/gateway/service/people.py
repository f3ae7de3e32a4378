"""Users as administrators see them: created, imported, changed, disabled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.chassis.db import Connection
from services.chassis.errors import Conflict, Invalid, Stale
from services.gateway import bus as announcements
from services.gateway.api import models
from services.gateway.domain import AGENT_ROLES, AuditEntry, By, Role, User
from services.gateway.service.passwords import Passwords, check_imported
from services.gateway.service.settings import Settings
from services.gateway.store import Store, add_audit

HASHED_AT_ONCE = 50  # of an import: leaves room in the queue for people who sign in meanwhile


@dataclass(frozen=True, slots=True)
class Imported:
    """How many users an import created, changed, and left as they were."""

    created: int
    changed: int
    kept: int


class People:
    """All changes are audited in the transaction that makes them."""

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        settings: Settings,
        closed: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._settings = settings
        self._closed = closed  # told of each sign-in that ended, and why

    async def create(self, new: models.NewUser, by: By) -> User:
        """Raises Conflict when the name or the agent is taken, Invalid, Unavailable (ACD)."""
        _check(new, "")
        hashed = await self._hash(new, "")
        await self._put_agents({"": new})
        added = await self._store.put_users([(_user(new), hashed)], [], by, "user.created")
        return added[0]

    async def import_users(self, body: models.Import, by: By) -> Imported:
        """All or none. Agents first: a user without one could not work, the reverse does no harm."""
        names = [user.username for user in body.users]
        _check_doubles(names)
        for index, user in enumerate(body.users):
            _check(user, f"users.{index}.")
        taken = await self._store.existing(names)
        if taken and body.existing == "refuse":
            raise Conflict(f"There is a user {min(taken)!r} already.", field="users")
        new = [user for user in body.users if user.username not in taken]
        old = [user for user in body.users if user.username in taken]
        changed = [_user(user) for user in old] if body.existing == "change" else []
        hashes = await self._hash_all(body.users, new)
        put = body.users if changed else new
        paths = {user.username: f"users.{index}." for index, user in enumerate(body.users)}
        await self._put_agents({paths[user.username]: user for user in put})
        pairs = [(_user(user), hashed) for user, hashed in zip(new, hashes, strict=True)]
        await self._store.put_users(pairs, changed, by, "users.imported")
        return Imported(len(new), len(changed), len(old) - len(changed))

    async def change(self, user_id: str, body: models.ChangedUser, by: By) -> User:
        """Raises Stale when `revision` is not the present one. Another role or agent ends the sign-ins."""
        _check(body, "")
        before = await self._store.user(user_id)
        wanted = replace(
            before,
            name=body.name,
            role=body.role,
            agent_id=body.agent_id,
            extension=body.extension,
            department=body.department,
            revision=body.revision,
        )
        async with self._store.transaction() as connection:
            if before.role is Role.ADMINISTRATOR and body.role is not Role.ADMINISTRATOR:
                await self._not_the_last(connection, user_id)
            after = await self._store.change_user(connection, wanted)
            if after is None:
                raise Stale("Somebody changed this user meanwhile: read it again, then decide.")
            ended: list[str] = []
            if (before.role, before.agent_id) != (after.role, after.agent_id):
                ended = await self._end_sign_ins(connection, after)
            detail = body.model_dump(mode="json", exclude={"revision"})
            await add_audit(connection, by, AuditEntry("user.changed", after.username, detail))
        self._tell(ended)
        return after

    async def set_disabled(self, user_id: str, disabled: bool, by: By) -> User:
        """Disabling ends the sign-ins at once. Raises Conflict for oneself and the last administrator."""
        if disabled and user_id == by.identity.user_id:
            raise Conflict("You cannot disable yourself.")
        async with self._store.transaction() as connection:
            if disabled:
                await self._not_the_last(connection, user_id)
            user = await self._store.set_disabled(connection, user_id, disabled)
            ended = await self._end_sign_ins(connection, user) if disabled else []
            action = "user.disabled" if disabled else "user.enabled"
            await add_audit(connection, by, AuditEntry(action, user.username, {}))
        self._tell(ended)
        return user

    async def reset_password(self, user_id: str, new: str, by: By) -> None:
        """Ends the user's sign-ins. Raises NotFound, Invalid."""
        user = await self._store.user(user_id)
        hashed = await self._passwords.hash(new)
        async with self._store.transaction() as connection:
            await self._store.set_password(connection, user_id, hashed)
            ended = await self._end_sign_ins(connection, user)
            await add_audit(connection, by, AuditEntry("user.password_reset", user.username, {}))
        self._tell(ended)

    # ---------------------------------------------------------------- steps

    async def _end_sign_ins(self, connection: Connection, user: User) -> list[str]:
        ended = await self._store.revoke_user(connection, user.user_id, "revoked")
        for session_id in ended:
            event = announcements.session_closed(user.user_id, user.username, session_id, "revoked")
            await self._store.announce(connection, event)
        return ended

    def _tell(self, ended: Sequence[str]) -> None:
        for session_id in ended:
            self._closed(session_id, "revoked")

    async def _not_the_last(self, connection: Connection, user_id: str) -> None:
        if await self._store.other_administrators(connection, user_id) == 0:
            raise Conflict("This is the last administrator: make another one first.")

    async def _hash(self, user: models.NewUser, path: str) -> str:
        if user.password_hash is not None:
            check_imported(user.password_hash)
            return user.password_hash
        if user.password is None:
            raise Invalid(f"{path}password", "is missing")
        return await self._passwords.hash(user.password)

    async def _hash_all(
        self, everybody: Sequence[models.NewUser], new: Sequence[models.NewUser]
    ) -> list[str]:
        path = {user.username: f"users.{index}." for index, user in enumerate(everybody)}
        hashes: list[str] = []
        for start in range(0, len(new), HASHED_AT_ONCE):
            some = new[start : start + HASHED_AT_ONCE]
            hashes += await asyncio.gather(*(self._hash(user, path[user.username]) for user in some))
        return hashes

    async def _put_agents(self, users: dict[str, models.NewUser]) -> None:
        agents = {
            path: {
                "agent_id": user.agent_id,
                "name": user.name,
                "extension": user.extension,
                "queues": user.queues,
            }
            for path, user in users.items()
            if user.agent_id and user.queues is not None
        }
        if agents:
            await self._settings.import_agents(agents)


def _user(new: models.NewUser) -> User:
    return User(
        user_id="",
        tenant="",
        username=new.username,
        name=new.name,
        role=new.role,
        agent_id=new.agent_id,
        extension=new.extension,
        department=new.department,
    )


def _check(user: models.UserSettings, path: str) -> None:
    if user.agent_id and user.role not in AGENT_ROLES:
        allowed = ", ".join(sorted(AGENT_ROLES))
        raise Invalid(f"{path}agent_id", f"only these roles have a desk: {allowed}")


def _check_doubles(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise Invalid(f"users.{index}.username", f"{name!r} stands twice")
        seen.add(name)
