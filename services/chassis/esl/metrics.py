"""What the ESL links count."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REACTION = Histogram(
    "switchyard_esl_reaction_seconds",
    "From an event's bytes leaving the socket to the bytes of the command it caused entering one.",
    ["role"],
    buckets=(
        *(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05),
        *(0.075, 0.1, 0.2, 0.5, 1, 2, 5),
    ),
)
RECONNECTS = Counter(
    "switchyard_esl_reconnects_total", "Connections to a switch that ended or failed.", ["node"]
)
TIMEOUTS = Counter(
    "switchyard_esl_timeouts_total", "Commands (`reply`) and background jobs (`job`) unanswered.", ["kind"]
)
OVERFLOWS = Counter(
    "switchyard_esl_overflows_total", "Connections dropped because events were not taken in time.", ["node"]
)
DROPPED = Counter(
    "switchyard_esl_dropped_total",
    "Things not handed on: `undecodable` events, `late_job` results, calls `refused` at the limit.",
    ["what"],
)
