"""python -m freeswitch.simulator: one node, one process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from pathlib import Path

import orjson

from freeswitch.simulator.config import Settings
from freeswitch.simulator.node import Simulator


def parse(arguments: list[str]) -> Settings:
    """The command line as settings."""
    parser = argparse.ArgumentParser(prog="freeswitch.simulator", description=__doc__)
    parser.add_argument("--esl-listen", default="127.0.0.1:8021", help="host:port, port 0 is any")
    parser.add_argument("--esl-password", default=Settings.__dataclass_fields__["esl_password"].default)
    parser.add_argument("--name", default="fs1", help="switchname")
    parser.add_argument("--ivr", default="", help="host:port|host:port of the IVRs")
    parser.add_argument("--sounds", action="append", default=[], type=Path)
    parser.add_argument("--recordings", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show-lag-ms", type=int, default=100)
    parser.add_argument("--heartbeat-s", type=float, default=5.0)
    parser.add_argument("--max-sessions", type=int, default=5_000, help="legs at once")
    given = parser.parse_args(arguments)
    host, _, port = given.esl_listen.rpartition(":")
    if not host or not port.isdigit():
        parser.error("--esl-listen wants host:port")
    return Settings(
        name=given.name,
        esl_host=host,
        esl_port=int(port),
        esl_password=given.esl_password,
        ivr=given.ivr,
        sounds=tuple(given.sounds),
        recordings=given.recordings,
        seed=given.seed,
        show_lag_ms=given.show_lag_ms,
        heartbeat_s=given.heartbeat_s,
        max_sessions=given.max_sessions,
    )


async def serve(settings: Settings) -> None:
    """Until told to stop: SIGTERM and SIGINT end every call first."""
    node = Simulator(settings)
    await node.start()
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    sys.stdout.write(orjson.dumps({"esl_port": node.port, "name": settings.name}).decode() + "\n")
    sys.stdout.flush()
    assert node.stopped is not None  # noqa: S101 - set by start()
    node.stopped.add_done_callback(lambda _: asked.set())  # fsctl shutdown ends the process too
    await asked.wait()
    await node.stop()


def main() -> None:
    settings = parse(sys.argv[1:])
    # Calls make many short-lived objects and few cycles: collecting seldom saves a tenth of the time.
    gc.set_threshold(20_000, 20, 20)
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.run(serve(settings))
        return
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
