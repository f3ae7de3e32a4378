"""PostgreSQL: users, sign-ins, audit, kept work orders. Translates rows; decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from google.protobuf.message import Message

from services.chassis import outbox
from services.chassis.db import Connection, Database, load_queries
from services.chassis.errors import Conflict, NotFound
from services.chassis.ids import is_id, new_id
from services.gateway.domain import AuditEntry, By, Identity, Role, User
from services.gateway.engine.refresh import Refresh

SERVICE = "gateway"
QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
MIGRATIONS = Path(__file__).with_name("migrations")
SESSIONS_PER_USER = 10  # more open sign-ins of one person are a program that forgets to sign out


class Store:
    """All the gateway's SQL. A method without a Connection is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction of the current tenant, for several steps that belong together."""
        async with self._database.tenant() as connection:
            yield connection

    # ---------------------------------------------------------------- users

    async def credentials(self, username: str) -> tuple[User, str] | None:
        """A user and the password's hash, by name."""
        async with self._database.tenant() as connection:
            row = await connection.fetchrow(QUERIES.user_by_name, username)
        return (_user(row), row["password_hash"]) if row else None

    async def credentials_by_id(self, user_id: str) -> tuple[User, str]:
        """A user and the password's hash. Raises NotFound."""
        async with self._database.tenant() as connection:
            row = await _one(connection, QUERIES.user_by_id, user_id)
        return _user(row), row["password_hash"]

    async def user(self, user_id: str) -> User:
        """Raises NotFound."""
        return (await self.credentials_by_id(user_id))[0]

    async def list_users(self, text: str, after: str, limit: int) -> list[User]:
        """By username; `after` is the last username seen."""
        async with self._database.tenant() as connection:
            rows = await connection.fetch(QUERIES.list_users, text.lower(), after, limit)
        return [_user(row) for row in rows]

    async def any_user(self) -> bool:
        """Whether there is a user in any tenant."""
        async with self._database.system() as connection:
            return bool(await connection.fetchval(QUERIES.any_user))

    async def existing(self, usernames: Sequence[str]) -> set[str]:
        """Which of these names are taken."""
        async with self._database.tenant() as connection:
            rows = await connection.fetch(QUERIES.existing_usernames, list(usernames))
        return {row["username"] for row in rows}

    async def put_users(
        self, new: Sequence[tuple[User, str]], changed: Sequence[User], by: By | None, action: str
    ) -> list[User]:
        """Adds users with their hashes and changes others by name, all or none; audited.

        Gives those added. Raises Conflict naming a username or agent that is taken.
        """
        async with self._database.tenant() as connection:
            added = [await insert_user(connection, user, secret) for user, secret in new]
            for user in changed:
                await _change_by_name(connection, user)
            if by is not None:
                about = new[0][0].username if len(new) == 1 and not changed else ""
                detail = {"created": len(new), "changed": len(changed)}
                await add_audit(connection, by, AuditEntry(action, about, detail))
        return added

    async def change_user(self, connection: Connection, user: User) -> User | None:
        """Changes name, role, agent, extension, department; None when `revision` is not the present one."""
        arguments = (user.user_id, user.name, user.role.value, user.agent_id, user.extension)
        with _unique(user):
            row = await connection.fetchrow(QUERIES.change_user, *arguments, user.department, user.revision)
        return _user(row) if row else None

    async def set_disabled(self, connection: Connection, user_id: str, disabled: bool) -> User:
        """Raises NotFound."""
        query = QUERIES.disable_user if disabled else QUERIES.enable_user
        return _user(await _one(connection, query, user_id))

    async def other_administrators(self, connection: Connection, user_id: str) -> int:
        """How many enabled administrators there are beside this user."""
        return int(await connection.fetchval(QUERIES.count_administrators, user_id))

    async def set_password(self, connection: Connection, user_id: str, secret: str) -> None:
        await connection.execute(QUERIES.set_password, user_id, secret)

    async def renew_hash(self, user_id: str, old: str, new: str) -> None:
        """Replaces a hash made with other parameters, unless the password was changed meanwhile."""
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.refresh_hash_parameters, user_id, old, new)

    # ---------------------------------------------------------------- sign-ins

    async def open_session(self, session: Refresh, address: str, event: Message) -> list[str]:
        """Stores a sign-in and announces it; gives the surplus older ones that it ended."""
        async with self._database.tenant() as connection:
            await connection.execute(
                QUERIES.insert_session,
                session.session_id,
                session.user_id,
                session.refresh_hash,
                session.expires_at,
                address,
            )
            rows = await connection.fetch(QUERIES.surplus_sessions, session.user_id, SESSIONS_PER_USER)
            surplus = [str(row["session_id"]) for row in rows]
            for session_id in surplus:
                await connection.execute(QUERIES.revoke_session, session_id, "replaced")
            await outbox.add(connection, event, service=SERVICE)
        return surplus

    async def lock_session(self, connection: Connection, session_id: str) -> Refresh | None:
        """The sign-in, locked until the transaction ends."""
        if not is_id(session_id):
            return None
        row = await connection.fetchrow(QUERIES.lock_session, session_id)
        return _refresh(row) if row else None

    async def rotate(self, connection: Connection, session: Refresh) -> None:
        """Stores the next refresh token's hash; the present one becomes the previous."""
        await connection.execute(
            QUERIES.rotate_session,
            session.session_id,
            session.refresh_hash,
            session.rotated_at,
            session.expires_at,
        )

    async def revoke(self, connection: Connection, session_id: str, reason: str) -> bool:
        """Ends a sign-in; False when it had ended already."""
        row = await connection.fetchrow(QUERIES.revoke_session, session_id, reason)
        return row is not None

    async def revoke_user(
        self, connection: Connection, user_id: str, reason: str, keep: str | None = None
    ) -> list[str]:
        """Ends all sign-ins of a user (but one); gives which."""
        rows = await connection.fetch(QUERIES.revoke_sessions_of_user, user_id, reason, keep)
        return [str(row["session_id"]) for row in rows]

    async def announce(self, connection: Connection, event: Message) -> None:
        """Adds an event to the transaction."""
        await outbox.add(connection, event, service=SERVICE)

    async def recently_revoked(self, since: datetime) -> list[str]:
        """Sign-ins of all tenants ended since then."""
        async with self._database.system() as connection:
            rows = await connection.fetch(QUERIES.recently_revoked, since)
        return [str(row["session_id"]) for row in rows]

    async def delete_old_sessions(self, before: datetime) -> None:
        """Sign-ins ended or expired before then, 5,000 at most."""
        async with self._database.system() as connection:
            await connection.execute(QUERIES.delete_old_sessions, before)

    # ---------------------------------------------------------------- sockets

    async def put_socket(self, agent_id: str, gateway: str) -> None:
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.put_socket, agent_id, gateway)

    async def delete_socket(self, agent_id: str, gateway: str) -> None:
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.delete_socket, agent_id, gateway)

    async def sockets_of(self, gateway: str) -> list[tuple[str, str]]:
        """Tenant and agent of each socket this gateway had when it was last seen."""
        async with self._database.system() as connection:
            rows = await connection.fetch(QUERIES.sockets_of_gateway, gateway)
        return [(row["tenant"], row["agent_id"]) for row in rows]

    # ---------------------------------------------------------------- telephones

    async def other_at_extension(self, user: User) -> str | None:
        """The username of somebody else, not disabled, with the same extension."""
        async with self._database.tenant() as connection:
            found = await connection.fetchval(QUERIES.others_at_extension, user.extension, user.user_id)
        return str(found) if found is not None else None

    async def put_browser_phone(
        self, who: Identity, sip_user: str, domain: str, a1_hash: str, expires_at: datetime
    ) -> None:
        """The only one of this user: what was given before is void."""
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.delete_other_browser_phones, who.user_id, sip_user)
            row = (sip_user, domain, who.user_id, who.session_id, a1_hash, expires_at)
            await connection.execute(QUERIES.put_browser_phone, *row)

    async def delete_browser_phones(self, session_id: str) -> None:
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.delete_browser_phones, session_id)

    async def browser_phone(self, sip_user: str, domain: str, extension: str) -> str | None:
        """The hash, while password, sign-in and user are good and the extension is still theirs."""
        async with self._database.tenant() as connection:
            found = await connection.fetchval(QUERIES.browser_phone, sip_user, domain, extension)
        return str(found) if found is not None else None

    async def put_desk_phone(self, connection: Connection, user: User, domain: str, a1_hash: str) -> None:
        row = (user.user_id, user.extension, domain, a1_hash)
        await connection.execute(QUERIES.put_desk_phone, *row)

    async def delete_desk_phone(self, connection: Connection, user_id: str) -> None:
        await connection.execute(QUERIES.delete_desk_phone, user_id)

    async def desk_phone(self, extension: str, domain: str) -> tuple[bool, str | None]:
        """Whether anybody has the extension, and the hash of its desk phone's password if it has one."""
        async with self._database.tenant() as connection:
            row = await connection.fetchrow(QUERIES.desk_phone, extension, domain)
        return (True, row["a1_hash"]) if row else (False, None)

    # ---------------------------------------------------------------- audit

    async def audit(self, by: By, entry: AuditEntry) -> None:
        async with self._database.tenant() as connection:
            await add_audit(connection, by, entry)

    async def list_audit(self, before: datetime | None, limit: int) -> list[dict[str, Any]]:
        """Newest first."""
        async with self._database.tenant() as connection:
            rows = await connection.fetch(QUERIES.list_audit, before, limit)
        return [
            {key: row[key] for key in ("at", "username", "address", "action", "about")}
            | {"audit_id": str(row["audit_id"]), "detail": orjson.loads(row["detail"])}
            for row in rows
        ]

    # ---------------------------------------------------------------- kept work orders

    async def keep_work_order(self, request_id: str, body: bytes) -> None:
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.keep_work_order, request_id, body)

    async def pending_work_orders(self, limit: int) -> list[tuple[str, str, bytes]]:
        """Request id, tenant and body of kept work orders, those tried least first."""
        async with self._database.system() as connection:
            rows = await connection.fetch(QUERIES.pending_work_orders, limit)
        return [(row["request_id"], row["tenant"], row["body"]) for row in rows]

    async def work_order_made(self, request_id: str) -> None:
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.work_order_made, request_id)

    async def work_order_tried(self, request_id: str, refused: str | None) -> None:
        """`refused`: the service will never take it; kept for an administrator to read."""
        async with self._database.tenant() as connection:
            await connection.execute(QUERIES.work_order_tried, request_id, refused)


async def add_audit(connection: Connection, by: By, entry: AuditEntry) -> None:
    """Adds an audit entry to the transaction of what it tells."""
    await connection.execute(
        QUERIES.insert_audit,
        new_id(),
        by.identity.user_id,
        by.identity.username,
        by.address,
        entry.action,
        entry.about,
        orjson.dumps(dict(entry.detail)).decode(),
    )


async def insert_user(connection: Connection, user: User, secret: str) -> User:
    """Raises Conflict when the username or the agent is taken."""
    with _unique(user):
        row = await connection.fetchrow(
            QUERIES.insert_user,
            user.user_id or new_id(),
            user.username,
            user.name,
            secret,
            user.role.value,
            user.agent_id,
            user.extension,
            user.department,
        )
    return _user(row)


async def _change_by_name(connection: Connection, user: User) -> None:
    arguments = (user.name, user.role.value, user.agent_id, user.extension, user.department)
    with _unique(user):
        await connection.execute(QUERIES.change_user_by_name, user.username, *arguments)


async def _one(connection: Connection, query: str, user_id: str) -> Any:
    row = await connection.fetchrow(query, user_id) if is_id(user_id) else None
    if row is None:
        raise NotFound("user", user_id)
    return row


class _unique:  # noqa: N801 (reads as a statement: `with _unique(user):`)
    """Says whose name or agent is taken instead of a constraint's name."""

    def __init__(self, user: User) -> None:
        self._user = user

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: object, trace: object) -> None:
        if isinstance(problem, asyncpg.UniqueViolationError):
            if "agent_id" in (problem.constraint_name or ""):
                raise Conflict(
                    f"Agent {self._user.agent_id!r} belongs to another user.", field="agent_id"
                ) from None
            raise Conflict(f"There is a user {self._user.username!r} already.", field="username") from None


def _user(row: Any) -> User:
    return User(
        user_id=str(row["user_id"]),
        tenant=row["tenant"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        agent_id=row["agent_id"] or "",
        extension=row["extension"],
        department=row["department"],
        disabled=row["disabled_at"] is not None,
        revision=row["revision"],
    )


def _refresh(row: Any) -> Refresh:
    return Refresh(
        session_id=str(row["session_id"]),
        user_id=str(row["user_id"]),
        refresh_hash=row["refresh_hash"],
        previous_hash=row["previous_hash"],
        rotated_at=row["rotated_at"],
        expires_at=row["expires_at"],
        revoked=row["revoked_at"] is not None,
        user_disabled=row["user_disabled_at"] is not None,
    )
