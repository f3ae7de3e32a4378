"""What the ACD counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.acd.domain import RecordingFailure

OFFERS = Counter("switchyard_acd_offers_total", "Agents rung.", ["queue"])
ANSWERED = Counter("switchyard_acd_answered_total", "Contacts connected with an agent.", ["queue"])
ABANDONED = Counter("switchyard_acd_abandoned_total", "Callers who hung up while waiting.", ["queue"])
ENDED = Counter("switchyard_acd_ended_total", "Contacts ended.", ["outcome"])
WAIT = Histogram(
    "switchyard_acd_wait_seconds",
    "Time in the queue of contacts that were answered.",
    ["queue"],
    buckets=(1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200),
)
WAITING = Gauge("switchyard_acd_waiting", "Contacts waiting, being offered included.", ["tenant", "queue"])
STIMULI = Counter("switchyard_acd_stimuli_total", "Things the engine was told.")
SWITCH_EVENTS = Counter("switchyard_acd_switch_events_total", "Events read from the switches.", ["node"])
MENDED = Counter(
    "switchyard_acd_mended_total",
    "Differences between engine and switch that had to be mended. Zero in normal runs.",
    ["what"],
)
FAILED_COMMANDS = Counter(
    "switchyard_acd_failed_commands_total", "Commands a switch refused or never answered.", ["verb", "why"]
)
NODE_UP = Gauge("switchyard_acd_node_up", "1 while a switch can be commanded.", ["node"])
CLOCK_OFF = Gauge(
    "switchyard_acd_clock_off_seconds",
    "How far the machine's clock is ahead of the one we route by. Made up at a tenth of the speed of time.",
)
RECORDINGS = Counter("switchyard_acd_recordings_total", "Conversations that the switch records.")
RECORDINGS_FAILED = Counter(
    "switchyard_acd_recordings_failed_total",
    "Conversations that should be recorded and are not, or not to their end. Zero in normal runs.",
    ["why"],
)
for _why in RecordingFailure:
    RECORDINGS_FAILED.labels(_why.value)  # there from the start, so that an alarm sees the first one rise
