"""`show channels` and `show calls`: a copy that lags behind the events, as in FreeSWITCH."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson

from freeswitch.simulator.api import Answer, command
from freeswitch.simulator.channels import Channel
from freeswitch.simulator.states import STATES

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.protocol import Connection

Shown = dict[str, str]
SLICE = 200
"""Rows made before others get a turn. A real switch answers from a database in a thread of its own: with
20,000 channels nobody else waits for the list there, and must not here."""


class Table:
    """Rows appear, change and go some time after the channel did."""

    def __init__(self, lag_s: float) -> None:
        self._lag_s = lag_s
        self._rows: dict[str, Channel] = {}

    def add(self, channel: Channel) -> None:
        self._later(self._rows.__setitem__, channel.uuid, channel)

    def remove(self, channel: Channel) -> None:
        self._later(self._rows.pop, channel.uuid, None)

    def _later(self, action: object, *args: object) -> None:
        assert callable(action)  # noqa: S101 - both callers pass a dict's method
        if self._lag_s:
            asyncio.get_running_loop().call_later(self._lag_s, action, *args)
        else:
            action(*args)

    def channels(self) -> list[Channel]:
        return list(self._rows.values())


def row(channel: Channel) -> Shown:
    profile = channel.profile
    first_name, first_number, first_called = channel.first
    created = profile.created_us // 1_000_000
    state = channel.running if not channel.down else channel.last_live
    app, data = channel.shown_app
    codec = channel.codec if channel.has_codec else ""
    rate, bits = ("8000", "128000" if codec == "L16" else "64000") if codec else ("", "")
    return {
        "uuid": channel.uuid,
        "direction": profile.direction,
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created)),
        "created_epoch": str(created),
        "name": channel.name,
        "state": STATES[state],
        "cid_name": profile.caller_id_name,
        "cid_num": profile.caller_id_number,
        "ip_addr": profile.network_addr if channel.inbound else "",
        "dest": profile.destination_number,
        "application": app,
        "application_data": data,
        "dialplan": profile.dialplan,
        "context": profile.context,
        "read_codec": codec,
        "read_rate": rate,
        "read_bit_rate": bits,
        "write_codec": codec,
        "write_rate": rate,
        "write_bit_rate": bits,
        "secure": "",
        "hostname": channel.node.settings.name,
        "presence_id": channel.presence_id,
        "presence_data": "",
        "accountcode": "",
        "callstate": channel.call_state if not channel.down else "ACTIVE",
        "callee_name": profile.callee_id_name,
        "callee_num": profile.callee_id_number,
        "callee_direction": "SEND" if channel.peer is not None else "",
        "call_uuid": channel.call_uuid,
        "sent_callee_name": channel.get("last_sent_callee_id_name") or "",
        "sent_callee_num": channel.get("last_sent_callee_id_number") or "",
        "initial_cid_name": first_name,
        "initial_cid_num": first_number,
        "initial_ip_addr": profile.network_addr if channel.inbound else "",
        "initial_dest": first_called,
        "initial_dialplan": "XML" if channel.inbound else "",
        "initial_context": channel.first_context,
    }


_A_LEG = (
    *("uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr"),
    *("dest", "presence_id", "presence_data", "accountcode", "callstate", "callee_name", "callee_num"),
    *("callee_direction", "call_uuid", "hostname", "sent_callee_name", "sent_callee_num"),
)
_B_LEG = tuple(name for name in _A_LEG if name not in {"call_uuid", "hostname"})


async def _many(channels: list[Channel], fmt: str) -> str:
    """As `_render` has them."""
    rows: list[Shown] = []
    for at in range(0, len(channels), SLICE):
        rows += map(row, channels[at : at + SLICE])
        await asyncio.sleep(0)
    if fmt != "plain":
        return _render(rows, fmt, False)
    lines = []
    for at in range(0, len(rows), SLICE):
        lines += [",".join(one.values()) for one in rows[at : at + SLICE]]
        await asyncio.sleep(0)
    return "\n".join([",".join(rows[0]), *lines, "", f"{len(rows)} total.\n"])


def _calls(node: Simulator, bridged_only: bool) -> list[Shown]:
    """One row a call: the B leg of a bridge is columns of its A leg."""
    rows = []
    for channel in node.table.channels():
        other = channel.peer
        if channel.bridge_of is not None or (bridged_only and other is None):
            continue
        mine, theirs = row(channel), row(other) if other is not None else {}
        shown = {name: mine[name] for name in _A_LEG}
        shown |= {f"b_{name}": theirs.get(name, "") for name in _B_LEG}
        shown["call_created_epoch"] = str(channel.profile.bridged_us // 1_000_000) if other else ""
        rows.append(shown)
    return rows


def _render(rows: list[Shown], fmt: str, counting: bool) -> str:
    if fmt == "json":
        if counting:
            return orjson.dumps({"row_count": len(rows), "rows": []}).decode()
        if not rows:
            return '{"row_count": 0}\n'
        return orjson.dumps({"row_count": len(rows), "rows": rows}).decode()
    if fmt == "xml":
        return f'<result row_count="{len(rows)}"/>\n'
    if counting or not rows:
        return f"\n{len(rows)} total.\n"
    head = ",".join(rows[0])
    lines = "\n".join(",".join(one.values()) for one in rows)
    return f"{head}\n{lines}\n\n{len(rows)} total.\n"


@command("show")
def show(node: Simulator, arg: str, link: Connection | None) -> Answer:
    parts = arg.split()
    fmt = "plain"
    if len(parts) >= 2 and parts[-2].lower() == "as":
        fmt = parts.pop().lower()
        parts.pop()
    what = parts[0] if parts else ""
    shown = node.table.channels()
    if parts == ["channels"] and len(shown) > SLICE:
        return _many(shown, fmt)
    if what == "channels":
        rows = [row(channel) for channel in shown]
    elif what in {"calls", "detailed_calls", "bridged_calls", "detailed_bridged_calls"}:
        rows = _calls(node, "bridged" in what)
    elif what in {"registrations", "limits", "tasks"}:
        rows = []
    else:
        return "-USAGE: codec|endpoint|application|api|calls [count]|channels [count|like <match>]\n"
    if len(parts) > 2 and parts[1] == "like":
        wanted = parts[2].strip("%")
        rows = [one for one in rows if any(wanted in value for value in one.values())]
    return _render(rows, fmt, "count" in parts[1:2])
