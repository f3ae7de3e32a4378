"""The gateway on a real PostgreSQL and NATS, with stand-ins behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.chassis import db, process, tenant
from services.chassis.bus import Bus
from services.gateway.__main__ import Gateway
from services.gateway.config import GatewayConfig
from services.gateway.domain import Role, User
from tests.integration.gateway.gateway_fakes import WITHIN_S, Browser, Fakes

PASSWORD = "a good password"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class House:
    """A running gateway and all that a test may do to it."""

    gateway: Gateway
    config: GatewayConfig
    database: db.Database
    bus: Bus
    news: Bus  # publishes as the ACD does
    fakes: Fakes
    http: httpx.AsyncClient
    hashed: str

    @property
    def port(self) -> int:
        return self.gateway.http.port

    async def add_user(
        self, username: str, role: Role = Role.AGENT, agent_id: str = "", slug: str = "demo"
    ) -> User:
        """With PASSWORD; the hash is made once for all tests of a run."""
        user = User("", slug, username, username.title(), role, agent_id)
        with tenant.use(slug):
            added = await self.gateway.store.put_users([(user, self.hashed)], [], None, "test")
        if agent_id:
            self.fakes.acd.agent(agent_id, slug)
        return added[0]

    async def sign_in(self, username: str, slug: str = "demo") -> Browser:
        body = {"username": username, "password": PASSWORD, "tenant": slug}
        answer = await self.http.post("/api/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        self.http.cookies.clear()
        return Browser(self.http, answer.json())

    async def person(
        self, username: str, role: Role = Role.AGENT, agent_id: str = "", slug: str = "demo"
    ) -> Browser:
        await self.add_user(username, role, agent_id, slug)
        return await self.sign_in(username, slug)

    async def tell(self, event: Any, slug: str = "demo") -> None:
        await self.news.publish(event, slug)


Opening = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(database: Any, nats_url: str) -> AsyncIterator[Opening]:
    """Starts a gateway with the settings given; stops all that it started."""
    houses: list[House] = []

    async def open_one(**settings: Any) -> House:
        house = await _open(database.dsn("gateway"), nats_url, settings)
        houses.append(house)
        return house

    yield open_one
    for house in reversed(houses):
        await house.http.aclose()
        await house.gateway.stop()
        await house.fakes.stop()
        await house.bus.stop()
        await house.news.stop()
        await house.database.close()


@pytest.fixture
async def house(open_house: Opening) -> House:
    return await open_house()


async def _open(dsn: str, nats_url: str, settings: dict[str, Any]) -> House:
    fakes: Fakes = settings.pop("fakes", None) or Fakes()
    if not fakes.servers:
        await fakes.start()
    defaults: dict[str, Any] = {
        "database_url": dsn,
        "nats_url": nats_url,
        "gateway_listen": "127.0.0.1:0",
        "gateway_token_secret": SECRET,
        "gateway_argon2_memory_kib": 64,
        "gateway_argon2_passes": 1,
        "gateway_pending_retry_s": 0.05,
        "drain_s": 1.0,
        **{f"{name}_address": f"127.0.0.1:{port}" for name, port in fakes.ports.items()},
    }
    config = GatewayConfig(**(defaults | settings))
    database = await db.connect(dsn, "gateway", size=4)
    bus, news = Bus(nats_url, service="gateway"), Bus(nats_url, service="acd")
    await bus.start()
    await news.start()
    gateway = Gateway(config, database, bus)
    await gateway.start(process.Stop())
    base = f"http://127.0.0.1:{gateway.http.port}"
    http = httpx.AsyncClient(base_url=base, timeout=WITHIN_S, trust_env=False)
    hashed = await gateway.passwords.hash(PASSWORD)
    return House(gateway, config, database, bus, news, fakes, http, hashed)
