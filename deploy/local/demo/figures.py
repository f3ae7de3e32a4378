"""Live figures for the table: the wallboard, the services' metrics, the stream."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import nats
import nats.errors

from services.chassis.bus import STREAM

_BUCKET = re.compile(r"switchyard_esl_reaction_seconds_bucket\{([^}]*)\} ([0-9.e+]+)")
_LE = re.compile(r'le="([^"]+)"')
EVERY_S = 1.0
METRICS_EVERY = 5  # looks; a page of metrics costs its service some milliseconds

Buckets = dict[float, float]


@dataclass
class Figures:
    """What the table shows; refreshed in place."""

    started: float = field(default_factory=time.monotonic)
    offered: int = 0
    open: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    wallboard: dict[str, Any] = field(default_factory=dict)
    events: int = 0
    events_per_s: float = 0.0
    reaction: Buckets = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def queues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.wallboard.get("queues", [])
        return found

    def sum(self, name: str) -> int:
        return sum(queue.get(name) or 0 for queue in self.queues)

    @property
    def service_level(self) -> float | None:
        """Formula 1: answered in time / (answered + abandoned - short abandons)."""
        counted = self.sum("answered") + self.sum("abandoned") - self.sum("abandoned_in_time")
        return self.sum("answered_in_time") / counted if counted > 0 else None

    @property
    def asa_s(self) -> float | None:
        answered = self.sum("answered")
        return self.sum("total_wait_answered_ms") / answered / 1000 if answered else None

    def reaction_ms(self, share: float) -> float | None:
        """Time from a switch's event to the command it led to, at this percentile."""
        return percentile_ms(self.reaction, share)


def read_buckets(text: str) -> Buckets:
    """The reaction histogram of one service's /metrics, all labels added up."""
    buckets: Buckets = {}
    for labels, count in _BUCKET.findall(text):
        match = _LE.search(labels)
        if match is not None:
            bound = float(match[1])
            buckets[bound] = buckets.get(bound, 0.0) + float(count)
    return buckets


def add(one: Buckets, other: Buckets) -> Buckets:
    return {bound: one.get(bound, 0.0) + other.get(bound, 0.0) for bound in one.keys() | other.keys()}


def percentile_ms(buckets: Buckets, share: float) -> float | None:
    """Linear within the bucket, as Prometheus' histogram_quantile does; None before the first event."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    wanted, low, below = share * total, 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            if bound == float("inf"):
                return low * 1000
            inside = buckets[bound] - below
            return 1000 * (low + (bound - low) * ((wanted - below) / inside if inside else 1.0))
        low, below = bound, buckets[bound]
    return low * 1000


class Watcher:
    """Asks, once a second, what the table needs."""

    def __init__(self, figures: Figures, ops_urls: list[str], nats_url: str) -> None:
        self._figures = figures
        self._ops_urls = ops_urls
        self._nats_url = nats_url

    async def run(self) -> None:
        connection = await nats.connect(self._nats_url, max_reconnect_attempts=-1)
        try:
            async with httpx.AsyncClient(timeout=3.0) as client:
                for look in itertools.count():
                    if look % METRICS_EVERY == 0:
                        await self.look(client)
                    await self._count_events(connection.jetstream())
                    await asyncio.sleep(EVERY_S)
        finally:
            await connection.close()

    async def look(self, client: httpx.AsyncClient) -> None:
        """Adds up the reaction histograms; a service that is down just does not count."""
        total: Buckets = {}
        for url in self._ops_urls:
            try:
                total = add(total, read_buckets((await client.get(f"{url}/metrics")).text))
            except httpx.HTTPError:
                continue
        if total:
            self._figures.reaction = total

    async def _count_events(self, stream: Any) -> None:
        try:
            last = (await stream.stream_info(STREAM)).state.last_seq
        except (OSError, TimeoutError, nats.errors.Error):
            return
        if self._figures.events:
            self._figures.events_per_s = (last - self._figures.events) / EVERY_S
        self._figures.events = last
