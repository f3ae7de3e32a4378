"""The published flows: which one answers a number, which one a call in progress is in."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from services.chassis import clock, tenant
from services.chassis.errors import Unavailable
from services.ivr import flows
from services.ivr.domain import Flow, Problem
from services.ivr.domain.calls import Published
from services.ivr.prompts import Prompts
from services.ivr.store import Store

log = structlog.get_logger()

OLD_VERSIONS = 200
"""Versions kept parsed because calls are still in them."""
DEFAULT = Path(flows.__file__).with_name("default.yaml")


class Book:
    """Answers from memory; `run` keeps up with what other processes publish."""

    def __init__(self, store: Store, prompts: Prompts, *, refresh_s: float) -> None:
        self._store = store
        self._prompts = prompts
        self._refresh_s = refresh_s
        self._current: dict[tuple[str, str], tuple[Flow, Published]] = {}
        self._old: OrderedDict[tuple[str, str, int], Flow] = OrderedDict()
        self._missed: dict[tuple[str, str], str] = {}
        """Flows that queues name and cannot be heard, with why; as many as old versions."""
        self._seen: datetime | None = None
        source = DEFAULT.read_text(encoding="utf-8")
        self.default = flows.read(source, prompts.has)
        """What a tenant without flows of his own has. It is checked like any other, at start."""
        written = datetime.fromtimestamp(DEFAULT.stat().st_mtime, tz=clock.now().tzinfo)
        self._default = Published(
            tenant="",
            name=self.default.name,
            version=self.default.version,
            source=source,
            published_at=written,
        )

    # ---- for calls ----

    def answering(self, slug: str, number: str) -> Flow:
        """The flow for a called number: the one that names it, else the one for all numbers."""
        all_mine = (flow for (owner, _), (flow, _) in self._current.items() if owner == slug)
        mine = [flow for flow in all_mine if not flow.waiting_every_s]
        for flow in mine:
            if number in flow.numbers:
                return flow
        return next((flow for flow in mine if not flow.numbers), self.default)

    def waiting(self, slug: str, name: str) -> Flow | None:
        """The flow for callers who wait, by the name in a queue's settings. None, with the reason in the log,
        when there is no such flow, or it is one that answers calls: the queue node says what is heard."""
        found = self._current.get((slug, name))
        flow = found[0] if found else None
        if flow is not None and flow.waiting_every_s:
            self._missed.pop((slug, name), None)
            return flow
        why = (
            "no such flow is published" if flow is None else "it answers calls: 'waiting_every_s' is missing"
        )
        if self._missed.get((slug, name)) != why:  # once, not for every caller and place
            self._missed[slug, name] = why
            log.warning("waiting_flow_unusable", tenant=slug, flow=name, why=why)
            while len(self._missed) > OLD_VERSIONS:
                self._missed.pop(next(iter(self._missed)))
        return None

    async def version(self, slug: str, key: str) -> Flow | None:
        """The flow `name@version` that a call is in; None when nobody knows it any more."""
        name, _, text = key.partition("@")
        if not text.isdigit():
            return None
        known = self._known(slug, name, int(text))
        return known or await self._fetched(slug, name, int(text))

    def _known(self, slug: str, name: str, version: int) -> Flow | None:
        if (slug, name) in self._current and self._current[slug, name][0].version == version:
            return self._current[slug, name][0]
        if (name, version) == (self.default.name, self.default.version):
            return self._old.get((slug, name, version), self.default)
        return self._old.get((slug, name, version))

    async def _fetched(self, slug: str, name: str, version: int) -> Flow | None:
        try:
            with tenant.use(slug):
                published = await self._store.flow_version(name, version)
        except Unavailable:
            return None
        flow = self._parsed(published) if published else None
        if flow:
            self._keep(slug, flow)
        return flow

    def _keep(self, slug: str, flow: Flow) -> None:
        self._old[slug, flow.name, flow.version] = flow
        while len(self._old) > OLD_VERSIONS:
            self._old.popitem(last=False)

    # ---- for editors ----

    def problems(self, source: str) -> Sequence[Problem]:
        """What keeps a flow file from being published; empty: nothing."""
        try:
            flows.read(source, self._prompts.has)
        except flows.Refused as refused:
            return refused.problems
        return ()

    async def publish(self, source: str) -> tuple[Flow, Published]:
        """Makes it the current tenant's current version. Raises Refused, Conflict, Unavailable."""
        flow = flows.read(source, self._prompts.has)
        published = Published(
            tenant=tenant.current(),
            name=flow.name,
            version=flow.version,
            source=source,
            published_at=clock.now(),
        )
        await self._store.publish(published)
        self._turn_to(flow, published)
        log.info("flow_published", flow=flow.key)
        return flow, published

    def listed(self) -> Sequence[tuple[Flow, Published]]:
        """The current tenant's flows, with the one that came with the suite unless he has replaced it."""
        slug = tenant.current()
        mine = [each for (owner, _), each in sorted(self._current.items()) if owner == slug]
        replaced = any(flow.name == self.default.name for flow, _ in mine)
        return mine if replaced else [(self.default, self._default), *mine]

    # ---- keeping up ----

    async def refresh(self) -> None:
        """Reads what was published since last time. Raises Unavailable."""
        newest = await self._store.newest_publication()
        if newest == self._seen:
            return
        for published in await self._store.latest_flows():
            known = self._current.get((published.tenant, published.name))
            if known and known[0].version >= published.version:
                continue
            if flow := self._parsed(published):
                self._turn_to(flow, published)
        self._seen = newest

    async def run(self) -> None:
        """Keeps up for ever; while PostgreSQL is away calls go on with what is known."""
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self.refresh()
            except Unavailable:
                log.warning("flows_not_refreshed")

    def _turn_to(self, flow: Flow, published: Published) -> None:
        before = self._current.get((published.tenant, flow.name))
        if before:
            self._keep(published.tenant, before[0])
        self._current[published.tenant, flow.name] = (flow, published)

    def _parsed(self, published: Published) -> Flow | None:
        """A flow published by an older suite may lack what this one asks for; the version before stays."""
        try:
            return flows.read(published.source, self._prompts.has)
        except flows.Refused as refused:
            log.error(  # noqa: TRY400 - the problems are the message, a trace would hide them
                "flow_unusable",
                tenant=published.tenant,
                flow=f"{published.name}@{published.version}",
                problems=[str(problem) for problem in refused.problems[:5]],
            )
            return None
