"""Signing in, renewing, signing out, and one's own password."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta

import structlog

from services.chassis import clock, tenant
from services.chassis.errors import Conflict, Denied, Invalid, SwitchyardError, Unauthenticated
from services.chassis.ids import new_id
from services.gateway import bus as announcements
from services.gateway.bus import Announcer
from services.gateway.config import GatewayConfig
from services.gateway.domain import Identity, Role, SignedIn, User
from services.gateway.engine import tokens
from services.gateway.engine.refresh import Refresh, Verdict, judge
from services.gateway.engine.throttle import Throttle, Throttled
from services.gateway.service.passwords import Passwords
from services.gateway.service.revoked import Revoked
from services.gateway.store import Store

log = structlog.get_logger()

_WRONG = "The user name or the password is wrong."


class Accounts:
    """Who may come in."""

    def __init__(
        self,
        config: GatewayConfig,
        store: Store,
        passwords: Passwords,
        announcer: Announcer,
        revoked: Revoked,
    ) -> None:
        self._config = config
        self._secret = config.gateway_token_secret.get_secret_value()
        self._store = store
        self._passwords = passwords
        self._announcer = announcer
        self._revoked = revoked
        self._by_account = Throttle(
            config.gateway_account_failures,
            config.gateway_account_regain_s,
            config.gateway_throttle_entries,
        )
        self._told_throttled_at = 0.0
        self._by_address = Throttle(
            config.gateway_address_failures,
            config.gateway_address_regain_s,
            config.gateway_throttle_entries,
        )

    def identify(self, token: str) -> Identity:
        """Who an access token speaks for. Raises Unauthenticated."""
        who = tokens.read(token, self._secret, _now_s())
        if who.session_id in self._revoked:
            raise Unauthenticated("This sign-in has ended: sign in again.")
        return who

    # ---------------------------------------------------------------- in

    async def sign_in(self, slug: str | None, username: str, password: str, address: str) -> SignedIn:
        """Raises Unauthenticated (says not which was wrong), Denied (disabled), Throttled, Full."""
        slug = slug or self._config.gateway_tenant
        try:
            tenant.bind(slug)
        except Invalid:
            slug = self._config.gateway_tenant  # no such tenant can exist: a wrong name like any other
            tenant.bind(slug)
            username = ""
        username = username.strip().lower()
        self._take(slug, username, address)
        try:
            user = await self._check(username, password)
        except Unauthenticated:
            self._refused(slug, username, address, "wrong_credentials")
            raise
        except SwitchyardError:
            self._give_back(slug, username, address)  # our own trouble is no guess of theirs
            raise
        self._by_account.forgive(_account(slug, username))
        self._by_address.give_back(address)
        if user.disabled:
            self._refused(slug, username, address, "disabled")
            raise Denied("This account is disabled: ask your administrator.")
        return await self._open(user, address)

    def _take(self, slug: str, username: str, address: str) -> None:
        now = time.monotonic()
        wait_s = self._by_address.take(address, now)
        if not wait_s:
            wait_s = self._by_account.take(_account(slug, username), now)
            if wait_s:
                self._by_address.give_back(address)
        if wait_s:
            self._refused(slug, username, address, "throttled")
            raise Throttled(wait_s)

    def _give_back(self, slug: str, username: str, address: str) -> None:
        self._by_account.give_back(_account(slug, username))
        self._by_address.give_back(address)

    async def _check(self, username: str, password: str) -> User:
        found = await self._store.credentials(username)
        user, hashed = found if found else (None, None)
        if not await self._passwords.verify(password, hashed) or user is None or hashed is None:
            raise Unauthenticated(_WRONG)
        if self._passwords.outdated(hashed):
            await self._store.renew_hash(user.user_id, hashed, await self._passwords.hash(password))
        return user

    async def _open(self, user: User, address: str) -> SignedIn:
        session_id, part = new_id(), tokens.first(secrets.token_bytes(32))
        now = clock.now()
        session = Refresh(
            session_id=session_id,
            user_id=user.user_id,
            refresh_hash=tokens.fingerprint(part),
            previous_hash=None,
            rotated_at=now,
            expires_at=now + timedelta(seconds=self._config.gateway_refresh_s),
        )
        event = announcements.session_opened(user, session_id, address)
        for surplus in await self._store.open_session(session, address, event):
            self._revoked.add(surplus, _now_s())
        log.info("signed_in", user_id=user.user_id, role=user.role.value, address=address)
        return self._result(user, session_id, part)

    # ---------------------------------------------------------------- on

    async def renew(self, refresh_token: str) -> SignedIn:
        """A new access token and the next refresh token. Raises Unauthenticated."""
        slug, session_id, part = tokens.split(refresh_token)
        try:
            tenant.bind(slug)
        except Invalid:
            raise _expired() from None
        following = tokens.successor(part, self._secret)
        now = clock.now()
        grace = timedelta(seconds=self._config.gateway_refresh_grace_s)
        async with self._store.transaction() as connection:
            session = await self._store.lock_session(connection, session_id)
            verdict = judge(session, tokens.fingerprint(part), now, grace) if session else Verdict.GONE
            if session is not None and verdict is Verdict.ROTATE:
                session = Refresh(
                    session_id=session_id,
                    user_id=session.user_id,
                    refresh_hash=tokens.fingerprint(following),
                    previous_hash=session.refresh_hash,
                    rotated_at=now,
                    expires_at=now + timedelta(seconds=self._config.gateway_refresh_s),
                )
                await self._store.rotate(connection, session)
        if session is None or verdict is Verdict.GONE:
            raise _expired()
        user = await self._store.user(session.user_id)
        if verdict is Verdict.REUSE:
            log.warning("refresh_token_reused", user_id=user.user_id, session_id=session_id)
            await self._end(user, session_id, "revoked")
            raise _expired()
        return self._result(user, session_id, following)

    def _result(self, user: User, session_id: str, part: str) -> SignedIn:
        life_s = self._config.gateway_token_s
        token = tokens.issue(user, session_id, self._secret, _now_s(), life_s)
        return SignedIn(
            identity=tokens.read(token, self._secret, _now_s()),
            access_token=token,
            refresh_token=tokens.join(user.tenant, session_id, part),
            expires_in_s=life_s,
            refresh_expires_in_s=self._config.gateway_refresh_s,
        )

    # ---------------------------------------------------------------- out

    async def sign_out(self, who: Identity) -> None:
        """Ends the sign-in; its tokens are refused from now on, at every gateway."""
        await self._end(_as_user(who), who.session_id, "signed_out")

    async def _end(self, user: User, session_id: str, reason: str) -> None:
        async with self._store.transaction() as connection:
            if await self._store.revoke(connection, session_id, reason):
                event = announcements.session_closed(user.user_id, user.username, session_id, reason)
                await self._store.announce(connection, event)
        self._revoked.add(session_id, _now_s())

    async def change_password(self, who: Identity, current: str, new: str) -> None:
        """Raises Invalid naming the field. The user's other sign-ins end."""
        user, hashed = await self._store.credentials_by_id(who.user_id)
        self._take(who.tenant, who.username, f"password:{who.user_id}")
        if not await self._passwords.verify(current, hashed):
            raise Invalid("current", "is not your present password")
        self._by_account.forgive(_account(who.tenant, who.username))
        hashed = await self._passwords.hash(new)
        async with self._store.transaction() as connection:
            await self._store.set_password(connection, user.user_id, hashed)
            ended = await self._store.revoke_user(connection, user.user_id, "revoked", keep=who.session_id)
            for session_id in ended:
                event = announcements.session_closed(user.user_id, user.username, session_id, "revoked")
                await self._store.announce(connection, event)
        for session_id in ended:
            self._revoked.add(session_id, _now_s())

    def _refused(self, slug: str, username: str, address: str, reason: str) -> None:
        if reason == "throttled":  # a flood of guesses must not become a flood of events
            now = time.monotonic()
            if now - self._told_throttled_at < 1.0:
                return
            self._told_throttled_at = now
        log.info("sign_in_refused", reason=reason, address=address)
        self._announcer.sign_in_refused(slug, username, address, reason)

    # ---------------------------------------------------------------- the first administrator

    async def bootstrap(self) -> None:
        """Creates the first administrator while there is no user at all."""
        wanted = self._config.gateway_bootstrap_admin.get_secret_value()
        if not wanted or await self._store.any_user():
            return
        username, _, password = wanted.partition(":")
        user = User("", self._config.gateway_tenant, username.lower(), username, Role.ADMINISTRATOR)
        hashed = await self._passwords.hash(password)
        with tenant.use(self._config.gateway_tenant):
            try:
                await self._store.put_users([(user, hashed)], [], None, "bootstrap")
            except Conflict:
                return  # another gateway was faster
        log.info("first_administrator_created", username=user.username)


def _account(slug: str, username: str) -> str:
    return f"{slug}/{username[:64]}"


def _expired() -> Unauthenticated:
    return Unauthenticated("Your sign-in has ended: sign in again.")


def _as_user(who: Identity) -> User:
    return User(who.user_id, who.tenant, who.username, who.name, who.role, who.agent_id)


def _now_s() -> int:
    return clock.now_ms() // 1000
