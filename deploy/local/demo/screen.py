"""What the terminal shows: a live table on a screen, a line every few seconds elsewhere, the balance."""

from __future__ import annotations

import asyncio
import time

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.local.demo.balance import OUTCOMES, Balance
from deploy.local.demo.figures import Figures

REFRESH_S = 0.5
LINE_EVERY_S = 5.0
GOAL_P99_MS = 50.0


async def show(figures: Figures, console: Console, footer: str) -> None:
    """For ever: the table where there is a screen, else a line now and then."""
    if not console.is_terminal:
        console.print(Text.from_markup(footer), highlight=False, soft_wrap=True)
        while True:
            await asyncio.sleep(LINE_EVERY_S)
            console.print(line(figures), highlight=False, soft_wrap=True)
    with Live(picture(figures, footer), console=console, auto_refresh=False) as live:
        while True:
            live.update(picture(figures, footer), refresh=True)
            await asyncio.sleep(REFRESH_S)


def line(figures: Figures) -> str:
    agents = figures.wallboard.get("agents", {})
    return (
        f"{elapsed(figures)}  offered {figures.offered}  answered {figures.sum('answered')}"
        f"  abandoned {figures.sum('abandoned')}  in queue {figures.sum('waiting')}"
        f"  service level {percent(figures.service_level)}  ASA {seconds(figures.asa_s)}"
        f"  agents idle {agents.get('ready', 0)} talking {agents.get('connected', 0)}"
        f"  events/s {figures.events_per_s:.0f}  p99 {milliseconds(figures.reaction_ms(0.99))}"
    )


def picture(figures: Figures, footer: str) -> Group:
    missing = figures.wallboard.get("missing") or []
    warning = Text(f"does not answer: {', '.join(missing)}", style="bold red") if missing else Text("")
    return Group(calls(figures), queues(figures), agents(figures), warning, Text.from_markup(footer))


def calls(figures: Figures) -> Table:
    table = Table(title=f"Switchyard · {elapsed(figures)}", title_justify="left", expand=False)
    row = {
        "offered": str(figures.offered),
        "now": str(figures.open),
        "answered": str(figures.sum("answered")),
        "abandoned": str(figures.sum("abandoned")),
        "in queue": str(figures.sum("waiting")),
        "service level": percent(figures.service_level),
        "ASA": seconds(figures.asa_s),
        "events/s": f"{figures.events_per_s:.0f}",
        "reaction p50 / p99": f"{milliseconds(figures.reaction_ms(0.5))}"
        f" / {milliseconds(figures.reaction_ms(0.99))}",
    }
    for name in row:
        table.add_column(name, justify="right")
    table.add_row(*row.values())
    return table


def queues(figures: Figures) -> Table:
    table = Table()
    for name in ("queue", "waiting", "longest", "answered", "abandoned", "service level", "staffed"):
        table.add_column(name, justify="left" if name == "queue" else "right")
    for queue in figures.queues:
        table.add_row(
            queue["title"] or queue["queue"],
            str(queue["waiting"]),
            seconds((queue["longest_wait_ms"] or 0) / 1000),
            str(queue["answered"]),
            str(queue["abandoned"]),
            percent(queue["service_level"]),
            str(queue["agents_staffed"]),
        )
    return table


def agents(figures: Figures) -> Table:
    table = Table()
    states = figures.wallboard.get("agents", {})
    table.add_column("agents")
    table.add_column("idle", justify="right")
    for name in ("offered", "connected", "wrap_up", "other_work", "not_responding", "offline"):
        table.add_column(name.replace("_", " "), justify="right")
    table.add_row(str(sum(states.values())), *(str(count) for count in states.values()))
    return table


def report(balance: Balance, console: Console) -> None:
    """The balance as a table, what is wrong under it."""
    table = Table(title="Balance: every call exactly once, everywhere", title_justify="left")
    table.add_column("outcome")
    for place in balance.columns:
        table.add_column(place, justify="right")
    shown = [word for word in (*OUTCOMES, "open") if any(c.get(word) for c in balance.columns.values())]
    for outcome in shown:
        counts = (column.get(outcome, 0) for column in balance.columns.values())
        table.add_row(outcome.replace("_", " "), *(str(count) for count in counts))
    table.add_section()
    table.add_row("all", *(str(sum(column.values())) for column in balance.columns.values()), style="bold")
    console.print(table)
    for sentence in balance.sentences():
        console.print(f"  {sentence}", style="red", highlight=False)
    verdict = (
        f"The balance holds: {balance.offered} calls offered, none lost, none double."
        if balance.holds
        else f"The balance does not hold: {balance.problems} of {balance.offered} calls are wrong."
    )
    console.print(verdict, style="bold green" if balance.holds else "bold red", highlight=False)


def reaction_line(figures: Figures) -> str:
    p50, p99 = figures.reaction_ms(0.5), figures.reaction_ms(0.99)
    if p99 is None:
        return "Time added by the suite: no event has led to a command yet."
    verdict = "goal kept" if p99 < GOAL_P99_MS else "goal missed"
    return (
        "Time added by the suite (switch event in → resulting command out): "
        f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)} (goal p99 < {GOAL_P99_MS:.0f} ms: {verdict})"
    )


def elapsed(figures: Figures) -> str:
    whole = int(time.monotonic() - figures.started)
    return f"{whole // 60:02}:{whole % 60:02}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def seconds(number: float | None) -> str:
    return "–" if number is None else f"{number:.1f} s"


def milliseconds(number: float | None) -> str:
    return "–" if number is None else f"{number:.1f} ms"
