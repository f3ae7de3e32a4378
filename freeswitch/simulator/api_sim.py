"""`sim …`: what only the simulator has, over ordinary ESL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from freeswitch.simulator.api import Answer, command, find
from freeswitch.simulator.people import BadOrderError, CallSpec, Phone

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.protocol import Connection

USAGE = (
    "-USAGE: call <json> | phone <extension> <json> | answer <uuid|extension> | "
    "hangup <uuid|extension> | dtmf <uuid> <digits> | ledger [since N] [as json] | totals | told [since N] | "
    "fault <json>|clear | ivr <addresses>\n"
)


def _load(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadOrderError(f"not JSON: {error}") from error


@command("sim")
def sim(node: Simulator, arg: str, link: Connection | None) -> Answer:
    verb, _, rest = arg.partition(" ")
    action = VERBS.get(verb)
    if action is None:
        return USAGE
    try:
        return action(node, rest.strip())
    except (BadOrderError, TypeError, ValueError, AttributeError) as error:
        return f"-ERR {error}\n"


def _call(node: Simulator, rest: str) -> str:
    if node.paused_inbound or len(node.channels) >= node.settings.max_sessions:
        return "-ERR SWITCH_CONGESTION\n"
    return f"+OK {node.people.call(CallSpec.of(_load(rest))).uuid}\n"


def _phone(node: Simulator, rest: str) -> str:
    extension, _, spec = rest.partition(" ")
    if not extension:
        return USAGE
    node.people.set_phone(extension, Phone.of(_load(spec) if spec else {}))
    return "+OK\n"


def _answer(node: Simulator, rest: str) -> str:
    channel = node.people.find(rest)
    if channel is None or not node.people.answer(channel):
        return "-ERR nothing rings there\n"
    return "+OK\n"


def _hangup(node: Simulator, rest: str) -> str:
    channel = node.people.find(rest)
    if channel is None or channel.down:
        return "-ERR No such channel!\n"
    channel.hangup("NORMAL_CLEARING", "caller" if channel.inbound else "far end")
    return "+OK\n"


def _dtmf(node: Simulator, rest: str) -> str:
    uuid, _, digits = rest.partition(" ")
    channel = find(node, uuid)
    if channel is None:
        return "-ERR No such channel!\n"
    node.people.dial_digits(channel, digits.strip())
    return "+OK\n"


def _ledger(node: Simulator, rest: str) -> str:
    words = rest.split()
    since = int(words[words.index("since") + 1]) if "since" in words[:-1] else 0
    rows = node.ledger.rows(since)
    if words[-2:] == ["as", "json"]:
        return orjson.dumps({"row_count": len(rows), "rows": rows}).decode()
    if not rows:
        return "\n0 total.\n"
    lines = "\n".join("\t".join(str(value) for value in row.values()) for row in rows)
    return "\t".join(rows[0]) + f"\n{lines}\n\n{len(rows)} total.\n"


def _told(node: Simulator, rest: str) -> str:
    """Api commands: when (microseconds since 1970), by which connection, what."""
    words = rest.split()
    since = int(words[1]) if words[:1] == ["since"] and len(words) > 1 else 0
    rows = [{"at_us": at, "link": link, "text": text} for at, link, text in node.told if at >= since]
    return orjson.dumps({"row_count": len(rows), "rows": rows}).decode()


def _totals(node: Simulator, rest: str) -> str:
    return orjson.dumps(node.ledger.totals()).decode()


def _fault(node: Simulator, rest: str) -> str:
    if rest == "clear":
        node.faults.clear()
        return "+OK\n"
    spec = _load(rest)
    if not isinstance(spec, dict):
        raise BadOrderError("a fault is an object")
    return node.faults.order(spec)


def _ivr(node: Simulator, rest: str) -> str:
    """Another address for the dialplan's socket, as if the configuration had been changed."""
    node.ivr = rest
    return "+OK\n"


VERBS: dict[str, Callable[[Simulator, str], str]] = {
    "call": _call,
    "phone": _phone,
    "answer": _answer,
    "hangup": _hangup,
    "dtmf": _dtmf,
    "ledger": _ledger,
    "totals": _totals,
    "told": _told,
    "fault": _fault,
    "ivr": _ivr,
}
