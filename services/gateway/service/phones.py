"""Agents' telephones: short-lived credentials for pages, desk phones' passwords, the switches' directory."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.chassis import clock, tenant
from services.chassis.errors import Conflict, Denied, Unauthenticated
from services.gateway.config import GatewayConfig
from services.gateway.domain import AuditEntry, By, Identity, User
from services.gateway.engine import directory
from services.gateway.engine.directory import Entry, Phone
from services.gateway.engine.throttle import Throttle, Throttled
from services.gateway.store import Store, add_audit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the page registers with."""

    sip_user: str
    domain: str
    url: str
    password: str
    expires_at: datetime
    expires_in_s: int
    registration_s: int


class Phones:
    """Works on our own tables alone: neither ACD nor CRM is asked."""

    def __init__(self, config: GatewayConfig, store: Store) -> None:
        self._config = config
        self._store = store
        self._domains = config.phone_domains
        self._tenants = {domain: slug for slug, domain in self._domains.items()}
        self._secret = config.gateway_switch_secret.get_secret_value()
        entries = config.gateway_throttle_entries
        self._asked = Throttle(config.gateway_phone_tries, config.gateway_phone_regain_s, entries)
        self._strangers = Throttle(config.gateway_address_failures, config.gateway_address_regain_s, entries)

    # ---------------------------------------------------------------- the page

    def available(self, slug: str) -> bool:
        """Whether pages of this tenant can have a telephone at all."""
        return bool(self._config.gateway_phone_url and self._secret and slug in self._domains)

    async def open(self, who: Identity, with_desk: bool) -> Credentials:
        """New ones; those given before are void. Raises Conflict, Throttled."""
        domain = self._domain(who.tenant)
        if wait_s := self._asked.take(f"{who.tenant}/{who.user_id}", time.monotonic()):
            raise Throttled(wait_s, "telephone passwords asked for")
        user = await self._store.user(who.user_id)
        await self._alone_at(user)
        if "#" in user.extension:
            raise Conflict(
                "An extension with # cannot be a SIP name: ask for another one.", field="extension"
            )
        kind = Phone.BROWSER_AND_DESK if with_desk else Phone.BROWSER
        sip_user, password = user.extension + kind, secrets.token_urlsafe(24)
        life_s = self._config.gateway_phone_s
        expires_at = clock.now() + timedelta(seconds=life_s)
        hashed = directory.a1_hash(sip_user, domain, password)
        await self._store.put_browser_phone(who, sip_user, domain, hashed, expires_at)
        log.info("phone_opened", sip_user=sip_user, user_id=who.user_id)
        registration_s, url = self._config.gateway_phone_registration_s, self._config.gateway_phone_url
        return Credentials(sip_user, domain, url, password, expires_at, life_s, registration_s)

    async def close(self, who: Identity) -> None:
        """This sign-in's credentials are void."""
        await self._store.delete_browser_phones(who.session_id)

    def _domain(self, slug: str) -> str:
        if not self.available(slug):
            raise Conflict("No telephone in the browser is set up here: ask your administrator.")
        return self._domains[slug]

    async def _alone_at(self, user: User) -> None:
        if not user.extension:
            raise Conflict("You have no extension: ask your administrator for one.", field="extension")
        if other := await self._store.other_at_extension(user):
            raise Conflict(
                f"Extension {user.extension} belongs to {other!r} as well: each needs one of their own.",
                field="extension",
            )

    # ---------------------------------------------------------------- desk phones

    async def set_desk_password(self, user_id: str, password: str, by: By) -> None:
        """Of the desk phone at this user's extension. Raises NotFound, Conflict."""
        domain = self._domains.get(by.identity.tenant)
        if domain is None:
            raise Conflict("No SIP domain is configured for this tenant (SWITCHYARD_GATEWAY_PHONE_DOMAINS).")
        user = await self._store.user(user_id)
        await self._alone_at(user)
        hashed = directory.a1_hash(user.extension, domain, password)
        async with self._store.transaction() as connection:
            await self._store.put_desk_phone(connection, user, domain, hashed)
            entry = AuditEntry("phone.password_set", user.username, {"extension": user.extension})
            await add_audit(connection, by, entry)

    async def remove_desk_password(self, user_id: str, by: By) -> None:
        """Its desk phone registers no more. Raises NotFound."""
        user = await self._store.user(user_id)
        async with self._store.transaction() as connection:
            await self._store.delete_desk_phone(connection, user_id)
            await add_audit(connection, by, AuditEntry("phone.password_removed", user.username, {}))

    # ---------------------------------------------------------------- the switches

    def admit(self, secret: str, address: str) -> None:
        """Raises Denied (nothing is open here), Unauthenticated, Throttled."""
        if not self._secret:
            raise Denied("No switch may ask here: SWITCHYARD_GATEWAY_SWITCH_SECRET is not set.")
        if hmac.compare_digest(secret.encode(), self._secret.encode()):
            return
        # Only who is wrong is slowed down: a stranger must not keep the switch itself from asking.
        wait_s = self._strangers.take(address, time.monotonic())
        log.warning("switch_refused", address=address, throttled=bool(wait_s))
        if wait_s:
            raise Throttled(wait_s, "wrong secrets")
        raise Unauthenticated("The switch's secret is wrong.")

    async def entry(self, sip_user: str, domain: str) -> Entry | None:
        """The telephone of that name, if it is one of ours."""
        slug, named = self._tenants.get(domain.lower()), directory.named(sip_user)
        if slug is None or named is None:
            return None
        extension, kind = named
        with tenant.use(slug):
            if kind is Phone.DESK:
                return await self._desk(extension, domain.lower())
            hashed = await self._store.browser_phone(sip_user, domain.lower(), extension)
        registration_s = self._config.gateway_phone_registration_s
        return Entry(sip_user, domain.lower(), hashed, 0, registration_s) if hashed else None

    async def _desk(self, extension: str, domain: str) -> Entry | None:
        known, hashed = await self._store.desk_phone(extension, domain)
        if not known:
            return None
        # Without a password: known, so that it can be rung (perhaps in a page), with a hash of nothing. An
        # entry without any would let everybody register.
        return Entry(
            extension, domain, hashed or secrets.token_hex(16), self._config.gateway_directory_cache_s
        )
