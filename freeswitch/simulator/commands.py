"""The verbs of an ESL connection, inbound and outbound alike."""

from __future__ import annotations

import asyncio
import hmac
import uuid as uuids
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from freeswitch.simulator.channels import Channel
from freeswitch.simulator.events import Event, Headers
from freeswitch.simulator.orders import Order
from freeswitch.simulator.protocol import GOODBYE, Command, Connection
from freeswitch.simulator.subscriptions import FORMATS

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator

Answer = Awaitable[None] | None
NOT_FOUND = "-ERR command not found"
LOG_LEVELS = ("console", "alert", "crit", "err", "warning", "notice", "info", "debug")


class EslConnection(Connection):
    """Everything but how a connection begins."""

    def __init__(self, node: Simulator) -> None:
        super().__init__(node)
        self.authorised = True
        self.full = True
        self.session: Channel | None = None
        self.async_mode = True
        self.linger_s: float | None = None
        self.lingering = False
        self.resume = False
        self.logging = False

    @property
    def own_uuid(self) -> str | None:
        if self.subscription.mine and self.session is not None:
            return self.session.uuid
        return None

    def handle(self, command: Command) -> Answer:
        verb, _, rest = command.line.partition(" ")
        verb = verb.lower()
        if verb == "exit":
            return self.do_exit()
        if not self.authorised:
            return self.before_auth(verb, rest)
        action = VERBS.get(verb)
        if action is None or (verb in _NEED_FULL and not self.full):
            self.reply(NOT_FOUND)
            return None
        return action(self, rest, command)

    def before_auth(self, verb: str, rest: str) -> Answer:
        self.reply(NOT_FOUND)
        return None

    def do_exit(self) -> Answer:
        self.reply("+OK bye")
        self.say_goodbye()
        self.close()
        return None

    def say_goodbye(self) -> None:
        self.notice(GOODBYE)

    def greet(self) -> None:
        """`connect` was said; of interest outbound only."""

    def changed(self) -> None:
        """Tell the bus what this connection wants now."""
        self.node.bus.follow(self)


class InboundConnection(EslConnection):
    """A client that dialled the event socket."""

    def __init__(self, node: Simulator) -> None:
        super().__init__(node)
        self.authorised = False
        self._timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.write(b"Content-Type: auth/request\n\n")
        loop = asyncio.get_running_loop()
        self._timeout = loop.call_later(self.node.settings.auth_timeout_s, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timeout is not None:
            self._timeout.cancel()

    def _too_late(self) -> None:
        self.say_goodbye()
        self.close()

    def before_auth(self, verb: str, rest: str) -> Answer:
        if verb != "auth":
            self.reply(NOT_FOUND)
        elif hmac.compare_digest(rest.strip().encode(), self.node.settings.esl_password.encode()):
            self.authorised = True
            if self._timeout is not None:
                self._timeout.cancel()
            self.reply("+OK accepted")
        else:
            self.reply("-ERR invalid")
            self.say_goodbye()
            self.close()
        return None


# -- verbs: (connection, what follows the verb, the command) -> None, or an awaitable to stand still for


def _auth(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply(NOT_FOUND)
    return None


def _event(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply(link.subscription.event(rest.split()))
    link.changed()
    return None


def _nixevent(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply(link.subscription.nix(rest.split()))
    link.changed()
    return None


def _noevents(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply(link.subscription.none())
    link.changed()
    return None


def _filter(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply(link.subscription.filter(rest) if rest.strip() else NOT_FOUND)
    return None


def _myevents(link: EslConnection, rest: str, command: Command) -> Answer:
    words = rest.split()
    if link.session is None and not words:
        link.reply(NOT_FOUND)
        return None
    if link.session is None and not link.subscription.mine:
        link.session = link.node.channels.get(words.pop(0))
        if link.session is None and words:
            link.reply("-ERR invalid uuid")
            return None
    for word in words:
        if word.lower() in FORMATS:
            link.subscription.format = word.lower()
    link.reply(link.subscription.my_events())
    link.changed()
    return None


def _divert(link: EslConnection, rest: str, command: Command) -> Answer:
    if link.session is None:
        link.reply("-ERR not controlling a session.")
    elif not rest.strip():
        link.reply("-ERR missing value.")
    else:
        link.reply("+OK events diverted" if rest.strip().lower() == "on" else "+OK events not diverted")
    return None


def _linger(link: EslConnection, rest: str, command: Command) -> Answer:
    if link.session is None:
        link.reply("-ERR not controlling a session")
    elif rest.strip():
        seconds = int(rest) if rest.strip().isdigit() else 0
        link.linger_s = float(seconds)
        link.reply(f"+OK will linger {seconds} seconds")
    else:
        link.linger_s = float("inf")
        link.reply("+OK will linger")
    return None


def _nolinger(link: EslConnection, rest: str, command: Command) -> Answer:
    if link.session is None:
        link.reply("-ERR not controlling a session")
        return None
    link.linger_s = None
    link.reply("+OK will not linger")
    return None


def _log(link: EslConnection, rest: str, command: Command) -> Answer:
    word = rest.strip().lower()
    if word.isdigit():
        level = int(word)
    else:
        level = LOG_LEVELS.index(word) if word in LOG_LEVELS else 7 if not word else -1
    if level < 0:
        link.reply("-ERR invalid log level")
    else:
        link.logging = True
        link.reply(f"+OK log level {rest.strip()} [{level}]")
    return None


def _nolog(link: EslConnection, rest: str, command: Command) -> Answer:
    link.reply("+OK no longer logging" if link.logging else "-ERR not loging")
    link.logging = False
    return None


def _api(link: EslConnection, rest: str, command: Command) -> Answer:
    if " " not in command.line:
        link.reply(NOT_FOUND)
        return None
    link.node.note(rest, link)
    result = link.node.api(rest, link)
    if isinstance(result, str):
        link.api_reply(result or "-ERR no reply\n")
        return None
    return _await_api(link, result)


async def _await_api(link: EslConnection, result: Awaitable[str]) -> None:
    link.api_reply(await result or "-ERR no reply\n")


def _bgapi(link: EslConnection, rest: str, command: Command) -> Answer:
    if not rest:
        link.reply(NOT_FOUND)
        return None
    job = command.get("job-uuid") or str(uuids.uuid4())
    link.write(f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n".encode())
    link.node.note(rest, link)
    link.node.background(rest, job, link)
    return None


def _sendevent(link: EslConnection, rest: str, command: Command) -> Answer:
    name = rest.strip().upper() or "CUSTOM"
    number = str(uuids.uuid4())
    headers: Headers = {}
    if command.get("event-subclass"):
        headers["Event-Subclass"] = command.get("event-subclass")
    headers["Command"] = command.line
    headers.update({key: value for key, value in command.fields if key not in headers})
    headers["Event-UUID"] = number
    bus = link.node.bus
    found = bus.listeners(name, command.get("unique-id"))
    if found:
        headers |= bus.base(name, None)
        body = command.body or None
        subclass = command.get("event-subclass") or None
        bus.send(Event(name, headers, command.get("unique-id"), body, subclass), found)
    link.reply(f"+OK {number}")
    return None


def _sendmsg(link: EslConnection, rest: str, command: Command) -> Answer:
    uuid = rest.strip() or command.get("session-id")
    mine = link.session
    channel = mine if mine is not None and uuid in {"", mine.uuid} else link.node.channels.get(uuid)
    if channel is None:
        link.reply(f"-ERR invalid session id [{uuid}]")
        return None
    order = Order.of(command)
    if channel is mine and not link.async_mode and not mine.down:
        return _run_now(link, channel, order)
    channel.queue(order)
    link.reply("+OK")
    return None


async def _run_now(link: EslConnection, channel: Channel, order: Order) -> None:
    """Without `async` the socket's own thread is the channel's: the answer waits for the application."""
    order.done = asyncio.get_running_loop().create_future()
    channel.queue(order)
    await order.done
    link.reply("+OK")


def _connect(link: EslConnection, rest: str, command: Command) -> Answer:
    channel = link.session
    if channel is None:
        link.reply(NOT_FOUND)
        return None
    link.write(channel.connect_data(link.async_mode, link.full))
    link.greet()
    return None


def _getvar(link: EslConnection, rest: str, command: Command) -> Answer:
    value = link.session.get(rest.strip()) if link.session is not None else None
    link.reply(value or NOT_FOUND)
    return None


def _resume(link: EslConnection, rest: str, command: Command) -> Answer:
    if link.session is None:
        link.reply(NOT_FOUND)
        return None
    link.resume = True
    link.session.set("socket_resume", "true")
    link.reply("+OK")
    return None


VERBS: dict[str, Callable[[EslConnection, str, Command], Answer]] = {
    "auth": _auth,
    "event": _event,
    "nixevent": _nixevent,
    "noevents": _noevents,
    "filter": _filter,
    "myevents": _myevents,
    "divert_events": _divert,
    "linger": _linger,
    "nolinger": _nolinger,
    "log": _log,
    "nolog": _nolog,
    "api": _api,
    "bgapi": _bgapi,
    "sendevent": _sendevent,
    "sendmsg": _sendmsg,
    "connect": _connect,
    "getvar": _getvar,
    "resume": _resume,
}
_NEED_FULL = frozenset(
    ("api", "bgapi", "event", "nixevent", "noevents", "linger", "nolinger", "log", "nolog", "sendevent")
)
