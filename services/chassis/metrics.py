"""Prometheus metrics that every service has. A service's own stand where they are counted."""

from __future__ import annotations

import asyncio

from prometheus_client import Counter, Histogram

# Fine where a telephone call feels it, coarse above.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

RPC_SERVED = Histogram(
    "switchyard_rpc_served_seconds",
    "Time to serve a gRPC call.",
    ["method", "code"],
    buckets=SECONDS,
)
RPC_CALLED = Histogram(
    "switchyard_rpc_called_seconds", "Time a gRPC call took.", ["service", "code"], buckets=SECONDS
)
LOOP_LAG = Histogram("switchyard_loop_lag_seconds", "How late the event loop ran a timer.", buckets=SECONDS)
EVENTS_PUBLISHED = Counter("switchyard_events_published_total", "Events the stream acknowledged.")
EVENTS_DROPPED = Counter(
    "switchyard_events_dropped_total", "Events lost because the buffer towards NATS was full."
)
EVENTS_CONSUMED = Counter(
    "switchyard_events_consumed_total", "Events handled and acknowledged.", ["consumer"]
)
EVENTS_REFUSED = Counter(
    "switchyard_events_refused_total", "Events set aside because no try succeeded.", ["consumer"]
)

LAG_INTERVAL_S = 0.1


async def watch_loop_lag() -> None:
    """Measures, for ever, how late the loop is: what any event of this process waits at least."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL_S
        await asyncio.sleep(LAG_INTERVAL_S)
        LOOP_LAG.observe(max(0.0, loop.time() - due))
