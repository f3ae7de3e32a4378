"""`./switchyard replay`: what the ACD decided, decided again from its journal, and why."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from deploy.local.nats import NAME, Nats
from deploy.local.ports import LOOPBACK, accepts
from deploy.local.processes import ProcessError
from services.acd import replay
from services.acd.bus import reason_text
from services.acd.engine import commands
from services.chassis.bus import Bus
from services.chassis.clock import from_ms
from services.chassis.errors import Unavailable

SHOWN_MOST = 1_000
"""Lines of a table. Who wants more narrows the time."""


@dataclass(frozen=True)
class Wanted:
    tenant: str
    contact_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    nats_url: str = ""
    data_dir: Path = Path(".data")


async def run(wanted: Wanted) -> int:
    """Exit status: 0 when every decision came out as it was announced, else 1."""
    out = Console()
    told = replay.Told()
    table = _table(wanted)
    async with _bus(wanted) as bus:
        try:
            with out.status("reading the journal …"):
                async for moment in replay.moments(bus, wanted.tenant, wanted.until, told):
                    for command in moment.out:
                        _show(table, wanted, moment.record.at, command)
        except RuntimeError as astray:
            out.print(f"[bold red]The journal cannot be replayed further:[/bold red] {astray}")
            told.different += 1
    return _tell(out, wanted, table, told)


@asynccontextmanager
async def _bus(wanted: Wanted) -> AsyncIterator[Bus]:
    """NATS where it is: named, or running for the demo in this data folder, or started from there."""
    if wanted.nats_url:
        async with _connected(wanted.nats_url) as bus:
            yield bus
        return
    if not (wanted.data_dir / NAME).is_dir():
        raise ProcessError(f"{wanted.data_dir} holds no journal: name a running NATS with --nats-url")
    running = await _running(wanted.data_dir)
    if running:
        async with _connected(running) as bus:
            yield bus
        return
    async with Nats(wanted.data_dir) as nats, _connected(nats.url) as bus:
        yield bus


async def _running(data_dir: Path) -> str:
    """The address of the NATS that works on this folder now; "" when none does."""
    config = data_dir / NAME / "nats.conf"
    found = re.search(r':(\d+)"', config.read_text()) if config.exists() else None
    if found and await accepts(LOOPBACK, int(found[1])):
        return f"nats://{LOOPBACK}:{found[1]}"
    return ""


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Bus]:
    bus = Bus(url, service="replay")
    try:
        await bus.start()
    except Unavailable as away:
        raise ProcessError(f"NATS does not answer: {away.sentence}") from None
    try:
        yield bus
    finally:
        await bus.stop(1)


# ---------------------------------------------------------------- what is shown


def _table(wanted: Wanted) -> Table:
    if wanted.contact_id:
        return Table("time (UTC)", "what", "details")
    return Table("time (UTC)", Column("contact", no_wrap=True), "queue", "waited", "agent", "why")


def _show(table: Table, wanted: Wanted, at: int, command: commands.Command) -> None:
    moment = from_ms(at)
    if table.row_count >= SHOWN_MOST or (wanted.since is not None and moment < wanted.since):
        return
    if wanted.contact_id:
        if getattr(command, "contact_id", "") == wanted.contact_id:
            table.add_row(_time(moment), type(command).__name__, _details(command))
    elif isinstance(command, commands.ContactOffered):
        waited = f"{command.waited_ms / 1000:.1f} s"
        why = reason_text(command.decision)
        table.add_row(_time(moment), command.contact_id, command.queue, waited, command.agent_id, why)


def _details(command: commands.Command) -> str:
    if isinstance(command, commands.ContactOffered):
        return f"{command.agent_id}: {explained(command.decision)}"
    skipped = {"contact_id", "decision", "channel"}
    names = [name for name in command.__slots__ if name not in skipped]
    found = ((name, getattr(command, name)) for name in names)
    return ", ".join(f"{name} {value}" for name, value in found if value not in ("", 0, None))


def explained(d: commands.Decision) -> str:
    """All that the decision says, in words."""
    parts = [reason_text(d)]
    if d.runner_up:
        parts.append(f"next would have been {d.runner_up}")
    if d.qualified_busy:
        parts.append(f"{d.qualified_busy} more qualify but were busy")
    if d.ready_unqualified:
        parts.append(f"{d.ready_unqualified} were ready but lack a skill")
    if d.required:
        parts.append("required: " + ", ".join(f"{name} ≥ {level}" for name, level in d.required))
    if d.runner_up_queue:
        parts.append(f"before {d.runner_up_queue} ({d.runner_up_overdue_ms / 1000:+.0f} s)")
    return "; ".join(parts)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]


def _tell(out: Console, wanted: Wanted, table: Table, told: replay.Told) -> int:
    if table.row_count:
        out.print(table)
    else:
        out.print(f"Nothing of {wanted.contact_id or 'this time'} is in the journal of {wanted.tenant}.")
    if table.row_count >= SHOWN_MOST:
        out.print(f"Only the first {SHOWN_MOST:,} are shown: narrow the time with --from and --to.")
    if told.skipped:
        out.print(f"{told.skipped:,} older stimuli were passed over: the start before them is not kept.")
    if told.holes:
        out.print(f"[yellow]{told.holes} batches are missing; decisions after them may differ.[/yellow]")
    colour = "green" if not told.different else "bold red"
    unannounced = f", {told.unannounced:,} not announced" if told.unannounced else ""
    out.print(
        f"[{colour}]{told.same:,} decisions came out as they were announced, "
        f"{told.different:,} differently{unannounced}.[/{colour}]"
    )
    return 1 if told.different else 0
