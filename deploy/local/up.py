"""`./switchyard up`: the suite for real calls, until Ctrl-C."""

import asyncio
import sys

from deploy.local import console
from deploy.local.options import UpOptions
from deploy.local.ports import accepts
from deploy.local.suite import Suite, SuiteOptions
from deploy.local.supervisor import Restarts
from deploy.local.wiring import usual_ports


async def up(options: UpOptions) -> int:
    await warn_of_absent_switches(options)
    page = asyncio.create_task(console.build(say)) if options.console else None
    try:
        return await run_suite(options)
    finally:
        if page:
            page.cancel()
            await asyncio.wait({page})


async def run_suite(options: UpOptions) -> int:
    suite_options = SuiteOptions(
        data_dir=options.data_dir,
        simulators=1 if options.simulator else 0,
        esl_nodes=options.esl_nodes,
        esl_password=options.esl_password,
        standby=options.standby,
        ports=usual_ports(standby=options.standby),
        host=options.host,
        durable=True,
        restarts=Restarts(),
        say=say,
    )
    async with Suite(suite_options) as suite:
        say(f"page {suite.page_url} · first administrator {suite.admin}")
        say(f"IVR for the dialplan's socket: {suite.wiring.ivr_esl}")
        say(f"data and logs in {options.data_dir} · Ctrl-C stops all")
        say(await suite.gave_up())
    return 1


async def warn_of_absent_switches(options: UpOptions) -> None:
    for name, address in options.esl_nodes.items():
        host, _, port = address.rpartition(":")
        if not await accepts(host, int(port)):
            say(
                f"nothing answers at {address} ({name}): is FreeSWITCH up, and does its event "
                "socket listen there? Going on; the services connect when it comes."
            )


def say(line: str) -> None:
    print(f"switchyard: {line}", file=sys.stderr, flush=True)
