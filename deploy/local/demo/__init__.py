"""`./switchyard demo`: the whole suite at work, with simulated callers and agents."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack

import httpx
import uvloop
from rich.console import Console

from deploy.local import console as web
from deploy.local.demo import plan, screen
from deploy.local.demo.balance import Balance, as_lines
from deploy.local.demo.figures import Figures, Watcher
from deploy.local.demo.world import PASSWORD, VISITOR, World
from deploy.local.options import DemoOptions
from deploy.local.running import run
from deploy.local.suite import Suite, SuiteOptions
from deploy.local.wiring import any_ports, role_of

PEOPLE_NICE, SWITCH_NICE = 10, 5
LAST_CALLS_S = 90.0  # the most patient caller and the longest talk end well before


def main(options: DemoOptions) -> int:
    """Exit status: 0 when the balance holds (or a person stopped an endless demo), else 1."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return run(demo(options))


async def demo(options: DemoOptions) -> int:
    terminal = Console(stderr=True)

    def say(line: str) -> None:
        terminal.print(line, style="dim", highlight=False, soft_wrap=True)

    async with AsyncExitStack() as stack:
        page = asyncio.create_task(web.build(say)) if options.console else None
        stack.push_async_callback(_ended, page)
        suite = await stack.enter_async_context(Suite(_suite_options(options, say)))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=suite.page_url, timeout=30))
        stand_aside(suite)
        world = World(suite, client, Figures(), options.seed)
        await stack.enter_async_context(world.connected())
        count = options.agents or plan.agents_needed(options.calls_per_minute)
        say(f"{count} simulated agents sign in …")
        stack.push_async_callback(world.floor.go_home)
        await world.prepare(count)
        balance = await _day(options, suite, world, terminal)
        return _tell(balance, world.figures, options, terminal)


def stand_aside(suite: Suite) -> None:
    """Switch and people would be on machines of their own; here they at least let the suite go first."""
    os.setpriority(os.PRIO_PROCESS, 0, PEOPLE_NICE)
    for name in suite.simulators:
        os.setpriority(os.PRIO_PROCESS, suite.supervisor.child(name).pid, SWITCH_NICE)


def _suite_options(options: DemoOptions, say: object) -> SuiteOptions:
    return SuiteOptions(
        data_dir=options.data_dir,
        standby=options.standby,
        ports=any_ports(gateway=options.port if options.console else 0, standby=options.standby),
        seed=options.seed,
        say=say,  # type: ignore[arg-type]
    )


async def _day(options: DemoOptions, suite: Suite, world: World, terminal: Console) -> Balance | None:
    """Calls for as long as wished, then the last ones end, then the balance. None: a part died."""
    ops = [suite.ops_url(service) for service in suite.services if role_of(service) in ("acd", "ivr")]
    background = [
        asyncio.create_task(Watcher(world.figures, ops, suite.nats.url).run()),
        asyncio.create_task(world.count()),
        asyncio.create_task(world.watch_wallboard()),
        asyncio.create_task(screen.show(world.figures, terminal, _footer(options, suite))),
    ]
    calls = asyncio.create_task(world.callers_arrive(options.calls_per_minute))
    died = asyncio.create_task(suite.gave_up())
    try:
        await asyncio.wait(
            [calls, died, *background], timeout=options.duration_s, return_when=asyncio.FIRST_COMPLETED
        )
        await _ended(calls)
        if _failed(terminal, died, calls, *background):
            return None
        await world.last_call(LAST_CALLS_S)
    finally:
        for task in (calls, died, *background):
            await _ended(task)
    return await world.balance()


def _failed(terminal: Console, died: asyncio.Task[str], *tasks: asyncio.Task[None]) -> bool:
    if died.done():
        terminal.print(died.result(), style="bold red", highlight=False)
        return True
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return False


def _footer(options: DemoOptions, suite: Suite) -> str:
    stop = "Ctrl-C stops all" if options.duration_s is None else f"ends after {options.duration_s:.0f} s"
    if not options.console:
        return stop
    url = suite.page_url
    return f"Sign in beside them: [link={url}]{url}[/link] as {VISITOR} / {PASSWORD} · {stop}"


def _tell(balance: Balance | None, figures: Figures, options: DemoOptions, terminal: Console) -> int:
    if balance is None:
        return 1
    terminal.print(screen.line(figures), highlight=False, soft_wrap=True)
    if options.json:
        sys.stdout.write(as_lines(balance) + "\n")
    else:
        out = Console()
        screen.report(balance, out)
        out.print(screen.reaction_line(figures), highlight=False, soft_wrap=True)
    return 0 if balance.holds else 1


async def _ended(task: asyncio.Task[object] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
