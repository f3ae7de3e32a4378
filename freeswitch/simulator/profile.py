"""The caller profile: who calls whom, and when what happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any

from freeswitch.simulator.events import Headers

# header suffix, attribute; an empty one is left out, as FreeSWITCH does.
_TEXT = (
    ("Username", "username"),
    ("Dialplan", "dialplan"),
    ("Caller-ID-Name", "caller_id_name"),
    ("Caller-ID-Number", "caller_id_number"),
    ("Orig-Caller-ID-Name", "orig_caller_id_name"),
    ("Orig-Caller-ID-Number", "orig_caller_id_number"),
    ("Callee-ID-Name", "callee_id_name"),
    ("Callee-ID-Number", "callee_id_number"),
    ("Network-Addr", "network_addr"),
    ("ANI", "ani"),
    ("Destination-Number", "destination_number"),
    ("Unique-ID", "uuid"),
    ("Source", "source"),
    ("Transfer-Source", "transfer_source"),
    ("Context", "context"),
    ("RDNIS", "rdnis"),
    ("Channel-Name", "channel_name"),
)
_TIMES = (
    ("Profile-Created-Time", "profile_created_us"),
    ("Channel-Created-Time", "created_us"),
    ("Channel-Answered-Time", "answered_us"),
    ("Channel-Progress-Time", "progress_us"),
    ("Channel-Progress-Media-Time", "progress_media_us"),
    ("Channel-Hangup-Time", "hangup_us"),
    ("Channel-Transfer-Time", "transferred_us"),
    ("Channel-Resurrect-Time", "resurrected_us"),
    ("Channel-Bridged-Time", "bridged_us"),
    ("Channel-Last-Hold", "last_hold_us"),
    ("Channel-Hold-Accum", "hold_accum_us"),
)
_GET_TEXT = attrgetter(*(name for _, name in _TEXT))
_GET_TIMES = attrgetter(*(name for _, name in _TIMES))
_FIELDS = frozenset(name for _, name in _TEXT)


@cache
def _names(prefix: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(f"{prefix}-{one}" for one, _ in _TEXT), tuple(f"{prefix}-{one}" for one, _ in _TIMES)


@dataclass(slots=True)
class CallerProfile:
    """Mutable in its times only; a transfer makes a new one with the next index."""

    direction: str
    uuid: str
    channel_name: str
    username: str = ""
    dialplan: str = ""
    caller_id_name: str = ""
    caller_id_number: str = ""
    orig_caller_id_name: str = ""
    orig_caller_id_number: str = ""
    callee_id_name: str = ""
    callee_id_number: str = ""
    network_addr: str = ""
    ani: str = ""
    destination_number: str = ""
    source: str = "mod_sofia"
    transfer_source: str = ""
    context: str = "default"
    rdnis: str = ""
    logical_direction: str = ""
    index: int = 1
    profile_created_us: int = 0
    created_us: int = 0
    answered_us: int = 0
    progress_us: int = 0
    progress_media_us: int = 0
    hangup_us: int = 0
    transferred_us: int = 0
    resurrected_us: int = 0
    bridged_us: int = 0
    last_hold_us: int = 0
    hold_accum_us: int = 0
    _made: dict[str, Headers] = field(default_factory=dict, repr=False)

    def stamp(self, **times: int) -> None:
        for name, value in times.items():
            setattr(self, name, value)
        self.forget()

    def forget(self) -> None:
        """After any change: the headers are made anew."""
        self._made.clear()

    def next(self, **changes: Any) -> CallerProfile:
        made = CallerProfile(*_everything(self))
        made.index += 1
        made.profile_created_us = time.time_ns() // 1_000
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def known(self, name: str) -> str | None:
        return str(getattr(self, name)) if name in _FIELDS else None

    def headers(self, prefix: str, *, index: bool = True) -> Headers:
        """The profile as PREFIX-… headers; made once until something changes. Not to be altered."""
        made = self._made.get(prefix)
        if made is None:
            made = self._made[prefix] = self._make(prefix, index)
        return made

    def _make(self, prefix: str, index: bool) -> Headers:
        rows: Headers = {
            f"{prefix}-Direction": self.direction,
            f"{prefix}-Logical-Direction": self.logical_direction or self.direction,
        }
        texts, times = _names(prefix)
        for name, value in zip(texts, _GET_TEXT(self), strict=True):
            if value:
                rows[name] = value
        if index:
            rows[f"{prefix}-Profile-Index"] = str(self.index)
        rows.update(zip(times, map(str, _GET_TIMES(self)), strict=True))
        rows[f"{prefix}-Screen-Bit"] = "true"
        rows[f"{prefix}-Privacy-Hide-Name"] = "false"
        rows[f"{prefix}-Privacy-Hide-Number"] = "false"
        return rows

    def cdr(self) -> Headers:
        """Stamps, epochs and durations of a finished channel."""
        rows: Headers = {}
        for name, value in self._moments():
            if value and name not in {"last_hold", "resurrect", "progress_media"}:
                stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value // 1_000_000))
                rows[f"variable_{name}_stamp"] = stamp
        for name, value in self._moments():
            rows[f"variable_{name}_epoch"] = str(value // 1_000_000)
            rows[f"variable_{name}_uepoch"] = str(value)
        for name, value in self._lengths():
            rows[f"variable_{name}sec"] = str(value // 1_000_000)
            rows[f"variable_{name}msec"] = str(value // 1_000)
            rows[f"variable_{name}usec"] = str(value)
        total = self.hangup_us - self.created_us
        seconds = self.hangup_us // 1_000_000 - self.created_us // 1_000_000
        rows["variable_duration"] = str(seconds)
        rows["variable_mduration"] = str(total // 1_000)
        rows["variable_uduration"] = str(total)
        return rows

    def _moments(self) -> tuple[tuple[str, int], ...]:
        return (
            ("start", self.created_us),
            ("profile_start", self.profile_created_us),
            ("answer", self.answered_us),
            ("bridge", self.bridged_us),
            ("last_hold", self.last_hold_us),
            ("resurrect", self.resurrected_us),
            ("progress", self.progress_us),
            ("progress_media", self.progress_media_us),
            ("end", self.hangup_us),
        )

    def _lengths(self) -> tuple[tuple[str, int], ...]:
        def since(start: int, end: int) -> int:
            return max(end - start, 0) if start and end else 0

        return (
            ("bill", since(self.answered_us, self.hangup_us)),
            ("progress", since(self.created_us, self.progress_us)),
            ("answer", since(self.created_us, self.answered_us)),
            ("wait", since(self.created_us, self.bridged_us)),
            ("flow_bill", since(self.created_us, self.hangup_us)),
        )


# All but the headers already made, in the order of the constructor: four times as fast as replace().
_everything = attrgetter(*(one.name for one in fields(CallerProfile) if one.init and one.name != "_made"))
