"""The api commands that concern the node; those of one channel are in api_uuid.py."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from freeswitch.simulator.channels import Channel, new_uuid
from freeswitch.simulator.originate import USAGE, originate

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.protocol import Connection

VERSION = "1.11.3-dev+git~20260821T141014Z~cc93a683ca~64bit"
LONG_VERSION = "1.11.3-dev git cc93a68 2026-08-21 14:10:14Z 64bit"
Answer = str | Awaitable[str]
Api = Callable[["Simulator", str, "Connection | None"], Answer]
API: dict[str, Api] = {}


def command(name: str) -> Callable[[Api], Api]:
    """Register an api command."""

    def register(function: Api) -> Api:
        API[name] = function
        return function

    return register


def run(node: Simulator, text: str, link: Connection | None) -> Answer:
    """Answer one api line; an empty answer is told to the client as -ERR no reply."""
    name, _, arg = text.partition(" ")
    function = API.get(name.lower())
    if function is None:
        return f"-ERR {name} Command not found!\n"
    return function(node, arg.strip(), link)


@command("hostname")
@command("switchname")
def hostname(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return node.settings.name


@command("version")
def version(node: Simulator, arg: str, link: Connection | None) -> Answer:
    if arg == "short":
        return VERSION.partition("+")[0]
    return f"FreeSWITCH Version {VERSION} (git cc93a68 2026-08-21 14:10:14Z 64bit)\n"


@command("uptime")
def uptime(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return f"{int(node.uptime_s())}\n"


def uptime_words(seconds: float) -> str:
    whole = int(seconds)
    micro = int((seconds - whole) * 1_000_000)
    years, rest = divmod(whole, 31_536_000)
    days, rest = divmod(rest, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, secs = divmod(rest, 60)
    return (
        f"{years} years, {days} days, {hours} hours, {minutes} minutes, {secs} seconds, "
        f"{micro // 1_000} milliseconds, {micro % 1_000} microseconds"
    )


@command("status")
def status(node: Simulator, arg: str, link: Connection | None) -> Answer:
    now, peak, total = len(node.channels), node.peak, node.endpoints.sessions
    return (
        f"UP {uptime_words(node.uptime_s())}\n"
        f"FreeSWITCH (Version {LONG_VERSION}) is {'paused' if node.paused_inbound else 'ready'}\n"
        f"{total} session(s) since startup\n"
        f"{now} session(s) - peak {peak}, last 5min {peak} \n"
        f"{node.rate} session(s) per Sec out of max 2000, peak {node.peak_rate}, "
        f"last 5min {node.peak_rate} \n"
        f"{node.settings.max_sessions} session(s) max\n"
        "min idle cpu 0.00/90.00\n"
        "Current Stack Size/Max 240K/8192K\n"
    )


@command("global_getvar")
def global_getvar(node: Simulator, arg: str, link: Connection | None) -> Answer:
    if not arg:
        return "".join(f"{name}={value}\n" for name, value in node.globals.items())
    return node.globals.get(arg, "")


@command("global_setvar")
def global_setvar(node: Simulator, arg: str, link: Connection | None) -> Answer:
    """`name=value`, or `name=value=old`: only if it is `old` now. The answer is `+OK` either way."""
    name, _, rest = arg.partition("=")
    value, _, old = rest.partition("=")
    if old and node.globals.get(name) != old:
        return "+OK"
    if value:
        node.globals[name] = value
    else:
        node.globals.pop(name, None)
    return "+OK"


@command("create_uuid")
def create_uuid(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return new_uuid()


@command("strepoch")
def strepoch(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return str(int(time.time()))


@command("strftime")
def strftime(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return time.strftime(arg or "%Y-%m-%d %T")


@command("md5")
def md5(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return hashlib.md5(arg.encode(), usedforsecurity=False).hexdigest()


@command("echo")
def echo(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return arg


@command("eval")
def evaluate(node: Simulator, arg: str, link: Connection | None) -> Answer:
    if arg.startswith("${") and arg.endswith("}"):
        return node.globals.get(arg[2:-1], "")
    return arg


@command("expand")
def expand(node: Simulator, arg: str, link: Connection | None) -> Answer:
    for name, value in node.globals.items():
        arg = arg.replace(f"${{{name}}}", value)
    if arg.partition(" ")[0].lower() not in API:
        return "INVALID COMMAND!\n-ERR Cannot execute command\n"
    return run(node, arg, link)


@command("log")
def log(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return "+OK\n"


@command("msleep")
async def msleep(node: Simulator, arg: str, link: Connection | None) -> str:
    await asyncio.sleep(int(arg) / 1_000 if arg.isdigit() else 0)
    return "+OK"


@command("reloadxml")
def reloadxml(node: Simulator, arg: str, link: Connection | None) -> Answer:
    node.bus.fire("RELOADXML", {})
    return "+OK [Success]\n"


@command("reloadacl")
def reloadacl(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return "+OK acl reloaded\n"


@command("bgapi")
def bgapi(node: Simulator, arg: str, link: Connection | None) -> Answer:
    job = new_uuid()
    node.background(arg, job, link)
    return f"+OK Job-UUID: {job}\n"


@command("originate")
def do_originate(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return originate(node, arg) if arg else USAGE


@command("hupall")
def hupall(node: Simulator, arg: str, link: Connection | None) -> Answer:
    cause, _, match = arg.partition(" ")
    name, _, value = match.partition(" ")
    cause = cause or "MANAGER_REQUEST"
    for channel in list(node.channels.values()):
        if not name or channel.get(name) == value:
            channel.hangup(cause)
    return f"+OK hangup all channels with cause {cause}\n"


@command("fsctl")
def fsctl(node: Simulator, arg: str, link: Connection | None) -> Answer:
    words = arg.split()
    if not words:
        return "-USAGE: [api_expansion [on|off]|hupall|pause [inbound|outbound]|shutdown …]\n"
    which = words[1] if len(words) > 1 else ""
    if words[0] in {"pause", "resume"}:
        _pause(node, which, words[0] == "pause")
        return "+OK\n"
    if words[0] == "pause_check":
        return "true" if node.paused_inbound else "false"
    if words[0] == "shutdown":
        return _shutdown(node, which)
    if words[0] == "hupall":
        hupall(node, " ".join(words[1:]), link)
        return "+OK\n"
    if words[0] == "last_sps":
        return f"+OK last sessions per second: {node.rate}\n"
    if words[0] == "max_sessions":
        return f"+OK max sessions: {node.settings.max_sessions}\n"
    if words[0] in {"loglevel", "sps", "debug_level", "send_sighup", "reclaim_mem", "sync_clock"}:
        return "+OK\n"
    return "-ERR Invalid command\nUSAGE: fsctl [pause|resume|shutdown|hupall|…]\n"


def _pause(node: Simulator, which: str, paused: bool) -> None:
    if which in {"", "inbound"}:
        node.paused_inbound = paused
    if which in {"", "outbound"}:
        node.paused_outbound = paused


def _shutdown(node: Simulator, how: str) -> str:
    loop = asyncio.get_running_loop()
    if how == "now":
        loop.call_soon(node.kill)
    elif how == "cancel":
        node.paused_inbound = node.paused_outbound = False
    else:
        node.shutdown_soon(when_empty=how == "elegant")
    return "+OK\n"


@command("load")
@command("reload")
def reload(node: Simulator, arg: str, link: Connection | None) -> Answer:
    if arg == "mod_event_socket":
        # Looks like a shutdown to every client, while all calls live on (transcript 71).
        asyncio.get_running_loop().call_soon(node.end_connections)
    return "+OK Reloading XML\n+OK module loaded\n"


@command("module_exists")
def module_exists(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return "true" if arg.startswith("mod_") else "false"


@command("sofia")
def sofia(node: Simulator, arg: str, link: Connection | None) -> Answer:
    line = "=" * 97
    if arg.startswith("status profile"):
        return f"{line}\nName             \t{arg.split()[-1]}\nREGISTRATIONS    \t0\n"
    rows = "".join(
        f"{name:>25}\tprofile\t{'sip:mod_sofia@127.0.0.1':>40}\tRUNNING (0)\n" for name in ("agents", "trunk")
    )
    return f"{'Name':>25}\tType\t{'Data':>40}\tState\n{line}\n{rows}{line}\n2 profiles 0 aliases\n"


@command("conference")
def conference(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return node.conferences.api(arg)


@command("sched_api")
@command("db")
@command("hash")
@command("domain_exists")
def unimportant(node: Simulator, arg: str, link: Connection | None) -> Answer:
    return "+OK\n"


def find(node: Simulator, uuid: str) -> Channel | None:
    """A channel that FreeSWITCH would still locate: a hung-up one is not."""
    channel = node.channels.get(uuid)
    return channel if channel is not None and not channel.down else None
